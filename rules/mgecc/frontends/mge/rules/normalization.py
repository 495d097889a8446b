"""Normalisations and softmax."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE, NOT_NEGATIVE, POSITIVE

from . import as_written

as_written("BatchNorm", "BatchNormV1", "BatchNorm", ranges={"epsilon": NOT_NEGATIVE})
as_written("LayerNorm", "LayerNorm", ranges={"eps": NOT_NEGATIVE})
as_written("GeneralNorm", "GeneralNorm", ranges={"eps": NOT_NEGATIVE})
as_written("GroupNorm", "GroupNorm", ranges={"eps": NOT_NEGATIVE})
as_written("InstanceNorm", "InstanceNorm", ranges={"eps": NOT_NEGATIVE})
as_written("LRN", "LRN", ranges={"n": POSITIVE, "k": FINITE, "alpha": FINITE, "beta": FINITE})
as_written("Softmax", "Softmax")
