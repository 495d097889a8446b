"""Recorded models, compiled and run on every target, give MegEngine's own results.

Models that cannot be compiled are listed in refused.json with all lines of the error that each gets.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from batches import selected_cases, session_in_batch
from mgecc.config import ModelConfig, Verify
from mgecc.graph import CompileError
from mgecc.targets import load_target
from mgecc.toolrun.session import Session
from mgecc.toolrun.verify import verify

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
NETWORKS = CORPUS.with_name("networks")
REFUSED: dict[str, list[str]] = json.loads((Path(__file__).parent / "refused.json").read_text())
TARGETS = ("x86_64", "arm64", "armv7", "baremetal")


def _has_outputs(name: str) -> bool:
    path = CORPUS / f"{name}.npz"
    if not path.exists():
        return False
    with np.load(path) as arrays:
        return any(key.startswith("out.") for key in arrays.files)


MANIFEST = json.loads((CORPUS / "manifest.json").read_text())
CASES = [(CORPUS, case) for case in MANIFEST if _has_outputs(case["name"]) and case["name"] not in REFUSED]
CASES += [(NETWORKS, case) for case in json.loads((NETWORKS / "manifest.json").read_text())]


def config(name: str, folder: Path = CORPUS) -> ModelConfig:
    path = folder / f"{name}.mge"
    return ModelConfig(path, name, path)


@pytest.fixture
def session(request: pytest.FixtureRequest, folder: Path, case: dict, shared_folder: Path) -> Session:
    """The model of a test, built together with those of the other tests for its target."""
    target = request.node.callspec.params.get("target", "arm64+fp16")
    others = [config(p["case"]["name"], p["folder"]) for p in selected_cases(request, target)]
    return session_in_batch(config(case["name"], folder), others, load_target(target), shared_folder)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("folder", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_gives_the_recorded_outputs(folder: Path, case: dict, target: str, session: Session) -> None:
    with np.load(folder / f"{case['name']}.npz") as arrays:
        recorded = {key: arrays[key] for key in arrays.files}
    results = verify(session, recorded, recorded, Verify(rtol=case["rtol"], atol=case["atol"]))
    for errors in results.values():
        assert all(error.ok for error in errors), errors


HALVES = [(folder, case) for folder, case in CASES if case["name"].startswith("fp16_")]


@pytest.mark.parametrize(("folder", "case"), HALVES, ids=[case["name"] for _, case in HALVES])
def test_gives_the_recorded_outputs_in_half_lanes(folder: Path, case: dict, session: Session) -> None:
    test_gives_the_recorded_outputs(folder, case, "arm64+fp16", session)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_models_get_their_error(name: str) -> None:
    from mgecc.compiler import compile_model

    with pytest.raises(CompileError) as caught:
        compile_model(config(name), "arm64")
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == REFUSED[name]
