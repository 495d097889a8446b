"""docs/model-yaml.md is what the schema says, and its example is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from mgecc.cli import main
from mgecc.config.page import page
from mgecc.config.schema import SCHEMA_FILE, _validator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "model-yaml.md"


def test_the_page_is_what_the_schema_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_command_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--markdown"]) == 0
    assert capsys.readouterr().out == page()


def test_the_example_is_a_valid_configuration() -> None:
    example = page().partition("```yaml\n")[2].partition("```")[0]
    document = yaml.safe_load(example)
    assert document["version"] == "1.4" and not list(_validator().iter_errors(document))


def test_every_key_has_a_row_that_says_what_it_is() -> None:
    rows = {line.split("`")[1]: line for line in page().splitlines() if line.startswith("| `")}
    for key in json.loads(SCHEMA_FILE.read_text())["properties"]:
        assert rows[key].rpartition(" | ")[2].removesuffix(" |"), f"{key} has no description"
