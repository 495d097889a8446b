"""Running a model at several of its declared sizes and comparing with the NumPy meaning of its graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mgecc import interpret, lowering
from mgecc.config import ModelConfig, Verify
from mgecc.graph import DType
from mgecc.toolrun.bind_sizes import sample
from mgecc.toolrun.compare import OutputError
from mgecc.toolrun.products import user_errors
from mgecc.toolrun.progress import track
from mgecc.toolrun.session import Session, run_cases
from mgecc.toolrun.tensors import Arrays, Interface, input_cases, output_arrays
from mgecc.toolrun.verify import compare_outputs

_SEED = 20
_POSITIONS = ("bool", "int32", "int16", "uint16")


@dataclass(frozen=True)
class SizedErrors:
    """What came out with certain sizes on one kernel set."""

    numbers: dict[str, int]
    target: str
    errors: list[OutputError]

    @property
    def title(self) -> str:
        return f"with {', '.join(f'{name}={n}' for name, n in self.numbers.items())}"


def verify_sizes(
    session: Session, config: ModelConfig, limits: Verify, points: Sequence[Mapping[str, int]] = ()
) -> Iterator[SizedErrors]:
    """Random inputs of each of ``points``, or of sizes at and between the ends, against the NumPy meaning.

    Raises InputError where the meaning itself fails on random inputs.
    """
    for numbers in track(f"{config.name}: sizes", points or sample(session.interface.sizes)):
        one = session.sized(numbers)
        arrays = random_inputs(one.interface)
        expected = meaning(config.with_sizes(numbers), arrays)
        cases = input_cases(arrays, one.interface)
        for runner in one.runners:
            results, _ = run_cases(one, runner, cases)
            outputs = output_arrays(results, one.interface)
            errors = compare_outputs(one.interface.outputs, outputs, expected, limits)
            yield SizedErrors(dict(numbers), runner.target.name, errors)


def random_inputs(interface: Interface) -> Arrays:
    """One case of every input, always the same numbers for the same shapes."""
    rng = np.random.default_rng(_SEED)
    return {f"in.{t.name}": _random(rng, t.shape, t.dtype) for t in interface.inputs}


def _random(rng: np.random.Generator, shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    """Normal numbers; bytes of the whole range; of wide integers, which may be indices, 0 and 1."""
    if dtype.is_float:
        return rng.standard_normal(shape).astype(dtype.numpy)
    low, high = (0, 1) if dtype.is_wide or dtype.name in _POSITIONS else dtype.range
    return rng.integers(low, high + 1, shape).astype(dtype.numpy)


def meaning(config: ModelConfig, arrays: Arrays) -> Arrays:
    """The outputs that the graph of a configuration without declared sizes means."""
    with user_errors(config):
        graph = lowering.load_graph(config)
        forms = lowering.input_forms(config, graph)
        inputs = {}
        for value in graph.inputs:
            stack, form = arrays[f"in.{value.name}"][None], forms.get(value.name)
            inputs[value.name] = (form.to_network(stack, value.type.dtype) if form else stack)[0]
        return {f"out.{k}": array for k, array in enumerate(interpret.run(graph, inputs))}
