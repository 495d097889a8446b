"""model.yaml -> ModelConfig, and every mistake with its place."""

from pathlib import Path

import pytest
from mgecc.config import ConfigError, check_name, format_config, load_config
from mgecc.config.load import DEFAULT_MAX_ABS_OF_PEAK, parse_bytes

FULL = """\
model: net.mge
name: cat_finder
description: finds cats
licence: MIT
optimize: size
verify_blob: once
inputs:
  data: {shape: [1, 3, 8, 8], dtype: uint8}
input_shapes:
  - {data: [1, 3, 8, 8]}
  - {data: [2, 3, 8, 8]}
flash: 64K
ram: 4096
labels: labels.txt
preprocess:
  input: data
  size: [8, 6]
  mean: [1, 2, 3]
  std: [2, 2, 2.5]
verify:
  inputs: inputs.npz
  expected: expected.npz
  atol: 1e-3
  top: 5
options:
  enable_nchw44: true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my_net"
    folder.mkdir()
    for name in ("net.mge", "labels.txt", "inputs.npz", "expected.npz"):
        (folder / name).write_bytes(b"")
    return folder


def write(folder: Path, text: str) -> Path:
    path = folder / "model.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[tuple[int, int, str]]:
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert all(p.file == str(path) for p in caught.value.problems)
    assert all(line.startswith(f"{path}:") for line in str(caught.value).splitlines())
    return [(p.line, p.column, p.message) for p in caught.value.problems]


def test_every_key_is_read(folder: Path) -> None:
    config = load_config(write(folder, FULL))
    assert (config.name, config.description, config.licence) == ("cat_finder", "finds cats", "MIT")
    assert (config.model, config.labels) == (folder / "net.mge", folder / "labels.txt")
    assert (config.optimize, config.flash, config.ram) == ("size", 65536, 4096)
    assert config.verify_blob == "once"
    assert (config.inputs["data"].shape, config.inputs["data"].dtype) == ((1, 3, 8, 8), "uint8")
    assert config.input_shapes == ({"data": (1, 3, 8, 8)}, {"data": (2, 3, 8, 8)})
    assert config.options == {"enable_nchw44": True}


def test_preprocess_and_verify_are_typed(folder: Path) -> None:
    config = load_config(write(folder, FULL))
    assert config.preprocess is not None
    assert (config.preprocess.size, config.preprocess.colour, config.preprocess.scale) == ((8, 6), "RGB", 1.0)
    assert (config.preprocess.mean, config.preprocess.std) == ((1.0, 2.0, 3.0), (2.0, 2.0, 2.5))
    assert (config.verify.atol, config.verify.rtol, config.verify.top) == (0.001, 0.0, 5)
    assert config.verify.inputs == folder / "inputs.npz"


def test_one_line_is_enough(folder: Path) -> None:
    config = load_config(write(folder, "model: net.mge\n"))
    assert (config.name, config.optimize, config.flash) == ("my_net", "speed", None)
    assert config.verify.max_abs_of_peak == DEFAULT_MAX_ABS_OF_PEAK
    assert config.preprocess is None


def test_relative_path_of_the_yaml_still_names_the_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "model: net.mge\n")
    monkeypatch.chdir(folder)
    assert load_config("model.yaml").name == "my_net"


def test_unknown_key_names_the_nearest_one(folder: Path) -> None:
    assert problems(folder, "model: net.mge\noptimise: speed\n") == [
        (2, 1, "unknown key 'optimise'; did you mean 'optimize'?")
    ]


def test_unknown_nested_key_is_placed_at_the_key(folder: Path) -> None:
    found = problems(folder, "model: net.mge\nverify:\n  atoll: 1\n")
    assert found == [(3, 3, "unknown key 'atoll'; did you mean 'atol'?")]


def test_unknown_choice_names_the_nearest_one(folder: Path) -> None:
    assert problems(folder, "model: net.mge\noptimize: sped\n") == [
        (2, 11, "'optimize' cannot be \"sped\"; did you mean 'speed'?")
    ]


def test_all_problems_are_reported_at_once(folder: Path) -> None:
    found = problems(
        folder, "name: 3x\nflash: lots\nverify: {top: 0, inputs: gone.npz}\noptions: {enable_nchw44: 1}\n"
    )
    assert [line for line, _, _ in found] == [1, 1, 2, 3, 3, 3, 4]
    text = "\n".join(message for _, _, message in found)
    for part in (
        "'model' is missing",
        "'3x' cannot be a C name",
        "'flash' must be a number of bytes",
        "'expected'",
    ):
        assert part in text


def test_missing_file_is_placed_at_its_value(folder: Path) -> None:
    assert problems(folder, "model: other.mge\n") == [(1, 8, "there is no file 'other.mge'")]


@pytest.mark.parametrize("path", ["/etc/passwd", "a\\\\b.mge", ""])
def test_absolute_or_odd_paths_are_refused(folder: Path, path: str) -> None:
    assert problems(folder, f'model: "{path}"\n')[0][:2] == (1, 8)


def test_unusable_folder_name_asks_for_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "9-lives"
    folder.mkdir()
    (folder / "net.mge").write_bytes(b"")
    ((_, _, message),) = problems(folder, "model: net.mge\n")
    assert "'9-lives'" in message and "'name:'" in message


def test_mean_and_std_must_fit_the_colour(folder: Path) -> None:
    text = "model: net.mge\npreprocess: {input: x, size: [1, 1], colour: GRAY, mean: [1, 2, 3], std: [0]}\n"
    assert [message for _, _, message in problems(folder, text)] == [
        "'mean' must have 1 numbers, one per channel",
        "'std' must not be 0",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("model: net.mge\nmodel: net.mge\n", (2, 1)),
        ("model: [\n", (2, 1)),
        ("model: &a net.mge\n", (1, 8)),
        ("a: *b\n", (1, 4)),
        ("model: !!python/name:os.system x\n", (1, 8)),
        ("model: net.mge\nverify: {rtol: .nan}\n", (2, 16)),
        ("model: net.mge\nram: " + "9" * 5000 + "\n", (2, 6)),
        ("model: net.mge\ninputs: " + "[" * 5000 + "\n", (2, 24)),
        ("model: 2020-13-45\n", (1, 8)),
        ("model: !!int\n", (1, 8)),
        ("model: !!bool x\n", (1, 8)),
        ("model: !!timestamp x\nname: 1\n", (2, 7)),
        ("model: !!binary eA==\n", (1, 8)),
        ("? [a]\n: b\n", (1, 3)),
        ("--- a\n--- b\n", (2, 1)),
        ("- model\n", (1, 1)),
        ("", (1, 1)),
    ],
)
def test_hostile_yaml_gives_a_place_not_a_traceback(folder: Path, text: str, place: tuple[int, int]) -> None:
    assert place in [(line, column) for line, column, _ in problems(folder, text)]


def test_unreadable_files_are_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * 300_000)
    with pytest.raises(ConfigError, match="longer than"):
        load_config(big)
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"model: a\nname: \xff\n")
    with pytest.raises(ConfigError, match=r":2:1: not UTF-8"):
        load_config(odd)


@pytest.mark.parametrize(
    ("text", "value"), [("64K", 65536), ("1.5M", 1572864), ("2 KiB", 2048), (7, 7), ("1GB", 1 << 30)]
)
def test_sizes_are_powers_of_1024(text: str | int, value: int) -> None:
    assert parse_bytes(text) == value


@pytest.mark.parametrize("name", ["", "a-b", "int", "_x", "é", "x" * 49, "a b", "3d"])
def test_names_c_would_refuse(name: str) -> None:
    assert check_name(name)


def test_written_config_reads_back(folder: Path) -> None:
    values = {"model": "net.mge", "verify": {"rtol": 1e-4, "top": 3}, "inputs": {"data": {"shape": [1, 2]}}}
    text = format_config(values)
    config = load_config(write(folder, text))
    assert (config.verify.rtol, config.verify.top, config.inputs["data"].shape) == (1e-4, 3, (1, 2))
    assert format_config(values) == text and "[1, 2]" in text


def test_a_flood_of_problems_is_cut_in_the_text_only(folder: Path) -> None:
    path = write(folder, "model: net.mge\n" + "".join(f"k{i}: 1\n" for i in range(150)))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(caught.value.problems) == 150
    assert str(caught.value).splitlines()[-1] == "and 50 more problems"
