"""Export a network to a model folder: model.yaml, the model file, recorded inputs and outputs.

A MegEngine network in Python is traced and dumped; an ONNX file is copied, and ONNX Runtime, where it is installed,
else the reference evaluator of the package onnx, gives the outputs.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from mgecc.export import export_command
from mgecc.toolrun.runner import RunError

_HINT = "(what depends on data, such as an `if` or a loop over values, cannot be traced)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    factory = "function without arguments that returns a Module, or a function of tensors; or an ONNX file"
    add("factory", metavar="package.module:factory | FILE.onnx", help=factory)
    text = "an input, e.g. data=1x3x224x224; TYPE is float32 if not given"
    text += "; of an ONNX file only where its shape is open"
    add("--input", action="append", metavar="NAME=SHAPE[:TYPE]", help=text)
    add("--out", required=True, type=Path, metavar="FOLDER", help="model folder to write, e.g. models/foo")
    add("--name", help="name of the model (default: the folder's name)")
    text = "recorded inputs instead of random ones, stacked or single"
    add("--inputs", type=Path, metavar="FILE.npz", help=text)
    add("--seed", type=int, default=0, help="seed of random inputs (default: 0)")
    add("--output", action="append", default=[], metavar="NAME", help="name of an output, in order")
    add("--optimize-for-inference", action="store_true", help="let MegEngine rewrite the graph when dumping")
    add("--description", default="", help="one line for model.yaml")
    add("--licence", default="", help="licence of the weights for model.yaml")


def run(args: argparse.Namespace) -> int:
    """In a process of its own where there are such: MegEngine may end its process, which must not go unexplained."""
    sys.stdout.flush()
    child = os.fork() if hasattr(os, "fork") else -1
    if child < 0:
        return export_command(args)
    if child == 0:
        _end(export_command(args))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        raise RunError(
            f"{args.factory}: MegEngine ended with {name} while it traced or ran the network {_HINT}"
        )
    return os.WEXITSTATUS(status)


def _end(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
