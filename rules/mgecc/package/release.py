"""A release: one tar archive with the products of models, their licences and their attestations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mgecc.package.archive import source_date, tar_bytes
from mgecc.package.attestations import PROVENANCE, SBOM, SPDX, SUMS, provenance, sums
from mgecc.package.bill import bill_of_materials
from mgecc.package.components import Component
from mgecc.package.repository import Commit
from mgecc.package.spdx import spdx_bill
from mgecc.toolrun.process import write_atomically


def release_files(
    name: str, components: Sequence[Component], date: int, builder: str = "", commit: Commit | None = None
) -> dict[str, bytes]:
    """Everything a release holds, by path. SHA256SUMS covers all other files, the provenance all but these two.

    ``builder``, ``commit``: as ``provenance`` has them.
    """
    files: dict[str, bytes] = {}
    for component in components:
        for path, source in {**component.files, **component.notices}.items():
            files[_place(path, component, components)] = source.read_bytes()
        files |= {_place(path, component, components): text for path, text in component.texts.items()}
    files |= {
        SBOM: bill_of_materials(name, components, files, date),
        SPDX: spdx_bill(name, components, files, date),
    }
    files[PROVENANCE] = provenance(components, files, date, builder, commit)
    return files | {SUMS: sums(files)}


def _place(path: str, component: Component, components: Sequence[Component]) -> str:
    """With several targets in a release, what differs between them lies in folders of their names."""
    several = len({each.label for each in components}) > 1
    return f"{component.label}/{path}" if several and not path.startswith("licences/") else path


def write_release(
    path: Path, name: str, components: Sequence[Component], builder: str = "", commit: Commit | None = None
) -> None:
    """Write the archive; the same products give the same bytes. Raises EpochError, OSError."""
    date = source_date()
    write_atomically(path, tar_bytes(release_files(name, components, date, builder, commit), name, date))
