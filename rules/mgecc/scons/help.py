"""The text of ``scons --help``."""

from __future__ import annotations

from collections.abc import Iterable

from mgecc.scons.variables import VARIABLES
from mgecc.targets import board_names, core_names, target_names, target_options

ALIASES = {
    "build": "the libraries; what is built when no alias is given",
    "verify": "build, run the recorded inputs on the target, compare with the recorded outputs",
    "verify-outputs": "whether the products are as the build left them",
    "compiledb": "build/compile_commands.json for editors and analysers",
    "report": "build, then report.html beside report.json: sizes, memory and graph as pictures, every layer",
    "report-diff": "scons report-diff OLD NEW: what grew between the products in two folders, by layer and kernel",
    "run": "build, run input= (or the recorded inputs) on the target, print the best labels and the time",
    "profile": "build, measure every layer on the target: profile.json for Perfetto beside the library, report.html",
    "release": "build/release/MODEL-TARGET.tar: products, licences, checksums, bill of materials, provenance",
    "verify-release": "scons verify-release FILE.tar: whether all that an archive of release says of itself is so",
    "reproduce": "build twice under conditions that must not matter and compare every byte (python= for more)",
    "package": "what package= asks for",
    "bench": "instructions, sizes, memory of all or of model= on target=: a table and build/bench.json (args='--check' "
    "compares); times: bench=peers with model= and cpu=",
    "test": "the tests of this repository (args='-k word' goes to pytest)",
}


def help_text(models: Iterable[str]) -> str:
    lines = [
        "usage: scons target=arm64 model=mobilenet [variable=value ...] [alias ...] [-j N]",
        "",
        "variables:",
    ]
    lines += [f"  {v.name + '=':<11} {v.text}: {v.values}" for v in VARIABLES]
    lines += ["", "targets:"]
    lines += [_target_line(name) for name in target_names()]
    lines += ["", "cores, which are targets, too:", *map(_target_line, core_names())]
    lines += ["", "boards, which are targets, too:", *(f"  {name}" for name in board_names())]
    lines += ["", "models:", *(f"  {name}" for name in sorted(models))]
    lines += ["", "aliases:", *(f"  {name:<14} {text}" for name, text in ALIASES.items())]
    lines += ["", "Products are in build/<target>/<model>/; -c removes what would be built.", ""]
    return "\n".join(lines)


def _target_line(name: str) -> str:
    features, cpus = target_options(name)
    words = [f"+{feature}" for feature in features]
    if cpus:
        words.append(f"cpu={'|'.join(cpus)}")
    return f"  {name:<13} {' '.join(words)}".rstrip()
