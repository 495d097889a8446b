"""What would lower the peak of the arena or the flash of a plan, in sentences with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def hints(report: Mapping[str, Any], code: Mapping[str, Any]) -> list[str]:
    """The largest first. ``code``: what was measured in the library, or nothing."""
    return [
        *_of_peak(report),
        *_of_weights(report),
        *_of_code(report, code),
    ]


def _of_peak(report: Mapping[str, Any]) -> list[str]:
    memory, found = report["memory"], []
    step = memory["peak_step"]
    live = [row for row in memory["buffers"] if row["first"] <= step <= row["last"]]
    largest = sorted(live, key=lambda row: -row["bytes"])[:3]
    if largest:
        what = " + ".join(f"{_name(row)} {row['bytes']:,}" for row in largest)
        found.append(f"The peak of {memory['peak']:,} bytes is at step {_layer(report, step)}: {what}.")
    scratch = max((row["bytes"] for row in live if row["kind"] == "scratch"), default=0)
    if report["optimize"] == "speed" and scratch > memory["peak"] // 20:
        found.append(
            "Scratch memory is among the largest buffers of the peak: “optimize: memory” takes kernels without it."
        )
    elif report["optimize"] != "memory":
        found.append("“optimize: memory” orders and slices layers for the least peak.")
    if report["arena"] > report["arena_bound"]:
        gap = report["arena"] - report["arena_bound"]
        found.append(f"The arena is {gap:,} bytes above the lower bound of this order of layers.")
    return found


def _name(row: Mapping[str, Any]) -> str:
    return row["values"][0]["name"] if row["values"] else "scratch"


def _layer(report: Mapping[str, Any], step: int) -> str:
    steps = report["steps"]
    return f"{step} ({steps[step - 1]['layer']})" if 1 <= step <= len(steps) else str(step)


def _of_weights(report: Mapping[str, Any]) -> list[str]:
    heaviest = max(report["steps"], key=lambda step: step["weights"], default=None)
    if heaviest is None or not heaviest["weights"]:
        return []
    part = heaviest["weights"] / max(report["weights"], 1)
    found = [f"{heaviest['layer']} has the most weights: {heaviest['weights']:,} bytes, {part:.0%} of all."]
    packed = sum(step["packed"] for step in report["steps"])
    if packed > report["weights"] // 20:
        found.append(f"Packing for speed takes {packed:,} bytes of weights: “optimize: size” does without.")
    floats = sum(s["weights"] for s in report["steps"] if s["outputs"][0]["dtype"] == "float32")
    if floats > report["weights"] // 2 and "enable_compress_fp16" not in report["options"]:
        found.append(f"“enable_compress_fp16” stores weights as halves: about {floats // 2:,} bytes less.")
    return found


def _of_code(report: Mapping[str, Any], code: Mapping[str, Any]) -> list[str]:
    if not code or report["optimize"] == "size" or not code["kernels"]:
        return []
    largest = max(code["kernels"], key=lambda name: code["kernels"][name])
    whole = sum(code["kernels"].values())
    biggest = f"the largest is {largest} with {code['kernels'][largest]:,}"
    return [f"Kernels take {whole:,} bytes of code, {biggest}: “optimize: size” shares them between layers."]
