"""Packages that other build systems take: a folder of ``backends/`` each, found by name.

``backend.yaml`` says where libraries and headers go and what the templates beside it become; ``{name}``, ``{file}``,
``{cpu}`` and ``{version}`` stand for what they say. ``zip``: also all of it as one archive of that name.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mgecc import __version__
from mgecc.package.components import Component
from mgecc.targets import TargetError, load_target, nearest

_BACKENDS = Path(__file__).parent / "backends"


def backend_names() -> list[str]:
    return sorted(path.parent.name for path in _BACKENDS.glob("*/backend.yaml"))


@cache
def _form(name: str) -> dict[str, Any]:
    if name not in backend_names():
        raise nearest(name, backend_names(), "package")
    stated: dict[str, Any] = yaml.safe_load((_BACKENDS / name / "backend.yaml").read_text(encoding="utf-8"))
    return stated


def backend_files(form: str, name: str, target: str, cpu: str = "") -> list[str]:
    """Paths of all files of a package, in order, without the licences. Raises TargetError."""
    machine = load_target(target, cpu)
    if machine.members:
        raise TargetError(
            f"package={form}: {machine.name} combines several machines; package each for itself"
        )
    libraries = [f"lib{name}.a", *([f"lib{name}.so"] if machine.system == "linux" else [])]
    rules = _form(form)
    words = {"name": name, "version": __version__, "cpu": processor(target, cpu)}
    paths = [rules["library"].format(file=file, **words) for file in libraries]
    paths += [rules["header"].format(file=file, **words) for file in (f"{name}.h", "mgecc.h")]
    paths += [path.format(**words) for path in rules["templates"].values()]
    return [*paths, *([rules["zip"].format(**words)] if "zip" in rules else [])]


def processor(target: str, cpu: str = "") -> str:
    """The processor's name as compilers know it: of -mcpu, else of the machine."""
    machine = load_target(target, cpu)
    named = [flag.removeprefix("-mcpu=") for flag in machine.cflags if flag.startswith("-mcpu=")]
    return named[-1].partition("+")[0] if named else machine.machine


def _floating_point(target: str, cpu: str) -> str:
    """What a library needs of the processor, in the words of CMSIS-Packs; empty if nothing."""
    flags = load_target(target, cpu).cflags
    units = [flag.removeprefix("-mfpu=") for flag in flags if flag.startswith("-mfpu=")]
    if not units or "-mfloat-abi=soft" in flags:
        return ""
    return "SP_FPU" if "-sp-" in units[-1] else "DP_FPU"


def package_files(form: str, component: Component, target: str, cpu: str = "") -> dict[str, bytes]:
    """All files of a package, with the licences, by path."""
    rules = _form(form)
    words = {"name": component.name, "version": __version__, "cpu": processor(target, cpu)}
    files = {
        rules["library" if path.startswith("lib/") else "header"].format(
            file=Path(path).name, **words
        ): source.read_bytes()
        for path, source in component.files.items()
        if path.startswith(("lib/", "include/"))
    }
    context = _context(component, words) | {"fpu": _floating_point(target, cpu)}
    for template, path in rules["templates"].items():
        files[path.format(**words)] = _fill(form, template, context)
    files |= {path: source.read_bytes() for path, source in component.notices.items()}
    return files | ({rules["zip"].format(**words): _zip_bytes(files)} if "zip" in rules else {})


def _context(component: Component, words: Mapping[str, str]) -> dict[str, Any]:
    names = [Path(path).name for path in component.files]
    shared = f"lib{component.name}.so"
    return {
        **words,
        "label": component.label,
        "archive": f"lib{component.name}.a",
        "shared": shared if shared in names else "",
        "headers": sorted(Path(path).name for path in component.files if path.startswith("include/")),
        "core": words["cpu"].replace("cortex-m", "Cortex-M"),
        "description": " ".join((component.description or f"Model {component.name}").split()),
    }


def _fill(form: str, template: str, context: Mapping[str, Any]) -> bytes:
    from mgecc.kernels.render import templates  # loads Jinja, which null builds do without

    return templates(_BACKENDS / form).get_template(template).render(**context).encode()


def _zip_bytes(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # of 1 January 1980, the first day there is in a .zip
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
