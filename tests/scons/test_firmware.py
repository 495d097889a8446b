"""Images, test runs and releases by rules: in variant folders, for several targets, from foreign trees."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from copied import copy_folders
from elftools.elf.elffile import ELFFile
from mgecc.toolrun.emulators import find_emulator
from mgecc.toolrun.reproduce import differences, products

from .conftest import ROOT, Checkout

MAIN = """#include "port.h"
#include "first.h"
int first_kernel(int x);
static int counted = COUNTED;
int mg_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    mg_port_print(first_kernel(counted) == 3 ? "three\\n" : "other\\n");
    return 0;
}
"""
SCONSTRUCT = """
env = Environment(tools=[])
env.Tool("mgecc", toolpath=[{tool!r}])
env["CPPDEFINES"] = {{"COUNTED": 2}}
for target in ["#boards/mine.yaml", "armv7"]:
    SConscript("app/SConscript", variant_dir="out/" + File(target).name, duplicate=0, exports=["env", "target"])
"""
SCONSCRIPT = """
Import("env", "target")
net = env.MgeModel("first", config="first.mge", target=target, build_dir=".")
app = env.MgeFirmware("app-" + net.label, ["main.c"], net)
env.MgeTest("check-" + net.label, app, expected="want.txt")
env.Alias("archive", env.MgeRelease("app-" + net.label, [net, app], build_dir="."))
env.Default(app)
"""


def make_tree(folder: Path, tool: str) -> Checkout:
    (folder / "app").mkdir(parents=True)
    (folder / "boards").mkdir()
    (folder / "boards" / "mine.yaml").write_text("base: baremetal\ncpu: cortex-m7\n")
    (folder / "SConstruct").write_text(SCONSTRUCT.format(tool=tool))
    (folder / "app" / "SConscript").write_text(SCONSCRIPT)
    (folder / "app" / "main.c").write_text(MAIN)
    (folder / "app" / "first.mge").write_text("weights layer")
    (folder / "app" / "want.txt").write_text("three\n")
    return Checkout(folder)


@pytest.fixture
def user(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A tree with the rules as a submodule, and the stand-in compiler in them."""
    made = make_tree(tmp_path / "user tree", "third_party/mgecc/site_scons/site_tools")
    shutil.copytree(checkout.root, made.root / "third_party" / "mgecc")
    for folder in ("runner", "port"):
        shutil.copytree(ROOT / "runtime" / folder, made.root / "third_party/mgecc/runtime" / folder)
    return made


def test_images_are_the_same_bytes_in_another_place(
    user: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Checkout(shutil.copytree(user.root, tmp_path / "a longer place" / "ü"))
    user.scons("-j1", ".", "archive")
    for name, value in (("TZ", "Asia/Kolkata"), ("PYTHONHASHSEED", "99"), ("CFLAGS", "-DX")):
        monkeypatch.setenv(name, value)
    other.scons("-j2", ".", "archive")
    assert differences(user.root / "out", other.root / "out") == []
    made = products(user.root / "out")
    assert {Path(name).suffix for name in made} >= {".elf", ".bin", ".hex", ".map", ".a", ".o", ".so", ".tar"}


def test_images_of_several_targets_lie_in_their_variant_folders(user: Checkout) -> None:
    user.scons("-j2")
    board, linux = user.root / "out/mine.yaml/mine/app-mine", user.root / "out/armv7/armv7/app-armv7"
    assert {p.suffix for p in board.iterdir() if p.is_file()} == {".elf", ".bin", ".hex", ".map"}
    assert {p.suffix for p in linux.iterdir() if p.is_file()} == {".elf", ".map"}
    with (board / "app-mine.elf").open("rb") as file:
        elf = ELFFile(file)
        assert elf["e_machine"] == "EM_ARM" and elf.get_section_by_name(".symtab").get_symbol_by_name(
            "first_kernel"
        )
    image = (board / "app-mine.bin").read_bytes()
    assert image[4:8] == elf["e_entry"].to_bytes(4, "little")  # the reset vector
    assert (board / "app-mine.hex").read_text().startswith(":10000000") and "main.o" in (
        board / "app-mine.map"
    ).read_text()
    assert user.steps() == []


def test_only_what_depends_on_a_source_is_made_again(user: Checkout) -> None:
    user.scons()
    with (user.root / "app" / "main.c").open("a") as file:
        file.write("int more(void);\nint more(void) { return counted; }\n")
    assert [step.split()[0] for step in user.steps()] == ["CC", "CC", "LD", "LD"]
    with (user.root / "boards" / "mine.yaml").open("a") as file:
        file.write("boards: [{machine: mps2-an500, flash: [0, 0x80000], ram: [0x20000000, 0x10000]}]\n")
    said = user.scons()
    assert "LDS   mine app-mine.ld" in said and " armv7 " not in said


def test_a_firmware_is_judged_by_what_it_prints(user: Checkout) -> None:
    find_emulator("qemu-arm-static")
    assert "three\n" in user.scons("check-armv7")
    assert "TEST" not in user.scons("check-armv7")
    (user.root / "app" / "want.txt").write_text("four\n")
    assert "this is not what app/want.txt has" in user.scons("check-armv7", status=1)


def test_a_release_has_all_attestations_and_does_not_depend_on_when_and_where(
    user: Checkout, tmp_path: Path
) -> None:
    user.scons("archive")
    other = Checkout(tmp_path / "elsewhere")
    shutil.copytree(user.root, other.root, ignore=shutil.ignore_patterns("out", ".sconsign*"))
    other.scons("archive", "-j2")
    path = Path("out/armv7/release/app-armv7.tar")
    assert (user.root / path).read_bytes() == (other.root / path).read_bytes()
    with tarfile.open(user.root / path) as archive:
        assert {(m.uid, m.gid, m.uname, m.mtime, m.mode) for m in archive} == {(0, 0, "", 0, 0o644)}
        archive.extractall(tmp_path / "x", filter="data") if hasattr(
            tarfile, "data_filter"
        ) else archive.extractall(tmp_path / "x")
    folder = tmp_path / "x" / "app-armv7"
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {
        "lib/libfirst.a",
        "include/first.h",
        "include/mgecc.h",
        "share/first/first.blob",
        "firmware/app-armv7.elf",
    } <= names
    bill = json.loads((folder / "sbom.cdx.json").read_text())
    assert {"model-armv7-first", "firmware-armv7-app-armv7"} <= {row["bom-ref"] for row in bill["components"]}
    statement = json.loads((folder / "provenance.intoto.json").read_text())
    assert {s["name"] for s in statement["subject"]} == names - {"SHA256SUMS", "provenance.intoto.json"}


def test_the_provenance_of_a_firmware_names_all_that_went_in_and_how(user: Checkout) -> None:
    (user.root / "app" / "parts.h").write_text("#define PARTS 3\n")
    main = user.root / "app" / "main.c"
    main.write_text('#include "parts.h"\n' + main.read_text())
    user.scons("archive", "builder=https://ci.example/firmware")
    predicate = provenance_of(user.root / "out/armv7/release/app-armv7.tar")
    asked = predicate["buildDefinition"]["externalParameters"]["armv7/app-armv7"]
    assert asked["models"] == ["first"] and asked["port"] is True
    flags = predicate["buildDefinition"]["internalParameters"]["flags"]["armv7/app-armv7"]
    assert "-O2" in flags["app/main.c"] and "link" in flags
    assert predicate["runDetails"]["builder"]["id"] == "https://ci.example/firmware"
    names = {row["name"] for row in predicate["buildDefinition"]["resolvedDependencies"]}
    mine = {name.removeprefix("app-armv7/") for name in names if name.startswith("app-armv7/")}
    assert {"app/main.c", "app/parts.h", "app/first.mge"} <= mine
    assert [name for name in mine if name.endswith("/port/linux/linux.c")]
    assert not [name for name in mine if name.startswith("/") or ".." in name]
    (user.root / "app" / "parts.h").write_text("#define PARTS 3 /* the same */\n")
    assert "TAR" in user.scons("archive", "builder=https://ci.example/firmware")
    assert "TAR" not in user.scons("archive", "builder=https://ci.example/firmware")
    assert "is no URI" in user.scons("archive", "builder=me", status=2)


def test_a_release_tells_the_commit_that_is_checked_out(user: Checkout) -> None:
    git = ["git", "-C", str(user.root), "-c", "user.name=n", "-c", "user.email=m@x.example"]
    for words in (["init", "-q"], ["add", "app", "SConstruct"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    user.scons("archive")
    archive = user.root / "out/armv7/release/app-armv7.tar"
    commit = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    (source,) = sources_of(archive)
    assert source == {"name": "source", "digest": {"gitCommit": commit}}
    subprocess.run([*git, "remote", "add", "origin", "https://me:secret@git.example/tree.git"], check=True)
    assert "TAR" in user.scons("archive")
    assert sources_of(archive)[0]["uri"] == "git+https://git.example/tree.git"
    (user.root / "app" / "want.txt").write_text("other\n")
    user.scons("archive")
    assert sources_of(archive)[0]["annotations"] == {"modified": True}
    assert "TAR" not in user.scons("archive")


def provenance_of(path: Path) -> Any:
    with tarfile.open(path) as archive:
        file = archive.extractfile(f"{path.stem}/provenance.intoto.json")
        assert file is not None
        return json.load(file)["predicate"]


def sources_of(path: Path) -> list[Any]:
    """The commits among what a release was made of."""
    rows = provenance_of(path)["buildDefinition"]["resolvedDependencies"]
    return [row for row in rows if "gitCommit" in row["digest"]]


def test_the_date_of_a_release_is_source_date_epoch(user: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    user.scons("archive")
    with tarfile.open(user.root / "out/armv7/release/app-armv7.tar") as archive:
        assert {m.mtime for m in archive} == {1700000000}
        bill = json.load(archive.extractfile("app-armv7/sbom.cdx.json"))
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "now")
    assert "not a number of seconds" in user.scons("archive", status=2)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            '"app-" + net.label, ["main.c"], net',
            '"first", ["main.c"], net',
            "is the name of one of its models",
        ),
        ('["main.c"], net)', '["main.c"], net, bord="x")', "no option 'bord'"),
        ('["main.c"], net)', '["main.c"], net, board="mps2-an50")', "did you mean mps2-an500?"),
        ('["main.c"], net)', '["main.c"], ["libx.a"])', "needs models"),
        ('"check-" + net.label, app', '"check-" + net.label, "app.elf"', "MgeTest needs"),
        ("[net, app], build", '["x"], build', "MgeRelease needs"),
    ],
)
def test_wrong_calls_are_explained(user: Checkout, old: str, new: str, why: str) -> None:
    path = user.root / "app" / "SConscript"
    path.write_text(path.read_text().replace(old, new))
    said = user.scons(status=2)
    assert why in said and "Traceback" not in said


def test_an_installed_package_is_a_tool_by_its_folder(tmp_path: Path) -> None:
    """``pip install`` puts the package into site-packages; the tool is loaded from the folder it names."""
    site = tmp_path / "site-packages"
    shutil.copytree(ROOT / "rules" / "mgecc", site / "mgecc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "runtime", site / "mgecc" / "_runtime")
    user = make_tree(tmp_path / "user", "")
    text = (user.root / "SConstruct").read_text()
    begin = f"import sys; sys.path.insert(0, {os.fspath(site)!r})\nfrom mgecc import TOOLPATH\n"
    (user.root / "SConstruct").write_text(begin + text.replace("toolpath=['']", "toolpath=[TOOLPATH]"))
    (user.root / "app" / "SConscript").write_text(
        'Import("env", "target")\nassert [str(n) for n in env.MgeModel("m", config="first.mge", target=target).lib]\n'
        "Default(env.Command('done', [], Touch('$TARGET')))\n"
    )
    user.scons()
    assert (user.root / "out" / "armv7" / "done").is_file()


def test_an_installed_package_is_a_tool_by_its_name(tmp_path: Path) -> None:
    """What setup.py installs, beside SCons."""
    pytest.importorskip("setuptools", reason="pip install setuptools")
    import SCons

    source, site = tmp_path / "source", tmp_path / "site-packages"
    copy_folders(source, "rules", "runtime")
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    stale = source / "build" / ".pip" / "lib" / "mgecc" / "targets" / "gone.yaml"
    stale.parent.mkdir(parents=True)
    stale.touch()
    subprocess.run([sys.executable, "setup.py", "-q", "build"], cwd=source, check=True, capture_output=True)
    assert [path.name for path in (source / "build").iterdir()] == [".pip"]
    shutil.copytree(source / "build" / ".pip" / "lib", site)
    assert not list(site.rglob("gone.yaml")) and list(site.rglob("arm64.yaml"))
    shutil.copytree(Path(SCons.__file__).parent, site / "SCons", dirs_exist_ok=True)
    (tmp_path / "net.mge").write_bytes((ROOT / "models" / "digits" / "digits.mge").read_bytes())
    (tmp_path / "SConstruct").write_text(
        'env = Environment(tools=["mgecc"])\nenv.MgeModel("net", "net.mge", target="arm64")\n'
    )
    environment = os.environ | {"PYTHONPATH": os.fspath(site)}
    words = [sys.executable, "-m", "SCons", "-Q", "build/arm64/net/net.h"]
    subprocess.run(words, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "build" / "arm64" / "net" / "net.h").is_file()
