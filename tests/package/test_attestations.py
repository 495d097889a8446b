"""Checksums, bill of materials and provenance say what is so, and say it the same way every time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import mgecc
import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from mgecc.names import compiler_id
from mgecc.package import Component
from mgecc.package.archive import EpochError, source_date, tar_bytes
from mgecc.package.attestations import BUILD_TYPE, SUMS
from mgecc.package.release import release_files
from mgecc.package.repository import Commit, public_uri


def component(folder: Path, name: str, label: str) -> Component:
    folder.mkdir(exist_ok=True)
    for file in ("lib.a", "model.mge", "LICENSE"):
        (folder / file).write_text(f"{file} of {name} for {label}")
    facts = {
        "target": label,
        "cpu": "",
        "toolchain": "zig-0.1",
        "optimize": "speed",
        "flags": {label: ["-O2"]},
    }
    return Component(
        name,
        label,
        {f"lib/lib{name}.a": folder / "lib.a"},
        {f"licences/{name}/LICENSE": folder / "LICENSE"},
        {"model.mge": folder / "model.mge"},
        facts=facts,
        licence="CC0-1.0",
    )


def attested(components: list[Component], date: int = 0) -> tuple[dict[str, bytes], Any, Any]:
    files = release_files("r", components, date)
    return files, json.loads(files["sbom.cdx.json"]), json.loads(files["provenance.intoto.json"])


def test_checksums_cover_every_other_file(tmp_path: Path) -> None:
    files, _, _ = attested([component(tmp_path / "a", "net", "arm64")])
    rows = [line.split("  ") for line in files[SUMS].decode().splitlines()]
    assert {name: value for value, name in rows} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != SUMS
    }


def test_several_targets_lie_in_folders_of_their_names(tmp_path: Path) -> None:
    files, _, statement = attested(
        [component(tmp_path / "a", "net", "arm64"), component(tmp_path / "b", "net", "armv7")]
    )
    assert {"arm64/lib/libnet.a", "armv7/lib/libnet.a", "licences/net/LICENSE"} <= set(files)
    assert set(statement["predicate"]["buildDefinition"]["externalParameters"]) == {"arm64/net", "armv7/net"}


def test_provenance_has_the_digests_of_all_that_went_in_and_came_out(tmp_path: Path) -> None:
    files, _, statement = attested([component(tmp_path / "a", "net", "arm64")])
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    subject = {row["name"]: row["digest"]["sha256"] for row in statement["subject"]}
    assert subject["lib/libnet.a"] == hashlib.sha256(files["lib/libnet.a"]).hexdigest()
    definition = statement["predicate"]["buildDefinition"]
    inputs = {row["name"]: row["digest"]["sha256"] for row in definition["resolvedDependencies"]}
    assert inputs["net/model.mge"] == hashlib.sha256((tmp_path / "a" / "model.mge").read_bytes()).hexdigest()
    assert compiler_id() in inputs.values()
    assert definition["internalParameters"]["flags"] == {"arm64/net": {"arm64": ["-O2"]}}
    assert definition["externalParameters"]["arm64/net"]["toolchain"] == "zig-0.1"


def test_the_statement_is_one_for_the_library_of_its_makers(tmp_path: Path) -> None:
    files, _, _ = attested([component(tmp_path / "a", "net", "arm64")])
    message = json_format.Parse(files["provenance.intoto.json"], statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    provenance = json_format.ParseDict(
        json_format.MessageToDict(message.predicate), provenance_pb2.Provenance()
    )
    assert provenance.build_definition.build_type.endswith("#mgecc/package/build_type.md")


def test_the_build_type_is_a_page_of_the_package() -> None:
    subpath = BUILD_TYPE.partition("#mgecc/")[2]
    assert (Path(mgecc.__file__).parent / subpath).is_file()


def test_who_builds_and_when_is_told_where_it_is_known(tmp_path: Path) -> None:
    parts = [component(tmp_path / "a", "net", "arm64")]
    known = json.loads(
        release_files("r", parts, 9, "https://ci.example", Commit("c0"))["provenance.intoto.json"]
    )
    assert known["predicate"]["runDetails"]["builder"]["id"] == "https://ci.example"
    assert known["predicate"]["buildDefinition"]["externalParameters"]["SOURCE_DATE_EPOCH"] == 9
    unknown = attested(parts)[2]["predicate"]
    assert unknown["runDetails"]["builder"]["id"] == "about:unknown-builder"
    assert set(unknown["buildDefinition"]["externalParameters"]) == {"arm64/net"}


@pytest.mark.parametrize(
    ("remote", "uri"),
    [
        ("https://me:secret@git.example:8443/a/b.git", "git+https://git.example:8443/a/b.git"),
        ("git@git.example:a/b.git", "git+ssh://git.example/a/b.git"),
        ("ssh://git@git.example/a/b", "git+ssh://git.example/a/b"),
        ("/home/me/tree", ""),
        ("file:///home/me/tree", ""),
        ("../tree", ""),
        ("https://[broken/a", ""),
        ("", ""),
    ],
)
def test_a_remote_is_told_without_secrets_and_places_of_the_machine(remote: str, uri: str) -> None:
    assert public_uri(remote) == uri


def test_other_contents_have_another_serial_number(tmp_path: Path) -> None:
    one, same, other = (
        attested([component(tmp_path / "a", name, "arm64")])[1] for name in ("net", "net", "met")
    )
    assert one == same and one["serialNumber"] != other["serialNumber"]


def test_archives_do_not_depend_on_order(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"b": b"2", "a/c": b"1"}
    assert tar_bytes(files, "r", 0) == tar_bytes(dict(reversed(files.items())), "r", 0)
    for text in ("now", "-1", "1e9", "9" * 40):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
        with pytest.raises(EpochError):
            source_date()
