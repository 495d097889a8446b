"""An archive of a release is checked against all that it says of itself, however it is damaged or forged."""

from __future__ import annotations

import io
import json
import random
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mgecc.cli import main
from mgecc.errors import InputError
from mgecc.package import Component
from mgecc.package.archive import tar_bytes
from mgecc.package.attestations import sums
from mgecc.package.release import release_files, write_release
from mgecc.package.verify_release import ReleaseError, summary, verify_release

Files = dict[str, bytes]


@pytest.fixture
def part(tmp_path: Path) -> Component:
    library = tmp_path / "lib.a"
    library.write_bytes(b"library")
    facts = {"target": "arm64", "toolchain": "zig-0.1"}
    return Component("net", "arm64", {"lib/libnet.a": library, "include/net.h": library}, facts=facts)


@pytest.fixture
def archive(tmp_path: Path, part: Component) -> Path:
    path = tmp_path / "net.tar"
    write_release(path, "net-arm64", [part], "https://ci.example")
    return path


def test_what_a_release_writes_is_as_it_says(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify_release(archive)
    assert found.root == "net-arm64" and "lib/libnet.a" in found.digests
    assert summary(found)[1:] == [
        "    builder  https://ci.example",
        "    tool     mgecc-0.1.0",
        "    holds    arm64/net",
    ]
    assert main(["verify-release", str(archive)]) == 0
    assert "6 files are as checksums" in capsys.readouterr().out


def changed(files: Files) -> None:
    files["lib/libnet.a"] = b"another"


def added(files: Files) -> None:
    files["lib/more.a"] = b"more"


def removed(files: Files) -> None:
    del files["include/net.h"]


def with_new_sums(change: Callable[[Files], None]) -> Callable[[Files], None]:
    def forge(files: Files) -> None:
        change(files)
        del files["SHA256SUMS"]
        files["SHA256SUMS"] = sums(files)

    return forge


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            changed,
            "lib/libnet.a: is another file in SHA256SUMS and provenance.intoto.json and sbom.cdx.json and sbom",
        ),
        (with_new_sums(changed), "lib/libnet.a: is another file in provenance.intoto.json and sbom"),
        (added, "lib/more.a: is not in SHA256SUMS and provenance"),
        (with_new_sums(added), "lib/more.a: is not in provenance"),
        (removed, "include/net.h: is not there, but in SHA256SUMS and provenance"),
        (with_new_sums(removed), "include/net.h: is not there, but in provenance"),
    ],
)
def test_a_file_that_is_not_as_told_is_named_with_who_tells(
    change: Callable[[Files], None],
    said: str,
    part: Component,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = release_files("r", [part], 0)
    change(files)
    path = tmp_path / "forged.tar"
    path.write_bytes(tar_bytes(files, "r", 0))
    with pytest.raises(ReleaseError) as caught:
        verify_release(path)
    assert str(caught.value).startswith(said) and "\n" not in str(caught.value)
    assert main(["verify-release", str(path)]) == 1
    assert said in capsys.readouterr().err


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as written:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(data)
        written.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        entry("r/link", tarfile.SYMTYPE, "/etc/passwd"),
        entry("r/link", tarfile.LNKTYPE, "r/other"),
        entry("r/device", tarfile.CHRTYPE),
        entry("/etc/passwd"),
        entry("r/../../x"),
        entry("alone"),
        entry("r/\x1b[2J"),
        entry("r/SHA256SUMS", data=b"\xff\xfe"),
        tar_bytes({"a": b"1"}, "r", 0)[:700],
    ],
)
def test_what_is_no_release_is_refused_with_a_line(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    assert main(["verify-release", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("mgecc: error: ") and error.count("\n") == 1 and "\x1b" not in error


@pytest.mark.parametrize("name", ["provenance.intoto.json", "sbom.cdx.json", "sbom.spdx.json", "SHA256SUMS"])
@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b"7", b"[" * 100_000, b'{"subject": 1, "components": [1], "files": {"a": 1}}']
)
def test_attestations_of_another_form_are_refused_with_a_line(
    name: str, text: bytes, part: Component, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = release_files("r", [part], 0) | {name: text}
    path = tmp_path / "x.tar"
    path.write_bytes(tar_bytes(files, "r", 0))
    assert main(["verify-release", str(path)]) in (1, 2)
    assert "defect" not in capsys.readouterr().err


def test_bytes_that_change_are_noticed_or_are_in_the_padding(archive: Path, tmp_path: Path) -> None:
    whole, chance = archive.read_bytes(), random.Random(7)
    started = time.process_time()
    before = dict(verify_release(archive).digests)
    for _ in range(400):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path = tmp_path / "mutant.tar"
        path.write_bytes(data)
        try:
            found = verify_release(path)
        except (ReleaseError, InputError):
            continue
        assert dict(found.digests) == before
    assert time.process_time() - started < 60


def test_the_recipe_for_signatures_works_and_notices_another_statement(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "releases.md").read_text()
    sign, check = (block.partition("\n```")[0] for block in page.split("```sh\n")[1:3])
    write_release(tmp_path / "digits-arm64.tar", "digits-arm64", [Component("net", "arm64", {})])
    for line in (
        "openssl genpkey -algorithm ed25519 -out key.pem",
        "openssl pkey -in key.pem -pubout -out key.pub.pem",
    ):
        assert line in page.replace("\n", " ")
        subprocess.run(line.split(), cwd=tmp_path, check=True)
    subprocess.run(["sh", "-ec", sign], cwd=tmp_path, check=True)
    envelope = json.loads((tmp_path / "digits-arm64.intoto.json").read_text())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    check = check.rpartition("\n")[0]  # the last line is what the tests above do
    subprocess.run(["sh", "-ec", check], cwd=tmp_path, check=True)
    (tmp_path / "digits-arm64.intoto.json").write_text(json.dumps(envelope | {"payload": "e30="}))
    assert subprocess.run(["sh", "-ec", check], cwd=tmp_path, check=False).returncode != 0
