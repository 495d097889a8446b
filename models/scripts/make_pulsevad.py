"""PulseVAD, voice activity detector of 81,090 parameters (PyTorch weights), float32; Conv1d, BatchNorm1d, dilation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import megengine.functional as F
import megengine.module as M
import numpy as np
from kit.command import Model, publish, run
from kit.sound import noise_and_hum, reading
from kit.torch_file import load_state_dict
from kit.weights import Weights, set_batch_norm, set_conv, set_linear

SOURCE = "pulsevad/pulsevad/data"
FRAMES, HOP, FRAME, TRANSFORM = 21, 160, 400, 512

MODEL = Model(
    "pulsevad",
    ["logits"],
    {
        "description": "PulseVAD 81k, voice activity in windows of 200 ms, float32",
        "licence": "MIT",
        "verify": {"atol": 0.001, "top": 1},
    },
    ["no speech", "speech"],
)


def log_mel(samples: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """3200 samples at 16 kHz in [-1, 1] and (257, 64) filters -> (64, 21) normalised log-mel energies."""
    x = samples.astype(np.float32)
    x = np.concatenate([x[:1], x[1:] - 0.97 * x[:-1]])
    x = np.pad((x - x.mean()) / (x.std() + 1e-5), TRANSFORM // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    margin = (TRANSFORM - FRAME) // 2
    frames = np.zeros((FRAMES, TRANSFORM), np.float32)
    for i in range(FRAMES):
        start = i * HOP + margin
        frames[i, margin : margin + FRAME] = x[start : start + FRAME] * window
    energies = np.log((np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ filters).T + 1e-5)
    centred = energies - energies.mean(1, keepdims=True)
    return (centred / (energies.std(1, keepdims=True) + 1e-5)).astype(np.float32)


class Pointwise(M.Module):
    """Conv1d of width 1, batch norm, perhaps relu."""

    def __init__(self, weights: Weights, prefix: str, inputs: int, outputs: int, relu: bool = True) -> None:
        super().__init__()
        self.conv, self.bn = M.Conv1d(inputs, outputs, 1, bias=False), M.BatchNorm1d(outputs, eps=1e-3)
        self.act = relu
        set_conv(self.conv, weights[f"{prefix}.conv.weight"])
        set_batch_norm(self.bn, weights, f"{prefix}.bn")

    def forward(self, x: Any) -> Any:
        x = self.bn(self.conv(x))
        return F.relu(x) if self.act else x


class Depthwise(M.Module):
    """Depthwise 1-D convolution as a (k, 1) Conv2d, because M.Conv1d refuses groups > 1."""

    def __init__(self, weights: Weights, prefix: str, channels: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        padding = (dilation * (kernel - 1) // 2, 0)
        geometry = {"padding": padding, "dilation": (dilation, 1), "groups": channels}
        self.conv = M.Conv2d(channels, channels, (kernel, 1), bias=False, **geometry)
        set_conv(self.conv, weights[f"{prefix}.weight"])

    def forward(self, x: Any) -> Any:
        return F.squeeze(self.conv(F.expand_dims(x, 3)), 3)


class PulseVad(M.Module):
    def __init__(self, w: Weights) -> None:
        super().__init__()
        self.adapter = Pointwise(w, "adapter", 64, 128)
        self.dw0, self.pw0 = Depthwise(w, "conv0_dw", 128, 11), Pointwise(w, "conv0_pw", 128, 128)
        self.b1, self.b2 = Pointwise(w, "block1", 128, 64), Pointwise(w, "block2", 64, 64)
        self.a_dw, self.a_pw = Depthwise(w, "block3.subA_dw", 64, 17), Pointwise(w, "block3.subA_pw", 64, 64)
        self.c_dw = Depthwise(w, "block3.subC_dw", 64, 17)
        self.c_pw = Pointwise(w, "block3.subC_pw", 64, 64, relu=False)
        self.skip = Pointwise(w, "block3.skip", 64, 64, relu=False)
        self.dw4, self.pw4 = Depthwise(w, "conv4_dw", 64, 29, dilation=2), Pointwise(w, "conv4_pw", 64, 128)
        self.c5 = Pointwise(w, "conv5", 128, 128)
        self.fc = M.Linear(128, 2)
        set_linear(self.fc, w, "classifier")

    def forward(self, x: Any) -> Any:
        x = self.b2(self.b1(self.pw0(self.dw0(self.adapter(x)))))
        x = F.relu(self.c_pw(self.c_dw(self.a_pw(self.a_dw(x)))) + self.skip(x))
        x = self.c5(self.pw4(self.dw4(x)))
        return self.fc(F.mean(x, axis=2))


def cases(src: Path) -> dict[str, np.ndarray]:
    """Fourteen windows of a reading, four of noise, one of a tone."""
    filters = np.load(src / SOURCE / "mel_filterbank.npy", allow_pickle=False).astype(np.float32)
    windows = np.concatenate([reading(src), noise_and_hum()])
    return {"log_mel": np.stack([log_mel(w / 32768.0, filters) for w in windows])[:, None]}


def make(src: Path, out: Path) -> None:
    net = PulseVad(load_state_dict(src / SOURCE / "pulsevad_teacher_81k.pth"))
    publish(MODEL, net, cases(src), out)


if __name__ == "__main__":
    run(__doc__, make)
