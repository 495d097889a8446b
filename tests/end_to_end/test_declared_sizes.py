"""One program for all declared sizes gives the graph's meaning at each of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batches import selected_cases, session_in_batch
from mge_files import MgeFile, dtype_table
from mgecc import lowering
from mgecc.config import CustomConfig, InputConfig, ModelConfig, Verify
from mgecc.config.declared_sizes import parse_size
from mgecc.targets import load_target
from mgecc.toolrun.session import Session, compile_and_build, prepare, run_cases
from mgecc.toolrun.tensors import input_cases, output_arrays
from mgecc.toolrun.verify_sizes import random_inputs, verify_sizes

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
TARGETS = ("x86_64", "arm64", "armv7", "baremetal")


@dataclass(frozen=True)
class Sized:
    """A recorded model with names in the shapes of its inputs, and how far its numbers may be off."""

    name: str
    shapes: dict[str, tuple[int | str, ...]]
    sizes: dict[str, str]
    limits: Verify = field(default_factory=lambda: Verify(max_abs_of_peak=1e-4))
    folder: Path = CORPUS

    @property
    def title(self) -> str:
        """Tells it from the same model with other sizes."""
        return f"{self.name}_{'_'.join(self.sizes)}"


HALVES = Verify(max_abs_of_peak=4e-3)
STEPS = Verify(max_abs_of_peak=1e-4, max_steps=1.0)
CASES = [
    Sized("net_unet", {"data": ("n", 1, "h", "w")}, {"n": "1..2", "h": "8..32 step 4", "w": "8..24 step 4"}),
    Sized("net_detector", {"data": (1, 3, "h", "w")}, {"h": "17..50", "w": "16..40"}),
    Sized("net_transformer", {"ids": ("n", 6)}, {"n": "1..4"}),
    Sized("net_vit", {"data": ("n", 3, 12, 12)}, {"n": "1..4"}),
    Sized("net_sequence", {"data": ("n", 1, 8, 20)}, {"n": "1..3"}),
    Sized("quant_int8", {"data": ("n", 3, 16, 16)}, {"n": "1..4"}, STEPS),
    Sized("resize", {"x": (1, 3, "h", "w")}, {"h": "3..13", "w": "4..11"}),
    Sized("padding", {"x": ("n", 3, 4, 5)}, {"n": "1..3"}),
    Sized("padding", {"x": (2, 3, "h", "w")}, {"h": "4..9", "w": "5..12"}),
    Sized("cond_take_nonzero", {"x": ("n", 5)}, {"n": "1..9"}),
    Sized("fp16_weights", {"data": ("n", 3, "h", 6)}, {"n": "1..2", "h": "3..9"}, HALVES),
    Sized("net_mobilenet", {"data": ("n", 3, 32, 32)}, {"n": "1..5"}),
    # Depthwise windows of stride 2 that read a column past the image at some widths only.
    Sized("net_mobilenet", {"data": ("n", 3, "h", "w")}, {"n": "1..2", "h": "25..40", "w": "27..35"}),
    Sized("pooling", {"data": (1, 3, "h", "w")}, {"h": "5..12", "w": "4..11"}),
    Sized("adaptive_pooling", {"data": ("n", 3, 10, 13)}, {"n": "1..3"}),
    # Ranges on both sides of what kernels for rows, tiles and vectors need.
    Sized("quant_int8", {"data": (1, 3, "h", "w")}, {"h": "14..18", "w": "11..26"}, STEPS),
    Sized("softmax", {"x": (3, 7, "t")}, {"t": "1..9"}),
    Sized("reduce", {"x": (3, 4, "t")}, {"t": "1..9"}),
    Sized("batched_matmul_4d", {"a": (2, 3, "t", 5)}, {"t": "1..9"}),
    Sized("conv2d", {"data": ("n", 3, "h", "w")}, {"n": "1..3", "h": "9..30", "w": "7..21"}),
]


def config(case: Sized) -> ModelConfig:
    path = case.folder / f"{case.name}.mge"
    sizes = tuple(parse_size(name, text) for name, text in case.sizes.items())
    inputs = {name: InputConfig(shape) for name, shape in case.shapes.items()}
    return ModelConfig(path, case.title, path, inputs=inputs, sizes=sizes)


def check(model: ModelConfig, limits: Verify, session: Session) -> None:
    found = list(verify_sizes(session, model, limits))
    assert len(found) >= 3
    for one in found:
        assert all(error.ok for error in one.errors), (one.numbers, one.errors)


def check_alone(case: Sized, target: str, folder: Path, **more: Any) -> None:
    model = replace(config(case), **more)
    libraries = compile_and_build(model, load_target(target), "zig", folder / "products")
    check(model, case.limits, prepare(libraries, "zig", folder / "runner"))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}-{'-'.join(case.sizes)}" for case in CASES])
def test_every_size_gives_what_the_graph_means(
    case: Sized, target: str, request: pytest.FixtureRequest, shared_folder: Path
) -> None:
    others = [config(params["case"]) for params in selected_cases(request, target)]
    model = config(case)
    check(model, case.limits, session_in_batch(model, others, load_target(target), shared_folder))


@pytest.mark.parametrize("target", ["arm64+fp16", "x86_64"])
def test_values_in_halves_give_what_the_graph_means(target: str, tmp_path: Path) -> None:
    """Of a network that enlarges by matrices of the sizes."""
    unet = replace(CASES[0], limits=HALVES)
    check_alone(unet, target, tmp_path, options={"enable_ioc16": True}, optimize="memory")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("mode", ["LINEAR", "CUBIC"])
def test_colour_images_of_any_size_are_resized_to_the_bit(mode: str, target: str, tmp_path: Path) -> None:
    m = MgeFile()
    x = m.input("x", 1, 8, 8, 3, dtype=dtype_table("uint8"))
    size = m.constant(np.array([9, 7], np.int32))
    y = m.record("ResizeV2", [x, size], "y", imode=mode, format="NHWC")
    (tmp_path / "colour.mge").write_bytes(m.bytes(y))
    exact = Verify(max_abs_of_peak=0.0, max_steps=0.0)
    case = Sized("colour", {"x": (1, "h", "w", 3)}, {"h": "1..13", "w": "1..11"}, exact, tmp_path)
    check_alone(case, target, tmp_path)


FUNCTION = """
#include "mgecc.h"
void twice(const mgecc_custom *call);
void twice(const mgecc_custom *call)
{
    const mgecc_tensor *in = call->input_info, *out = call->output_info;
    int32_t count = 1;
    for (uint32_t k = 0; k < in->rank; k++)
        count *= in->dims[k] == out->dims[k] ? in->dims[k] : 0;
    for (int32_t i = 0; i < count && in->bytes == 4u * (uint32_t)count; i++)
        ((float *)call->outputs[0])[i] = 2 * ((const float *)call->inputs[0])[i];
}
"""


@pytest.mark.parametrize("target", ["x86_64", "baremetal"])
def test_a_custom_function_gets_the_present_shapes(target: str, tmp_path: Path) -> None:
    (tmp_path / "twice.c").write_text(FUNCTION)
    model = replace(config(Sized("softmax", {"x": ("n", 7, 5)}, {"n": "1..6"})), name="net")
    graph = lowering.load_graph(model.with_sizes({"n": 6}))
    first = graph.nodes[0]
    assert first.output.shape == first.inputs[0].shape
    custom = {first.name: CustomConfig("twice", source=tmp_path / "twice.c")}
    libraries = compile_and_build(
        replace(model, custom=custom), load_target(target), "zig", tmp_path / "products"
    )
    session = prepare(libraries, "zig", tmp_path / "runner")
    for rows in (1, 3, 6):
        one = session.sized({"n": rows})
        arrays = random_inputs(one.interface)
        results, _ = run_cases(one, one.runners[0], input_cases(arrays, one.interface))
        assert np.array_equal(output_arrays(results, one.interface)[0][0], 2 * arrays["in.x"])
