"""Times of files say nothing: other contents under the old time are new, in trees of others too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Checkout, steps_in
from .test_firmware import user  # noqa: F401 -- a fixture

LONG_AGO = 1_577_836_800
SCONSTRUCT = """
env = Environment(tools=[])
{more}
env.Tool("mgecc", toolpath=["third_party/mgecc/site_scons/site_tools"])
{settings}
net = env.MgeModel("first", config="app/model.yaml", target="armv7")
env.Default(env.MgeFirmware("app", ["app/main.c"], net, CPPDEFINES={{"COUNTED": 2}}))
"""
# The file that is replaced by one of the same size and time -> kinds of the steps that must run.
CHANGES = {
    "first.mge": ("Weights layer", {"MGE", "AS", "AR", "LD"}),
    "model.yaml": ("model: first.mge\n#  b\n", {"MGE"}),
    "main.c": (None, {"CC", "LD"}),
    "extra.h": ("#define EXTRA 2\n", {"CC"}),
}


def write_long_ago(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("settings", ["", 'env.MgeSettings(cache_mode="off")'])
@pytest.mark.parametrize("more", ["", 'env.Decider("timestamp-newer")'])
def test_other_contents_of_the_same_time_and_size_are_seen(
    user: Checkout,  # noqa: F811
    settings: str,
    more: str,
) -> None:
    (user.root / "SConstruct").write_text(SCONSTRUCT.format(settings=settings, more=more))
    app = user.root / "app"
    (app / "model.yaml").write_text("model: first.mge\n#  a\n")
    (app / "extra.h").write_text("#define EXTRA 1\n")
    (app / "main.c").write_text('#include "extra.h"\n' + (app / "main.c").read_text())
    for path in app.iterdir():
        write_long_ago(path, path.read_text())
    user.scons()
    ran = {}
    for name, (text, _) in CHANGES.items():
        path = app / name
        write_long_ago(path, text or path.read_text().replace("other", "OTHER"))
        ran[name] = {step.split()[0] for step in steps_in(user.scons())}
    assert ran == {name: steps for name, (_, steps) in CHANGES.items()}
    assert steps_in(user.scons()) == []
