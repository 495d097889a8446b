"""Trees of other people's making are built with the same care as this one: cache, lock, memory, aliases."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .conftest import Checkout, steps_in
from .test_robust import start

SCONSTRUCT = """
env = Environment(tools=[], TOOLROOT={root!r})
env.Tool("mgecc", toolpath=[{root!r} + "/site_scons/site_tools"])
env.MgeSettings(OPTIONS)
if "try" in ARGUMENTS:
    configure = Configure(env)
    assert configure.TryAction("cp $SOURCE $TARGET", "text", ".txt")[0]
    env = configure.Finish()
for target in ("arm64", "baremetal"):
    SConscript("app/SConscript", variant_dir=f"made/{{target}}", duplicate=False, exports=["env", "target"])
"""
SCONSCRIPT = """
Import("env", "target")
net = env.MgeModel("first", config="first.mge", target=target)
text = env.Command("copied.txt", "text.txt", Copy("$TARGET", "$SOURCE"))
env.Default(env.Command("image.bin", [net.blob, text], Copy("$TARGET", "$SOURCE")), net)
"""


def make_tree(checkout: Checkout, folder: Path, options: str = "") -> Checkout:
    (folder / "app").mkdir(parents=True)
    text = SCONSTRUCT.replace("OPTIONS", options).format(root=str(checkout.root))
    (folder / "SConstruct").write_text(text)
    (folder / "app" / "SConscript").write_text(SCONSCRIPT)
    (folder / "app" / "first.mge").write_text("weights layer")
    (folder / "app" / "text.txt").write_text("text")
    return Checkout(folder)


@pytest.fixture
def tree(checkout: Checkout, tmp_path: Path) -> Checkout:
    return make_tree(checkout, tmp_path / "user träe")


def test_the_cache_serves_other_trees_and_is_on_by_default(tree: Checkout, checkout: Checkout) -> None:
    tree.scons("-Q")
    assert (tree.root / "build" / ".cache" / "cas").is_dir()
    cache = tree.root / "build" / ".cache"
    other = make_tree(checkout, tree.root.parent / "other", f'cache="{cache}", cache_mode="ro"')
    kinds = [step.split()[0] for step in steps_in(other.scons("-Q"))]
    assert kinds.count("HIT") == 6 and not {"MGE", "CC"} & set(kinds)
    shutil.rmtree(other.root / "build")
    assert "HIT" not in other.scons("-Q", "cache_mode=off")


def test_all_that_was_built_is_remembered(tree: Checkout) -> None:
    tree.scons("-Q")
    assert not list(tree.root.glob(".sconsign*"))
    for _ in range(2):
        assert all("is up to date" in line for line in tree.scons("-Q").splitlines())
    (tree.root / "app" / "text.txt").write_text("other")
    again = [line for line in tree.scons("-Q").splitlines() if "up to date" not in line]
    assert [line.partition(",")[0] for line in again] == [
        f'Copy("made/{target}/{name}"'
        for target in ("arm64", "baremetal")
        for name in ("copied.txt", "image.bin")
    ]
    memory = tree.root / "build" / ".sconsign"
    memory.write_bytes(memory.read_bytes()[:-1])
    said = tree.scons("-Q")
    assert "build/.sconsign is damaged" in said and "Traceback" not in said and not steps_in(said)


def test_configure_contexts_are_remembered_too(tree: Checkout) -> None:
    for _ in range(3):
        assert "warning" not in tree.scons("-Q", "try=1")


def test_a_second_build_waits(tree: Checkout) -> None:
    (tree.root / "app" / "first.mge").write_text("slow")
    build = start(tree)
    lock = tree.root / "build" / ".lock"
    while build.poll() is None and not (lock.is_file() and lock.read_text()):
        pass
    said = tree.scons("-Q")
    assert f"waiting for the build in this tree by process {build.pid}" in said and not steps_in(said)
    assert build.communicate()[0] and build.returncode == 0


def test_steps_say_why_they_run(tree: Checkout) -> None:
    tree.scons("-Q")
    (tree.root / "app" / "first.mge").write_text("weights layer 2 layer")
    said = tree.scons("-Q", "explain=1", "cache_mode=off")
    assert "first.h is made anew because first.mge changed.\n  MGE " in said


def test_edited_products_and_compile_commands_are_told(tree: Checkout) -> None:
    tree.scons("-Q")
    assert "products are as they were built" in tree.scons("-Q", "verify-outputs")
    (tree.root / "build" / "arm64" / "first" / "first.h").write_text("edited")
    said = tree.scons("-Q", "verify-outputs", status=1)
    assert said.splitlines()[0] == "build/arm64/first/first.h: changed since it was made"
    tree.scons("-Q", "compiledb")
    entries = json.loads((tree.root / "build" / "compile_commands.json").read_text())
    assert all(Path(entry["directory"], entry["file"]).is_file() for entry in entries)
    assert sum(entry["file"].endswith("first_kernels.c") for entry in entries) == 2


@pytest.mark.parametrize(
    ("options", "words", "why"),
    [
        ("cash='x'", [], "MgeSettings has no option 'cash'; did you mean 'cache'? it has cache"),
        ("cache_mode='wr'", [], "unknown cache_mode 'wr'"),
        ("", ["launcher=no-such-program"], "no-such-program is not installed"),
        ("", ["cache=ftp://x/y"], "neither a folder nor http://HOST"),
    ],
)
def test_wrong_settings_are_named(
    checkout: Checkout, tmp_path: Path, options: str, words: list[str], why: str
) -> None:
    said = make_tree(checkout, tmp_path / "user", options).scons("-Q", *words, status=2)
    assert why in said and "Traceback" not in said
