"""What holds of several operators is stated in their classes: no list of their names has to know a new one."""

from __future__ import annotations

import ast
from pathlib import Path

from mgecc import ops

PACKAGE = Path(__file__).resolve().parents[2] / "rules" / "mgecc"
FEW = 2
"""Names that a pattern of operators may spell out side by side."""


def test_no_list_of_operators_stands_outside_of_their_folder() -> None:
    names = {operator.name for operator in ops.operators()}
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if not {"ops", "frontends"}.intersection(path.relative_to(PACKAGE).parts):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                listed = node.elts if isinstance(node, (ast.List, ast.Set, ast.Tuple)) else []
                words = [e.value for e in listed if isinstance(e, ast.Constant) and isinstance(e.value, str)]
                if len(names.intersection(words)) > FEW:
                    found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {', '.join(words)}")
    assert found == []
