"""Construction variables as SCons' own builders understand them, as words for commands that no shell sees."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any

from SCons.Defaults import processDefines
from SCons.Errors import UserError
from SCons.Subst import escape_list
from SCons.Util import CLVar

# Suffixes of sources -> what env.Program puts into the command of such a source, beside folders and definitions.
_LANGUAGES = {
    (".c",): "$CFLAGS $CCFLAGS $CPPFLAGS",
    (".cc", ".cpp", ".cxx", ".c++", ".C", ".CPP"): "$CXXFLAGS $CCFLAGS $CPPFLAGS",
    (".S", ".sx", ".spp", ".SPP"): "$ASPPFLAGS $CPPFLAGS",
    (".s", ".asm", ".ASM"): "$ASFLAGS",
}
CXX = next(suffixes for suffixes, text in _LANGUAGES.items() if "$CXXFLAGS" in text)
_PLAIN_ASSEMBLY = next(suffixes for suffixes, text in _LANGUAGES.items() if text == "$ASFLAGS")
# What SCons makes of a variable -> the variable as users know it.
_NAMES = {"$_CPPDEFFLAGS": "CPPDEFINES", "$_LIBFLAGS": "LIBS"}
# As SCons' tool for GNU linkers has them.
_GNU_LINK = {
    "_LIBFLAGS": (
        "${_stripixes(LIBLINKPREFIX, LIBS, LIBLINKSUFFIX, LIBPREFIXES, LIBSUFFIXES, __env__, LIBLITERALPREFIX)}"
    ),
    "LIBPREFIXES": ["lib"],
    "LIBSUFFIXES": [".a", ".so"],
    "LIBLITERALPREFIX": ":",
}
# What stands before each of several things, and behind it, where the environment does not say.
_AFFIXES = {
    "CPPDEFPREFIX": "-D", "CPPDEFSUFFIX": "", "INCPREFIX": "-I", "INCSUFFIX": "",
    "LIBDIRPREFIX": "-L", "LIBDIRSUFFIX": "", "LIBLINKPREFIX": "-l", "LIBLINKSUFFIX": "",
}  # fmt: skip
# Of a compiler that links; here there is the linker itself, which needs neither.
_OF_DRIVERS = ("-nostdlib", "-nostartfiles", "-nodefaultlibs", "-ffreestanding", "-static")


def _shell_words(env: Any, text: str, target: Any = None, source: Any = None) -> list[str]:
    """The words that a command of SCons' with ``text`` in it, one variable, would have behind the shell."""
    lines = env.subst_list(text, target=target, source=source)
    words = " ".join(map(str, escape_list(lines[0], env.get("ESCAPE", shlex.quote)))) if lines else ""
    try:
        return shlex.split(words)
    except ValueError as error:
        raise UserError(f"MgeFirmware: {_NAMES.get(text, text[1:])}: {error}: {words}") from None


def _with_affixes(env: Any, **variables: Any) -> Any:
    """An environment that has all affixes: its own ones, unless they are for compilers of another kind, as /D is."""
    foreign = any(str(env.get(name, "")).startswith("/") for name in _AFFIXES if name.endswith("PREFIX"))
    own = {name: plain if foreign else env.get(name, plain) for name, plain in _AFFIXES.items()}
    return env.Override({**own, **variables})


def _affixed(env: Any, kind: str, text: str, target: Any = None, source: Any = None) -> list[str]:
    """The words for one thing with the affixes of its kind."""
    affixes = env[f"{kind}PREFIX"], [text], env[f"{kind}SUFFIX"]
    return [str(word) for word in env["_concat"](*affixes, env, target=target, source=source)]


def compile_flags(env: Any, source: Any, target: Any) -> list[str]:
    """What the construction variables say for the node of a source, but for CPPPATH. ``target``: of its object."""
    suffix = os.path.splitext(str(source))[1]
    text = next((text for suffixes, text in _LANGUAGES.items() if suffix in suffixes), "$CCFLAGS")
    if "ASPPFLAGS" not in env:
        text = text.replace("$ASPPFLAGS", "$ASFLAGS")
    words = [word for variable in text.split() for word in _shell_words(env, variable, target, source)]
    return words if suffix in _PLAIN_ASSEMBLY else [*words, *_defines(env, target, source)]


def _defines(env: Any, target: Any, source: Any) -> list[str]:
    """CPPDEFINES in all forms that SCons takes.

    A value that is a C string in double quotes and nothing else is left one, where a shell would take the quotes.
    """
    words = []
    for define in processDefines(env.get("CPPDEFINES") or []):
        alone = _with_affixes(env, CPPDEFINES=[define])
        if _is_string(define.partition("=")[2]):
            words += _affixed(alone, "CPPDEF", define, target, source)
        else:
            words += _shell_words(alone, "$_CPPDEFFLAGS", target, source)
    return words


def include_flags(env: Any, folders: Sequence[str]) -> list[str]:
    """The words for folders of headers, where INCPREFIX or INCSUFFIX say another option than -I; none where not."""
    spoken = _with_affixes(env)
    words = [word for folder in folders for word in _affixed(spoken, "INC", folder)]
    return [] if words == [f"-I{folder}" for folder in folders] else words


def _is_string(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] == '"' and not set(value[1:-1]) & set("\"\\'")


def link_flags(env: Any, program: Any, through_compiler: bool) -> list[str]:
    """LINKFLAGS and LIBPATH. ``through_compiler``: a compiler links, else the linker is given what is for it."""
    words = _shell_words(env, "$LINKFLAGS", target=program)
    folders = [env.Dir(folder).get_internal_path() for folder in _listed(env, "LIBPATH")]
    if not through_compiler:
        words = [part for word in words for part in _for_linker(word)]
    spoken = _with_affixes(env)
    return [*words, *(word for folder in folders for word in _affixed(spoken, "LIBDIR", folder))]


def _for_linker(word: str) -> list[str]:
    if word in (*_OF_DRIVERS, "-Xlinker"):
        return []
    return word.removeprefix("-Wl,").split(",") if word.startswith("-Wl,") else [word]


def libraries(env: Any) -> tuple[list[Any], list[str]]:
    """LIBS: those that are nodes, and options for those that are names."""
    given = _listed(env, "LIBS")
    names = [library for library in given if isinstance(library, str)]
    alone = _with_affixes(env, LIBS=names, **_GNU_LINK)
    nodes = [library for library in given if not isinstance(library, str)]
    return nodes, _shell_words(alone, "$_LIBFLAGS")


def _listed(env: Any, variable: str) -> list[Any]:
    value = env.get(variable) or []
    return list(env.Flatten(CLVar(value) if isinstance(value, str) else [value]))
