"""What a model or a firmware brings into a package: its files, its licences, and what they were made from."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mgecc.compiler import members
from mgecc.targets import Target, load_target, load_toolchain
from mgecc.toolrun.sources import include_folder


@dataclass(frozen=True)
class Part:
    """One model or firmware of a package.

    ``files``: path in the package -> file. ``notices``: likewise, the texts of licences. ``materials``: name -> file
    it was made from. ``facts``: what was asked for: target, cpu, toolchain, optimize, flags.
    """

    name: str
    label: str
    files: dict[str, Path]
    notices: dict[str, Path] = field(default_factory=dict)
    materials: dict[str, Path] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    description: str = ""

    @property
    def is_model(self) -> bool:
        return any(path.startswith("lib/") for path in self.files)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def own_licence() -> Path | None:
    """The licence of mgecc's runtime and kernels: in a checkout, or beside the installed package."""
    found = Path(__file__).resolve().parents[3] / "LICENSE"
    if found.is_file():
        return found
    try:
        files = importlib.metadata.files("mgecc") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.name == "LICENSE"), None)


def model_part(
    config: Path, name: str, folder: Path, target: str, cpu: str = "", how: Sequence[str] = ("zig", "speed")
) -> Part:
    """The part of a model whose products lie in ``folder``. ``how``: toolchain and goal of optimisation."""
    described = _described(config)
    machine = load_target(target, cpu)
    label = machine.name + (f"-{cpu}" if cpu else "")
    toolchains = {member: load_toolchain(how[0], single) for member, single in _machines(machine).items()}
    flags = {member: toolchain.flags_for(how[1]) for member, toolchain in toolchains.items()}
    identity = next(toolchain.identity for toolchain in toolchains.values())
    facts = {"target": machine.name, "cpu": cpu, "toolchain": identity, "optimize": how[1], "flags": flags}
    return Part(
        name=name,
        label=label,
        files=_model_files(name, folder),
        notices=_notices(config.parent, name),
        materials=_materials(config, described, machine.path),
        facts=facts,
        licence=_text(described, "licence"),
        description=_text(described, "description"),
    )


def joined_part(name: str, parts: Sequence[Part], folder: Path) -> Part:
    """One part of the models of one library called ``name``, whose products lie in ``folder``."""
    files = _libraries(name, folder) | _image_headers(name, folder)
    notices: dict[str, Path] = {}
    for part in parts:
        files, notices = files | part.files, notices | part.notices
    return Part(
        name=name,
        label=parts[0].label,
        files=files,
        notices=notices,
        materials={f"{part.name}/{key}": path for part in parts for key, path in part.materials.items()},
        facts=parts[0].facts,
        licence=", ".join(dict.fromkeys(part.licence for part in parts if part.licence)),
        description=f"Models {', '.join(part.name for part in parts)}",
    )


def _machines(target: Target) -> dict[str, Target]:
    return {member: load_target(member) if target.members else target for member in members(target)}


def _libraries(name: str, folder: Path) -> dict[str, Path]:
    return {
        f"lib/{path.relative_to(folder).as_posix()}": path
        for suffix in ("a", "so")
        for path in [*folder.glob(f"lib{name}.{suffix}"), *folder.glob(f"*/lib{name}.{suffix}")]
    }


def _model_files(name: str, folder: Path) -> dict[str, Path]:
    own = [folder / f"{name}.h", include_folder() / "mgecc.h"]
    headers = {f"include/{path.name}": path for path in own}
    data = {f"share/{name}/{path.name}": path for path in [folder / f"{name}.blob", folder / "report.json"]}
    return _libraries(name, folder) | headers | _image_headers(name, folder) | data


def _image_headers(name: str, folder: Path) -> dict[str, Path]:
    """Headers of image functions, where a library has some."""
    images = folder / f"{name}_cv.h"
    headers = [images, include_folder() / "mgecc_cv.h"] if images.is_file() else []
    return {f"include/{path.name}": path for path in headers}


def _notices(folder: Path, name: str) -> dict[str, Path]:
    texts = {
        f"licences/{name}/{path.name}": path for path in sorted(folder.glob("LICENSE*")) if path.is_file()
    }
    own = own_licence()
    return texts | ({"licences/mgecc/LICENSE": own} if own else {})


def _materials(config: Path, described: dict[str, Any], target_file: str) -> dict[str, Path]:
    found = {config.name: config}
    model = _text(described, "model")
    if model:
        found[Path(model).name] = config.parent / model
    if target_file:
        found[Path(target_file).name] = Path(target_file)
    return found


def _described(config: Path) -> dict[str, Any]:
    if config.suffix not in (".yaml", ".yml"):
        return {}
    try:
        value = yaml.safe_load(config.read_bytes())
    except (OSError, ValueError, yaml.YAMLError):
        return {}  # what is wrong with it, the compiler says
    return value if isinstance(value, dict) else {}


def _text(described: dict[str, Any], key: str) -> str:
    value = described.get(key)
    return value if isinstance(value, str) else ""
