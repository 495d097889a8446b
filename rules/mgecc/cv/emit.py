"""Chosen functions to the two files of a model: their C text for one target, and their header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mgecc.cv.function import CvFunction
from mgecc.cv.registry import Chosen, find_cv_functions
from mgecc.kernels.render import templates
from mgecc.kernels.vocabulary import vocabulary
from mgecc.targets import Target

_FOLDER = Path(__file__).parent
_COMMON, _HEADER = "common.j2", "header.h.j2"


def _fill(template: str, **names: Any) -> str:
    return templates(_FOLDER).get_template(template).render(**names).strip("\n") + "\n"


def cv_templates(chosen: Chosen) -> set[str]:
    """Names of the templates of this folder that the text and the header of some functions are made from."""
    functions = find_cv_functions(chosen)
    own = {part for function in functions for part in (function.template, *function.parts)}
    return own | {_COMMON, _HEADER} if functions else own


def _texts(function: CvFunction) -> list[str]:
    parts = [_fill(part, dtype=function.dtype) for part in function.parts]
    body = _fill(function.template, f=function, **dict(function.params))
    return [*parts, f"/* ---- {function.symbol} ---- */\n{body}"]


def cv_c(chosen: Chosen, target: Target) -> str:
    """Text of ``<model>_cv.c``. The same functions for the same target give the same text, whatever the model."""
    functions = find_cv_functions(chosen)
    names = "".join(f" * {f.symbol}\n" for f in functions)
    head = f"/* Image functions for {target.name}. Generated; do not edit.\n *\n{names} */"
    texts = [_fill(_COMMON), *dict.fromkeys(text for function in functions for text in _texts(function))]
    return "\n".join([head, vocabulary([target.isa], target.facts, texts), *texts])


def cv_h(chosen: Chosen, prefix: str) -> str:
    """Text of ``<model>_cv.h``; ``prefix`` is what the model's C names begin with."""
    return _fill(_HEADER, functions=find_cv_functions(chosen), upper=prefix.upper())
