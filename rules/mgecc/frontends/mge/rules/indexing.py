"""Parts of data: read, written, added to."""

from __future__ import annotations

from . import as_written

as_written("Subtensor", "Subtensor")
as_written("SetSubtensor", "SetSubtensor")
as_written("IncrSubtensor", "IncrSubtensor")
as_written("IndexingMultiAxisVec", "IndexingMultiAxisVec")
as_written("IndexingSetMultiAxisVec", "IndexingSetMultiAxisVec")
as_written("IndexingIncrMultiAxisVec", "IndexingIncrMultiAxisVec")
as_written("MeshIndexing", "MeshIndexing")
as_written("SetMeshIndexing", "SetMeshIndexing")
as_written("IncrMeshIndexing", "IncrMeshIndexing")
as_written("BatchedMeshIndexing", "BatchedMeshIndexing")
as_written("BatchedSetMeshIndexing", "BatchedSetMeshIndexing")
as_written("BatchedIncrMeshIndexing", "BatchedIncrMeshIndexing")
as_written("IndexingOneHot", "IndexingOneHot")
as_written("IndexingSetOneHot", "IndexingSetOneHot")
as_written("IndexingRemap", "IndexingRemap")
