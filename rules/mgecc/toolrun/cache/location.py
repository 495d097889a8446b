"""From ``cache=``, or the environment of a command, to a cache."""

from __future__ import annotations

import atexit
import errno
import os
import urllib.parse
from functools import cache as remember
from pathlib import Path

from mgecc.toolrun.cache.cache import Cache
from mgecc.toolrun.cache.store import FolderStore
from mgecc.toolrun.diskfull import warn

_SCHEMES = ("http", "https")
_VARIABLE = "MGECC_CACHE"
_MOST_OBJECTS = 256 << 20  # bytes
# A path that cannot become a folder, as one that is not there or may not be read can.
_NO_FOLDERS = (errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


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
    from mgecc.toolrun.cache.server import ServerStore  # its libraries take time to load

    shown = f"{scheme}://{parts.netloc.rpartition('@')[2]}"
    return Cache(ServerStore(location), shown, mode == "rw")


def objects_cache() -> Cache | None:
    """The cache of commands outside of a build: ``MGECC_CACHE``, a folder or ``off``; else one of the user's own."""
    return _objects_cache(os.environ.get(_VARIABLE, ""), os.environ.get("XDG_CACHE_HOME", ""))


@remember
def _objects_cache(named: str, caches: str) -> Cache | None:
    folder = None if named == "off" else Path(named) if named else _own_folder(caches)
    return _in_folder(folder, "rw", _MOST_OBJECTS) if folder else None


def _own_folder(caches: str) -> Path | None:
    """``mgecc`` among the user's caches; None where there is no such place, or others may write there."""
    folder = Path(caches if os.path.isabs(caches) else os.path.expanduser("~/.cache"), "mgecc")
    try:
        if folder.is_absolute():
            folder.mkdir(0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    private = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return folder if private and os.access(folder, os.W_OK) else None


def _in_folder(folder: Path, mode: str, limit: int = FolderStore.limit) -> Cache | None:
    try:
        os.stat(folder / "ac")
    except OSError as error:
        if error.errno in _NO_FOLDERS:
            warn(f"cache {folder}: {error.strerror}; going on without it")
            return None
    store = FolderStore(folder, limit)
    cache = Cache(store, str(folder), mode == "rw")

    def finish() -> None:
        if cache.written:
            store.trim()

    atexit.register(finish)
    return cache
