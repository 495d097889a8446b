import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "emit"))


@pytest.fixture(autouse=True)
def templates(tmp_path_factory, monkeypatch):
    from tiny_program import use_templates

    use_templates(tmp_path_factory.mktemp("kernels") / "k", monkeypatch)
