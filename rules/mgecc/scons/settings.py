"""How a whole build is cared for: its cache, its lock, its memory, what stands before the C compiler."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import SCons.Script as script
from SCons.Errors import UserError

from mgecc.errors import DIFFERENT
from mgecc.scons.actions import SignedAction
from mgecc.scons.compiledb import write_compile_commands
from mgecc.scons.interrupt import tell_interruptions
from mgecc.scons.launch import make_launcher, zig_on_path
from mgecc.scons.mistakes import shown_by_scons, unknown_option
from mgecc.scons.outputs import OutputLedger, edited_files
from mgecc.scons.sconsign import Saver, Sharded
from mgecc.scons.variables import Settings, read_settings
from mgecc.toolrun.cache import open_cache
from mgecc.toolrun.lock import TreeLock
from mgecc.toolrun.terminal import printable

_WORDS = ("cache", "cache_mode", "launcher", "ccache", "distcc", "explain", "verbose")


def mge_settings(env: Any, **options: Any) -> None:
    """Give the build a cache, a lock and build state that survives kill -9. Call it once, before the other rules.

    ``options``: ``cache`` (a folder or ``http://HOST/...``; default: ``.cache`` in MGE_BUILD_DIR), ``cache_mode``
    ("rw", "ro", "off"), ``launcher`` (stands before every command that compiles C), ``ccache`` (True), ``distcc``
    (hosts), ``explain`` (say why each step runs), ``verbose``. The same words on the command line overrule them:
    ``scons cache=http://cache.example/mgecc``.
    One build runs in a tree at a time; others wait. Contents are compared by SHA-256, and what SCons remembers of all
    files, others' too, lies in MGE_BUILD_DIR, is written down every second, and costs a warning and a rebuild where it
    is damaged. Adds two aliases: ``verify-outputs`` names products that were edited since they were made, ``compiledb``
    writes ``compile_commands.json`` into MGE_BUILD_DIR. See docs/incremental.md and docs/build-farm.md.
    """
    unknown = sorted(set(options) - set(_WORDS))
    if unknown:
        raise unknown_option("MgeSettings", unknown[0], _WORDS)
    given = {key: value for key, value in script.ARGUMENTS.items() if key in _WORDS}
    texts = {
        key: ("0", "1")[value] if isinstance(value, bool) else str(value) for key, value in options.items()
    }
    try:
        with shown_by_scons():
            folder = os.path.relpath(env.Dir(env["MGE_BUILD_DIR"]).get_abspath()).replace(os.sep, "/")
            set_up(env, read_settings(texts | given, ()), folder, everything=True)
    except ValueError as error:
        raise UserError(str(error)) from None
    record = env["MGE_RECORD"]
    for name, tell in {
        "verify-outputs": lambda: tell_edited(*edited_files(record), "products"),
        "compiledb": lambda: write_compiledb(folder),
    }.items():
        env.AlwaysBuild(env.Alias(name, [], plain_action(tell)))


def set_up(env: Any, settings: Settings, folder: str, everything: bool = False) -> None:
    """Set up the build that ``settings`` ask for, with products in ``folder``.

    ``everything``: SCons' memory is kept of all folders. Raises ToolchainMissing, ValueError.
    """
    tell_interruptions()
    # Nearly all that is made lives as long as the build; looking through it for garbage takes a fifth of the time.
    gc.set_threshold(100_000, 100, 100)
    script.SetOption("hash_format", "sha256")
    record = OutputLedger(Path(folder))
    if not script.GetOption("help"):
        try:
            _open_folder(Path(folder), settings)
        except OSError as error:
            why = f"{error.filename or folder}: {error.strerror or error}"
            raise ValueError(f"{why}; a build must be able to write in {folder}") from None
        env.SConsignFile(f"{folder}/.sconsign", Sharded(folder, record, everything))
        script.Progress(Saver())
    env.Replace(
        MGE_VERBOSE=settings.verbose,
        MGE_RECORD=record,
        MGE_EXPLAIN=settings.explain,
        MGE_CACHE=open_cache(settings.cache or f"{folder}/.cache", settings.cache_mode),
        MGE_LAUNCHER=make_launcher(settings.launcher, settings.ccache, settings.distcc),
    )


def _open_folder(folder: Path, settings: Settings) -> None:
    """Make the folder of products this build's own. Raises OSError where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    # Tests build in trees of their own, and may take long.
    if script.COMMAND_LINE_TARGETS != ["test"]:
        TreeLock(folder).take()
    if settings.distcc:
        zig_on_path(folder / ".tools")


def plain_action(function: Callable[[], int], shown: str = "") -> SignedAction:
    """An action for an alias, which is about the build and not about its target."""

    def execute(target: list[Any], source: list[Any], env: Any) -> int:
        sys.stdout.flush()
        return function()

    return SignedAction(execute, "", shown)


def tell_edited(lines: list[str], count: int, what: str) -> int:
    """Print a line for every file that was edited, or that all of ``count`` were not; returns a status."""
    print(printable("\n".join(lines)) or f"{count} {what} are as they were built")
    return DIFFERENT if lines else 0


def write_compiledb(folder: str) -> int:
    path = Path(folder) / "compile_commands.json"
    print(f"{path}: {write_compile_commands(path)} commands")
    return 0
