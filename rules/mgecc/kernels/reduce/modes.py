"""What a reduction starts with, how it takes a number in, and how lanes come together, in the SIMD vocabulary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fold:
    """C texts: ``start`` of a lane; ``step`` from accumulator {0} and number {1}; ``join`` of two scalars {0}, {1}."""

    start: str
    step: str
    join: str


FLOAT: dict[str, Fold] = {
    "sum": Fold("0.0f", "mg_vf_add({0}, {1})", "{0} + {1}"),
    "sum_squares": Fold("0.0f", "mg_vf_fma({0}, {1}, {1})", "{0} + {1}"),
    "product": Fold("1.0f", "mg_vf_mul({0}, {1})", "{0} * {1}"),
    "min": Fold("__builtin_inff()", "mg_vf_min_nan({0}, {1})", "{0} <= {1} || {0} != {0} ? {0} : {1}"),
    "max": Fold("-__builtin_inff()", "mg_vf_max_nan({0}, {1})", "{0} >= {1} || {0} != {0} ? {0} : {1}"),
}
FLOAT["mean"] = FLOAT["sum"]

_WRAP_ADD = "(int32_t)((uint32_t){0} + (uint32_t){1})"
INTEGER: dict[str, Fold] = {
    "sum": Fold("0", "mg_vi_add({0}, {1})", _WRAP_ADD),
    "sum_squares": Fold("0", "mg_vi_add({0}, mg_vi_mul({1}, {1}))", _WRAP_ADD),
    "product": Fold("1", "mg_vi_mul({0}, {1})", "(int32_t)((uint32_t){0} * (uint32_t){1})"),
    "min": Fold("INT32_MAX", "mg_vi_min({0}, {1})", "{0} < {1} ? {0} : {1}"),
    "max": Fold("INT32_MIN", "mg_vi_max({0}, {1})", "{0} > {1} ? {0} : {1}"),
}
INTEGER["mean"] = INTEGER["sum"]
