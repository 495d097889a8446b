"""C text of every element-wise mode in the SIMD vocabulary: on float vectors and on int32 vectors.

{0}, {1}, ... stand for the operands. Divisions and products stay separate operations in the order of the NumPy
meaning, because results of quantised types must be the same bits on every target; ``FAST`` has what plain floats may
use instead.
"""

from __future__ import annotations

import re

FLOAT: dict[str, str] = {
    "relu": "mg_vf_max(mg_vf_zero(), {0})",
    "abs": "mg_vf_abs({0})",
    "ceil": "mg_vf_ceil({0})",
    "floor": "mg_vf_floor({0})",
    "round": "mg_vf_round({0})",
    "round_even": "mg_vf_round_even({0})",
    "negate": "mg_vf_neg({0})",
    "sqrt": "mg_vf_sqrt({0})",
    "square": "mg_vf_mul({0}, {0})",
    "add": "mg_vf_add({0}, {1})",
    "sub": "mg_vf_sub({0}, {1})",
    "mul": "mg_vf_mul({0}, {1})",
    "true_div": "mg_vf_div({0}, {1})",
    "floor_div": "mg_vf_floor(mg_vf_div({0}, {1}))",
    "max": "mg_vf_max_nan({0}, {1})",
    "min": "mg_vf_min_nan({0}, {1})",
    "mod": "mg_vf_fmod({0}, {1})",
    "floor_mod": "mg_vf_floormod({0}, {1})",
    "pow": "mg_vf_pow({0}, {1})",
    "atan2": "mg_vf_atan2({0}, {1})",
    "abs_grad": "mg_vf_sel(mg_vf_lt(mg_vf_zero(), {0}), {1}, mg_vf_neg({1}))",
    "sigmoid_grad": "mg_vf_mul(mg_vf_mul({0}, mg_vf_sub(mg_vf_set1(1.0f), {0})), {1})",
    "tanh_grad": "mg_vf_mul(mg_vf_sub(mg_vf_set1(1.0f), mg_vf_mul({0}, {0})), {1})",
    "switch_gt0": "mg_vf_sel(mg_vf_lt(mg_vf_zero(), {0}), {1}, mg_vf_zero())",
    "prelu": "mg_vf_sel(mg_vf_lt(mg_vf_zero(), {0}), {0}, mg_vf_mul({0}, {1}))",
    "log_sum_exp": "mg_vf_add(mg_vf_max({0}, {1}), mg_vf_log1p(mg_vf_exp(mg_vf_neg(mg_vf_abs(mg_vf_sub({0}, {1}))))))",
    "lt": "mg_vf_sel(mg_vf_lt({0}, {1}), mg_vf_set1(1.0f), mg_vf_zero())",
    "leq": "mg_vf_sel(mg_vf_le({0}, {1}), mg_vf_set1(1.0f), mg_vf_zero())",
    "eq": "mg_vf_sel(mg_vf_eq({0}, {1}), mg_vf_set1(1.0f), mg_vf_zero())",
    "neq": "mg_vf_sel(mg_vf_eq({0}, {1}), mg_vf_zero(), mg_vf_set1(1.0f))",
    "isnan": "mg_vf_sel(mg_vf_eq({0}, {0}), mg_vf_zero(), mg_vf_set1(1.0f))",
    "isinf": "mg_vf_sel(mg_vf_lt(mg_vf_set1(3.40282347e38f), mg_vf_abs({0})), mg_vf_set1(1.0f), mg_vf_zero())",
    "cond_leq_mov": "mg_vf_sel(mg_vf_le({0}, {1}), {2}, mg_vf_zero())",
    "cond_lt_mov": "mg_vf_sel(mg_vf_lt({0}, {1}), {2}, mg_vf_zero())",
    "where": "mg_vf_sel(mg_vf_eq({0}, mg_vf_zero()), {2}, {1})",
    "mul_add": "mg_vf_add(mg_vf_mul({0}, {1}), {2})",
    "mul_mul_add": "mg_vf_add(mg_vf_mul({0}, {1}), mg_vf_mul({2}, {3}))",
    "add_sigmoid": "mg_vf_sigmoid(mg_vf_add({0}, {1}))",
    "add_tanh": "mg_vf_tanh(mg_vf_add({0}, {1}))",
    "clip": "mg_vf_sel(mg_vf_le({0}, {1}), {1}, mg_vf_min_nan({2}, {0}))",
    "relu6": "mg_vf_min(mg_vf_set1(6.0f), mg_vf_max(mg_vf_zero(), {0}))",
    "sign": "mg_vf_sel(mg_vf_lt(mg_vf_zero(), {0}), mg_vf_set1(1.0f), "
            "mg_vf_sel(mg_vf_lt({0}, mg_vf_zero()), mg_vf_set1(-1.0f), mg_vf_zero()))",
    "logsigmoid": "mg_vf_neg(mg_vf_softplus(mg_vf_neg({0})))",
    "half": "mg_vf_half({0})",
}  # fmt: skip
_RAMP = "mg_vf_min(mg_vf_set1(6.0f), mg_vf_max(mg_vf_zero(), mg_vf_add({0}, mg_vf_set1(3.0f))))"
_SQUARE = "mg_vf_mul({0}, {0})"
_ONE_TO_ONE = (
    "acos asin cos exp expm1 log log1p sigmoid sin tanh erf erfinv erfc erfcinv silu gelu "
    "sinh cosh asinh acosh atanh tan softplus"
)
FLOAT.update({name: f"mg_vf_{name}({{0}})" for name in _ONE_TO_ONE.split()})
FLOAT["hsigmoid"] = f"mg_vf_div({_RAMP}, mg_vf_set1(6.0f))"
FLOAT["h_swish"] = f"mg_vf_div(mg_vf_mul({{0}}, {_RAMP}), mg_vf_set1(6.0f))"
FLOAT["fast_tanh"] = (
    f"mg_vf_div(mg_vf_mul({{0}}, mg_vf_add(mg_vf_set1(27.0f), {_SQUARE})), "
    f"mg_vf_add(mg_vf_set1(27.0f), mg_vf_mul(mg_vf_set1(9.0f), {_SQUARE})))"
)

FAST: dict[str, str] = {
    "hsigmoid": f"mg_vf_mul({_RAMP}, mg_vf_set1(0.16666667f))",
    "h_swish": f"mg_vf_mul(mg_vf_mul({{0}}, mg_vf_set1(0.16666667f)), {_RAMP})",
    "mul_add": "mg_vf_fma({2}, {0}, {1})",
    "mul_mul_add": "mg_vf_fma(mg_vf_mul({2}, {3}), {0}, {1})",
}

# Where the last operand is known to be a number: what is not a number comes last in max and min, and so is kept.
NUMBER_LAST: dict[str, str] = {
    "max": "mg_vf_max({1}, {0})",
    "min": "mg_vf_min({1}, {0})",
    "clip": "mg_vf_sel(mg_vf_le({0}, {1}), {1}, mg_vf_min({2}, {0}))",
}

INTEGER: dict[str, str] = {
    "relu": "mg_vi_max({0}, mg_vi_zero())",
    "abs": "mg_vi_max({0}, mg_vi_sub(mg_vi_zero(), {0}))",
    "negate": "mg_vi_sub(mg_vi_zero(), {0})",
    "square": "mg_vi_mul({0}, {0})",
    "add": "mg_vi_add({0}, {1})",
    "sub": "mg_vi_sub({0}, {1})",
    "mul": "mg_vi_mul({0}, {1})",
    "floor_div": "mg_vi_floordiv({0}, {1})",
    "mod": "mg_vi_mod({0}, {1})",
    "trunc_div": "mg_vi_truncdiv({0}, {1})",
    "trunc_mod": "mg_vi_truncmod({0}, {1})",
    "pow": "mg_vi_pow_{kind}({0}, {1})",
    "max": "mg_vi_max({0}, {1})",
    "min": "mg_vi_min({0}, {1})",
    "shl": "mg_vi_shlv({0}, {1})",
    "shr": "mg_vi_shrv({0}, {1})",
    "round_shr": "mg_vi_roundshrv({0}, {1})",
    "rmulh": "mg_vi_rmulh_{kind}({0}, {1})",
    "abs_grad": "mg_vi_sel(mg_vi_lt(mg_vi_zero(), {0}), {1}, mg_vi_sub(mg_vi_zero(), {1}))",
    "switch_gt0": "mg_vi_sel(mg_vi_lt(mg_vi_zero(), {0}), {1}, mg_vi_zero())",
    "prelu": "mg_vi_sel(mg_vi_lt(mg_vi_zero(), {0}), {0}, mg_vi_mul({0}, {1}))",
    "lt": "mg_vi_sel(mg_vi_lt({0}, {1}), mg_vi_set1(1), mg_vi_zero())",
    "leq": "mg_vi_sel(mg_vi_lt({1}, {0}), mg_vi_zero(), mg_vi_set1(1))",
    "eq": "mg_vi_sel(mg_vi_eq({0}, {1}), mg_vi_set1(1), mg_vi_zero())",
    "neq": "mg_vi_sel(mg_vi_eq({0}, {1}), mg_vi_zero(), mg_vi_set1(1))",
    "isnan": "mg_vi_sub({0}, {0})",
    "isinf": "mg_vi_sub({0}, {0})",
    "cond_leq_mov": "mg_vi_sel(mg_vi_lt({1}, {0}), mg_vi_zero(), {2})",
    "cond_lt_mov": "mg_vi_sel(mg_vi_lt({0}, {1}), {2}, mg_vi_zero())",
    "where": "mg_vi_sel(mg_vi_eq({0}, mg_vi_zero()), {2}, {1})",
    "mul_add": "mg_vi_add(mg_vi_mul({0}, {1}), {2})",
    "mul_mul_add": "mg_vi_add(mg_vi_mul({0}, {1}), mg_vi_mul({2}, {3}))",
    "relu6": "mg_vi_max(mg_vi_min({0}, mg_vi_set1(6)), mg_vi_zero())",
    "clip": "mg_vi_sel(mg_vi_lt({1}, {0}), mg_vi_min({0}, {2}), {1})",
    "not": "mg_vi_xor({0}, mg_vi_set1(1))",
    "and": "mg_vi_and({0}, {1})",
    "or": "mg_vi_or({0}, {1})",
    "xor": "mg_vi_xor({0}, {1})",
    "bit_not": "mg_vi_xor({0}, mg_vi_set1(-1))",
    "bit_and": "mg_vi_and({0}, {1})",
    "bit_or": "mg_vi_or({0}, {1})",
    "bit_xor": "mg_vi_xor({0}, {1})",
    "sign": "mg_vi_max(mg_vi_min({0}, mg_vi_set1(1)), mg_vi_set1(-1))",
}  # fmt: skip

# Keep finite operands finite for every finite operand of moderate size, so padding lanes may go through them.
TAME = frozenset(
    [
        "relu",
        "abs",
        "ceil",
        "floor",
        "round",
        "round_even",
        "negate",
        "square",
        "add",
        "sub",
        "mul",
        "max",
        "min",
        "abs_grad",
        "sigmoid_grad",
        "tanh_grad",
        "switch_gt0",
        "prelu",
        "lt",
        "leq",
        "eq",
        "neq",
        "cond_leq_mov",
        "cond_lt_mov",
        "where",
        "mul_add",
        "mul_mul_add",
        "add_sigmoid",
        "add_tanh",
        "clip",
        "relu6",
        "half",
        "sign",
        "sigmoid",
        "tanh",
        "erf",
        "erfc",
        "silu",
        "gelu",
        "sin",
        "cos",
        "hsigmoid",
        "h_swish",
        "fast_tanh",
        "softplus",
        "logsigmoid",
        "asinh",
    ]
)

# Functions of the vocabulary that halves have too (simd/neon64_half.h).
_IN_HALVES = (
    "zero set1 load load_tail store store_tail abs ceil floor round neg sqrt mul add sub div max min max_nan min_nan "
    "sel lt le eq fma sigmoid tanh erf exp silu gelu"
)

_HEADERS = {
    "math": "exp expm1 log log1p tanh sigmoid erf erfc silu gelu softplus",
    "trig": "sin cos tan asin acos atan2",
    "hyperbolic": "sinh cosh asinh acosh atanh",
    "pow": "pow",
    "erfinv": "erfinv erfcinv",
    "half": "load_f16 store_f16 load_f16_tail store_f16_tail set1_f16 half",
    "convert": "load_i8 load_u8 load_i16 load_u16 store_i8 store_u8 store_i16 store_u16 quantize truncate "
    "fmod floormod floordiv mod truncdiv truncmod shlv shrv roundshrv rmulh_i8 rmulh_u8 rmulh_i16 rmulh_u16 rmulh_i32 "
    "pow_i8 pow_u8 pow_i16 pow_u16 pow_i32",
}
_HEADER_OF = {f: header for header, functions in _HEADERS.items() for f in functions.split()}
_WEIGHTS = {"half": 4.0}  # what is not 25 instructions
_ON_MATH = ("trig", "hyperbolic", "pow", "erfinv")


def headers(text: str) -> tuple[str, ...]:
    """Headers of ``simd/`` that C text in the vocabulary needs, in the order of inclusion."""
    words = re.findall(r"mg_v[fi]_(\w+)\(", text)
    found = {_HEADER_OF[w] for w in words if w in _HEADER_OF}
    if found & set(_ON_MATH):
        found.add("math")
    return tuple(h for h in _HEADERS if h in found)


def in_halves(text: str) -> bool:
    """Whether C text in the vocabulary can be computed in half lanes."""
    return "mg_vi" not in text and set(_IN_HALVES.split()).issuperset(re.findall(r"mg_vf_(\w+)\(", text))


def weight(text: str, float_cost: float = 1.0) -> float:
    """Estimated instructions of C text for one vector; ``float_cost``: of one operation on floats."""
    words = re.findall(r"mg_v([fi])_(\w+)\(", text)
    return sum(_weight_of(word) * (float_cost if kind == "f" else 1.0) for kind, word in words)


def _weight_of(word: str) -> float:
    if word in _HEADER_OF:
        return _WEIGHTS.get(_HEADER_OF[word], 25.0)
    return 6.0 if word in ("div", "sqrt") else 1.0
