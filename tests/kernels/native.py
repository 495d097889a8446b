"""Kernels compiled by GCC for this machine and loaded, each once for all tests, processes and later runs."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from mgecc.kernels import Kernel
from mgecc.kernels.render import header_text, render_kernel
from mgecc.targets import Target, load_target, load_toolchain
from mgecc.targets.isa import read_isa
from mgecc.toolrun.cache import action_key, objects_cache
from mgecc.toolrun.cache.store import file_digest
from mgecc.toolrun.depfile import read_depfile
from strict import STRICT

# Of all levels, -Og takes GCC the least time.
FLAGS = "-std=c99 -Og -fPIC -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror " + " ".join(STRICT)
Entry = Callable[[int, int], None]

_ENTRIES = "mg_test_"
_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_FOLDER = tempfile.TemporaryDirectory(prefix="kernels-")
_keys: dict[tuple[Kernel, str, str], str] = {}
_entries: dict[str, Entry] = {}


def kernels_text(kernels: Sequence[Kernel], target: Target) -> str:
    """These kernels as a library would hold them behind the header of the ISA."""
    headers = dict.fromkeys(n for k in kernels for n in k.needs)
    return "\n".join(
        [header_text(h, target.facts) for h in headers] + [render_kernel(k, target) for k in kernels]
    )


def host_flags(target: Target) -> str:
    return "" if target.isa == "scalar" else " ".join(target.cflags)


def entries(
    kernels: Sequence[Kernel], target: Target, beside: Callable[[], Sequence[Kernel]] = tuple
) -> list[Entry]:
    """The kernels as functions. Where one has yet to be compiled, so are all those ``beside`` it, together."""
    if "amx_tile" in target.host_flags:
        _permit_tiles()
    keys = [_key(kernel, target) for kernel in kernels]
    if not _entries.keys() >= set(keys):
        wanted = {_key(kernel, target): kernel for kernel in (*kernels, *beside())}
        missing = {key: k for key, k in wanted.items() if key not in _entries and not _load_kept(key, k)}
        if missing:
            _compile(missing, target)
    return [_entries[key] for key in keys]


def _key(kernel: Kernel, target: Target) -> str:
    """Of the kernel's text, and of all that the compiler makes of it."""
    name = (kernel, target.spec, target.cpu)
    if name not in _keys:
        needs = [
            render_kernel(kernel, target),
            *(header_text(header, target.facts) for header in kernel.needs),
        ]
        compiler = _compiler(target.isa, host_flags(target))
        _keys[name] = action_key(compiler, [("", text) for text in needs], [kernel.symbol])
    return _keys[name]


@cache
def _compiler(isa: str, cflags: str) -> str:
    """The compiler, its flags, and what it reads in front of every kernel."""
    source, depfile = Path(_FOLDER.name) / "headers.c", Path(_FOLDER.name) / "headers.d"
    source.write_text(header_text(isa, read_isa(isa)), encoding="utf-8")
    _gcc(source, depfile, f"{FLAGS} {cflags} -M -MT headers")
    read = [file_digest(Path(path)) for path in read_depfile(depfile)]
    return " ".join([load_toolchain("gcc", load_target("x86_64")).identity, FLAGS, cflags, *read])


def _load_kept(key: str, kernel: Kernel) -> bool:
    kept = objects_cache()
    library = kept.fetch_text(key) if kept else ""
    if not library:
        return False
    shared = Path(_FOLDER.name) / f"{library}.so"
    if not shared.exists() and not (kept and kept.fetch(library, {"kernels": shared})):
        return False
    _load(shared, {key: kernel})
    return True


def _compile(kernels: dict[str, Kernel], target: Target) -> None:
    """Compile into one library, load it, and keep it with a note under every kernel's key of where it is."""
    header, name = _precompiled(target.isa, host_flags(target)), action_key("kernels", [], list(kernels))
    source, shared = (Path(_FOLDER.name) / f"{name}{suffix}" for suffix in (".c", ".so"))
    functions = [
        f"void (*const {_ENTRIES}{kernel.symbol})(void *const *, const int32_t *) = {kernel.symbol};\n"
        for kernel in kernels.values()
    ]
    source.write_text(kernels_text(list(kernels.values()), target) + "".join(functions), encoding="utf-8")
    _gcc(source, shared, f"{FLAGS} {host_flags(target)} -shared -include {header}")
    _load(shared, kernels)
    kept = objects_cache()
    if kept:
        kept.keep(name, {"kernels": shared}, "")
        for key in kernels:
            kept.keep_text(key, name)


def _load(shared: Path, kernels: dict[str, Kernel]) -> None:
    library = ctypes.CDLL(str(shared))
    for key, kernel in kernels.items():
        _entries[key] = _ENTRY.in_dll(library, _ENTRIES + kernel.symbol)


@cache
def _precompiled(isa: str, cflags: str) -> Path:
    """The header of the ISA, parsed once for all kernels of a process."""
    header = Path(_FOLDER.name) / f"{isa}.h"
    header.write_text(header_text(isa, read_isa(isa)), encoding="utf-8")
    _gcc(header, Path(f"{header}.gch"), f"{FLAGS} {cflags} -x c-header")
    return header


def _gcc(source: Path, output: Path, flags: str) -> None:
    command = ["gcc", *flags.split(), "-o", str(output), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]


@cache
def _permit_tiles() -> None:
    """Ask Linux for the registers of AMX, which a process has only if it wants them."""
    arch_prctl, request, tiles = 158, 0x1023, 18
    ctypes.CDLL(None).syscall(arch_prctl, request, tiles)
