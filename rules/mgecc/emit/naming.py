"""Names in C text: identifiers from free text, symbols of kernels, text that is safe inside a comment."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache, lru_cache

from mgecc.kernels.base import Kernel
from mgecc.kernels.c_items import code_of
from mgecc.kernels.render import header_text, render_kernel
from mgecc.planner import IOTensor
from mgecc.targets import Isa, Target


def identifier(text: str) -> str:
    """Letters, digits and underscores of ``text``, everything else as one underscore; "_" if nothing is left."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "_"


def model_prefix(name: str) -> str:
    """What all C names of a model begin with; never the runtime's own prefix, never a digit."""
    word = re.sub(r"[^A-Za-z0-9_]+", "_", name).lstrip("_")
    taken = word.lower() in ("mgecc", "mgk", "mg") or not word or word[0].isdigit()
    return f"model_{word}" if taken else word


def unique(names: Iterable[str]) -> list[str]:
    """An identifier for each name, different also where only case differs: later ones get _2, _3, ..."""
    seen: set[str] = set()
    found = []
    for base in map(identifier, names):
        word, count = base, 1
        while word.lower() in seen:
            count += 1
            word = f"{base}_{count}"
        seen.add(word.lower())
        found.append(word)
    return found


def tensor_names(tensors: Iterable[IOTensor]) -> list[str]:
    """Identifiers of a model's inputs or outputs, in their order."""
    return unique(t.name for t in tensors)


def in_comment(text: str) -> str:
    """Free text on one line that cannot end a C comment."""
    printable = "".join(c if c.isprintable() and c != "\\" else "?" for c in text)
    return printable.replace("*/", "* /").replace("/*", "/ *")


def headers(kernels: Iterable[Kernel], target: Target) -> list[str]:
    """Names of the simd headers these kernels need, the ISA's own first."""
    return list(dict.fromkeys([target.isa, *(need for k in kernels for need in k.needs)]))


def code_alone(text: str) -> str:
    """C text without comments and layout: whoever indents it anew gets the same."""
    return " ".join(code_of(text).split())


@cache
def _header_code(name: str, isa: Isa) -> str:
    return code_alone(header_text(name, isa))


@lru_cache(maxsize=2048)
def kernel_digest(kernel: Kernel, target: Target) -> bytes:
    """Four bytes over everything that decides the machine code: text, headers, instruction set flags.

    Comments and layout decide nothing, and a library in which they alone have changed must not become another one.
    """
    parts = [code_alone(render_kernel(kernel, target))]
    parts += [_header_code(name, target.facts) for name in headers([kernel], target)]
    digest = hashlib.sha256()
    for part in [*parts, *target.cflags]:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.digest()[:4]


def kernel_symbol(kernel: Kernel, target: Target) -> str:
    """Linker name of a kernel: equal for equal kernels of different models, different for different text."""
    return f"mgk_{kernel.symbol}_{kernel_digest(kernel, target).hex()}"
