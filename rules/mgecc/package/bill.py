"""Bill of materials of a release: CycloneDX 1.6 JSON with a model card for every network (ML-BOM).

Format: https://cyclonedx.org/docs/1.6/json/. It tells the elements that NTIA's "Minimum Elements for a Software Bill of
Materials" (2021) asks for: supplier, name, version, unique identifier (purl), relations, who made the bill, and when.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component as Row
from cyclonedx.model.component import ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.license import License
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from mgecc import __version__
from mgecc.package.components import Component, digest, json_bytes, sha256, shared
from mgecc.package.model_card import model_cards

_KINDS = {
    "model": ComponentType.MACHINE_LEARNING_MODEL,
    "firmware": ComponentType.FIRMWARE,
    "images": ComponentType.LIBRARY,
}
_OWN = PackageURL("pypi", name="mgecc", version=__version__)


def bill_of_materials(
    name: str, components: Sequence[Component], files: Mapping[str, bytes], date: int
) -> bytes:
    """CycloneDX of the release called ``name``: its models, programs, the runtime in them, and ``files``.

    ``date``: seconds since 1970, which stand for the time of making.
    """
    runtime, release = _runtime(), _release(name, components)
    rows = {reference(component): _row(component) for component in components}
    kept = {path: _file(path, data) for path, data in sorted(files.items())}
    bom = Bom(
        components=[runtime, *rows.values(), *kept.values()],
        serial_number=serial_number(name, files),
        metadata=_metadata(release, components, date),
    )
    bom.register_dependency(release, [*rows.values(), *kept.values()])
    for component in components:
        bom.register_dependency(
            rows[reference(component)], [runtime, *_linked_in(component, components, rows)]
        )
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    for row in document["components"]:
        row |= _card(row["bom-ref"], components)
    return json_bytes(document)


def serial_number(name: str, files: Mapping[str, bytes]) -> uuid.UUID:
    """A number of the contents: equal releases have equal ones (UUID version 5 of RFC 4122)."""
    digests = "".join(f"{digest(files[path])}  {path}\n" for path in sorted(files))
    return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:mgecc:release:{name}:{digest(digests.encode())}")


def reference(component: Component) -> str:
    """What other rows call a component."""
    return f"{component.kind}-{component.label}-{component.name}"


def _metadata(release: Row, components: Sequence[Component], date: int) -> BomMetaData:
    own = Row(type=ComponentType.APPLICATION, name="mgecc", version=__version__, purl=_OWN, bom_ref="mgecc")
    return BomMetaData(
        component=release,
        supplier=release.supplier,
        manufacturer=release.supplier,
        lifecycles=[PredefinedLifecycle(LifecyclePhase.BUILD)],
        timestamp=datetime.fromtimestamp(date, timezone.utc),
        tools=ToolRepository(components=[own, *_toolchains(components)]),
    )


def _release(name: str, components: Sequence[Component]) -> Row:
    """A release with a firmware is one, for those who look for what runs on a device."""
    kinds = {component.kind for component in components}
    return Row(
        type=ComponentType.FIRMWARE if "firmware" in kinds else ComponentType.LIBRARY,
        bom_ref="release",
        **_named(
            name,
            shared(component.version for component in components),
            shared(component.vendor for component in components),
        ),
    )


def _runtime() -> Row:
    return Row(
        type=ComponentType.LIBRARY,
        bom_ref="mgecc-runtime",
        name="mgecc-runtime",
        version=__version__,
        purl=_OWN,
        licenses=_licences("Apache-2.0"),
    )


def _named(name: str, version: str, vendor: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": version or None,
        "purl": PackageURL("generic", namespace=vendor or None, name=name, version=version or None),
        "supplier": OrganizationalEntity(name=vendor) if vendor else None,
    }


def _licences(text: str) -> list[License]:
    """By SPDX's id or as SPDX's expression where it is one, which scanners look for; else by name."""
    return [LicenseFactory().make_from_string(text)] if text else []


def _toolchains(components: Iterable[Component]) -> list[Row]:
    names = sorted({component.facts.get("toolchain", "") for component in components} - {""})
    return [
        Row(type=ComponentType.APPLICATION, name=name, version=version, bom_ref=f"tool-{identity}")
        for identity in names
        for name, _, version in (identity.partition("-"),)
    ]


def _row(component: Component) -> Row:
    digests = {name: sha256(path) for name, path in sorted(component.materials.items())}
    models = [value for name, value in digests.items() if component.materials[name] in component.models]
    return Row(
        type=_KINDS[component.kind],
        bom_ref=reference(component),
        **_named(component.name, component.version, component.vendor),
        description=component.description or None,
        licenses=_licences(component.licence),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=value) for value in models[:1]],
        properties=[Property(name=f"mgecc:sha256:{name}", value=value) for name, value in digests.items()],
    )


def _linked_in(component: Component, components: Sequence[Component], rows: Mapping[str, Row]) -> list[Row]:
    """The libraries in a firmware: those of the release for the same machine."""
    if component.kind != "firmware":
        return []
    return [
        rows[reference(other)]
        for other in components
        if other.kind != "firmware" and other.label == component.label
    ]


def _file(path: str, data: bytes) -> Row:
    return Row(
        type=ComponentType.FILE,
        bom_ref=f"file-{path}",
        name=path,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest(data))],
    )


def _card(bom_ref: str, components: Sequence[Component]) -> dict[str, Any]:
    """The library has no class for model cards."""
    component = next((each for each in components if reference(each) == bom_ref), None)
    return model_cards(component) if component and component.kind == "model" else {}
