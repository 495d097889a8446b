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


def _machines(target: Target) -> dict[str, Target]:
    return {member: load_target(member) if target.members else target for member in members(target)}


def _model_files(name: str, folder: Path) -> dict[str, Path]:
    libraries = {
        f"lib/{path.relative_to(folder).as_posix()}": path
        for suffix in ("a", "so")
        for path in [*folder.glob(f"lib{name}.{suffix}"), *folder.glob(f"*/lib{name}.{suffix}")]
    }
    headers = {f"include/{path.name}": path for path in _headers(name, folder)}
    data = {f"share/{name}/{path.name}": path for path in [folder / f"{name}.blob", folder / "report.json"]}
    return libraries | headers | data


def _headers(name: str, folder: Path) -> list[Path]:
    """The model's header and the runtime's; and those of image functions where it has some."""
    images = folder / f"{name}_cv.h"
    own = [folder / f"{name}.h", include_folder() / "mgecc.h"]
    return [*own, *([images, include_folder() / "mgecc_cv.h"] if images.is_file() else [])]


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
