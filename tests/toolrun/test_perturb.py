"""Strange surroundings for the builds that ``scons reproduce`` compares."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mgecc.toolrun import interpreters, perturb
from mgecc.toolrun.interpreters import PythonError, find_pythons

LOOK = """
import datetime, glob, json, os, pathlib, time
folder = pathlib.Path("names")
with os.scandir(folder) as entries:
    scanned = [entry.name for entry in entries]
walked = next(os.walk(folder))[2]
print(json.dumps({
    "times": [time.time(), time.time_ns() / 1e9, time.mktime(time.localtime()),
              datetime.datetime.now().timestamp(), datetime.datetime.now(datetime.timezone.utc).timestamp()],
    "years": [time.strftime("%Y"), str(time.gmtime().tm_year), time.ctime()[-4:],
              str(datetime.date.today().year), str(datetime.datetime.utcnow().year)],
    "given": [time.gmtime(0).tm_year, time.strftime("%Y", time.gmtime(0))],
    "names": [os.listdir(folder), [path.name for path in folder.iterdir()], scanned, walked],
}))
"""


def test_a_process_sees_another_time_and_another_order(tmp_path: Path) -> None:
    import json
    import time

    text = Path(perturb.__file__).read_text(encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(f"{text}\nchange()\n", encoding="utf-8")
    (tmp_path / "names").mkdir()
    for name in ("b", "a", "c"):
        (tmp_path / "names" / name).touch()
    words = [sys.executable, "-W", "ignore", "-c", LOOK]
    environment = os.environ | {"PYTHONPATH": os.fspath(tmp_path), "TZ": "UTC"}
    said = subprocess.run(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, check=True).stdout
    seen = json.loads(said)
    later = time.time() + perturb.SECONDS
    assert all(abs(moment - later) < 60 for moment in seen["times"])
    assert set(seen["years"]) <= {str(time.gmtime(later + day).tm_year) for day in (-86400, 0, 86400)}
    assert seen["given"] == [1970, "1970"]
    assert seen["names"] == [["c", "b", "a"]] * 4


def test_the_process_that_tests_is_left_alone() -> None:
    assert os.listdir is perturb._LISTDIR


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PythonError, match=r"python=/nowhere/python: there is no such interpreter"):
        find_pythons(["/nowhere/python"], tmp_path)
    with pytest.raises(PythonError, match=r"python=python3.99: there"):
        find_pythons(["3.99"], tmp_path)


def test_an_interpreter_with_the_packages_is_taken_as_it_is(tmp_path: Path) -> None:
    assert find_pythons([sys.executable], tmp_path) == [sys.executable]


def test_packages_that_are_missing_are_installed_as_the_lock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "_NEEDED", "import no_such_package")
    with pytest.raises(
        PythonError, match="lacks packages that a build needs, and there is no requirements.lock"
    ):
        find_pythons([sys.executable], tmp_path)
    (tmp_path / "requirements.lock").touch()
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(interpreters, "_call", lambda *words: calls.append(words))
    (python,) = find_pythons([sys.executable], tmp_path)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert python == os.fspath(tmp_path / "build" / ".tools" / f"python-{version}" / "bin" / "python")
    assert calls[0][1:3] == ("-m", "venv") and "--require-hashes" in calls[1] and calls[1][0] == python
