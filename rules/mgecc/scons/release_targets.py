"""What the command line builds beyond libraries: ``scons release``, ``scons reproduce``, ``scons package=FORM``."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import Any

import SCons.Script as script

from mgecc.errors import FAILED
from mgecc.names import compiler_id, function_output_names, names_of_library
from mgecc.package.backend import backend_files, package_files, takes_sources
from mgecc.package.source_tree import source_component, source_tree
from mgecc.scons.actions import SignedAction, step_line
from mgecc.scons.decider import own_environment
from mgecc.scons.images import CvNodes
from mgecc.scons.model import ModelNodes
from mgecc.scons.release import component_of, mge_release
from mgecc.toolrun.interpreters import PythonError, find_pythons
from mgecc.toolrun.process import write_atomically
from mgecc.toolrun.reproduce import ReproduceError, reproduce
from mgecc.toolrun.terminal import printable


def declare_deliveries(env: Any, built: list[ModelNodes]) -> None:
    """What ``MgeProject`` takes on its command line beyond building and running, each with ``target=`` and ``model=``.

    ``scons release``: an archive per model and target, as ``MgeRelease`` makes it.
    ``scons reproduce``: builds copies of the tree in other places, as another user, at another time, with folders
    listed backwards, another umask, locale, time zone, hash seed, number of jobs, a noisy environment, with NumPy and
    its BLAS as on an older processor, and with every other Python here that has the packages, and compares every
    byte. Files that differ are listed, with what differs in them if diffoscope is installed.
    ``python=``: interpreters or versions (``python=3.10,3.13``), or ``all`` that
    are installed; packages that they lack go into an environment of their own below build.
    ``scons package=FORM``, several by comma: also ``build/package/FORM/MODEL-TARGET``, as C files for any compiler
    (``sources``), ESP-IDF, Zephyr or Arduino, for Conan, with a library for pkg-config, CMake, Bazel, or as CMSIS-Pack.
    """
    wanted = script.COMMAND_LINE_TARGETS
    if "release" in wanted:
        archives = [mge_release(env, f"{model.name}-{model.label}", model) for model in built]
        env.AlwaysBuild(env.Alias("release", archives))
    if "reproduce" in wanted:
        env.AlwaysBuild(env.Alias("reproduce", [], _reproduce_action(built)))
    forms = dict.fromkeys(form for form in script.ARGUMENTS.get("package", "").split(",") if form)
    packages = [node for form in forms for model in built for node in mge_package(env, form, model)]
    if packages:
        env.Default(env.Alias("package", packages))


def mge_package(env: Any, form: str, model: ModelNodes) -> list[Any]:
    """Write a model as a package for another build system into ``build/package/FORM/MODEL-TARGET``."""
    tree, version = _source_tree(model) if takes_sources(form) else {}, component_of(model).version
    names = backend_files(form, model.name, model.target, model.cpu, tree, version)
    folder = f"{env['MGE_BUILD_DIR']}/package/{form}/{model.name}-{model.label}"

    def write(target: list[Any], source: list[Any], env: Any) -> int:
        root, component = Path(env.Dir(folder).get_abspath()), component_of(model)
        given = source_component(component, tree) if tree else component
        for path, data in package_files(form, given, model.target, model.cpu).items():
            write_atomically(root / path, data)
        return 0

    action = SignedAction(write, f"PACKAGE {form}", step_line("PACK", form, f"{model.name}-{model.label}"))
    nodes = own_environment(env).Command([f"{folder}/{name}" for name in names], list(model), action)
    env.Depends(nodes, [env.Value(compiler_id()), *(env.File(str(path)) for path in tree.values())])
    env.Clean(nodes, env.Dir(folder))
    return list(nodes)


def _source_tree(nodes: Any) -> dict[str, Path]:
    """What a package of C files copies, whether it is built yet or not."""
    if isinstance(nodes, CvNodes):
        names = function_output_names(nodes.name, nodes.target, nodes.cpu)
        return source_tree(names, Path(nodes.header.get_dir().get_abspath()))
    folder = Path(nodes.blob.get_dir().get_abspath())
    images = any(str(node).endswith("_cv.o") for node in chain(*nodes.objects.values()))
    names = names_of_library(nodes.name, list(nodes.headers), nodes.target, nodes.cpu, images)
    user = [path for path in component_of(nodes).materials.values() if path.suffix in (".c", ".h")]
    return source_tree(names, folder, user)


def _reproduce_action(built: list[ModelNodes]) -> SignedAction:
    words = [f"target={','.join(dict.fromkeys(model.target for model in built))}"]
    words += [f"model={','.join(dict.fromkeys(model.name for model in built))}"]
    words += [
        f"{key}={value}"
        for key, value in script.ARGUMENTS.items()
        if key in ("cpu", "toolchain", "optimize", "threads", "flash", "ram")
    ]
    pythons = [path for path in script.ARGUMENTS.get("python", "").split(",") if path]

    def execute(target: list[Any], source: list[Any], env: Any) -> int:
        try:
            return reproduce(Path.cwd(), words, find_pythons(pythons, Path.cwd()))
        except (PythonError, ReproduceError) as error:
            sys.stderr.write(printable(f"mgecc: error: {error}\n"))
            return FAILED

    return SignedAction(execute, "", step_line("TWICE", *words))
