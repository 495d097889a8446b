"""Programs before the C compiler: the results are the same as without."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Checkout, steps_in

BUILD = ["target=arm64,baremetal", "model=all", "cache_mode=off"]


def objects(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in (root / "build").rglob("*.o")}


def need(program: str, package: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed: apt-get install {package}")
    return path


@pytest.fixture
def wanted(checkout: Checkout) -> dict[str, bytes]:
    checkout.scons(*BUILD)
    found = objects(checkout.root)
    shutil.rmtree(checkout.root / "build")
    return found


def test_a_launcher_stands_before_every_c_compile(
    checkout: Checkout, wanted: dict[str, bytes], tmp_path: Path
) -> None:
    launcher = tmp_path / "launcher"
    launcher.write_text(f'#!/bin/sh\nshift\necho "$@" >>{tmp_path}/log\nexec "$@"\n')
    launcher.chmod(0o755)
    checkout.scons(*BUILD, f"launcher={launcher} word")
    assert objects(checkout.root) == wanted
    log = (tmp_path / "log").read_text().splitlines()
    assert len(log) == 6 and all("zig clang " in line and ".c -o " in line for line in log)
    assert checkout.steps(*BUILD) == []
    assert "is not installed" in checkout.scons(*BUILD, "launcher=no-such-program", status=3)


def test_ccache_gives_the_same(
    checkout: Checkout, wanted: dict[str, bytes], tmp_path: Path, monkeypatch
) -> None:
    ccache = need("ccache", "ccache")
    monkeypatch.setenv("CCACHE_DIR", os.fspath(tmp_path / "ccache"))
    for _ in range(2):
        shutil.rmtree(checkout.root / "build", ignore_errors=True)
        checkout.scons(*BUILD, "ccache=1")
        assert objects(checkout.root) == wanted
    said = subprocess.run([ccache, "--print-stats"], capture_output=True, text=True, check=True).stdout
    counts = dict(line.split("\t") for line in said.splitlines() if "\t" in line)
    assert int(counts["direct_cache_hit"]) + int(counts["preprocessed_cache_hit"]) == 6


@pytest.fixture
def farm() -> Iterator[tuple[str, Path]]:
    """Two distcc servers: their addresses as ``distcc=`` takes them, and the folder of their logs."""
    need("distcc", "distcc")
    server = need("distccd", "distcc")
    folder = Path(tempfile.mkdtemp())  # the servers give up root's rights, and with them pytest's own folders
    folder.chmod(0o777)
    ports, running = [], []
    for i in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
        command = [server, "--no-detach", "--daemon", "--listen", "127.0.0.1", "--allow", "127.0.0.1",
                   "--port", str(ports[i]), "--jobs", "2", "--verbose", "--log-file", f"{folder}/log{i}",
                   "--enable-tcp-insecure"]  # fmt: skip
        running.append(subprocess.Popen([*command, *([] if os.geteuid() else ["--user", "nobody"])]))
    for port in ports:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
    yield " ".join(f"127.0.0.1:{port}/2" for port in ports), folder
    for process in running:
        process.terminate()
        process.wait()
    shutil.rmtree(folder)


def test_two_distcc_servers_give_the_same(checkout: Checkout, farm: tuple[str, Path], monkeypatch) -> None:
    need("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")
    hosts, folder = farm
    build = ["target=arm64", "model=all", "cache_mode=off", "toolchain=gcc"]
    checkout.scons(*build)
    wanted = objects(checkout.root)
    shutil.rmtree(checkout.root / "build")
    monkeypatch.setenv("DISTCC_FALLBACK", "0")
    monkeypatch.setenv("DISTCC_BACKOFF_PERIOD", "0")
    monkeypatch.setenv("DISTCC_DIR", os.fspath(folder))
    said = checkout.scons(*build, f"distcc={hosts}", "-j4")
    assert sum(step.startswith("CC") for step in steps_in(said)) == 3
    assert objects(checkout.root) == wanted
    logs = [(folder / f"log{i}").read_text() for i in range(2)]
    assert sum(log.count("COMPILE_OK") for log in logs) == 3


def test_compile_commands_come_with_the_sources_they_compile(checkout: Checkout) -> None:
    said = checkout.scons("compiledb", "target=arm64", "model=first")
    assert [step.split()[0] for step in steps_in(said)] == ["MGE"]
    entries = json.loads((checkout.root / "build" / "compile_commands.json").read_text())
    assert len(entries) == 2 and all(Path(e["directory"], e["file"]).is_file() for e in entries)


def test_compile_commands_are_those_of_the_build(checkout: Checkout) -> None:
    checkout.scons("target=arm64", "model=first")
    checkout.scons("compiledb", "target=arm64", "model=first")
    entries = json.loads((checkout.root / "build" / "compile_commands.json").read_text())
    assert [os.path.basename(entry["file"]) for entry in entries] == ["loader.c", "first_kernels.c"]
    for entry in entries:
        made = Path(entry["directory"], entry["output"])
        before = made.read_bytes()
        made.unlink()
        subprocess.run(entry["arguments"], cwd=entry["directory"], check=True)
        assert made.read_bytes() == before
