"""Packages that other build systems take: a folder of ``backends/`` each, found by name.

``backend.yaml`` says where files go and what the templates beside it become: ``library`` or, of packages that are
compiled by who uses them, ``source`` and ``blob``; ``header``. ``{name}``, ``{file}``, ``{cpu}`` and ``{version}``
stand for what they say. ``serves``: what must hold of the target, and ``why``. ``zip``: also all of it as one archive
of that name.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mgecc import __version__
from mgecc.package.components import Component
from mgecc.package.source_tree import all_paths, source_flags, too_large
from mgecc.targets import Target, TargetError, load_target, nearest
from mgecc.toolrun.stack_header import stack_header_name

_BACKENDS = Path(__file__).parent / "backends"
# Folders of a component -> what backend.yaml calls files of them.
_KINDS = {"lib": "library", "include": "header", "src": "source", "blob": "blob"}
_NONE: Mapping[str, Path] = {}


def backend_names() -> list[str]:
    return sorted(path.parent.name for path in _BACKENDS.glob("*/backend.yaml"))


@cache
def _form(name: str) -> dict[str, Any]:
    if name not in backend_names():
        raise nearest(name, backend_names(), "package")
    stated: dict[str, Any] = yaml.safe_load((_BACKENDS / name / "backend.yaml").read_text(encoding="utf-8"))
    return stated


def takes_sources(form: str) -> bool:
    """Whether packages of this form hold C files in the place of libraries. Raises TargetError."""
    return "source" in _form(form)


def backend_files(
    form: str, name: str, target: str, cpu: str = "", tree: Mapping[str, Path] = _NONE, version: str = ""
) -> list[str]:
    """Paths of all files of a package, in order, without the licences. Raises TargetError.

    ``tree``: the sources, of a form that takes them. ``version``: that of the model.
    """
    machine = _single(form, target, cpu)
    rules, words = _form(form), _words(name, version, target, cpu)
    inside = all_paths(tree) if takes_sources(form) else _library_paths(name, machine)
    paths = [place for path in inside if (place := _place(rules, path, words))]
    paths += [path.format(**words) for path in rules["templates"].values()]
    return [*paths, *([rules["zip"].format(**words)] if "zip" in rules else [])]


def _three(version: str) -> str:
    """A version with three numbers, which all ecosystems take."""
    return ".".join([*version.split("."), "0", "0"][:3])


def _single(form: str, target: str, cpu: str) -> Target:
    """The machine of a target, if packages of this form can be for it. Raises TargetError."""
    machine, rules = load_target(target, cpu), _form(form)
    if machine.members:
        raise TargetError(
            f"package={form}: {machine.name} combines several machines; package each for itself"
        )
    for key, served in rules.get("serves", {}).items():
        if getattr(machine, key) not in served:
            raise TargetError(f"package={form} is not for {_named(machine)}: {rules['why']}")
    return machine


def _named(machine: Target) -> str:
    return machine.name + (f" with cpu={machine.cpu}" if machine.cpu else "")


def _library_paths(name: str, machine: Target) -> list[str]:
    libraries = [f"lib{name}.a", *([f"lib{name}.so"] if machine.system == "linux" else [])]
    headers = [f"{name}.h", "mgecc.h", "mgecc.hpp", *filter(None, [stack_header_name(name, machine)])]
    return [*(f"lib/{file}" for file in libraries), *(f"include/{file}" for file in headers)]


def _words(name: str, version: str, target: str, cpu: str) -> dict[str, str]:
    return {"name": name, "version": _three(version or __version__), "cpu": processor(target, cpu)}


def _place(rules: Mapping[str, Any], path: str, words: Mapping[str, str]) -> str:
    """Where a file of a component goes; empty if the form has no place for it."""
    folder, _, file = path.partition("/")
    kind = _KINDS.get(folder, "")
    return str(rules[kind]).format(file=file, **words) if kind in rules else ""


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
    """All files of a package, with the licences, by path. Raises TargetError."""
    machine = _single(form, target, cpu)
    rules, words = _form(form), _words(component.name, component.version, target, cpu)
    contents = {path: source.read_bytes() for path, source in component.files.items()} | component.texts
    files = {place: data for path, data in contents.items() if (place := _place(rules, path, words))}
    context = _context(component, words, sorted(files)) | {"fpu": _floating_point(target, cpu)}
    context["pointer"] = 8 if machine.triple.partition("-")[0].endswith("64") else 4
    context |= _source_context(component, machine) if takes_sources(form) else {}
    for template, path in rules["templates"].items():
        files[path.format(**words)] = _fill(form, template, context)
    files |= {path: source.read_bytes() for path, source in component.notices.items()}
    return files | ({rules["zip"].format(**words): _zip_bytes(files)} if "zip" in rules else {})


def _context(component: Component, words: Mapping[str, str], files: Sequence[str]) -> dict[str, Any]:
    """What all templates may use. ``files``: paths in the package."""
    shared = f"lib{component.name}.so"
    return {
        **words,
        "label": component.label,
        "archive": f"lib{component.name}.a",
        "shared": shared if f"lib/{shared}" in component.files else "",
        "headers": sorted(Path(path).name for path in component.files if path.startswith("include/")),
        "core": words["cpu"].replace("cortex-m", "Cortex-M"),
        "description": " ".join((component.description or f"Model {component.name}").split()),
        "licence": component.licence,
        "vendor": component.vendor or "mgecc",
        "generator": f"mgecc {__version__}",
        "files": files,
    }


def _source_context(component: Component, target: Target) -> dict[str, Any]:
    """What templates of forms with sources may use. ``assembled``: the blob is too large for a C array."""
    from mgecc.emit import model_prefix  # loads NumPy, which null builds do without

    names = [
        Path(path).stem for path in component.files if path.startswith("blob/") and path.endswith(".blob")
    ]
    headers = {name: component.files[f"include/{name}.h"].read_text(encoding="utf-8") for name in names}
    return {
        "mve": target.facts.int8.mve,
        "models": [
            {
                "name": name,
                "prefix": model_prefix(name),
                "type": _type_of_models(text),
            }
            for name, text in headers.items()
        ],
        "flags": source_flags(target, component.facts["optimize"]),
        "assembled": too_large(component.files),
    }


def _type_of_models(header: str) -> str:
    """The type of open models, as a generated header has it."""
    kinds = ("mgecc_dynamic", "mgecc_bound")
    return next((kind for kind in kinds if f"{kind} *" in header), "mgecc_model")


def _fill(form: str, template: str, context: Mapping[str, Any]) -> bytes:
    from mgecc.kernels.render import templates  # loads Jinja, which null builds do without

    place = template if "/" in template else f"{form}/{template}"  # some share the template of another form
    return templates(_BACKENDS).get_template(place).render(**context).encode()


def _zip_bytes(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # of 1 January 1980, the first day there is in a .zip
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
