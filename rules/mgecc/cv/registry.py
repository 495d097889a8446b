"""All image functions, found in the modules of this package."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from mgecc.cv.function import CvFunction

Chosen = Iterable[tuple[str, str]]


@cache
def cv_functions() -> dict[tuple[str, str], CvFunction]:
    """(name, element type) as a configuration has them -> function, in order of these."""
    package = importlib.import_module("mgecc.cv")
    modules = [importlib.import_module(f"mgecc.cv.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    every = [function for module in modules for function in getattr(module, "FUNCTIONS", ())]
    return {(f.name, f.dtype.name): f for f in sorted(every, key=lambda f: (f.name, f.dtype.name))}


def find_cv_functions(chosen: Chosen) -> list[CvFunction]:
    """The functions of these (name, element type), once each and in order.

    Raises KeyError with a sentence for one that does not exist.
    """
    known = cv_functions()
    for name, dtype in chosen:
        if (name, dtype) not in known:
            raise KeyError(_advice(name, dtype))
    return [known[key] for key in sorted(set(chosen))]


def _advice(name: str, dtype: str) -> str:
    names = sorted({known for known, _ in cv_functions()})
    if name in names:
        dtypes = ", ".join(d for n, d in cv_functions() if n == name)
        return f"the image function {name} exists for {dtypes}, not for {dtype}"
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
    return f"there is no image function {name}; {hint}"
