"""A cache on a server: Bazel's HTTP cache protocol, GET and PUT of ``/ac/KEY`` and ``/cas/SHA256``."""

from __future__ import annotations

import base64
import http.client
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mgecc.toolrun.cache.store import CHUNK, Sink, StoreError
from mgecc.toolrun.terminal import printable

_REFUSALS = (401, 403, 405)
_SLOWEST = 100_000  # bytes a second below which a transfer is given up
_MOST_FAILURES = 3  # in a row
_PATIENCE = 6.0  # times the timeout: what a build waits for a server in all


class ServerStore:
    """A server; ``url`` may hold user and password. ``timeout``: seconds without a byte, and to start with."""

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        parts = urllib.parse.urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._base = urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = _authorization(parts)
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_Http, _Https)
        self._reading = _Failures(timeout)
        self._writing = _Failures(timeout, self._reading)

    def read(self, name: str, sink: Sink) -> bool:
        with self._reading.request() as pace:
            try:
                with self._send("GET", name) as reply:
                    while part := reply.read1(CHUNK):
                        sink(part)
                        pace.moved(len(part))
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return False
                raise
        return True

    def write(self, name: str, path: Path) -> None:
        size = path.stat().st_size
        with self._writing.request() as pace, path.open("rb") as file:
            with self._send("PUT", name, _Paced(file, pace), size):
                pass
            with self._send("HEAD", name) as reply:
                kept = reply.headers.get("Content-Length")
        if kept is not None and kept != str(size):
            raise StoreError(f"the server kept {printable(kept)} of {size} bytes")

    def _send(self, method: str, name: str, data: Any = None, size: int = 0) -> Any:
        request = urllib.request.Request(f"{self._base}/{name}", data, dict(self._headers), method=method)
        if data is not None:
            request.add_header("Content-Length", str(size))
            request.add_header("Content-Type", "application/octet-stream")
        return self._opener.open(request, timeout=self._timeout)


class _Prompt(http.client.HTTPConnection):
    """A connection whose answer has as long for all of its headers as for one byte."""

    late = False

    def getresponse(self) -> http.client.HTTPResponse:
        timer = threading.Timer(self.timeout or 0, self._cut)
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        except (OSError, http.client.HTTPException):
            if self.late:
                raise TimeoutError("timed out") from None
            raise
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self.late = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass  # it is closed


class _PromptTls(http.client.HTTPSConnection, _Prompt):
    pass


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(_Prompt, request)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(_PromptTls, request)


class _Pace:
    """How fast a request goes."""

    def __init__(self, timeout: float) -> None:
        self._timeout, self._begun, self._bytes = timeout, time.monotonic(), 0

    def moved(self, count: int) -> None:
        """Note bytes that were read or sent; raises TimeoutError where they were too few for the time."""
        self._bytes += count
        if self.waited() > self._timeout:
            raise TimeoutError("too slow")

    def waited(self) -> float:
        """Seconds beyond what the bytes may take."""
        return time.monotonic() - self._begun - self._bytes / _SLOWEST


class _Paced:
    """A file that is sent no slower than a pace allows."""

    def __init__(self, file: IO[bytes], pace: _Pace) -> None:
        self._file, self._pace = file, pace

    def read(self, size: int) -> bytes:
        part = self._file.read(size)
        self._pace.moved(len(part))
        return part


def _authorization(parts: urllib.parse.SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    word = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(word.encode()).decode()}"}


class _Failures:
    """Turns all that can happen on a network into StoreError, final once it is not worth it any more.

    That is after three failures in a row, or when a build has waited for too long in all.
    ``reading``: failures of another kind of request, without which this one is no use; it shares broken connections.
    """

    def __init__(self, timeout: float, reading: _Failures | None = None) -> None:
        self._timeout, self._reading = timeout, reading
        self._count, self._left = 0, _PATIENCE * timeout
        self._lock = threading.Lock()

    @contextmanager
    def request(self) -> Iterator[_Pace]:
        if self._is_over():
            raise StoreError("given up", final=True)
        pace = _Pace(self._timeout)
        try:
            yield pace
        except Exception as error:
            why = _why(error)
            self._note(pace, error if why else None)
            if why is None:
                raise
            refused = isinstance(error, urllib.error.HTTPError) and error.code in _REFUSALS
            raise StoreError(why, final=refused or self._is_over()) from None
        self._note(pace)
        if self._is_over():
            raise StoreError("the server is too slow", final=True)

    def _is_over(self) -> bool:
        over = self._count >= _MOST_FAILURES or self._left <= 0
        return over or (self._reading is not None and self._reading._is_over())

    def _note(self, pace: _Pace, error: Exception | None = None) -> None:
        with self._lock:
            self._count = self._count + 1 if error else 0
            # A server that is far away is not yet a slow one.
            self._left -= max(0.0, pace.waited() - self._timeout / 5)
        if self._reading and error and not isinstance(error, urllib.error.HTTPError):
            self._reading._note(pace, error)


def _why(error: BaseException) -> str | None:
    """A network error in words; None for any other."""
    if isinstance(error, urllib.error.HTTPError):
        return printable(f"the server said {error.code} {error.reason}")
    if isinstance(error, urllib.error.URLError):
        return printable(str(getattr(error.reason, "strerror", None) or error.reason))
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended in the middle"
    if isinstance(error, (OSError, http.client.HTTPException, ValueError)):
        return printable(str(error)) or type(error).__name__
    return None
