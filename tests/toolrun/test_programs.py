"""Starting tools and programs: nothing half-written, one line for what is missing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mgecc.config import InputConfig, Preprocess
from mgecc.errors import InputError
from mgecc.targets import load_target
from mgecc.toolrun import emulators
from mgecc.toolrun.pictures import load_picture
from mgecc.toolrun.process import ToolError, run_tool, write_atomically
from mgecc.toolrun.runner import RunError, choose_board
from PIL import Image


def script(text: str) -> list[str]:
    return [sys.executable, "-c", f"import sys; out = sys.argv[1]; {text}"]


def test_output_appears_only_when_the_tool_succeeds(tmp_path: Path) -> None:
    output = tmp_path / "sub" / "file"
    with pytest.raises(ToolError, match="said no"):
        run_tool(
            lambda out: [*script("open(out, 'w').write('half'); print('said no'); sys.exit(3)"), out], output
        )
    assert list(output.parent.iterdir()) == []
    assert (
        run_tool(lambda out: [*script("open(out, 'w').write('all'); print('done')"), out], output) == "done\n"
    )
    assert output.read_text() == "all" and list(output.parent.iterdir()) == [output]


def test_a_file_with_the_same_content_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"one")
    before = path.stat()
    write_atomically(path, b"one")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"


def test_the_first_board_that_is_large_enough() -> None:
    target = load_target("baremetal")
    names = [board["machine"] for board in target.boards]
    assert choose_board(target, 100_000, 50_000)["machine"] == names[0]
    assert choose_board(target, 14 << 20, 8 << 20)["machine"] == names[1]
    assert choose_board(load_target("arm64"), 1 << 40, 1 << 40) is None
    with pytest.raises(RunError, match="no board of target baremetal"):
        choose_board(replace(target, boards=target.boards[:1]), 14 << 20, 0)


def test_missing_emulator_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(emulators.EmulatorMissing, match=r"apt-get install qemu-user-static$"):
        emulators.find_emulator("qemu-arm-static")
    assert emulators.missing_packages() == ["qemu-system-arm", "qemu-user-static"]


def test_without_root_one_line_says_how_to_get_emulators(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(emulators.os, "geteuid", lambda: 1000)
    emulators.install_emulators()
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "sudo apt-get install" in said and "qemu-system-arm" in said


def test_pictures_become_inputs(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    Image.new("RGB", (10, 6), (255, 0, 51)).save(path)
    how = Preprocess(input="data", size=(3, 5), mean=(255.0, 0.0, 1.0), std=(1.0, 1.0, 10.0))
    array = load_picture(path, how)
    assert array.shape == (1, 3, 3, 5) and array.dtype == np.float32
    assert array[0, :, 1, 1].tolist() == [0.0, 0.0, 5.0]
    assert load_picture(path, Preprocess(input="data", size=(2, 2), colour="GRAY")).shape == (1, 1, 2, 2)
    last = load_picture(path, replace(how, layout="NHWC"))
    assert last.shape == (1, 3, 5, 3) and (last == array.transpose(0, 2, 3, 1)).all()
    bytes_last = InputConfig(dtype="uint8", layout="NHWC")
    given = load_picture(path, Preprocess(input="data", size=(3, 5), layout="NHWC"), bytes_last)
    assert given.shape == (1, 3, 5, 3) and given.dtype == np.uint8
    path.write_text("no picture")
    with pytest.raises(InputError, match="not a picture"):
        load_picture(path, how)


def test_a_processor_without_the_instructions_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulators.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(emulators, "_host_flags", lambda: frozenset({"avx2", "fma"}))
    assert emulators.launcher(load_target("x86_64", "v3")) == []
    with pytest.raises(
        emulators.EmulatorMissing, match="cannot run x86_64 with cpu v4: its processor has no avx512bw"
    ):
        emulators.launcher(load_target("x86_64", "v4"))
    monkeypatch.setattr(emulators.shutil, "which", lambda program: f"/bin/{program}")
    assert emulators.launcher(load_target("arm64"))[0] == "/bin/qemu-aarch64-static"
    monkeypatch.setattr(emulators.platform, "machine", lambda: "aarch64")
    assert emulators.launcher(load_target("x86_64"))[0] == "/bin/qemu-x86_64-static"
