"""Matrix products, factors of matrices, attention."""

from __future__ import annotations

from mgecc.graph import Unsupported
from mgecc.graph.attributes import NoAttrs
from mgecc.ops.attention import AttentionAttrs
from mgecc.ops.cross import CrossAttrs
from mgecc.ops.linalg import SVDAttrs
from mgecc.ops.matmul import DotAttrs, MatrixMulAttrs

from . import Params, attributes

_MASKS = ("NO_MASK", "DEFAULT_MASK", "USER_DEFINED_MASK")
_PARTS = "qkvo"


@attributes("MatrixMul", "MatrixMulV2", "MatrixMul")
@attributes("BatchedMatrixMul", "BatchedMatrixMulV2", "BatchedMatrixMul")
def matrix_product(params: Params) -> MatrixMulAttrs:
    if params.get("format", "DEFAULT") != "DEFAULT":
        raise Unsupported(f"matrices packed as {params['format']}", "dump the model without layout options")
    return MatrixMulAttrs(
        transpose_a=params["transposeA"],
        transpose_b=params["transposeB"],
        output_dtype=params["output_dtype"],
        wide_sums=params.get("compute_mode") == "FLOAT32",
    )


@attributes("Cross", "Cross")
def cross(params: Params) -> CrossAttrs:
    return CrossAttrs((params["axisa"], params["axisb"], params["axisc"]))


@attributes("Dot", "Dot")
def dot(params: Params) -> DotAttrs:
    return DotAttrs(params["output_dtype"])


def _check_attention(params: Params) -> None:
    mask = params["attn_mask_type"]
    refused = {
        "biases of keys and values": params["tensor_combination_type"] not in ("NONE", "ONLY_MASK"),
        f"masks of type {mask}": mask not in _MASKS,
        "add_zero_attn": params["add_zero_attn"],
        "reslink": params["reslink"],
        f"input order {params['input_order']}": params["input_order"] != 0,
        "dropout in training": params["training"] and (params["attn_prob"] or params["out_prob"]),
    }
    for what, present in refused.items():
        if present:
            raise Unsupported(f"attention with {what} is not supported")


@attributes("MultiHeadAttn", "MultiHeadAttn")
def attention(params: Params) -> AttentionAttrs:
    _check_attention(params)
    return AttentionAttrs(
        heads=params["num_heads"],
        scale=params["sm_scaler"],
        projections=tuple(params[f"{part}proj_size"] for part in _PARTS),
        biases=tuple(params[f"{part}bias"] for part in _PARTS),
    )


@attributes("MatrixInverse", "MatrixInverse")
def matrix_inverse(params: Params) -> NoAttrs:
    return NoAttrs()


@attributes("SVD", "SVD")
def svd(params: Params) -> SVDAttrs:
    return SVDAttrs(params["full_matrices"], params["compute_uv"])
