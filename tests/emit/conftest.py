import pytest
from tiny_program import use_templates


@pytest.fixture(autouse=True)
def templates(tmp_path_factory, monkeypatch):
    use_templates(tmp_path_factory.mktemp("kernels") / "k", monkeypatch)
