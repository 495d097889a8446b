"""The lines at the end of a build say what report.json says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mgecc.toolrun.summary import summarize


@pytest.mark.parametrize("alone", [0, 4096])
def test_weights_that_one_kernel_set_alone_reads_are_told(tmp_path: Path, alone: int) -> None:
    member = {"arena": 64, "arena_bound": 64, "weights": 9000, "kernels": [], "unshared_weights": alone}
    (tmp_path / "report.json").write_text(json.dumps(member | {"members": [member, member]}))
    said = summarize("arm64v7", "net", str(tmp_path), {"arm64": [], "armv7": []})
    assert said.count("weights 9000 B") == 2
    assert said.count("weights 9000 B, 4096 B of them for this kernel set alone") == (2 if alone else 0)


def test_of_several_models_each_kernel_set_has_its_own_sums(tmp_path: Path) -> None:
    def member(kernel: str, alone: int) -> dict[str, object]:
        row = {"kernel": kernel}
        return {"arena": 64, "weights": 3000, "kernels": [row], "unshared_weights": alone}

    sets = [(member("a", alone), member(other, 0)) for alone, other in ((100, "b"), (200, "c"))]
    models = [first | {"members": [first, second]} for first, second in sets]
    (tmp_path / "report.json").write_text(json.dumps({"models": models}))
    said = summarize("arm64v7", "nets", str(tmp_path), {"arm64": [], "armv7": []})
    assert "weights 6000 B, 300 B of them for this kernel set alone\n" in said
    assert "weights 6000 B\n" in said
    assert [line.split()[-1] for line in said.splitlines() if "  kernels " in line] == ["1", "2"]
