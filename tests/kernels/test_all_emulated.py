"""What tests of kernels run on this machine, once more on Arm and on a Cortex-M: all shapes of a file in one program.

The tests are called with collectors in place of what runs their cases.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from cases import Cases
from checks import make as make_node
from emulated import run_emulated
from harness import all_candidates
from mgecc import ops
from mgecc.graph import Node
from mgecc.targets import Target, load_target
from quantised import fresh
from specials import with_specials

MODULES = (
    "test_attention", "test_choose", "test_copy", "test_elemwise", "test_elemwise_half", "test_fakequant",
    "test_gathers", "test_generate", "test_index", "test_linalg", "test_norm", "test_recurrent_kernels", "test_reduce",
    "test_relayout", "test_resize", "test_roi", "test_sort", "test_warp", "test_window",
)  # fmt: skip
RUNNERS = frozenset({"agree", "cases", "check"})  # names by which test modules run cases
# Programs are loaded as one file.
_MOST_WAYS = 400
Collected = tuple[Callable[[], Node], Sequence[np.ndarray], Callable[..., None]]


@dataclass
class Collector:
    """Stands for the runners of a test module on one target."""

    target: Target
    module: ModuleType
    found: list[Collected] = field(default_factory=list)

    @contextmanager
    def cases(self, _: Target) -> Iterator[Cases]:
        held = Cases(self.target)
        yield held
        self.found += held.collected
        held.ways |= {way.why for case in held.collected for _, way in held.candidates(case[0])}

    def _take(self, make: Callable[[], Node], inputs: Sequence[np.ndarray], compare: Callable) -> None:
        """Also with specials, denormals among them where the target has them."""
        for given in with_specials(make(), inputs, denormals=self.target.isa != "neon32"):
            self.found.append((make, given, compare))

    def agree(self, op: str, attrs: dict[str, Any], pairs: Sequence[Any], _: Target, **limits: Any) -> None:
        outputs = limits.pop("outputs", None)
        limits = {"rtol": 1e-5, "atol": 1e-5} | limits

        def compare(got: Sequence[np.ndarray], want: Sequence[np.ndarray]) -> None:
            for a, b in list(zip(want, got, strict=True))[:outputs]:
                np.testing.assert_allclose(b, a, **limits)

        # Nodes of several candidates may not share values, whose types say their layout.
        def make() -> Node:
            return make_node(op, attrs, [(type(v)(v.name, v.type, const=v.const), x) for v, x in pairs])

        self._take(make, [x for _, x in pairs], compare)

    def check(self, tested: Node, _: Target, inputs: Sequence[np.ndarray], *limits: float) -> object:
        """Stands for the module's own function of this signature, and gives what it would."""
        rtol, atol = (*limits, *(self.own_check.__defaults__ or (0.0, 0.0))[len(limits) :])

        def compare(got: Sequence[np.ndarray], want: Sequence[np.ndarray]) -> None:
            for a, b in zip(want, got, strict=True):
                if a.dtype == np.float16 and not rtol:
                    there = ~np.isnan(a)
                    np.testing.assert_array_equal(~np.isnan(b), there)
                    np.testing.assert_array_max_ulp(b[there], a[there], 1)
                elif a.dtype.kind == "f":
                    np.testing.assert_allclose(b, a, rtol=rtol, atol=atol)
                else:
                    np.testing.assert_array_equal(b, a)

        self._take(lambda: fresh(tested), inputs, compare)
        blocks = [way.out_blocks[0] for way in all_candidates(fresh(tested), self.target)]
        return len(blocks) if self.own_check.__annotations__["return"] == "int" else blocks

    def runners(self) -> dict[str, Callable]:
        """What takes the place of the module's functions that run cases."""
        own = vars(self.module)
        if "check" in own and "tested" in own["check"].__code__.co_varnames:
            self.own_check = own["check"]
        return {n: getattr(self, n) for n in RUNNERS & set(own) if n != "check" or hasattr(self, "own_check")}


def _parametrised(test: Callable[..., None], target: Target) -> Iterator[dict[str, Any]]:
    """The arguments of every call that pytest makes of a test, with another target."""
    choices: list[list[dict[str, Any]]] = []
    for mark in getattr(test, "pytestmark", ()):
        names, values = mark.args
        names = [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)
        if names != ["target"]:
            choices.append([dict(zip(names, v if len(names) > 1 else (v,))) for v in values])
    for picked in itertools.product(*choices):
        yield {"target": target} | {name: value for part in picked for name, value in part.items()}


def _runs_cases(test: Callable[..., None], runners: set[str]) -> bool:
    return "target" in inspect.signature(test).parameters and bool(runners & set(test.__code__.co_names))


def collect(module: ModuleType, target: Target, patch: pytest.MonkeyPatch) -> list[Collected]:
    """All cases that a module's tests hand to what runs them."""
    collector = Collector(target, module)
    runners = collector.runners()
    for name, runner in runners.items():
        patch.setattr(module, name, runner)
    for name, test in vars(module).items():
        if name.startswith("test_") and callable(test) and _runs_cases(test, set(runners)):
            for arguments in _parametrised(test, target):
                test(**arguments)
    return collector.found


@pytest.mark.parametrize("target_name", ["arm64", "armv7", "baremetal"])
@pytest.mark.parametrize("module_name", MODULES)
def test_every_case_gives_its_meaning_on_emulated_targets(
    module_name: str, target_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = load_target(target_name)
    found = collect(importlib.import_module(module_name), target, monkeypatch)
    assert len(found) >= 20
    held = Cases(target)
    ways = [(case, *way) for case in found for way in held.candidates(case[0])]
    for start in range(0, len(ways), _MOST_WAYS):
        part = ways[start : start + _MOST_WAYS]
        results = run_emulated([(node, way, case[1]) for case, node, way in part], target_name)
        for ((make, inputs, compare), _, _), got in zip(part, results, strict=True):
            compare(got, ops.evaluate(make(), inputs))
