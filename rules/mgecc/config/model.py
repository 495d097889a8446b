"""The contents of a model.yaml as typed, frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from mgecc.config.header_names import header_of

MAX_NAME = 48

# Words that cannot be C or C++ identifiers, or that C libraries take; the name stands alone in generated headers.
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    alignas alignof and asm auto bool break case catch char class compl const constexpr continue decltype default
    delete do double else enum explicit export extern false float for friend goto if inline int long main mgecc
    mutable namespace new noexcept not nullptr operator or private protected public register restrict return short
    signed sizeof static struct switch template this throw true try typedef typeid typename union unsigned using
    virtual void volatile while xor
    """,
    )
)


@dataclass(frozen=True)
class SizeConfig:
    """A size that the application sets: from ``low`` to ``high`` in steps of ``step``, all multiples of it."""

    name: str
    low: int
    high: int
    step: int = 1

    def __contains__(self, number: int) -> bool:
        return self.low <= number <= self.high and number % self.step == 0


@dataclass(frozen=True)
class InputConfig:
    """What the user changes about one input; None keeps what the model file says.

    ``shape``: along the axes of the model file; a name stands for a declared size. ``dtype`` and ``layout`` (NCHW or
    NHWC): how the application gives it.
    The network gets (x * scale - mean) / std, with one number for each channel or one for all.
    """

    shape: tuple[int | str, ...] | None = None
    dtype: str | None = None
    layout: str = "NCHW"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    scale: float = 1.0

    @property
    def converts(self) -> bool:
        """Whether the network gets something else than the application gives."""
        return self != InputConfig(self.shape)

    @property
    def normalizes(self) -> bool:
        return bool(self.mean or self.std or self.scale != 1.0)


@dataclass(frozen=True)
class Preprocess:
    """How a picture becomes an input: resize to ``size`` (height, width), then (pixel * scale - mean) / std.

    Pixels are 0 to 255; ``mean`` and ``std`` have one number per channel; the result is in ``layout``, that of the
    model file, with N = 1.
    """

    input: str
    size: tuple[int, int]
    colour: str = "RGB"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    layout: str = "NCHW"
    scale: float = 1.0

    @property
    def channels(self) -> int:
        return 3 if self.colour == "RGB" else 1


@dataclass(frozen=True)
class Verify:
    """Recorded cases and the allowed error.

    An output may differ from the expected one, element by element, by
    ``atol + rtol * |expected| + max_abs_of_peak * max|expected| + max_steps * s``, where s is the scale of the
    quantised value the output is or was converted from (0 if there is none). Where ``top`` is given, the best class
    must also be the expected one; the number says how many of the best classes a report lists.
    """

    inputs: Path | None = None
    expected: Path | None = None
    rtol: float = 0.0
    atol: float = 0.0
    max_abs_of_peak: float = 0.0
    max_steps: float = 0.0
    top: int | None = None


@dataclass(frozen=True)
class CustomConfig:
    """A C function that stands for an operator.

    ``outputs``: element type and shape (None: as the model file says) of each result; empty if the operator is known.
    ``source``: C file with the function, compiled into the library; None if the application defines it.
    ``optional``: the model may do without the operator.
    """

    function: str
    outputs: tuple[tuple[str, tuple[int, ...] | None], ...] = ()
    source: Path | None = None
    optional: bool = False


@dataclass(frozen=True)
class ModelConfig:
    """One model.yaml; files are joined to its folder, sizes are in bytes, None means no limit.

    ``sizes``: what the application sets before a run; names in shapes of inputs.
    ``bind``: inputs that are constants, each with its numbers: one, or nested lists.
    ``state``: memory that lives across runs: by input, the output that it gets from the run before.
    ``verify_blob``: when opening checks the blob that is linked in: "always", "once" or "never".
    ``buffers``: what lies in memory of the application's: "inputs", "outputs", or single ones as "inputs.NAME".
    ``cv``: image functions to generate, as (name, element type), sorted.
    ``custom``: functions by the operator's name, dump name or type. ``kernels``: files (``.c``: the function called
    like the file; ``.c.j2``: a kernel template) by the name of the operator that they compute.
    ``place``: file:line:column of the model where a file configures several. ``places``: likewise of keys, such as
    "flash" and "inputs.data", where a file has them.
    """

    path: Path
    name: str
    model: Path
    description: str = ""
    licence: str = ""
    version: str = ""
    vendor: str = ""
    optimize: str = "speed"
    threads: int = 1
    verify_blob: str = "always"
    inputs: dict[str, InputConfig] = field(default_factory=dict)
    input_shapes: tuple[dict[str, tuple[int, ...]], ...] = ()
    sizes: tuple[SizeConfig, ...] = ()
    bind: dict[str, Any] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    buffers: frozenset[str] = frozenset()
    flash: int | None = None
    ram: int | None = None
    labels: Path | None = None
    preprocess: Preprocess | None = None
    verify: Verify = field(default_factory=Verify)
    options: dict[str, bool] = field(default_factory=dict)
    cv: tuple[tuple[str, str], ...] = ()
    custom: dict[str, CustomConfig] = field(default_factory=dict)
    kernels: dict[str, Path] = field(default_factory=dict)
    place: str = ""
    places: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def models(self) -> tuple[ModelConfig, ...]:
        """This model, as the only one of its library."""
        return (self,)

    @property
    def form_of_picture(self) -> InputConfig:
        """How the application gives the input that pictures are for."""
        name = self.preprocess.input if self.preprocess else ""
        return self.inputs.get(name, InputConfig())

    @property
    def shape_sets(self) -> tuple[ModelConfig, ...]:
        """A configuration for each set of input shapes; this one alone if there are no sets."""
        alone = replace(self, input_shapes=())
        return tuple(alone.with_shapes(shapes) for shapes in self.input_shapes) or (self,)

    @property
    def given_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of inputs that are not those of the model file; declared sizes must have numbers."""
        shapes = {name: spec.shape for name, spec in self.inputs.items() if spec.shape is not None}
        return {name: cast("tuple[int, ...]", shape) for name, shape in shapes.items()}

    def with_sizes(self, numbers: Mapping[str, int]) -> ModelConfig:
        """This configuration with numbers in the place of declared sizes."""
        changed = {
            name: replace(spec, shape=tuple(numbers[n] if isinstance(n, str) else n for n in spec.shape))
            for name, spec in self.inputs.items()
            if spec.shape is not None
        }
        return replace(self, inputs=self.inputs | changed, sizes=())

    def with_shapes(self, shapes: Mapping[str, tuple[int | str, ...]]) -> ModelConfig:
        """This configuration with shapes of inputs that it leaves to the file."""
        changed = {
            name: replace(self.inputs.get(name, InputConfig()), shape=shape) for name, shape in shapes.items()
        }
        return replace(self, inputs=self.inputs | changed)

    def leaves_open(self, name: str) -> bool:
        """Whether nothing is said of an input's shape."""
        stated = all(name in shapes for shapes in self.input_shapes) and self.input_shapes
        return not stated and name not in self.bind and self.inputs.get(name, InputConfig()).shape is None

    @property
    def sources(self) -> list[Path]:
        """C files of the user's that belong into the library, each once."""
        named = [entry.source for entry in self.custom.values() if entry.source]
        files = [path for path in self.kernels.values() if path.suffix == ".c"]
        return list(dict.fromkeys([*named, *files]))


def check_model_name(name: str) -> str | None:
    """Why ``name`` cannot name a model, which has C symbols and a header NAME.h, or None if it can."""
    whose = header_of(name)
    if whose:
        return (
            f"'{name}' is the name of a header of {whose}, {name.lower()}.h, which the model's own would hide"
        )
    return check_name(name)


def check_name(name: str) -> str | None:
    """Why ``name`` cannot be part of C symbols, or None if it can."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return f"'{name}' cannot be a C name: letters, digits and _ only, a letter first"
    if len(name) > MAX_NAME:
        return f"'{name[:20]}...' is longer than {MAX_NAME} characters"
    if name in _RESERVED:
        return f"'{name}' is a reserved word"
    return None
