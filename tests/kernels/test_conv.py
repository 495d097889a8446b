"""Convolution kernels compute what ConvBias means, for every form, on every instruction set this machine can run."""

from __future__ import annotations

from functools import partial

import harness
import numpy as np
import pytest
from batch import Case, check_emulated, check_native
from mgecc.graph import Node
from mgecc.targets import Target, load_target

TARGETS = pytest.mark.parametrize("target", harness.host_targets(), ids=harness.host_names())
ACTIVATIONS = [("identity",), ("relu",), ("clip", -0.5, 1.0)]
OTHERS = [("h_swish",), ("hsigmoid",), ("leaky", 0.1), ("sigmoid",), ("silu",), ("tanh",), ("gelu",)]
Form = dict[str, object]
PLAIN: Form = {
    "n": 1, "g": 1, "k": (1, 1), "s": (1, 1), "d": (1, 1), "pad": (0, 0, 0, 0), "act": ("identity",), "z": False,
    "bias": True, "computed": False,
}  # fmt: skip


def make(form: Form, w: np.ndarray, b: np.ndarray) -> Node:
    top, bottom, left, right = form["pad"]
    attrs = {
        "stride": form["s"], "padding": ((top, bottom), (left, right)), "dilation": form["d"],
        "groups": form["g"], "activation": form["act"],
    }  # fmt: skip
    inputs = [
        harness.value("x", form["x"]),
        harness.value("w", w.shape, const=None if form["computed"] else w),
    ]
    if form["bias"] or form["z"]:
        inputs.append(harness.value("b", b.shape, const=b))
    node = harness.node("ConvBias", inputs, **attrs)
    if form["z"]:
        node.inputs.append(harness.value("z", node.output.shape))
    return node


def case(rng: np.random.Generator, ic: int, oc: int, h: int, w: int, **changes: object) -> Case:
    """A convolution of (n, ic, h, w); g = ic makes it depthwise."""
    form = {**PLAIN, **changes, "x": (changes.get("n", 1), ic, h, w)}
    shape = (oc, ic // form["g"], *form["k"])
    weights, bias = (
        rng.uniform(-1, 1, shape).astype(np.float32),
        rng.uniform(-1, 1, (1, oc, 1, 1)).astype(np.float32),
    )
    if not form["bias"] and form["z"]:
        bias = np.zeros((0,), np.float32)
    build = partial(make, form, weights, bias)
    node = build()
    arrays = [
        rng.uniform(-1, 1, v.shape).astype(np.float32) if v.const is None else v.const for v in node.inputs
    ]
    return Case(f"{ic}->{oc} {h}x{w} {changes}", build, arrays)


def _window(rng: np.random.Generator, most: int, dilate: bool = True) -> Form:
    """A random kernel, stride and dilation, with paddings of less than the kernel's extent."""
    k, s = (tuple(int(v) for v in rng.integers(1, m + 1, 2)) for m in (most, 3))
    d = tuple(int(v) for v in rng.integers(1, 3, 2)) if dilate and rng.random() < 0.3 else (1, 1)
    extent = [(a - 1) * b for a, b in zip(k, d)]
    pad = tuple(int(rng.integers(0, e + 1)) for e in (extent[0], extent[0], extent[1], extent[1]))
    return {"k": k, "s": s, "d": d, "pad": pad}


def _common(rng: np.random.Generator) -> Form:
    act = ACTIVATIONS[rng.integers(len(ACTIVATIONS))]
    return {
        "n": int(rng.integers(1, 3)),
        "act": act,
        "z": bool(rng.random() < 0.3),
        "bias": bool(rng.random() < 0.8),
    }


def _sizes(rng: np.random.Generator, *most: int) -> list[int]:
    return [int(v) for v in rng.integers(1, np.array(most) + 1)]


def pointwise(rng: np.random.Generator) -> list[Case]:
    sizes = [_sizes(rng, 40, 70, 9, 9) for _ in range(18)] + [[16, 24, 1, 1], [5, 80, 1, 7], [64, 48, 14, 14]]
    return [case(rng, *s, **_common(rng)) for s in sizes]


def folded(rng: np.random.Generator) -> list[Case]:
    """Whose last channels fill half a vector or less, so much work that they get a kernel of their own."""
    three: Form = {"k": (3, 3), "pad": (1, 1, 1, 1)}
    forms = [(ic, oc, window) for ic, window in ((160, {}), (20, three)) for oc in (24, 20, 34, 36, 4)]
    return [case(rng, ic, oc, 20, 20, **_common(rng), **window) for ic, oc, window in forms]


def dense(rng: np.random.Generator) -> list[Case]:
    shapes = [(*_sizes(rng, 24, 40), *(5 + v for v in _sizes(rng, 12, 12))) for _ in range(18)]
    made = [case(rng, *s, **_common(rng), **_window(rng, 5)) for s in shapes]
    three: Form = {"k": (3, 3), "pad": (1, 1, 1, 1)}
    return [
        *made,
        case(rng, 32, 32, 7, 7, **three),
        case(rng, 16, 16, 1, 1, **three, act=("relu",)),
        case(rng, 8, 8, 12, 12, k=(2, 2), s=(5, 4)),
        case(rng, 8, 9, 9, 9, k=(3, 2)),
    ]


def grouped(rng: np.random.Generator) -> list[Case]:
    made = []
    for g in (2, 3, 4, 2, 3, 4, 2, 3, 4, 2, 3, 4, 2, 3, 5, 7, 2, 4):
        ic, oc, h, w = _sizes(rng, 3, 4, 6, 6)
        unit = (1, 4, 16)[int(rng.integers(3))]
        window = _window(rng, 3)
        made.append(case(rng, g * ic * unit, g * oc * unit, h + 4, w + 4, g=g, **_common(rng), **window))
    twice: Form = {"k": (3, 3), "pad": (1, 1, 1, 1), "n": 2}
    made += [case(rng, 64, 32, 9, 9, g=2, **twice), case(rng, 96, 96, 8, 8, g=2, z=True, **twice)]
    # Groups that fill no blocks: less than one, more, and several results of one channel.
    made += [case(rng, ic, oc, 7, 6, g=g, **twice) for ic, oc, g in ((48, 48, 24), (36, 12, 3), (16, 32, 16))]
    # Few channels a group and rows that some tiles fit into and others not.
    return [*made, case(rng, 64, 64, 28, 28, g=16, k=(3, 3), pad=(1, 1, 1, 1))]


def depthwise(rng: np.random.Generator) -> list[Case]:
    made = []
    for _ in range(14):
        c, h, w = _sizes(rng, 40, 16, 20)
        made.append(case(rng, c, c, h + 8, w + 8, g=c, **_common(rng), **_window(rng, 5)))
    usual = [(k, s, size) for k in (3, 5) for s in (1, 2) for size in (7, 14, 17)]
    for k, s, size in usual:
        pad = (k // 2,) * 4
        made.append(case(rng, 20, 20, size, size, g=20, k=(k, k), s=(s, s), pad=pad, **_common(rng)))
    three: Form = {"k": (3, 3), "pad": (1, 1, 1, 1)}
    made += [case(rng, 8, 8, h, w, g=8, **three) for h, w in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 8))]
    return [
        *made,
        case(rng, 8, 8, 9, 9, g=8, k=(1, 1), s=(2, 2)),
        case(rng, 8, 8, 6, 30, g=8, k=(2, 4), pad=(0, 1, 0, 3)),
    ]


def first(rng: np.random.Generator) -> list[Case]:
    made = []
    for _ in range(18):
        ic, oc, h, w = _sizes(rng, 4, 40, 12, 24)
        made.append(case(rng, ic, oc, h + 6, w + 6, **_common(rng), **_window(rng, 5)))
    return [
        *made,
        case(rng, 3, 32, 30, 34, k=(3, 3), s=(2, 2), pad=(1, 1, 1, 1), act=("relu",)),
        case(rng, 3, 24, 21, 21, k=(7, 7), s=(2, 2), pad=(3, 3, 3, 3), n=2),
        case(rng, 1, 8, 3, 1, k=(3, 3), pad=(1, 1, 1, 1)),
    ]


def signals(rng: np.random.Generator) -> list[Case]:
    """Data with one axis: (n, c, length, 1) and (n, c, 1, length)."""
    made = []
    for turn in range(24):
        ic, oc, k, size = (int(v) for v in rng.integers(1, (24, 40, 40 if turn % 3 == 2 else 8, 30)))
        g, oc = (ic, ic) if turn % 3 else (1, oc)
        s, d, reach = int(rng.integers(1, 4)), int(rng.integers(1, 3)), int(rng.integers(k))
        pad, other = (reach, reach // 2), int(rng.integers(1, 3))
        size += (k - 1) * d
        form: Form = {"k": (k, 1), "s": (s, other), "d": (d, other), "pad": (*pad, 0, 0)}
        if turn % 2:
            form = {"k": (1, k), "s": (other, s), "d": (other, d), "pad": (0, 0, *pad)}
        sizes = (1, size) if turn % 2 else (size, 1)
        made.append(case(rng, ic, oc, *sizes, g=g, **_common(rng), **form))
    return made


def computed(rng: np.random.Generator) -> list[Case]:
    """Weights that the model computes, as trackers do that look for one picture in another."""
    found = []
    for turn in range(22):
        g = (1, 1, 3)[turn % 3]
        ic, oc, h, w = (int(v) for v in rng.integers(1, (7, 7, 9, 20)))
        form = _window(rng, 4) | {"computed": True, "bias": bool(turn % 2), "g": g}
        reach = [(k - 1) * d + 1 for k, d in zip(form["k"], form["d"])]  # type: ignore[call-overload]
        found.append(case(rng, g * ic, g * oc, h + reach[0], w + reach[1], **form))
    return found


KINDS = (pointwise, dense, grouped, depthwise, first, signals)


@TARGETS
@pytest.mark.parametrize("kind", KINDS, ids=[k.__name__ for k in KINDS])
def test_every_candidate_agrees_with_the_meaning(kind, target: Target) -> None:
    templates = check_native(kind(np.random.default_rng(7)), target)
    assert "conv/generic.c.j2" in templates and len(templates) > 1


@TARGETS
def test_computed_weights_are_read_as_they_lie(target: Target) -> None:
    assert check_native(computed(np.random.default_rng(8)), target) == {"conv/generic.c.j2"}


@TARGETS
def test_last_channels_that_fill_half_a_vector_are_folded(target: Target) -> None:
    cases = folded(np.random.default_rng(9))
    check_native(cases, target)
    ways = [
        way.build(node) for node in (c.make() for c in cases) for way in harness.all_candidates(node, target)
    ]
    kernels = [call.kernel.symbol for way in ways for call in way]
    assert any("_fold" in name for name in kernels) == target.isa.startswith("avx")


@TARGETS
def test_every_activation_is_fused(target: Target) -> None:
    rng = np.random.default_rng(3)
    check_native([case(rng, 8, 24, 5, 5, act=act, z=True) for act in OTHERS], target)


@pytest.mark.parametrize("name", ["arm64", "armv7", "baremetal"])
@pytest.mark.parametrize("kind", [*KINDS, computed], ids=lambda k: k.__name__)
def test_arm_agrees_with_the_meaning(kind, name: str) -> None:
    check_emulated(kind(np.random.default_rng(11)), name)


@TARGETS
def test_nan_reaches_every_result_that_reads_it(target: Target) -> None:
    """Through sums, bias and activation. Winograd's tiles may spread it to neighbours, the others may not."""
    rng = np.random.default_rng(31)
    forms = [({}, 8, 20), ({"k": (3, 3), "pad": (1, 1, 1, 1)}, 16, 16), ({"k": (3, 3), "g": 12}, 12, 12)]
    for form, ic, oc in forms:
        for act in ACTIVATIONS:
            made = case(rng, ic, oc, 9, 11, act=act, **form)
            made.inputs[0][0, 3, 4, 5] = np.nan
            lost = np.isnan(made.want)
            for node, found in made.ways(target):
                got = np.isnan(harness.run_candidate(node, target, found, made.inputs)[0])
                assert got[lost].all() and ("Winograd" in found.why or not got[~lost].any()), found.why


def test_mobilenet_layers_take_the_unrolled_kernels() -> None:
    target, rng = load_target("arm64"), np.random.default_rng(0)
    forms = {
        "conv_f32_tile_k1s1_c4_p10x2u4": case(rng, 32, 64, 14, 14),
        "dw_f32_k3x3s1_e11_c4_p1x14peel11": case(rng, 8, 8, 14, 14, g=8, k=(3, 3), pad=(1, 1, 1, 1)),
        "conv_f32_first_kw3s2_c4_p6x4": case(rng, 3, 32, 32, 32, k=(3, 3), s=(2, 2), pad=(1, 1, 1, 1)),
    }
    for symbol, wanted in forms.items():
        node = wanted.make()
        best = min(harness.all_candidates(node, target), key=lambda c: c.cost)
        assert [call.kernel.symbol for call in best.build(node)] == [symbol]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("k", "d"), [(3, 1), (11, 1), (29, 2)])
def test_signals_along_either_axis_take_kernels_for_several_pixels(axis: int, k: int, d: int) -> None:
    target, rng = load_target("arm64"), np.random.default_rng(0)
    size, window, pads = ([40, 1], [k, 1], [k // 2 * d] * 2 + [0, 0])
    turned = (slice(None), slice(None, None, -1))[axis]
    form: Form = {
        "k": tuple(window[turned]),
        "d": (d, d),
        "pad": tuple(pads[2:] + pads[:2] if axis else pads),
    }
    node = case(rng, 8, 8, *size[turned], g=8, **form).make()
    best = min(harness.all_candidates(node, target), key=lambda c: c.cost)
    macs = 2 * 40 * k
    assert "any" not in best.build(node)[0].kernel.symbol and best.cost < 5 * macs


@pytest.mark.parametrize("name", ["arm64", "armv7", "baremetal"])
def test_arm_tiles_of_few_pixels_agree_with_the_meaning(name: str) -> None:
    """Few pixels make wide tiles, whose inputs and weights share the registers in other ways."""
    rng = np.random.default_rng(12)
    shapes = [(1, w, oc) for w in (1, 2, 3, 4, 5, 6, 9) for oc in (20, 44)]
    cases = [case(rng, 16, oc, h, w, act=("relu",)) for h, w, oc in shapes]
    cases += [case(rng, 8, oc, h, w, k=(3, 3), pad=(1, 1, 1, 1), z=True) for h, w, oc in shapes]
    check_emulated(cases, name)


def _uneven(rng: np.random.Generator) -> list[Case]:
    """Images of seven pixels times something, 4 n + 1 to 4 n + 3 blocks of inputs, and channels for several tiles."""
    relu: Form = {"act": ("relu",)}
    return [
        case(rng, 116, 116, 14, 14, **relu),
        case(rng, 230, 61, 7, 7, z=True),
        case(rng, 120, 76, 14, 14, n=2, **relu),
        case(rng, 58, 24, 28, 28, act=("silu",)),
    ]


@pytest.mark.parametrize("name", ["arm64", "armv7"])
def test_arm_tiles_that_leave_no_rest_agree_with_the_meaning(name: str) -> None:
    check_emulated(_uneven(np.random.default_rng(14)), name)


def test_layers_of_shufflenet_take_tiles_that_leave_no_rest() -> None:
    node = _uneven(np.random.default_rng(14))[0].make()
    best = min(harness.all_candidates(node, load_target("arm64")), key=lambda c: c.cost)
    symbols = [call.kernel.symbol for call in best.build(node)]
    assert symbols == [f"conv_f32_tile_k1s1_c4_{tile}u4r_relu" for tile in ("p7x3", "p10x2")]
