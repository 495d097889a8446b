"""The guide to new instruction sets is followed to the letter: its two files, and nothing else, make one."""

from __future__ import annotations

import json
import platform
import re
from pathlib import Path

import numpy as np
import pytest
from batches import build_batch
from mgecc import cli
from mgecc.compiler import compile_models
from mgecc.config import LibraryConfig, ModelConfig, Verify
from mgecc.targets import TargetError, load_target
from mgecc.toolrun.session import Session
from mgecc.toolrun.verify import verify

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "new-isa.md").read_text(encoding="utf-8")
FILES: dict[str, str] = dict(
    re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
)
CORPUS, NETWORKS = (ROOT / "tests" / "data" / name for name in ("mge-corpus", "networks"))
REFUSED = json.loads((ROOT / "tests" / "end_to_end" / "refused.json").read_text(encoding="utf-8"))
BATCHES = 4  # enough for the processors of a small machine; kernels of a batch are compiled once
Case = tuple[Path, Verify]  # the model's file, whose recorded numbers are beside it


def _recorded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _cases() -> list[Case]:
    every = [(folder, case) for folder in (CORPUS, NETWORKS) for case in _manifest(folder)]
    return [
        (folder / f"{case['name']}.mge", Verify(rtol=case["rtol"], atol=case["atol"]))
        for folder, case in every
        if case["name"] not in REFUSED and _has_outputs(folder / f"{case['name']}.npz")
    ]


def _manifest(folder: Path) -> list[dict]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def _has_outputs(path: Path) -> bool:
    if not path.exists():
        return False
    with np.load(path) as arrays:
        return any(key.startswith("out.") for key in arrays.files)


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guide's files; what they are like runs on x86-64 only."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the guide's base is x86_64")
    return _written(tmp_path_factory.mktemp("project"))


def _written(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "boards"


def test_the_guide_shows_two_files() -> None:
    assert sorted(FILES) == ["boards/vec128.h", "boards/vec128.yaml"]


def _wrong(case: Case, session: Session) -> str:
    """What differs from the recorded numbers of a model."""
    path, bounds = case
    recorded = _recorded(path.with_suffix(".npz"))
    results = verify(session, recorded, recorded, bounds)
    return "" if all(e.ok for errors in results.values() for e in errors) else f"{path.stem}: {results}"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_recorded_models_give_their_outputs(boards: Path, batch: int, tmp_path: Path) -> None:
    cases = _cases()[batch::BATCHES]
    models = [ModelConfig(path, path.stem, path) for path, _ in cases]
    made = build_batch(models, load_target(str(boards / "vec128.yaml")), tmp_path, tmp_path / "programs")
    assert [wrong for case in cases if (wrong := _wrong(case, made.session(case[0].stem)))] == []


def test_there_are_models_enough() -> None:
    assert len(_cases()) > 150


@pytest.mark.parametrize("model", sorted(path.parent.name for path in (ROOT / "models").glob("*/model.yaml")))
def test_networks_give_their_outputs(
    boards: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = str(ROOT / "models" / model / "model.yaml")
    assert cli.main(["verify", config, "--target", str(boards / "vec128.yaml")]) == 0


@pytest.mark.parametrize("model", ["digits_int8", "mobilenet_int8"])
def test_sixteen_products_a_step_follow_from_the_vocabulary(
    tmp_path: Path, model: str, boards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _written(tmp_path)
    text = FILES["boards/vec128.yaml"].replace("registers: 16", "registers: 16, int8: {mve: true}")
    (folder / "vec128.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = str(ROOT / "models" / model / "model.yaml")
    assert cli.main(["verify", config, "--target", str(folder / "vec128.yaml")]) == 0


def _error(folder: Path) -> str:
    path = ROOT / "models" / "digits_int8" / "digits_int8.mge"
    with pytest.raises(TargetError) as caught:
        compile_models(
            LibraryConfig(folder, "batch", (ModelConfig(path, "net", path),)), str(folder / "vec128.yaml")
        )
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_header_is_told_with_its_path(tmp_path: Path) -> None:
    folder = _written(tmp_path)
    (folder / "vec128.h").unlink()
    assert f"the instruction set vec128 has no header: write {folder}/vec128.h" in _error(folder)


def test_what_the_record_promises_and_no_header_has_is_told(tmp_path: Path) -> None:
    folder = _written(tmp_path)
    text = FILES["boards/vec128.yaml"].replace("registers: 16", "registers: 16, int8: {dot: true}")
    (folder / "vec128.yaml").write_text(text, encoding="utf-8")
    assert f"promises what {folder}/int8_dot_vec128.h must define" in _error(folder)


def test_a_header_of_its_own_takes_the_place_of_the_plain_one(tmp_path: Path) -> None:
    from mgecc.kernels.render import header_file, header_text

    folder = _written(tmp_path)
    facts = load_target(str(folder / "vec128.yaml")).facts
    assert header_file("half", facts).name == "half.h" and "vec128" not in header_text("requant", facts)
    (folder / "int8_lanes_vec128.h").write_text("/* here */\n", encoding="utf-8")
    assert header_text("int8_lanes", facts) == "/* here */\n" and "/* here */" in header_text(
        "requant", facts
    )
    names = [Path(file).name for file in load_target(str(folder / "vec128.yaml")).own_files]
    assert names == ["vec128.yaml", "int8_lanes_vec128.h", "vec128.h"]


@pytest.mark.parametrize(
    ("isa", "why"),
    [
        ("{lanes: 4, registers: 16}", "isa needs 'name:'"),
        ("{name: Vec128, lanes: 4, registers: 16}", "isa needs 'name:'"),
        ("{name: avx2, lanes: 4, registers: 16}", "avx2 is the name of an instruction set there is"),
        ("{name: vec128, lanes: 4}", "vec128.yaml: isa: needs 'registers:'"),
        ("[4, 16]", "isa must be of the kind str or dict"),
    ],
)
def test_mistakes_in_a_record_of_ones_own_are_one_line_with_the_path(
    tmp_path: Path, isa: str, why: str
) -> None:
    path = tmp_path / "vec128.yaml"
    path.write_text(f"base: x86_64\nisa: {isa}\n")
    with pytest.raises(TargetError) as caught:
        load_target(str(path))
    assert why in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)
