"""`mgecc run --profile`: instructions of every layer under QEMU, times on this machine, as a table and as a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mgecc import cli
from mgecc.errors import FAILED
from mgecc.toolrun import instructions, profile, runner

MODELS = Path(__file__).parents[2] / "models"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiled")
    assert cli.main(["compile", str(MODELS / "digits"), "--target", "arm64v7", "--out", str(folder)]) == 0
    return folder


def profiled(file: Path, *more: str, target: str = "arm64v7") -> Json:
    args = ["run", str(MODELS / "digits"), "--target", target, "--profile", str(file), *more]
    assert cli.main(args) == 0
    document: Json = json.loads(file.read_text(encoding="utf-8"))
    return document


def test_instructions_are_counted_by_layer_and_are_the_same_again(products: Path, tmp_path: Path) -> None:
    first = profiled(tmp_path / "a.json", "--products", str(products))
    again = profiled(tmp_path / "b.json", "--products", str(products))
    assert first == again
    plans = first["otherData"]["plans"]
    assert [(plan["target"], plan["unit"]) for plan in plans] == [
        ("arm64", "instructions"),
        ("armv7", "instructions"),
    ]
    for plan in plans:
        assert sum(step["cost"] for step in plan["steps"]) == plan["total"] == sum(plan["kernels"].values())
        assert sum(step["share"] for step in plan["steps"]) == pytest.approx(1, abs=1e-4)
        convolutions = [step for step in plan["steps"] if step["operator"] == "ConvBias"]
        assert all(1 < step["of_ideal"] < 8 for step in convolutions)


def test_a_board_without_a_clock_is_counted(tmp_path: Path) -> None:
    (plan,) = profiled(tmp_path / "p.json", target="cortex-m4f")["otherData"]["plans"]
    assert plan["unit"] == "instructions" and plan["total"] > 500_000
    assert max(plan["steps"], key=lambda step: step["cost"])["operator"] == "ConvBias"


def test_a_program_that_does_not_end_is_told_in_a_line(
    products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "TIMEOUT_SECONDS", 1e-3)
    args = ["run", str(MODELS / "digits"), "--target", "arm64v7", "--products", str(products)]
    assert cli.main([*args, "--profile", str(tmp_path / "p.json")]) == FAILED
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "mgecc: error: arm64: no result after 0.001 s" and len(said) == 2


def test_this_machine_is_measured_by_its_clock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plan,) = profiled(tmp_path / "p.json", target="x86_64")["otherData"]["plans"]
    assert plan["unit"] == "ns" and plan["total"] > 0
    said = capsys.readouterr().out
    assert "of ideal" in said and all(step["layer"] in said for step in plan["steps"])


def spans(trace: Json, pid: int, tid: int) -> list[Json]:
    return [e for e in trace["traceEvents"] if e["ph"] == "X" and (e["pid"], e["tid"]) == (pid, tid)]


def test_the_trace_has_what_the_trace_event_format_asks_for(products: Path, tmp_path: Path) -> None:
    trace = profiled(tmp_path / "t.json", "--products", str(products))
    assert trace["displayTimeUnit"] in ("ms", "ns")
    for event in trace["traceEvents"]:
        assert event["ph"] in ("M", "X") and isinstance(event["name"], str)
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int)
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name") and isinstance(event["args"]["name"], str)
        else:
            assert event["ts"] >= 0 and event["dur"] >= 0 and isinstance(event["args"], dict)
    for pid, plan in enumerate(trace["otherData"]["plans"], 1):
        for track in (1, 2):
            events = spans(trace, pid, track)
            ends = [event["ts"] + event["dur"] for event in events]
            assert [event["ts"] for event in events[1:]] == pytest.approx(ends[:-1])
            assert ends[-1] == pytest.approx(plan["total"] / 1000)
        assert [event["name"] for event in spans(trace, pid, 1)] == [step["layer"] for step in plan["steps"]]


def test_where_nothing_counts_the_emulators_clock_does(
    products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions, "_COMPILERS", ())
    monkeypatch.setattr(instructions, "zig_program", lambda: None)
    plans = profiled(tmp_path / "p.json", "--products", str(products))["otherData"]["plans"]
    assert {plan["unit"] for plan in plans} == {"ns"}
    assert all(step["of_ideal"] is None for plan in plans for step in plan["steps"])
    assert "note: arm64: instructions cannot be counted: no C compiler" in capsys.readouterr().err
    args = ["run", str(MODELS / "digits"), "--target", "cortex-m4f", "--profile", str(tmp_path / "q.json")]
    assert cli.main(args) == 3
    assert "the emulated board has no clock" in capsys.readouterr().err


def test_the_plugin_is_compiled_by_zig_where_nothing_else_is(
    products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_host = profiled(tmp_path / "a.json", "--products", str(products))
    monkeypatch.setattr(instructions, "_COMPILERS", ())
    assert profiled(tmp_path / "b.json", "--products", str(products)) == by_host


def test_an_emulator_that_loads_no_plugin_is_told(
    products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(folder: Path) -> Path:
        (folder / "libcount.so").write_text("no library")
        return folder / "libcount.so"

    monkeypatch.setattr(profile, "build_counter", broken)
    plans = profiled(tmp_path / "p.json", "--products", str(products))["otherData"]["plans"]
    assert {plan["unit"] for plan in plans} == {"ns"}
    assert "instructions cannot be counted: qemu-aarch64: " in capsys.readouterr().err


def test_profiling_leaves_the_products_alone(products: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in products.rglob("*") if path.is_file()}
    profiled(tmp_path / "p.json", "--products", str(products))
    assert {path: path.read_bytes() for path in products.rglob("*") if path.is_file()} == before


def test_a_profile_is_of_a_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(MODELS / "digits"), "--profile", str(tmp_path / "p.json")]) == 2
    assert "--profile are for a target" in capsys.readouterr().err


def test_the_report_shows_what_was_measured(
    products: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = profiled(tmp_path / "p.json", "--products", str(products))
    page = tmp_path / "report.html"
    assert cli.main(["report", str(products), "--profile", str(tmp_path / "p.json"), "--out", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("Measured instructions</h3>") == 2 and text.count(">Of ideal<") == 2
    cost = max(step["cost"] for plan in document["otherData"]["plans"] for step in plan["steps"])
    assert f'<td data-n="{cost}">' in text
    capsys.readouterr()
    assert cli.main(["report", str(products), "--profile", str(tmp_path / "p.json"), "--json-output"]) == 0
    assert json.loads(capsys.readouterr().out)["profile"] == document["otherData"]["plans"]


@pytest.mark.parametrize("change", ["digest", "steps", "format", "text", "missing"])
def test_a_profile_of_something_else_is_refused(
    change: str, products: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.json"
    document = profiled(file, "--products", str(products))
    about = document["otherData"]
    if change == "digest":
        about["plans"][0]["sha256"] = "0" * 64
    elif change == "steps":
        about["plans"][1]["steps"][0]["layer"] = "other"
    elif change == "format":
        about["format"] = "other"
    file.write_text("{" if change == "text" else json.dumps(document), encoding="utf-8")
    if change == "missing":
        file.unlink()
    capsys.readouterr()
    out = tmp_path / "report.html"
    assert cli.main(["report", str(products), "--profile", str(file), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("mgecc: error: ") and "p.json" in said and said.count("\n") == 1
    assert not out.exists()
