"""Which layer diverges: what each layer gives on the target, beside the NumPy meaning of the graph that is planned, or
beside what another engine gives for the tensor of that name.

Layers are aligned by the names and shapes of values. What the planner makes of them (slices, copies in another layout),
and values of which several have one name and shape, have no counterpart and are left out.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgecc import interpret
from mgecc.config import ModelConfig
from mgecc.errors import InputError
from mgecc.graph import DType, Graph, TensorType, Value
from mgecc.ops.elementary import log
from mgecc.toolrun.compare import absolute_errors
from mgecc.toolrun.progress import track
from mgecc.toolrun.references import comparable, reference_tensors
from mgecc.toolrun.reports import read_report
from mgecc.toolrun.runner import run_program
from mgecc.toolrun.session import Session
from mgecc.toolrun.tensors import Arrays, input_cases, input_stacks

# ULPs are told of values of at least this part of the largest: those of nothing are no measure.
_SMALL = 1e-3
# Largest error of a layer that counts as rounding: of the largest magnitude for floats, in steps for quantised values.
_OF_PEAK, _STEPS = 1e-3, 1.0


@dataclass(frozen=True)
class LayerError:
    """Errors of one layer over all cases, as real numbers.

    ``of_peak``: largest absolute error by the largest expected magnitude. ``ulps``: largest error in units in the last
    place of float32, of values of at least a thousandth of the largest; None for integers. ``cosine``: of both as
    vectors. ``snr``: signal-to-noise ratio in decibels, None without noise. ``ok``: it is no more than rounding.
    """

    step: int
    layer: str
    operator: str
    max_abs: float
    of_peak: float
    ulps: float | None
    cosine: float
    snr: float | None
    ok: bool


@dataclass(frozen=True)
class _Part:
    """Where a tensor lies after a call: bytes of the arena."""

    call: int
    offset: int
    size: int
    step: Mapping[str, Any]
    tensor: Mapping[str, Any]


def verify_layers(
    session: Session, config: ModelConfig, graphs: Sequence[Graph], inputs: Arrays, engine: str = ""
) -> dict[str, list[LayerError]]:
    """Run all cases on every kernel set: target name -> errors of each layer that has a counterpart, in order.

    ``graphs``: what is planned, for each set of input shapes one for each kernel set. ``engine``: whose tensors are the
    reference; none for NumPy's. Raises InputError, EngineMissing and RunError.
    """
    session, model = session.fitting(inputs), config.name
    if session.numbers:
        raise InputError(
            f"{model} has declared sizes: layers are compared at fixed shapes only; give input shapes"
        )
    cases, stacks = input_cases(inputs, session.interface), input_stacks(inputs, session.interface)
    tensors = reference_tensors(engine, config, inputs, session.interface) if engine else None
    built, count = read_report(session.folder), len(session.runners)
    found = {}
    for member, runner in enumerate(session.runners):
        graph = graphs[session.shape_set * count + member]
        wanted = _by_key(comparable(graph, tensors)) if tensors else _meaning(graph, stacks, len(cases))
        plan = built.plan(model, member, session.shape_set)
        parts = [part for part in _parts(plan) if _key(part.tensor) in wanted]
        listed = b"".join(struct.pack("<III", part.call, part.offset, part.size) for part in parts)
        dumped, _ = (
            run_program(runner, b"".join(cases), shapes=session.words, dump=listed) if parts else (b"", [])
        )
        found[runner.target.name] = _errors(parts, dumped, wanted, len(cases))
    return found


_Key = tuple[str, tuple[int, ...]]


def _key(tensor: Mapping[str, Any]) -> _Key:
    return tensor["name"], tuple(tensor["shape"])


def _parts(plan: Mapping[str, Any]) -> Iterator[_Part]:
    """All results of steps, in order of their calls."""
    places: dict[tuple[str, int], list[tuple[int, Mapping[str, Any]]]] = {}
    for buffer in plan["memory"]["buffers"]:
        for value in buffer["values"]:
            address = buffer["offset"] + value["offset"]
            places.setdefault((value["name"], value["bytes"]), []).append((address, buffer))
    for step in plan["steps"]:
        for tensor in step["outputs"] if step["calls"] else ():
            size = _type(tensor).nbytes
            live = [
                (offset, buffer["first"])
                for offset, buffer in places.get((tensor["name"], size), ())
                if buffer["first"] <= step["step"] <= buffer["last"]
            ]
            # A name may stand for a value before and after a conversion: the one that begins here is meant.
            begun = [row for row in live if row[1] == step["step"]]
            for offset, _ in (begun or live)[:1]:
                yield _Part(step["calls"][-1], offset, size, step, tensor)


def _type(tensor: Mapping[str, Any]) -> TensorType:
    dtype = DType(tensor["dtype"], tensor.get("scale"), tensor.get("zero_point", 0))
    return TensorType(tuple(tensor["shape"]), dtype, tensor.get("block", 1))


def _by_key(arrays: Mapping[Value, list[np.ndarray]]) -> dict[_Key, list[np.ndarray]]:
    return {(value.name, value.shape): cases for value, cases in arrays.items()}


def _meaning(graph: Graph, given: Mapping[str, np.ndarray], cases: int) -> dict[_Key, list[np.ndarray]]:
    """What every result of a node is meant to be, as real numbers, case by case, by name and shape."""
    results = [value for node in graph.nodes for value in node.outputs]
    count = Counter((value.name, value.shape) for value in results)
    states = interpret.initial_states(graph)
    found: dict[_Key, list[np.ndarray]] = {}
    for case in track(f"{graph.name}: NumPy's meaning of cases", range(cases)):
        one = {name: stack[case] for name, stack in given.items()}
        known = interpret.run(graph, one, keep=True, states=states)
        for value in results:
            if count[value.name, value.shape] == 1:
                real = _real(known[value], value.type.dtype)
                found.setdefault((value.name, value.shape), []).append(real)
    return found


def _real(array: np.ndarray, dtype: DType) -> np.ndarray:
    real = array.astype(np.float64)
    return real if dtype.scale is None else (real - dtype.zero_point) * dtype.scale


def _errors(
    parts: Sequence[_Part], dumped: bytes, wanted: Mapping[_Key, list[np.ndarray]], cases: int
) -> list[LayerError]:
    """What was dumped is all parts of the first case, then all of the second, and so on."""
    whole, offset, errors = sum(part.size for part in parts), 0, []
    for part in parts:
        want = wanted[_key(part.tensor)]
        got = [_array(part.tensor, dumped[k * whole + offset :][: part.size]) for k in range(cases)]
        offset += part.size
        if all(a.shape == b.shape for a, b in zip(got, want)):
            numbers = (np.concatenate([a.reshape(-1) for a in side]) for side in (got, want))
            errors.append(_error(part, *numbers))
    return errors


def _array(tensor: Mapping[str, Any], data: bytes) -> np.ndarray:
    """Stored bytes as real numbers in plain layout: NCHWc blocks become channels again."""
    type_ = _type(tensor)
    numbers, block = np.frombuffer(data, type_.dtype.numpy), type_.block
    if block > 1:
        n, c, h, w = type_.shape
        blocks = numbers.reshape(n, -1, h, w, block).transpose(0, 1, 4, 2, 3)
        numbers = blocks.reshape(n, -1, h, w)[:, :c]
    return _real(numbers.reshape(type_.shape), type_.dtype)


def _error(part: _Part, got: np.ndarray, want: np.ndarray) -> LayerError:
    error = absolute_errors(got, want)
    a, b = (np.nan_to_num(side, posinf=0.0, neginf=0.0) for side in (got, want))
    peak, most = float(np.abs(b).max(initial=0)), float(error.max(initial=0))
    signal, noise = float((b * b).sum()), float((error * error).sum())
    length = float(np.sqrt((a * a).sum() * signal))
    step, is_float = part.tensor.get("scale"), part.tensor["dtype"].startswith("float")
    allowed = _STEPS * step * (1 + 1e-6) if step else _OF_PEAK * peak if is_float else 0.0
    return LayerError(
        part.step["step"],
        part.step["layer"],
        part.step["operator"],
        most,
        most / peak if peak else most,
        _ulps(error, np.abs(b)) if is_float else None,
        float((a * b).sum()) / length if length else float(not noise),
        _decibels(signal / noise) if noise and signal else None,
        most <= allowed,
    )


def _ulps(error: np.ndarray, size: np.ndarray) -> float:
    told = size >= _SMALL * size.max(initial=0)
    return float((error[told] / np.spacing(size[told].astype(np.float32))).max(initial=0))


def _decibels(ratio: float) -> float:
    one, ten = log(np.array([ratio, 10.0]))
    return float(10 * one / ten)


def first_divergence(errors: Sequence[LayerError]) -> LayerError | None:
    """The first layer whose error is more than rounding."""
    return next((error for error in errors if not error.ok), None)


def layer_table(errors: Sequence[LayerError]) -> str:
    """One line a layer, and the first that diverges."""
    lines = [f"{'step':>5} {'max abs':>10} {'of peak':>9} {'ulps':>9} {'cosine':>9} {'SNR dB':>7}  layer"]
    for e in errors:
        ulps = "-" if e.ulps is None else f"{e.ulps:.3g}"
        snr = "exact" if e.snr is None else f"{e.snr:.1f}"
        mark = "" if e.ok else "  <-"
        numbers = f"{e.step:>5} {e.max_abs:>10.3g} {e.of_peak:>9.2g} {ulps:>9} {e.cosine:>9.6f} {snr:>7}"
        lines.append(f"{numbers}  {e.layer} ({e.operator}){mark}")
    first = first_divergence(errors)
    told = (
        f"the first layer that diverges is {first.layer}, step {first.step}" if first else "no layer diverges"
    )
    return "\n".join([*lines, told])
