"""The house rules: imports point down, and code stays small enough to change on day one."""

import ast
import statistics
from pathlib import Path

import lizard
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rules" / "mgecc"
ORDER = [
    "scons", "config", "frontends", "graph", "ops", "passes", "targets", "kernels", "cv", "planner", "emit",
    "report",
]  # fmt: skip
# What a package may use although it stands before it in the list: data types that flow through all of them.
READS = {
    "graph": {"graph"},
    "ops": {"graph", "ops"},
    "passes": {"graph", "ops", "passes"},
    "frontends": {"frontends", "graph", "ops"},
    "config": {"config"},
    "targets": {"targets", "graph"},
    "kernels": {"kernels", "graph", "ops", "targets"},
    "cv": {"cv", "targets", "kernels"},
    "planner": {"planner", "graph", "ops", "targets", "kernels"},
    "emit": {"emit", "graph", "targets", "kernels", "planner"},
    "report": {"report", "graph", "targets", "kernels", "planner"},
}


def python_files() -> list[Path]:
    folders = [
        PACKAGE,
        ROOT / "tests",
        ROOT / "models",
        ROOT / "site_scons",
        ROOT / "benchmarks",
        ROOT / "examples",
    ]
    every = (p for folder in folders if folder.exists() for p in folder.rglob("*.py"))
    return sorted(p for p in every if "data" not in p.relative_to(ROOT).parts)


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return {m.split(".")[1] for m in found if m.startswith("mgecc.")}


@pytest.mark.parametrize("package", sorted(READS))
def test_packages_import_only_what_they_may(package: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): sorted((imported(path) & set(ORDER)) - READS[package])
        for path in sorted((PACKAGE / package).rglob("*.py"))
    }
    assert {p: names for p, names in wrong.items() if names} == {}


def test_no_package_imports_the_scons_side() -> None:
    inside = [p for p in PACKAGE.rglob("*.py") if "scons" not in p.relative_to(PACKAGE).parts]
    assert [str(p) for p in inside if "scons" in imported(p)] == []


def test_every_package_says_what_it_is_for() -> None:
    silent = [
        p.parent.name for p in PACKAGE.rglob("__init__.py") if not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert silent == []


def lengths(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.end_lineno is not None
    ]


def test_functions_fit_on_a_screen() -> None:
    every = [item for path in python_files() for item in lengths(path)]
    assert [item for item in every if item[0] > 60] == []
    assert statistics.median(n for n, _ in every) <= 8


def test_functions_have_few_branches() -> None:
    """By the count of lizard, which takes conditions and loops of expressions, too."""
    found = lizard.analyze_files([str(path) for path in PACKAGE.rglob("*.py")])
    every = [(f.cyclomatic_complexity, file.filename, f.name) for file in found for f in file.function_list]
    assert [item for item in every if item[0] > 15] == []
    assert statistics.quantiles([count for count, *_ in every], n=10)[-1] <= 7


def test_files_and_templates_stay_short() -> None:
    files = [*python_files(), *(ROOT / "runtime").rglob("*.[chS]"), *PACKAGE.rglob("*.h")]
    sizes = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in files}
    templates = {
        str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines())
        for folder in (PACKAGE, ROOT / "runtime")
        for p in folder.rglob("*.j2")
    }
    assert {p: n for p, n in sizes.items() if n > 400} == {}
    assert {p: n for p, n in templates.items() if n > 120} == {}


def imports_inside_functions(path: Path) -> list[tuple[int, int]]:
    """First and last lines of each."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    found = (
        node for f in functions for node in ast.walk(f) if isinstance(node, (ast.Import, ast.ImportFrom))
    )
    return sorted({(node.lineno, node.end_lineno or node.lineno) for node in found})


def test_imports_inside_functions_say_why_they_are_there() -> None:
    """Start-up time, packages that may be missing and circles are reasons; imports belong at the top otherwise."""
    silent = []
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        explained = False
        for first, last in imports_inside_functions(path):
            follows = explained and lines[first - 2].lstrip().startswith(("from ", "import "))
            explained = follows or any("#" in line for line in lines[first - 2 : last])
            if not explained:
                silent.append(f"{path.relative_to(ROOT)}:{first}")
    assert silent == []
