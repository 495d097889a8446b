"""Check an archive that ``scons release`` wrote, without a network: all that it says of its files is so.

The archive is hostile until checked: it is read within bounds, and nothing of it is unpacked or run. What this cannot
tell is who made it; that is what a signature is for (docs/releases.md).
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgecc.errors import DIFFERENT, InputError, Reported, printable
from mgecc.package.attestations import PREDICATE, PROVENANCE, SBOM, SPDX, STATEMENT, SUMS

_MOST_FILES = 100_000
_MOST_BYTES = 1 << 32
_MOST_TEXT = 1 << 26
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class ReleaseError(Reported):
    """The files are not what the archive says of them; ``str`` has a line for each."""

    status = DIFFERENT


@dataclass(frozen=True)
class Release:
    """What is in an archive with the folder ``root``. ``digests``: path -> SHA-256. ``texts``: of the attestations."""

    root: str
    digests: Mapping[str, str]
    texts: Mapping[str, bytes]

    @property
    def provenance(self) -> Any:
        return json.loads(self.texts[PROVENANCE])["predicate"]


def verify_release(path: Path) -> Release:
    """The release in ``path``, all of which is as it says itself.

    Raises InputError where that is no release, ReleaseError, OSError.
    """
    try:
        release = _read(path)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InputError(f"{path.name}: is no archive of a release: {printable(str(error))}") from None
    missing = [name for name in _SAID if name not in release.texts]
    if missing:
        raise InputError(f"{path.name}: is no archive of a release: it lacks {', '.join(missing)}")
    problems: dict[str, list[str]] = {}
    for name, said in _SAID.items():
        for problem in _problems(name, said, release):
            problems.setdefault(printable(problem), []).append(name)
    if problems:
        raise ReleaseError("\n".join(f"{text} {' and '.join(names)}" for text, names in problems.items()))
    return release


def summary(release: Release) -> list[str]:
    """What is in a release, in lines for people."""
    provenance = release.provenance
    definition, details = provenance["buildDefinition"], provenance["runDetails"]
    made_of = definition["resolvedDependencies"]
    commits = [row for row in made_of if "gitCommit" in row["digest"]]
    changed = {True: " with changes", False: ""}
    return [
        f"{release.root}: {len(release.digests)} files are as checksums, provenance and both bills of materials say",
        f"    builder  {details['builder']['id']}",
        *(
            f"    commit   {row['digest']['gitCommit']}{changed['annotations' in row]} {row.get('uri', '')}".rstrip()
            for row in commits
        ),
        *(f"    tool     {row['name']}" for row in made_of if "uri" in row and row not in commits),
        *(f"    holds    {name}" for name in sorted(definition["externalParameters"]) if "/" in name),
    ]


def _read(path: Path) -> Release:
    digests: dict[str, str] = {}
    texts: dict[str, bytes] = {}
    roots = set()
    with tarfile.open(path, "r:") as archive:
        for entry in _members(archive):
            root, _, name = entry.name.partition("/")
            roots.add(root)
            if name in digests:
                raise InputError(f"{path.name}: {printable(name)}: is there twice")
            digests[name] = _digest(archive, entry)
            if name in _SAID and entry.size <= _MOST_TEXT:
                texts[name] = _open(archive, entry).read()
    if len(roots) != 1:
        raise InputError(f"{path.name}: is no archive of a release: it holds {len(roots)} folders, not one")
    return Release(roots.pop(), digests, texts)


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The entries, all of them plain files below a folder, within bounds. Raises InputError."""
    size = 0
    for count, entry in enumerate(archive):
        size += entry.size
        if count >= _MOST_FILES or size > _MOST_BYTES:
            raise InputError(f"more than {_MOST_FILES} files or {_MOST_BYTES} bytes")
        parts = entry.name.split("/")
        if not entry.isreg() or len(parts) < 2 or {"", ".", ".."} & set(parts):
            raise InputError(f"{printable(entry.name)}: is no plain file in the folder of an archive")
        yield entry


def _open(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Any:
    file = archive.extractfile(entry)
    assert file is not None, "an entry that is a plain file"
    return file


def _digest(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    digest, file = hashlib.sha256(), _open(archive, entry)
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _problems(name: str, said: _Said, release: Release) -> list[str]:
    """Where the files are not as an attestation says, in words that its name ends."""
    try:
        told = said.digests(release.texts[name])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"{name}: is not {said.form}") from None
    covered = {path: digest for path, digest in release.digests.items() if path not in said.leaves_out}
    return [
        *(
            f"{path}: is another file in"
            for path in covered
            if told.get(path, covered[path]) != covered[path]
        ),
        *(f"{path}: is not in" for path in covered if path not in told),
        *(f"{path}: is not there, but in" for path in told if path not in covered),
    ]


def _sums(text: bytes) -> dict[str, str]:
    matches = [_LINE.fullmatch(line) for line in text.decode().splitlines()]
    if None in matches:
        raise ValueError(text)
    return {match[2]: match[1] for match in matches if match}


def _statement(text: bytes) -> dict[str, str]:
    document = json.loads(text)
    definition, details = document["predicate"]["buildDefinition"], document["predicate"]["runDetails"]
    if (document["_type"], document["predicateType"]) != (STATEMENT, PREDICATE):
        raise ValueError(text)
    # What ``summary`` reads is there.
    _ = [(row["name"], row["digest"].get("gitCommit")) for row in definition["resolvedDependencies"]]
    _ = [details["builder"]["id"], *definition["externalParameters"].keys()]
    return {row["name"]: row["digest"]["sha256"] for row in document["subject"]}


def _cyclonedx(text: bytes) -> dict[str, str]:
    rows = json.loads(text)["components"]
    return {row["name"]: row["hashes"][0]["content"] for row in rows if row["type"] == "file"}


def _spdx(text: bytes) -> dict[str, str]:
    sums = {
        row["fileName"].removeprefix("./"): {
            each["algorithm"]: each["checksumValue"] for each in row["checksums"]
        }
        for row in json.loads(text)["files"]
    }
    return {name: each["SHA256"] for name, each in sums.items()}


@dataclass(frozen=True)
class _Said:
    """How an attestation tells of files, and of which it does not."""

    form: str
    digests: Callable[[bytes], dict[str, str]]
    leaves_out: tuple[str, ...]


_OF_PRODUCTS = (SUMS, PROVENANCE, SBOM, SPDX)
_SAID = {
    SUMS: _Said("what sha256sum reads", _sums, (SUMS,)),
    PROVENANCE: _Said("SLSA provenance v1", _statement, (SUMS, PROVENANCE)),
    SBOM: _Said("CycloneDX", _cyclonedx, _OF_PRODUCTS),
    SPDX: _Said("SPDX", _spdx, _OF_PRODUCTS),
}
