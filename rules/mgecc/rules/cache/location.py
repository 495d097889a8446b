"""From ``cache=`` to a cache."""

from __future__ import annotations

import atexit
import urllib.parse
from pathlib import Path

from mgecc.rules.cache.cache import Cache
from mgecc.rules.cache.store import FolderStore

_SCHEMES = ("http", "https")


def open_cache(location: str, mode: str = "rw") -> Cache | None:
    """The cache at a folder or an http(s) address; None if there is none to be used. Raises ValueError."""
    if not location or mode == "off":
        return None
    scheme = location.partition("://")[0] if "://" in location else ""
    if not scheme:
        return _in_folder(Path(location), mode)
    parts = urllib.parse.urlsplit(location)
    if scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(f"cache={location}: neither a folder nor http://HOST/... nor https://HOST/...")
    from mgecc.rules.cache.server import ServerStore  # its libraries take time to load

    shown = f"{scheme}://{parts.netloc.rpartition('@')[2]}"
    return Cache(ServerStore(location), shown, mode == "rw")


def _in_folder(folder: Path, mode: str) -> Cache:
    store = FolderStore(folder)
    cache = Cache(store, str(folder), mode == "rw")

    def finish() -> None:
        if cache.written:
            store.trim()

    atexit.register(finish)
    return cache
