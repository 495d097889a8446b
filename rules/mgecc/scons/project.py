"""``env.MgeProject``: the entry point of a repository of models, driven by its command line."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import SCons.Script as script
from SCons.Node import executed

from mgecc.errors import DIFFERENT, FAILED, INPUT, error_lines
from mgecc.scons import bench
from mgecc.scons.actions import SignedAction, step_line
from mgecc.scons.amounts import bytes_of, threads_of
from mgecc.scons.help import ALIASES, help_text
from mgecc.scons.model import ModelNodes, peek
from mgecc.scons.outputs import OutputLedger, edited_files, edited_outputs
from mgecc.scons.product_listing import contents, named_config
from mgecc.scons.release_targets import declare_deliveries
from mgecc.scons.settings import plain_action, set_up, tell_edited, write_compiledb
from mgecc.scons.variables import Settings, read_settings
from mgecc.targets import (
    TargetError,
    ToolchainMissing,
    cross_compilers,
    load_target,
    load_toolchain,
    nearest,
    target_names,
)
from mgecc.toolrun.emulators import install_emulators
from mgecc.toolrun.outside import files_outside
from mgecc.toolrun.summary import summarize
from mgecc.toolrun.terminal import printable

BUILD = "build"
# What does nothing where neither a target nor a model is named.
_NEEDY = ("verify", "run", "profile", "report", "release", "reproduce", "package", "compiledb")
# What pytest ends with: tests failed, its arguments are wrong, there are no tests.
_PYTEST = {0: 0, 1: DIFFERENT, 4: INPUT, 5: INPUT}
_TEST_PROGRAMS = {"nginx": "nginx-light", "distccd": "distcc", "script": "bsdutils", "qemu-arm": "qemu-user"}
_TEST_PROGRAMS |= {"clang++": "clang", "ld.lld": "lld", "llvm-ar": "llvm", "ninja": "ninja-build"}
_TEST_PROGRAMS |= {"bazel": "bazel-bootstrap", "pg_ctlcluster": "postgresql"}
_TEST_PROGRAMS |= {
    name: name
    for name in ("ccache", "chromium", "clang", "cmake", "cppcheck", "g++", "make", "meson", "pkg-config")
}
# With more libraries than these, only those that were built anew are summarised.
_SUMMARIES = 8
_HOST = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def mge_project(
    env: Any, models: str = "models", tests: str = "tests", benchmarks: str = "benchmarks"
) -> list[ModelNodes]:
    """Build what the command line names out of ``models``/NAME/model.yaml, with the aliases of ``scons --help``.

    Returns the nodes of every model and target that was asked for. Ends SCons with status 2 for an unknown
    variable, target, model or alias, and with 3 for a toolchain that is not installed.
    """
    try:
        given = script.ARGUMENTS.get("config")
        configs = named_config(Path(given)) if given else find_models(Path(models))
        settings = read_settings(script.ARGUMENTS, configs)
        _check_aliases(script.COMMAND_LINE_TARGETS)
        if settings.bench or "bench" in script.COMMAND_LINE_TARGETS:
            bench.check_words(script.ARGUMENTS, settings)
        _set_up(env, settings)
    except (TargetError, ToolchainMissing, ValueError) as error:
        _stop(error)
    script.Help(help_text(configs))
    if script.GetOption("help"):
        return []
    built = _declare_models(env, _fill_in(settings, sorted(configs)), configs)
    if not built:
        _check_needy()
    _declare_aliases(env, built, settings, tests)
    _declare_bench(env, settings, benchmarks)
    try:
        declare_deliveries(env, built)
    except TargetError as error:
        _stop(error)
    return built


def _check_needy() -> None:
    asked = ["package"] if script.ARGUMENTS.get("package") else []
    for name in (*asked, *script.COMMAND_LINE_TARGETS):
        if name in _NEEDY:
            words = f"{name}=..." if asked else name
            _stop(TargetError(f"{name}: of what? For example: scons {words} target=arm64 model=mobilenet"))


def find_models(folder: Path) -> dict[str, str]:
    """Name -> model.yaml of every model folder."""
    return {path.parent.name: path.as_posix() for path in sorted(folder.glob("*/model.yaml"))}


def _stop(error: Exception) -> NoReturn:
    sys.stderr.write(printable(error_lines(error)))
    sys.stderr.flush()
    script.Exit(FAILED if isinstance(error, ToolchainMissing) else INPUT)
    raise AssertionError("SCons goes on after Exit")


def _check_aliases(names: list[str]) -> None:
    for name in names:
        if name not in ALIASES and not os.path.exists(name) and "/" not in name and "." not in name:
            raise nearest(name, list(ALIASES), "alias")


def _set_up(env: Any, settings: Settings) -> None:
    script.SetOption("num_jobs", os.cpu_count() or 1)
    set_up(env, settings, BUILD)
    env.Replace(
        MGE_BUILD_DIR=f"#{BUILD}",
        MGE_CPU=settings.cpu,
        MGE_TOOLCHAIN=settings.toolchain,
        MGE_OPTIMIZE=settings.optimize,
        MGE_THREADS=threads_of(settings.threads) or "",
        MGE_FLASH=bytes_of("flash", settings.flash) or "",
        MGE_RAM=bytes_of("ram", settings.ram) or "",
    )


def _fill_in(settings: Settings, models: list[str]) -> Settings:
    """With a target only, all models; with a model only, this machine; cleaning without a word means everything."""
    if settings.config and not settings.models:
        settings = replace(settings, models=tuple(models))
    if not settings.targets and not settings.models:
        everything = script.GetOption("clean")
        targets = tuple(target_names()) if everything and not settings.cpu else ()
        return replace(settings, targets=targets, models=tuple(models) if everything else ())
    targets = settings.targets or (_HOST.get(platform.machine(), "baremetal"),)
    return replace(settings, targets=targets, models=settings.models or tuple(models))


def _declare_models(env: Any, settings: Settings, configs: dict[str, str]) -> list[ModelNodes]:
    try:
        for target in settings.targets:
            _check_toolchain(target, settings)
    except (TargetError, ToolchainMissing) as error:
        _stop(error)
    return [
        env.MgeModel(name, config=_from_top(configs[name]), target=target)
        for target in settings.targets
        for name in settings.models
    ]


def _from_top(path: str) -> str:
    return path if os.path.isabs(path) else f"#{path}"


def _check_toolchain(name: str, settings: Settings) -> None:
    target = load_target(name, settings.cpu)
    for member in target.members or (name,):
        load_toolchain(settings.toolchain, load_target(member, "" if target.members else settings.cpu))


def _declare_aliases(env: Any, built: list[ModelNodes], settings: Settings, tests: str) -> None:
    products = [list(model) for model in built]
    env.Default(
        env.AlwaysBuild(env.Alias("build", products, _summary_action(built) if built else _usage_action()))
    )
    wanted = script.COMMAND_LINE_TARGETS
    for alias in ("verify", "run"):
        done = [
            _alias(env, f"{alias}-{m.label}-{m.name}", m, _command_action(alias, m, settings))
            for m in (_models(built) if alias in wanted else ())
        ]
        env.AlwaysBuild(env.Alias(alias, done))
    reports = [_alias(env, f"report-{m.label}-{m.name}", m, _report_action(m)) for m in _models(built)]
    env.AlwaysBuild(env.Alias("report", reports))
    profiles = [
        _alias(env, f"profile-{m.label}-{m.name}", m, _profile_action(m, settings))
        for m in (_models(built) if "profile" in wanted else ())
    ]
    env.AlwaysBuild(env.Alias("profile", profiles))
    for alias, action in {
        "report-diff": _on_paths("diff", 2, "report-diff OLD NEW, two folders with products"),
        "verify-release": _on_paths(
            "verify-release", 1, "verify-release FILE.tar, an archive of scons release"
        ),
    }.items():
        env.AlwaysBuild(env.Alias(alias, [], action))
    record, sources = env["MGE_RECORD"], [[*m.kernels, *m.headers.values()] for m in _models(built)]
    env.AlwaysBuild(env.Alias("compiledb", sources, plain_action(lambda: write_compiledb(BUILD))))
    env.AlwaysBuild(env.Alias("verify-outputs", [], plain_action(lambda: _verify_outputs(built, record))))
    env.AlwaysBuild(env.Alias("test", [], _test_action(tests, settings)))
    if not script.ARGUMENTS.get("target") and not script.ARGUMENTS.get("model"):
        env.Clean("build", env.Dir(f"#{BUILD}"))
    for model in built:
        env.Clean("build", env.Dir(model.folder))


def _models(built: list[ModelNodes]) -> list[ModelNodes]:
    """Without image functions, which nothing runs."""
    return [nodes for nodes in built if isinstance(nodes, ModelNodes)]


def _declare_bench(env: Any, settings: Settings, folder: str) -> None:
    """``scons bench``: exact figures of the committed models; with ``bench=peers``, times beside other engines."""
    words = bench.arguments(folder, BUILD, settings)
    alias = env.AlwaysBuild(env.Alias("bench", [], _python(words, step_line("BENCH", *words[1:]))))
    if settings.bench:
        env.Default(None)
        env.Default(alias)


def _alias(env: Any, name: str, nodes: ModelNodes, action: SignedAction) -> Any:
    return env.AlwaysBuild(env.Alias(name, list(nodes), action))


def _usage_action() -> SignedAction:
    def tell() -> int:
        print(
            "say what to build, for example: scons target=arm64 model=mobilenet   (scons --help lists everything)"
        )
        return 0

    return plain_action(tell)


def _summary_action(built: list[ModelNodes]) -> SignedAction:
    def tell() -> int:
        shown = built if len(built) <= _SUMMARIES else [model for model in built if _is_new(model)]
        for model in shown:
            print(printable(_summary(model)))
        if shown is not built:
            print(f"{len(built) - len(shown)} of {len(built)} libraries were up to date")
        return 0

    return plain_action(tell)


def _is_new(model: ModelNodes) -> bool:
    return any(node.get_state() == executed for node in model)


def _verify_outputs(built: list[ModelNodes], record: OutputLedger) -> int:
    """Compare the libraries that are named; if none is, all that was made here."""
    if not built:
        return tell_edited(*edited_files(record), "products")
    lines = sorted({line for model in built for line in edited_outputs(model, record)})
    return tell_edited(lines, len(built), "libraries")


def _summary(model: ModelNodes) -> str:
    objects = {
        member: [str(node) for node in nodes if not str(node).endswith("_blob.o")]
        for member, nodes in model.objects.items()
    }
    lines = summarize(model.label, model.name, model.folder.removeprefix("#"), objects)
    return "\n".join([lines, *(f"    outside  {line}" for line in _outside(model))])


def _outside(nodes: Any) -> list[str]:
    """Models that are read from outside of the tree."""
    if not isinstance(nodes, ModelNodes):
        return []
    path, target = Path(nodes.config.srcnode().get_abspath()), load_target(nodes.target, nodes.cpu)
    found = contents(path, nodes.name, target, peek(nodes.config))
    return files_outside(Path(str(nodes.config.srcnode())), found.reads)


def _command_action(command: str, nodes: ModelNodes, settings: Settings) -> SignedAction:
    """``mgecc verify`` or ``mgecc run`` on what was built, for every model of the library."""
    args = _on_products(command, nodes, settings)
    if command == "verify":
        args += [*["--layers"] * settings.layers, "--reference", settings.reference or "recorded"]
    commands = [[*args, "--name", model] for model in nodes.headers]
    shown = step_line(command.upper(), nodes.label, nodes.name)
    if command == "verify" and settings.layers:
        return _reported(nodes, args, ("--out", "--layers"), "layers", shown)
    return plain_action(lambda: max(_call(words) for words in commands), shown)


def _on_products(command: str, nodes: ModelNodes, settings: Settings) -> list[str]:
    """The words of a command on what was built, for Python, but for the name of the model."""
    args = ["-m", "mgecc.cli", command, str(nodes.config), "--target", nodes.target]
    args += ["--toolchain", nodes.toolchain, "--products", nodes.folder.removeprefix("#")]
    args += ["--optimize", nodes.optimize]
    args += ["--library", nodes.name] if list(nodes.headers) != [nodes.name] else []
    args += ["--cpu", nodes.cpu] if nodes.cpu else []
    if settings.input:
        _check_input(nodes)
        args += ["--inputs" if command == "verify" else "--input", settings.input]
    return args


def _profile_action(nodes: ModelNodes, settings: Settings) -> SignedAction:
    """``mgecc run --profile`` for every model of the library, and a report with what was measured."""
    shown = step_line("PROFILE", nodes.label, nodes.name)
    return _reported(
        nodes, _on_products("run", nodes, settings), ("--profile", "--profile"), "profile", shown
    )


def _reported(
    nodes: ModelNodes, args: list[str], options: tuple[str, str], kind: str, shown: str
) -> SignedAction:
    """A command for every model of the library, which writes a file of this kind, and a report with these files.

    ``options``: what the command and ``mgecc report`` call the file. Whatever the command finds, there is a report.
    """
    folder, single = nodes.folder.removeprefix("#"), len(nodes.headers) == 1
    files = {model: f"{folder}/{'' if single else f'{model}_'}{kind}.json" for model in nodes.headers}
    commands = [[*args, "--name", model, options[0], file] for model, file in files.items()]
    words = [word for file in files.values() for word in (options[1], file)]

    def execute() -> int:
        found = max(map(_call, commands))
        report = _call(["-m", "mgecc.cli", "report", folder, *words]) if found <= DIFFERENT else 0
        return max(found, report)

    return plain_action(execute, shown)


def _report_action(nodes: ModelNodes) -> SignedAction:
    """``mgecc report`` on what was built."""
    folder = nodes.folder.removeprefix("#")
    return plain_action(
        lambda: _call(["-m", "mgecc.cli", "report", folder]), step_line("REPORT", nodes.label, nodes.name)
    )


def _on_paths(command: str, count: int, usage: str) -> SignedAction:
    """``mgecc COMMAND`` with the paths that the command line names beside the alias; ``usage``: where it doesn't."""
    paths = [word for word in script.COMMAND_LINE_TARGETS if word not in ALIASES]

    def execute() -> int:
        if len(paths) != count:
            sys.stderr.write(f"mgecc: error: say which: scons {usage}\n")
            return INPUT
        return _call(["-m", "mgecc.cli", command, *paths])

    return plain_action(execute)


def _check_input(nodes: ModelNodes) -> None:
    """One file cannot be the input of several models."""
    if len(nodes.headers) > 1:
        names, config = list(nodes.headers), nodes.config
        words = f"mgecc run {config} --name {names[0]} --target {nodes.target} --input FILE"
        _stop(TargetError(f"input= is for one model, {config} has {', '.join(names)}: {words}"))


def _test_action(tests: str, settings: Settings) -> SignedAction:
    arguments = shlex.split(settings.args or tests)
    jobs = script.GetOption("num_jobs")
    if jobs > 1 and "-n" not in arguments and importlib.util.find_spec("xdist"):
        arguments = ["-n", str(jobs), *arguments]

    def execute(target: list[Any], source: list[Any], env: Any) -> int:
        install_emulators(_TEST_PROGRAMS | cross_compilers())
        sys.stdout.flush()
        status = _PYTEST.get(_call(["-m", "pytest", *arguments]), FAILED)
        if status == INPUT and "-n" in arguments:  # pytest's workers keep what is wrong to themselves
            _call(["-m", "pytest", *arguments, "-n", "0"])
        return status

    return SignedAction(execute, "", step_line("TEST", *arguments))


def _python(args: list[str], shown: str) -> SignedAction:
    return plain_action(lambda: _call(args), shown)


def _call(args: list[str]) -> int:
    """Status of Python with ``args``, which finds mgecc."""
    package = os.fspath(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *args], env=os.environ | {"PYTHONPATH": path}, check=False
    ).returncode
