"""Every function of the SIMD vocabulary means the same on every instruction set, and stays within its error bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from mgecc.kernels.render import header_text
from mgecc.targets import isa_names
from mgecc.targets.isa import read_isa
from simd_program import N, built
from specials import has_denormals

HEADERS = ("math", "trig", "hyperbolic", "pow", "erfinv")
ISAS = isa_names()
# NumPy's references meet zeros and infinities.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

MAIN = r"""
enum { N = %(n)d };
static float X[N], Y[N], Z[N], R[N];
#define VF(name, expr) \
    static void f_##name(void) { for (int i = 0; i < N; i += MG_VF) { int n = N - i; (void)n; \
        mg_vf x = n >= MG_VF ? mg_vf_load(X + i) : mg_vf_load_tail(X + i, n); \
        mg_vf y = n >= MG_VF ? mg_vf_load(Y + i) : mg_vf_load_tail(Y + i, n); \
        mg_vf z = n >= MG_VF ? mg_vf_load(Z + i) : mg_vf_load_tail(Z + i, n); \
        mg_vf r = (expr); (void)x; (void)y; (void)z; \
        if (n >= MG_VF) mg_vf_store(R + i, r); else mg_vf_store_tail(R + i, r, n); } }
#define VI(name, expr) \
    static void f_##name(void) { for (int i = 0; i < N; i += MG_VF) { int n = N - i; (void)n; \
        const int32_t *P = (const void *)(X + i), *Q = (const void *)(Y + i); \
        mg_vi x = n >= MG_VF ? mg_vi_load(P) : mg_vi_load_tail(P, n); \
        mg_vi y = n >= MG_VF ? mg_vi_load(Q) : mg_vi_load_tail(Q, n); \
        mg_vi r = (expr); (void)x; (void)y; int32_t *D = (void *)(R + i); \
        if (n >= MG_VF) mg_vi_store(D, r); else mg_vi_store_tail(D, r, n); } }
%(functions)s
static void (*const F[])(void) = { %(table)s };
"""


def _mask(condition: str) -> str:
    return f"mg_vf_sel({condition}, mg_vf_set1(1.0f), mg_vf_zero())"


def _half_away(x: np.ndarray) -> np.ndarray:
    return np.copysign(np.floor(np.abs(x.astype(np.float64)) + 0.5), x).astype(np.float32)


EXACT: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "neg": ("mg_vf_neg(x)", lambda x, y, z: -x),
    "abs": ("mg_vf_abs(x)", lambda x, y, z: np.abs(x)),
    "sqrt": ("mg_vf_sqrt(mg_vf_abs(x))", lambda x, y, z: np.sqrt(np.abs(x))),
    "floor": ("mg_vf_floor(x)", lambda x, y, z: np.floor(x)),
    "ceil": ("mg_vf_ceil(x)", lambda x, y, z: np.ceil(x)),
    "trunc": ("mg_vf_trunc(x)", lambda x, y, z: np.trunc(x)),
    "round": ("mg_vf_round(x)", lambda x, y, z: _half_away(x)),
    "round_even": ("mg_vf_round_even(x)", lambda x, y, z: np.rint(x)),
    "add": ("mg_vf_add(x, y)", lambda x, y, z: x + y),
    "sub": ("mg_vf_sub(x, y)", lambda x, y, z: x - y),
    "mul": ("mg_vf_mul(x, y)", lambda x, y, z: x * y),
    "div": ("mg_vf_div(x, y)", lambda x, y, z: x / y),
    "min": ("mg_vf_min(x, y)", lambda x, y, z: np.minimum(x, y)),
    "max": ("mg_vf_max(x, y)", lambda x, y, z: np.maximum(x, y)),
    "min_nan": ("mg_vf_min_nan(x, y)", lambda x, y, z: np.minimum(x, y)),
    "max_nan": ("mg_vf_max_nan(x, y)", lambda x, y, z: np.maximum(x, y)),
    "copysign": ("mg_vf_copysign(x, y)", lambda x, y, z: np.copysign(x, y)),
    "lt": (_mask("mg_vf_lt(x, y)"), lambda x, y, z: (x < y).astype(np.float32)),
    "le": (_mask("mg_vf_le(x, y)"), lambda x, y, z: (x <= y).astype(np.float32)),
    "eq": (_mask("mg_vf_eq(x, y)"), lambda x, y, z: (x == y).astype(np.float32)),
    "isnan": (_mask("mg_vf_isnan(x)"), lambda x, y, z: np.isnan(x).astype(np.float32)),
    "sel": ("mg_vf_sel(mg_vf_lt(x, y), y, z)", lambda x, y, z: np.where(x < y, y, z)),
    "logic": (
        _mask("mg_vm_or(mg_vm_and(mg_vf_lt(x, y), mg_vf_lt(y, z)), mg_vm_not(mg_vf_lt(z, x)))"),
        lambda x, y, z: (((x < y) & (y < z)) | ~(z < x)).astype(np.float32),
    ),
    "int_float": (
        "mg_vf_from_vi(mg_vi_from_vf(mg_vf_div(x, mg_vf_set1(4.0f))))",
        lambda x, y, z: np.trunc(x / 4),
    ),
}
INTEGER: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "i_add": ("mg_vi_add(x, y)", lambda x, y: x + y),
    "i_sub": ("mg_vi_sub(x, y)", lambda x, y: x - y),
    "i_mul": ("mg_vi_mul(x, y)", lambda x, y: x * y),
    "i_and": ("mg_vi_and(x, y)", lambda x, y: x & y),
    "i_or": ("mg_vi_or(x, y)", lambda x, y: x | y),
    "i_xor": ("mg_vi_xor(x, y)", lambda x, y: x ^ y),
    "i_shl": ("mg_vi_shl(x, 5)", lambda x, y: x << 5),
    "i_shr": ("mg_vi_shr(x, 3)", lambda x, y: x >> 3),
    "i_min": ("mg_vi_min(x, y)", lambda x, y: np.minimum(x, y)),
    "i_max": ("mg_vi_max(x, y)", lambda x, y: np.maximum(x, y)),
    "i_lt": ("mg_vi_sel(mg_vi_lt(x, y), mg_vi_set1(1), mg_vi_zero())", lambda x, y: (x < y).astype(np.int32)),
    "i_eq": (
        "mg_vi_sel(mg_vi_eq(x, y), mg_vi_set1(1), mg_vi_zero())",
        lambda x, y: (x == y).astype(np.int32),
    ),
    "i_bits": ("mg_vi_bits(mg_vf_bits(x))", lambda x, y: x),
}
CLOSE = {  # products may be fused
    "fma": ("mg_vf_fma(x, y, z)", lambda x, y, z: x + y * z),
    "fms": ("mg_vf_fms(x, y, z)", lambda x, y, z: x - y * z),
    "fma_x": ("mg_vf_fma_x(x, y, mg_x_load(Z), MG_XL - 1)", None),
    "sum": ("mg_vf_set1(mg_vf_sum(x))", None),
    "hmax": ("mg_vf_set1(mg_vf_hmax(x))", None),
    "hmin": ("mg_vf_set1(mg_vf_hmin(x))", None),
}


def _vector(f: Callable[..., float]) -> Callable[..., np.ndarray]:
    def one(*numbers: float) -> float:
        try:
            return float(f(*numbers))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return np.vectorize(one, otypes=[np.float64])


# name: (reference in double precision, lowest and highest argument, units in the last place allowed)
FUNCTIONS: dict[str, tuple[Callable[..., np.ndarray], float, float, float]] = {
    "exp": (np.exp, -87.3, 88.7, 2), "expm1": (np.expm1, -30, 88.7, 3),
    "log": (np.log, 1e-37, 1e38, 2), "log1p": (np.log1p, -0.9999, 1e6, 3),
    "tanh": (np.tanh, -12, 12, 3), "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -86, 40, 3),
    "erf": (_vector(math.erf), -5, 5, 3), "erfc": (_vector(math.erfc), -3, 9, 8),
    "sin": (np.sin, -100, 100, 3), "cos": (np.cos, -100, 100, 3), "tan": (np.tan, -20, 20, 4),
    "asin": (np.arcsin, -1, 1, 4), "acos": (np.arccos, -1, 1, 4),
    "sinh": (np.sinh, -88, 88, 5), "cosh": (np.cosh, -88, 88, 5),
    "asinh": (np.arcsinh, -1e6, 1e6, 5), "acosh": (np.arccosh, 1, 1e6, 5), "atanh": (np.arctanh, -0.999, 0.999, 5),
    "silu": (lambda x: x / (1 + np.exp(-x)), -80, 80, 4),
    "softplus": (lambda x: np.logaddexp(0, x), -80, 80, 4),
}  # fmt: skip
BINARY_MATH = {"pow": "mg_vf_pow(x, y)", "atan2": "mg_vf_atan2(x, y)"}
INVERSES = {"erfinv": _vector(math.erf), "erfcinv": _vector(math.erfc)}
NAMES = [*EXACT, *INTEGER, *CLOSE, *FUNCTIONS, *BINARY_MATH, *INVERSES, "gelu"]


def _program() -> str:
    lines = [f"VF({n}, {e})" for n, (e, _) in {**EXACT, **CLOSE}.items()]
    lines += [f"VI({n}, {e})" for n, (e, _) in INTEGER.items()]
    lines += [f"VF({n}, mg_vf_{n}(x))" for n in (*FUNCTIONS, *INVERSES, "gelu")]
    lines += [f"VF({n}, {e})" for n, e in BINARY_MATH.items()]
    table = ", ".join(f"f_{n}" for n in NAMES)
    return MAIN % {"n": N, "functions": "\n".join(lines), "table": table}


class Machine:
    """A program that has all functions of one instruction set."""

    def __init__(self, isa: str, folder: Path) -> None:
        self.isa = isa
        text = "\n".join(header_text(name, read_isa(isa)) for name in (isa, *HEADERS)) + _program()
        self.program = built(isa, text, folder)

    def run(self, name: str, *inputs: np.ndarray) -> np.ndarray:
        """The function of N numbers, in parts."""
        x = [np.resize(i, N) for i in inputs] + [np.zeros(N, np.float32)] * (3 - len(inputs))
        data = NAMES.index(name).to_bytes(4, "little") + b"".join(i.tobytes() for i in x)
        return np.frombuffer(self.program(data), inputs[0].dtype)[: max(i.size for i in inputs)]


@pytest.fixture(scope="module", params=ISAS)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(request.param, tmp_path_factory.mktemp("simd"))


@cache
def floats(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 10, N) * 10.0 ** rng.integers(-3, 8, N)
    special = [
        0,
        -0.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        0.49999997,
        8388607.5,
        -8388607.5,
        8388609,
        16777218,
        1e30,
        -1e30,
    ]
    x[: len(special)] = special
    return x.astype(np.float32)


def test_float_operations_are_exact(machine: Machine) -> None:
    x, y, z = floats(1), np.roll(floats(2), 100), floats(3)
    for name, (_, expected) in EXACT.items():
        if name == "int_float":
            x, y, z = (np.clip(a, -1e9, 1e9) for a in (x, y, z))
        np.testing.assert_array_equal(machine.run(name, x, y, z), expected(x, y, z), err_msg=name)


def specials(machine: Machine) -> tuple[np.ndarray, ...]:
    """Every triple of NaN, infinities, zeros, denormals (where there are any) and usual numbers."""
    tiny = 1e-40 if has_denormals(machine.isa) else 0.0
    numbers = np.array(
        [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, tiny, -tiny, 1.5, -2.5, 3e38], np.float32
    )
    return tuple(np.resize(a.reshape(-1), N) for a in np.meshgrid(numbers, numbers, numbers, indexing="ij"))


def test_float_operations_with_specials_are_exact(machine: Machine) -> None:
    x, y, z = specials(machine)
    for name in EXACT.keys() - {"min", "max", "int_float"}:
        wanted = EXACT[name][1](x, y, z)
        np.testing.assert_array_equal(machine.run(name, x, y, z), wanted, err_msg=name)


def test_extremes_keep_the_second_operand_that_is_not_a_number(machine: Machine) -> None:
    x, y, _ = specials(machine)
    for name in ("min", "max"):
        got, wanted = machine.run(name, x, y), EXACT[name][1](x, y, None)
        open_ = np.isnan(x) & ~np.isnan(y)
        np.testing.assert_array_equal(got[~open_], wanted[~open_], err_msg=name)
        assert (np.isnan(got) | (got == y))[open_].all(), name


def test_fused_products_with_specials(machine: Machine) -> None:
    """Without products that overflow before they are added, where not fused."""
    x, y, z = specials(machine)
    usual = np.isinf(y) | np.isinf(z) | ~np.isinf(y * z)
    for name in ("fma", "fms"):
        wanted = CLOSE[name][1](x, y, z)
        np.testing.assert_allclose(
            machine.run(name, x, y, z)[usual], wanted[usual], rtol=1e-6, atol=1e-38, err_msg=name
        )


def test_signs_of_zero_survive_rounding(machine: Machine) -> None:
    x = np.array([-0.0, -0.25, 0.0, 0.25], np.float32)
    for name in ("trunc", "round", "round_even"):
        assert np.signbit(machine.run(name, x)).tolist() == [True, True, False, False], name
    assert np.signbit(machine.run("ceil", x)).tolist() == [True, True, False, False]


def test_integer_operations_wrap(machine: Machine) -> None:
    rng = np.random.default_rng(5)
    x, y = (rng.integers(-(2**31), 2**31, N).astype(np.int32) for _ in range(2))
    y[::7] = x[::7]
    for name, (_, expected) in INTEGER.items():
        np.testing.assert_array_equal(machine.run(name, x, y), expected(x, y), err_msg=name)


def test_fused_products(machine: Machine) -> None:
    x, y, z = (np.random.default_rng(s).normal(size=N).astype(np.float32) for s in (1, 2, 3))
    for name, sign in (("fma", 1), ("fms", -1)):
        exact = x.astype(np.float64) + sign * (y.astype(np.float64) * z)
        np.testing.assert_allclose(machine.run(name, x, y, z), exact, rtol=1e-6, atol=2e-7, err_msg=name)
    lane = z[read_isa(machine.isa).float32.inputs - 1]
    np.testing.assert_allclose(machine.run("fma_x", x, y, z), x + y * lane, rtol=1e-6, atol=3e-7)


def test_horizontal_operations(machine: Machine) -> None:
    lanes = read_isa(machine.isa).float32.lanes
    x = np.random.default_rng(4).normal(size=N // 16 * 16).astype(np.float32)
    x[::37], x[::53], x[::101], x[5::59] = np.nan, np.inf, -np.inf, -0.0
    rows = x.reshape(-1, lanes)
    for name, f in (("sum", np.sum), ("hmax", np.max), ("hmin", np.min)):
        result = machine.run(name, x).reshape(-1, lanes)
        np.testing.assert_allclose(result[:, 0], f(rows, axis=1), rtol=1e-5, atol=1e-6, err_msg=name)


def ulps(result: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Distance in units of the last place of the exact value's single precision."""
    unit = np.spacing(np.maximum(np.abs(exact), 1.2e-38).astype(np.float32)).astype(np.float64)
    return np.abs(result - exact) / unit


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_stay_within_their_bound(machine: Machine, name: str) -> None:
    reference, low, high, bound = FUNCTIONS[name]
    rng = np.random.default_rng(6)
    wide = np.linspace(low, high, N // 2)
    narrow = rng.uniform(max(low, -1.5), min(high, 2.5), N - N // 2)
    narrow[::3] = np.clip(narrow[::3] * 1e-3, low, high)
    x = np.clip(np.concatenate([wide, narrow]).astype(np.float32), np.float32(low), np.float32(high))
    exact = reference(x.astype(np.float64))
    error = ulps(machine.run(name, x).astype(np.float64), exact)
    worst = int(np.argmax(error))
    assert error[worst] <= bound, (name, x[worst], exact[worst], error[worst])


def test_functions_far_out(machine: Machine) -> None:
    inf, nan = math.inf, math.nan
    cases = {
        "exp": {-inf: 0, -200: 0, 89: inf, inf: inf, nan: nan, 0: 1},
        "log": {0: -inf, -1: nan, inf: inf, nan: nan, 1: 0},
        "expm1": {-inf: -1, 100: inf, nan: nan}, "log1p": {-1: -inf, -2: nan, inf: inf, nan: nan, 1e30: 69.07755},
        "tanh": {-inf: -1, inf: 1, nan: nan, 1e-30: 1e-30}, "sigmoid": {-inf: 0, inf: 1, -200: 0, 200: 1, nan: nan},
        "erf": {-inf: -1, inf: 1, nan: nan}, "erfc": {-inf: 2, inf: 0, nan: nan, 30: 0},
        "sin": {inf: nan, nan: nan}, "cos": {inf: nan, 0: 1}, "tan": {inf: nan}, "asin": {1.5: nan, 1: math.pi / 2},
        "acos": {-1: math.pi, 1: 0, 2: nan}, "sinh": {inf: inf, -inf: -inf, 100: inf, nan: nan},
        "cosh": {inf: inf, -inf: inf, nan: nan}, "asinh": {inf: inf, -inf: -inf, nan: nan, 1e30: 69.77070},
        "acosh": {0.5: nan, inf: inf, nan: nan, 1e30: 69.77070}, "atanh": {1: inf, -1: -inf, 2: nan, nan: nan},
        "erfinv": {1: inf, -1: -inf, 2: nan, 0: 0}, "erfcinv": {0: inf, 2: -inf, 3: nan, -1: nan, 1: 0},
        "gelu": {-20: 0, 20: 20}, "softplus": {100: 100, -100: 0},
    }  # fmt: skip
    for name, table in cases.items():
        result = machine.run(name, np.array(list(table), np.float32))
        np.testing.assert_allclose(result, list(table.values()), rtol=1e-6, atol=1e-38, err_msg=name)


def test_power(machine: Machine) -> None:
    rng = np.random.default_rng(8)
    x, y = np.exp(rng.normal(0, 3, N)).astype(np.float32), rng.normal(0, 8, N).astype(np.float32)
    with np.errstate(over="ignore"):
        exact = x.astype(np.float64) ** y
    usual = (exact > 1e-37) & (exact < 1e38)
    np.testing.assert_allclose(machine.run("pow", x, y)[usual], exact[usual], rtol=2e-6)
    inf, nan = math.inf, math.nan
    x = np.array([0, 0, -2, -2, -2, 1, 2, 2, .5, inf, inf, -inf, nan, nan, 0, -1, 2, -0.0, 10], np.float32)  # fmt: skip
    y = np.array([2, -1, 3, 2, .5, nan, inf, -inf, -inf, 2, -2, 3, 0, 1, 0, inf, 200, -3, -60], np.float32)  # fmt: skip
    expected = np.power(x.astype(np.float64), y.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(machine.run("pow", x, y), expected, rtol=2e-6, atol=1e-38)


def test_atan2(machine: Machine) -> None:
    x, y = (np.random.default_rng(s).normal(size=N).astype(np.float32) for s in (1, 2))
    exact = np.arctan2(y.astype(np.float64), x)
    assert ulps(machine.run("atan2", y, x).astype(np.float64), exact).max() <= 4
    inf, nan = math.inf, math.nan
    y = np.array([0, -0.0, 0, -0.0, 1, -1, inf, inf, -inf, nan, 0], np.float32)
    x = np.array([1, 1, -1, -1, 0, 0, inf, -inf, 1, 1, 0], np.float32)
    np.testing.assert_allclose(machine.run("atan2", y, x), np.arctan2(y, x), rtol=1e-6, atol=1e-38)


@pytest.mark.parametrize("name", sorted(INVERSES))
def test_inverse_error_functions(machine: Machine, name: str) -> None:
    """Compared through the error function's slope: the inverse is as exact as its argument allows."""
    low, high = (-0.99999, 0.99999) if name == "erfinv" else (1e-5, 1.99999)
    x = np.linspace(low, high, N).astype(np.float32)
    z = machine.run(name, x).astype(np.float64)
    back = INVERSES[name](z)
    slope = 2 / math.sqrt(math.pi) * np.exp(-z * z)
    error = np.abs((back - x.astype(np.float64)) / slope)
    assert (error <= 1e-6 * np.abs(z) + 1e-37 + 1e-16 / slope).all(), (x[error.argmax()], error.max())


def test_gelu(machine: Machine) -> None:
    x = np.linspace(-6, 6, N).astype(np.float32)
    exact = x * 0.5 * (1 + _vector(math.erf)(x.astype(np.float64) / math.sqrt(2)))
    result = machine.run("gelu", x)
    np.testing.assert_allclose(result, exact, rtol=1e-6, atol=3e-7)
    for lowest, error in ((-3, 1e-5), (-5.5, 2e-2)):
        tail = (x < -1) & (x > lowest)
        np.testing.assert_allclose(result[tail], exact[tail], rtol=error)
