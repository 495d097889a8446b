"""A cache saves work, never changes a result, and is never believed without checking."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from mgecc.toolrun.cache import Cache, action_key, open_cache
from mgecc.toolrun.cache.result import Damaged, Output, Result, decode
from mgecc.toolrun.cache.store import FolderStore, file_digest

from .conftest import Checkout, steps_in

BUILD = ["target=arm64", "model=all", "-j2"]
CACHED = ("MGE", "CC")


def products(root: Path) -> dict[str, bytes]:
    folder = root / "build" / "arm64"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def damage_all(folder: Path, change) -> int:
    files = [path for path in sorted(folder.glob("*/??/*")) if path.stat().st_size]
    for path in files:
        path.write_bytes(change(path.read_bytes()))
    return len(files)


def flip(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:] if len(data) > 2 else b"x"


@pytest.fixture
def filled(checkout: Checkout, tmp_path: Path) -> tuple[Checkout, Checkout, str]:
    """A tree that has been built, one elsewhere that has not, and the cache between them."""
    cache = f"cache={tmp_path / 'cache'}"
    other = Checkout(tmp_path / "elsewhere")
    shutil.copytree(checkout.root, other.root)
    checkout.scons(*BUILD, cache)
    return checkout, other, cache


def test_another_tree_takes_results_from_the_cache(filled: tuple[Checkout, Checkout, str]) -> None:
    built, other, cache = filled
    said = other.scons(*BUILD, cache)
    kinds = [step.split()[0] for step in steps_in(said)]
    assert kinds.count("HIT") == 5 and not set(kinds) & set(CACHED)
    assert products(other.root) == products(built.root)
    assert other.steps(*BUILD) == []


def test_every_changed_input_has_another_key(filled: tuple[Checkout, Checkout, str]) -> None:
    _, other, cache = filled
    other.add_model("first", "weights layer layer layer")
    with (other.root / "runtime" / "src" / "loader.c").open("a") as file:
        file.write("int mgecc_more(void);\nint mgecc_more(void) { return 1; }\n")
    made = [step for step in steps_in(other.scons(*BUILD, cache)) if step.split()[0] in CACHED]
    assert made == ["CC arm64 first_kernels.o", "CC arm64 loader.o", "MGE arm64 first"]


@pytest.mark.parametrize("change", [flip, lambda data: data[: len(data) // 2]])
def test_damaged_entries_are_noticed_and_made_anew(
    filled: tuple[Checkout, Checkout, str], change, tmp_path: Path
) -> None:
    built, other, cache = filled
    assert damage_all(tmp_path / "cache", change) > 10
    said = other.scons(*BUILD, cache)
    assert "HIT" not in said and said.count("is damaged") == 5 and "Traceback" not in said
    assert products(other.root) == products(built.root)
    shutil.rmtree(other.root / "build")
    assert "damaged" not in other.scons(*BUILD, cache)


def test_damaged_contents_are_noticed(filled: tuple[Checkout, Checkout, str], tmp_path: Path) -> None:
    built, other, cache = filled
    for path in (tmp_path / "cache" / "cas").glob("??/*"):
        path.write_bytes(flip(path.read_bytes()))
    said = other.scons(*BUILD, cache)
    assert "HIT" not in said and said.count("is damaged") == 5
    assert products(other.root) == products(built.root)


def test_swapped_entries_are_noticed(filled: tuple[Checkout, Checkout, str], tmp_path: Path) -> None:
    built, other, cache = filled
    for kind in ("ac", "cas"):
        files = sorted((tmp_path / "cache" / kind).glob("??/*"))
        contents = [path.read_bytes() for path in files]
        for path, data in zip(files, contents[1:] + contents[:1]):
            path.write_bytes(data)
    said = other.scons(*BUILD, cache)
    assert "HIT" not in said and said.count("is damaged") == 5
    assert products(other.root) == products(built.root)


def test_read_only_mode_writes_nothing(filled: tuple[Checkout, Checkout, str], tmp_path: Path) -> None:
    _, other, cache = filled
    other.add_model("first", "weights layer layer layer")
    before = sorted((tmp_path / "cache").rglob("*"))
    assert "HIT" in other.scons(*BUILD, cache, "cache_mode=ro")
    assert sorted((tmp_path / "cache").rglob("*")) == before
    shutil.rmtree(other.root / "build")
    assert "HIT" not in other.scons(*BUILD, cache, "cache_mode=off")


def test_a_folder_that_cannot_be_written_costs_one_line(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "cas").write_text("not a folder")
    said = checkout.scons(*BUILD, f"cache={tmp_path / 'cache'}")
    assert said.count("nothing more is kept") == said.count("warning: ") == 1 and "Traceback" not in said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", os.fspath(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", os.fspath(folder)], check=True)


@pytest.mark.parametrize("place", ["file", "loop", "x" * 300])
def test_a_path_that_can_be_no_folder_costs_one_line(tmp_path: Path, capsys, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    assert open_cache(str(tmp_path / place)) is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mgecc: warning: cache {tmp_path / place}: ") and "going on without it" in line
    assert open_cache(str(tmp_path / "folder")) is not None


def test_a_full_cache_costs_one_line(checkout: Checkout, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"0" * 255 * 1024)
    said = checkout.scons(*BUILD, f"cache={small_disk / 'cache'}")
    assert said.count("No space left on device; nothing more is kept") == 1
    assert not [path for path in small_disk.rglob("*") if path.name.startswith(".")]


def test_the_folder_forgets_what_is_used_least(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "cache", limit=2500)
    names = []
    for i in range(4):
        content = tmp_path / "content"
        content.write_bytes(bytes([i]) * 1000)
        names.append(f"cas/{file_digest(content)}")
        store.write(names[-1], content)
        os.utime(tmp_path / "cache" / "cas" / names[-1][4:6] / names[-1][4:], (i, i))
    assert store.read(names[0], lambda part: None)
    store.trim()
    assert [store.read(name, lambda part: None) for name in names] == [True, False, False, True]


KEY = action_key("CC", [("a.c", "0" * 64)], ["a.o"])
RESULT = Result((Output("a.o", "1" * 64, 70000), Output("b/c.h", "2" * 64, 0)), "a warning")


def test_results_are_bazels_action_results() -> None:
    assert decode(RESULT.encode(KEY), KEY) == RESULT
    # output_files { path: "a.o" digest { hash: "11..." size_bytes: 70000 } }, by the protobuf wire format
    start = b"\x12\x4d\x0a\x03a.o\x12\x46\x0a\x40" + b"1" * 64 + b"\x10\xf0\xa2\x04"
    assert RESULT.encode(KEY).startswith(start)


def test_no_flipped_byte_of_a_result_is_believed() -> None:
    data = RESULT.encode(KEY)
    for at in range(len(data)):
        for bit in (1, 128):
            with pytest.raises(Damaged):
                decode(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :], KEY)
        with pytest.raises(Damaged):
            decode(data[:at], KEY)
    with pytest.raises(Damaged):
        decode(data, action_key("CC", [("a.c", "1" * 64)], ["a.o"]))


NO_DIGESTS = [
    "",
    "a/b/c",
    "../../etc",
    "/etc/passwd",
    "\0" * 64,
    "G" * 64,
    "A" * 64,
    "1" * 63,
    "1" * 65,
    "é" * 64,
]


@pytest.mark.parametrize("digest", NO_DIGESTS)
def test_an_entry_whose_digest_is_none_is_a_miss(tmp_path: Path, capsys, digest: str) -> None:
    (tmp_path / "entry").write_bytes(Result((Output("a.o", digest, 1),)).encode(KEY))
    FolderStore(tmp_path / "cache").write(f"ac/{KEY}", tmp_path / "entry")
    cache = open_cache(os.fspath(tmp_path / "cache"))
    assert cache.fetch(KEY, {"a.o": tmp_path / "a.o"}) is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "it is no action result" in said


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


INTRUDERS = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a link": lambda path: path.symlink_to("/dev/zero"),
    "a link to a good entry": lambda path: path.symlink_to(path.with_name("moved")),
    "a huge file": _huge,
    "a file of nobody's": lambda path: path.write_bytes(os.urandom(200)),
}


@pytest.mark.parametrize("kind", ["ac", "cas"])
@pytest.mark.parametrize("intruder", INTRUDERS)
def test_what_is_no_file_of_the_caches_is_a_miss(tmp_path: Path, capsys, kind: str, intruder: str) -> None:
    (tmp_path / "a.o").write_bytes(b"object")
    cache = open_cache(os.fspath(tmp_path / "cache"))
    cache.keep(KEY, {"a.o": tmp_path / "a.o"}, "")
    (entry,) = (tmp_path / "cache" / kind).glob("*/*")
    entry.rename(entry.with_name("moved"))
    INTRUDERS[intruder](entry)
    assert cache.fetch(KEY, {"a.o": tmp_path / "b.o"}) is None
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "b.o").exists()
    cache.keep(KEY, {"a.o": tmp_path / "a.o"}, "")
    FolderStore(tmp_path / "cache", limit=0).trim()
    assert cache.keep(KEY, {"a.o": tmp_path / "a.o"}, "") is None


def test_a_content_that_is_missing_is_a_miss_without_a_word(tmp_path: Path, capsys) -> None:
    (tmp_path / "a.o").write_bytes(b"object")
    cache = open_cache(os.fspath(tmp_path / "cache"))
    assert isinstance(cache, Cache)
    cache.keep(KEY, {"a.o": tmp_path / "a.o"}, "")
    assert cache.fetch(KEY, {"a.o": tmp_path / "b.o"}) and (tmp_path / "b.o").read_bytes() == b"object"
    shutil.rmtree(tmp_path / "cache" / "cas")
    assert cache.fetch(KEY, {"a.o": tmp_path / "c.o"}) is None
    assert not (tmp_path / "c.o").exists() and capsys.readouterr().err == ""


@pytest.mark.parametrize("address", ["ftp://host/x", "http:///x"])
def test_unknown_addresses_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="neither a folder nor http://HOST"):
        open_cache(address)


def test_what_an_entry_says_reaches_the_terminal_as_text(
    filled: tuple[Checkout, Checkout, str], tmp_path: Path
) -> None:
    _, other, cache = filled
    for path in (tmp_path / "cache" / "ac").glob("*/*"):
        result = decode(path.read_bytes(), path.name)
        said = "loader.c:1: \x1b]0;own\x07 \u202e \x9b2J\n"
        path.write_bytes(Result(result.outputs, said).encode(path.name))
    said = other.scons(*BUILD, cache)
    assert "HIT" in said and r"loader.c:1: \x1b]0;own\x07 \u202e \x9b2J" in said
    assert not set(said) & {"\x1b", "\x07", "\u202e", "\x9b"}
