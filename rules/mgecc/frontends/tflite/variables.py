"""Variables of a file: memory that lives across runs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mgecc.frontends.build import GraphBuilder
from mgecc.frontends.tensors import Shape, Tensor, TensorBuilder
from mgecc.graph import DType, Unsupported

from .constants import array_of, type_of
from .model import StoredTensor


@dataclass(eq=False)
class Variable:
    """``current``: what it holds at this point of a run. ``initial``: before the first run; None for zeros."""

    name: str
    initial: np.ndarray | None = None
    dtype: DType | None = None
    shape: Shape | None = None
    current: Tensor | None = None
    is_read: bool = False

    def declare(self, shape: Shape, dtype: DType) -> None:
        """What the file says of it, where its first contents do not."""
        if self.shape is None:
            self.shape, self.dtype = shape, dtype

    def read(self, t: TensorBuilder) -> Tensor:
        """What it holds; of the run before where this one has not changed it yet."""
        if self.current is None:
            assert self.shape is not None and self.dtype is not None
            value = t.build.state(self.name, self.shape, self.dtype)
            self.current, self.is_read = Tensor(value, self.shape, self.dtype), True
        return self.current


@dataclass
class Variables:
    """All of a file; handles are the numbers of ``named``."""

    build: GraphBuilder
    named: list[Variable] = field(default_factory=list)
    tensors: dict[int, Variable] = field(default_factory=dict)

    def handle(self, name: str) -> int:
        """The number of the variable with this name, which there is from now on."""
        for number, variable in enumerate(self.named):
            if variable.name == name:
                return number
        self.named.append(Variable(name))
        return len(self.named) - 1

    def of_handle(self, handle: Tensor) -> Variable:
        numbers = handle.integers
        if len(numbers) != 1 or not 0 <= numbers[0] < len(self.named):
            raise Unsupported("it reads no variable", "convert the model again")
        return self.named[numbers[0]]

    def of_tensor(self, number: int, stored: StoredTensor) -> Variable:
        """A variable tensor of the first subgraph; before the first run it holds what real zeros are stored as."""
        if number not in self.tensors:
            dtype = type_of(stored)
            zeros = np.full(stored.shape, dtype.zero_point, dtype.numpy) if dtype.zero_point else None
            made = Variable(
                stored.name or f"variable{number}", zeros if stored.data is None else array_of(stored)
            )
            made.declare(stored.shape, dtype)
            self.tensors[number] = made
        return self.tensors[number]

    def finish(self) -> None:
        """Keep what variables hold that the next run reads."""
        for variable in (*self.named, *self.tensors.values()):
            if variable.is_read and variable.current is not None:
                self.build.keep(variable.name, variable.current.value, variable.initial)
