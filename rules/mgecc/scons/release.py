"""``env.MgeRelease``: an archive to hand on, with everything a release engineer asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import SCons.Script as script
from SCons.Errors import UserError
from SCons.Tool import CScanner

from mgecc.errors import INPUT
from mgecc.names import compiler_id, members, singles
from mgecc.package import (
    Component,
    images_component,
    joined_component,
    material_name,
    model_component,
    notices,
    with_sources,
)
from mgecc.package.archive import EpochError
from mgecc.package.repository import checked_out
from mgecc.scons.actions import SignedAction, step_line
from mgecc.scons.commit import CommitRecord
from mgecc.scons.decider import own_environment
from mgecc.scons.firmware import FirmwareNodes
from mgecc.scons.images import CvNodes
from mgecc.scons.leaves import leaf_files, leaf_names
from mgecc.scons.model import ModelNodes, peek
from mgecc.scons.pipeline import PipelineNodes
from mgecc.scons.product_listing import contents, data_files
from mgecc.scons.reads import Extra, Reads, depend_on_reads, record_node
from mgecc.targets import load_target, load_toolchain
from mgecc.toolrun.depfile import Read, local
from mgecc.toolrun.sources import include_folder
from mgecc.toolrun.terminal import printable

_KINDS = (ModelNodes, CvNodes, FirmwareNodes)


def mge_release(env: Any, name: str, parts: Any, build_dir: str = "", builder: str = "") -> Any:
    """Put products into ``BUILD_DIR/release/NAME.tar``; returns its node.

    ``parts``: what MgeModel, MgePipeline, MgeCv and MgeFirmware returned, one or a list. The archive holds the
    libraries, headers, blobs, reports and images, the C files of the libraries with a CMakeLists.txt that builds them
    (src/), the licences beside every model.yaml and mgecc's own, SHA256SUMS, a
    CycloneDX bill of materials (sbom.cdx.json), the same as SPDX (sbom.spdx.json) and an in-toto statement with SLSA
    provenance (provenance.intoto.json). ``builder``: for the provenance, the URI of who runs the build, which
    ``builder=`` on the command line overrules.
    Its bytes depend on the products, what they are made of and the commit that is checked out: files are sorted, have
    no owner and have the date SOURCE_DATE_EPOCH, or 1970 without it. See docs/releases.md.
    """
    chosen = [parts] if isinstance(parts, _KINDS) else list(parts)
    if not chosen or not all(isinstance(component, _KINDS) for component in chosen):
        raise UserError(
            "MgeRelease needs what MgeModel, MgePipeline, MgeCv or MgeFirmware returned, one or a list"
        )

    date, builder = os.environ.get("SOURCE_DATE_EPOCH", ""), _uri(builder)
    build_dir = build_dir or env["MGE_BUILD_DIR"]
    own, folder = own_environment(env), Path(env.Dir(f"{build_dir}/.release").get_abspath())
    inputs, commit = Reads(folder / f"{name}.reads"), CommitRecord(folder / f"{name}.commit")

    def write(target: list[Any], source: list[Any], env: Any) -> int:
        from mgecc.package.release import write_release  # loads what only releases take

        components, there = [_with_sources(nodes) for nodes in chosen], checked_out(Path.cwd())
        try:
            write_release(Path(str(target[0])), name, components, builder, there)
        except EpochError as error:
            sys.stderr.write(printable(f"mgecc: error: {error}\n"))
            return INPUT
        inputs.write(Extra.now(Read(tuple(sorted(map(local, map(str, _inputs(components))))))))
        commit.write(there)
        return 0

    action = SignedAction(
        write, f"RELEASE {date} {builder} {_asked(chosen)}", step_line("TAR", f"{name}.tar")
    )
    sources = [node for nodes in chosen for node in [*nodes, *_attested_files(nodes)]]
    (node,) = own.Command(f"{build_dir}/release/{name}.tar", sources, action)
    # The provenance has the digest of the compiler, which covers what writes the archive.
    env.Depends(node, [env.Value(compiler_id()), record_node(env, f"commit of {name}", commit)])
    depend_on_reads(env, node, inputs)
    return node


def _uri(builder: str) -> str:
    """Who runs the build, by the command line or else the call."""
    builder = script.ARGUMENTS.get("builder", "") or builder
    if builder and not urlsplit(builder).scheme:
        raise UserError(f"builder={builder} is no URI, such as https://ci.example/firmware")
    return builder


def _inputs(components: Sequence[Component]) -> set[Path]:
    """What was given to the build, for the programs of a release; of models, these are sources of the archive."""
    return {path for each in components if each.kind == "firmware" for path in each.materials.values()}


def _asked(chosen: Sequence[Any]) -> list[tuple[str, str, str]]:
    return [(nodes.label, nodes.name, nodes.toolchain) for nodes in chosen]


def _attested_files(nodes: Any) -> list[Any]:
    """What the archive tells of besides the products: model.yaml, the model, licences."""
    if isinstance(nodes, FirmwareNodes):
        return []
    component = component_of(nodes)
    paths = {**component.materials, **component.notices}.values()
    return [nodes[0].fs.File(os.path.abspath(path)) for path in paths]


def component_of(nodes: Any) -> Component:
    """The files of a model, of image functions or of a firmware, for a package, with all that was asked for."""
    component = _component_of(nodes)
    return replace(component, facts=component.facts | nodes.asked)


def _component_of(nodes: Any) -> Component:
    if isinstance(nodes, FirmwareNodes):
        return _firmware_component(nodes)
    if isinstance(nodes, CvNodes):
        folder, how = Path(nodes.header.get_dir().get_abspath()), (nodes.toolchain, nodes.optimize)
        return images_component(nodes.functions, nodes.name, folder, nodes.target, nodes.cpu, how)
    if isinstance(nodes, PipelineNodes):
        components = [_component_of_model(nodes, *item) for item in nodes.configs.items()]
        return joined_component(nodes.name, components, Path(nodes.blob.get_dir().get_abspath()))
    if list(nodes.headers) != [nodes.name]:
        components = [_component_of_model(nodes, model, nodes.config) for model in nodes.headers]
        return joined_component(nodes.name, components, Path(nodes.blob.get_dir().get_abspath()))
    return _component_of_model(nodes, nodes.name, nodes.config)


def _with_sources(nodes: Any) -> Component:
    """The same with the C files of its libraries."""
    component = component_of(nodes)
    if isinstance(nodes, FirmwareNodes):
        return component
    target = load_target(nodes.target, nodes.cpu)
    kernel_sets = zip(members(target), singles(target))
    toolchains = {member: load_toolchain(nodes.toolchain, single) for member, single in kernel_sets}
    header = nodes.header if isinstance(nodes, CvNodes) else nodes.blob
    return with_sources(component, Path(header.get_dir().get_abspath()), toolchains, nodes.optimize)


def _component_of_model(nodes: ModelNodes, name: str, config: Any) -> Component:
    folder = Path(nodes.blob.get_dir().get_abspath())
    path, how = Path(config.srcnode().get_abspath()), (nodes.toolchain, nodes.optimize)
    component = model_component(path, name, folder, nodes.target, nodes.cpu, how)
    found = contents(path, name, load_target(nodes.target, nodes.cpu), peek(config))
    # Of several models in one configuration, each names its own file.
    own = [read for model, read in zip(found.models, found.reads) if model == name]
    reads = own if len(found.models) > 1 else found.reads
    licences = {key: file for read in reads for key, file in notices(read.parent, name).items()}
    beside = [file for read in reads or [path] for file in data_files(read)]
    named = _named(path, [*reads, *beside, *found.sources], nodes)
    return replace(component, materials=component.materials | named, notices=licences | component.notices)


def _named(config: Path, files: Sequence[Path], nodes: ModelNodes) -> dict[str, Path]:
    """The files that a configuration names, and headers that its C files include, by their attested names."""
    sources = [nodes.config.fs.File(str(path)) for path in files if path.suffix == ".c"]
    headers = [path for source in sources for path in _headers(source, nodes)]
    paths = [Path(os.path.abspath(path)) for path in [*files, *headers]]
    return {material_name(path, config.parent): path for path in paths}


def _headers(source: Any, nodes: ModelNodes) -> list[Path]:
    """Headers of the user's that a C file includes, in whatever depth."""
    found = source.get_implicit_deps(
        nodes.blob.get_env(), CScanner, lambda _scanner: tuple(nodes.include), {}
    )
    own = include_folder()
    paths = [Path(node.get_abspath()) for node in found if not node.is_derived()]
    return [path for path in paths if not path.is_relative_to(own)]


def _firmware_component(nodes: FirmwareNodes) -> Component:
    target = load_target(nodes.target, nodes.cpu)
    toolchain = load_toolchain(nodes.toolchain, target)
    return Component(
        name=nodes.name,
        label=nodes.label,
        files={f"firmware/{Path(str(node)).name}": Path(str(node)) for node in nodes},
        materials=leaf_names(leaf_files(nodes)),
        tools={toolchain.identity: Path(toolchain.cc[0])},
        facts={
            "target": target.name,
            "cpu": nodes.cpu,
            "toolchain": toolchain.identity,
            "optimize": nodes.optimize,
            "models": [model.name for model in nodes.models],
            "flags": nodes.flags(),
        },
        kind="firmware",
    )
