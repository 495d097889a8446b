"""Nodes whose results TensorFlow Lite Micro's reference kernels have recorded, as JSON holds them."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.ops.rescale import Rescale

FILE = Path(__file__).parents[1] / "data" / "tflm.json"
Type = tuple[str, float | None, int]


@dataclass(frozen=True)
class Recorded:
    """``op``, ``attrs``: of our node. ``kernel``: of TFLM. ``arrays``: constants and inputs, then the result."""

    kernel: str
    op: str
    attrs: dict[str, Any]
    types: list[Type]
    constant: list[bool]
    arrays: list[np.ndarray]

    def node(self) -> Node:
        values = [
            Value(f"x{k}", TensorType(array.shape, DType(*stated)), const=array if constant else None)
            for k, (array, stated, constant) in enumerate(zip(self.arrays, self.types, self.constant))
        ]
        node = Node(self.op, "test", ops.attributes_of(self.op, _read(self.attrs)), values, origin="test")
        node.outputs = [Value("y", t, node) for t in ops.infer(node)]
        return node


def _read(attrs: dict[str, Any]) -> dict[str, Any]:
    def value(name: str, stated: Any) -> Any:
        if name == "rescale":
            return Rescale(**{**stated, "factors": tuple(stated["factors"])})
        if name.endswith("dtype"):
            return DType(*stated)
        return tuple(value("", part) for part in stated) if isinstance(stated, list) else stated

    return {name: value(name, stated) for name, stated in attrs.items()}


def _text(array: np.ndarray) -> list[Any]:
    return [
        array.dtype.name,
        list(array.shape),
        base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    ]


def _array(name: str, shape: list[int], data: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(data), name).reshape(shape)


def write(cases: list[Recorded]) -> None:
    stated = [{**asdict(case), "arrays": [_text(a) for a in case.arrays]} for case in cases]
    lines = [
        json.dumps(case, default=lambda x: x.item() if isinstance(x, np.generic) else asdict(x))
        for case in stated
    ]
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def read() -> list[Recorded]:
    cases = json.loads(FILE.read_text(encoding="utf-8"))
    return [Recorded(**{**case, "arrays": [_array(*a) for a in case["arrays"]]}) for case in cases]
