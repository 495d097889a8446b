"""Debian's Bazel, without a network: stand-ins for the rule sets and tools that it would fetch."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

# Rule sets, and what they define.
RULES = {
    "rules_cc": "cc_binary cc_import cc_library cc_test cc_toolchain cc_toolchain_suite cc_proto_library "
    "fdo_prefetch_hints fdo_profile objc_import objc_library",
    "rules_java": "java_binary java_import java_library java_package_configuration java_plugin java_runtime "
    "java_test java_toolchain java_proto_library java_lite_proto_library",
    "rules_proto": "proto_library proto_lang_toolchain",
}
FIND_TOOLCHAIN = """load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
find_cc_toolchain = find_cpp_toolchain
"""
COVERAGE = 'filegroup(name = "coverage_report_generator", visibility = ["//visibility:public"])\n'


def needs_bazel() -> None:
    found = shutil.which("bazel")
    said = (
        subprocess.run(["bazel", "--version"], capture_output=True, text=True, check=False).stdout
        if found
        else ""
    )
    if said != "bazel no_version\n":
        pytest.skip("Debian's Bazel is not installed: apt-get install bazel-bootstrap")


def stand_ins(folder: Path) -> list[str]:
    """Options that put stand-ins in the place of what is fetched. (Debian's rules_cc is of a later Bazel.)"""
    for repository, names in RULES.items():
        place = folder / repository / repository.removeprefix("rules_")
        place.mkdir(parents=True)
        (place.parent / "WORKSPACE").touch()
        (place / "BUILD").touch()
        (place / "defs.bzl").write_text("".join(f"{name} = native.{name}\n" for name in names.split()))
    (folder / "rules_cc" / "cc" / "find_cc_toolchain.bzl").write_text(FIND_TOOLCHAIN)
    coverage = folder / "remote_coverage_tools"
    coverage.mkdir()
    (coverage / "WORKSPACE").touch()
    (coverage / "BUILD").write_text(COVERAGE)
    return [f"--override_repository={name}={folder / name}" for name in [*RULES, coverage.name]]


@dataclass(frozen=True)
class Bazel:
    """A server of its own for a workspace. ``scratch``: where all that it makes lies."""

    workspace: Path
    scratch: Path
    options: tuple[str, ...]

    def __call__(self, command: str, *words: str, status: int = 0) -> str:
        """What it said, when it ended with this status."""
        start = ["bazel", "--max_idle_secs=60", f"--output_user_root={self.scratch / 'root'}", command]
        done = subprocess.run(
            [*start, *self.options, *words],
            cwd=self.workspace,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def stop(self) -> None:
        subprocess.run(
            ["bazel", f"--output_user_root={self.scratch / 'root'}", "shutdown"],
            cwd=self.workspace,
            check=True,
        )


def open_workspace(workspace: Path, scratch: Path, *options: str) -> Bazel:
    shared = ("--nosandbox_debug", "--noshow_progress", "--spawn_strategy=sandboxed,local")
    return Bazel(workspace, scratch, (*stand_ins(scratch / "stand-ins"), *shared, *options))
