"""Shapes, joins and layouts."""

from __future__ import annotations

from . import as_written

as_written("Reshape", "ReshapeV1", "Reshape")
as_written("Broadcast", "Broadcast")
as_written("Dimshuffle", "Dimshuffle")
as_written("AxisAddRemove", "AxisAddRemove")
as_written("GetVarShape", "GetVarShapeV1", "GetVarShape")
as_written("Concat", "Concat")
as_written("Split", "Split")
as_written("Padding", "Padding")
as_written("RelayoutFormat", "RelayoutFormatV1", "RelayoutFormat")
