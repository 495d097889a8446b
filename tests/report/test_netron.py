"""The compiled graph as an ONNX file opens in Netron, in a browser."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import onnx
import pytest
from mgecc.cli import main

ROOT = Path(__file__).parents[2]
BROWSER = shutil.which("chromium")
# Netron asks for consent, reports what it is used for, and refuses to work some months after it was made.
CHANGES = [
    (r'<meta name="version" content="[^"]*">', '<meta name="version" content="0.0.0">'),
    (r'<meta name="date" content="[^"]*">', '<meta name="date" content="2999-01-01 00:00:00">'),
    (r"</head>", '<meta name="file" content="/planned.onnx"></head>'),
]


class _Pages(SimpleHTTPRequestHandler):
    """The files of Netron's package, and a model; ``opened`` is set when that is asked for."""

    model = b""
    opened = threading.Event()

    def do_GET(self) -> None:
        if self.path.startswith("/planned.onnx"):
            self.opened.set()
            self._answer(self.model, "application/octet-stream")
        elif self.path == "/":
            text = Path(self.directory, "index.html").read_text(encoding="utf-8")
            for pattern, replacement in CHANGES:
                text, count = re.subn(pattern, replacement, text)
                assert count == 1, pattern
            self._answer(text.encode(), "text/html")
        else:
            super().do_GET()

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "consent=1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    path = tmp_path / "planned.onnx"
    model = str(ROOT / "models" / "digits_int8")
    assert main(["opt", model, "--target", "arm64", "--onnx", str(path)]) == 0
    return path


@pytest.fixture
def address(planned: Path) -> Iterator[str]:
    spec = importlib.util.find_spec("netron")
    assert spec and spec.submodule_search_locations, (
        "netron is missing: pip install -r requirements-test.lock"
    )
    _Pages.model = planned.read_bytes()
    _Pages.opened.clear()
    handler = partial(_Pages, directory=spec.submodule_search_locations[0])
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.skipif(
    BROWSER is None and os.environ.get("CI") != "true", reason="Debian's chromium is not installed"
)
def test_netron_shows_every_operator(planned: Path, address: str, tmp_path: Path) -> None:
    assert BROWSER, "Debian's chromium is not installed: apt-get install chromium"
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,2000", "--dump-dom"]
    words += ["--virtual-time-budget=30000", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    words += [f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [BROWSER, *words, address], capture_output=True, encoding="utf-8", timeout=120, check=True
    )
    assert _Pages.opened.is_set()
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", done.stdout)
    operators = [node.op_type for node in onnx.load(planned).graph.node]
    assert len(operators) > 5 and {name: shown.count(name) for name in operators} == {
        name: operators.count(name) for name in operators
    }
