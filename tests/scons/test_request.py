"""Requests of a build arrive at the compiler's process as they were made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mgecc.config import LibraryConfig
from mgecc.request import CompileRequest
from mgecc.toolrun.products import read_request

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
MODELS = tuple(str(CORPUS / f"{name}.mge") for name in ("softmax", "conv2d"))


@pytest.mark.parametrize(
    "what",
    [{"config": MODELS[0]}, {"several": MODELS}, {"functions": {"rotate": ["ui8", "f32"]}}],
    ids=["config", "several", "functions"],
)
def test_a_request_survives_the_way(what: dict[str, Any]) -> None:
    numbers: dict[str, Any] = {"threads": 2, "flash": 1 << 20, "ram": None}
    request = CompileRequest(
        "net", "arm64", "", "a folder\n", optimize="size", reads=MODELS, **what, **numbers
    )
    line = request.to_line()
    assert "\n" not in line and CompileRequest.from_line(line) == request


@pytest.mark.parametrize("what", [{}, {"config": "a.mge", "several": MODELS}])
def test_a_request_is_for_one_thing(what: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one of"):
        CompileRequest("net", **what)


def test_numbers_go_to_every_model_and_nothing_else_does() -> None:
    library = read_request(CompileRequest("pair", several=MODELS, threads=2, flash=1 << 20))
    assert isinstance(library, LibraryConfig)
    assert [(m.threads, m.flash, m.ram) for m in library.models] == [(2, 1 << 20, None)] * 2
    alone = read_request(CompileRequest("one", config=MODELS[0])).models[0]
    assert (alone.threads, alone.flash, alone.ram, alone.optimize) == (1, None, None, "speed")
