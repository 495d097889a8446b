"""Records that a C function of the user's stands for: which function, and the types of their results."""

from __future__ import annotations

from collections.abc import Mapping

from mgecc.frontends.errors import printable
from mgecc.graph import DType, TensorType, Unsupported
from mgecc.ops.custom import CustomFunction

from .model import Model, Record

FOREIGN = ("ExternCOprRunner", "CustomOpNode")
"""Record types whose code is not in the model file."""


def title(record: Record) -> str:
    """What the operator calls itself: the dump name of an extern operator, the type of a custom one."""
    if record.type in FOREIGN and record.blobs:
        return printable(record.blobs[0].decode("utf-8", "replace").rstrip("\0"))
    return record.type


def payload(record: Record) -> bytes:
    """The data that an extern operator (second blob) or a custom one (third) brings for its own code."""
    return record.blobs[-1] if record.type in FOREIGN and len(record.blobs) > 1 else b""


def function_for(
    record: Record, name: str, functions: Mapping[str, CustomFunction]
) -> tuple[str, CustomFunction] | None:
    """The user's entry for a record: by its own name, its title, the title up to a colon (the loader), or its type."""
    own = title(record)
    found = (key for key in (name, own, own.partition(":")[0], record.type) if key in functions)
    key = next(found, None)
    return None if key is None else (key, functions[key])


def result_types(record: Record, entry: CustomFunction, model: Model, as_written: bool) -> list[TensorType]:
    """Types of the results: as the user states them, shapes else as the file does.

    ``as_written``: the model's inputs have the shapes of the file, and so the results have those that it states.
    """
    if len(entry.outputs) != len(record.outputs):
        why = f"it has {len(record.outputs)} results, {len(entry.outputs)} are described"
        raise Unsupported(f"{why} in the configuration", example(record, model))
    types = []
    for number, (dtype, shape) in zip(record.outputs, entry.outputs):
        if not shape and not as_written:
            why = "the file states the shapes of its results for other input shapes"
            raise Unsupported(why, example(record, model))
        shape = shape or model.values[number].shape
        if not shape:
            raise Unsupported(
                "the model file does not state the shapes of its results", example(record, model)
            )
        types.append(TensorType(shape, DType(dtype)))
    return types


def example(record: Record, model: Model) -> str:
    """What the user has to write in model.yaml, or in MegCC's JSON."""
    shapes = [model.values[n].shape for n in record.outputs]
    rows = ", ".join(f"{{dtype: float32, shape: {list(shape) if shape else '[...]'}}}" for shape in shapes)
    key = title(record).partition(":")[0]
    texts = ";".join(f"({','.join(map(str, shape)) if shape else '...'})" for shape in shapes)
    yaml = f"in model.yaml, custom: {{{key}: {{outputs: [{rows}]}}}}"
    return (
        f"name a C function and its results {yaml}; in MegCC's JSON, extern_opr_output_shape: '{key}={texts}'"
    )


def missing(record: Record, model: Model) -> Unsupported:
    """No function was named for an operator whose code lies elsewhere."""
    return Unsupported(f"{title(record)} stands for code outside of the model file", example(record, model))
