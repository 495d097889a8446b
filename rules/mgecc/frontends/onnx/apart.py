"""Native code of the package ``onnx`` in a process of its own: hostile files may end the process, or take hours."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable
from typing import NoReturn

from mgecc.frontends.errors import printable

from .errors import OnnxError
from .library import FAULTS, guarded

_SECONDS = 120
"""Of a processor; large networks take a few."""
_DONE, _FAILED = b"+", b"-"
_MOST_WORDS = 200


def apart(doing: str, work: Callable[[], bytes]) -> bytes:
    """What ``work`` gives; OnnxError where it fails or ends its process."""
    if not hasattr(os, "fork"):
        with guarded(doing):
            return work()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _answer(write, work)
    os.close(write)
    with open(read, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if status == 0 and answer[:1] == _DONE:
        return answer[1:]
    words = answer[1:].decode("utf-8", "replace") if status == 0 else "the package onnx breaks down on it"
    raise OnnxError(f"{doing} fails: {printable(' '.join(words.split()))[:_MOST_WORDS]}")


def _answer(write: int, work: Callable[[], bytes]) -> NoReturn:
    """In the child: nothing of the parent's runs on, and what native code prints on its way out is not shown."""
    import resource  # not on all systems

    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    status = 1
    try:
        answer = _said(work)
        with open(write, "wb") as stream:
            stream.write(answer)
        status = 0
    finally:
        os._exit(status)


def _said(work: Callable[[], bytes]) -> bytes:
    try:
        return _DONE + work()
    except FAULTS as error:
        return _FAILED + (str(error) or type(error).__name__).encode("utf-8", "replace")
