"""What the compiler computes may end in a product: nothing of it may depend on the processor or on the C library."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "rules" / "mgecc"
# BLAS and LAPACK add in an order of the processor's; the rest are loops or C functions that differ in the last bit.
_PRODUCTS = "convolve correlate dot einsum inner linalg matmul matvec outer tensordot vdot vecdot vecmat"
_FUNCTIONS = (
    "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh cbrt cos cosh erf "
    "erfc exp exp2 expm1 fft float_power gamma hypot i0 interp lgamma log log10 log1p log2 logaddexp logaddexp2 pow "
    "power sin sinc sinh tan tanh"
)
FORBIDDEN = {*_PRODUCTS.split(), *_FUNCTIONS.split()}


def _depends_on_the_processor(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    owner = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
    return owner in ("np", "numpy", "math") and isinstance(node, ast.Attribute) and node.attr in FORBIDDEN


def _found(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if _depends_on_the_processor(node):
            yield f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom) and node.module in ("math", "numpy"):
            yield from (f"{path}: {a.name}" for a in node.names if a.name in FORBIDDEN)


def test_no_module_computes_by_blas_or_by_loops_that_depend_on_the_processor() -> None:
    found = [line for path in sorted(PACKAGE.rglob("*.py")) for line in _found(path)]
    assert found == [], "use mgecc.ops.fixed_order, elementary or factorise"
