"""What may be said on the command line of this repository's build: ``target=``, ``model=`` and the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mgecc.targets import TargetError, load_target, nearest, target_names, toolchain_names


@dataclass(frozen=True)
class Variable:
    """One variable: its name, the values it takes and what it is for."""

    name: str
    values: str
    text: str


VARIABLES = (
    Variable("target", "NAME[+FEATURE...][,NAME...] | all", "machines to build for"),
    Variable("model", "NAME[,NAME...] | all", "models to build"),
    Variable("cpu", "NAME", "processor of the target, where it has a list"),
    Variable("toolchain", " | ".join(toolchain_names()), "compiler of the C files (default: zig)"),
    Variable("optimize", "speed | size | memory", "goal; overrules model.yaml"),
    Variable("input", "FILE", "picture or .npz for the alias run"),
    Variable("args", "'...'", "arguments for pytest, for the alias test"),
    Variable("verbose", "1", "show whole commands"),
)
GOALS = ("speed", "size", "memory")


@dataclass(frozen=True)
class Settings:
    """The command line, checked. ``targets`` and ``models`` are what to build, in the order given."""

    targets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    cpu: str = ""
    toolchain: str = "zig"
    optimize: str = ""
    input: str = ""
    args: str = ""
    verbose: bool = False


def read_settings(arguments: Mapping[str, str], models: Iterable[str]) -> Settings:
    """Check ``arguments`` (SCons' ARGUMENTS) against what there is; ``models`` are the names of all models.

    Raises TargetError, which suggests the nearest name, for everything unknown.
    """
    known = [variable.name for variable in VARIABLES]
    for name in arguments:
        if name not in known:
            raise nearest(name, known, "variable")
    given = {name: value for name, value in arguments.items() if value}
    _check_choice(given, "toolchain", toolchain_names())
    _check_choice(given, "optimize", list(GOALS))
    targets = _names(given.get("target", ""), target_names())
    cpu = given.get("cpu", "")
    rest = {key: given[key] for key in ("toolchain", "optimize", "input", "args") if key in given}
    return Settings(
        targets=tuple(dict.fromkeys(load_target(name, cpu).name for name in targets)),
        models=_models(given.get("model", ""), sorted(models)),
        cpu=cpu,
        verbose=given.get("verbose", "0").lower() not in ("0", "no", "false"),
        **rest,
    )


def _check_choice(given: Mapping[str, str], name: str, choices: list[str]) -> None:
    if name in given and given[name] not in choices:
        raise nearest(given[name], choices, name)


def _names(text: str, everything: list[str]) -> tuple[str, ...]:
    if text == "all":
        return tuple(everything)
    return tuple(dict.fromkeys(name for name in text.split(",") if name))


def _models(text: str, known: list[str]) -> tuple[str, ...]:
    names = _names(text, known)
    for name in names:
        if name not in known:
            raise (
                nearest(name, known, "model")
                if known
                else TargetError(f"unknown model {name!r}; there is none")
            )
    return names
