"""What is noted of a compilation is what decided it, and no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import mgecc
import pytest
from mgecc.targets import board_names, core_names, load_target, target_names
from mgecc.toolrun.products import compile_products, read_any
from mgecc.toolrun.used_files import used_files

PACKAGE = Path(mgecc.__file__).parent
CORPUS = Path(__file__).resolve().parents[1] / "data" / "mge-corpus"


def used(tmp_path: Path, text: str, target: str = "arm64") -> set[str]:
    path = tmp_path / "model.yaml"
    shutil.copy(CORPUS / "softmax.mge", tmp_path)
    path.write_text(f"name: net\nmodel: softmax.mge\n{text}")
    config = read_any(path)
    return set(used_files(config, compile_products(config, target).programs, load_target(target)))


def test_templates_of_what_a_model_does_not_have_are_not_noted(tmp_path: Path) -> None:
    found = used(tmp_path, "")
    assert {"emit/model.h.j2", "emit/blob.S.j2", "kernels/softmax/row.c.j2", "targets/arm64.yaml"} <= found
    assert not [name for name in found if name.startswith("cv/")]
    assert not {"emit/declared_sizes.h.j2", "emit/shapes.h.j2", "kernels/simd/neon32.h"} & found


def test_image_functions_bring_their_templates(tmp_path: Path) -> None:
    images = used(tmp_path, "cv: {rotate: [ui8]}\n") - used(tmp_path, "")
    assert {"cv/common.j2", "cv/header.h.j2", "cv/rotate.c.j2"} <= images
    assert "cv/warp.c.j2" not in images and len(images) < 6


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("input_shapes: [{data: SHAPE}, {data: OTHER}]\n", "emit/shapes.h.j2"),
        ("sizes: {n: 1..4}\ninputs: {data: {shape: SIZED}}\n", "emit/declared_sizes.h.j2"),
    ],
)
def test_what_some_models_have_in_their_headers_is_noted_for_them(
    tmp_path: Path, text: str, template: str
) -> None:
    config = read_any(CORPUS / "softmax.mge")
    (tensor,) = compile_products(config, "arm64").programs[0].inputs
    rest = [int(n) for n in tensor.type.shape[1:]]
    shapes = {"SHAPE": [1, *rest], "OTHER": [2, *rest], "SIZED": ["n", *rest]}
    for word, shape in shapes.items():
        text = text.replace(word, str(shape).replace("'", ""))
    assert template in used(tmp_path, text.replace("data:", f"{tensor.name}:"))


def test_all_that_is_noted_is_there_to_be_compared(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    for base in [*target_names(), *core_names(), *board_names()]:
        own.write_text(f"base: {base}\n")
        for target in [base] if base == "arm64v7" else [base, str(own)]:
            missing = [name for name in used(tmp_path, "", target) if not (PACKAGE / name).is_file()]
            assert not missing, f"{target}, base {base}"


def test_a_board_is_described_in_its_file_and_in_that_of_its_cores(tmp_path: Path) -> None:
    assert {"targets/boards/pico.yaml", "targets/baremetal.yaml"} <= used(tmp_path, "", "pico")
    assert "targets/boards/pico.yaml" not in used(tmp_path, "", "cortex-m0plus")
