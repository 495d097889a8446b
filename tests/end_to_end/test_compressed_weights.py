"""Networks with weights in half precision: half the blob, the same classes."""

from dataclasses import replace
from pathlib import Path

import pytest
from mgecc.compiler import compile_model
from mgecc.config import Verify, load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.emulators import EmulatorMissing
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.verify import verify

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize(
    ("name", "target"), [("digits", t) for t in ("arm64", "armv7", "baremetal")] + [("mobilenet", "x86_64")]
)
def test_compressed_weights_give_the_same_classes(name: str, target: str, tmp_path: Path) -> None:
    plain = load_config(MODELS / name / "model.yaml")
    config = replace(plain, options={"enable_compress_fp16": True})
    libraries = compile_and_build(config, load_target(target), "zig", tmp_path / "products")
    blob = len(compile_model(plain, target).files[f"{name}.blob"])
    assert len(compile_model(config, target).files[f"{name}.blob"]) < 0.55 * blob
    assert plain.verify.inputs and plain.verify.expected
    inputs, expected = load_cases(plain.verify.inputs), load_cases(plain.verify.expected)
    try:
        session = prepare(libraries, "zig", tmp_path / "runner")
        results = verify(session, inputs, expected, Verify(max_abs_of_peak=0.005, top=5))
    except EmulatorMissing as error:
        pytest.skip(str(error))
    for errors in results.values():
        assert all(error.ok for error in errors), errors
