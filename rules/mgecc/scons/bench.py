"""``scons bench``: which script measures, and which words of the command line it takes."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from mgecc.scons.variables import VARIABLES, Settings
from mgecc.targets import TargetError


@dataclass(frozen=True)
class Bench:
    """A script below the folder of benchmarks, the name of its result, and the words that it takes."""

    script: str
    result: str
    words: tuple[str, ...]


BENCHES = {
    "figures": Bench("bench.py", "bench.json", ("model", "target")),
    "peers": Bench("peers/compare.py", "peers.json", ("model", "cpu")),
}
# What is not about what is measured, but about the build or other aliases.
_ALWAYS = ("bench", "args", "verbose", "explain", "cache", "cache_mode", "python", "input", "package")


def check_words(given: Iterable[str], settings: Settings) -> None:
    """TargetError for a command-line argument that would be ignored."""
    name = settings.bench or "figures"
    taken = (*_ALWAYS, *BENCHES[name].words)
    for word in sorted(set(given) & {variable.name for variable in VARIABLES} - set(taken)):
        said = "bench" if name == "figures" else f"bench={name}"
        words = " and ".join(f"{each}=" for each in BENCHES[name].words)
        raise TargetError(f"{said} takes no {word}=; it takes {words}, and more by args='...'")


def arguments(folder: str, build: str, settings: Settings) -> list[str]:
    """The command, for Python: of the models and targets that were named, or of all that the script knows."""
    bench = BENCHES[settings.bench or "figures"]
    words = [f"{folder}/{bench.script}", *settings.models, "--json", f"{build}/{bench.result}"]
    if settings.targets and "target" in bench.words:
        words += ["--targets", ",".join(settings.targets)]
    if settings.cpu and "cpu" in bench.words:
        words += ["--cpu", settings.cpu]
    return [*words, *shlex.split(settings.args)]
