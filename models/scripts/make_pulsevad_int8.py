"""PulseVAD of 2,100 parameters, quantised: bytes between QuantizeLinear and DequantizeLinear, ONNX."""

from __future__ import annotations

from pathlib import Path

from kit.command import MODELS, Model, run
from kit.stored import publish_file
from mgecc.config import load_cases
from mgecc.export_onnx import reference_cases

FILE = "pulsevad/pulsevad/data/pulsevad_2.1k_int8.onnx"
MODEL = Model(
    "pulsevad_int8",
    [],
    {
        "description": "PulseVAD 2.1k, voice activity in windows of 200 ms, ONNX, int8",
        "licence": "MIT",
        "inputs": {"log_mel": {"shape": [1, 64, 21]}},
        "verify": {"atol": 0.0001, "top": 1},
    },
    ["no speech", "speech"],
)


def make(src: Path, out: Path) -> None:
    given = {"log_mel": load_cases(MODELS / "pulsevad" / "inputs.npz")["in.log_mel"]}
    digest = "416061347a1e723ed15163acd51006bf3c513b27bb9f57d85e2c694cc44b8389"
    publish_file(MODEL, src / FILE, digest, given, reference_cases(src / FILE, given), out)


if __name__ == "__main__":
    run(__doc__, make)
