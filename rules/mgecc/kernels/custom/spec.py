"""Candidates for operators that the user computes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import jinja2
import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, serves
from mgecc.kernels.render import render_kernel
from mgecc.ops.custom import UserKernel
from mgecc.targets import Target

_C_TYPES = {"float32": "float", "float16": "uint16_t", "bool": "uint8_t"}


class Snippet(str):
    """A template of the user's as a parameter of ours."""

    @jinja2.pass_context
    def fill(self, context: jinja2.runtime.Context) -> str:
        """The template's text, filled in with the names that the outer one sees."""
        return context.environment.from_string(str(self)).render(context.get_all())


def _c_type(value: Value) -> str:
    dtype = value.type.dtype
    return _C_TYPES.get(dtype.name, f"{dtype.numpy.name}_t")


def c_string(text: str) -> str:
    """A C string literal of printable ASCII; everything else becomes a question mark."""
    safe = "".join(c if " " <= c <= "~" else "?" for c in text)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def comment(text: str) -> str:
    """Text that cannot end a C comment."""
    safe = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text)
    return safe.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def _described(value: Value) -> tuple[Param, ...]:
    dtype, shape = value.type.dtype, value.shape
    scale = repr(float(dtype.scale or 0.0))
    return (
        c_string(value.name),
        shape,
        value.type.nbytes,
        f"MGECC_{dtype.name.upper()}",
        scale,
        dtype.zero_point,
    )


def _symbol(word: str, params: dict[str, Param]) -> str:
    return f"custom_{word}_{hashlib.sha256(repr(sorted(params.items())).encode()).hexdigest()[:8]}"


def _prototype(node: Node, function: str) -> str:
    """What the model's header says about the function."""
    reads, gives = (", ".join(f"{v.name}: {v.type}" for v in side) for side in (node.inputs, node.outputs))
    parameters = f" ({node.attrs['parameters']})" if node.attrs["parameters"] else ""
    said = comment(f"{node.attrs['operator']}{parameters}: {reads} -> {gives}")
    return f"/* To be defined by the application. {said} */\nvoid {function}(const mgecc_custom *call);"


def _operands(node: Node) -> list[tuple[str, str]]:
    return [
        *((f"x{i}", f"const {_c_type(v)} *") for i, v in enumerate(node.inputs)),
        *((f"y{i}", f"{_c_type(v)} *") for i, v in enumerate(node.outputs)),
    ]


def _call_kernel(node: Node, function: str) -> Kernel:
    attrs = node.attrs
    params: dict[str, Param] = {
        "function": function,
        "title": comment(attrs["operator"]),
        "operator": c_string(attrs["operator"]),
        "parameters": c_string(attrs["parameters"]),
        "tensors": tuple(map(_described, (*node.inputs, *node.outputs))),
        "inputs": len(node.inputs),
        "size": len(attrs["data"]),
    }
    data = [("data", "const void *")] if attrs["data"] else []
    operands = (*_operands(node), *data)
    given = tuple(sorted(params.items()))
    return Kernel(
        _symbol(function, params),
        "custom/call.c.j2",
        operands,
        (),
        given,
        declares=_prototype(node, function),
    )


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return isinstance(value, (int, float, str, bool))


def _template_kernel(node: Node, user: UserKernel) -> Kernel:
    params: dict[str, Param] = {key: v for key, v in node.attrs["given"].items() if _plain(v)}
    params["inputs"] = tuple(v.shape for v in node.inputs)
    params["outputs"] = tuple(v.shape for v in node.outputs)
    params["text"] = Snippet(user.template)
    operands, given = tuple(_operands(node)), tuple(sorted(params.items()))
    return Kernel(
        _symbol(node.attrs["operator"].lower(), params),
        "custom/template.c.j2",
        operands,
        (),
        given,
        ("math",),
    )


def _build(kernel: Kernel, node: Node) -> list[Call]:
    data: bytes = node.attrs["data"]
    last: list[Operand] = [Const(partial(np.frombuffer, data, np.uint8))] if data else []
    return [Call(kernel, (*node.inputs, *node.outputs, *last))]


@serves("Custom")
def customs(node: Node, target: Target) -> Iterator[Candidate]:
    """One call of the user's function, or one kernel out of the user's template."""
    user: UserKernel = node.attrs["user"]
    kernel = _call_kernel(node, user.function) if user.function else _template_kernel(node, user)
    try:
        render_kernel(kernel, target)
    except jinja2.TemplateError as error:
        place = f"line {error.lineno}: " if isinstance(error, jinja2.TemplateSyntaxError) else ""
        raise Unsupported(f"the template {user.file} cannot be filled in: {place}{error.message}") from None
    blocks = (1,) * len(node.inputs), (1,) * len(node.outputs)
    yield Candidate(partial(_build, kernel), 1000.0, *blocks, why="the user's own")
