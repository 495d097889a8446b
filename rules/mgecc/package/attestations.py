"""Attestations of a release: SHA256SUMS, CycloneDX bill of materials (SBOM), in-toto statement with SLSA provenance.

Formats: CycloneDX 1.5 JSON (cyclonedx.org), in-toto Statement v1 and SLSA Provenance v1 (slsa.dev). Written with sorted
keys and without time or place, so that equal releases have equal attestations.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from mgecc import __version__
from mgecc.names import compiler_id
from mgecc.package.components import Component, sha256, tool_sha256

SBOM = "sbom.cdx.json"
PROVENANCE = "provenance.intoto.json"
SUMS = "SHA256SUMS"
_BUILD_TYPE = "urn:mgecc:build:1"
# What CycloneDX calls the kinds of components.
_KINDS = {"model": "machine-learning-model", "firmware": "firmware", "images": "library"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sums(files: Mapping[str, bytes]) -> bytes:
    """What ``sha256sum -c`` reads."""
    return "".join(f"{digest(files[name])}  {name}\n" for name in sorted(files)).encode()


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def bill_of_materials(
    name: str, components: Sequence[Component], files: Mapping[str, bytes], date: int
) -> bytes:
    """CycloneDX: the models, the runtime that is linked in, the files; ``date`` 0 = no time stamp."""
    rows = [
        _runtime(),
        *(_component(component) for component in components),
        *(_file(path, files[path]) for path in sorted(files)),
    ]
    metadata: dict[str, Any] = {
        "component": {"type": "library", "bom-ref": "release", "name": name, "version": __version__},
        "tools": {
            "components": [
                {"type": "application", "name": "mgecc", "version": __version__},
                *_toolchains(components),
            ]
        },
    }
    if date:
        metadata["timestamp"] = datetime.fromtimestamp(date, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{_BUILD_TYPE}:{name}:{digest(sums(files))}")
    references = [row["bom-ref"] for row in rows]
    return _json(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "serialNumber": f"urn:uuid:{serial}",
            "version": 1,
            "metadata": metadata,
            "components": rows,
            "dependencies": [{"ref": "release", "dependsOn": references}],
        }
    )


def _runtime() -> dict[str, Any]:
    licence = [{"license": {"id": "Apache-2.0"}}]
    return {
        "type": "library",
        "bom-ref": "mgecc-runtime",
        "name": "mgecc-runtime",
        "version": __version__,
        "licenses": licence,
    }


def _toolchains(components: Sequence[Component]) -> list[dict[str, Any]]:
    names = sorted(
        {component.facts["toolchain"] for component in components if "toolchain" in component.facts}
    )
    return [
        {"type": "application", "name": name, "version": version}
        for name, _, version in (identity.partition("-") for identity in names)
    ]


def _component(component: Component) -> dict[str, Any]:
    model = {
        "type": _KINDS[component.kind],
        "bom-ref": f"{component.kind}-{component.label}-{component.name}",
        "name": component.name,
    }
    digests = [
        {"name": f"mgecc:sha256:{name}", "value": sha256(path)}
        for name, path in sorted(component.materials.items())
    ]
    more: dict[str, Any] = {"properties": digests} if digests else {}
    if component.licence:
        more["licenses"] = [{"license": {"name": component.licence}}]
    if component.description:
        more["description"] = component.description
    return model | more


def _file(path: str, data: bytes) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": digest(data)}]
    return {"type": "file", "bom-ref": f"file-{path}", "name": path, "hashes": hashes}


def provenance(components: Sequence[Component], files: Mapping[str, bytes]) -> bytes:
    """in-toto statement: these files were made from these models by this compiler with these flags."""
    subject = [{"name": name, "digest": {"sha256": digest(files[name])}} for name in sorted(files)]
    materials = [
        {"name": f"{component.name}/{name}", "digest": {"sha256": sha256(path)}}
        for component in components
        for name, path in sorted(component.materials.items())
    ]
    compiler = {"name": f"mgecc-{__version__}", "digest": {"sha256": compiler_id()}}
    asked = {f"{component.label}/{component.name}": component.facts for component in components}
    outside = {key: {k: v for k, v in facts.items() if k != "flags"} for key, facts in asked.items()}
    flags = {key: facts["flags"] for key, facts in asked.items() if "flags" in facts}
    definition = {
        "buildType": _BUILD_TYPE,
        "externalParameters": outside,
        "internalParameters": {"flags": flags},
        "resolvedDependencies": [compiler, *_used(components), *materials],
    }
    details = {"builder": {"id": "urn:mgecc:builder", "version": {"mgecc": __version__}}}
    return _json(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subject,
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {"buildDefinition": definition, "runDetails": details},
        }
    )


def _used(components: Sequence[Component]) -> list[dict[str, Any]]:
    """The programs of the toolchains, and the compiler's templates, headers and target files."""
    tools = {name: tool_sha256(path) for component in components for name, path in component.tools.items()}
    texts = {
        f"mgecc-{__version__}/{name}": sha256(path)
        for component in components
        for name, path in component.templates.items()
    }
    return [{"name": name, "digest": {"sha256": value}} for name, value in sorted({**tools, **texts}.items())]
