"""Linker scripts from the memory map of a target's board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mgecc.emit.templates import fill_text


def linker_script(template: str, board: Mapping[str, Any]) -> str:
    """Fill in a linker script, e.g. ``runtime/port/cortexm/cortex-m.ld.j2``, for one entry of ``Target.boards``.

    ``flash`` and ``ram`` of the board are (first address, bytes); optional ``vectors`` is where the machine fetches
    its vector table if that is not the start of flash; optional ``memories`` are others by name, and ``in_place``
    those that keep what is in them, such as external flash; optional ``place`` has patterns of sections by the name of
    such a memory; optional ``stack`` is the bytes of stack (default 16 KiB).
    """
    regions = {name.upper(): tuple(board[name]) for name in ("vectors", "flash", "ram") if name in board}
    memories, in_place = board.get("memories", {}), board.get("in_place", {})
    return fill_text(
        template,
        regions=regions | memories | in_place,
        memories=memories,
        in_place=in_place,
        place=board.get("place", {}),
        stack=board.get("stack", 0x4000),
    )
