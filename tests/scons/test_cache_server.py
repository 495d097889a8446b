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
from mgecc.toolrun.cache import Cache, action_key
from mgecc.toolrun.cache.server import ServerStore

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


class Slow(Misbehaving):
    """Takes what it is given at once, and hands out what it has in the ``way`` of a test."""

    way = "silent"

    def do_GET(self) -> None:
        self.seen.append(f"{self.command} {self.path[:4]}")
        getattr(self, self.way)()

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(b"")

    do_HEAD = do_PUT

    def reply(self, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in [("Content-Length", str(len(body))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def silent(self) -> None:
        time.sleep(3)

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 50))
        self.end_headers()
        self.trickle(b"x")

    def dripping_headers(self) -> None:
        self.trickle(b"H")

    def late(self) -> None:
        time.sleep(0.25)
        self.reply(b"not an entry")

    def trickle(self, piece: bytes) -> None:
        try:
            for _ in range(60):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            self.close_connection = True


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    Misbehaving.seen.clear()
    serving = ThreadingHTTPServer(("127.0.0.1", 0), getattr(request, "param", Misbehaving))
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


@pytest.mark.parametrize("server", [Slow], indirect=True)
@pytest.mark.parametrize("way", ["silent", "drip", "dripping_headers", "late"])
def test_a_server_that_is_slow_to_read_is_left_alone_whatever_it_takes(
    server: str, tmp_path: Path, capsys, monkeypatch, way: str
) -> None:
    monkeypatch.setattr(Slow, "way", way)
    (tmp_path / "a.o").write_bytes(b"object")
    cache = Cache(ServerStore(server, timeout=0.3), "server")
    begun = time.monotonic()
    for step in range(30):
        key = action_key("CC", [], [f"{step}.o"])
        assert cache.fetch(key, {"a.o": tmp_path / "b.o"}) is None
        cache.keep(key, {"a.o": tmp_path / "a.o"}, "")
    assert time.monotonic() - begun < 4
    assert capsys.readouterr().err.count("going on without it") == 1
    assert len(Misbehaving.seen) < 12


def test_a_server_that_takes_slowly_is_left_alone(tmp_path: Path, capsys) -> None:
    (tmp_path / "a.o").write_bytes(b"object" * 4_000_000)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=sip, args=(listening,), daemon=True).start()
        cache = Cache(ServerStore(address, timeout=0.3), "server")
        begun = time.monotonic()
        for _ in range(20):
            cache.keep(KEY, {"a.o": tmp_path / "a.o"}, "")
        assert time.monotonic() - begun < 6
    assert capsys.readouterr().err.count("nothing more is kept") == 1


def sip(listening: socket.socket) -> None:
    """Take a few bytes every now and then, from whoever connects."""
    taken: list[socket.socket] = []
    listening.settimeout(0.1)
    while True:
        try:
            taken.append(listening.accept()[0])
        except TimeoutError:
            pass
        except OSError:
            return
        for connection in taken:
            connection.recv(4096)


def test_nothing_of_a_server_reaches_the_terminal_raw(tmp_path: Path, capsys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer_escapes, args=(listening,), daemon=True).start()
        cache = Cache(ServerStore(f"http://127.0.0.1:{listening.getsockname()[1]}"), "server")
        cache.fetch(KEY, {"a.o": tmp_path / "a.o"})
    said = capsys.readouterr().err
    assert "the server said 500" in said and "\\x1b]0;own\\x07" in said
    assert not [c for c in said if ord(c) < 32 and c != "\n"]


def answer_escapes(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 500 \x1b]0;own\x07\x1b[2J\r\nContent-Length: 0\r\n\r\n")
    connection.close()


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
