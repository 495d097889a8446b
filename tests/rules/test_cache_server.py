"""A cache on a server: real nginx with WebDAV, and servers that misbehave."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from mgecc.rules.cache import Cache, action_key
from mgecc.rules.cache.server import ServerStore

from .conftest import Checkout, steps_in

BUILD = ["target=arm64", "model=all"]
KEY = action_key("CC", [], ["a.o"])
# Quoted, as the expression holds braces; see docs/build-farm.md.
NGINX = """
pid {root}/nginx.pid; error_log {root}/error.log; daemon off; worker_processes 1; {user}
events {{ }}
http {{
  access_log {root}/access.log;
  client_body_temp_path {root}/body; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;
  uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
  server {{
    listen 127.0.0.1:{port};
    location ~ "^/(ac|cas)/[0-9a-f]{{64}}$" {{
      root {root}/store; dav_methods PUT; create_full_put_path on; client_max_body_size 0;
    }}
  }}
}}
"""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not start")


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of a server and the folder in which it keeps things."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    root, port = tmp_path / "nginx", free_port()
    (root / "store").mkdir(parents=True)
    user = "" if os.geteuid() else "user root;"
    (root / "nginx.conf").write_text(NGINX.format(root=root, port=port, user=user))
    server = subprocess.Popen(
        [program, "-c", os.fspath(root / "nginx.conf"), "-e", os.fspath(root / "error.log")]
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}", root / "store"
    finally:
        server.terminate()
        server.wait()


def test_results_travel_through_nginx(checkout: Checkout, nginx: tuple[str, Path], tmp_path: Path) -> None:
    url, store = nginx
    other = Checkout(tmp_path / "elsewhere")
    shutil.copytree(checkout.root, other.root)
    assert "warning" not in checkout.scons(*BUILD, f"cache={url}")
    said = other.scons(*BUILD, f"cache={url}")
    assert sum(step.startswith("HIT") for step in steps_in(said)) == 5 and "warning" not in said
    library = Path("build/arm64/first/libfirst.a")
    assert (other.root / library).read_bytes() == (checkout.root / library).read_bytes()
    for path in (store / "cas").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    shutil.rmtree(other.root / "build")
    said = other.scons(*BUILD, f"cache={url}")
    assert said.count("is damaged") == 5 and "HIT" not in said
    assert (other.root / library).read_bytes() == (checkout.root / library).read_bytes()


def test_a_dead_server_costs_a_few_lines_and_no_result(checkout: Checkout) -> None:
    said = checkout.scons(*BUILD, f"cache=http://user:secret@127.0.0.1:{free_port()}", "-j1")
    assert said.count("warning: cache") <= 4 and "going on without it" in said
    assert "secret" not in said and "Connection refused" in said
    assert (checkout.root / "build" / "arm64" / "first" / "libfirst.a").is_file()


class Misbehaving(BaseHTTPRequestHandler):
    """Serves what a test puts in ``how``: (status, declared length, body, seconds of silence)."""

    how: tuple[int, int, bytes, float] = (200, 0, b"", 0.0)
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        status, length, body, silence = self.how
        self.seen.append(f"{self.command} {self.path[:4]}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(silence)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_HEAD = do_GET

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Misbehaving.seen.clear()
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Misbehaving)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_address[1]}"
    serving.shutdown()
    serving.server_close()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ((200, 100, b"half", 0.0), "is damaged"),
        ((500, 0, b"", 0.0), "the server said 500"),
        ((200, 0, b"", 1.0), "timed out"),
        ((200, 9, b"<html>no!", 0.0), "is damaged"),
    ],
)
def test_what_a_bad_server_says_is_not_taken(
    server: str, tmp_path: Path, capsys, monkeypatch, how: tuple, why: str
) -> None:
    monkeypatch.setattr(Misbehaving, "how", how)
    cache = Cache(ServerStore(server, timeout=0.3), "server")
    assert cache.fetch(KEY, {"a.o": tmp_path / "a.o"}) is None
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_after_three_failures_the_server_is_left_alone(
    server: str, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(Misbehaving, "how", (503, 0, b"", 0.0))
    cache = Cache(ServerStore(server), "server")
    for _ in range(10):
        assert cache.fetch(KEY, {"a.o": tmp_path / "a.o"}) is None
    assert len(Misbehaving.seen) == 3
    assert capsys.readouterr().err.count("\n") == 3


def test_a_server_that_refuses_writes_is_asked_once(server: str, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(Misbehaving, "how", (403, 0, b"", 0.0))
    (tmp_path / "a.o").write_bytes(b"object")
    cache = Cache(ServerStore(server), "server")
    for _ in range(5):
        cache.keep(KEY, {"a.o": tmp_path / "a.o"}, "")
    assert Misbehaving.seen == ["PUT /cas"]
    assert capsys.readouterr().err.count("the server said 403 Forbidden; nothing more is kept") == 1


def test_a_server_that_keeps_less_than_it_was_given_is_noticed(
    server: str, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(Misbehaving, "how", (200, 3, b"", 0.0))
    (tmp_path / "a.o").write_bytes(b"object")
    Cache(ServerStore(server), "server").keep(KEY, {"a.o": tmp_path / "a.o"}, "")
    assert "the server kept 3 of 6 bytes" in capsys.readouterr().err
    assert Misbehaving.seen == ["PUT /cas", "HEAD /cas"]
