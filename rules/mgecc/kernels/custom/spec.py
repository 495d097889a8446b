"""Candidates for operators that the user computes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jinja2
import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.graph.symbolic import has_sizes
from mgecc.graph.unsupported import plain_text
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, serves
from mgecc.kernels.render import render_kernel
from mgecc.ops.custom import CustomAttrs, UserKernel
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


def _sized(values: Sequence[Value]) -> list[tuple[str, int]]:
    """Numbers of tensors that depend on declared sizes: what they are called in the kernel, and the numbers."""
    found = []
    for i, value in enumerate(values):
        if has_sizes(value.shape):
            found += [(f"d{i}_{axis}", n) for axis, n in enumerate(value.shape) if has_sizes((n,))]
            found.append((f"bytes{i}", value.type.nbytes))
    return found


def _described(value: Value, position: int) -> tuple[Param, ...]:
    dtype = value.type.dtype
    shape = tuple(f"a->d{position}_{k}" if has_sizes((n,)) else n for k, n in enumerate(value.shape))
    scale = repr(float(dtype.scale or 0.0))
    return (
        c_string(value.name),
        shape,
        f"(uint32_t)a->bytes{position}" if has_sizes(value.shape) else value.type.nbytes,
        f"MGECC_{dtype.name.upper()}",
        scale,
        dtype.zero_point,
    )


def _symbol(word: str, params: dict[str, Param]) -> str:
    return f"custom_{word}_{hashlib.sha256(repr(sorted(params.items())).encode()).hexdigest()[:8]}"


def _prototype(node: Node, function: str) -> str:
    """What the model's header says about the function."""
    reads, gives = (", ".join(f"{v.name}: {v.type}" for v in side) for side in (node.inputs, node.outputs))
    attrs = node.attributes(CustomAttrs)
    parameters = f" ({attrs.parameters})" if attrs.parameters else ""
    said = comment(f"{attrs.operator}{parameters}: {plain_text(reads)} -> {plain_text(gives)}")
    return f"/* To be defined by the application. {said} */\nvoid {function}(const mgecc_custom *call);"


def _operands(node: Node) -> list[tuple[str, str]]:
    return [
        *((f"x{i}", f"const {_c_type(v)} *") for i, v in enumerate(node.inputs)),
        *((f"y{i}", f"{_c_type(v)} *") for i, v in enumerate(node.outputs)),
    ]


def _call_kernel(node: Node, function: str) -> Kernel:
    attrs = node.attributes(CustomAttrs)
    params: dict[str, Param] = {
        "function": function,
        "title": comment(attrs.operator),
        "operator": c_string(attrs.operator),
        "parameters": c_string(attrs.parameters),
        "tensors": tuple(_described(v, i) for i, v in enumerate((*node.inputs, *node.outputs))),
        "inputs": len(node.inputs),
        "size": len(attrs.data),
    }
    sizes = _sized((*node.inputs, *node.outputs))
    params |= {"sized": True} if sizes else {}
    data = [("data", "const void *")] if attrs.data else []
    operands = (*_operands(node), *data)
    given = tuple(sorted(params.items()))
    return Kernel(
        _symbol(function, params),
        "custom/call.c.j2",
        operands,
        tuple((name, "int32_t") for name, _ in sizes),
        given,
        declares=_prototype(node, function),
    )


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return isinstance(value, (int, float, str, bool))


def _template_kernel(node: Node, user: UserKernel) -> Kernel:
    if _sized((*node.inputs, *node.outputs)):
        why = (
            f"the template {user.file} takes shapes as fixed numbers, and here they depend on declared sizes"
        )
        raise Unsupported(why, "give a function (.c), which gets them when it is called")
    attrs = node.attributes(CustomAttrs)
    params: dict[str, Param] = {key: v for key, v in attrs.given if _plain(v)}
    params["inputs"] = tuple(v.shape for v in node.inputs)
    params["outputs"] = tuple(v.shape for v in node.outputs)
    params["text"] = Snippet(user.template)
    operands, given = tuple(_operands(node)), tuple(sorted(params.items()))
    return Kernel(
        _symbol(attrs.operator.lower(), params),
        "custom/template.c.j2",
        operands,
        (),
        given,
        ("math",),
    )


def _build(kernel: Kernel, node: Node) -> list[Call]:
    data = node.attributes(CustomAttrs).data
    last: list[Operand] = [Const(partial(np.frombuffer, data, np.uint8))] if data else []
    numbers = tuple(n for _, n in _sized((*node.inputs, *node.outputs))) if kernel.fields else ()
    return [Call(kernel, (*node.inputs, *node.outputs, *last), numbers)]


@serves("Custom")
def customs(node: Node, target: Target) -> Iterator[Candidate]:
    """One call of the user's function, or one kernel out of the user's template."""
    user = node.attributes(CustomAttrs).user
    kernel = _call_kernel(node, user.function) if user.function else _template_kernel(node, user)
    try:
        render_kernel(kernel, target)
    except jinja2.TemplateError as error:
        place = f"line {error.lineno}: " if isinstance(error, jinja2.TemplateSyntaxError) else ""
        raise Unsupported(f"the template {user.file} cannot be filled in: {place}{error.message}") from None
    blocks = (1,) * len(node.inputs), (1,) * len(node.outputs)
    yield Candidate(partial(_build, kernel), 1000.0, *blocks, why="the user's own")
