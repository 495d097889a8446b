"""model.yaml -> ModelConfig."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from mgecc.config.cases import cases_beside
from mgecc.config.declared_sizes import check_sizes, parse_size
from mgecc.config.document import Document, Keys, read_document
from mgecc.config.model import (
    CustomConfig,
    InputConfig,
    ModelConfig,
    Preprocess,
    Verify,
    check_model_name,
    check_name,
)
from mgecc.config.schema import validate

# What a result may differ by where model.yaml gives no limit at all, as a fraction of the largest expected output.
DEFAULT_MAX_ABS_OF_PEAK = 1e-4
_LIMITS = ("rtol", "atol", "max_abs_of_peak", "max_steps")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_PLAIN_KEYS = ("description", "licence", "version", "vendor", "optimize", "threads", "verify_blob")


def default_verify(model: Path) -> Verify:
    """How a model file without a model.yaml is verified: against the recordings beside it, where there are any."""
    beside = cases_beside(model)
    return Verify(beside, beside, max_abs_of_peak=DEFAULT_MAX_ABS_OF_PEAK)


def load_config(path: Path | str, name: str = "") -> ModelConfig:
    """Read a model.yaml; ``name`` overrules what it says, and the folder's name.

    Raises ConfigError with every problem found: unreadable or malformed YAML, unknown keys, wrong types or ranges,
    files that are not there, a name that C would refuse.
    """
    document = read_document(Path(path))
    validate(document)
    if isinstance(document.value, dict):
        _check_meaning(document, name)
    document.check()
    config = _build(Path(path), document.value)
    return replace(config, name=name or config.name, places=_places(document))


def _places(document: Document) -> dict[str, str]:
    """Where the keys of a file stand, down to the names of inputs."""
    return {
        ".".join(map(str, keys)): f"{document.file}:{line}:{column}"
        for keys, (line, column) in document.keys.items()
        if len(keys) <= 3
    }


def parse_bytes(value: int | str) -> int:
    """65536, '64K', '1.5M' or '64 KiB' -> bytes; K, M and G are powers of 1024."""
    match = re.fullmatch(r"([0-9.]+) ?([KMG]?)(?:i?B)?", str(value))
    if not match:
        raise ValueError(f"not a number of bytes: {value!r}")
    return int(float(match[1]) * _UNITS[match[2]])


def _check_meaning(document: Document, overruled: str) -> None:
    """Mistakes a schema cannot see."""
    name = document.value.get("name")
    given = overruled or (name if isinstance(name, str) else _default_name(Path(document.file)))
    why = check_model_name(given)
    if why:
        hint = "" if isinstance(name, str) else " (the folder's name)"
        hint += "; give another one with 'name:' or --name"
        document.add_at(("name",), why + hint)
    for keys in (("model",), ("labels",), ("verify", "inputs"), ("verify", "expected")):
        _check_file(document, keys)
    _check_preprocess(document)
    _check_inputs(document)
    check_sizes(document)
    _check_user_code(document)


def _check_user_code(document: Document) -> None:
    custom, kernels = (_lookup(document.value, (key,)) for key in ("custom", "kernels"))
    for name, given in custom.items() if isinstance(custom, dict) else ():
        _check_file(document, ("custom", name, "source"))
        if isinstance(given, dict):
            function = given.get("function", function_name(name))
            why = check_name(function) if isinstance(function, str) else None
            if why:
                document.add_at(
                    ("custom", name, "function"), f"{why}; give the C function's name with 'function:'"
                )
    for name, file in kernels.items() if isinstance(kernels, dict) else ():
        _check_file(document, ("kernels", name))
        why = check_name(Path(file).stem) if isinstance(file, str) and file.endswith(".c") else None
        if why:
            document.add_at(("kernels", name), f"{why}; the function is called like the file")


def _default_name(path: Path) -> str:
    return path.absolute().parent.name


def _lookup(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _check_file(document: Document, keys: Keys) -> None:
    value = _lookup(document.value, keys)
    told = not isinstance(value, str) or "\0" in value
    if not told and not os.path.isfile(Path(document.file).parent / value):
        document.add_at(keys, f"there is no file '{value}'")


def _check_preprocess(document: Document) -> None:
    given = document.value.get("preprocess")
    if not isinstance(given, dict):
        return
    channels = 1 if given.get("colour") == "GRAY" else 3
    for key in ("mean", "std"):
        numbers = given.get(key)
        if isinstance(numbers, list) and len(numbers) != channels:
            document.add_at(("preprocess", key), f"'{key}' must have {channels} numbers, one per channel")
    _check_std(document, ("preprocess",))


def _check_inputs(document: Document) -> None:
    inputs = document.value.get("inputs")
    for name, given in inputs.items() if isinstance(inputs, dict) else ():
        _check_std(document, ("inputs", name))
        sizes = [
            len(given[key])
            for key in ("mean", "std")
            if isinstance(given, dict) and isinstance(given.get(key), list)
        ]
        if len(set(sizes) - {1}) > 1:
            document.add_at(("inputs", name, "std"), "'mean' and 'std' have different numbers of channels")


def _check_std(document: Document, keys: Keys) -> None:
    std = _lookup(document.value, (*keys, "std"))
    for i, number in enumerate(std if isinstance(std, list) else ()):
        if number == 0:
            document.add_at((*keys, "std", i), "'std' must not be 0")


def _build(path: Path, value: dict[str, Any]) -> ModelConfig:
    """A ModelConfig from a value that has passed every check."""
    folder = path.parent
    plain = {key: value[key] for key in _PLAIN_KEYS if key in value}
    return ModelConfig(
        path=path,
        name=value.get("name", _default_name(path)),
        model=folder / value["model"],
        inputs={name: _input(given) for name, given in sorted(value.get("inputs", {}).items())},
        input_shapes=tuple(_shapes(given) for given in value.get("input_shapes", ())),
        sizes=tuple(parse_size(name, given) for name, given in sorted(value.get("sizes", {}).items())),
        bind=dict(sorted(value.get("bind", {}).items())),
        state=dict(sorted(value.get("state", {}).items())),
        buffers=_outside(value.get("buffers", {})),
        flash=parse_bytes(value["flash"]) if "flash" in value else None,
        ram=parse_bytes(value["ram"]) if "ram" in value else None,
        labels=folder / value["labels"] if "labels" in value else None,
        preprocess=_preprocess(value["preprocess"]) if "preprocess" in value else None,
        verify=_verify(folder, value.get("verify", {})),
        options=dict(sorted(value.get("options", {}).items())),
        cv=tuple(sorted({(name, dtype) for name, dtypes in value.get("cv", {}).items() for dtype in dtypes})),
        custom={
            name: _custom(folder, name, given) for name, given in sorted(value.get("custom", {}).items())
        },
        kernels={name: folder / file for name, file in sorted(value.get("kernels", {}).items())},
        **plain,
    )


def _outside(given: dict[str, str | list[str]]) -> frozenset[str]:
    """What lies outside of the arena, as of ``ModelConfig.buffers``."""
    whole = {kind for kind, place in given.items() if place == "user"}
    return frozenset(whole).union(
        f"{kind}.{name}" for kind, place in given.items() if isinstance(place, list) for name in place
    )


def _shape(given: list[int]) -> tuple[int, ...]:
    return tuple(int(extent) for extent in given)


def _sized_shape(given: list[int | str]) -> tuple[int | str, ...]:
    return tuple(extent if isinstance(extent, str) else int(extent) for extent in given)


def _shapes(given: dict[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {name: _shape(shape) for name, shape in sorted(given.items())}


def _input(given: dict[str, Any]) -> InputConfig:
    return InputConfig(
        shape=_sized_shape(given["shape"]) if "shape" in given else None,
        dtype=given.get("dtype"),
        layout=given.get("layout", "NCHW"),
        mean=tuple(map(float, given.get("mean", ()))),
        std=tuple(map(float, given.get("std", ()))),
        scale=float(given.get("scale", 1.0)),
    )


def _custom(folder: Path, name: str, given: dict[str, Any]) -> CustomConfig:
    outputs = tuple(
        (row.get("dtype", "float32"), _shape(row["shape"]) if "shape" in row else None)
        for row in given.get("outputs", ())
    )
    source = folder / given["source"] if "source" in given else None
    return CustomConfig(given.get("function", function_name(name)), outputs, source)


def function_name(name: str) -> str:
    """The C function for an operator that is given none: its name up to a colon, with _ for what C does not allow."""
    return re.sub(r"\W", "_", name.partition(":")[0], flags=re.ASCII)


def _preprocess(given: dict[str, Any]) -> Preprocess:
    height, width = _shape(given["size"])
    channels = 1 if given.get("colour") == "GRAY" else 3
    return Preprocess(
        input=given["input"],
        size=(height, width),
        colour=given.get("colour", "RGB"),
        mean=tuple(float(x) for x in given.get("mean", [0.0] * channels)),
        std=tuple(float(x) for x in given.get("std", [1.0] * channels)),
        layout=given.get("layout", "NCHW"),
        scale=float(given.get("scale", 1.0)),
    )


def _verify(folder: Path, given: dict[str, Any]) -> Verify:
    values: dict[str, Any] = {key: float(given[key]) for key in _LIMITS if key in given}
    if not values:
        values["max_abs_of_peak"] = DEFAULT_MAX_ABS_OF_PEAK
    values.update((key, folder / given[key]) for key in ("inputs", "expected") if key in given)
    if "top" in given:
        values["top"] = int(given["top"])
    return Verify(**values)
