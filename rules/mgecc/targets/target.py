"""Reading target descriptions, with features by suffix: ``arm64+dot+fp16``."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from mgecc.errors import InputError
from mgecc.targets.host import host_flags
from mgecc.targets.isa import Isa, IsaError, own_isa, read_isa, read_yaml
from mgecc.targets.own import OwnTargetError, read_own, split_path

_FOLDER = Path(__file__).parent
# Facts that a target may have otherwise than its instruction set's record.
_OF_ISA = ("lanes", "registers", "block")


class TargetError(InputError):
    """A target, feature or CPU name that does not exist; ``str`` is one line with the nearest name."""


@dataclass(frozen=True)
class Target:
    """One machine to compile for.

    ``isa``: the instruction set that kernels are written for, a record of ``targets/isa`` and the header of that name
    in ``kernels/simd``, or a description of the target's own and a header beside it. ``facts``: what the record says,
    extensions by the target's features and flags included.
    ``cflags``: compiler flags that select the instruction set. ``toolchains``: per toolchain, triple and extra flags.
    ``emulator``: command that runs a program on the build host, empty for native. ``members``: targets whose
    kernel sets a combined target holds.
    ``cache``: bytes of the second level's cache that a tensor may count on; 0: none, or as good as none.
    ``align``: bytes, of what the arena and everything in it begins at a multiple. ``abilities``: what extensions of the
    instruction set's record may name besides features and flags, as the processor has or lacks it.
    """

    name: str
    isa: str
    facts: Isa
    cflags: tuple[str, ...]
    triple: str
    system: str  # linux | none
    machine: str  # aarch64 | arm | x86_64 | thumb
    cache: int = 0
    align: int = 64
    abilities: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    cpu: str = ""
    gcc: dict[str, Any] = field(default_factory=dict, hash=False)
    emulator: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    boards: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    emulation: str = ""  # the linker's name for the object format
    # The wheel's own names of target and CPU, for its support library.
    zig: dict[str, str] = field(default_factory=dict, hash=False)
    host_flags: tuple[str, ...] = ()  # what /proc/cpuinfo must list for this to run on the build host itself
    path: str = ""  # the file of a target of the user's own,
    base: str = ""  # and the target of this package that it is like

    @property
    def spec(self) -> str:
        """What ``load_target`` makes this target of, but for its CPU."""
        return "+".join([self.path, *self.features]) if self.path else self.name

    @property
    def own_files(self) -> list[str]:
        """Of a target of the user's own its description, and the headers of the instruction set it describes."""
        folder, isa = Path(self.facts.folder), self.facts.name
        names = {*folder.glob(f"{isa}*.h"), *folder.glob(f"*_{isa}.h")} if self.facts.folder else set()
        return [self.path, *map(str, sorted(names))] if self.path else []

    @property
    def lanes(self) -> int:
        """float32 lanes of a vector."""
        return self.facts.float32.lanes

    @property
    def registers(self) -> int:
        """Vector registers a kernel may count on."""
        return self.facts.float32.registers

    @property
    def half_lanes(self) -> int:
        """Lanes of the vectors of halves that the target computes with; 0: none."""
        return self.facts.float16.lanes if self.facts.float16 else 0

    def block_of(self, dtype: str) -> int:
        """Channels per block for values of this element type; 1 = plain NCHW."""
        return self.facts.block.get(dtype, 1)

    def has(self, feature: str) -> bool:
        return feature in self.features


@cache
def _files() -> dict[str, Path]:
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


@cache
def _aliases() -> dict[str, str]:
    return {alias: name for name in _files() for alias in _raw(name).get("aliases", {})}


@cache
def _cores() -> dict[str, str]:
    """Processors that are names of targets, too -> the target whose list they are in."""
    return {cpu: name for name in _files() if _raw(name).get("named_by_cpu") for cpu in _raw(name)["cpus"]}


@cache
def _boards() -> dict[str, Path]:
    return {path.stem: path for path in sorted((_FOLDER / "boards").glob("*.yaml"))}


@cache
def _raw(name: str) -> dict[str, Any]:
    stated: dict[str, Any] = read_yaml(_files()[name])
    return stated


def target_names() -> list[str]:
    """Names of all targets, without features, cores and boards."""
    return sorted(_files())


def core_names() -> list[str]:
    """Names of all cores, which are targets, too."""
    return sorted(_cores())


def board_names() -> list[str]:
    """Names of all boards, which are targets, too."""
    return sorted(_boards())


def _is_known(name: str) -> bool:
    return name in _files() or name in _cores() or name in _boards()


@cache
def _described(name: str) -> dict[str, Any]:
    """What is said of a known target, core or board."""
    if name in _cores():
        raw = _raw(_cores()[name])
        core: dict[str, Any] = raw["cpus"][name]
        return raw | core | {"cpus": {}, "aliases": {}, "base": _cores()[name]}
    return _own(_boards()[name]) if name in _boards() else _raw(name)


def description_files(target: Target) -> list[str]:
    """The files that a target is described in, by their paths in this folder; what is the user's own is left out."""
    name = (target.base if target.path else target.name).partition("+")[0]
    found = []
    while name in _boards():
        found.append(f"boards/{name}.yaml")
        name = str(_described(name)["base"]).partition("+")[0]
    return [*found, f"{_cores().get(name, name)}.yaml"]


def target_options(name: str) -> tuple[list[str], list[str]]:
    """Features and CPUs of a target's lists."""
    described = _described(name)
    return sorted(described.get("features", {})), sorted(described.get("cpus", {}))


def with_half_lanes(target: Target) -> str:
    """The target with the first feature that lets it compute with halves; "" if none does."""
    name = target.name.partition("+")[0]
    features = {} if target.path else _described(name).get("features", {})
    names = (f"{name}+{feature}" for feature in features)
    return next((each for each in names if load_target(each).half_lanes), "")


def nearest(word: str, known: list[str], kind: str) -> TargetError:
    """The error for a name that is not one of ``known``, with the nearest one that is."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    return TargetError(f"unknown {kind} {word!r}; {hint}known: {', '.join(known)}")


def load_target(text: str, cpu: str = "") -> Target:
    """The target called ``name[+feature...]``, by one of its aliases, or described in ``PATH.yaml[+feature...]``.

    ``cpu`` picks a CPU of the target's list, "native" the best that the build machine runs. Raises TargetError.
    """
    own = split_path(text)
    if own:
        return _load_own(own[0], sorted(set(own[1])), cpu)
    name, *wanted = text.split("+")
    if text in _aliases():
        owner = _aliases()[text]
        name, *wanted = _raw(owner)["aliases"][text].split("+")
    if not _is_known(name):
        known = [*target_names(), *core_names(), *board_names(), *sorted(_aliases())]
        raise nearest(name, known, "target")
    features = sorted(set(wanted))
    return _build(name, _described(name), features, cpu) if cpu else _packaged(name, tuple(features))


@cache
def _packaged(name: str, wanted: tuple[str, ...]) -> Target:
    """A target of the package, without a CPU, which may be that of the machine. Builds ask for it with every model."""
    return _build(name, _described(name), list(wanted), "")


def _load_own(path: str, wanted: list[str], cpu: str) -> Target:
    file = Path(path)
    if _is_known(file.stem):
        raise TargetError(f"{path}: {file.stem} is the name of a target there is; give the file another name")
    return replace(_build(file.stem, _own(file), wanted, cpu, path), path=path)


def _own(file: Path) -> dict[str, Any]:
    try:
        return read_own(file, _base, _kinds())
    except OwnTargetError as error:
        raise TargetError(str(error)) from None


@cache
def _kinds() -> dict[str, tuple[type, ...]]:
    """Key of a target's description -> the kinds that its value may be of."""
    hints = {key: get_origin(kind) or kind for key, kind in get_type_hints(Target).items()}
    kinds: dict[str, tuple[type, ...]] = {
        key: (list if kind is tuple else kind,) for key, kind in hints.items()
    }
    kinds |= {"isa": (str, dict), "lanes": (int,), "registers": (int,)}
    kinds |= dict.fromkeys(("block", "features", "cpus"), (dict,))
    never = {"name", "facts", "cpu", "path", "base", "members", "named_by_cpu"}
    return {key: kind for key, kind in kinds.items() if key not in never}


def _base(text: str) -> dict[str, Any]:
    name, *wanted = text.split("+")
    names = [*target_names(), *core_names(), *board_names()]
    if not _is_known(name) or "members" in _described(name):
        raise nearest(name, [each for each in names if "members" not in _described(each)], "base")
    raw = dict(_described(name))
    if wanted:
        _add_features(name, raw, raw.pop("features", {}), sorted(set(wanted)))
        raw["abilities"] = [*raw.get("abilities", ()), *wanted]
    return raw


def _merged(option: str, flags: list[str]) -> list[str]:
    """One -march or -mcpu with the newest architecture and all extensions; compilers heed the last one alone."""
    given = [flag.removeprefix(option).split("+") for flag in flags if flag.startswith(option)]
    if len(given) < 2:
        return flags
    extensions = sorted({extension for _, *names in given for extension in names})
    newest = max(base for base, *_ in given)
    return [option + "+".join([newest, *extensions]), *(f for f in flags if not f.startswith(option))]


def _runnable(name: str, raw: dict[str, Any], cpus: dict[str, dict[str, Any]], best: list[str]) -> str:
    """The first of these CPUs whose instructions the build machine has."""
    for each in best:
        if (host_flags() or frozenset()) >= set((raw | cpus[each])["host_flags"]):
            return each
    raise TargetError(f"this machine runs nothing for {name}; pick one of its processors: {', '.join(best)}")


def _build(name: str, described: dict[str, Any], wanted: list[str], cpu: str, path: str = "") -> Target:
    raw = dict(described)
    cpus = raw.pop("cpus", {})
    raw.pop("named_by_cpu", None)
    raw.pop("aliases", None)
    if cpu:
        if cpu not in cpus:
            raise nearest(cpu, sorted(cpus), f"cpu of {name}")
        cpu = _runnable(name, raw, cpus, cpus[cpu]["best"]) if "best" in cpus[cpu] else cpu
        raw |= cpus[cpu]
    _add_features(name, raw, raw.pop("features", {}), wanted)
    for key in ("cflags", "emulator", "members", "boards", "host_flags", "abilities"):
        raw[key] = tuple(raw.get(key, ()))
    full = "+".join([name, *wanted])
    has = [*raw["abilities"], *wanted, *raw["cflags"]]
    facts = _facts(raw, has, path or f"targets/{name}.yaml", path)
    _check_float_abi(full, raw["cflags"], facts)
    return replace(Target(name=full, cpu=cpu, facts=facts, **raw), features=tuple(wanted))


def _check_float_abi(name: str, cflags: tuple[str, ...], facts: Isa) -> None:
    """Floats pass through registers of an FPU only where there is one. Raises TargetError."""
    said = [flag for flag in cflags if flag.startswith("-mfloat-abi=")]
    if said[-1:] == ["-mfloat-abi=hard"] and not facts.core.fpu:
        raise TargetError(
            f"{name}: this core has no FPU, but cflags say -mfloat-abi=hard; say -mfloat-abi=soft, leave cflags out, "
            "or give a core with an FPU as 'base:', such as cortex-m4f"
        )


def _add_features(name: str, raw: dict[str, Any], features: dict[str, Any], wanted: list[str]) -> None:
    """Lay features over a description; flags are added to the others."""
    for feature in wanted:
        if feature not in features:
            known = sorted(features)
            raise (
                nearest(feature, known, f"feature of {name}")
                if known
                else TargetError(f"unknown feature {feature!r} of {name}, which has none")
            )
        raw |= {k: v for k, v in features[feature].items() if k != "cflags"}
        raw["cflags"] = [*raw["cflags"], *features[feature].get("cflags", [])]
    for option in ("-march=", "-mcpu="):
        raw["cflags"] = _merged(option, raw["cflags"])


def _facts(raw: dict[str, Any], has: list[str], where: str, path: str) -> Isa:
    """The record of the description's instruction set; what the description says of it itself is taken from it."""
    own = {key: raw.pop(key) for key in _OF_ISA if key in raw}
    try:
        if isinstance(raw["isa"], str):
            return read_isa(raw["isa"], has, own)
        folder = str(Path(path).parent) if path else ""
        facts = own_isa(where, raw["isa"] | own, folder, has)
    except IsaError as error:
        raise TargetError(str(error)) from None
    raw["isa"] = facts.name
    return facts
