"""What a cache can be kept in: the interface, and a folder."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

Sink = Callable[[bytes], object]
CHUNK = 1 << 18


class StoreError(Exception):
    """The store cannot be used now; ``str`` says why. ``final``: trying again will not help."""

    def __init__(self, why: str, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


class Store(Protocol):
    """Bytes by name; names are ``ac/<64 hex digits>`` and ``cas/<64 hex digits>``."""

    def read(self, name: str, sink: Sink) -> bool:
        """Hand the bytes to ``sink`` in parts; False if there are none. Raises StoreError."""

    def write(self, name: str, path: Path) -> None:
        """Keep a file's content under ``name``. Raises StoreError."""


def file_digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        copy(file, digest.update)
    return digest.hexdigest()


def copy(file: BinaryIO, sink: Sink) -> None:
    while part := file.read(CHUNK):
        sink(part)


def _open_entry(path: Path) -> BinaryIO:
    """A file to read. A pipe would be waited for, and a link leads out of the cache."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise StoreError(_no_file(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise StoreError(_no_file(path))
    return os.fdopen(handle, "rb")


def _no_file(path: Path) -> str:
    return f"entry {path.name[:12]} is no file"


@dataclass(frozen=True)
class FolderStore:
    """A folder of files. ``limit``: bytes that are kept from one build to the next."""

    folder: Path
    limit: int = 4 << 30

    def _path(self, name: str) -> Path:
        kind, digest = name.split("/")
        return self.folder / kind / digest[:2] / digest

    def read(self, name: str, sink: Sink) -> bool:
        try:
            with _open_entry(self._path(name)) as file:
                copy(file, sink)
                os.utime(file.fileno())  # what is used stays longest, see trim
        except FileNotFoundError:
            return False
        except OSError as error:
            # A folder that may be read and not written still serves.
            if not isinstance(error, PermissionError) or not os.access(self._path(name), os.R_OK):
                raise StoreError(str(error)) from None
        return True

    def write(self, name: str, path: Path) -> None:
        target = self._path(name)
        partial = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, partial = tempfile.mkstemp(dir=target.parent, prefix=".")
            with os.fdopen(handle, "wb") as out, path.open("rb") as file:
                shutil.copyfileobj(file, out, CHUNK)
            if file_digest(Path(partial)) != file_digest(path):
                raise StoreError("what was written is not what is read back")
            os.replace(partial, target)
        except OSError as error:
            final = not isinstance(error, IsADirectoryError)
            raise StoreError(error.strerror or str(error), final) from None
        finally:
            if partial and os.path.exists(partial):
                os.unlink(partial)

    def trim(self) -> None:
        """Forget what was not used for the longest time until the folder is within its limit."""
        found = []
        for path in self.folder.glob("*/??/*"):
            try:
                status = path.lstat()
            except OSError:
                continue
            if not stat.S_ISDIR(status.st_mode):
                found.append((status.st_mtime, status.st_size, path))
        excess = sum(size for _, size, _ in found) - self.limit
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size
