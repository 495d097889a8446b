"""List the machines that models can be compiled for."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # there are none


def run(args: argparse.Namespace) -> int:
    from mgecc.targets import load_target, target_names, target_options

    for name in target_names():
        target = load_target(name)
        features, cpus = target_options(name)
        words = [f"+{feature}" for feature in features] + ([f"cpu: {' '.join(cpus)}"] if cpus else [])
        what = " and ".join(target.members) or target.isa
        print(f"{name:<11} {what:<16} {target.triple:<28} {' '.join(words)}".rstrip())
    return 0
