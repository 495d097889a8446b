"""docs/operators.md is what the code says, and what it says of targets is true."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mgecc.commands.ops import markdown, table
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, Node, Unsupported
from mgecc.kernels import candidates
from mgecc.kernels.base import served
from mgecc.passes import optimize
from mgecc.targets import load_target, target_names

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "data" / "mge-corpus"
TARGETS = [target for target in map(load_target, target_names()) if not target.members]


def test_the_document_is_current() -> None:
    written = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    assert written == markdown(), "refresh it: mgecc ops --markdown > docs/operators.md"


def test_the_document_does_not_depend_on_which_rules_are_loaded_first() -> None:
    rules = [f"mgecc.frontends.{format_}.rules" for format_ in ("mge", "onnx", "tflite")]
    last_first = (
        "import importlib, pkgutil\n"
        f"for package in map(importlib.import_module, {rules}):\n"
        "    for module in sorted((m.name for m in pkgutil.iter_modules(package.__path__)), reverse=True):\n"
        "        importlib.import_module(f'{package.__name__}.{module}')\n"
        "from mgecc.commands.ops import markdown\n"
        "print(markdown(), end='')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "rules"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", last_first],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == markdown()


def test_every_family_says_what_it_serves() -> None:
    assert [row.name for row in table() for _, said in row.families if not said] == []


def test_every_operator_states_its_limits() -> None:
    assert [row.name for row in table() if not row.limits] == []


def recorded_nodes() -> Iterator[Node]:
    for path in sorted(CORPUS.glob("*.mge")):
        try:
            yield from optimize(import_mge(path.read_bytes(), path.name)).nodes
        except (CompileError, Unsupported):
            continue


def serves(node: Node, name: str) -> bool:
    try:
        return bool(candidates(node, load_target(name)))
    except Unsupported:
        return False


def test_what_one_target_computes_every_target_computes() -> None:
    nodes = list(recorded_nodes())
    assert len({node.op for node in nodes} & set(served())) > 50
    uneven = [
        (node.op, str(node.output.type), target.name)
        for node in nodes
        for target in TARGETS
        if serves(node, target.name) != serves(node, "baremetal")
    ]
    assert uneven == []


@pytest.mark.parametrize("name", ["Convolution", "Softmax", "NMSKeep"])
def test_rows_name_records_and_kernels(name: str) -> None:
    (row,) = [row for row in table() if row.name == name]
    assert name in row.types["mge"] or f"{name}MGB" in row.types["mge"]
    assert row.families
