"""Inputs and outputs in memory of the application's: right results, nothing written to inputs, nothing outside read."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from mgecc.compiler import build_programs, compile_model
from mgecc.config import LibraryConfig, ModelConfig, Verify, load_cases, load_config
from mgecc.emit import EmitError
from mgecc.graph import CompileError
from mgecc.planner import Program
from mgecc.planner.outside import BUFFER_BYTES
from mgecc.targets import load_target
from mgecc.toolrun.products import compile_products, write_products
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.sources import include_folder, runtime_sources
from mgecc.toolrun.tensors import Interface, input_cases, interfaces_by_model, output_arrays
from mgecc.toolrun.verify import compare_outputs
from test_states import STREAMS, Stream, fed_back, given
from tflite_writer import TfliteFile

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
MODELS = Path(__file__).parents[2] / "models"
LIMITS = {case["name"]: case for case in json.loads((CORPUS / "manifest.json").read_text())}
NETS = (
    "net_mobilenet_se", "net_resnet_batch4", "net_shufflenet", "net_transformer", "net_unet", "net_detector",
    "net_sequence", "quant_int8", "quant_uint8", "fp16_ioc16", "conv2d_group", "adaptive_pooling", "resize",
    "roi_pooling_align", "set_subtensor", "padding", "rnn", "concat_split_stack",
)  # fmt: skip
BOTH = frozenset({"inputs", "outputs"})
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off"]


def corpus_config(name: str) -> ModelConfig:
    path = CORPUS / f"{name}.mge"
    return ModelConfig(path, name, path, buffers=BOTH)


@dataclass(frozen=True)
class Built:
    program: Path
    interfaces: dict[str, Interface]

    def run(self, name: str, case: bytes, folder: Path) -> list[np.ndarray]:
        """Outputs of the first run, which those of the second equal to the last bit."""
        (folder / "in").write_bytes(case)
        command = [self.program, str([*self.interfaces].index(name)), "in", "out"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000]
        out = (folder / "out").read_bytes()
        assert out[: len(out) // 2] == out[len(out) // 2 :]
        return output_arrays([out[: len(out) // 2]], self.interfaces[name])


def build(models: Sequence[ModelConfig], target: str, folder: Path) -> Built:
    """One program with sanitizers around models for a target."""
    machine, library = load_target(target), LibraryConfig(folder, "all", tuple(models))
    write_products(compile_products(library, machine.spec, machine.cpu), library, folder)
    interfaces = {name: found[0] for name, found in interfaces_by_model(folder).items()}
    rows = "".join(f"    {{{name}_open, {name.upper()}_ARENA_SIZE}},\n" for name in interfaces)
    types = (
        "struct model {\n    mgecc_status (*open)(mgecc_bound *, void *, size_t);\n    size_t arena;\n};\n"
    )
    includes = "".join(f'#include "{name}.h"\n' for name in interfaces)
    (folder / "models.h").write_text(f"{includes}{types}static const struct model models[] = {{\n{rows}}};\n")
    words = ["gcc", "-std=gnu11", *SANITIZERS, f"-I{folder}", f"-I{include_folder()}"]
    words += machine.cflags if machine.machine == "x86_64" else ()
    sources = [Path(__file__).with_name("own_buffers.c"), "all_kernels.c"]
    sources += [f"{name}_blob.S" for name in interfaces]
    words += [*map(str, [*sources, *runtime_sources(bound=True)]), "-o", "own_buffers"]
    done = subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    return Built(folder / "own_buffers", interfaces)


@pytest.fixture(scope="module")
def nets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build([corpus_config(n) for n in NETS], request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc and its sanitizers: apt-get install gcc")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs what it builds on the build host")
@pytest.mark.parametrize("nets", ["x86_64", "baremetal"], indirect=True)
@pytest.mark.parametrize("name", NETS)
def test_networks_run_clean_and_right_in_memory_of_the_application(
    name: str, nets: Built, tmp_path: Path
) -> None:
    recorded = load_cases(CORPUS / f"{name}.npz")
    interface = nets.interfaces[name]
    assert interface.is_bound
    got = nets.run(name, input_cases(recorded, interface)[0], tmp_path)
    limits = Verify(rtol=LIMITS[name]["rtol"], atol=LIMITS[name]["atol"])
    assert all(error.ok for error in compare_outputs(interface.outputs, got, recorded, limits))


@pytest.mark.parametrize("kinds", [("inputs",), ("outputs",), ("inputs", "outputs")])
@pytest.mark.parametrize("target", ["x86_64", "arm64v7", "cortex-m0", "cortex-m55"])
@pytest.mark.parametrize("name", ["digits", "digits_int8"])
def test_models_give_the_same_results(name: str, target: str, kinds: tuple[str, ...], tmp_path: Path) -> None:
    config = load_config(MODELS / name / "model.yaml")
    assert config.verify.inputs
    found = []
    for buffers in (frozenset(), frozenset(kinds)):
        folder = tmp_path / str(len(buffers))
        libraries = compile_and_build(
            replace(config, buffers=buffers), load_target(target), "zig", folder / "products"
        )
        session = prepare(libraries, "zig", folder / "runner")
        assert session.interface.is_bound == bool(buffers)
        cases = input_cases(load_cases(config.verify.inputs), session.interface)[:3]
        found.append([run_cases(session, runner, cases)[0] for runner in session.runners])
    assert found[0] == found[1]


def written_inputs(program: Program) -> list[str]:
    """Calls that write to memory of the application's inputs."""
    return [
        call.layer
        for call in program.calls
        for (_, ctype), ref in zip(call.kernel.operands, call.operands)
        if ref and ref.space == "buffers" and ref.offset // BUFFER_BYTES < len(program.inputs)
        if not ctype.startswith("const ")
    ]


@pytest.mark.parametrize("goal", ["speed", "memory"])
@pytest.mark.parametrize("name", NETS)
def test_no_call_writes_to_an_input_and_the_arena_has_no_room_for_it(name: str, goal: str) -> None:
    config, target = replace(corpus_config(name), optimize=goal), load_target("baremetal")
    program, plain = (
        build_programs(one, target)[0] for one in (config, replace(config, buffers=frozenset()))
    )
    assert not written_inputs(program) and program.is_bound and not plain.is_bound
    assert program.arena <= plain.arena


def part(m: TfliteFile, x: int, begin: int, size: int) -> int:
    at = [m.constant(np.array([0, begin])), m.constant(np.array([1, size]))]
    return m.op("SLICE", [x, *at], m.tensor([1, size]))


def awkward() -> Stream:
    """Outputs that are an input, parts of it and of another output, one value under several names, and constant."""
    m = TfliteFile()
    x = m.input("x", [1, 8])
    y = m.op("TANH", [x], m.tensor([1, 8]))
    flat = m.op("RESHAPE", [y, m.constant(np.array([8]))], m.tensor([8]))
    same = m.op("RESHAPE", [x, m.constant(np.array([8]))], m.tensor([8]))
    z = m.op("NEG", [y], m.tensor([1, 8]))
    outputs = {
        "y": y,
        "flat": flat,
        "same": same,
        "left": part(m, x, 2, 4),
        "right": part(m, y, 4, 4),
        "z": z,
    }
    return Stream(m, outputs, {}, {"x": (1, 8)})


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc and its sanitizers: apt-get install gcc")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs what it builds on the build host")
@pytest.mark.parametrize("goal", ["speed", "memory"])
@pytest.mark.parametrize(
    "outside",
    [
        "inputs outputs",
        "inputs",
        "outputs",
        "outputs.y",
        "outputs.flat outputs.right",
        "inputs.x outputs.same",
    ],
)
def test_outputs_that_are_parts_of_other_values_are_copied(outside: str, goal: str, tmp_path: Path) -> None:
    stream = awkward()
    config = replace(stream.config(tmp_path), buffers=frozenset(outside.split()), optimize=goal)
    built = build([config], "x86_64", tmp_path / "built")
    x = given(stream)["in.x"][:1]
    found = dict(zip(stream.outputs, built.run("net", x.tobytes(), tmp_path)))
    y = np.tanh(x)
    wanted = {"y": y, "flat": y, "same": x, "left": x[..., 2:6], "right": y[..., 4:], "z": -y}
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name].ravel(), array.ravel(), rtol=1e-5, err_msg=name)


def test_the_arena_is_smaller_by_the_inputs_and_outputs(tmp_path: Path) -> None:
    """Of a network of one step all of the arena is for the input and the output."""
    m = TfliteFile()
    x = m.input("x", [1, 4096])
    stream = Stream(m, {"y": m.op("TANH", [x], m.tensor([1, 4096]))}, {}, {"x": (1, 4096)})
    target, config = load_target("cortex-m4"), stream.config(tmp_path)
    arenas = {
        kinds: build_programs(replace(config, buffers=frozenset(kinds)), target)[0].arena
        for kinds in ((), ("inputs",), ("outputs",), ("inputs", "outputs"))
    }
    assert arenas == {(): 4096 * 4, ("inputs",): 4096 * 4, ("outputs",): 4096 * 4, ("inputs", "outputs"): 0}


@pytest.mark.parametrize("target", ["x86_64", "cortex-m4"])
@pytest.mark.parametrize("make", STREAMS)
def test_memory_across_runs_stays_in_the_arena(
    make: Callable[[], Stream], target: str, tmp_path: Path
) -> None:
    stream = make()
    expected = fed_back(stream, tmp_path)
    config = replace(stream.config(tmp_path), buffers=BOTH)
    libraries = compile_and_build(config, load_target(target), "zig", tmp_path / "products")
    session = prepare(libraries, "zig", tmp_path / "runner")
    results, _ = run_cases(session, session.runners[0], input_cases(given(stream), session.interface))
    for found, want in zip(output_arrays(results, session.interface), expected, strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("target", ["x86_64", "cortex-m4"])
def test_every_set_of_input_shapes_has_its_buffers(target: str, tmp_path: Path) -> None:
    sets = ({"data": (1, 1, 8, 8)}, {"data": (2, 1, 8, 8)})
    config = replace(load_config(MODELS / "digits" / "model.yaml"), buffers=BOTH, input_shapes=sets)
    assert config.verify.inputs
    libraries = compile_and_build(config, load_target(target), "zig", tmp_path / "products")
    session = prepare(libraries, "zig", tmp_path / "runner")
    data = load_cases(config.verify.inputs)["in.data"].reshape(-1, 1, 8, 8)[:2]
    one, two = (session.fitting({"in.data": stack}) for stack in (data[:, None], data[None]))
    single = run_cases(one, one.runners[0], [image.tobytes() for image in data])[0]
    (both,) = run_cases(two, two.runners[0], [data.tobytes()])[0]
    np.testing.assert_allclose(
        np.frombuffer(b"".join(single), np.float32), np.frombuffer(both, np.float32), rtol=1e-4, atol=1e-5
    )


def refusal(file: Path, target: str) -> str:
    with pytest.raises(CompileError) as told:
        build_programs(load_config(file), load_target(target))
    return str(told.value)


def test_what_cannot_go_with_buffers_is_refused_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "net.mge").write_bytes((CORPUS / "net_unet.mge").read_bytes())
    file = tmp_path / "model.yaml"
    file.write_text("name: net\nmodel: net.mge\nthreads: 2\nbuffers: {inputs: user}\n")
    why = "inputs and outputs of a model with `threads` lie in the arena; leave `buffers` or `threads` out"
    assert f"{file}:4:1: {why}" in refusal(file, "x86_64")


def test_single_inputs_and_outputs_are_named(tmp_path: Path) -> None:
    awkward().config(tmp_path)
    file = tmp_path / "model.yaml"
    file.write_text("name: net\nmodel: net.tflite\nbuffers: {inputs: [x], outputs: [flat, z]}\n")
    (program,) = build_programs(load_config(file), load_target("cortex-m4"))
    assert [t.is_outside for t in program.inputs] == [True]
    assert [t.name for t in program.outputs if t.is_outside] == ["flat", "z"]
    file.write_text("name: net\nmodel: net.tflite\nbuffers: {inputs: arena, outputs: [flut]}\n")
    why = "buffers: no output is called flut; known are y, flat, same, left, right, z"
    assert f"{file}:3:26: {why}" in refusal(file, "cortex-m4")


def test_too_many_buffers_are_refused(tmp_path: Path) -> None:
    m = TfliteFile()
    x = m.input("x", [1, 4])
    outputs = {f"y{k}": m.op("TANH" if k % 2 else "NEG", [x], m.tensor([1, 4])) for k in range(16)}
    config = replace(Stream(m, outputs, {}, {"x": (1, 4)}).config(tmp_path), buffers=BOTH)
    with pytest.raises(EmitError, match="17 inputs and outputs, at most 16 fit where some are buffers"):
        compile_model(config, "cortex-m4")
