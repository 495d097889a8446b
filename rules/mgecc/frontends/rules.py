"""Translation rules of a front end: what makes nodes of a node of the user's file, by the type that it has there."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mgecc.graph import Unsupported

Translate = TypeVar("Translate", bound=Callable[..., Sequence[Any]])
"""Gives the results of a node of the file, which it makes with a builder of what the node reads."""


@dataclass(frozen=True)
class Rule(Generic[Translate]):
    """``operator``: what stands for the node in lists and messages, even if others are made beside it.

    ``types``: all node types that the rule reads.
    """

    operator: str
    types: tuple[str, ...]
    translate: Translate


class Rules(Generic[Translate]):
    """The rules of one format. They stand in the modules of ``package``, which are found by themselves."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._rules: dict[str, Rule[Translate]] = {}
        self._loaded = False

    def add(self, operator: str, types: Sequence[str], translate: Translate) -> None:
        """Let ``translate`` read the node types; ValueError if one of them has a rule."""
        twice = sorted(self._rules.keys() & set(types))
        if twice:
            raise ValueError(f"{', '.join(twice)} is read by two rules")
        self._rules.update(dict.fromkeys(types, Rule(operator, tuple(types), translate)))

    def rule(self, operator: str, *types: str) -> Callable[[Translate], Translate]:
        """Let the decorated function read nodes of these types."""

        def register(translate: Translate) -> Translate:
            self.add(operator, types, translate)
            return translate

        return register

    def get(self, type_: str) -> Rule[Translate] | None:
        """The rule for a type, if there is one."""
        return self._all().get(type_)

    def find(self, type_: str) -> Rule[Translate]:
        """The rule for a type; Unsupported, with the nearest name, if there is none."""
        known = self._all()
        if type_ in known:
            return known[type_]
        near = difflib.get_close_matches(type_, sorted(known), n=1)
        nearest = f"the nearest supported operator is {near[0]}" if near else ""
        advice = nearest or "see `mgecc ops` for the supported operators"
        raise Unsupported(f"the operator {type_} is not supported", advice)

    def types_of(self, operator: str) -> tuple[str, ...]:
        """The node types that are read as ``operator``: rule by rule, in the order in which a rule states them."""
        # Rules register when their modules are imported, in an order that nothing may depend on.
        rules = {rule.types for rule in self._all().values() if rule.operator == operator}
        return tuple(type_ for types in sorted(rules) for type_ in types)

    def _all(self) -> dict[str, Rule[Translate]]:
        if not self._loaded:
            self._loaded = True
            package = importlib.import_module(self._package)
            for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
                importlib.import_module(f"{self._package}.{module}")
        return self._rules
