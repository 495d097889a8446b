"""What a release says of itself besides its bills of materials: SHA256SUMS, and provenance.

Format: in-toto Statement v1 (in-toto.io) with SLSA Provenance v1 (slsa.dev/provenance/v1). Written with sorted keys and
without time or place, so that equal releases have equal attestations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mgecc import __version__
from mgecc.names import compiler_id
from mgecc.package.components import Component, digest, json_bytes, sha256, tool_sha256
from mgecc.package.repository import Commit

SBOM = "sbom.cdx.json"
SPDX = "sbom.spdx.json"
PROVENANCE = "provenance.intoto.json"
SUMS = "SHA256SUMS"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
# A package URL: the page that describes this kind of build lies in the package.
BUILD_TYPE = f"pkg:pypi/mgecc@{__version__}#mgecc/package/build_type.md"
# SLSA wants an identifier of who ran the build, which a compiler cannot know.
UNKNOWN_BUILDER = "about:unknown-builder"


def sums(files: Mapping[str, bytes]) -> bytes:
    """What ``sha256sum -c`` reads."""
    return "".join(f"{digest(files[name])}  {name}\n" for name in sorted(files)).encode()


def provenance(
    components: Sequence[Component],
    files: Mapping[str, bytes],
    date: int = 0,
    builder: str = "",
    commit: Commit | None = None,
) -> bytes:
    """in-toto statement: these files were made from these models and sources by these compilers with these flags.

    ``date``: SOURCE_DATE_EPOCH. ``builder``: URI of who ran the build. ``commit``: what the sources are a checkout of.
    """
    subject = [{"name": name, "digest": {"sha256": digest(files[name])}} for name in sorted(files)]
    asked = {f"{component.label}/{component.name}": component.facts for component in components}
    outside = {key: {k: v for k, v in facts.items() if k != "flags"} for key, facts in asked.items()}
    flags = {key: facts["flags"] for key, facts in asked.items() if "flags" in facts}
    definition = {
        "buildType": BUILD_TYPE,
        "externalParameters": outside | ({"SOURCE_DATE_EPOCH": date} if date else {}),
        "internalParameters": {"flags": flags},
        "resolvedDependencies": _dependencies(components, commit),
    }
    details = {"builder": {"id": builder or UNKNOWN_BUILDER, "version": {"mgecc": __version__}}}
    predicate = {"buildDefinition": definition, "runDetails": details}
    return json_bytes(
        {"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate}
    )


def _dependencies(components: Sequence[Component], commit: Commit | None) -> list[dict[str, Any]]:
    """The commit, the compiler with what it was told to use, the toolchains' programs, and what was given."""
    compiler = {
        "name": f"mgecc-{__version__}",
        "uri": f"pkg:pypi/mgecc@{__version__}",
        "digest": {"sha256": compiler_id()},
    }
    tools = {name: tool_sha256(path) for component in components for name, path in component.tools.items()}
    texts = {
        f"mgecc-{__version__}/{name}": sha256(path)
        for component in components
        for name, path in component.templates.items()
    }
    materials = [
        {"name": f"{component.name}/{name}", "digest": {"sha256": sha256(path)}}
        for component in components
        for name, path in sorted(component.materials.items())
    ]
    return [
        *([commit.described()] if commit else []),
        compiler,
        *(_tool(name, value) for name, value in sorted(tools.items())),
        *({"name": name, "digest": {"sha256": value}} for name, value in sorted(texts.items())),
        *materials,
    ]


def _tool(identity: str, value: str) -> dict[str, Any]:
    name, _, version = identity.partition("-")
    return {"name": identity, "uri": f"pkg:generic/{name}@{version}", "digest": {"sha256": value}}
