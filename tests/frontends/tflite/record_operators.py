"""Stores what TensorFlow Lite's reference kernels make of the operators' cases, in tests/data/tflite/operators.npz,
and of streams through recurrent layers in recurrent.npz.

Those of quantised bytes are TensorFlow Lite Micro's, and must be met bit for bit. Needs ai-edge-litert (2.3.0 made the
file) and tflite-micro; PYTHONPATH is rules:tests/common.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from operator_cases import all_cases
from quantised_cases import quantised_cases
from recurrent_cases import recurrent_cases
from tflite_case import Case
from tflite_micro.python.tflite_micro import runtime

_WRONG = "local_response_normalization"
"""The reference kernel leaves out the last channel of the window."""
STORED = Path(__file__).parents[2] / "data" / "tflite" / "operators.npz"
STREAMS = STORED.with_name("recurrent.npz")


def results(case: Case) -> list[np.ndarray]:
    """Of the reference kernels; of the optimised ones where there is none, or a wrong one."""
    optimised = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    if case.name.startswith(_WRONG):
        return _run(case, optimised)
    try:
        return _run(case, OpResolverType.BUILTIN_REF)
    except (RuntimeError, ValueError):
        return _run(case, optimised)


def _run(case: Case, resolver: OpResolverType) -> list[np.ndarray]:
    interpreter = Interpreter(model_content=case.data, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), case.inputs.values()):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def micro(case: Case) -> list[np.ndarray]:
    """The only result of TensorFlow Lite Micro's reference kernels."""
    interpreter = runtime.Interpreter.from_bytes(case.data, arena_size=1 << 20)
    for position, array in enumerate(case.inputs.values()):
        interpreter.set_input(array, position)
    interpreter.invoke()
    return [np.array(interpreter.get_output(0))]


def stream(case: Case) -> np.ndarray:
    """The only result of every one of consecutive runs of TensorFlow Lite Micro's reference kernels."""
    interpreter, found = runtime.Interpreter.from_bytes(case.data, arena_size=1 << 20), []
    for x in case.inputs["x"]:
        interpreter.set_input(x, 0)
        interpreter.invoke()
        found.append(np.array(interpreter.get_output(0)))
    return np.stack(found)


def main() -> None:
    np.savez_compressed(STREAMS, **{name: stream(case) for name, case in recurrent_cases().items()})
    stored, failed = {}, []
    quantised = quantised_cases()
    for name, case in {**all_cases(), **quantised}.items():
        try:
            found = micro(case) if name in quantised else results(case)
            stored.update({f"{name}.{k}": y for k, y in enumerate(found)})
        except (RuntimeError, ValueError) as error:
            failed.append(f"{name}: {str(error).splitlines()[0]}")
    np.savez_compressed(STORED, **stored)
    print(f"{len(stored)} arrays", *failed, sep="\n")


if __name__ == "__main__":
    main()
