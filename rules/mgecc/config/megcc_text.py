"""The small languages inside MegCC's JSON: shapes of inputs, and the results of loaders."""

from __future__ import annotations

import re
from collections.abc import Iterator

Shape = tuple[int, ...]
Shapes = dict[str, Shape]
Results = tuple[tuple[str, Shape | None], ...]

ANY_LOADER = "ExternCOprRunner"
"""Stands for a loader whose name is left out: the record type of all of them."""

_AXES = 7
_BETWEEN = re.compile(r"[;:\s]*")
_INPUT = re.compile(r"([^=;]*[^=;\s])\s*=\s*\(([0-9,\s]*)\)\s*")
_SHAPE = re.compile(r"\(([0-9,\s]*)\)")
_DTYPES = ("float32", "int32", "uint8", "float16", "int16", "int8")
_INPUTS_ARE_WRITTEN = (
    "input shapes are written 'name=(1,3,224,224);other=(2,3)', another set after ':', up to 7 numbers each; "
    "on the command line also 'name=1x3x224x224,other=2x3'"
)


class TextError(Exception):
    """A text that cannot be read. ``key``: the key of the JSON whose value it is."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def shape_sets(text: str) -> list[Shapes]:
    """'a=(1,2);b=(3):a=(4,5);b=(6)' as sets of shapes by input; empty parts say nothing. Raises TextError."""
    sets: list[Shapes] = [{}]
    position = _gap(text, 0)
    while position < len(text):
        match = _INPUT.match(text, position)
        shape = _numbers(match[2]) if match else ()
        position = _gap(text, match.end()) if match else 0
        if match is None or not shape or position == match.end() < len(text):
            raise TextError("input_shape_str", _INPUTS_ARE_WRITTEN)
        _check_input(match[1], shape, sets[-1])
        sets[-1][match[1]] = shape
        if ":" in text[match.end() : position] and position < len(text):
            sets.append({})
    return [found for found in sets if found]


def _gap(text: str, position: int) -> int:
    """The end of what stands between two shapes."""
    match = _BETWEEN.match(text, position)
    return match.end() if match else position


def _check_input(name: str, shape: Shape, known: Shapes) -> None:
    wrong = next((n for n in shape if not 0 < n < 1 << 31), None)
    if wrong is not None:
        raise TextError("input_shape_str", f"{wrong} is no size for '{name}'")
    if name in known:
        raise TextError("input_shape_str", f"the shape of '{name}' is given twice")


def _numbers(text: str) -> Shape:
    """Numbers between commas or blanks; () if there are none or too many."""
    found = tuple(int(number) for number in re.findall("[0-9]+", text))
    return found if len(found) <= _AXES else ()


def results_of_loaders(shapes: str, dtypes: str) -> dict[str, Results]:
    """Element types and shapes of all results by loader: 'a=(1,3);(2):b=(4)' and 'float32;int32:uint8'.

    The name of a single loader may be left out; element types may be those of the loaders in order, or by name. Where
    one text is empty, float32 or the shapes in the model file are meant. Raises TextError.
    """
    sizes = {name: _shapes(parts) for name, parts in _by_loader("extern_opr_output_shape", shapes)}
    kinds = {
        name: _kinds(parts) for name, parts in _by_loader("extern_opr_output_dtype", dtypes, list(sizes))
    }
    if len(sizes) == 1 and list(sizes) == [ANY_LOADER] and len(kinds) == 1:
        sizes = dict.fromkeys(kinds, sizes[ANY_LOADER])
    return {
        name: _results(name, sizes.get(name, []), kinds.get(name, []))
        for name in dict.fromkeys((*sizes, *kinds))
    }


def _by_loader(key: str, text: str, known: list[str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """'loader=a;b:other=c' as (loader, parts). ``known``: the loaders that parts without a name are for, in order."""
    loaders = [part for part in text.split(":") if part.strip()]
    names = known or [ANY_LOADER]
    _check_names(key, text, loaders, known)
    for i, part in enumerate(loaders):
        name, _, rest = part.rpartition("=")
        yield name.strip() or names[i], [item.strip() for item in rest.split(";") if item.strip()]


def _check_names(key: str, text: str, loaders: list[str], known: list[str] | None) -> None:
    """Loaders have names all of them, or none where their order is known. Raises TextError."""
    without = sum("=" not in part for part in loaders)
    bare = without == len(loaders) > 0
    if bare and known and len(loaders) != len(known):
        message = f"the element types are those of {len(loaders)} loaders, the shapes those of {len(known)}"
        raise TextError(key, message)
    if without and (not bare or len(loaders) > len(known or [ANY_LOADER])):
        raise TextError(key, f"the loader's name is missing in '{text[:40]}'")


def _shapes(parts: list[str]) -> list[Shape]:
    found = []
    for part in parts:
        match = _SHAPE.fullmatch(part)
        shape = _numbers(match[1]) if match else ()
        if not shape or not all(0 < n < 1 << 31 for n in shape):
            raise TextError("extern_opr_output_shape", f"'{part[:40]}' is not a shape such as (1,10)")
        found.append(shape)
    return found


def _kinds(parts: list[str]) -> list[str]:
    for kind in parts:
        if kind not in _DTYPES:
            message = f"unknown element type '{kind[:40]}'; known are {', '.join(_DTYPES)}"
            raise TextError("extern_opr_output_dtype", message)
    return parts


def _results(loader: str, sizes: list[Shape], kinds: list[str]) -> Results:
    kinds = kinds or ["float32"] * len(sizes)
    shapes: list[Shape | None] = [*sizes] if sizes else [None] * len(kinds)
    if len(kinds) != len(shapes):
        message = f"{loader} has {len(shapes)} shapes and {len(kinds)} element types"
        raise TextError("extern_opr_output_dtype", message)
    return tuple(zip(kinds, shapes))
