"""Two-stage detection as one graph gives MegEngine's results, however many boxes its inputs leave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mgecc.config import ModelConfig
from mgecc.targets import load_target
from mgecc.toolrun.session import Session, compile_and_build, prepare, run_cases
from mgecc.toolrun.tensors import input_cases, output_arrays, valid_part

NETWORKS = Path(__file__).parents[1] / "data" / "networks"
CASES = range(8)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path, folder = NETWORKS / "faster_rcnn.mge", tmp_path_factory.mktemp("detector")
    libraries = compile_and_build(ModelConfig(path, "net", path), load_target("x86_64"), "zig", folder)
    return prepare(libraries, "zig", folder / "runner")


def recorded(case: int) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    with np.load(NETWORKS / "faster_rcnn_cases.npz") as arrays:
        names = ("data", "least", "threshold")
        keys = {name: f"{case}.in.{name}" for name in names}
        given = {f"in.{n}": arrays[key if key in arrays.files else f"0.in.{n}"] for n, key in keys.items()}
        return given, [arrays[f"{case}.out.{k}"] for k in range(4)]


def detected(session: Session, given: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Boxes, scores, labels and proposals, as many as there are."""
    results, _ = run_cases(session, session.runners[0], input_cases(given, session.interface))
    arrays = output_arrays(results, session.interface)
    return [valid_part(session.interface.outputs[k], arrays, k)[1][0] for k in range(4)]


@pytest.mark.parametrize("case", CASES)
def test_many_and_few_boxes_are_those_of_megengine(session: Session, case: int) -> None:
    given, want = recorded(case)
    for got, expected in zip(detected(session, given), want, strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


def test_the_cases_have_one_box_and_as_many_as_can_be() -> None:
    assert {len(recorded(case)[1][1]) for case in CASES} >= {1, 12}


@pytest.mark.parametrize(("key", "number"), [("threshold", 2.0), ("least", 65.0)])
def test_no_box_is_no_box(session: Session, key: str, number: float) -> None:
    """MegEngine itself stops at the top of no scores, and at the largest of no coordinates."""
    given, _ = recorded(0)
    boxes, scores, labels, rois = detected(session, given | {f"in.{key}": np.array([number], np.float32)})
    assert (boxes.shape, scores.shape, labels.shape) == ((0, 4), (0,), (0,))
    assert len(rois) == (20 if key == "threshold" else 0)
