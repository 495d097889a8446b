"""Compiler processes that live as long as the build: starting Python and NumPy once per job, not once per model."""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
from pathlib import Path
from typing import Any

from mgecc.errors import FAILED
from mgecc.request import CompileRequest
from mgecc.toolrun.process import clean_environment


class Workers:
    """As many processes as SCons has jobs at once, each started when first needed. Safe to call from threads."""

    def __init__(self) -> None:
        self._idle: queue.LifoQueue[subprocess.Popen[str]] = queue.LifoQueue()
        self._all: list[subprocess.Popen[str]] = []

    def compile(self, request: CompileRequest) -> dict[str, Any]:
        """Have one request carried out; returns the reply, with ``error`` and ``status`` if it failed."""
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = self._start()
        assert worker.stdin and worker.stdout
        try:
            worker.stdin.write(request.to_line() + "\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
        except OSError:
            line = ""
        if not line:
            text = f"the compiler process ended unexpectedly (status {worker.wait()})"
            return {"error": text, "status": FAILED}
        self._idle.put(worker)
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _start(self) -> subprocess.Popen[str]:
        package = Path(__file__).resolve().parents[2]
        worker = subprocess.Popen(
            [sys.executable, "-m", "mgecc.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment() | {"PYTHONPATH": os.fspath(package), "PYTHONUTF8": "1"},
            start_new_session=True,  # an interrupt is SCons' to handle
        )
        if not self._all:
            atexit.register(self.stop)
        self._all.append(worker)
        return worker

    def stop(self) -> None:
        """Close every process's input, at which it ends."""
        for worker in self._all:
            if worker.stdin:
                worker.stdin.close()
        for worker in self._all:
            try:
                worker.wait(timeout=2)
            except subprocess.TimeoutExpired:
                worker.kill()
        self._all.clear()
