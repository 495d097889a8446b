"""Stores what TensorFlow Lite's reference kernels make of the operators' cases, in tests/data/tflite/operators.npz.

Needs ai-edge-litert (2.3.0 made the file); PYTHONPATH is rules:tests/common.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from operator_cases import all_cases
from tflite_case import Case

_WRONG = "local_response_normalization"
"""The reference kernel leaves out the last channel of the window."""
STORED = Path(__file__).parents[2] / "data" / "tflite" / "operators.npz"


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


def main() -> None:
    stored, failed = {}, []
    for name, case in all_cases().items():
        try:
            stored.update({f"{name}.{k}": y for k, y in enumerate(results(case))})
        except (RuntimeError, ValueError) as error:
            failed.append(f"{name}: {str(error).splitlines()[0]}")
    np.savez_compressed(STORED, **stored)
    print(f"{len(stored)} arrays", *failed, sep="\n")


if __name__ == "__main__":
    main()
