"""Random files of one operator: their tensors with quantisation parameters, the ends of their ranges among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tflite_case import Case
from tflite_writer import TfliteFile

Shape = Sequence[int]
Options = tuple[str, Mapping[str, Any]] | None
STORED = {"FLOAT32": np.float32, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "BOOL": np.bool_}
QUANTISED = ("INT8", "INT16")


class Net:
    """A file of one operator whose data have the type ``word``. ``rng`` draws all of it."""

    def __init__(self, seed: int, type: str, word: str) -> None:
        self.rng = np.random.default_rng([seed, *type.encode(), *word.encode()])
        self.type, self.word, self.name = type, word, f"{type.lower()}_{word.lower()}_{seed}"
        self.file, self.inputs, self.operands = TfliteFile(), dict[str, np.ndarray](), list[int]()
        self.scales: list[float] = []
        self.zeros: list[int] = []

    # What is drawn

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def size(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def shape(self, rank: int = 0, most: int = 9) -> list[int]:
        return [1 if self.chance(0.15) else self.size(1, most) for _ in range(rank or self.size(1, 4))]

    def scale(self) -> float:
        low, high = (-9, 1) if self.chance(0.85) else (-15, 6)
        if self.word == "INT16":
            low, high = low - 7, high - 7
        return float(np.float32(2.0 ** self.rng.uniform(low, high)))

    def near(self, scale: float, spread: float = 2.0) -> float:
        return float(np.float32(scale * 2.0 ** self.rng.uniform(-spread, spread)))

    def zero(self) -> int:
        if self.word != "INT8":
            return 0
        return int(self.pick(-128, 127, 0, self.rng.integers(-128, 128)))

    def numbers(self, shape: Shape, word: str = "") -> np.ndarray:
        word = word or self.word
        if word == "FLOAT32":
            return self.rng.uniform(-3, 3, shape).astype(np.float32)
        if word == "BOOL":
            return self.rng.random(shape) < 0.5
        low, high = {"INT8": (-128, 127), "INT16": (-32768, 32767), "INT32": (-9, 9)}[word]
        return self.rng.integers(low, high, shape, endpoint=True).astype(STORED[word])

    # What is in the file

    def given(self, shape: Shape, scale: float | None = None, zero: int | None = None) -> float:
        """Another operand that is an input; its scale, 1 of floats."""
        return self.operand(self.numbers(shape), self.word, scale, zero, const=False)

    def operand(
        self,
        array: np.ndarray,
        word: str,
        scale: float | None = None,
        zero: int | None = None,
        const: bool = True,
    ) -> float:
        stated = self.stated(scale, zero) if word in QUANTISED else {}
        if const:
            self.operands.append(self.file.constant(array, word, **stated))
        else:
            name = f"x{len(self.operands)}"
            self.inputs[name] = array
            self.operands.append(self.file.input(name, array.shape, word, **stated))
        self.scales.append(stated["scale"][0] if stated else 1.0)
        self.zeros.append(stated["zero"][0] if stated else 0)
        return self.scales[-1]

    def stated(self, scale: float | None = None, zero: int | None = None) -> dict[str, Any]:
        drawn = self.scale() if scale is None else float(np.float32(scale))
        return {"scale": [drawn], "zero": [self.zero() if zero is None else zero]}

    def integers(self, *values: Any) -> None:
        """A constant vector of int32."""
        self.operands.append(self.file.constant(np.array(values, np.int32)))

    def scalar(self, value: int) -> None:
        self.operands.append(self.file.constant(np.array(value, np.int32)))

    def case(
        self,
        *shapes: Shape,
        options: Options = None,
        word: str = "",
        scale: float | None = None,
        zero: int | None = None,
        version: int = 1,
    ) -> Case:
        word = word or self.word
        results = []
        for shape in shapes:
            stated = self.stated(scale, zero) if word in QUANTISED else {}
            results.append(self.file.tensor(shape, word, **stated))
        self.file.op(self.type, self.operands, *results, options=options, version=version)
        return Case(self.name, self.file.root(*results), self.inputs)
