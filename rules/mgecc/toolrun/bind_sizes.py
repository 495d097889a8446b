"""Declared sizes of a model in use: which sizes recorded inputs have, and the interface with these sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import product
from math import prod
from typing import Any

from mgecc.config import ModelConfig, SizeConfig
from mgecc.errors import InputError
from mgecc.graph import DType
from mgecc.toolrun.tensors import Arrays, Interface, Tensor

_OPERATIONS: dict[str, Callable[[Sequence[int]], int]] = {
    "+": sum,
    "*": prod,
    "div": lambda operands: reduce(lambda a, b: a // b, operands),
    "min": min,
    "max": max,
}


def evaluate(expression: Any, numbers: Mapping[str, int]) -> int:
    """The number that an expression of the report has for these sizes."""
    if isinstance(expression, list):
        return _OPERATIONS[expression[0]]([evaluate(e, numbers) for e in expression[1:]])
    return numbers[expression] if isinstance(expression, str) else int(expression)


def with_sizes(interface: Interface, numbers: Mapping[str, int]) -> Interface:
    """The interface with the shapes that follow from sizes."""
    return replace(
        interface,
        inputs=tuple(_tensor(t, numbers) for t in interface.inputs),
        outputs=tuple(_tensor(t, numbers) for t in interface.outputs),
    )


def _tensor(tensor: Tensor, numbers: Mapping[str, int]) -> Tensor:
    if not tensor.sized_shape:
        return tensor
    return replace(tensor, shape=tuple(evaluate(n, numbers) for n in tensor.sized_shape))


def sizes_of(inputs: Arrays, interface: Interface) -> dict[str, int]:
    """Sizes that make the shapes of recorded inputs, or of their cases. Raises InputError."""
    found: dict[str, int] = {}
    for depth in (0, 1):
        found = _measured(inputs, interface, depth)
        if len(found) == len(interface.sizes) and _fits(inputs, with_sizes(interface, found), depth):
            return _checked(interface.sizes, found)
    shapes = [
        f"{t.name} {list(inputs[f'in.{t.name}'].shape)}" for t in interface.inputs if f"in.{t.name}" in inputs
    ]
    ranges = ", ".join(f"{s.name} from {s.low} to {s.high}" for s in interface.sizes)
    raise InputError(
        f"no sizes give inputs of these shapes: {', '.join(shapes) or 'none'}; sizes are {ranges}"
    )


def with_sizes_of(config: ModelConfig, inputs: Arrays) -> ModelConfig:
    """The configuration with the sizes that arrays of the network's inputs have. Raises InputError."""
    if not config.sizes:
        return config
    shapes = {name: spec.shape for name, spec in config.inputs.items() if spec.shape}
    largest = config.with_sizes({size.name: size.high for size in config.sizes}).given_shapes
    tensors = tuple(Tensor(n, largest[n], DType("float32"), None, shape) for n, shape in shapes.items())
    return config.with_sizes(sizes_of(inputs, Interface(tensors, (), 0, 0, config.sizes)))


def _measured(inputs: Arrays, interface: Interface, depth: int) -> dict[str, int]:
    """Each size as the first axis that is it alone has it; ``depth``: axes of cases in front."""
    found: dict[str, int] = {}
    for tensor in interface.inputs:
        key = tensor.key_in(inputs)
        shape = inputs[key].shape[depth:] if key in inputs else ()
        for n, expression in zip(shape, tensor.sized_shape):
            name = _name(expression)
            if name:
                found.setdefault(name, n)
    return found


def _name(expression: Any) -> str:
    """The size that an axis is; "" for other expressions."""
    match expression:
        case str():
            return expression
        case ["*", int(step), ["div", str(name), int(by)]] if step == by:
            return name
    return ""


def _fits(inputs: Arrays, interface: Interface, depth: int) -> bool:
    keys = {tensor.key_in(inputs): tensor.shape for tensor in interface.inputs}
    return all(inputs[key].shape[depth:] == shape for key, shape in keys.items() if key in inputs)


def _checked(sizes: Sequence[SizeConfig], numbers: dict[str, int]) -> dict[str, int]:
    for size in sizes:
        if numbers[size.name] not in size:
            step = f" in steps of {size.step}" if size.step > 1 else ""
            raise InputError(
                f"{size.name} is {numbers[size.name]}; it goes from {size.low} to {size.high}{step}"
            )
    return numbers


def sample(sizes: Sequence[SizeConfig]) -> list[dict[str, int]]:
    """Sizes to try: all combinations of the ends, one place in the middle, and neighbours of the ends."""
    ends = [dict.fromkeys((size.low, size.high)) for size in sizes]
    points = [dict(zip((s.name for s in sizes), point)) for point in product(*ends)][:8]
    for part in (0.31, 0.77):
        points.append({s.name: _inside(s, part) for s in sizes})
    return [dict(p) for p in dict.fromkeys(tuple(p.items()) for p in points)]


def _inside(size: SizeConfig, part: float) -> int:
    steps = (size.high - size.low) // size.step
    return size.low + round(part * steps) * size.step
