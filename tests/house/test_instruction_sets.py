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


def _included(text: str) -> set[str]:
    return set(re.findall(r'^#include "(\w+)\.h"', text, re.MULTILINE))


def _shared_headers() -> dict[str, str]:
    """What an instruction set with nothing but its own header may get, by name."""
    texts = {
        path.stem: path.read_text(encoding="utf-8") for path in (PACKAGE / "kernels" / "simd").glob("*.h")
    }
    own = {name for name in texts if any(re.search(rf"(^|_){isa}(_|$)", name) for isa in isa_names())}
    theirs = set().union(*(_included(texts[name]) for name in own))
    plain = {name for name in texts if any(f"{name}_{isa}" in own for isa in isa_names())}
    found, queue = set(), sorted((plain | set(texts) - theirs) - own)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += _included(texts[name])
    return {name: texts[name] for name in sorted(found)}


def test_shared_headers_ask_for_no_machine() -> None:
    machine = re.compile(
        r"__(ARM|arm|aarch64|x86|i386|SSE|AVX|FMA|F16C|riscv)|MG_[A-Z0-9]+_H\)|MG_VF (==|>|<)=? (4|8|16)"
    )
    shared = _shared_headers()
    assert {"int8", "int8_lanes", "requant", "half", "math", "words", "padding"} <= set(shared)
    found = [
        f"{name}.h: {line}"
        for name, text in shared.items()
        for line in text.splitlines()
        if line.startswith(("#if", "#elif")) and machine.search(line)
    ]
    assert found == []
