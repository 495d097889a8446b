"""Networks in ONNX and TensorFlow Lite files for tests that attack or compile kernels of every kind."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mgecc.config import ModelConfig
from once import once

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "frontends" / "onnx"), str(TESTS / "frontends" / "tflite")]

import backend
from quantised_cases import quantised_cases
from recurrent_cases import recurrent_cases

ONNX = """
    ai_onnx_ml_tree_ensemble_set_membership ai_onnx_ml_tree_ensemble_single_tree attention_3d convinteger_with_padding
    cumsum_2d_axis_1 deform_conv_with_mask_bias dequantizelinear_axis det_nd dynamicquantizelinear gridsample_bicubic
    gridsample_nearest gru_bidirectional lrn lstm_with_peepholes matmulinteger maxunpool_export_with_output_shape
    nonmaxsuppression_two_classes qlinearconv qlinearmatmul_2D_int8_float32 quantizelinear quantizelinear_axis
    resize_downsample_scales_cubic resize_downsample_scales_linear_antialias resize_upsample_sizes_nearest
    roialign_mode_max rotary_embedding scatter_elements_with_reduction_max scatternd_add stft_with_window
    tensorscatter tfidfvectorizer_tf_uniandbigrams_skip5 unique_sorted_with_axis
"""
"""Cases of the package onnx: tables among the weights, quantised numbers, indices, operators that .mge files lack."""


def foreign_models(folder: Path) -> list[ModelConfig]:
    """The networks as files; ``folder`` is shared by the processes of a run."""
    return once(folder / "foreign", lambda own: [_written(own, *file) for file in _files(folder)])


def _files(folder: Path) -> list[tuple[str, bytes]]:
    cases = backend.cases(folder / "onnx_backend")
    jarvis = (TESTS / "data" / "tflite" / "hey_jarvis.tflite").read_bytes()
    tflite = {**quantised_cases(), **recurrent_cases()}
    quantised = [(f"{name.lower()}.tflite", case.data) for name, case in tflite.items()]
    return [
        *((f"{name.lower()}.onnx", cases[f"test_{name}"].model) for name in ONNX.split()),
        *quantised,
        ("hey_jarvis.tflite", jarvis),
    ]


def _written(folder: Path, name: str, data: bytes) -> ModelConfig:
    path = folder / name
    path.write_bytes(data)
    return ModelConfig(path, re.sub(r"\W", "_", path.stem), path)
