"""The wrapper: what it installs and when, with a Python that only writes down what it was asked to do."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = """#!/bin/sh
case "$*" in
"-c "*) exit 0 ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; while [ -f "{log}.slow" ]; do sleep 0.05; done ;;
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
    words = ["config=kws/model.yaml", "target=boards/mine.yaml+dot"]
    assert wrapper.run(*words, cwd=tmp_path) == [
        f"scons config={tmp_path}/kws/model.yaml target={tmp_path}/boards/mine.yaml+dot"
    ]
    assert wrapper.run("config=/x.json", "target=arm64,armv7", cwd=tmp_path) == [
        "scons config=/x.json target=arm64,armv7"
    ]


def test_of_two_first_uses_at_once_the_second_waits(wrapper: Wrapper) -> None:
    slow = Path(f"{wrapper.log}.slow")
    slow.touch()
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(wrapper.python)}
    command = [wrapper.root / "sconsw", "x"]
    uses = []
    for _ in range(2):
        uses.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        while not (wrapper.root / ".venv" / "bin").exists():
            time.sleep(0.02)
    assert uses[1].stderr and uses[1].stderr.readline().startswith("sconsw: waiting for another sconsw")
    slow.unlink()
    said = [use.communicate()[1] for use in uses]
    assert [use.returncode for use in uses] == [0, 0], said
    words = [wrapper._words(line) for line in wrapper.log.read_text().splitlines()]
    assert sorted(words) == ["install requirements.lock", "link", "scons x", "scons x"]


def test_a_build_does_not_hold_the_lock_of_the_set_up(wrapper: Wrapper) -> None:
    wrapper.run()
    with (wrapper.root / ".venv.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert wrapper.run("x") == ["scons x"]


def test_what_is_downloaded_is_said_before(wrapper: Wrapper) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(wrapper.python)}
    done = subprocess.run(
        [wrapper.root / "sconsw", "test"], env=environment, capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert len(lines) == 2 and all(
        re.search(r"downloads about \d+ MB and takes \d+ MB", line) for line in lines
    )


BARE = """#!/bin/sh
case "$*" in
"-m venv --without-pip"*) ;;
"-m venv"*) mkdir -p "$3/bin"; echo "ensurepip is not available" >&2; exit 1 ;;
esac
exec "{python}" "$@"
"""
# A wheel of pip that installs itself when it is run where it lies, and afterwards writes down what it is asked for.
STAND_IN = """import os, pathlib, shutil, sys, sysconfig, zipfile
if sys.argv[-1].endswith(".whl"):
    zipfile.ZipFile(sys.argv[-1]).extractall(sysconfig.get_path("purelib"))
else:
    pathlib.Path(os.environ["LOG"]).open("a").write(" ".join(sys.argv[1:]) + "\\n")
    scons = pathlib.Path(sysconfig.get_path("purelib"), "SCons")
    scons.mkdir()
    (scons / "__main__.py").write_text("print('scons runs')")
"""
PIP_WHEEL = "pip-25.3-py3-none-any.whl"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """Address of a package index with a pip of ours."""
    project = tmp_path / "index" / "simple" / "pip"
    project.mkdir(parents=True)
    with zipfile.ZipFile(project.parent / PIP_WHEEL, "w") as wheel:
        wheel.writestr("pip/__init__.py", "")
        wheel.writestr("pip/__main__.py", STAND_IN)
    links = (
        f'<a href="../pip-1.0.tar.gz">pip-1.0.tar.gz</a> <a href="../{PIP_WHEEL}#sha256=0">{PIP_WHEEL}</a>'
    )
    (project / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "index")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


@pytest.fixture
def bare(tmp_path: Path, index: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs sconsw with a Python without ensurepip; pip.lock has the digest of the pip of ``index``."""
    root = tmp_path / "checkout"
    (root / "site_scons").mkdir(parents=True)
    for name in ("sconsw", "requirements.lock", "site_scons/fetch_pip.py"):
        shutil.copy(ROOT / name, root / name)
    digest = hashlib.sha256((tmp_path / "index" / "simple" / PIP_WHEEL).read_bytes()).hexdigest()
    (root / "pip.lock").write_text(f"pip==25.3 \\\n    --hash=sha256:{digest}\n")
    python = tmp_path / "python3"
    # Not the one of an environment: its own packages must not be seen.
    python.write_text(BARE.format(python=os.path.realpath(sys.executable)))
    python.chmod(0o755)
    plain = {
        "PATH": os.environ["PATH"],
        "PYTHON": str(python),
        "HOME": str(tmp_path),
        "LOG": str(tmp_path / "pip.log"),
    }

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [root / "sconsw"], env=plain | environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize("told", ["environment", "configuration", "further index", "user and password"])
def test_a_python_without_pip_gets_it_from_the_index_that_pip_would_ask(
    bare: Callable[..., subprocess.CompletedProcess[str]], index: str, told: str, tmp_path: Path
) -> None:
    environment = {
        "environment": {"PIP_INDEX_URL": index},
        "further index": {"PIP_INDEX_URL": f"{index}/none", "PIP_EXTRA_INDEX_URL": index},
        "user and password": {"PIP_INDEX_URL": index.replace("://", "://me:p%40ss@")},
    }.get(told, {})
    if told == "configuration":
        (tmp_path / ".config" / "pip").mkdir(parents=True)
        (tmp_path / ".config" / "pip" / "pip.conf").write_text(f"[global]\nindex-url = {index}/\n")
    done = bare(**environment)
    assert (done.returncode, done.stdout) == (0, "scons runs\n"), done.stderr
    assert "this Python has no pip: fetching it" in done.stderr
    assert "--require-hashes -r" in (tmp_path / "pip.log").read_text()
    assert not list((tmp_path / "checkout" / ".venv").glob("*.whl"))


APT = """#!/bin/sh
case "$*" in
*update) touch "{folder}/updated" ;;
*download*) [ -f "{folder}/updated" ] && cp "{folder}/pip.deb" . ;;
esac
"""


def test_without_an_index_of_its_own_the_wheel_is_debians(
    bare: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is Debian's: apt-get install dpkg")
    package, tools = tmp_path / "package", tmp_path / "tools"
    wheels = package / "usr" / "share" / "python-wheels"
    for folder in (package / "DEBIAN", wheels, tools):
        folder.mkdir(parents=True)
    (package / "DEBIAN" / "control").write_text(
        "Package: pip\nVersion: 1\nArchitecture: all\nMaintainer: none\nDescription: none\n"
    )
    shutil.copy(tmp_path / "index" / "simple" / PIP_WHEEL, wheels)
    subprocess.run(["dpkg-deb", "-b", package, tools / "pip.deb"], check=True, capture_output=True)
    (tools / "apt-get").write_text(APT.format(folder=tools))
    (tools / "apt-get").chmod(0o755)
    done = bare(PATH=f"{tools}:{os.environ['PATH']}", PIP_CONFIG_FILE=os.devnull)
    assert (done.returncode, done.stdout) == (0, "scons runs\n"), done.stderr
    assert not (tmp_path / "checkout" / ".venv" / "deb").exists()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: (folder / PIP_WHEEL).write_bytes(b"forged"), "is not the file that pip.lock names"),
        (lambda folder: (folder / "pip" / "index.html").write_text("<html>"), f"has no {PIP_WHEEL}"),
        (lambda folder: shutil.rmtree(folder), "127.0.0.1: "),
    ],
)
def test_without_a_pip_that_is_right_it_says_why_and_what_helps(
    bare: Callable[..., subprocess.CompletedProcess[str]],
    index: str,
    spoil: Callable[[Path], object],
    why: str,
    tmp_path: Path,
) -> None:
    spoil(tmp_path / "index" / "simple")
    done = bare(PIP_INDEX_URL=index)
    last = done.stderr.splitlines()
    assert done.returncode == 1 and "cannot fetch pip: " in last[-2] and why in last[-2]
    assert "sudo apt-get install python3." in last[-1] and "Traceback" not in done.stderr
    assert not (tmp_path / "pip.log").exists()


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
    assert done.returncode == 1 and done.stderr.rstrip().endswith(
        "sudo apt-get install python3.99-venv ca-certificates"
    )


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


def test_the_lock_of_pip_pins_one_file() -> None:
    text = (ROOT / "pip.lock").read_text()
    assert re.fullmatch(r"(#.*\n)*pip==[\d.]+ \\\n    --hash=sha256:[0-9a-f]{64}\n", text)


def test_locks_pin_every_package_by_hash() -> None:
    for name in ("requirements.lock", "requirements-test.lock"):
        lines = (ROOT / name).read_text().splitlines()
        pins = [line for line in lines if "==" in line and not line.lstrip().startswith("#")]
        assert len(pins) > 10 and all(line.endswith("\\") for line in pins)
        assert not [line for line in lines if "://" in line]
