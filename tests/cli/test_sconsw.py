"""The wrapper: what it installs and when, with a Python that only writes down what it was asked to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = """#!/bin/sh
case "$*" in
"-c "*) exit 0 ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"- "*) cat >/dev/null; echo "link" >>"{log}" ;;
*) echo "$@" >>"{log}" ;;
esac
if [ -f "{log}.fail" ] && [ "$2" = pip ]; then exit 1; fi
"""


class Wrapper:
    """A folder with sconsw in it; the calls of its Python are in ``calls()`` afterwards."""

    def __init__(self, root: Path) -> None:
        self.root, self.log = root / "a checkout", root / "log"
        self.root.mkdir()
        for name in ("sconsw", "requirements.lock", "requirements-test.lock"):
            shutil.copy(ROOT / name, self.root)
        self.python = root / "python3"
        self.python.write_text(PYTHON.format(log=self.log))
        self.python.chmod(0o755)

    def run(self, *args: str, cwd: Path | None = None, status: int = 0) -> list[str]:
        """What the Python was called with, in words: "install FILE", "link", "scons ARGS"."""
        self.log.unlink(missing_ok=True)
        environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(self.python)}
        done = subprocess.run(
            [self.root / "sconsw", *args],
            env=environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [self._words(line) for line in lines]

    @staticmethod
    def _words(line: str) -> str:
        if "pip install" in line:
            assert "--require-hashes" in line
            return f"install {line.rsplit('/', 1)[-1]}"
        return line.replace("-m SCons", "scons").strip()


@pytest.fixture
def wrapper(tmp_path: Path) -> Wrapper:
    return Wrapper(tmp_path)


def test_first_use_installs_and_the_next_does_not(wrapper: Wrapper) -> None:
    assert wrapper.run("target=arm64", "model=m") == [
        "install requirements.lock",
        "link",
        "scons target=arm64 model=m",
    ]
    assert wrapper.run("-j2") == ["scons -j2"]


def test_tests_need_more_packages(wrapper: Wrapper) -> None:
    wrapper.run()
    assert wrapper.run("test") == ["install requirements-test.lock", "scons test"]
    assert wrapper.run("test") == ["scons test"]


def test_a_checkout_may_lie_in_a_folder_of_any_name_under_any_locale(tmp_path: Path) -> None:
    """With a real environment; packages are stand-ins."""
    root, site = tmp_path / "größer 木" / "a checkout", tmp_path / "site"
    for path, text in {
        root / "rules/mgecc/cli.py": "def main():\n    print('the command')\n",
        root / "rules/mgecc/__init__.py": "",
        site / "pip/__init__.py": "",
        site / "pip/__main__.py": "",
        site / "SCons/__init__.py": "",
        site / "SCons/__main__.py": "import mgecc.cli\nmgecc.cli.main()\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("sconsw", "requirements.lock"):
        shutil.copy(ROOT / name, root)
    for environment in ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "1"}):
        environment |= {"PYTHONPATH": str(site), "PYTHON": sys.executable, "PATH": os.environ["PATH"]}
        for command in (["./sconsw"], [".venv/bin/mgecc"]):
            done = subprocess.run(
                command, cwd=root, env=environment, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stdout) == (0, "the command\n"), done.stderr


def test_a_new_lock_file_is_installed(wrapper: Wrapper) -> None:
    wrapper.run()
    with (wrapper.root / "requirements.lock").open("a") as file:
        file.write("# newer\n")
    assert wrapper.run() == ["install requirements.lock", "link", "scons"]


def test_an_interrupted_installation_is_done_anew(wrapper: Wrapper) -> None:
    failing = Path(f"{wrapper.log}.fail")
    failing.touch()
    assert wrapper.run("x", status=1) == ["install requirements.lock"]
    (wrapper.root / ".venv" / "half").touch()
    failing.unlink()
    assert wrapper.run("x") == ["install requirements.lock", "link", "scons x"]
    assert not (wrapper.root / ".venv" / "half").exists()


def test_paths_are_meant_from_where_the_user_is(wrapper: Wrapper, tmp_path: Path) -> None:
    wrapper.run()
    assert wrapper.run("run", "input=cat.jpg", cwd=tmp_path) == [f"scons run input={tmp_path}/cat.jpg"]
    assert wrapper.run("run", "input=/cat.jpg", cwd=tmp_path) == ["scons run input=/cat.jpg"]


def test_python_without_venv_names_the_package(wrapper: Wrapper, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "cat", "cmp", "rm", "id"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    wrapper.python.write_text(
        '#!/bin/sh\ncase "$*" in "-m venv"*) exit 1 ;; *print*) echo python3.99-venv ;; esac\n'
    )
    environment = {"PATH": str(tools), "PYTHON": str(wrapper.python)}
    done = subprocess.run(
        [wrapper.root / "sconsw"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stderr.rstrip().endswith("sudo apt-get install python3.99-venv")


def test_without_python_it_says_what_is_needed(wrapper: Wrapper, tmp_path: Path) -> None:
    for tool in ("sh", "dirname", "cat", "cmp", "rm"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    done = subprocess.run(
        [wrapper.root / "sconsw"],
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith(
        "sconsw: Python 3.10 or newer is needed"
    )


def test_locks_pin_every_package_by_hash() -> None:
    for name in ("requirements.lock", "requirements-test.lock"):
        lines = (ROOT / name).read_text().splitlines()
        pins = [line for line in lines if "==" in line and not line.lstrip().startswith("#")]
        assert len(pins) > 10 and all(line.endswith("\\") for line in pins)
        assert not [line for line in lines if "://" in line]
