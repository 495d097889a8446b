"""The wake word "Okay Nabu": a streaming network with variables, TensorFlow Lite, int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from kit.command import Model, run
from kit.sound import RATE, reading, spoken
from kit.stored import micro_outputs, publish_file
from pymicro_features import MicroFrontend  # type: ignore[import-not-found]

FILE = "microwakeword/pymicro_wakeword/models/okay_nabu.tflite"
SCALE, ZERO, HOP, STEPS = 0.10196078568696976, -128, 160, 3
MODEL = Model(
    "okay_nabu",
    [],
    {
        "description": "Wake word 'Okay Nabu', 30 ms of 40 energies a run, TensorFlow Lite, int8",
        "licence": "Apache-2.0",
        "verify": {"atol": 0.0},
    },
)


def energies(samples: np.ndarray) -> np.ndarray:
    """16-bit samples at 16 kHz -> (frames, 40) energies, one frame in 10 ms."""
    front, found = MicroFrontend(), []
    for at in range(0, len(samples) - HOP + 1, HOP):
        features = front.process_samples(samples[at : at + HOP].tobytes()).features
        found += [features] if features else []
    return np.array(found, np.float32)


def cases(src: Path) -> np.ndarray:
    """A reading, then the wake word as espeak-ng says it, then silence."""
    parts = (reading(src)[:4].reshape(-1), spoken("okay nahboo", RATE), np.zeros(RATE // 2, np.int16))
    frames = energies(np.concatenate(parts))
    count = len(frames) // STEPS
    stored = np.clip(np.rint(frames / np.float32(SCALE)) + ZERO, -128, 127).astype(np.int8)
    return stored[: count * STEPS].reshape(count, 1, STEPS, 40)


def make(src: Path, out: Path) -> None:
    given = cases(src)
    digest = "d89128c4d16a72de429119fb2254ce46649553c2a24f5dd840175c80d7b9d094"
    publish_file(MODEL, src / FILE, digest, {"input_audio": given}, [micro_outputs(src / FILE, given)], out)


if __name__ == "__main__":
    run(__doc__, make)
