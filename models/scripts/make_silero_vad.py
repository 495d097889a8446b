"""Silero VAD: the probability of speech, frame by frame; an LSTM whose state the file has as input and output, ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from kit.command import Model, run
from kit.sound import noise_and_hum, reading
from kit.stored import onnx_stream, publish_file

FILE = "silero/silero_vad/data/silero_vad_16k_op15.onnx"
FRAME, CONTEXT, RATE, COUNT = 512, 64, 16000, 24
MODEL = Model(
    "silero_vad",
    [],
    {
        "description": "Silero VAD 6, probability of speech in frames of 32 ms at 16 kHz, ONNX, float32",
        "licence": "MIT",
        "bind": {"sr": RATE},
        "inputs": {"input": {"shape": [1, CONTEXT + FRAME]}, "state": {"shape": [2, 1, 128]}},
        "state": {"state": "stateN"},
        "verify": {"rtol": 0.001, "atol": 0.0001},
    },
)


def frames(src: Path) -> np.ndarray:
    """Noise, then speech: COUNT frames, each with the last samples of the one before in front."""
    noise, speech = noise_and_hum()[:2].reshape(-1) / 10, reading(src).reshape(-1)
    samples = np.concatenate([np.zeros(CONTEXT), noise, speech])[: CONTEXT + COUNT * FRAME] / 32768
    starts = range(0, COUNT * FRAME, FRAME)
    return np.stack([samples[at : at + CONTEXT + FRAME] for at in starts]).astype(np.float32)[:, None]


def make(src: Path, out: Path) -> None:
    given = frames(src)
    begin = np.zeros((2, 1, 128), np.float32)
    digest = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"
    expected = onnx_stream(src / FILE, given, begin, sr=np.array(RATE))
    publish_file(MODEL, src / FILE, digest, {"input": given}, [expected], out)


if __name__ == "__main__":
    run(__doc__, make)
