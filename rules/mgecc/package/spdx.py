"""Bill of materials of a release as SPDX 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/), for who takes that form.

Written here, as the library of its makers brings a graph database along; the tests let that library check it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.license import DisjunctiveLicense

from mgecc import __version__
from mgecc.package.bill import reference, serial_number
from mgecc.package.components import Component, digest, json_bytes, shared

_NOTHING = "NOASSERTION"
_PURPOSES = {"model": "LIBRARY", "firmware": "FIRMWARE", "images": "LIBRARY"}


def spdx_bill(name: str, components: Sequence[Component], files: Mapping[str, bytes], date: int) -> bytes:
    """SPDX of the release called ``name``, with what ``bill_of_materials`` tells, but for model cards."""
    release = _package(
        "release",
        name,
        version=shared(component.version for component in components),
        vendor=shared(component.vendor for component in components),
    )
    runtime = _package("mgecc-runtime", "mgecc-runtime", version=__version__, licence="Apache-2.0")
    rows = [_file(path, data) for path, data in sorted(files.items())]
    packages = [_component(component) for component in components]
    made = datetime.fromtimestamp(date, timezone.utc)
    relations = [
        _relation("SPDXRef-DOCUMENT", "DESCRIBES", release),
        *(_relation("SPDXRef-DOCUMENT", "DESCRIBES", row) for row in rows),
        *(_relation(release["SPDXID"], "CONTAINS", package) for package in packages),
        *(_relation(package["SPDXID"], "DEPENDS_ON", runtime) for package in packages),
    ]
    return json_bytes(
        {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": name,
            "documentNamespace": f"https://spdx.org/spdxdocs/{_id(name)}-{serial_number(name, files)}",
            "creationInfo": {
                "created": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "creators": [f"Tool: mgecc-{__version__}"],
            },
            "packages": [release, runtime, *packages],
            "files": rows,
            "relationships": relations,
        }
    )


def _id(text: str) -> str:
    """``text`` in the characters that identifiers of SPDX have."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)


def _component(component: Component) -> dict[str, Any]:
    package = _package(
        reference(component), component.name, component.version, component.vendor, component.licence
    )
    described = {"description": component.description} if component.description else {}
    return package | described | {"primaryPackagePurpose": _PURPOSES[component.kind]}


def _package(
    reference: str, name: str, version: str = "", vendor: str = "", licence: str = ""
) -> dict[str, Any]:
    return {
        "SPDXID": f"SPDXRef-{_id(reference)}",
        "name": name,
        "downloadLocation": _NOTHING,
        "filesAnalyzed": False,
        "supplier": f"Organization: {vendor}" if vendor else _NOTHING,
        "licenseDeclared": _licence(licence),
        "licenseConcluded": _NOTHING,
        "copyrightText": _NOTHING,
        **({"versionInfo": version} if version else {}),
    }


def _licence(text: str) -> str:
    """SPDX's id or expression; a licence that SPDX has no id of is told in CycloneDX's bill alone."""
    found = LicenseFactory().make_from_string(text) if text else None
    if isinstance(found, DisjunctiveLicense):
        return found.id or _NOTHING
    return str(found.value) if found else _NOTHING


def _file(path: str, data: bytes) -> dict[str, Any]:
    return {
        # Two paths may differ in characters that identifiers cannot have.
        "SPDXID": f"SPDXRef-File-{digest(path.encode())[:16]}",
        "fileName": f"./{path}",
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": digest(data, "sha1")},
            {"algorithm": "SHA256", "checksumValue": digest(data)},
        ],
        "licenseConcluded": _NOTHING,
        "copyrightText": _NOTHING,
    }


def _relation(one: str, kind: str, other: Mapping[str, Any]) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other["SPDXID"]}
