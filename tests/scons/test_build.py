"""What is built, what is not built again, and what the products are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from .conftest import Checkout

ONE = ["target=arm64", "model=first"]


def test_products_lie_where_the_readme_says(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    folder = checkout.root / "build" / "arm64" / "first"
    names = {
        "libfirst.a",
        "libfirst.so",
        "first.h",
        "mgecc.h",
        "mgecc.hpp",
        "first.blob",
        "first_kernels.c",
        "report.json",
    }
    assert names <= {path.name for path in folder.iterdir()}
    assert not list(checkout.root.rglob("*.partial"))


def test_the_copy_of_mgecc_h_is_a_product_like_others(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    copy = checkout.root / "build" / "arm64" / "first" / "mgecc.h"
    original = (checkout.root / "runtime" / "include" / "mgecc.h").read_bytes()
    assert copy.read_bytes() == original
    copy.write_text("int edited;\n")
    assert "first/mgecc.h: changed since it was made" in checkout.scons("verify-outputs", *ONE, status=1)
    copy.unlink()
    checkout.scons(*ONE)
    assert copy.read_bytes() == original


def test_touch_nothing_nothing_is_rebuilt(checkout: Checkout) -> None:
    assert len(checkout.steps(*ONE)) == 6
    assert checkout.steps(*ONE) == []
    (checkout.root / "models" / "first" / "first.mge").touch()
    assert checkout.steps(*ONE) == []


def test_a_null_build_loads_nothing_of_the_compiler(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes null builds fast; how fast, benchmarks/scale.py measures."""
    checkout.scons("target=arm64", "model=all")
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    said = checkout.scons("target=arm64", "model=all")
    loaded = {
        line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:")
    }
    assert "mgecc.scons" in loaded
    assert loaded & {"numpy", "jinja2", "mgecc.graph", "mgecc.ops", "mgecc.passes", "mgecc.kernels"} == set()


def test_new_weights_same_graph_runs_no_c_compiler(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    checkout.add_model("first", "WEIGHTS layer 9")
    kinds = [step.split()[0] for step in checkout.steps(*ONE)]
    assert kinds == ["AR", "AS", "LD", "MGE"]
    blob = checkout.root / "build" / "arm64" / "first" / "first.blob"
    assert blob.read_text() == "WEIGHTS layer 9"
    assert b"WEIGHTS layer 9" in (blob.parent / "libfirst.a").read_bytes()


def test_new_graph_compiles_its_kernels_and_not_the_runtime(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    checkout.add_model("first", "weights layer layer")
    steps = checkout.steps(*ONE)
    assert "CC arm64 first_kernels.o" in steps and "CC arm64 loader.o" not in steps


def test_a_changed_compiler_compiles_models_again(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    with (checkout.root / "rules" / "mgecc" / "planner" / "program.py").open("a") as file:
        file.write("\n# changed\n")
    assert checkout.steps(*ONE) == ["MGE arm64 first"]


def test_a_changed_runtime_header_compiles_what_includes_it(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    with (checkout.root / "runtime" / "include" / "mgecc.h").open("a") as file:
        file.write("int mgecc_more(void);\n")
    steps = checkout.steps(*ONE)
    assert (
        "CC arm64 loader.o" in steps
        and "CC arm64 first_kernels.o" in steps
        and "MGE arm64 first" not in steps
    )


def test_a_deleted_or_edited_product_is_made_again(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    folder = checkout.root / "build" / "arm64" / "first"
    want = (folder / "first_kernels.c").read_text()
    (folder / "first_kernels.c").unlink()
    assert checkout.steps(*ONE) == ["MGE arm64 first"]
    assert (folder / "first_kernels.c").read_text() == want
    (folder / "libfirst.a").unlink()
    assert checkout.steps(*ONE) == ["AR arm64 libfirst.a"]


def test_targets_built_apart_do_not_disturb_each_other(checkout: Checkout) -> None:
    for target in ("arm64", "armv7"):
        checkout.scons(f"target={target}", "model=first")
    assert checkout.steps("target=arm64", "model=first") == []
    assert checkout.steps("target=arm64,armv7", "model=first", "-j2") == []


def test_combined_target_has_two_libraries_over_one_blob(checkout: Checkout) -> None:
    checkout.scons("target=arm64v7", "model=first")
    folder = checkout.root / "build" / "arm64v7" / "first"
    machines = []
    for member in ("arm64", "armv7"):
        with (folder / member / "libfirst.so").open("rb") as file:
            machines.append(ELFFile(file)["e_machine"])
    assert machines == ["EM_AARCH64", "EM_ARM"]
    assert [path.parent for path in folder.rglob("first.blob")] == [folder]


def test_baremetal_has_no_shared_library(checkout: Checkout) -> None:
    checkout.scons("target=baremetal", "model=first")
    folder = checkout.root / "build" / "baremetal" / "first"
    assert (folder / "libfirst.a").is_file() and not (folder / "libfirst.so").exists()


def test_baremetal_objects_do_not_speak_of_stacks(checkout: Checkout) -> None:
    checkout.scons("target=baremetal", "model=first")
    objects = list((checkout.root / "build").rglob("*.o"))
    assert len(objects) >= 3
    for path in objects:
        with path.open("rb") as file:
            assert ELFFile(file).get_section_by_name(".note.GNU-stack") is None, path.name


def test_shared_library_exports_the_api_alone(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    with (checkout.root / "build" / "arm64" / "first" / "libfirst.so").open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".dynsym")
        defined = {s.name for s in symbols.iter_symbols() if s.name and s["st_shndx"] != "SHN_UNDEF"}
    assert "mgecc_open" in defined and "first_kernel" not in defined


def test_same_bytes_in_another_folder(checkout: Checkout, tmp_path: Path) -> None:
    other = Checkout(tmp_path / "elsewhere")
    shutil.copytree(checkout.root, other.root)
    for each in (checkout, other):
        each.scons("target=arm64,baremetal", "model=first")
    files = [path.relative_to(other.root) for path in (other.root / "build").rglob("*") if path.is_file()]
    products = [path for path in files if not path.parts[1].startswith(".")]
    assert len(products) > 15
    for path in products:
        assert (checkout.root / path).read_bytes() == (other.root / path).read_bytes(), path


def test_c_compilers_do_not_see_the_users_environment(checkout: Checkout, monkeypatch) -> None:
    folder = checkout.root / "elsewhere"
    folder.mkdir()
    (folder / "mgecc.h").write_text("#error taken from CPATH\n")
    monkeypatch.setenv("CPATH", os.fspath(folder))
    monkeypatch.setenv("CFLAGS", "-DBROKEN")
    checkout.scons(*ONE)


def test_another_optimize_and_cpu_are_other_builds(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    assert "CC arm64 first_kernels.o" in checkout.steps(*ONE, "optimize=size")
    checkout.scons("target=x86_64", "cpu=v2", "model=first")
    assert (checkout.root / "build" / "x86_64-v2" / "first" / "libfirst.a").is_file()


def test_summary_tells_sizes_and_where_the_report_lies(checkout: Checkout) -> None:
    said = checkout.scons(*ONE)
    for words in ("libfirst.a", "code ", "weights 15 B", "arena 2048 B", "static 0 B", "kernels  1"):
        assert words in said
    assert "build/arm64/first/report.json" in said
    assert json.loads((checkout.root / "build/arm64/first/report.json").read_text())["arena"] == 2048


def test_of_many_libraries_only_the_new_ones_are_summarised(checkout: Checkout) -> None:
    everything = ("target=all", "model=all")
    assert checkout.scons(*everything).count("    report ") == 10
    said = checkout.scons(*everything)
    assert "10 of 10 libraries were up to date" in said and "report.json" not in said
    checkout.add_model("second", "other weights layer 2 layer 3")
    said = checkout.scons(*everything)
    assert (
        "5 of 10 libraries were up to date" in said
        and said.count("    report ") == 5
        and "second for" in said
    )


def test_a_model_that_cannot_be_compiled_says_why_and_leaves_the_others(checkout: Checkout) -> None:
    checkout.add_model("third", "broken")
    said = checkout.scons("target=arm64", "model=all", "-k", status=2)
    assert "conv1: cannot do this" in said and "Traceback" not in said
    assert (checkout.root / "build" / "arm64" / "second" / "libsecond.a").is_file()


def test_a_read_the_build_does_not_know_of_is_refused(checkout: Checkout) -> None:
    folder = checkout.add_model("fourth", "peeking")
    (folder / "labels.txt").write_text("cat")
    said = checkout.scons("target=arm64", "model=fourth", status=3)
    assert "labels.txt is read and is not a declared input" in said


def test_a_killed_build_goes_on_where_it_was(checkout: Checkout) -> None:
    for name, data in [("a", "layer"), ("b", "slow"), ("c", "killer")]:
        checkout.add_model(name, data)
    checkout.scons("target=arm64", "model=a,b,c", "-j1", status=-9)
    checkout.add_model("c", "layer")
    steps = checkout.steps("target=arm64", "model=a,b,c")
    assert "MGE arm64 c" in steps and "AR arm64 libc.a" in steps
    assert "MGE arm64 a" not in steps and "CC arm64 a_kernels.o" not in steps


def test_clean_removes_what_was_built(checkout: Checkout) -> None:
    checkout.scons("target=arm64,armv7", "model=all")
    checkout.scons("-c", *ONE)
    assert not (checkout.root / "build" / "arm64" / "first").exists()
    assert (checkout.root / "build" / "armv7" / "first" / "libfirst.a").is_file()
    checkout.scons("-c")
    assert not list((checkout.root / "build").rglob("*.a"))


def test_on_a_terminal_each_line_says_how_far_the_build_is(checkout: Checkout) -> None:
    script = shutil.which("script")
    if script is None:
        pytest.skip("script is not installed: apt-get install bsdutils")
    build = f"'{sys.executable}' -m SCons -Q -j1 target=arm64 model=first cache_mode=off"
    words = [script, "-qec", build, "/dev/null"]
    done = subprocess.run(words, cwd=checkout.root, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert [line[:5] for line in lines] == [f"[{k}/6]" for k in range(1, 7)]
    assert "\x1b" not in done.stdout and "[" not in checkout.scons("-Q", "target=armv7", "model=first")


def test_a_model_from_outside_of_the_project_is_said_in_the_summary(
    checkout: Checkout, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.mge"
    elsewhere.write_text("weights layer")
    (checkout.root / "models" / "first" / "first.mge").unlink()
    (checkout.root / "models" / "first" / "first.mge").symlink_to(elsewhere)
    checkout.add_model("second", "layer", "")
    second = checkout.root / "models" / "second"
    (second / "model.yaml").write_text(f"model: {os.path.relpath(elsewhere, second)}\n")
    said = checkout.scons("target=arm64", "model=all")
    for name, file in (("first", "first.mge"), ("second", "elsewhere.mge")):
        line = f"models/{name}/model.yaml: {file} is read from outside of the project: {elsewhere}"
        assert line in said
    checkout.add_model("second", "layer")
    assert "second/model.yaml" not in checkout.scons("target=arm64", "model=second")
