"""A model made by hand: two small kernels of its own, two inputs, an output in the arena and a constant one."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from mgecc.graph import DType, TensorType
from mgecc.graph.symbolic import declare, sizes_in, sym_max, sym_min
from mgecc.kernels import Kernel, render
from mgecc.planner import IOTensor, Program, ProgramCall, Ref
from mgecc.planner.outside import reference
from mgecc.planner.size_patches import with_copy

_TEMPLATES = {
    "affine.c.j2": """/* y = x * w * gain + b / parts, element by element; b and y may be the same memory. */
{{ k.begin() }}
    for (int32_t i = 0; i < a->n; i++) {
        int64_t wide = (int64_t)b[i] * 65537 / a->parts / 65537; /* the same quotient in 64 bits */
        y[i] = x[i] * w[i] * a->gain + (float)(i % 2 ? (int32_t)wide : b[i] / a->parts);
    }
}
""",
    "times.c.j2": """/* y = x * gain + b / parts, element by element. */
{{ k.begin() }}
    for (int32_t i = 0; i < a->n; i++)
        y[i] = x[i] * a->gain + (float)(b[i] / a->parts);
}
""",
    "copy.c.j2": """/* y = x; an absent x gives zeros. */
{{ k.begin() }}
    if (x) memcpy(y, x, (size_t)a->bytes);
    else memset(y, 0, (size_t)a->bytes);
}
""",
}

AFFINE = Kernel(
    symbol="affine_f32",
    template="affine.c.j2",
    operands=(("x", "const float *"), ("w", "const float *"), ("b", "const int32_t *"), ("y", "float *")),
    fields=(("n", "int32_t"), ("gain", "float"), ("parts", "int32_t")),
)
TIMES = Kernel(
    symbol="times_f32",
    template="times.c.j2",
    operands=(("x", "const float *"), ("b", "const int32_t *"), ("y", "float *")),
    fields=(("n", "int32_t"), ("gain", "float"), ("parts", "int32_t")),
)
COPY = Kernel("copy", "copy.c.j2", (("x", "const void *"), ("y", "void *")), (("bytes", "int32_t"),))
FLOATS = TensorType((2, 3), DType("float32"))
INTS = TensorType((6,), DType("int32"))
QUANTISED = TensorType((1, 4), DType("qint8", 0.25, 3))


def weights(seed: int = 1) -> bytes:
    numbers = np.random.default_rng(seed).standard_normal(6).astype(np.float32)
    return numbers.tobytes().ljust(64, b"\0") + np.array([-2, 0, 5, 127], np.int8).tobytes()


def tiny_program(seed: int = 1, target: str = "x86_64", name: str = "tiny") -> Program:
    ref = {at: Ref("arena", at) for at in (0, 64, 128, 192)}
    scale = (ref[0], Ref("weights", 0), ref[64], ref[128])
    return Program(
        name=name,
        target=target,
        inputs=(IOTensor("first.input:0", FLOATS, ref[0]), IOTensor("ints", INTS, ref[64])),
        outputs=(IOTensor("y", FLOATS, ref[192]), IOTensor("fixed", QUANTISED, Ref("weights", 64))),
        calls=(
            ProgramCall(AFFINE, scale, (6, 0.5, 3), "scale"),
            ProgramCall(COPY, (None, ref[192]), (24,), "clear"),
            ProgramCall(COPY, (ref[128], ref[192]), (24,), "copy"),
        ),
        weights=weights(seed),
        arena=192 + 24,
        arena_bound=72,
    )


def bound_program(seed: int = 1, target: str = "x86_64") -> Program:
    """The same model with its inputs and its first output in memory of the application's; the other one is constant."""
    base = tiny_program(seed, target)
    x, ints, y = (reference(k, 0) for k in range(3))
    between = Ref("arena", 0)
    return replace(
        base,
        inputs=(replace(base.inputs[0], ref=x), replace(base.inputs[1], ref=ints)),
        outputs=(replace(base.outputs[0], ref=y), base.outputs[1]),
        calls=(
            ProgramCall(AFFINE, (x, Ref("weights", 0), ints, between), (6, 0.5, 3), "scale"),
            ProgramCall(COPY, (None, y), (24,), "clear"),
            ProgramCall(COPY, (Ref("arena", 8), reference(2, 8)), (16,), "copy the rest"),
            ProgramCall(COPY, (between, y), (8,), "copy"),
        ),
        arena=24,
        arena_bound=24,
    )


ROWS = declare("rows", 2, 8, 2)


def sized_program(seed: int = 1, target: str = "x86_64") -> Program:
    """The same model for 1 to 4 pairs of rows: shapes, a place, numbers and a quotient follow from the rows."""
    base = tiny_program(seed, target)
    count, to = 3 * ROWS, Ref("arena", 384 + 4 * (ROWS // 4) + 8 * sym_max(0, ROWS - 5))
    floats, ints = FLOATS.with_shape((ROWS, 3)), INTS.with_shape((count,))
    x, i, between = Ref("arena", 0), Ref("arena", 128), Ref("arena", 256)
    ratio = cast("float", ROWS / 4)
    copies = (
        ProgramCall(COPY, (None, to), (4 * count,), "clear"),
        ProgramCall(COPY, (between, to), (4 * count,), "copy"),
    )
    scale = ProgramCall(TIMES, (x, i, between), (count, ratio, 3 - sym_min(2, ROWS // 4)), "scale")
    sized = replace(
        base,
        inputs=(IOTensor("x", floats, x), IOTensor("ints", ints, i)),
        outputs=(IOTensor("y", floats, to), base.outputs[1]),
        calls=(scale, *copies),
        arena=384 + 8 + 24 + 96,
        sizes=tuple(sizes_in(ROWS)),
    )
    return with_copy(sized)


def sized_expected(x: np.ndarray, ints: np.ndarray) -> bytes:
    """The bytes of y for one case of any number of rows."""
    rows = len(x)
    quotients = np.trunc(ints / (3 - min(2, rows // 4))).astype(np.float32)
    return (x * np.float32(rows / 4) + quotients.reshape(x.shape)).astype(np.float32).tobytes()


def expected(x: np.ndarray, ints: np.ndarray, seed: int = 1) -> bytes:
    """The bytes of both outputs for one case."""
    w = np.frombuffer(weights(seed)[:24], np.float32)
    quotients = np.trunc(ints / 3).astype(np.float32)
    return (x * w * np.float32(0.5) + quotients).astype(np.float32).tobytes() + weights(seed)[64:68]


def use_templates(folder: Path, monkeypatch) -> None:
    """Let kernels be rendered from these templates, with the real headers beside them."""
    shutil.copytree(render._FOLDER / "simd", folder / "simd")
    for name, text in _TEMPLATES.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(render, "_FOLDER", folder)


def with_input_names(program: Program, *names: str) -> Program:
    return replace(program, inputs=tuple(replace(t, name=n) for t, n in zip(program.inputs, names)))
