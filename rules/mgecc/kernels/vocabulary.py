"""The vocabulary that kernels reach: of the headers of the ``simd`` folder, the definitions that some kernel refers to.

Mark and sweep (McCarthy 1960) over definitions, as linkers drop sections without references (``--gc-sections``): the
identifiers of the kernels are the roots. Readers of generated C find what its kernels use and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from mgecc.kernels.c_items import Branch, Conditional, Item, directive, items, words
from mgecc.kernels.render import header_file, header_text, included
from mgecc.targets import Isa

_GUARD = re.compile(r"\s*#ifndef (\w+_H)\n#define \1\n(.*)#endif\s*", re.DOTALL)
_EXTERNAL = {"include", "pragma", "error"}


@dataclass(frozen=True)
class _Header:
    """A header without its guard and the headers it includes. ``about``: the comment at its start."""

    name: str
    about: str
    body: tuple[Item | Conditional, ...]


def vocabulary(names: Iterable[str], isa: Isa, users: Iterable[str]) -> str:
    """C text of what ``users``, texts of C, reach in the headers of these names, in the order of the headers."""
    headers = _headers(tuple(names), isa)
    kept = _reached(headers, frozenset().union(*map(words, users)))
    return "\n".join(_text(header, kept) for header in headers if _branch(header.body, kept))


@lru_cache(maxsize=256)
def _headers(names: tuple[str, ...], isa: Isa) -> tuple[_Header, ...]:
    """Headers and what they include, each once and behind those it includes first."""
    macros: dict[str, Item] = {}
    seen: set[str] = set()
    return tuple(each for name in names for each in _parts(name, isa, seen, macros))


def _parts(name: str, isa: Isa, seen: set[str], macros: dict[str, Item]) -> Iterator[_Header]:
    """A header, cut where it includes others of its folder."""
    about, guard, text = _unguarded(header_file(name, isa).read_text(encoding="utf-8"))
    if guard in seen:
        return
    seen |= {guard} if guard else set()
    piece = ""
    for line in text.splitlines(keepends=True):
        if not included(line) or _is_open(piece):
            piece += header_text(included(line), isa) if included(line) else line
            continue
        yield _Header(name, about, tuple(items(piece, macros)))
        yield from _parts(included(line), isa, seen, macros)
        about, piece = "", ""
    yield _Header(name, about, tuple(items(piece, macros)))


def _is_open(piece: str) -> bool:
    """Whether a conditional begins in it that does not end in it."""
    return len(re.findall(r"^#if", piece, re.MULTILINE)) > len(re.findall(r"^#endif", piece, re.MULTILINE))


def _unguarded(text: str) -> tuple[str, str, str]:
    """The comment a header starts with, the macro that guards it and its text without both."""
    about = re.match(r"/\*.*?\*/\n", text, re.DOTALL)
    start = about[0] if about else ""
    found = _GUARD.fullmatch(text[len(start) :])
    return (start, found[1], found[2]) if found else (start, "", text[len(start) :])


_Found: TypeAlias = tuple[Item, frozenset[str]]


def _all(body: Iterable[Item | Conditional], conditions: frozenset[str]) -> Iterator[_Found]:
    """Items with the identifiers of the conditions they stand under."""
    for each in body:
        if isinstance(each, Item):
            yield each, conditions
            continue
        tested = frozenset().union(*(words(branch.directive) for branch in each.branches))
        for branch in each.branches:
            yield from _all(branch.body, conditions | tested)


def _reached(headers: Iterable[_Header], roots: frozenset[str]) -> frozenset[Item]:
    """Items that the roots refer to, directly or through others, and those whose names nobody can tell."""
    definitions: dict[str, list[_Found]] = {}
    waiting = list(roots)
    for found in (found for header in headers for found in _all(header.body, frozenset())):
        for name in found[0].defines:
            definitions.setdefault(name, []).append(found)
        if not found[0].defines and directive(found[0].code) not in _EXTERNAL:
            waiting += _mentioned(found, definitions)
    waiting += _pasted(roots, definitions)
    kept: set[Item] = set()
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        fresh = [] if name in seen else definitions.get(name, [])
        seen.add(name)
        kept.update(item for item, _ in fresh)
        waiting += [word for found in fresh for word in _mentioned(found, definitions)]
    return frozenset(kept)


def _mentioned(found: _Found, definitions: dict[str, list[_Found]]) -> list[str]:
    item, tested = found
    return [*item.refers, *tested, *_pasted(item.refers - item.defines - {item.invoked}, definitions)]


def _pasted(used: Iterable[str], definitions: dict[str, list[_Found]]) -> list[str]:
    """Names that the macros among those used may put together."""
    forms = [item.pasted for name in used for item, _ in definitions.get(name, []) if item.pasted]
    return [name for name in definitions for form in forms if form.fullmatch(name)]


def _is_kept(item: Item, kept: frozenset[Item]) -> bool:
    return item in kept or not item.defines


def _branch(body: Iterable[Item | Conditional], kept: frozenset[Item]) -> str:
    texts = []
    for each in body:
        if isinstance(each, Conditional):
            texts.append(_conditional(each.branches, kept))
        elif _is_kept(each, kept):
            texts.append(each.text)
    return "".join(texts)


def _conditional(branches: Iterable[Branch], kept: frozenset[Item]) -> str:
    """Without the last branches that hold nothing any more; those before them decide which branch is taken."""
    texts = [(branch.directive, _branch(branch.body, kept)) for branch in branches]
    while texts and not texts[-1][1]:
        texts.pop()
    return "".join(line + body for line, body in texts) + "#endif\n" if texts else ""


def _text(header: _Header, kept: frozenset[Item]) -> str:
    text = re.sub(r"\n{3,}", "\n\n", f"{header.about}\n{_branch(header.body, kept)}")
    return f"/* ---- {header.name}.h ---- */\n{text.lstrip()}"
