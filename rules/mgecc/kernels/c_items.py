"""Top-level definitions of C headers, each with the names it defines and the names it refers to.

A reader of the preprocessor's and the declarations' outline (C99 6.10 and 6.7) for the headers of kernels. It errs on
the safe side: an item whose names it cannot tell has none, and whoever drops unused items keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

_LITERAL = r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])+'"
_LITERAL_OR_COMMENT = re.compile(rf"{_LITERAL}|/\*.*?\*/|//[^\n]*", re.DOTALL)
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_PASTED = re.compile(r"(?:\w+\s*##\s*)+\w+")
_INVOCATION = re.compile(r"([A-Z][A-Z0-9_]*)\(([^()]*)\);?")
_STARTS, _ENDS = ("if", "ifdef", "ifndef"), ("elif", "else", "endif")


def code_of(text: str) -> str:
    """C text with a space for each comment."""
    return _LITERAL_OR_COMMENT.sub(lambda found: found[0] if found[0][0] in "\"'" else " ", text)


def words(text: str) -> frozenset[str]:
    """The identifiers of C text, those of its comments not."""
    return frozenset(_WORD.findall(code_of(text)))


@dataclass(frozen=True)
class Item:
    """A definition, a declaration or a directive, with the comments before it; ``macros``: those defined before it."""

    text: str
    macros: dict[str, Item] = field(repr=False, hash=False, compare=False)

    @cached_property
    def code(self) -> str:
        return code_of(self.text).strip()

    @cached_property
    def invoked(self) -> str:
        """The macro, defined before, that the item begins with: it writes definitions or the head of one."""
        found = _INVOCATION.match(self.code)
        return found[1] if found and found[1] in self.macros else ""

    @cached_property
    def _expansion(self) -> str:
        """The code, with the macro that it begins with expanded."""
        found = _INVOCATION.match(self.code)
        if not found or not self.invoked:
            return self.code
        head = _expanded(self.macros[found[1]].code, [word.strip() for word in found[2].split(",")])
        return head + self.code[found.end() :]

    @cached_property
    def defines(self) -> frozenset[str]:
        """Names; none for what is not understood."""
        if not self.invoked:
            return frozenset() if _INVOCATION.match(self.code) else _declared(self.code)
        inner = items(self._expansion, {})
        return frozenset().union(*(each.defines for each in inner if isinstance(each, Item)))

    @cached_property
    def refers(self) -> frozenset[str]:
        return frozenset([*_WORD.findall(self._expansion), *([self.invoked] if self.invoked else [])])

    @cached_property
    def pasted(self) -> re.Pattern[str] | None:
        """What names that a macro puts together look like: of ``mg_##op##4`` it is ``mg_\\w+4``."""
        parts = [self._form(found[0]) for found in _PASTED.finditer(self.code)]
        return re.compile("|".join(parts)) if parts else None

    def _form(self, pasting: str) -> str:
        parameters = words(re.match(r"#define\s+\w+\(([^)]*)\)|", self.code)[1] or "")  # type: ignore[index]
        return "".join(r"\w+" if part in parameters else part for part in re.split(r"\s*##\s*", pasting))


@dataclass(frozen=True)
class Branch:
    """One branch of a conditional: its directive and what it holds."""

    directive: str
    body: tuple[Item | Conditional, ...]


@dataclass(frozen=True)
class Conditional:
    """``#if`` to ``#endif`` outside of a definition."""

    branches: tuple[Branch, ...]


def items(text: str, macros: dict[str, Item] | None = None) -> list[Item | Conditional]:
    """The top-level items of C text in their order; ``macros``: those defined before, to which its own are added."""
    return list(_body(_pieces(text), {} if macros is None else macros)[0])


def directive(text: str) -> str:
    """The name of a preprocessor directive; "" for other text."""
    found = re.match(r"\s*#\s*(\w+)", text)
    return found[1] if found else ""


def _body(pieces: Iterator[str], macros: dict[str, Item]) -> tuple[tuple[Item | Conditional, ...], str]:
    """Items up to the end of the branch that ``pieces`` are in, and the directive that ends it."""
    body: list[Item | Conditional] = []
    for piece in pieces:
        word = directive(code_of(piece))
        if word in _ENDS:
            return tuple(body), piece
        if word in _STARTS:
            body.append(_conditional(piece, pieces, macros))
            continue
        item = Item(piece, macros)
        if word == "define":
            macros.update(dict.fromkeys(_declared(item.code), item))
        body.append(item)
    return tuple(body), "#endif\n"


def _conditional(line: str, pieces: Iterator[str], macros: dict[str, Item]) -> Conditional:
    branches: list[Branch] = []
    while directive(code_of(line)) != "endif":
        body, end = _body(pieces, macros)
        branches.append(Branch(line, body))
        line = end
    return Conditional(tuple(branches))


def _pieces(text: str) -> Iterator[str]:
    """Items as text; comments and empty lines before an item belong to it, what follows the last one is left out."""
    piece = ""
    lines = text.splitlines(keepends=True)
    for line, following in zip(lines, [*lines[1:], ""]):
        piece += line
        if _is_whole(code_of(piece).strip(), following):
            yield piece
            piece = ""


def _is_whole(code: str, following: str) -> bool:
    """Whether an item ends here. A comment that is still open has no ``*/`` and stays text."""
    if not code or code.startswith("/*"):
        return False
    if code.startswith("#"):
        return not code.endswith("\\")
    bare = re.sub(_LITERAL, "", code)
    level = bare.count("(") + bare.count("{") - bare.count(")") - bare.count("}")
    invoked = bare.endswith(")") and not following.lstrip().startswith("{")
    return level == 0 and (bare[-1] in ";}" or invoked)


def _declared(code: str) -> frozenset[str]:
    """Names that a definition or declaration without comments defines."""
    if found := re.match(r"#\s*(?:define|undef)\s+(\w+)", code):
        return frozenset([found[1]])
    bare = _ATTRIBUTE.sub(" ", code)
    if bare.startswith(("typedef", "enum", "struct", "union")):
        tags = re.findall(r"\b(?:struct|union|enum)\s+(\w+)", bare.partition("{")[0])
        inside = _WORD.findall(bare) if "enum" in bare.partition("{")[0] else []
        last = re.findall(r"(\w+)\s*(?:\[[^\]]*\]\s*)*;$", bare)
        return frozenset([*tags, *inside, *last])
    head = re.split(r"[{=;]", bare, maxsplit=1)[0]
    found = re.search(r"(\w+)\s*\(", head) or re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", head)
    return frozenset([found[1]]) if found and not head.startswith("#") else frozenset()


def _expanded(macro: str, arguments: list[str]) -> str:
    """The text of ``#define NAME(a, b) ...`` for arguments."""
    found = re.match(r"#\s*define\s+\w+\(([^)]*)\)(.*)", macro.replace("\\\n", "\n"), re.DOTALL)
    if found is None:
        return ""
    names = [name.strip() for name in found[1].split(",")]
    given = dict(zip(names, arguments))
    if names[-1] == "...":
        given["__VA_ARGS__"] = ", ".join(arguments[len(names) - 1 :])
    text = _WORD.sub(lambda word: given.get(word[0], word[0]), found[2])
    return re.sub(r"\s*##\s*", "", text)
