"""Model cards of a bill of materials, from the reports of the compiler.

Idea: Mitchell et al., "Model Cards for Model Reporting" (2019). Form: ``modelCard`` of CycloneDX 1.6.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mgecc.package.components import Component

# Names of report.json -> names of properties, with the unit.
_FIGURES = {"weights": "weights_bytes", "arena": "arena_bytes", "macs": "macs"}


def model_cards(component: Component) -> dict[str, Any]:
    """``modelCard`` of a component of one model, those of its parts of one with several; nothing without reports."""
    cards = {name: card for name, card in _cards(component).items() if card}
    if list(cards) == [component.name]:
        return {"modelCard": cards[component.name]}
    parts = [
        {
            "type": "machine-learning-model",
            "bom-ref": f"{component.label}/{name}",
            "name": name,
            "modelCard": card,
        }
        for name, card in sorted(cards.items())
    ]
    return {"components": parts} if parts else {}


def _cards(component: Component) -> dict[str, dict[str, Any]]:
    reports = {
        Path(name).parent.name: path
        for name, path in component.files.items()
        if name.endswith("/report.json")
    }
    return {name: model_card(_read(path)) for name, path in reports.items()}


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}


def model_card(report: Mapping[str, Any]) -> dict[str, Any]:
    """The card of the model that a report is of: inputs, outputs, and what a run takes."""
    parameters = {
        key: [_format(tensor) for tensor in report[key]] for key in ("inputs", "outputs") if report.get(key)
    }
    figures = [
        {"name": f"mgecc:{name}", "value": str(report[key])}
        for key, name in _FIGURES.items()
        if key in report
    ]
    return {
        key: value for key, value in {"modelParameters": parameters, "properties": figures}.items() if value
    }


def _format(tensor: Mapping[str, Any]) -> dict[str, str]:
    shape: Sequence[Any] = tensor.get("shape", ())
    return {
        "format": f"{tensor.get('name', '')}: {tensor.get('dtype', '')} {'x'.join(map(str, shape))}".strip()
    }
