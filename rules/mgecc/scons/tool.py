"""The SCons tool: what it adds to a construction environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mgecc.scons.firmware import mge_firmware
from mgecc.scons.images import mge_cv
from mgecc.scons.launch import Launcher
from mgecc.scons.mge_test import mge_test
from mgecc.scons.mistakes import at_the_caller
from mgecc.scons.model import mge_model
from mgecc.scons.pipeline import mge_pipeline
from mgecc.scons.project import mge_project
from mgecc.scons.release import mge_release
from mgecc.scons.settings import mge_settings
from mgecc.toolrun.terminal import show_any_text

# The public rules, by the name they have in a construction environment.
RULES: dict[str, Callable[..., Any]] = {
    "MgeModel": mge_model,
    "MgePipeline": mge_pipeline,
    "MgeCv": mge_cv,
    "MgeFirmware": mge_firmware,
    "MgeTest": mge_test,
    "MgeRelease": mge_release,
    "MgeSettings": mge_settings,
    "MgeProject": mge_project,
}

_DEFAULTS = {
    "MGE_TARGET": "",
    "MGE_CPU": "",
    "MGE_TOOLCHAIN": "zig",
    "MGE_OPTIMIZE": "",
    "MGE_THREADS": "",
    "MGE_FLASH": "",
    "MGE_RAM": "",
    "MGE_BUILD_DIR": "#build",
    "MGE_VERBOSE": False,
    "MGE_EXPLAIN": False,
    "MGE_CACHE": None,
    "MGE_RECORD": None,
    "MGE_LAUNCHER": Launcher(),
}


def generate(env: Any, **_options: Any) -> None:
    """Add the rules and the construction variables MGE_*."""
    show_any_text()
    env.SetDefault(**_DEFAULTS)
    for name, rule in RULES.items():
        env.AddMethod(at_the_caller(rule), name)


def exists(_env: Any) -> bool:
    """Whether the tool can be used here; its own parts are always present."""
    return True
