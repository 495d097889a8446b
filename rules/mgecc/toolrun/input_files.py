"""Inputs of a model from files of users: arrays, pictures, sounds, raw bytes, and folders of them."""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np

from mgecc.config import Cases, ModelConfig, load_array, load_side
from mgecc.config.cases import MAX_TOTAL_BYTES
from mgecc.errors import InputError
from mgecc.graph import Graph, TensorType
from mgecc.toolrun.graphs import lower_graphs
from mgecc.toolrun.pictures import load_picture
from mgecc.toolrun.tensors import Arrays, Interface, Tensor, input_stacks

Tell = Callable[[str], object]
_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".webp")
# Type of samples by their bytes: 24 bits are read as the upper ones of 32.
_SAMPLES = {1: "u1", 2: "<i2", 3: "<i4", 4: "<i4"}


def read_inputs(config: ModelConfig, path: Path, tell: Tell = lambda _text: None) -> Cases:
    """Arrays in.NAME of a file or of all files in a folder, in the order of their names, a case or several each.

    ``tell`` gets a line for whatever is not taken as it is. Raises InputError.
    """
    if path.is_dir():
        return Cases(path, _folder(config, path, tell))
    if path.suffix.lower() == ".npz":
        return load_side(path, "in")
    return Cases(path, _READERS.get(path.suffix.lower(), _unknown)(config, path, tell))


def graph_interface(graph: Graph) -> Interface:
    """Inputs and outputs as the application sees them, of a graph that is not compiled."""
    inputs = [(value.name, graph.seen_input(value)) for value in graph.given_inputs]
    outputs = [(name, graph.seen_output(k)) for k, (name, _) in graph.results.items()]
    return Interface(_tensors(graph, inputs), _tensors(graph, outputs), 0, 0)


def _tensors(graph: Graph, named: Sequence[tuple[str, TensorType]]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(name, kind.shape, kind.dtype, alias=graph.aliases.get(name, ""), range=graph.ranges.get(name))
        for name, kind in named
    )


def _interface(config: ModelConfig) -> Interface:
    """With inputs in the forms that the application gives."""
    return graph_interface(lower_graphs(config, None)[0])


def _unknown(_config: ModelConfig, path: Path, _tell: Tell) -> Arrays:
    kinds = " ".join([".npz", *_READERS])
    raise InputError(f"{path}: unknown kind of input; known: {kinds}, and folders of these")


def _folder(config: ModelConfig, folder: Path, tell: Tell) -> Arrays:
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".npz", *_READERS)]
    if not files:
        raise InputError(f"{folder}: there is no input; known: .npz {' '.join(_READERS)}")
    interface = _interface(config)
    stacks = [input_stacks(read_inputs(config, path, tell), interface) for path in files]
    return {f"in.{name}": np.concatenate([stack[name] for stack in stacks]) for name in stacks[0]}


def _picture(config: ModelConfig, path: Path, tell: Tell) -> Arrays:
    if config.preprocess is None:
        raise InputError(f"{config.path}: there is no 'preprocess:' that says how a picture becomes an input")
    array = load_picture(path, config.preprocess, config.form_of_picture, tell)
    return {f"in.{config.preprocess.input}": array}


def _array(config: ModelConfig, path: Path, _tell: Tell) -> Arrays:
    return {f"in.{_only_input(config, path).name}": load_array(path)}


def _bytes(config: ModelConfig, path: Path, _tell: Tell) -> Arrays:
    """All inputs of a case in the model's order, as the library reads them, case after case."""
    inputs = _interface(config).inputs
    size = sum(tensor.nbytes for tensor in inputs)
    data = np.frombuffer(_contents(path), np.uint8)
    if not size or not data.size or data.size % size:
        raise InputError(f"{path}: holds {data.size} bytes, a case has {size} (or N times as many)")
    cases, found, start = data.reshape(-1, size), {}, 0
    for tensor in inputs:
        part = np.ascontiguousarray(cases[:, start : start + tensor.nbytes])
        start += tensor.nbytes
        stored = part.view(tensor.dtype.numpy.newbyteorder("<")).astype(tensor.dtype.numpy)
        found[f"in.{tensor.name}"] = stored.reshape(-1, *tensor.shape)
    return found


def _contents(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_TOTAL_BYTES:
            raise InputError(f"{path}: more than {MAX_TOTAL_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _only_input(config: ModelConfig, path: Path) -> Tensor:
    inputs = _interface(config).inputs
    if len(inputs) != 1:
        names = ", ".join(f"in.{tensor.name}" for tensor in inputs)
        raise InputError(f"{path}: of one input, {config.name} has {len(inputs)}: give an .npz with {names}")
    return inputs[0]


def _sound(config: ModelConfig, path: Path, tell: Tell) -> Arrays:
    """Consecutive windows as cases: samples from -1 to 1, or where the input has integers of 16 bits, as they are."""
    tensor, (samples, rate) = _only_input(config, path), _samples(path)
    if samples.shape[1] > 1:
        tell(f"{path}: the mean of {samples.shape[1]} channels is taken")
    window = prod(tensor.shape)
    count = max(1, len(samples) // window)
    heard = samples.mean(axis=1) * (2**15 if tensor.dtype.name == "int16" else 1)
    padded = np.concatenate([heard, np.zeros(max(0, window - len(heard)))])
    rest = (
        f"{len(heard) % window} are left" if len(heard) >= window else f"{window - len(heard)} zeros follow"
    )
    tell(f"{path}: {len(heard)} samples at {rate} Hz make {count} cases of {window}; {rest}")
    dtype = "int16" if tensor.dtype.name == "int16" else "float32"
    return {f"in.{tensor.name}": padded[: count * window].astype(dtype).reshape(count, *tensor.shape)}


def _samples(path: Path) -> tuple[np.ndarray, int]:
    """Samples from -1 to 1 by time and channel, and how many a second. Raises InputError for other than PCM."""
    try:
        with wave.open(str(path), "rb") as sound:
            form = sound.getparams()
            if form.nframes * form.nchannels * 4 > MAX_TOTAL_BYTES:
                raise InputError(f"{path}: more than {MAX_TOTAL_BYTES} bytes")
            if form.sampwidth not in _SAMPLES:
                raise InputError(f"{path}: samples of {8 * form.sampwidth} bits; known: 8, 16, 24 and 32")
            data = sound.readframes(form.nframes)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (wave.Error, EOFError) as error:
        raise InputError(f"{path}: not a .wav file of PCM that can be read: {error}") from None
    data = data[: len(data) // (form.sampwidth * form.nchannels) * form.sampwidth * form.nchannels]
    if form.sampwidth == 3:
        data = np.pad(np.frombuffer(data, np.uint8).reshape(-1, 3), ((0, 0), (1, 0))).tobytes()
    stored = np.frombuffer(data, _SAMPLES[form.sampwidth]).reshape(-1, form.nchannels)
    zero, whole = (128, 2**7) if form.sampwidth == 1 else (0, 2 ** (8 * stored.itemsize - 1))
    return (stored.astype(np.float64) - zero) / whole, form.framerate


_READERS: Mapping[str, Callable[[ModelConfig, Path, Tell], Arrays]] = {
    ".npy": _array,
    ".wav": _sound,
    ".bin": _bytes,
    **dict.fromkeys(_PICTURES, _picture),
}
