"""Parts of data: read, written, added to."""

from __future__ import annotations

from mgecc.graph.attributes import NoAttrs
from mgecc.ops.index_items import IndexAttrs
from mgecc.ops.known import AxisAttrs

from . import Params, attributes


@attributes("Subtensor", "Subtensor")
@attributes("SetSubtensor", "SetSubtensor")
@attributes("IncrSubtensor", "IncrSubtensor")
@attributes("IndexingMultiAxisVec", "IndexingMultiAxisVec")
@attributes("IndexingSetMultiAxisVec", "IndexingSetMultiAxisVec")
@attributes("IndexingIncrMultiAxisVec", "IndexingIncrMultiAxisVec")
@attributes("MeshIndexing", "MeshIndexing")
@attributes("SetMeshIndexing", "SetMeshIndexing")
@attributes("IncrMeshIndexing", "IncrMeshIndexing")
@attributes("BatchedMeshIndexing", "BatchedMeshIndexing")
@attributes("BatchedSetMeshIndexing", "BatchedSetMeshIndexing")
@attributes("BatchedIncrMeshIndexing", "BatchedIncrMeshIndexing")
def part(params: Params) -> IndexAttrs:
    return IndexAttrs(params["items"])


@attributes("IndexingOneHot", "IndexingOneHot")
@attributes("IndexingSetOneHot", "IndexingSetOneHot")
def one_element(params: Params) -> AxisAttrs:
    return AxisAttrs(params["axis"])


@attributes("IndexingRemap", "IndexingRemap")
def by_coordinates(params: Params) -> NoAttrs:
    """What the record says of overlapping coordinates matters for gradients only."""
    return NoAttrs()
