"""Objects come from the cache where the compiler would write the same again, and only there."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from mgecc.targets import Toolchain, load_target, load_toolchain
from mgecc.toolrun.cache import objects_cache
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.process import ToolError

ZIG = load_toolchain("zig", load_target("baremetal"))
TEXT = '#include "one.h"\nint value(void);\nint value(void) { return ONE; }\n'


@dataclass
class Tree:
    """A source and folders with headers; ``broken`` is the compiler, where there is none."""

    root: Path
    tools: Toolchain = ZIG

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def compile(self, name: str = "value.c", broken: bool = False, **changes: object) -> bytes:
        tools = replace(self.tools, **changes)
        tools = replace(tools, cc=("/nonexistent/cc",)) if broken else tools
        folders = [self.root / "first", self.root / "headers"]
        return compile_file(self.root / name, self.root / "value.o", tools, folders, "size").read_bytes()

    def is_kept(self, name: str = "value.c") -> bool:
        """Whether the object can be had without a compiler."""
        try:
            return bool(self.compile(name, broken=True))
        except OSError:
            return False


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv("MGECC_CACHE", str(tmp_path / "cache"))
    made = Tree(tmp_path / "tree")
    made.write("first/other.h", "")
    made.write("headers/one.h", "#define ONE 1\n")
    made.write("value.c", TEXT)
    return made


def test_what_was_compiled_needs_no_compiler_in_any_folder(tree: Tree, tmp_path: Path) -> None:
    assert not tree.is_kept()
    made = tree.compile()
    tree.root.rename(tmp_path / "elsewhere")
    assert Tree(tmp_path / "elsewhere").compile(broken=True) == made


CHANGES: dict[str, Callable[[Tree], object]] = {
    "the source": lambda tree: tree.write("value.c", TEXT.replace("ONE;", "2;")),
    "a header": lambda tree: tree.write("headers/one.h", "#define ONE 2\n"),
    "a header in a folder before": lambda tree: tree.write("first/one.h", "#define ONE 2\n"),
    "a header beside the source": lambda tree: tree.write("one.h", "#define ONE 2\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_change_of_what_is_read_compiles_anew(tree: Tree, change: Callable[[Tree], object]) -> None:
    before = tree.compile()
    change(tree)
    assert not tree.is_kept()
    assert tree.compile() != before


def test_another_compiler_or_flag_compiles_anew(tree: Tree) -> None:
    tree.compile()
    for changes in ({"identity": "zig-0"}, {"extra": ("-DTWO",)}, {"target": load_target("arm64")}):
        with pytest.raises(OSError, match="nonexistent"):
            tree.compile(broken=True, **changes)


NOT_TOLD = {
    "a header elsewhere": '#include "../outside.h"\n',
    "a header in a folder inside": '#include "inner/one.h"\n',
    "what the assembler reads": '__asm__(".incbin \\"/dev/null\\"");\n',
    "what is looked for": '#if __has_include("inner/two.h")\n#endif\n',
}


@pytest.mark.parametrize("line", NOT_TOLD.values(), ids=list(NOT_TOLD))
def test_what_reads_more_than_the_key_covers_is_not_kept(tree: Tree, line: str) -> None:
    for name in ("outside.h", "tree/headers/inner/one.h"):
        Tree(tree.root.parent).write(name, "")
    tree.write("value.c", line + TEXT)
    tree.compile()
    assert not tree.is_kept()


def test_flags_that_name_files_are_not_kept(tree: Tree) -> None:
    flags = ("-include", str(Tree(tree.root.parent).write("outside.h", "")))
    tree.compile(extra=flags)
    with pytest.raises(OSError, match="nonexistent"):
        tree.compile(broken=True, extra=flags)


def test_warnings_are_told_every_time(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    tree.write("value.c", TEXT + "static int unused(void) { return 1; }\n")
    for _ in range(2):
        tree.compile()
        assert "unused" in capsys.readouterr().err


def test_errors_stay_errors(tree: Tree) -> None:
    tree.write("value.c", "int value(void) { return; }\n")
    for _ in range(2):
        with pytest.raises(ToolError, match=r"value\.c"):
            tree.compile(extra=("-Werror",))


def test_a_damaged_entry_is_made_anew(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    made = tree.compile()
    for path in (tree.root.parent / "cache" / "cas").glob("??/*"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert tree.compile() == made
    assert "is damaged" in capsys.readouterr().err
    assert tree.is_kept()


def test_many_compile_the_same_at_once(tree: Tree) -> None:
    def compiled(number: int) -> bytes:
        obj = tree.root / f"{number}.o"
        return compile_file(
            tree.root / "value.c", obj, tree.tools, [tree.root / "headers"], "size"
        ).read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(compiled, range(16)))) == 1


def test_the_cache_can_be_switched_off(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.compile()
    monkeypatch.setenv("MGECC_CACHE", "off")
    assert objects_cache() is None
    assert not tree.is_kept()


def test_the_cache_lies_among_those_of_the_user(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MGECC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree.root / "mine"))
    tree.compile()
    assert tree.is_kept()
    assert (tree.root / "mine" / "mgecc").stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in (tree.root / "mine" / "mgecc").iterdir()) == ["ac", "cas"]


@pytest.mark.parametrize("mode", [0o777, 0o720], ids=oct)
def test_a_folder_that_others_may_write_to_is_no_cache(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setenv("MGECC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree.root / "shared"))
    (tree.root / "shared" / "mgecc").mkdir(parents=True)
    os.chmod(tree.root / "shared" / "mgecc", mode)
    assert objects_cache() is None


def test_without_a_place_for_it_there_is_no_cache(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MGECC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree.write("a file", "")))
    assert objects_cache() is None
    assert tree.compile()
