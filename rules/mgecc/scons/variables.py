"""What may be said on the command line of this repository's build: ``target=``, ``model=`` and the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mgecc.package.backend import backend_names
from mgecc.targets import TargetError, load_target, nearest, target_names, toolchain_names
from mgecc.toolrun.cache import MODES


@dataclass(frozen=True)
class Variable:
    """One variable: its name, the values it takes and what it is for."""

    name: str
    values: str
    text: str


BENCHES = ("figures", "peers")
VARIABLES = (
    Variable("target", "NAME[+FEATURE...][,NAME...] | FILE.yaml | all", "machines to build for"),
    Variable("model", "NAME[,NAME...] | all", "models to build"),
    Variable(
        "config",
        "FILE",
        "build this model.yaml, .mge, .onnx, .tflite or MegCC configuration instead of models",
    ),
    Variable("cpu", "NAME", "processor of the target, where it has a list"),
    Variable("toolchain", " | ".join(toolchain_names()), "compiler of the C files (default: zig)"),
    Variable("optimize", "speed | size | memory", "goal; overrules model.yaml"),
    Variable("threads", "1..16", "parts of calls, for applications with threads; overrules model.yaml"),
    Variable(
        "flash",
        "BYTES, such as 512K or 1.5M",
        "most for weights and code, more is an error; overrules model.yaml",
    ),
    Variable("ram", "BYTES", "most for the arena, more is an error; overrules model.yaml"),
    Variable(
        "input",
        "FILE or FOLDER",
        "picture, .npz, .npy, .wav, .bin or a folder: for run, profile, verify layers=1",
    ),
    Variable("layers", "1", "let the alias verify compare layer by layer and name the first that diverges"),
    Variable(
        "reference",
        "onnx | litert | megengine",
        "let the alias verify compare with what this engine gives, layer by layer with layers=1",
    ),
    Variable(
        "package",
        f"{' | '.join(backend_names())}, several by comma",
        "also write build/package/, for another build system",
    ),
    Variable("builder", "URI", "who runs the build, for the provenance of the alias release"),
    Variable(
        "python", "VERSION or PROGRAM, several by comma, or all", "further Pythons for the alias reproduce"
    ),
    Variable("args", "'...'", "arguments for the aliases test (pytest) and bench"),
    Variable("bench", " | ".join(BENCHES), "what the alias bench measures; without the alias, do that"),
    Variable("verbose", "1", "show whole commands"),
    Variable("explain", "1", "say why each step runs"),
    Variable("cache", "FOLDER | http://HOST/...", "results of earlier steps (default: build/.cache)"),
    Variable("cache_mode", " | ".join(MODES), "write to the cache, only read it, or do without"),
    Variable("launcher", "'PROGRAM ...'", "stands before every command that compiles C"),
    Variable("ccache", "1", "compile C through ccache"),
    Variable("distcc", "'HOST ...'", "compile C on these machines through distcc"),
)
_TEXTS = (
    "config",
    "toolchain",
    "optimize",
    "threads",
    "flash",
    "ram",
    "input",
    "reference",
    "args",
    "bench",
    "cache",
    "cache_mode",
    "launcher",
    "distcc",
)
_SWITCHES = ("layers", "verbose", "explain", "ccache")
_OFF = ("0", "no", "off", "false")
GOALS = ("speed", "size", "memory")


@dataclass(frozen=True)
class Settings:
    """The command line, checked. ``targets`` and ``models`` are what to build, in the order given."""

    targets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    config: str = ""
    cpu: str = ""
    toolchain: str = "zig"
    optimize: str = ""
    threads: str = ""
    flash: str = ""
    ram: str = ""
    input: str = ""
    reference: str = ""
    args: str = ""
    bench: str = ""
    layers: bool = False
    verbose: bool = False
    explain: bool = False
    cache: str = ""
    cache_mode: str = "rw"
    launcher: str = ""
    ccache: bool = False
    distcc: str = ""


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
    _check_choice(given, "bench", list(BENCHES))
    _check_choice(given, "cache_mode", list(MODES))
    targets = _names(given.get("target", ""), target_names())
    cpu = given.get("cpu", "")
    plain: dict[str, Any] = {key: given[key] for key in _TEXTS if key in given}
    switches: dict[str, Any] = {key: given.get(key, "0").lower() not in _OFF for key in _SWITCHES}
    return Settings(
        targets=tuple(dict.fromkeys(load_target(name, cpu).spec for name in targets)),
        models=_models(given.get("model", ""), sorted(models)),
        cpu=cpu,
        **plain,
        **switches,
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
