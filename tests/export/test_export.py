"""mgecc export: checks without MegEngine, and whole exports where it is installed."""

import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import export as export_module
from mgecc.config import load_cases, load_config, save_cases
from mgecc.export import ExportError, export_main, load_factory, make_network, parse_input, random_array

FACTORY = """\
import megengine.functional as F
import megengine.module as M

class Net(M.Module):
    def __init__(self):
        super().__init__()
        self.conv = M.Conv2d(3, 4, 3)

    def forward(self, a, b):
        y = F.relu(self.conv(a))
        return y, F.mean(y, axis=(2, 3)) * b
"""


def megengine() -> Any:
    return pytest.importorskip("megengine", reason="MegEngine (Python <= 3.10) is not installed")


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "made_here.py").write_text(FACTORY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.delitem(sys.modules, "made_here", raising=False)
    return "made_here:Net"


def test_inputs_are_parsed() -> None:
    assert parse_input("data=1x3x8x8") == ("data", (1, 3, 8, 8), "float32")
    assert parse_input("x=5:uint8") == ("x", (5,), "uint8")


@pytest.mark.parametrize(
    "text", ["data", "data=", "=1x2", "data=1xx2", "data=0x2", "d=1:f4", "d=-1", "d=99999x99999"]
)
def test_bad_inputs_are_refused(text: str) -> None:
    with pytest.raises(ExportError, match="data|d=|=1x2"):
        parse_input(text)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "int32", "bool"])
def test_random_inputs_are_seeded_and_typed(dtype: str) -> None:
    first, second = (random_array(np.random.default_rng(3), (4, 50), dtype) for _ in range(2))
    assert first.dtype == dtype and first.std() > 0
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("text", ["nothing", "no.such.module:f", "os:no_such_thing", "os:sep"])
def test_bad_factories_are_named(text: str) -> None:
    with pytest.raises(ExportError, match=text.split(":")[0]):
        load_factory(text)


def test_a_factory_that_returns_no_network_is_named() -> None:
    with pytest.raises(ExportError, match=r"os:getcwd returned str, not a module"):
        make_network("os:getcwd")


def test_missing_megengine_gives_the_install_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"No module named '{name}'")

    monkeypatch.setattr(export_module.importlib, "import_module", missing)
    assert export_main(["a:b", "--input", "x=1", "--out", str(tmp_path / "foo")]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "pip install '.[megengine]'" in lines[0] and "3.10" in lines[0]
    assert not (tmp_path / "foo").exists()


@pytest.mark.parametrize("change", [0.0, 1e-4, 0.1])
def test_a_dump_that_computes_something_else_is_refused(
    change: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    want, path = np.array([0.25, 0.5, -0.75], np.float32), tmp_path / "net.mge"
    path.touch()
    monkeypatch.setattr(export_module, "reference", lambda path, inputs: [want, want + np.float32(change)])
    if change < 0.01:
        export_module.check_dump(path, {}, [want, want])
        return
    with pytest.raises(ExportError, match="net.mge does not compute what the network does: output 1"):
        export_module.check_dump(path, {}, [want, want])
    assert not path.exists()


CRASHES = """
import os, signal
class Module: pass
def tensor(value): os.kill(os.getpid(), signal.SIGSEGV)
"""


def test_a_crash_of_megengine_is_told_in_a_line(tmp_path: Path) -> None:
    """With a stand-in: a network with an `if` over its data ends the real one like this."""
    for name, text in {
        "megengine/__init__.py": CRASHES,
        "megengine/module.py": "class Module: pass\n",
        "megengine/jit.py": "class trace:\n    def __init__(self, *a, **k): pass\n",
        "made_here.py": "def make():\n    return lambda x: x\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "megengine" / "__init__.py").write_text(CRASHES + "from . import module\n")
    package = Path(export_module.__file__).parents[1]
    words = ["export", "made_here:make", "--input", "x=1x3", "--out", "foo"]
    done = subprocess.run(
        [sys.executable, "-m", "mgecc.cli", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("mgecc: error: made_here:make: MegEngine ended with SIGSEGV")
    assert done.stderr.count("\n") == 1


def _keep(self: Any, net: Any, **_options: Any) -> None:
    self.net = net


def _call(self: Any, *tensors: Any) -> Any:
    return self.net(*tensors)


def test_an_error_of_the_network_is_told_at_its_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a stand-in for MegEngine that calls the network as it is."""
    modules: dict[str, Any] = {
        "megengine.module": types.SimpleNamespace(Module=type("Module", (), {})),
        "megengine.jit": types.SimpleNamespace(
            trace=type("trace", (), {"__init__": _keep, "__call__": _call})
        ),
    }
    module = modules["megengine.module"]
    modules["megengine"] = types.SimpleNamespace(tensor=lambda value: value, module=module)
    for name, stand_in in modules.items():
        monkeypatch.setitem(sys.modules, name, stand_in)
    lines = [
        "def make():",
        "    return net",
        "def net(x):",
        "    if len(x) > 0:",
        "        raise ValueError('no\\nmore')",
    ]
    (tmp_path / "made_of_lines.py").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert export_main(["made_of_lines:make", "--input", "x=1x3", "--out", "foo"]) == 2
    error = capsys.readouterr().err
    assert error.endswith("made_of_lines.py:5: the network cannot be traced: no\n")
    assert error.startswith("mgecc: error: ") and error.count("\n") == 1


def test_importing_the_module_does_not_import_megengine() -> None:
    code = "import sys, mgecc.export; sys.exit('megengine' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(export_module.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_recorded_inputs_must_fit(tmp_path: Path) -> None:
    save_cases(tmp_path / "a.npz", {"in.x": np.zeros((2, 3), np.float32)})
    for spec in (("y", (3,), "float32"), ("x", (4,), "float32"), ("x", (3,), "uint8")):
        with pytest.raises(ExportError, match=rf"a\.npz.*in\.{spec[0]}"):
            export_module._recorded(tmp_path / "a.npz", [spec])
    assert export_module._recorded(tmp_path / "a.npz", [("x", (2, 3), "float32")])["x"].shape == (1, 2, 3)
    assert export_module._recorded(tmp_path / "a.npz", [("x", (3,), "float32")])["x"].shape == (2, 3)


def test_folder_holds_a_model_with_its_results(factory: str) -> None:
    megengine()
    arguments = ["--input", "a=1x3x6x5", "--input", "b=1x4", "--output", "maps", "--output", "means"]
    assert export_main([factory, *arguments, "--out", "models/foo", "--description", "two of each"]) == 0
    config = load_config("models/foo/model.yaml")
    assert (config.name, config.description) == ("foo", "two of each")
    inputs, expected = (load_cases(Path("models/foo") / f"{kind}.npz") for kind in ("inputs", "expected"))
    assert {k: v.shape for k, v in inputs.items()} == {"in.a": (1, 1, 3, 6, 5), "in.b": (1, 1, 4)}
    assert {k: v.shape for k, v in expected.items()} == {"out.0": (1, 1, 4, 4, 3), "out.1": (1, 1, 4)}
    means = expected["out.0"][0].mean(axis=(2, 3)) * inputs["in.b"][0]
    np.testing.assert_allclose(expected["out.1"][0], means, rtol=1e-5, atol=1e-6)


def test_recorded_inputs_are_used_as_cases(factory: str) -> None:
    megengine()
    given = {"in.a": np.random.default_rng(1).standard_normal((3, 1, 3, 4, 4)), "in.b": np.ones((3, 1, 4))}
    save_cases("given.npz", {key: value.astype(np.float32) for key, value in given.items()})
    arguments = ["--input", "a=1x3x4x4", "--input", "b=1x4", "--inputs", "given.npz"]
    assert export_main([factory, *arguments, "--out", "foo"]) == 0
    assert Path("foo/inputs.npz").read_bytes() == Path("given.npz").read_bytes()
    assert load_cases("foo/expected.npz")["out.1"].shape == (3, 1, 4)


def test_reference_checks_its_inputs(factory: str) -> None:
    megengine()
    with pytest.raises(ExportError, match="cannot read none.mge"):
        export_module.reference("none.mge", {})
    assert export_main([factory, "--input", "a=1x3x4x4", "--input", "b=1x4", "--out", "foo"]) == 0
    with pytest.raises(ExportError, match=r"inputs \['a', 'b'\]"):
        export_module.reference("foo/foo.mge", {"a": np.zeros((1, 3, 4, 4), np.float32)})


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    megengine()
    (tmp_path / "bad.mge").write_bytes(b"not a model")
    with pytest.raises(ExportError, match=r"cannot load .*bad\.mge"):
        export_module.reference(tmp_path / "bad.mge", {})
