"""Matrix products, factors of matrices, attention."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE, POSITIVE

from . import as_written

as_written("MatrixMul", "MatrixMulV2", "MatrixMul")
as_written("BatchedMatrixMul", "BatchedMatrixMulV2", "BatchedMatrixMul")
as_written("Dot", "Dot")
as_written("Cross", "Cross")
as_written("MatrixInverse", "MatrixInverse")
as_written("SVD", "SVD")
as_written("MultiHeadAttn", "MultiHeadAttn", ranges={"sm_scaler": FINITE, "num_heads": POSITIVE})
