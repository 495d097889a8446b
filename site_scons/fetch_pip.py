"""Fetches the wheel of pip that pip.lock names, for a Python that comes without pip: fetch_pip.py LOCK FOLDER.

It asks the package indexes that pip's environment variables and configuration files name, and believes nothing that
has not the digest of the lock file. Prints the path of the wheel; ends with status 3 where there is none
and pip would ask its usual one. Needs no package.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import os
import re
import ssl
import sys
import urllib.request
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

NO_INDEX = 3
LONGEST = 60  # seconds of silence


class _Links(HTMLParser):
    """Addresses that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


def config_files() -> list[Path]:
    """Where pip looks for its configuration, the strongest last."""
    if os.environ.get("PIP_CONFIG_FILE") == os.devnull:
        return []
    home = Path(os.environ.get("HOME", "/nonexistent"))
    system = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    user = os.environ.get("XDG_CONFIG_HOME") or home / ".config"
    files = [*(Path(folder, "pip/pip.conf") for folder in reversed(system.split(":"))), Path("/etc/pip.conf")]
    files += [home / ".pip/pip.conf", Path(user, "pip/pip.conf")]
    return files + [Path(path) for path in [os.environ.get("PIP_CONFIG_FILE")] if path]


def option(name: str) -> str:
    """What pip was told by the environment or its configuration; empty for nothing."""
    told = os.environ.get(f"PIP_{name.upper().replace('-', '_')}", "")
    config = configparser.RawConfigParser()
    config.read(config_files())
    sections = [config[key] for key in ("install", "global") if config.has_section(key)]
    return told or next((section[name] for section in sections if name in section), "")


def open_url(url: str) -> bytes:
    """What lies at an address, which may name a user and a password. Raises OSError, HTTPException."""
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    request = urllib.request.Request(parts._replace(netloc=place).geturl())
    if user:
        request.add_header("Authorization", f"Basic {base64.b64encode(unquote(user).encode()).decode()}")
    context = ssl.create_default_context(cafile=option("cert") or None)
    with urllib.request.urlopen(request, timeout=LONGEST, context=context) as answer:
        return answer.read()


def find_wheel(name: str) -> bytes:
    """The bytes of a file of the project pip, from the first index that has it. Raises OSError."""
    errors = []
    for index in [*option("index-url").split(), *option("extra-index-url").split()]:
        page = f"{index.rstrip('/')}/pip/"
        links = _Links()
        try:
            links.feed(open_url(page).decode("utf-8", "replace"))
            for link in links.found:
                if unquote(urlsplit(link).path).rpartition("/")[2] == name:
                    return open_url(urljoin(page, link))
        except (OSError, HTTPException, ValueError) as error:
            errors.append(f"{urlsplit(page).hostname or page}: {getattr(error, 'reason', error)}")
    raise OSError(errors[0] if errors else f"the package index has no {name}")


def fetch(lock: Path, folder: Path) -> Path:
    """Write the wheel into ``folder``; OSError says why that cannot be."""
    text = lock.read_text(encoding="utf-8")
    version = re.findall(r"^pip==(\S+)", text, re.MULTILINE)[0]
    digests = re.findall(r"--hash=sha256:([0-9a-f]{64})", text)
    path = folder / f"pip-{version}-py3-none-any.whl"
    data = find_wheel(path.name)
    if hashlib.sha256(data).hexdigest() not in digests:
        raise OSError(f"{path.name} is not the file that {lock.name} names")
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    try:
        print(fetch(Path(sys.argv[1]), Path(sys.argv[2])))
    except (OSError, ValueError, configparser.Error) as error:
        print(f"sconsw: cannot fetch pip: {error}", file=sys.stderr)
        sys.exit(1 if option("index-url") else NO_INDEX)
