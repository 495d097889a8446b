"""A release: one tar archive with the products of models, their licences and their papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mgecc.package.archive import source_date, tar_bytes
from mgecc.package.papers import PROVENANCE, SBOM, SUMS, bill_of_materials, provenance, sums
from mgecc.package.parts import Part
from mgecc.toolrun.process import write_atomically


def release_files(name: str, parts: Sequence[Part], date: int) -> dict[str, bytes]:
    """Everything a release holds, by path. SHA256SUMS covers all other files, the papers the products."""
    files: dict[str, bytes] = {}
    for part in parts:
        for path, source in {**part.files, **part.notices}.items():
            files[_place(path, part, parts)] = source.read_bytes()
        files |= {_place(path, part, parts): text for path, text in part.texts.items()}
    papers = {SBOM: bill_of_materials(name, parts, files, date), PROVENANCE: provenance(parts, files)}
    files |= papers
    return files | {SUMS: sums(files)}


def _place(path: str, part: Part, parts: Sequence[Part]) -> str:
    """With several targets in a release, what differs between them lies in folders of their names."""
    several = len({each.label for each in parts}) > 1
    return f"{part.label}/{path}" if several and not path.startswith("licences/") else path


def write_release(path: Path, name: str, parts: Sequence[Part]) -> None:
    """Write the archive; the same products give the same bytes. Raises EpochError, OSError."""
    date = source_date()
    write_atomically(path, tar_bytes(release_files(name, parts, date), name, date))
