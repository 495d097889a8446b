"""Arguments that several subcommands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgecc.targets import toolchain_names


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="model.yaml, its folder, or model file (.mge, .onnx, .tflite)",
    )
    add_inputs(parser)


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """What may be said of the inputs of a model."""
    text = "shapes of inputs, e.g. x=1x3x224x224,y=2x5; another set after ':'; also as MegCC writes them"
    parser.add_argument("--input-shapes", dest="input_shape_str", default="", metavar="TEXT", help=text)
    text = "an input is a constant: NAME=16000, NAME=true or NAME=[1,2]; may be repeated"
    parser.add_argument("--bind", action="append", default=[], metavar="NAME=NUMBER", help=text)


def add_choice(parser: argparse.ArgumentParser) -> None:
    """``--name`` for commands that read one model."""
    parser.add_argument("--name", default="", help="which model, where MODEL configures several")


def add_target(parser: argparse.ArgumentParser, required: bool = True) -> None:
    text = "machine, e.g. arm64 or arm64+dot"
    parser.add_argument("--target", required=required, default="", metavar="NAME", help=text)
    parser.add_argument(
        "--cpu", default="", metavar="NAME", help="processor of the target, e.g. v4 for x86_64"
    )


def add_goal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--optimize", choices=["speed", "size", "memory"], default="", help="overrules model.yaml"
    )


def add_build(parser: argparse.ArgumentParser) -> None:
    add_goal(parser)
    parser.add_argument("--name", default="", help="name of the model in C; default: from model.yaml or file")
    parser.add_argument("--toolchain", choices=toolchain_names(), default="zig", help="default: zig")


def add_products(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--products", type=Path, metavar="DIR", help="use this build of the model, do not compile"
    )
    parser.add_argument(
        "--library", default="", metavar="NAME", help="the library in --products, if of several models"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json-output", action="store_true", help="print one JSON document, for programs")
