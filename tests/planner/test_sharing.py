"""Which values share memory: views, parts of a concatenation, results over operands that die."""

from mgecc.graph import Graph, TensorType, Value
from mgecc.graph.types import FLOAT32
from mgecc.kernels import Alias, Call, Candidate, Kernel
from mgecc.planner.buffers import ScheduledNode, Sharing

KERNEL = Kernel("k", "k.c.j2", ())


def value(name: str, size: int = 16) -> Value:
    return Value(name, TensorType((size,), FLOAT32))


def step(
    inputs: list[Value], output: Value, inplace: tuple[int, ...] = (), aliases: tuple[Alias, ...] = ()
) -> ScheduledNode:
    calls = () if aliases else (Call(KERNEL, (*inputs, output)),)
    candidate = Candidate(lambda node: [], 1.0, (1,) * len(inputs), (1,), inplace=inplace, aliases=aliases)
    return ScheduledNode(calls, tuple(inputs), (output,), candidate)


def graph(inputs: list[Value], outputs: list[Value]) -> Graph:
    return Graph("g", inputs, [], [(v.name, v) for v in outputs])


def test_a_result_may_overwrite_an_operand_that_dies() -> None:
    x, a, b = value("x"), value("a"), value("b")
    sharing = Sharing(graph([x], [b]), [step([x], a), step([a], b, inplace=(0,))])
    assert sharing.buffer[a] is sharing.buffer[b]


def test_an_operand_that_is_read_later_is_kept() -> None:
    x, a, b, c = value("x"), value("a"), value("b"), value("c")
    steps = [step([x], a), step([a], b, inplace=(0,)), step([a, b], c)]
    sharing = Sharing(graph([x], [c]), steps)
    assert sharing.buffer[a] is not sharing.buffer[b]


def test_an_output_of_the_model_is_never_overwritten() -> None:
    x, a, b = value("x"), value("a"), value("b")
    sharing = Sharing(graph([x], [a, b]), [step([x], a), step([a], b, inplace=(0,))])
    assert sharing.buffer[a] is not sharing.buffer[b]


def test_an_operand_used_twice_is_not_overwritten() -> None:
    x, a, b = value("x"), value("a"), value("b")
    sharing = Sharing(graph([x], [b]), [step([x], a), step([a, a], b, inplace=(0,))])
    assert sharing.buffer[a] is not sharing.buffer[b]


def test_a_view_has_the_memory_of_its_source() -> None:
    x, a, b = value("x"), value("a"), value("b")
    sharing = Sharing(graph([x], [b]), [step([x], a), step([a], b, aliases=(Alias(b, a, 0),))])
    assert sharing.buffer[b] is sharing.buffer[a]
    assert sharing.buffer[a].last == 3


def test_parts_of_a_concatenation_are_computed_in_place() -> None:
    x, a, b, whole = value("x"), value("a"), value("b"), value("whole", 32)
    copies = tuple(
        Call(KERNEL, (part, whole), (), Alias(part, whole, 64 * i)) for i, part in enumerate((a, b))
    )
    candidate = Candidate(lambda node: [], 1.0, (1, 1), (1,))
    last = ScheduledNode(copies, (a, b), (whole,), candidate)
    sharing = Sharing(graph([x], [whole]), [step([x], a), step([x], b), last])
    assert sharing.dropped == set(copies)
    assert (sharing.offset(a), sharing.offset(b)) == (0, 64)
    assert len({id(sharing.buffer[v]) for v in (a, b, whole)}) == 1


def test_a_value_concatenated_twice_is_copied_once() -> None:
    x, a, whole = value("x"), value("a"), value("whole", 32)
    copies = tuple(Call(KERNEL, (a, whole), (), Alias(a, whole, 64 * i)) for i in range(2))
    last = ScheduledNode(copies, (a, a), (whole,), Candidate(lambda node: [], 1.0, (1, 1), (1,)))
    sharing = Sharing(graph([x], [whole]), [step([x], a), last])
    assert sharing.dropped == {copies[0]}


def test_an_input_of_the_model_is_copied_into_a_concatenation() -> None:
    x, a, whole = value("x"), value("a"), value("whole", 32)
    copies = tuple(
        Call(KERNEL, (part, whole), (), Alias(part, whole, 64 * i)) for i, part in enumerate((x, a))
    )
    last = ScheduledNode(copies, (x, a), (whole,), Candidate(lambda node: [], 1.0, (1, 1), (1,)))
    sharing = Sharing(graph([x], [whole]), [step([x], a), last])
    assert sharing.dropped == {copies[1]}


def concat(parts: list[Value], whole: Value) -> ScheduledNode:
    copies = tuple(Call(KERNEL, (p, whole), (), Alias(p, whole, 64 * i)) for i, p in enumerate(parts))
    return ScheduledNode(
        copies, tuple(parts), (whole,), Candidate(lambda node: [], 1.0, (1,) * len(parts), (1,))
    )


def test_a_growing_concatenation_is_computed_without_copies() -> None:
    x, a, b, c = (value(name) for name in "xabc")
    two, three = value("two", 32), value("three", 48)
    steps = [step([x], a), step([x], b), concat([a, b], two), step([two], c), concat([a, b, c], three)]
    sharing = Sharing(graph([x], [three]), steps)
    assert len(sharing.dropped) == 5
    assert [sharing.offset(v) for v in (a, b, c, two)] == [0, 64, 128, 0]


def test_concatenations_in_different_orders_keep_their_copies() -> None:
    x, a, b, c = (value(name) for name in "xabc")
    two, three = value("two", 32), value("three", 48)
    steps = [step([x], a), step([x], b), concat([a, b], two), step([two], c), concat([a, c, b], three)]
    sharing = Sharing(graph([x], [three]), steps)
    assert sharing.buffer[two] is not sharing.buffer[three]
    assert len(sharing.dropped) == 3
