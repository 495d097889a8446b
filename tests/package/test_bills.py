"""Bills of materials have what their formats ask for, checked by the libraries of the formats' makers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from mgecc.package import Component
from mgecc.package.release import release_files
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

REPORT = {
    "inputs": [{"name": "data", "shape": [1, 3, 8, 8], "dtype": "float32"}],
    "outputs": [{"name": "out", "shape": [1, 10], "dtype": "float32"}],
    "weights": 4096,
    "arena": 1024,
    "macs": 77,
}


def make(folder: Path, name: str, kind: str = "model", licence: str = "BSD-3-Clause") -> Component:
    folder.mkdir(exist_ok=True)
    model, report, library = (folder / file for file in (f"{name}.mge", f"{name}.json", f"{name}.a"))
    model.write_text(f"model {name}")
    report.write_text(json.dumps(REPORT))
    library.write_text(f"library {name}")
    return Component(
        name=name,
        label="arm64",
        files={f"lib/lib{name}.a": library, f"share/{name}/report.json": report},
        materials={f"{name}.mge": model},
        facts={"target": "arm64", "toolchain": "zig-0.1"},
        licence=licence,
        version="1.4",
        vendor="Acme Sensors",
        kind=kind,
        models=(model,),
    )


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    parts = [make(tmp_path, "net"), make(tmp_path, "app", "firmware", "our own")]
    return release_files("r", parts, 1700000000)


@pytest.fixture
def bill(files: dict[str, bytes]) -> Any:
    return json.loads(files["sbom.cdx.json"])


def rows(bill: Any) -> dict[str, Any]:
    return {row["bom-ref"]: row for row in bill["components"]}


def test_the_bill_is_valid_by_the_schema_of_its_makers(files: dict[str, bytes]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(files["sbom.cdx.json"].decode()) is None


def test_the_bill_has_the_minimum_elements(bill: Any) -> None:
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    assert bill["metadata"]["supplier"] == {"name": "Acme Sensors"}
    assert {tool["name"] for tool in bill["metadata"]["tools"]["components"]} == {"mgecc", "zig"}
    assert (bill["metadata"]["component"]["type"], bill["metadata"]["component"]["version"]) == (
        "firmware",
        "1.4",
    )
    model = rows(bill)["model-arm64-net"]
    assert (model["version"], model["supplier"]["name"]) == ("1.4", "Acme Sensors")
    assert model["purl"] == "pkg:generic/Acme%20Sensors/net@1.4"
    assert model["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(b"model net").hexdigest()}]


def test_licences_that_spdx_knows_are_told_by_their_id(bill: Any) -> None:
    licences = {name: row["licenses"] for name, row in rows(bill).items() if "licenses" in row}
    assert licences == {
        "mgecc-runtime": [{"license": {"id": "Apache-2.0"}}],
        "model-arm64-net": [{"license": {"id": "BSD-3-Clause"}}],
        "firmware-arm64-app": [{"license": {"name": "our own"}}],
    }


def test_relations_say_what_is_in_what(bill: Any) -> None:
    relations = {row["ref"]: set(row.get("dependsOn", ())) for row in bill["dependencies"]}
    assert relations["firmware-arm64-app"] == {"mgecc-runtime", "model-arm64-net"}
    assert relations["model-arm64-net"] == {"mgecc-runtime"}
    assert {"firmware-arm64-app", "model-arm64-net", "file-lib/libnet.a"} <= relations["release"]
    assert relations["release"] <= set(rows(bill))


def test_every_network_has_a_model_card(bill: Any) -> None:
    card = rows(bill)["model-arm64-net"]["modelCard"]
    assert card["modelParameters"]["inputs"] == [{"format": "data: float32 1x3x8x8"}]
    assert {row["name"]: row["value"] for row in card["properties"]} == {
        "mgecc:weights_bytes": "4096",
        "mgecc:arena_bytes": "1024",
        "mgecc:macs": "77",
    }
    assert "modelCard" not in rows(bill)["firmware-arm64-app"]


def test_several_networks_of_one_library_have_a_card_each(tmp_path: Path) -> None:
    one, other = make(tmp_path, "one"), make(tmp_path, "other")
    both = replace(one, name="pair", files=one.files | other.files)
    bill = json.loads(release_files("r", [both], 0)["sbom.cdx.json"])
    parts = rows(bill)["model-arm64-pair"]["components"]
    assert [(part["name"], "modelCard" in part) for part in parts] == [("one", True), ("other", True)]


def test_spdx_is_valid_by_the_library_of_its_makers(files: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "bill.spdx.json"
    path.write_bytes(files["sbom.spdx.json"])
    document = parse_file(str(path))
    assert validate_full_spdx_document(document) == []
    licences = {package.name: str(package.license_declared) for package in document.packages}
    assert (licences["net"], licences["app"], licences["mgecc-runtime"]) == (
        "BSD-3-Clause",
        "NOASSERTION",
        "Apache-2.0",
    )
    assert {file.name for file in document.files} == {
        f"./{name}" for name in files if name.startswith(("lib/", "share/"))
    }
