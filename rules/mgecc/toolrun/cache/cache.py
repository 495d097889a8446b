"""Fetching the outputs of a step instead of making them, and keeping those that were made."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from mgecc.toolrun.cache.result import Damaged, Output, Result, decode
from mgecc.toolrun.cache.store import Store, StoreError, file_digest
from mgecc.toolrun.diskfull import warn

MODES = ("rw", "ro", "off")
_MAX_RESULT = 1 << 20


def action_key(step: str, inputs: Sequence[tuple[str, str]], outputs: Sequence[str]) -> str:
    """SHA-256 over a step's meaning: command without paths, names and digests of inputs, names of outputs."""
    text = json.dumps(["mgecc-1", step, [list(pair) for pair in inputs], list(outputs)])
    return sha256(text.encode()).hexdigest()


class Cache:
    """A cache in use. Safe to call from threads; never raises for a fault of the store's."""

    def __init__(self, store: Store, shown: str, writable: bool = True) -> None:
        self._store, self._shown = store, shown
        self._readable, self._writable = True, writable
        self._lock = threading.Lock()
        self.written = False

    def fetch(self, key: str, outputs: Mapping[str, Path]) -> Result | None:
        """Bring the outputs of a step into place; None if the cache has not all of them, whole."""
        if not self._readable:
            return None
        partial = {name: path.with_name(f"{path.name}.partial") for name, path in outputs.items()}
        try:
            result = self._fetch(key, partial)
            for name in partial if result else ():
                os.replace(partial[name], outputs[name])
            return result
        except Damaged as damage:
            self._say(f"entry ac/{key[:12]} is damaged ({damage}) and is made anew")
        except StoreError as error:
            self._readable = self._readable and not error.final
            self._give_up(error, "going on without it" if error.final else "made here instead")
        finally:
            for path in partial.values():
                path.unlink(missing_ok=True)
        return None

    def _fetch(self, key: str, places: Mapping[str, Path]) -> Result | None:
        data = bytearray()

        def take(part: bytes) -> None:
            data.extend(part)
            if len(data) > _MAX_RESULT:
                raise Damaged("it is too long")

        if not self._store.read(f"ac/{key}", take):
            return None
        result = decode(bytes(data), key)
        if sorted(output.name for output in result.outputs) != sorted(places):
            raise Damaged("it is of other files")
        found = all(self._fetch_file(output, places[output.name]) for output in result.outputs)
        return result if found else None

    def _fetch_file(self, output: Output, place: Path) -> bool:
        digest = sha256()
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:

                def take(part: bytes) -> None:
                    digest.update(part)
                    file.write(part)
                    if file.tell() > output.size:
                        raise Damaged(f"{output.name} is too long")

                if not self._store.read(f"cas/{output.digest}", take):
                    return False
                size = file.tell()
        except OSError as error:
            raise StoreError(f"cannot write {place.name}: {error.strerror or error}") from None
        if size != output.size or digest.hexdigest() != output.digest:
            raise Damaged(f"the content of {output.name} is another")
        return True

    def keep(self, key: str, outputs: Mapping[str, Path], said: str) -> None:
        """Keep what a step has written: contents first, then the result that names them."""
        if not self._writable:
            return
        try:
            kept = []
            for name, path in outputs.items():
                kept.append(Output(name, file_digest(path), path.stat().st_size))
                self._store.write(f"cas/{kept[-1].digest}", path)
            self._keep_result(key, Result(tuple(kept), said).encode(key))
            self.written = True
        except StoreError as error:
            self._writable = self._writable and not error.final
            self._give_up(error, "nothing more is kept" if error.final else "not kept")
        except OSError as error:
            self._say(f"{error.strerror or error}; not kept")

    def fetch_text(self, key: str) -> str | None:
        """A text kept under ``key``, which names no outputs."""
        result = self.fetch(key, {})
        return result.said if result else None

    def keep_text(self, key: str, text: str) -> None:
        """Keep a text; what is said of outputs holds for it, too."""
        self.keep(key, {}, text)

    def _keep_result(self, key: str, data: bytes) -> None:
        handle, name = tempfile.mkstemp(prefix="mgecc-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            self._store.write(f"ac/{key}", Path(name))
        finally:
            os.unlink(name)

    def _give_up(self, error: StoreError, consequence: str) -> None:
        if str(error) != "given up":
            self._say(f"{error}; {consequence}")

    def _say(self, text: str) -> None:
        with self._lock:
            warn(f"cache {self._shown}: {text}")
