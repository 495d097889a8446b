"""What a model or a firmware brings into a package: its files, its licences, and what they were made from."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mgecc.names import members
from mgecc.targets import Target, load_target, load_toolchain
from mgecc.toolrun.sources import include_folder, runtime_files

if TYPE_CHECKING:
    from mgecc.config import LibraryConfig, ModelConfig

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Component:
    """One model, firmware or library of image functions of a package.

    ``files``: path in the package -> file. ``texts``: path in the package -> what is written for it. ``notices``: as
    ``files``, the texts of licences. ``materials``: name -> file it was made from. ``templates``: likewise, of the
    compiler's files those that were used. ``tools``: toolchain -> program. ``facts``: what was asked for: target, cpu,
    toolchain, optimize, flags. ``version``, ``vendor``: of the model, empty if it has none. ``kind``: "model",
    "firmware" or "images". ``models``: the model files among the materials.
    """

    name: str
    label: str
    files: dict[str, Path]
    notices: dict[str, Path] = field(default_factory=dict)
    materials: dict[str, Path] = field(default_factory=dict)
    templates: dict[str, Path] = field(default_factory=dict)
    tools: dict[str, Path] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    description: str = ""
    version: str = ""
    vendor: str = ""
    kind: str = "model"
    texts: dict[str, bytes] = field(default_factory=dict)
    models: tuple[Path, ...] = ()


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def digest(data: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()


def json_bytes(document: Any) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


tool_sha256 = cache(sha256)  # compilers are large, and several components name the same one


def material_name(path: Path, folder: Path) -> str:
    """What a file is called that a model in ``folder`` was made from: its place there, else its name alone."""
    path, folder = Path(os.path.abspath(path)), Path(os.path.abspath(folder))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


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
    # A checkout that was installed from says that it has files which are elsewhere.
    places = (Path(str(file.locate())) for file in files if file.name == "LICENSE")
    return next((place for place in places if place.is_file()), None)


def model_component(
    config: Path, name: str, folder: Path, target: str, cpu: str = "", how: Sequence[str] = ("zig", "speed")
) -> Component:
    """The component of a model whose products lie in ``folder``. ``how``: toolchain and goal of optimisation."""
    described = _described(config)
    machine = load_target(target, cpu)
    return Component(
        name=name,
        label=_label(machine),
        files=_model_files(name, folder),
        notices=notices((config.parent / _text(described, "model")).parent, name)
        | notices(config.parent, name),
        materials=_materials(config, described, machine.path),
        templates=_templates(folder),
        tools=_tools(machine, how[0]),
        facts=_facts(machine, how),
        licence=_text(described, "licence"),
        description=_text(described, "description"),
        version=_text(described, "version"),
        vendor=_text(described, "vendor"),
        models=_model_file(config, described),
    )


def images_component(
    functions: Mapping[str, Sequence[str]], name: str, folder: Path, target: str, cpu: str, how: Sequence[str]
) -> Component:
    """The component of image functions, by name with their element types, whose products lie in ``folder``."""
    machine = load_target(target, cpu)
    own = own_licence()
    return Component(
        name=name,
        label=_label(machine),
        files=_libraries(f"{name}_cv", folder) | _image_headers(name, folder),
        notices={"licences/mgecc/LICENSE": own} if own else {},
        materials={Path(machine.path).name: Path(machine.path)} if machine.path else {},
        templates=_templates(folder),
        tools=_tools(machine, how[0]),
        facts=_facts(machine, how) | {"functions": functions},
        description=f"Image functions {', '.join(functions)}",
        kind="images",
    )


def _label(machine: Target) -> str:
    return machine.name + (f"-{machine.cpu}" if machine.cpu else "")


def _facts(machine: Target, how: Sequence[str]) -> dict[str, Any]:
    toolchains = {member: load_toolchain(how[0], single) for member, single in _machines(machine).items()}
    return {
        "target": machine.name,
        "cpu": machine.cpu,
        "toolchain": next(iter(toolchains.values())).identity,
        "optimize": how[1],
        "flags": {member: toolchain.flags_for(how[1]) for member, toolchain in toolchains.items()},
    }


def _tools(machine: Target, name: str) -> dict[str, Path]:
    toolchains = [load_toolchain(name, single) for single in _machines(machine).values()]
    return {toolchain.identity: Path(toolchain.cc[0]) for toolchain in toolchains}


def _templates(folder: Path) -> dict[str, Path]:
    """The runtime, and what the build has noted of the compiler's templates, headers and target files."""
    runtime = [*runtime_files(), *include_folder().glob("*.h")]
    found = {f"runtime/{path.parent.name}/{path.name}": path for path in runtime}
    try:
        names = json.loads((folder / "obj" / "uses.json").read_bytes())["files"]
    except (OSError, ValueError, TypeError, KeyError):
        return found
    return found | {name: _PACKAGE / name for name in names if (_PACKAGE / name).is_file()}


def plain_component(config: ModelConfig | LibraryConfig, target: str, cpu: str = "") -> Component:
    """The component of a library of which no file is there yet; it asks for no toolchain."""
    places = [(model.name, place) for model in config.models for place in (model.model, model.path)]
    alone = config.models[0] if len(config.models) == 1 else None
    return Component(
        name=config.name,
        label=_label(load_target(target, cpu)),
        files={},
        notices={key: path for name, place in places for key, path in notices(place.parent, name).items()},
        facts={"optimize": config.optimize},
        version=shared(model.version for model in config.models),
        vendor=shared(model.vendor for model in config.models),
        licence=alone.licence if alone else "",
        description=alone.description
        if alone
        else f"Models {', '.join(model.name for model in config.models)}",
    )


def joined_component(name: str, components: Sequence[Component], folder: Path) -> Component:
    """One component of the models of one library called ``name``, whose products lie in ``folder``."""
    files = _libraries(name, folder) | _image_headers(name, folder)
    notices: dict[str, Path] = {}
    for component in components:
        files, notices = files | component.files, notices | component.notices
    return Component(
        name=name,
        label=components[0].label,
        files=files,
        notices=notices,
        materials={
            f"{component.name}/{key}": path
            for component in components
            for key, path in component.materials.items()
        },
        templates={key: path for component in components for key, path in component.templates.items()},
        tools={key: path for component in components for key, path in component.tools.items()},
        facts=components[0].facts,
        licence=", ".join(dict.fromkeys(component.licence for component in components if component.licence)),
        description=f"Models {', '.join(component.name for component in components)}",
        models=tuple(path for component in components for path in component.models),
        version=shared(component.version for component in components),
        vendor=shared(component.vendor for component in components),
    )


def shared(texts: Iterable[str]) -> str:
    """What several components say alike, else nothing."""
    found = set(texts)
    return found.pop() if len(found) == 1 else ""


def _machines(target: Target) -> dict[str, Target]:
    return {member: load_target(member) if target.members else target for member in members(target)}


def _libraries(name: str, folder: Path) -> dict[str, Path]:
    return {
        f"lib/{path.relative_to(folder).as_posix()}": path
        for suffix in ("a", "so")
        for path in [*folder.glob(f"lib{name}.{suffix}"), *folder.glob(f"*/lib{name}.{suffix}")]
    }


def _model_files(name: str, folder: Path) -> dict[str, Path]:
    own = [folder / f"{name}.h", folder / "mgecc.h", folder / "mgecc.hpp"]
    headers = {f"include/{path.name}": path for path in own}
    data = {f"share/{name}/{path.name}": path for path in [folder / f"{name}.blob", folder / "report.json"]}
    stack = folder / f"{name}_stack.h"
    headers |= {f"include/{stack.name}": stack} if stack.is_file() else {}
    return _libraries(name, folder) | headers | _image_headers(name, folder) | data


def _image_headers(name: str, folder: Path) -> dict[str, Path]:
    """Headers of image functions, where a library has some."""
    images = folder / f"{name}_cv.h"
    headers = [images, folder / "mgecc.h", folder / "mgecc_cv.h"] if images.is_file() else []
    return {f"include/{path.name}": path for path in headers}


def notices(folder: Path, name: str) -> dict[str, Path]:
    """Licences in the folder of a model called ``name``, and mgecc's own."""
    texts = {
        f"licences/{name}/{path.name}": path for path in sorted(folder.glob("LICENSE*")) if path.is_file()
    }
    own = own_licence()
    return texts | ({"licences/mgecc/LICENSE": own} if own else {})


def _materials(config: Path, described: dict[str, Any], target_file: str) -> dict[str, Path]:
    found = {config.name: config}
    for path in _model_file(config, described):
        found[material_name(path, config.parent)] = path
    if target_file:
        found[Path(target_file).name] = Path(target_file)
    return found


def _model_file(config: Path, described: dict[str, Any]) -> tuple[Path, ...]:
    """The model that a configuration names; a configuration that is none is the model itself."""
    model = _text(described, "model")
    if model:
        return (config.parent / model,)
    return () if config.suffix in (".yaml", ".yml", ".json") else (config,)


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
