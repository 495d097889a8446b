"""A cache on a server: Bazel's HTTP cache protocol, GET and PUT of ``/ac/KEY`` and ``/cas/SHA256``."""

from __future__ import annotations

import base64
import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import IO, Any

from mgecc.rules.cache.store import CHUNK, Sink, StoreError

_REFUSALS = (401, 403, 405)
_SLOWEST = 100_000  # bytes a second below which a transfer is given up


class ServerStore:
    """A server; ``url`` may hold user and password. ``timeout``: seconds without a byte, and to start with."""

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        parts = urllib.parse.urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._base = urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = _authorization(parts)
        self._timeout = timeout
        self._failures = _Failures()

    def read(self, name: str, sink: Sink) -> bool:
        with self._failures:
            try:
                with self._send("GET", name) as reply:
                    self._copy(reply, sink)
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return False
                raise
        return True

    def write(self, name: str, path: Path) -> None:
        size = path.stat().st_size
        with self._failures, path.open("rb") as file:
            with self._send("PUT", name, file, size):
                pass
            with self._send("HEAD", name) as reply:
                kept = reply.headers.get("Content-Length")
        if kept is not None and kept != str(size):
            raise StoreError(f"the server kept {kept} of {size} bytes")

    def _send(self, method: str, name: str, data: IO[bytes] | None = None, size: int = 0) -> Any:
        request = urllib.request.Request(f"{self._base}/{name}", data, dict(self._headers), method=method)
        if data is not None:
            request.add_header("Content-Length", str(size))
            request.add_header("Content-Type", "application/octet-stream")
        return urllib.request.urlopen(request, timeout=self._timeout)

    def _copy(self, reply: Any, sink: Sink) -> None:
        """All of a reply, in the time that its size allows."""
        size = int(reply.headers.get("Content-Length") or 0)
        deadline = time.monotonic() + 4 * self._timeout + size / _SLOWEST
        while part := reply.read1(CHUNK):
            sink(part)
            if time.monotonic() > deadline:
                raise TimeoutError("too slow")


def _authorization(parts: urllib.parse.SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    word = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(word.encode()).decode()}"}


class _Failures:
    """Turns all that can happen on a network into StoreError, final once it has happened too often in a row."""

    def __init__(self, most: int = 3) -> None:
        self._most = most
        self._count = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if self._count >= self._most:
            raise StoreError("given up", final=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, StoreError):
            self._count = 0
            return
        why = _why(error)
        if why is None:
            return
        with self._lock:
            self._count += 1
        refused = isinstance(error, urllib.error.HTTPError) and error.code in _REFUSALS
        raise StoreError(why, final=refused or self._count >= self._most) from None


def _why(error: BaseException) -> str | None:
    """A network error in words; None for any other."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server said {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(getattr(error.reason, "strerror", None) or error.reason)
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended in the middle"
    if isinstance(error, (OSError, http.client.HTTPException, ValueError)):
        return str(error) or type(error).__name__
    return None
