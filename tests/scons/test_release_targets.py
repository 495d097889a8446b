"""``scons release``, ``scons package=`` and ``scons reproduce`` on the command line, and the page about the rules."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from copied import copy_folders
from mgecc.scons import page, tool
from mgecc.toolrun.reproduce import differences, products

from .conftest import ROOT, Checkout

sys.path.insert(0, str(ROOT / "tests" / "ops"))

from same_bits import folded_model

CARELESS = """

import os
import time
from pathlib import Path

import numpy as np

_careful = compile_model
_NUMBERS = np.random.default_rng(0).standard_normal((64, 200)).astype("f4")


def compile_model(config, target_name, cpu=""):
    products = _careful(config, target_name, cpu)
    products.files[f"{config.name}.h"] += f"/* {Path.cwd()} */".encode()
    products.files[f"{config.name}_kernels.c"] += f"/* {os.getuid()} */".encode()
    products.files[f"{config.name}_blob.S"] += f"/* {time.strftime('%Y')} */".encode()
    products.files["report.json"] += " ".join(os.listdir(Path(__file__).parent / "ops")).encode()
    products.files[f"{config.name}.blob"] += (_NUMBERS @ _NUMBERS.T).tobytes()
    return products
"""


def test_release_makes_an_archive_for_each_model_and_target(checkout: Checkout) -> None:
    said = checkout.scons("release", "target=arm64,arm64v7", "model=first")
    assert "TAR   first-arm64.tar" in said
    folder = checkout.root / "build" / "release"
    assert sorted(p.name for p in folder.iterdir()) == ["first-arm64.tar", "first-arm64v7.tar"]
    assert "TAR" not in checkout.scons("release", "target=arm64", "model=first")
    (checkout.root / "models" / "first" / "LICENSE-data.txt").write_text("free")
    assert "TAR" in checkout.scons("release", "target=arm64", "model=first")
    with (checkout.root / "rules" / "mgecc" / "package" / "attestations.py").open("a") as file:
        file.write("\n# changed\n")
    assert checkout.scons("release", "target=arm64", "model=first").count("TAR") == 1


def test_package_writes_the_form_asked_for(checkout: Checkout) -> None:
    checkout.scons("package=pkg-config", "target=arm64", "model=first")
    folder = checkout.root / "build" / "package" / "pkg-config" / "first-arm64"
    assert (folder / "lib" / "pkgconfig" / "first.pc").is_file() and (folder / "lib" / "libfirst.a").is_file()
    assert "PACK" not in checkout.scons("package=pkg-config", "target=arm64", "model=first")
    assert "did you mean cmake?" in checkout.scons("package=cmak", "target=arm64", "model=first", status=2)
    said = checkout.scons("package=cmake,esp-idf", "target=arm64", "model=first", status=2)
    assert "package=esp-idf is not for arm64" in said
    assert "combines several" in checkout.scons("package=cmake", "target=arm64v7", "model=first", status=2)


def test_package_takes_several_forms_and_c_files(checkout: Checkout) -> None:
    words = ("package=pkg-config,sources", "target=arm64", "model=first")
    checkout.scons(*words)
    folder = checkout.root / "build" / "package"
    package = folder / "sources" / "first-arm64"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*.*")}
    kernels = package / "src" / "first_kernels.c"
    assert (folder / "pkg-config" / "first-arm64" / "lib" / "libfirst.a").is_file() and kernels.is_file()
    assert {"blob/first.blob", "src/first_blob.c", "src/runtime/loader.c", "include/mgecc.h"} <= files
    assert "PACK" not in checkout.scons(*words)
    kernels.unlink()
    assert checkout.scons(*words).count("PACK") == 1 and kernels.is_file()
    with (checkout.root / "runtime" / "src" / "loader.c").open("a") as file:
        file.write("/* more */")
    checkout.scons(*words)
    assert "more" in (package / "src" / "runtime" / "loader.c").read_text()


def test_own_target_by_path_at_the_front_door(checkout: Checkout) -> None:
    board = checkout.root / "boards" / "mine.yaml"
    board.parent.mkdir()
    board.write_text("base: baremetal\n")
    words = ("target=boards/mine.yaml,arm64", "model=first")
    checkout.scons(*words)
    assert (checkout.root / "build" / "mine" / "first" / "libfirst.a").is_file()
    assert checkout.steps(*words) == []
    board.write_text("base: baremetal\ncpu: cortex-m7\n")
    steps = checkout.steps(*words)
    assert "CC mine loader.o" in steps and not [step for step in steps if "arm64" in step]


@pytest.fixture
def digits(tmp_path: Path) -> Checkout:
    root = tmp_path / "tree"
    copy_folders(root, "rules", "site_scons", "runtime")
    shutil.copytree(ROOT / "models" / "digits", root / "models" / "digits")
    for name in ("SConstruct", "LICENSE"):
        shutil.copy(ROOT / name, root)
    return Checkout(root)


def test_two_targets_are_reproducible_to_the_byte(digits: Checkout) -> None:
    folded = digits.root / "models" / "folded"
    folded.mkdir()
    (folded / "folded.mge").write_bytes(folded_model())
    (folded / "model.yaml").write_text("model: folded.mge\n")
    said = digits.scons("reproduce", "target=arm64,baremetal", "model=digits,folded")
    assert "files are equal in all" in said
    (odd,) = [line for line in said.splitlines() if "built: odd" in line]
    locale = "tr_TR.UTF-8" if Path("/usr/share/i18n/locales/tr_TR").exists() else "C.UTF-8"
    assert f"umask 077, -j2, locale {locale}, time zone Asia/Kolkata, processor " in odd
    assert "clock +1157 days, folders backwards" in odd


def test_a_build_that_depends_on_its_surroundings_is_caught(digits: Checkout) -> None:
    with (digits.root / "rules" / "mgecc" / "compiler.py").open("a") as file:
        file.write(CARELESS)
    said = digits.scons("reproduce", "target=baremetal", "model=digits", status=1)
    different = [line.split()[-1] for line in said.splitlines() if "differs: " in line]
    wanted = ["digits.blob", "digits.h", "digits_blob.S", "libdigits.a", "report.json"]
    wanted += ["digits_kernels.c"] if "user nobody" in said else []
    assert [name for name in different if not name.endswith(".o")] == [
        *(f"baremetal/digits/{name}" for name in sorted(wanted)),
        "release/digits-baremetal.tar",
    ]


def test_comparison_sees_bytes_and_missing_files_and_no_notes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "obj").mkdir(parents=True)
        (tmp_path / name / "same").write_text("x")
        (tmp_path / name / "other").write_text(name)
        (tmp_path / name / "obj" / "uses.json").write_text(name)
        (tmp_path / name / ".sconsign").write_text(name)
    (tmp_path / "two" / "more").touch()
    assert products(tmp_path / "one") == {"same", "other"}
    lines = differences(tmp_path / "one", tmp_path / "two")
    assert lines[0] == "  only in one build: more" and lines[1] == "  differs: other"


def test_the_page_about_the_rules_is_what_the_rules_say() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert text == page.page(), "run: python -m mgecc.scons.page > docs/rules.md"
    assert set(page.VARIABLES) <= set(tool._DEFAULTS)
    assert all(f"## env.{name}\n" in text for name in tool.RULES)
