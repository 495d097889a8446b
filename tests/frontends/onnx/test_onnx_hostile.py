"""Whatever an ONNX file holds, importing gives a graph with its problems or one error, in little time and memory.

``MGECC_ONNX_MUTANTS=20000`` damages so many files at random.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import frontends
from mgecc.frontends.onnx.apart import apart
from mgecc.frontends.onnx.errors import OnnxError
from networks import FLOAT, model, tensor
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

MUTANTS = int(os.environ.get("MGECC_ONNX_MUTANTS", "300"))
HUGE = [0, -1, 2, 65536, 3 * 10**7, 10**9, 2**31 - 1, 2**31, 10**12, 2**62, 2**63 - 1, -(2**63)]
_SECONDS, _KILOBYTES = 20, 1 << 20
node = helper.make_node


def outcome(data: bytes, folder: Path | None = None) -> str:
    """ "read", or the lines of problems or of an error; any other exception fails the test."""
    said = []
    for look in (frontends.open_inputs, frontends.deciding_inputs, frontends.files_beside):
        try:
            look(memoryview(data) if look is frontends.files_beside else data)  # type: ignore[operator]
        except frontends.ModelError as error:
            said.append(str(error))
    try:
        _, found = frontends.survey(data, "net.onnx", folder=folder)
        said += [str(problem) for problem in found.problems]
    except (frontends.ModelError, frontends.OtherKind) as error:
        said.append(str(error))
    assert all(line.isprintable() for line in said), said
    return "\n".join(said) or "read"


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No test may take much time or memory."""
    began, most = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - began < _SECONDS * max(1, MUTANTS / 1000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < _KILOBYTES


def network() -> bytes:
    """Convolution, pooling, shape arithmetic, a condition, a loop, a recurrent layer, interpolation, a cast."""
    branches = [
        helper.make_graph(
            [node("Relu" if k else "Neg", ["c"], [f"b{k}"])], f"g{k}", [], [tensor(f"b{k}", None)]
        )
        for k in (0, 1)
    ]
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Add", ["v", "v"], ["w"])],
        "body",
        [tensor("k", [], TensorProto.INT64), tensor("go", [], TensorProto.BOOL), tensor("v", None)],
        [tensor("go_on", [], TensorProto.BOOL), tensor("w", None)],
    )
    nodes = [
        node("Conv", ["x", "kernel"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        node("If", ["yes"], ["i"], then_branch=branches[1], else_branch=branches[0]),
        node("MaxPool", ["i"], ["p"], kernel_shape=[2, 2], ceil_mode=1),
        node("Loop", ["count", "", "p"], ["l"], body=body),
        node("Shape", ["l"], ["s"]),
        node("Slice", ["s", "zero", "one"], ["n"]),
        node("Concat", ["n", "rest"], ["t"], axis=0),
        node("Reshape", ["l", "t"], ["r"]),
        node("Tile", ["r", "twice"], ["tile"]),
        node("Gather", ["tile", "zero"], ["row"], axis=1),
        node("Pad", ["row", "pads"], ["padded"]),
        node("Expand", ["padded", "wide"], ["e"]),
        node("Resize", ["l", "", "scales"], ["y"], mode="linear"),
    ]
    constants: dict[str, np.ndarray] = {
        "kernel": np.ones((2, 1, 3, 3), np.float32), "yes": np.array(True), "count": np.array(2),
        "zero": np.array([0]), "one": np.array([1]), "rest": np.array([-1]), "twice": np.array([1, 2]),
        "pads": np.array([0, 1, 0, 1]), "wide": np.array([3, 3]), "scales": np.array([1, 1, 2, 2], np.float32),
    }  # fmt: skip
    return model(nodes, {"x": [1, 1, 8, 8]}, ["e", "y"], constants, opset=18)


NETWORK = network()


def test_the_honest_file_is_read() -> None:
    assert outcome(NETWORK) == "read"


def test_no_truncation_is_taken_for_the_file() -> None:
    for length in range(0, len(NETWORK) - 20, 7):  # the version of the operators is last
        assert outcome(NETWORK[:length]) != "read", length


def graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for inner in (a.g for n in graph.node for a in n.attribute if a.HasField("g")):
        yield from graphs(inner)


def numbers(graph: Any, dice: random.Random) -> None:
    """A number of an attribute, or an element of a constant, becomes an absurd one."""
    spots = [a for n in graph.node for a in n.attribute if a.type in (2, 7)]
    known = [t for t in graph.initializer if t.data_type == TensorProto.INT64]
    spot = dice.choice([*spots, *known])
    if not isinstance(spot, TensorProto):
        spot.i = dice.choice(HUGE)
        for k in range(len(spot.ints)):
            spot.ints[k] = dice.choice([spot.ints[k], dice.choice(HUGE)])
        return
    array = numpy_helper.to_array(spot).copy()
    array.reshape(-1)[dice.randrange(array.size)] = dice.choice(HUGE)
    spot.CopyFrom(numpy_helper.from_array(array, spot.name))


def sizes(graph: Any, dice: random.Random) -> None:
    dims = [d for v in graph.input for d in v.type.tensor_type.shape.dim]
    stored = dice.choice(graph.initializer)
    if dims and dice.random() < 0.5:
        dice.choice(dims).dim_value = dice.choice(HUGE)
    elif stored.dims:
        stored.dims[dice.randrange(len(stored.dims))] = dice.choice(HUGE)


def edges(graph: Any, dice: random.Random) -> None:
    """A node reads another value, perhaps its own result, or the same one very often."""
    one, names = dice.choice(graph.node), [name for n in graph.node for name in (*n.input, *n.output)]
    one.input[dice.randrange(len(one.input))] = dice.choice([*names, "nobody"])
    one.input.extend([one.input[0]] * dice.choice([0, 0, 1, 300]))


def words(graph: Any, dice: random.Random) -> None:
    one = dice.choice(graph.node)
    one.op_type = dice.choice([one.op_type, *(n.op_type for n in graph.node), "\x1b[2J\n"])
    one.name = "\x1b[31m\r\n\x00\u202e" * dice.randrange(3)


def attributes(graph: Any, dice: random.Random) -> None:
    one = dice.choice([n for n in graph.node if n.attribute])
    if dice.random() < 0.5:
        del one.attribute[dice.randrange(len(one.attribute))]
    else:
        dice.choice(one.attribute).type = dice.randrange(14)


CHANGES: list[Callable[[Any, random.Random], None]] = [numbers, numbers, sizes, edges, words, attributes]


def damaged(dice: random.Random) -> bytes:
    """The file with a few bytes changed, or with other numbers, sizes, edges and words."""
    if dice.random() < 0.3:
        data = bytearray(NETWORK)
        for _ in range(dice.choice([1, 1, 2, 8])):
            data[dice.randrange(len(data))] = dice.choice([0, 1, 127, 128, 255, dice.randrange(256)])
        return bytes(data)
    made = ModelProto.FromString(NETWORK)
    for _ in range(dice.choice([1, 1, 2, 3])):
        try:
            dice.choice(CHANGES)(made.graph, dice)
        except (IndexError, OverflowError, ValueError):
            continue
    return bytes(made.SerializeToString())


@pytest.mark.parametrize("part", range(4))
def test_random_damage_does_no_harm(part: int) -> None:
    for number in range(part, MUTANTS, 4):
        outcome(damaged(random.Random(number)))


@pytest.mark.parametrize("word", [b"Relu", b"lost", b"name"])
def test_words_that_are_no_text_are_one_line(word: bytes) -> None:
    nodes = [node("Unknown", ["x"], ["lost"]), node("Relu", ["lost"], ["y"], name="name")]
    data = model(nodes, {"x": [2]}, ["y"]).replace(word, b"\xff\xfe\xc0\x80")
    assert "is no text" in outcome(data)


@pytest.mark.parametrize("version", [-1, 2**31, 2**40])
@pytest.mark.parametrize("domain", ["", "ai.onnx.ml"])
def test_impossible_versions_of_operators_are_refused(domain: str, version: int) -> None:
    made = ModelProto.FromString(
        model([node("Unknown", ["x"], ["y"], domain="ai.onnx.ml")], {"x": [2]}, ["y"])
    )
    made.opset_import.append(helper.make_opsetid(domain, version))
    assert "is no version of operators" in outcome(made.SerializeToString())


def calls(*functions: tuple[str, list[str]]) -> bytes:
    """A file whose functions call others."""
    made = ModelProto.FromString(model([node("f0", ["x"], ["y"], domain="own")], {"x": [2]}, ["y"]))
    made.opset_import.append(helper.make_opsetid("own", 1))
    for name, called in functions:
        inner = [node(f, ["a"], ["b"], domain="own" if f[0] == "f" else "") for f in called]
        opsets = [helper.make_opsetid("", 24), helper.make_opsetid("own", 1)]
        made.functions.append(helper.make_function("own", name, ["a"], ["b"], inner, opsets))
    return bytes(made.SerializeToString())


def test_functions_that_call_themselves_or_too_many_others_are_refused() -> None:
    assert outcome(calls(("f0", ["Relu"]))) == "read"
    assert "calls itself" in outcome(calls(("f0", ["f1"]), ("f1", ["f0"])))
    assert "calls itself" in outcome(calls(("f0", ["f0"])))
    doubling = [(f"f{k}", [f"f{k + 1}"] * 2) for k in range(40)]
    assert "more than 262144" in outcome(calls(*doubling, ("f40", ["Relu"])))
    assert "too deep" in outcome(calls(*((f"f{k}", [f"f{k + 1}"]) for k in range(999)), ("f999", ["Relu"])))


def loop(count: int, depth: int) -> Any:
    """A loop in a loop, ..., each of so many steps; nothing is computed in them."""
    kinds = {"k": TensorProto.INT64, "go": TensorProto.BOOL, "v": FLOAT}
    inner = [node("Identity", ["go"], ["on"])]
    inner += [loop(count, depth - 1)] if depth else [node("Identity", ["v"], ["w"])]
    given = [tensor(f"{name}", [] if name != "v" else None, kind) for name, kind in kinds.items()]
    results = [tensor("on", [], TensorProto.BOOL), tensor("w", None)]
    constant = [numpy_helper.from_array(np.array(count), "count")]
    return node(
        "Loop", ["count", "", "v"], ["w"], body=helper.make_graph(inner, "b", given, results, constant)
    )


@pytest.mark.parametrize(("count", "depth", "why"), [
    (10**9, 0, "more than 4096 steps"), (2**63 - 1, 0, "more than 4096 steps"), (4096, 3, "make more than"),
])  # fmt: skip
def test_loops_end(count: int, depth: int, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mgecc.frontends.onnx.importer._MOST_TAKEN", 20_000)
    nodes = [node("Relu", ["x"], ["v"]), loop(count, depth)]
    assert why in outcome(model(nodes, {"x": [2]}, ["w"], {"count": np.array(count)}))


BOMBS: dict[str, tuple[list[Any], dict[str, np.ndarray]]] = {
    "constant of shape": ([node("ConstantOfShape", ["n"], ["y"])], {"n": np.array([10**6, 10**6])}),
    "constant of many sizes": ([node("ConstantOfShape", ["n"], ["y"])], {"n": np.array([2**62, 4, 4])}),
    "expand": ([node("Expand", ["one", "n"], ["y"])], {"n": np.array([10**5, 10**5])}),
    "tile": ([node("Tile", ["one", "n"], ["y"])], {"n": np.array([2 * 10**9])}),
    "range": ([node("Range", ["a", "b", "c"], ["y"])],
              {"a": np.array(0.0), "b": np.array(1e12), "c": np.array(1.0)}),
    "concat": ([node("Concat", ["big"] * 5000, ["y"], axis=0)], {"big": np.zeros(1 << 20, np.float32)}),
    "pad": ([node("Pad", ["one", "n"], ["y"])], {"n": np.array([0, 3 * 10**8])}),
    "resize": ([node("Resize", ["one", "", "", "n"], ["y"])], {"n": np.array([10**9])}),
    "window": ([node("HannWindow", ["n"], ["y"])], {"n": np.array(10**9)}),
    "one-hot": ([node("OneHot", ["n", "n", "two"], ["y"])], {"n": np.array([10**9]), "two": np.zeros(2)}),
    "n-grams": (
        [node("TfIdfVectorizer", ["n"], ["y"], mode="TF", min_gram_length=1, max_gram_length=1, max_skip_count=0,
              ngram_counts=[0], ngram_indexes=[2**31], pool_int64s=[1])], {"n": np.array([1])}),
    "split to sequence": (
        [node("SplitToSequence", ["none"], ["l"]), node("SequenceLength", ["l"], ["y"])],
        {"none": np.zeros((2**30, 0), np.float32)}),
    "padded integers": (
        [node("ConvInteger", ["bytes", "bytes"], ["y"], pads=[99999, 99999, 99999, 99999], strides=[70000, 70000])],
        {"bytes": np.ones((1, 1, 1, 1), np.uint8)}),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_known_is_not_computed_beyond_its_limits(name: str) -> None:
    nodes, constants = BOMBS[name]
    data = model(nodes, {"x": [1]}, ["y"], {"one": np.ones(1, np.float32), **constants})
    said = outcome(data)
    assert said != "read" and "allocate" not in said


@pytest.mark.parametrize(("attribute", "kind"), [
    ("epsilon", AttributeProto.TYPE_PROTO), ("axis", AttributeProto.FLOATS), ("axis", AttributeProto.STRING),
])  # fmt: skip
def test_an_attribute_of_another_kind_is_refused(attribute: str, kind: int) -> None:
    nodes, constants = [node("LayerNormalization", ["x", "one"], ["y"])], {"one": np.ones(3, np.float32)}
    made = ModelProto.FromString(model(nodes, {"x": [1, 3]}, ["y"], constants))
    made.graph.node[0].attribute.add(name=attribute, type=kind)
    assert f"its attribute {attribute} is not of the kind of" in outcome(made.SerializeToString())


def test_a_list_of_tensors_is_no_output() -> None:
    data = model([node("SequenceConstruct", ["x", "x"], ["y"])], {"x": [2]}, ["y"])
    assert "y (output, output y): outputs that are no tensors are not supported" in outcome(data)


def test_nodes_in_a_circle_are_told() -> None:
    nodes = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])]
    assert "it reads b, which no node before it gives" in outcome(model(nodes, {"x": [2]}, ["b"]))


def test_messages_in_messages_and_lengths_beyond_the_file_are_one_line() -> None:
    deep = b""
    for _ in range(4000):
        deep = b"\x0a" + varint(len(deep)) + deep
    for graph in (deep, b"\x0a" + varint(1 << 40), b"\x0a\x00" * 200_000):
        assert outcome(b"\x08\x0a\x3a" + varint(len(graph)) + graph) != "read"


def varint(number: int) -> bytes:
    parts = [number >> shift & 127 for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([*(part | 128 for part in parts[:-1]), parts[-1]])


def beside(location: str, **entries: int) -> bytes:
    made = ModelProto.FromString(model([node("Add", ["x", "k"], ["y"])], {"x": [3]}, ["y"]))
    weights = made.graph.initializer.add(name="k", data_type=FLOAT, dims=[3], data_location=1)
    for key, value in {"location": location, **entries}.items():
        weights.external_data.add(key=key, value=str(value))
    return bytes(made.SerializeToString())


def test_numbers_beside_the_file_are_read_within_bounds(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(12))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    (tmp_path / "folder").symlink_to("/etc")
    assert outcome(beside("w.bin"), tmp_path) == "read"
    assert "ends before" in outcome(beside("w.bin", length=2**31 - 1), tmp_path)
    assert "ends before" in outcome(beside("w.bin", offset=2**62, length=12), tmp_path)
    assert "at byte -4" in outcome(beside("w.bin", offset=-4, length=12), tmp_path)
    assert "is no file" in outcome(beside("pipe"), tmp_path)
    for name in ("link", "folder/hostname", "../w.bin", str(tmp_path / "w.bin"), "no\x00thing", ".."):
        assert "no file inside the model's folder" in outcome(beside(name), tmp_path)


def fail() -> bytes:
    raise ValueError("two\nlines")


def test_native_code_that_breaks_down_is_one_line() -> None:
    assert apart("working", lambda: b"done") == b"done"
    with pytest.raises(OnnxError, match="working fails: two lines"):
        apart("working", fail)
    with pytest.raises(OnnxError, match="working fails: the package onnx breaks down on it"):
        apart("working", lambda: os.abort())
