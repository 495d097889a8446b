"""report.html: whole without a network, escaped, small, and working in a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from mgecc.cli import main
from mgecc.compiler import compile_model
from mgecc.config import load_config
from mgecc.report.html import page

ROOT = Path(__file__).parents[2]
BROWSER = shutil.which("chromium")


def build(folder: Path, *more: str, model: str = "digits_int8") -> Path:
    config = str(ROOT / "models" / model / "model.yaml")
    assert main(["compile", config, "--target", "cortex-m4", "--out", str(folder), *more]) == 0
    return folder


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("report") / "speed")


class _Reader(HTMLParser):
    """Collects what the page would load, and whether its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("rect", "path"), "only elements of pictures close themselves"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_loads_nothing_and_closes_every_element(products: Path) -> None:
    assert main(["report", str(products)]) == 0
    text = (products / "report.html").read_text(encoding="utf-8")
    reader = _Reader()
    reader.feed(text)
    assert reader.loaded == [] and reader.open == []
    assert "@import" not in text and "url(" not in text


def test_the_page_of_mobilenet_is_less_than_a_megabyte_and_names_every_layer() -> None:
    config = load_config(ROOT / "models" / "mobilenet" / "model.yaml")
    report = json.loads(compile_model(config, "arm64").files["report.json"])
    text = page(report)
    assert len(text.encode()) < 1_000_000
    assert [step["layer"] for step in report["steps"] if step["layer"] not in text] == []


def test_names_from_a_model_file_are_text_and_nothing_else(products: Path) -> None:
    report = json.loads((products / "report.json").read_text(encoding="utf-8"))
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    for step in report["steps"]:
        step["layer"] = step["outputs"][0]["name"] = step["why"] = step["origin"] = evil
    for row in report["memory"]["buffers"]:
        row["values"] = [{"name": evil, "offset": 0, "bytes": 1}]
    text = page(report)
    assert "<img" not in text and text.count("<script>") == 1


def test_the_page_is_the_same_whenever_it_is_made(products: Path) -> None:
    report = json.loads((products / "report.json").read_text(encoding="utf-8"))
    assert page(report) == page(report)
    assert str(products) not in page(report)


def test_code_is_what_the_library_holds(products: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(products), "--json-output"]) == 0
    document = json.loads(capsys.readouterr().out)
    (code,) = document["code"]
    assert set(code["kernels"]) == {row["kernel"] for row in document["kernels"]}
    assert all(size > 0 for size in code["kernels"].values())
    assert code["weights"] > document["weights"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 1, "model": "old"}', '{"models": 3}'])
def test_what_is_no_report_is_named(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.json").write_text(content)
    assert main(["report", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("mgecc: error: ") and "report.json" in said and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "report.json"]


def dumped(file: Path, script: str, tmp_path: Path) -> str:
    """The page as a browser has it after ``script`` ran."""
    assert BROWSER, "Debian's chromium is not installed: apt-get install chromium"
    changed = tmp_path / "changed.html"
    text = file.read_text(encoding="utf-8").replace("</body>", f"<script>{script}</script></body>")
    changed.write_text(text, encoding="utf-8")
    words = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
    ]
    done = subprocess.run(
        [BROWSER, *words, changed.as_uri()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return done.stdout


@pytest.mark.skipif(
    BROWSER is None and os.environ.get("CI") != "true", reason="Debian's chromium is not installed"
)
def test_a_browser_sorts_searches_zooms_and_tells(products: Path, tmp_path: Path) -> None:
    assert main(["report", str(products)]) == 0
    script = """
      const heads = [...document.querySelectorAll(".layers th button")];
      heads.find((head) => head.textContent === "Instructions").click();
      const rows = () => [...document.querySelectorAll(".layers tbody tr")];
      const costs = rows().map((row) => Number(row.cells[7].dataset.n));
      const field = document.querySelector("input[type=search]");
      field.value = "pooling"; field.dispatchEvent(new Event("input"));
      const box = document.querySelector(".arena rect.tensor");
      box.dispatchEvent(new PointerEvent("pointermove", {bubbles: true}));
      const svg = document.querySelector(".graph svg"), width = svg.clientWidth;
      document.querySelector(".zoom button").click();
      document.title = JSON.stringify({
        costs, shown: rows().filter((row) => !row.hidden).length, all: rows().length,
        told: document.querySelector(".told").textContent, wider: svg.clientWidth > width});
    """
    found = re.search(r"<title>(\{.*?\})</title>", dumped(products / "report.html", script, tmp_path))
    assert found
    state: dict[str, Any] = json.loads(found[1].replace("&amp;", "&"))
    assert state["costs"] == sorted(state["costs"], reverse=True) and max(state["costs"]) > 0
    assert 0 < state["shown"] < state["all"]
    assert "bytes at" in state["told"]
    assert state["wider"]


def test_a_difference_names_what_grew(
    products: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = build(tmp_path / "small", "--optimize", "size")
    capsys.readouterr()
    assert main(["diff", str(products), str(small), "--html", str(tmp_path / "diff.html")]) == 0
    said = capsys.readouterr().out
    rows = {tuple(re.split(r"\s{2,}", line)[:3]): line for line in said.splitlines()[1:]}
    assert any("kernel code bytes" in row and "-" in line.split()[-1] for row, line in rows.items())
    assert any(row[0] == "layer" and row[2] == "instructions" for row in rows)
    text = (tmp_path / "diff.html").read_text(encoding="utf-8")
    assert "kernel code bytes" in text


def test_a_build_does_not_differ_from_itself(products: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(products), str(products)]) == 0
    assert capsys.readouterr().out == "# digits_int8\nno difference\n"
