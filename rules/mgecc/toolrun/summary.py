"""The lines at the end of a build: what lies where, and how large it is in flash and RAM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgecc.toolrun.flash import sum_sizes
from mgecc.toolrun.stack_header import stacks_of_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgecc.targets import Target
    from mgecc.toolrun.library import Library


def _bytes(count: Any) -> str:
    if not isinstance(count, int):
        return "?"
    return f"{count} B" if count < 10240 else f"{count / 1024:.1f} KiB"


def _member_lines(report: dict[str, Any], code: int, static: int) -> list[str]:
    kernels = report.get("kernels", [])
    arena, bound = report.get("arena"), report.get("arena_bound")
    over = f" (lower bound {_bytes(bound)})" if bound else ""
    alone = report.get("unshared_weights")
    own = f", {_bytes(alone)} of them for this kernel set alone" if alone else ""
    return [
        f"    flash    code {_bytes(code)}, weights {_bytes(report.get('weights'))}{own}",
        f"    RAM      arena {_bytes(arena)}{over}, static {_bytes(static)}{_buffers(report)}",
        f"    kernels  {len(kernels)}",
    ]


def _buffers(report: dict[str, Any]) -> str:
    """Inputs and outputs that are not in the arena, where there are any."""
    tensors = [*report.get("inputs", ()), *report.get("outputs", ())]
    sizes = [tensor["bytes"] for tensor in tensors if "buffer" in tensor]
    return f", bound inputs and outputs {_bytes(sum(sizes))}" if sizes else ""


def _stack_lines(objects: list[str]) -> list[str]:
    """Stack of each model, where the compiler gave figures."""
    stacks = stacks_of_files(objects)
    lines = []
    for model, stack in stacks.items():
        without = sorted({*stack["open"].without, *stack["run"].without})
        named = f"{model}: " if len(stacks) > 1 else ""
        besides = f"; not counted: {', '.join(without)}" if without else ""
        told = f"run {_bytes(stack['run'].bytes)}, opening {_bytes(stack['open'].bytes)}"
        lines.append(f"    stack    {named}{told}{besides}")
    return lines


def _shape_lines(report: dict[str, Any]) -> list[str]:
    """The sets of input shapes and the arena of each, where there are several."""
    return _size_lines(report) + [
        f"    shapes   {', '.join(_shape(row) for row in rows['inputs'])}: arena {_bytes(rows['arena'])}"
        for rows in report.get("shape_sets", [])
    ]


def _size_lines(report: dict[str, Any]) -> list[str]:
    """Declared sizes, where there are any."""
    sizes = [
        f"{s['name']} {s['min']}..{s['max']}" + (f" step {s['step']}" if s["step"] > 1 else "")
        for s in report.get("sizes", [])
    ]
    return [f"    sizes    {', '.join(sizes)}"] if sizes else []


def _shape(row: dict[str, Any]) -> str:
    return f"{row['name']} {'x'.join(map(str, row['shape']))}"


def summarize(label: str, name: str, folder: str, objects: dict[str, list[str]]) -> str:
    """Summary of one model. ``objects``: kernel set -> its object files, without the one that holds the weights."""
    path = Path(folder)
    if not (path / "report.json").exists():
        return _summarize_images(label, name, path, objects)
    report = json.loads((path / "report.json").read_text(encoding="utf-8"))
    models = report.get("models")
    parts = report.get("members") or [report]
    if models:
        parts = [_together([_part(model, k) for model in models]) for k in range(len(objects))]
    lines = [*_head(label, name, path), *_shape_lines(report)]
    for (member, paths), part in zip(objects.items(), parts):
        if len(objects) > 1:
            lines.append(f"   {member}:")
        lines += _member_lines(part, *sum_sizes(paths)) + _stack_lines(paths)
    lines += [f"    note     {note}" for note in _notes(report)]
    return "\n".join([*lines, f"    report   {folder}/report.json"])


def summary_of(target: Target, name: str, folder: Path, libraries: Sequence[Library]) -> str:
    """Summary of libraries that were just built in ``folder``."""
    label = target.spec + (f"-{target.cpu}" if target.cpu else "")
    objects = {
        library.target.name: [str(path) for path in library.objects if not path.name.endswith("_blob.o")]
        for library in libraries
    }
    return summarize(label, name, folder.as_posix(), objects)


def _notes(report: dict[str, Any]) -> list[str]:
    """What the compiler has to say of the models, each once."""
    parts = [report, *report.get("models", []), *report.get("members", [])]
    return list(dict.fromkeys(note for part in parts for note in part.get("notes", [])))


def _head(label: str, name: str, folder: Path) -> list[str]:
    files = sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and _is_product(p, folder)
    )
    return [f"{name} for {label}: {folder.as_posix()}/", f"    files    {' '.join(files)}"]


def _summarize_images(label: str, name: str, folder: Path, objects: dict[str, list[str]]) -> str:
    """Summary of image functions without a model."""
    lines = _head(label, name, folder)
    for member, paths in objects.items():
        lines += [f"   {member}:"] if len(objects) > 1 else []
        lines += [f"    flash    code {_bytes(sum_sizes(paths)[0])}"]
    return "\n".join(lines)


def _part(model: dict[str, Any], member: int) -> dict[str, Any]:
    """What the report of a model says of one kernel set."""
    part: dict[str, Any] = model["members"][member] if "members" in model else model
    return part


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Sizes of a library of several models: an arena can serve one after the other."""
    kernels = {row["kernel"] for part in parts for row in part["kernels"]}
    sums = {key: sum(part.get(key, 0) for part in parts) for key in ("weights", "unshared_weights")}
    return sums | {"kernels": sorted(kernels), "arena": max(part["arena"] for part in parts)}


def _is_product(path: Path, folder: Path) -> bool:
    inner = path.relative_to(folder).parts
    return inner[0] not in ("obj", "runner") and path.suffix != ".partial"
