"""Windows of speech and of noise, 200 ms at 16 kHz; words that a synthesiser says."""

from __future__ import annotations

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

WINDOW, RATE = 3200, 16000
_READING = "speech/sense_and_sensibility_01_austen_64kb-0880.wav"


def reading(src: Path) -> np.ndarray:
    """(windows, 3200) int16 of a reading in the public domain (LibriVox)."""
    with wave.open(str(src / _READING)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
            raise ValueError(f"{_READING} is not 16-bit mono at 16 kHz")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    count = len(samples) // WINDOW
    return samples[: count * WINDOW].reshape(count, WINDOW)


def noise_and_hum() -> np.ndarray:
    """(5, 3200) int16: four windows of white noise and one of a 100 Hz tone."""
    generator = np.random.RandomState(0)
    noise = np.clip(generator.randn(4, WINDOW) * 1000, -32767, 32767).astype(np.int16)
    hum = 2000 * np.sin(2 * np.pi * 100 * np.arange(WINDOW) / 16000)
    return np.concatenate([noise, hum.astype(np.int16)[None]])


def spoken(text: str, rate: int) -> np.ndarray:
    """16-bit samples of a text as espeak-ng (Debian 1.51) says it in American English, at ``rate`` a second."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "160", "-w", file.name, text], check=True)
        with wave.open(file.name) as wav:
            own = wav.getframerate()
            samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
    times = np.arange(len(samples) * rate // own) * own / rate
    return np.interp(times, np.arange(len(samples)), samples).astype(np.int16)
