"""A small checkout with the real rules, a runtime of one function and a compiler that copies its input.

So these tests fail when the rules are wrong, not when a kernel is; the real compiler is built in test_real_model.py.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from copied import copy_folders
from printed import printed

ROOT = Path(__file__).resolve().parents[2]

STAND_IN = """

import os
import time


def compile_model(config, target_name, cpu=""):
    target = load_target(target_name, cpu)
    name, data = config.name, config.model.read_bytes()
    if b"broken" in data:
        from mgecc.graph.diagnostics import CompileError
        raise CompileError(config.model.name, ["conv1: cannot do this"])
    if b"peeking" in data:
        config.folder.joinpath("labels.txt").read_bytes()
    if b"slow" in data:
        time.sleep(1.2)
    if b"killer" in data:
        os.kill(os.getppid(), 9)
    kernels = f'#include "{name}.h"\\nint {name}_kernel(int x);\\nint {name}_kernel(int x) {{ return x + K; }}\\n'
    text = kernels.replace("K", str(data.count(b"layer")))
    section = f'.section .rodata.w,"a",%progbits\\n.global {name}_blob\\n{name}_blob:\\n.incbin "{name}.blob"\\n'
    files = {f"{name}.h": b'#include "mgecc.h"\\n', f"{name}.blob": data, f"{name}_blob.S": section.encode()}
    for member in members(target):
        files[kernel_file(name, target, member)] = text.encode()
    report = {"arena": 2048, "arena_bound": 1024, "weights": len(data), "kernels": [{}], "inputs": [], "outputs": []}
    if target.members:
        report["members"] = [dict(report) for _ in target.members]
    files["report.json"] = json.dumps(report).encode()
    return Products(files, ())
"""


KINDS = ("MGE", "CC", "AS", "AR", "LD", "HIT")


def steps_in(said: str) -> list[str]:
    """The steps that a build has shown, sorted."""
    lines = (line.split() for line in said.splitlines() if line.startswith("  "))
    return sorted(" ".join(words) for words in lines if words and words[0] in KINDS)


@dataclass(frozen=True)
class Checkout:
    """A folder with an SConstruct; ``scons`` runs it and returns what was printed."""

    root: Path

    def scons(self, *args: str, status: int = 0, cwd: Path | None = None) -> str:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        words = [sys.executable, "-m", "SCons", *args]
        return printed(words, cwd or self.root, environment, status)

    def steps(self, *args: str) -> list[str]:
        """The steps a build takes without a cache, by kind and file, sorted."""
        return steps_in(self.scons("cache_mode=off", *args))

    def add_model(self, name: str, data: str, config: str = "") -> Path:
        folder = self.root / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.mge").write_text(data)
        (folder / "model.yaml").write_text(f"model: {name}.mge\n{config}")
        return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "work tree"
    root.mkdir()
    copy_folders(root, "rules", "site_scons")
    shutil.copy(ROOT / "SConstruct", root)
    with (root / "rules" / "mgecc" / "compiler.py").open("a") as file:
        file.write(STAND_IN)
    for folder in ("include", "src"):
        (root / "runtime" / folder).mkdir(parents=True)
    (root / "runtime" / "include" / "mgecc.h").write_text("int mgecc_open(const void *blob);\n")
    (root / "runtime" / "include" / "mgecc.hpp").write_text('#include "mgecc.h"\n')
    (root / "runtime" / "src" / "loader.c").write_text(
        '#include "mgecc.h"\n__attribute__((visibility("default"))) '
        "int mgecc_open(const void *blob) { return *(const char *)blob; }\n"
    )
    made = Checkout(root)
    made.add_model("first", "weights layer 1")
    made.add_model("second", "weights layer 2 layer 3")
    return made
