"""A build farm on this machine: BuildGrid with its own packages, a database for its scheduler, and workers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from locked_environment import environment

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Farm:
    """``address`` of the server. ``folder``: its files, and what the workers say."""

    address: str
    folder: Path

    def actions(self) -> list[str]:
        """The commands that workers ran, each with its status before it."""
        return [line for log in self.folder.glob("bot*.log") for line in log.read_text().splitlines()]


def buildgrid(folder: Path) -> Path:
    """A Python with BuildGrid, by a lock file of its own."""
    if sys.version_info < (3, 11):
        pytest.skip("BuildGrid needs Python 3.11")
    return environment(folder / "venv", HERE / "buildgrid.lock")


def postgres() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1]


@contextmanager
def started(words: list[str | Path], log: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """A process that runs as long as the block."""
    with log.open("w") as file:
        process = subprocess.Popen(words, stdout=file, stderr=subprocess.STDOUT, env=env)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def until(ready: str, log: Path) -> None:
    """Wait for a line of a log."""
    end = time.monotonic() + 120
    while ready not in log.read_text():
        assert time.monotonic() < end, log.read_text()[-4000:]
        time.sleep(0.1)


@contextmanager
def farm(workers: int) -> Iterator[Farm]:
    program = postgres()
    # Not pytest's folder: another user, which the database needs where this is root, may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="farm-"))
    folder.chmod(0o777)
    try:
        python = buildgrid(folder)
        with ExitStack() as stack:
            _database(program, folder, stack)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = str(probe.getsockname()[1])
            _server(python, port, folder, stack)
            for number in range(workers):
                words = [python, HERE / "bot.py", port, folder / "work", f"bot{number}"]
                stack.enter_context(started(words, folder / f"bot{number}.log"))
            yield Farm(f"grpc://127.0.0.1:{port}", folder)
    finally:
        shutil.rmtree(folder)


def _database(program: Path, folder: Path, stack: ExitStack) -> None:
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    make = [
        *user,
        program.with_name("initdb"),
        "-D",
        folder / "db",
        "-A",
        "trust",
        "-U",
        "postgres",
        "--no-sync",
    ]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    words = [*user, program, "-D", folder / "db", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    stack.enter_context(started(words, folder / "db.log"))
    until("ready to accept connections", folder / "db.log")


def _server(python: Path, port: str, folder: Path, stack: ExitStack) -> None:
    text = (HERE / "buildgrid.yml").read_text().replace("PORT", port).replace("FOLDER", str(folder))
    (folder / "buildgrid.yml").write_text(text)
    bgd = python.with_name("bgd")
    database = f"postgresql+psycopg2://postgres@/postgres?host={folder}"
    subprocess.run([bgd, "migrate", "apply", database], check=True, stdout=subprocess.DEVNULL)
    stack.enter_context(started([bgd, "server", "start", folder / "buildgrid.yml"], folder / "server.log"))
    until("Starting BuildGrid server", folder / "server.log")
