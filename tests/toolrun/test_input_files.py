"""Inputs from users' own files: arrays, pictures, sounds, raw bytes, folders."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mgecc import cli
from mgecc.config import InputConfig, load_cases, load_config
from mgecc.errors import InputError
from mgecc.graph import DType
from mgecc.toolrun import input_files
from mgecc.toolrun.input_files import read_inputs
from mgecc.toolrun.tensors import Interface, Tensor
from PIL import Image

MODELS = Path(__file__).parents[2] / "models"
DIGITS = load_config(MODELS / "digits" / "model.yaml")
RECORDED = load_cases(MODELS / "digits" / "inputs.npz")["in.data"]


def test_an_array_is_the_only_input(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", RECORDED[:3])
    found = read_inputs(DIGITS, tmp_path / "x.npy")
    assert list(found) == ["in.data"] and np.array_equal(found["in.data"], RECORDED[:3])
    assert found.file == str(tmp_path / "x.npy")


def test_raw_bytes_are_cases_in_the_models_order(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(RECORDED[:2].astype("<f4").tobytes())
    assert np.array_equal(read_inputs(DIGITS, tmp_path / "x.bin")["in.data"], RECORDED[:2])
    (tmp_path / "x.bin").write_bytes(b"abc")
    with pytest.raises(InputError, match="holds 3 bytes, a case has 256"):
        read_inputs(DIGITS, tmp_path / "x.bin")


def test_raw_bytes_have_the_form_that_the_application_gives(tmp_path: Path) -> None:
    config = replace(DIGITS, inputs={"data": InputConfig(dtype="uint8")})
    (tmp_path / "x.bin").write_bytes(bytes(range(64)))
    (found,) = read_inputs(config, tmp_path / "x.bin").values()
    assert found.dtype == np.uint8 and found.reshape(-1).tolist() == list(range(64))


def test_a_folder_is_its_files_in_order(tmp_path: Path) -> None:
    np.save(tmp_path / "b.npy", RECORDED[0])
    np.save(tmp_path / "a.npy", RECORDED[1:3])
    (tmp_path / "c.bin").write_bytes(RECORDED[5].astype("<f4").tobytes())
    (tmp_path / "notes.txt").write_text("no input")
    found = read_inputs(DIGITS, tmp_path)["in.data"]
    assert np.array_equal(found, RECORDED[[1, 2, 0, 5]])


def test_a_folder_without_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no input; known: .npz .npy .wav .bin"):
        read_inputs(DIGITS, tmp_path)


@pytest.mark.parametrize("name", ["x.mp3", "x.npy", "x.wav", "missing.npy", "missing.wav", "missing.bin"])
def test_what_cannot_be_read_is_named_in_one_line(name: str, tmp_path: Path) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_bytes(b"RIFF nothing")
    with pytest.raises(InputError) as error:
        read_inputs(SOUND, tmp_path / name)
    assert name in str(error.value) and "\n" not in str(error.value)


def test_one_array_for_several_inputs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = tuple(Tensor(name, (4,), DType("float32")) for name in "ab")
    monkeypatch.setattr(input_files, "_interface", lambda config: Interface(two, (), 0, 0))
    np.save(tmp_path / "x.npy", np.zeros(4, np.float32))
    with pytest.raises(InputError, match=r"give an .npz with in.a, in.b"):
        read_inputs(DIGITS, tmp_path / "x.npy")


SOUND = load_config(MODELS / "silero_vad" / "model.yaml")


def write_sound(path: Path, samples: np.ndarray, width: int, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.setframerate(16000)
        sound.writeframes(samples.tobytes())


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_samples_of_any_width_lie_between_minus_one_and_one(width: int, tmp_path: Path) -> None:
    levels = np.array([-1.0, -0.5, 0.0, 0.5] * 144)
    if width == 1:
        stored = (levels * 128 + 128).astype(np.uint8)
    else:
        wide = (levels * 2.0 ** (8 * width - 1)).astype("<i4")
        stored = wide.view(np.uint8).reshape(-1, 4)[:, :width].copy()
    write_sound(tmp_path / "x.wav", stored, width)
    (found,) = read_inputs(SOUND, tmp_path / "x.wav").values()
    assert found.dtype == np.float32 and found.size == 576
    assert np.array_equal(found.reshape(-1), levels.astype(np.float32))


def test_samples_of_64_bits_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    write_sound(path, np.zeros(600, "<i2"), 2)
    data = bytearray(path.read_bytes())
    data[34:36] = (64).to_bytes(2, "little")
    path.write_bytes(data)
    with pytest.raises(InputError, match="samples of 64 bits; known: 8, 16, 24 and 32"):
        read_inputs(SOUND, path)


def test_a_frame_that_the_file_cuts_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    write_sound(path, np.full((600, 2), 16384, "<i2"), 2, channels=2)
    path.write_bytes(path.read_bytes()[:-25])
    (found,) = read_inputs(SOUND, path).values()
    assert (found.reshape(-1)[:576] == 0.5).all()


def test_a_sound_is_cut_into_windows_and_channels_are_averaged(tmp_path: Path) -> None:
    stereo = np.stack([np.full(1300, 8192), np.full(1300, 24576)], axis=1).astype("<i2")
    write_sound(tmp_path / "x.wav", stereo, 2, channels=2)
    told: list[str] = []
    (found,) = read_inputs(SOUND, tmp_path / "x.wav", told.append).values()
    assert found.shape[0] == 2 and (found == 0.5).all()
    assert told[0].endswith("the mean of 2 channels is taken")
    assert told[1].endswith("1300 samples at 16000 Hz make 2 cases of 576; 148 are left")


def test_a_short_sound_is_filled_with_silence(tmp_path: Path) -> None:
    write_sound(tmp_path / "x.wav", np.full(500, 16384, "<i2"), 2)
    told: list[str] = []
    (found,) = read_inputs(SOUND, tmp_path / "x.wav", told.append).values()
    flat = found.reshape(-1)
    assert (flat[:500] == 0.5).all() and not flat[500:].any() and "76 zeros follow" in told[0]


def test_integers_of_16_bits_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = (Tensor("pcm", (4,), DType("int16")),)
    monkeypatch.setattr(input_files, "_interface", lambda config: Interface(inputs, (), 0, 0))
    samples = np.array([-32768, -1, 1, 32767], "<i2")
    write_sound(tmp_path / "x.wav", samples, 2)
    (found,) = read_inputs(SOUND, tmp_path / "x.wav").values()
    assert found.dtype == np.int16 and found.reshape(-1).tolist() == samples.tolist()


def test_a_folder_of_pictures_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        Image.new("RGB", (32, 32), (80 * number, 10, 10)).save(tmp_path / f"{number}.png")
    args = ["--target", "x86_64", "--input", str(tmp_path), "--top", "1"]
    assert cli.main(["run", str(MODELS / "tiny_resnet"), *args]) == 0
    assert capsys.readouterr().out.count("case ") == 3


def test_layers_are_compared_on_a_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(1).integers(-9000, 9000, 1300).astype("<i2")
    write_sound(tmp_path / "x.wav", noise, 2)
    args = ["--target", "x86_64", "--layers", "--inputs", str(tmp_path / "x.wav")]
    assert cli.main(["verify", str(MODELS / "silero_vad"), *args]) == 0
    assert "no layer diverges" in capsys.readouterr().out
