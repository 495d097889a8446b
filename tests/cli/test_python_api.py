"""``mgecc.compile`` and ``mgecc.load``, and the page about them."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mgecc
import numpy as np
import pytest
from mgecc.cli import main
from mgecc.errors import Reported

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"
CORPUS = ROOT / "tests" / "data" / "mge-corpus"
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
here = pytest.mark.skipif(platform.machine() != "x86_64", reason="the library is for x86-64")
Build = Callable[..., mgecc.Compiled]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return lambda model, **more: mgecc.compile(
        model, "x86_64", tmp_path_factory.mktemp("out"), cpu="v2", **more
    )


def arrays(model: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    with np.load(MODELS / model / "inputs.npz") as given, np.load(MODELS / model / "expected.npz") as wanted:
        return dict(given), dict(wanted)


@here
def test_a_model_gives_the_recorded_outputs(build: Build) -> None:
    made = build(MODELS / "digits")
    assert {path.name for path in made.files} >= {"digits.h", "mgecc.h", "libdigits.a", "libdigits.so"}
    assert made.name == "digits" and made.report["target"] == "x86_64" and made.notes == ()
    model = mgecc.load(made.shared)
    (data,) = model.inputs
    assert (data.name, data.shape, data.dtype) == ("data", (1, 1, 8, 8), np.float32)
    assert [tensor.name for tensor in model.outputs] == ["logits"]
    given, wanted = arrays("digits")
    for array, logits in zip(given["in.data"], wanted["out.0"]):
        np.testing.assert_allclose(model.run({"data": array})["logits"], logits, atol=1e-3)


@here
def test_outputs_stay_when_the_model_is_run_again(build: Build) -> None:
    model = mgecc.load(build(MODELS / "digits").shared)
    given, _ = arrays("digits")
    first = model.run({"data": given["in.data"][0]})["logits"]
    copy = first.copy()
    assert (model.run({"data": given["in.data"][1]})["logits"] != copy).any()
    np.testing.assert_array_equal(first, copy)


@here
def test_memory_across_runs_is_kept_and_reset(build: Build) -> None:
    model = mgecc.load(build(MODELS / "digits").shared)
    model.reset()  # does nothing
    model = mgecc.load(build(MODELS / "okay_nabu").shared)
    given, wanted = arrays("okay_nabu")
    frames, expected = given["in.input_audio"], wanted["out.0"]

    def outputs(some: np.ndarray) -> np.ndarray:
        return np.stack([next(iter(model.run({"input_audio": frame}).values())) for frame in some])

    np.testing.assert_array_equal(outputs(frames), expected)
    middle = int(expected.reshape(len(expected), -1).max(axis=1).argmax())
    model.reset()
    assert (outputs(frames[middle:]) != expected[middle:]).any()  # what came before is forgotten
    model.reset()
    np.testing.assert_array_equal(outputs(frames), expected)


@here
@pytest.mark.parametrize("more", ["input_shapes: [{data: [1, 1, 32, 32]}, {data: [1, 1, 48, 64]}]",
    "sizes: {h: 16..64 step 16}\ninputs: {data: {shape: [1, 1, h, h]}}"])  # fmt: skip
def test_shapes_of_arrays_decide_where_several_are_possible(build: Build, tmp_path: Path, more: str) -> None:
    shutil.copy(CORPUS / "net_unet.mge", tmp_path)
    config = tmp_path / "model.yaml"
    config.write_text(f"model: net_unet.mge\nname: net\n{more}\n")
    model = mgecc.load(build(config).shared)
    shapes = [(1, 1, 48, 64), (1, 1, 32, 32)] if "input_shapes" in more else [(1, 1, 48, 48), (1, 1, 32, 32)]
    alone = tmp_path / "alone.yaml"
    for shape in [*shapes, shapes[0]]:
        alone.write_text(f"model: net_unet.mge\nname: net\ninputs: {{data: {{shape: {list(shape)}}}}}\n")
        data = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        wanted = mgecc.load(build(alone).shared).run({"data": data})
        for name, array in model.run({"data": data}).items():
            np.testing.assert_allclose(array, wanted[name], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"shape"):
        model.run({"data": np.zeros((1, 1, 7, 7), np.float32)})


@here
@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "the inputs are data; given: none"),
        ({"dat": np.zeros((1, 1, 8, 8))}, "the inputs are data; given: dat"),
        ({"data": np.zeros((8, 8))}, r"input data has the shape \[1, 1, 8, 8\], not \[8, 8\]"),
        ({"data": np.zeros((1, 1, 8, 8), complex)}, "input data holds float32, not complex128"),
    ],
)
def test_arrays_that_do_not_fit_are_told(build: Build, given: dict[str, np.ndarray], why: str) -> None:
    model = mgecc.load(build(MODELS / "digits").shared)
    with pytest.raises(ValueError, match=why):
        model.run(given)


@here
@pytest.mark.parametrize("kinds", ["inputs: user", "outputs: user", "inputs: user, outputs: user"])
def test_memory_of_the_application_is_numpys(kinds: str, build: Build, tmp_path: Path) -> None:
    shutil.copy(CORPUS / "net_unet.mge", tmp_path)
    config = tmp_path / "model.yaml"
    sets = "input_shapes: [{data: [1, 1, 48, 64]}, {data: [1, 1, 32, 32]}]"
    found = []
    for more in ("", f"buffers: {{{kinds}}}"):
        config.write_text(f"model: net_unet.mge\nname: net\n{sets}\n{more}\n")
        model = mgecc.load(build(config).shared)
        for shape in ((1, 1, 48, 64), (1, 1, 32, 32), (1, 1, 48, 64)):
            data = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
            found.append(list(model.run({"data": data}).values()))
    for plain, bound in zip(found[:3], found[3:], strict=True):
        for one, other in zip(plain, bound, strict=True):
            np.testing.assert_array_equal(one, other)


@here
def test_of_several_models_one_is_named(build: Build, tmp_path: Path) -> None:
    several = tmp_path / "models.json"
    rows = ",".join(
        f'{{"model_name": "{n}", "model_path": "{CORPUS / n}.mge"}}' for n in ("net_unet", "net_detector")
    )
    several.write_text(f'{{"dump_dir": "x", "models": [{rows}]}}')
    made = build(several, name="both")
    with pytest.raises(ValueError, match="holds net_detector, net_unet: say which by name="):
        mgecc.load(made.shared)
    assert [tensor.name for tensor in mgecc.load(made.shared, name="net_unet").inputs] == ["data"]


def test_mistakes_are_reported_as_the_command_does(tmp_path: Path) -> None:
    with pytest.raises(Reported, match="did you mean x86_64"):
        mgecc.compile(MODELS / "digits", "x86_65", tmp_path)
    with pytest.raises(Reported, match="no such file"):
        mgecc.compile(tmp_path / "none.onnx", "x86_64", tmp_path)
    with pytest.raises(OSError, match="none.so"):
        mgecc.load(tmp_path / "none.so")
    made = mgecc.compile(MODELS / "digits", "cortex-m0", tmp_path / "out", library=False)
    assert made.libraries == () and not list(tmp_path.rglob("*.o"))
    with pytest.raises(ValueError, match="there are 0 shared libraries"):
        made.shared  # noqa: B018


def test_importing_mgecc_loads_no_numpy() -> None:
    code = "import mgecc, sys; assert 'numpy' not in sys.modules; mgecc.load; assert 'numpy' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT / "rules")})
    with pytest.raises(AttributeError, match="has no attribute 'lod'"):
        mgecc.lod  # noqa: B018


@here
def test_the_page_is_true(tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to(MODELS)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    words = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": str(ROOT / "rules"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "libdigits.so" in done.stdout and "Tensor(name='data'" in done.stdout


def test_the_command_alone_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "compile" in capsys.readouterr().out


def test_compile_prints_the_summary_of_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["compile", str(MODELS / "digits"), "--target", "cortex-m0", "--out", str(tmp_path / "out")])
        == 0
    )
    said = capsys.readouterr().out
    assert f"digits for cortex-m0: {tmp_path}/out/" in said
    assert re.search(r"flash    code [\d.]+ KiB, weights", said) and "RAM      arena" in said
