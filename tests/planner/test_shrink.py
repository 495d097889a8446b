"""Where size is the goal, nodes share kernels; where it is not, each takes its fastest."""

from mgecc.graph import Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import FLOAT32
from mgecc.kernels import Call, Candidate, Kernel
from mgecc.planner.shrink import Choice, share_kernels

SMALL, FAST, OTHER = (Kernel(name, "k.c.j2", ()) for name in ("small", "fast", "other"))


def node() -> Node:
    x, y = (Value(name, TensorType((4,), FLOAT32)) for name in "xy")
    return Node("Op", "n", NoAttrs(), [x], [y])


def candidate(kernel: Kernel, cost: float, code: int, block: int = 1) -> Candidate:
    return Candidate(lambda n: [Call(kernel, ())], cost, (block,), (block,), code)


def kernels(chosen: list[Choice]) -> list[str]:
    return [c.candidate.build(c.node)[0].kernel.symbol for c in chosen]


def test_a_node_takes_a_kernel_that_another_one_needs() -> None:
    only = candidate(SMALL, 100, 500)
    fast, small = candidate(FAST, 100, 500), candidate(SMALL, 300, 500)
    chosen = [Choice(node(), only, (only,)), Choice(node(), fast, (fast, small))]
    assert kernels(share_kernels(chosen)) == ["small", "small"]


def test_speed_is_not_given_away_for_a_few_bytes() -> None:
    only = candidate(SMALL, 100, 500)
    fast, small = candidate(FAST, 100, 10), candidate(SMALL, 1e7, 500)
    chosen = [Choice(node(), only, (only,)), Choice(node(), fast, (fast, small))]
    assert kernels(share_kernels(chosen)) == ["small", "fast"]


def test_layouts_stay() -> None:
    only = candidate(SMALL, 100, 500)
    fast, blocked = candidate(FAST, 100, 500), candidate(SMALL, 100, 500, block=4)
    chosen = [Choice(node(), only, (only,)), Choice(node(), fast, (fast, blocked))]
    assert kernels(share_kernels(chosen)) == ["small", "fast"]


def test_several_nodes_give_up_a_kernel_together() -> None:
    only = candidate(SMALL, 100, 500)
    fast, small = candidate(FAST, 100, 500), candidate(SMALL, 300, 500)
    chosen = [Choice(node(), only, (only,)), *(Choice(node(), fast, (fast, small)) for _ in range(3))]
    assert kernels(share_kernels(chosen)) == ["small"] * 4


def test_several_nodes_keep_a_kernel_that_saves_more_than_its_code() -> None:
    only = candidate(SMALL, 100, 500)
    fast, small = candidate(FAST, 100, 500), candidate(SMALL, 3e5, 500)
    chosen = [Choice(node(), only, (only,)), *(Choice(node(), fast, (fast, small)) for _ in range(3))]
    assert kernels(share_kernels(chosen)) == ["small", *["fast"] * 3]
