"""Every kind of change, one after the other, in a tree of real models: exactly what depends on it is done again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from copied import copy_folders
from mgecc.frontends.mge.importer import import_mge
from mgecc.scons.identity import NO_COMPILER
from mgecc.toolrun.sources import runtime_sources

from .conftest import ROOT, Checkout, steps_in

CORPUS = ROOT / "tests" / "data" / "mge-corpus"
MODELS = ("conv2d", "cumsum", "pooling", "softmax")
TARGETS = ("arm64", "armv7", "baremetal")
ALL = [f"target={','.join(TARGETS)}", "model=all"]
RUNTIME = [path.stem for path in runtime_sources()]

Steps = set[str]


def steps_of(kind: str, models: tuple[str, ...] = MODELS, targets: tuple[str, ...] = TARGETS) -> Steps:
    """The steps of a kind: MGE, CC (kernels), AS (blob) or AR (both libraries where there are two)."""
    names = {
        "MGE": ["{}"],
        "CC": ["{}_kernels.o"],
        "AS": ["{}_blob.o"],
        "AR": ["lib{}.a"],
        "LD": ["lib{}.so"],
    }[kind]
    systems = [t for t in targets if kind != "LD" or t != "baremetal"]
    return {f"{kind} {t} {name.format(m)}" for t in systems for m in models for name in names}


def libraries(models: tuple[str, ...] = MODELS, targets: tuple[str, ...] = TARGETS) -> Steps:
    return steps_of("AR", models, targets) | steps_of("LD", models, targets)


def runtime(names: list[str] = RUNTIME) -> Steps:
    return {f"CC {t} {name}.o" for t in TARGETS for name in names}


def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text, f"{old!r} is not in {path}"
        (root / path).write_text(text.replace(old, new, 1))

    return change


def append(path: str, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        with (root / path).open("a") as file:
            file.write(text)

    return change


def new_weights(root: Path) -> None:
    """Other numbers in the first convolution's weights, at the place in the file where they are."""
    path = root / "models" / "conv2d" / "conv2d.mge"
    data = path.read_bytes()
    constants = [value.const for node in import_mge(data, path.name).nodes for value in node.inputs]
    weights = next(array for array in constants if array is not None and array.size > 8)
    assert data.count(weights.tobytes()) == 1
    path.write_bytes(data.replace(weights.tobytes(), (weights * np.float32(0.5)).tobytes()))


def new_structure(root: Path) -> None:
    shutil.copy(CORPUS / "cumsum_modes.mge", root / "models" / "cumsum" / "cumsum.mge")


KERNELS = "rules/mgecc/kernels"
CONV, SOFTMAX, POOLING = ("conv2d",), ("softmax",), ("pooling",)
COMMENT = "\n/* a comment */\n"

# What is changed, how, and what must run for it.
CHANGES: list[tuple[str, Callable[[Path], None], Steps]] = [
    ("nothing", lambda root: None, set()),
    ("weights", new_weights, steps_of("MGE", CONV) | steps_of("AS", CONV) | libraries(CONV)),
    (
        "structure",
        new_structure,
        {s for kind in ("MGE", "CC", "AS") for s in steps_of(kind, ("cumsum",))} | libraries(("cumsum",)),
    ),
    ("a key of one configuration", append("models/softmax/model.yaml", "licence: MIT\n"), steps_of("MGE", SOFTMAX)),
    ("a comment for template writers", append(f"{KERNELS}/softmax/row.c.j2", "{# c #}"), steps_of("MGE", SOFTMAX)),
    (
        "a comment in a template",
        append(f"{KERNELS}/pool/pool.c.j2", COMMENT),
        steps_of("MGE", POOLING) | steps_of("CC", POOLING),
    ),
    (
        "code in a template",
        append(f"{KERNELS}/pool/pool.c.j2", "MG_KERNEL int {{ k.symbol }}_more(void); "
               "MG_KERNEL int {{ k.symbol }}_more(void) { return 1; }\n"),
        {s for kind in ("MGE", "CC", "AS") for s in steps_of(kind, POOLING)} | libraries(POOLING),
    ),
    (
        "a comment in a SIMD header",
        append(f"{KERNELS}/simd/neon64.h", COMMENT),
        steps_of("MGE", targets=("arm64",)) | steps_of("CC", targets=("arm64",)),
    ),
    ("a template of image functions, which no model has", append("rules/mgecc/cv/rotate.c.j2", COMMENT), set()),
    ("declared sizes, which no model has", append("rules/mgecc/emit/declared_sizes.h.j2", COMMENT), set()),
    ("a compiler pass", append("rules/mgecc/passes/fuse_epilogues.py", "\n# a comment\n"), steps_of("MGE")),
    (
        "a target's flags",
        edit("rules/mgecc/targets/armv7.yaml", "cflags: [", "cflags: [-DMORE, "),
        # The names of kernels hold a digest of these flags, so the libraries change even where the code does not.
        {s for kind in ("MGE", "CC", "AS") for s in steps_of(kind, targets=("armv7",))}
        | {s for s in runtime() if " armv7 " in s} | libraries(targets=("armv7",)),
    ),
    (
        "a flag of all compilers",
        edit("rules/mgecc/targets/toolchain.py", '"-std=c99"', '"-std=c99", "-DMORE"'),
        steps_of("CC") | steps_of("AS") | runtime(),
    ),
    (
        "the toolchain's version",
        edit("rules/mgecc/targets/toolchain.py", 'identity=f"zig-{', 'identity=f"zig-9-{'),
        steps_of("CC") | steps_of("AS") | runtime() | libraries(),
    ),
    ("a comment in the runtime", append("runtime/src/crc32.c", COMMENT), runtime(["crc32"])),
    (
        "code in the runtime",
        append("runtime/src/crc32.c", "int mgecc_more(void); int mgecc_more(void) { return 1; }\n"),
        runtime(["crc32"]) | libraries(),
    ),
    ("the rules themselves", append("rules/mgecc/scons/help.py", "\n# a comment\n"), set()),
]  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root = tmp_path_factory.mktemp("tree")
    copy_folders(root, "rules", "site_scons", "runtime")
    shutil.copy(ROOT / "SConstruct", root)
    for name in MODELS:
        (root / "models" / name).mkdir(parents=True)
        shutil.copy(CORPUS / f"{name}.mge", root / "models" / name)
        (root / "models" / name / "model.yaml").write_text(f"model: {name}.mge\n")
    return Checkout(root)


def difference(steps: Steps, expected: Steps) -> list[str]:
    return [f"+ {s}" for s in sorted(steps - expected)] + [f"- {s}" for s in sorted(expected - steps)]


def test_exactly_what_depends_on_a_change_is_done_again(
    tree: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = {s for kind in ("MGE", "CC", "AS", "AR", "LD") for s in steps_of(kind)} | runtime()
    wrong = {"first build": difference(set(tree.steps(*ALL)), everything)}
    for name, change, expected in CHANGES:
        change(tree.root)
        wrong[name] = difference(set(tree.steps(*ALL)), expected)
    for name, value in [
        ("CFLAGS", "-DX"),
        ("CPATH", "/"),
        ("PYTHONHASHSEED", "7"),
        ("LANG", "C"),
        ("MGE_X", "1"),
    ]:
        monkeypatch.setenv(name, value)
    wrong["the environment"] = difference(set(tree.steps(*ALL)), set())
    assert {name: lines for name, lines in wrong.items() if lines} == {}


@pytest.mark.parametrize("name", NO_COMPILER)
def test_what_is_said_to_be_no_part_of_the_compiler_is_there(name: str) -> None:
    assert (ROOT / "rules" / "mgecc" / name).exists()


def test_each_step_says_why_it_runs(checkout: Checkout) -> None:
    build = ["target=arm64", "model=first", "explain=1", "cache_mode=off"]
    assert "libfirst.a is made because there is no record that it was made before." in checkout.scons(*build)
    checkout.add_model("first", "WEIGHTS layer 2")
    said = checkout.scons(*build)
    assert "first.h is made anew because first.mge changed." in said
    assert "libfirst.a is made anew because first_blob.o changed." in said
    (checkout.root / "build" / "arm64" / "first" / "libfirst.a").unlink()
    assert "libfirst.a is made anew because libfirst.a is not there." in checkout.scons(*build)
    toolchain = checkout.root / "rules" / "mgecc" / "targets" / "toolchain.py"
    toolchain.write_text(toolchain.read_text().replace('"-std=c99"', '"-std=c99", "-DMORE"'))
    said = checkout.scons(*build)
    assert "first_kernels.o is made anew because its command is now with -DMORE." in said
    assert [s.split()[0] for s in steps_in(said)] == ["AS", "CC", "CC"]
    with (checkout.root / "rules" / "mgecc" / "emit" / "table.c.j2").open("a") as file:
        file.write("{# a comment #}")
    assert "first.h is made anew because emit/table.c.j2 changed." in checkout.scons(*build)
