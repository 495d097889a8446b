"""An input that is written while its step runs: what was made counts for neither its old contents nor its new ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Checkout, steps_in
from .test_firmware import user  # noqa: F401 -- a fixture

SCONSTRUCT = """
import os, sys
env = Environment(tools=[])
env.Tool("mgecc", toolpath=["third_party/mgecc/site_scons/site_tools"])
env.MgeSettings()
net = env.MgeModel("first", config="app/model.yaml", target="baremetal")
app = env.MgeFirmware("app", ["app/main.c"], net, CPPDEFINES={"COUNTED": 2})
env.Default(app, env.MgeRelease("all", [net, app]))

class Editor:
    # Writes to a file when the line of a step is shown: its digests are taken, and its tool has not begun.
    def __init__(self, stream, words, path):
        self.stream, self.words, self.path = stream, words, path

    def write(self, text):
        self.stream.write(text)
        if text.startswith("  ") and text.split() == self.words:
            before = open(self.path, "rb").read()
            open(self.path + ".new", "wb").write(before + os.environ["TEXT"].encode())
            os.replace(self.path + ".new", self.path)
            if not os.environ["TEXT"]:
                self.words = None

    def __getattr__(self, name):
        return getattr(self.stream, name)

if "STEP" in os.environ:
    sys.stdout = Editor(sys.stdout, os.environ["STEP"].split(), os.environ["EDITED"])
"""
PRODUCTS = "build/baremetal"
# The step, the file that is written while it runs, the source that makes the step run, and what is written.
EDITS = [
    ("MGE baremetal first", "app/first.mge", "app/first.mge", " layer"),
    ("MGE baremetal first", "app/model.yaml", "app/model.yaml", "#"),
    ("CC baremetal main.o", "app/main.c", "app/main.c", "//"),
    ("CC baremetal main.o", "app/extra.h", "app/extra.h", "//"),
    ("AS baremetal first_blob.o", f"{PRODUCTS}/first/first.blob", "app/first.mge", "!"),
    ("AR baremetal libfirst.a", f"{PRODUCTS}/first/obj/first_blob.o", "app/first.mge", "!"),
    ("LD baremetal app.elf", f"{PRODUCTS}/app/obj/main.o", "app/extra.h", "!"),
    ("IMG baremetal app.bin", f"{PRODUCTS}/app/app.elf", "app/extra.h", "!"),
    ("TAR all.tar", f"{PRODUCTS}/first/first.blob", "app/first.mge", "!"),
]


def test_a_step_whose_input_is_written_meanwhile_fails_and_is_not_remembered(
    user: Checkout,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = user.root / "app"
    (user.root / "SConstruct").write_text(SCONSTRUCT)
    (app / "model.yaml").write_text("model: first.mge\n")
    (app / "extra.h").write_text("static int extra = 1;\n")
    (app / "main.c").write_text(
        '#include "extra.h"\n' + (app / "main.c").read_text().replace("== 3", "== extra")
    )
    user.scons()
    wrong = {}
    for number, (step, edited, source, text) in enumerate(EDITS):
        change(user.root / source, number)
        before = attempt(user, monkeypatch, step, edited, text)
        (user.root / edited).write_bytes(before)
        again = steps_in(user.scons()) if step.split()[0] not in ("IMG", "TAR") else user.scons()
        if step not in (
            again if isinstance(again, list) else [" ".join(line.split()) for line in again.splitlines()]
        ):
            wrong[step, edited] = again
    assert wrong == {}


def change(path: Path, number: int) -> None:
    if path.suffix == ".h":
        path.write_text(f"static int extra = {number};\n")
    else:
        with path.open("a") as file:
            file.write(f"//{number}\n" if path.suffix == ".c" else f"#{number}\n")


def attempt(
    user: Checkout,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    edited: str,
    text: str,
) -> bytes:
    """Build while a file is edited; returns what it held before."""
    sources = {path: path.read_bytes() for path in (user.root / "app").iterdir()}
    for name, value in (("STEP", step), ("EDITED", edited), ("TEXT", text)):
        monkeypatch.setenv(name, value)
    said = user.scons("-j1", status=3)
    monkeypatch.delenv("STEP")
    name = edited.rpartition("/")[2]
    assert f"{name} changed while it was made; build again" in said and "Traceback" not in said
    return sources.get(user.root / edited) or (user.root / edited).read_bytes().removesuffix(text.encode())


def test_a_step_whose_input_is_written_with_the_same_is_done_again(
    user: Checkout,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (user.root / "SConstruct").write_text(SCONSTRUCT)
    (user.root / "app" / "model.yaml").write_text("model: first.mge\n")
    for name, value in (("STEP", "CC baremetal main.o"), ("EDITED", "app/main.c"), ("TEXT", "")):
        monkeypatch.setenv(name, value)
    assert steps_in(user.scons("-j1")).count("CC baremetal main.o") == 2


def test_a_compiler_that_is_edited_meanwhile_is_not_remembered(checkout: Checkout) -> None:
    build = ["target=arm64", "model=first"]
    sconstruct = checkout.root / "SConstruct"
    text = sconstruct.read_text()
    hook = SCONSTRUCT.partition("class Editor")[2].partition('if "STEP"')[0]
    edited = "rules/mgecc/kernels/pool/pool.c.j2"
    arm = f'sys.stdout = Editor(sys.stdout, ["MGE", "arm64", "first"], "{edited}")\n'
    sconstruct.write_text(f'import os, sys\nos.environ["TEXT"] = "!"\nclass Editor{hook}\n{arm}{text}')
    said = checkout.scons(*build, status=3)
    assert "kernels/pool/pool.c.j2 of the compiler changed while it ran; build again" in said
    sconstruct.write_text(text)
    assert "MGE arm64 first" in steps_in(checkout.scons(*build))
