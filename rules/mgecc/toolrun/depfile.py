"""What a compiler or linker has read, as it says itself in a depfile, and what it would have read if it were there."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mgecc.targets import Toolchain
from mgecc.toolrun.process import run_tool, temporary_name

# Built beside a program that needs arithmetic which its CPU lacks; it is the toolchain's.
SUPPORT_LIBRARY = "compiler_rt.a"

_WORD = re.compile(r"(?:\\[ #:\\]|\$\$|[^\s\\]|\\)+")
_ESCAPED = re.compile(r"\\([ #:\\])|\$(\$)")
# Folders that are searched for headers, in the order in which their kinds are.
_SEARCHED = ("-iquote", "-I", "-isystem", "-idirafter")
_ASKED = re.compile(rb'\b__has_include(?:_next)?\s*\(\s*["<]([^">\n]+)[">]')
_ASKED_BY_MACRO = re.compile(rb"\b__has_include(?:_next)?\s*\(\s*([A-Za-z_]\w*)\s*\)")
# What could be an assembler reading a file, of which compilers' depfiles do not tell.
_ASSEMBLED = re.compile(rb"incbin|\.inc")
_HEX = re.compile(r"\\([0-9A-F]{2})")  # as LLVM writes quotes and line ends in assembly
_DIRECTIVE = re.compile(r'\.(incbin|include)\s*"((?:[^"\\\n]|\\.)*)"')


@dataclass(frozen=True)
class Read:
    """What decides about a tool's output besides what the build knew of. ``files``: which were read. ``absent``: paths
    that come before a file that was read, or were asked for in vain. ``known``: whether that is all.

    Paths below the current folder are relative to it.
    """

    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    known: bool = True


def read_depfile(path: Path) -> list[str]:
    """The files that the first rule of a depfile names, as Make reads it."""
    text = os.fsdecode(path.read_bytes()).replace("\\\r\n", " ").replace("\\\n", " ")
    _, _, named = text.partition("\n")[0].partition(": ")
    return [_ESCAPED.sub(lambda m: m[1] or m[2], word) for word in _WORD.findall(named)]


def depfile_text(output: str, files: Iterable[str]) -> str:
    """A depfile, as ``read_depfile``, Make, Ninja and CMake read it."""
    words = [re.sub(r"([ #])", r"\\\1", path.replace("$", "$$")) for path in (output, *files)]
    return f"{words[0]}: {' '.join(words[1:])}\n"


def run_with_depfile(
    make_args: Callable[[str], Sequence[str]],
    options: Callable[[str], Sequence[str]],
    output: Path,
    finish: Callable[[Path], None] | None = None,
) -> tuple[str, list[str]]:
    """``run_tool`` with the ``options`` that make it write a depfile; also returns what that names."""
    depfiles: list[Path] = []

    def args(partial: str) -> list[str]:
        depfiles.append(Path(f"{partial}.d"))
        return [*make_args(partial), *options(f"{partial}.d")]

    try:
        said = run_tool(args, output, finish)
        return said, read_depfile(depfiles[-1])
    finally:
        for depfile in depfiles:
            depfile.unlink(missing_ok=True)


def local(path: str) -> str:
    """A path as records have it: from the current folder if it is inside."""
    path = os.path.normpath(os.path.join(os.getcwd(), path))
    inner = os.path.relpath(path)
    return path if inner.startswith(os.pardir) else inner


@dataclass(frozen=True)
class Compilation:
    """A command that compiles ``source`` into ``obj``, but for the name of its output.

    ``known``: files, by ``local``, that its build knows it depends on. ``told``: whether these have all that the
    assembler reads. ``wrap``: puts something before the command. ``finish``: changes the object.
    """

    make_args: Callable[[str], Sequence[str]]
    source: str
    obj: Path
    toolchain: Toolchain
    known: frozenset[str] = frozenset()
    told: bool = False
    wrap: Callable[[Sequence[str]], Sequence[str]] = list
    finish: Callable[[Path], None] | None = None

    @cached_property
    def args(self) -> list[str]:
        """The command without its output, which comes last."""
        return list(self.make_args(""))[:-2]

    def carry_out(self) -> tuple[str, Read]:
        """Compile; returns what the compiler printed, and what it read that is not known. Raises ToolError."""
        said, told = run_with_depfile(
            lambda partial: self.wrap(self.make_args(partial)),
            lambda depfile: ["-MD", "-MF", depfile, "-MT", "output"],
            self.obj,
            self.finish,
        )
        return said, self._read(told)

    @cached_property
    def words(self) -> list[str]:
        """The command with the words of response files in their place."""
        return expanded(self.args)[0]

    @cached_property
    def folders(self) -> list[str]:
        """Where headers are searched, first to last, without that of the file that includes."""
        return _searched(self.words)

    @cached_property
    def folders_of_flags(self) -> list[str]:
        """Those that the user's flags name, in which SCons looks for nothing."""
        return _searched(expanded(self.toolchain.extra)[0])

    def _read(self, told_by_compiler: Sequence[str]) -> Read:
        """All that it read, by its depfile and, for what assemblers read, by its assembly."""
        told = {local(path) for path in [*told_by_compiler, *named_files(self.args)]}
        own = tuple(os.path.normpath(folder) + os.sep for folder in self.toolchain.own_folders)
        users = {path for path in told if not os.path.abspath(path).startswith(own)}
        assembled: set[str] = set()
        known = True
        if not self.told and any(_found(path, _ASSEMBLED) for path in users):
            found = self._assembled()
            assembled, known = {path for path in found if path}, None not in found
        extra = sorted((users | assembled) - self.known - {local(self.source)})
        return Read(tuple(extra), self._absent(sorted(users), sorted(told), extra), known)

    def _absent(self, users: Iterable[str], told: Iterable[str], extra: Sequence[str]) -> tuple[str, ...]:
        """Where a file would have been found before those that were, or one that was asked for."""
        including = sorted({os.path.dirname(path) for path in users} | {""})
        asked = {
            os.fsdecode(name) for path in users for name in [*_found(path, _ASKED), *self._meant(path, users)]
        }
        wanted = {os.path.join(folder, name) for name in asked for folder in [*including, *self.folders]}
        for path in told:
            for name, before in self._found_as(path):
                folders = [*including, *before] if path in extra else set(before) & set(self.folders_of_flags)
                wanted |= {os.path.join(folder, name) for folder in folders}
        return tuple(sorted({local(path) for path in wanted if not os.path.exists(path)}))

    def _meant(self, asking: str, users: Iterable[str]) -> list[bytes]:
        """The names of files that macros in ``__has_include(MACRO)`` may stand for, by flags and by what was read."""
        names = []
        for macro in _found(asking, _ASKED_BY_MACRO):
            value = rb'["<]([^">\n]+)[">]'
            flags = re.compile(rb"^(?:-D)?" + macro + b"=" + value)
            names += [found[1] for word in self.words if (found := flags.match(os.fsencode(word)))]
            define = re.compile(rb"#\s*define\s+" + macro + rb"\s+" + value)
            names += [name for path in users for name in _found(path, define)]
        return names

    def _found_as(self, path: str) -> list[tuple[str, Sequence[str]]]:
        """By which names the compiler may have found a file, and the folders that it searched before."""
        found: list[tuple[str, Sequence[str]]] = [
            (os.path.relpath(path, folder), self.folders[:at])
            for at, folder in enumerate(self.folders)
            if folder == os.curdir != path[:1] or path.startswith(f"{folder}/")
        ]
        _, include, name = path.rpartition("/include/")
        return found or [(name, self.folders)] * bool(include)

    def _assembled(self) -> set[str | None]:
        """Files that the assembler reads; None for what cannot be told."""
        words = [word for word in self.args if word != "-c"]
        if self.toolchain.name == "gcc":
            return self._told_by_assembler()
        # An integrated assembler would write the bytes that it has read.
        kind = ["-E"] if self.source.endswith((".S", ".s")) else ["-S", "-emit-llvm"]
        output = temporary_name(self.obj)
        try:
            run_tool(lambda out: [*words, *kind, "-o", out], output)
            text = _HEX.sub(lambda m: chr(int(m[1], 16)), os.fsdecode(output.read_bytes()))
            return set(self._directives(text, frozenset()))
        finally:
            output.unlink(missing_ok=True)

    def _told_by_assembler(self) -> set[str | None]:
        output = temporary_name(self.obj)
        try:
            _, told = run_with_depfile(
                self.make_args, lambda depfile: [f"-Wa,--MD,{depfile}"], output, self.finish
            )
        finally:
            output.unlink(missing_ok=True)
        return {local(path) for path in told if os.path.exists(path)}

    def _directives(self, text: str, seen: frozenset[str]) -> list[str | None]:
        """The files that assembly text names, and those that they name."""
        found: list[str | None] = []
        for kind, name in _DIRECTIVE.findall(text):
            folders = ["", *self.folders, *_assembler_folders(self.words)]
            paths = [os.path.join(folder, name) for folder in folders]
            path = next((local(path) for path in paths if os.path.isfile(path)), None)
            found.append(path)
            if path and kind == "include" and path not in seen:
                inner = os.fsdecode(Path(path).read_bytes())
                found += self._directives(inner, seen | {path})
        return found


def _assembler_folders(args: Sequence[str]) -> list[str]:
    return [word.split(",", 2)[2] for word in args if word.startswith("-Wa,-I,")]


def _searched(words: Sequence[str]) -> list[str]:
    """The folders that options name to search for headers, in the order in which compilers do."""
    given: dict[str, list[str]] = {kind: [] for kind in _SEARCHED}
    for at, word in enumerate(words):
        for kind, folders in given.items():
            if word == kind and at + 1 < len(words):
                folders.append(words[at + 1])
            elif word.startswith(kind) and word != kind:
                folders.append(word[len(kind) :])
    return [local(folder) for kind in _SEARCHED for folder in given[kind]]


def expanded(args: Iterable[str], within: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """A command's words with those of response files (``@file``) in their place, and these files."""
    words: list[str] = []
    files: list[str] = []
    for word in args:
        path = word.removeprefix("@")
        if path == word or path in within or not os.path.isfile(path):
            words.append(word)
            continue
        inner, more = expanded(_words_of(path), (*within, path))
        words += inner
        files += [path, *more]
    return words, files


def _words_of(path: str) -> list[str]:
    text = os.fsdecode(Path(path).read_bytes())
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def named_files(args: Sequence[str]) -> list[str]:
    """Files that options name: ``@file``, ``-fprofile-use=file``, ``-Wl,--version-script=file``; not the output's."""
    words, files = expanded(args)
    options = [word for word in words if word.startswith("-") and not word.startswith("-I")]
    parts = [part for word in options for part in re.split("[=,]", word)]
    return [*files, *(part for part in parts if part and not part.startswith("-") and os.path.isfile(part))]


def _found(path: str, pattern: re.Pattern[bytes]) -> list[bytes]:
    try:
        return pattern.findall(Path(path).read_bytes())
    except OSError:
        return []


def extra_of_link(
    told: Sequence[str], program: Path, toolchain: Toolchain, known: frozenset[str], flags: Sequence[str] = ()
) -> Read:
    """What a linker that made ``program`` read besides what is ``known``, by its depfile."""
    own = tuple(os.path.normpath(folder) + os.sep for folder in toolchain.own_folders)
    made = {local(os.fspath(program.with_name(name))) for name in (SUPPORT_LIBRARY,)}
    files = {local(path) for path in [*told, *named_files(flags)]} - known - made
    extra = sorted(path for path in files if not os.path.abspath(path).startswith(own))
    folders = ["", *_library_folders(expanded(flags)[0])]
    before = {
        os.path.join(folder, os.path.basename(path))
        for path in extra
        for folder in folders[: _position(folders, os.path.dirname(path))]
    }
    return Read(tuple(extra), tuple(sorted(path for path in before if not os.path.exists(path))))


def _library_folders(words: Sequence[str]) -> list[str]:
    return [local(word[2:]) for word in words if word.startswith("-L") and word[2:]]


def _position(folders: Sequence[str], folder: str) -> int:
    return folders.index(folder) if folder in folders else 0
