"""What kernels know of an instruction set is its record: none is named outside of that and of its own headers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from mgecc.targets import isa_names

PACKAGE = Path(__file__).resolve().parents[2] / "rules" / "mgecc"
# Stages that a model passes; what lies beside them (commands, tests of products) may show a name.
STAGES = ("kernels", "planner", "passes", "ops", "graph", "cv", "report", "frontends", "emit")
# Where headers are found by the instruction set's name.
BY_NAME = ("emit/naming.py", "cv/emit.py")
# neon64 and neon32 are neon; "scalar" is a word of its own, which only `.isa == "scalar"` would misuse.
FAMILIES = sorted({name.rstrip("0123456789") for name in isa_names()} - {"scalar"})
NAME = re.compile(rf"({'|'.join(FAMILIES)})\d*(_|$)")


def _python() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(p for stage in STAGES for p in (PACKAGE / stage).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.relative_to(PACKAGE).as_posix(), node


def test_the_families_are_those_of_the_records() -> None:
    assert {"neon", "avx", "sse"} <= set(FAMILIES)
    assert NAME.match("neon64") and NAME.match("avx") and NAME.match("neon64_half")
    assert not NAME.match("seen") and not NAME.match("neonate")


def test_no_stage_asks_for_the_name_of_an_instruction_set() -> None:
    found = [
        f"{file}:{node.lineno}"
        for file, node in _python()
        if isinstance(node, ast.Attribute) and node.attr == "isa" and file not in BY_NAME
    ]
    assert found == []


def test_no_stage_spells_the_name_of_an_instruction_set() -> None:
    found = [
        f"{file}:{node.lineno} {node.value}"
        for file, node in _python()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.match(node.value)
    ]
    assert found == []


def test_no_stage_asks_for_extensions_by_feature_or_flag() -> None:
    found = [
        f"{file}:{node.lineno}"
        for file, node in _python()
        if isinstance(node, ast.Attribute) and node.attr in ("features", "has") and file not in BY_NAME
    ]
    assert found == []


def test_no_template_names_an_instruction_set() -> None:
    tags = re.compile(r"\{[%{].*?[%}]\}", re.DOTALL)
    named = re.compile(rf"target\.isa|[\"']({'|'.join(FAMILIES)})\d*[\"']")
    found = [
        f"{path.relative_to(PACKAGE)}: {tag}"
        for stage in STAGES
        for path in sorted((PACKAGE / stage).rglob("*.j2"))
        for tag in tags.findall(path.read_text(encoding="utf-8"))
        if named.search(tag)
    ]
    assert found == []
