"""float16 graphs keep their meaning when nodes compute in float32; weights are compressed where that is possible."""

import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import named
from mgecc.interpret import run
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.passes import compress_weights, convert_to_half, insert_half_conversions
from mgecc.passes.build import constant

FLOAT16 = DType("float16")
PRODUCTS = ("ConvBias", "MatrixMul")
CONV = {"padding": ((1, 1), (1, 1)), "wide_sums": True}
POOL = {"window": (2, 2), "stride": (2, 2)}
Arrays = dict[str, np.ndarray]


def step(graph: Graph, op: str, inputs: list[Value], **attrs: object) -> Value:
    node = Node(op, f"{op}{len(graph.nodes)}", ops.attributes_of(op, {"output_dtype": None, **attrs}), inputs)
    node.outputs = [Value(node.name, t, node) for t in ops.infer(node)]
    graph.nodes.append(node)
    return node.output


def parameter(rng: np.random.Generator, *shape: int, dtype: DType = FLOAT16) -> Value:
    return Value("w", TensorType(shape, dtype), const=rng.normal(size=shape).astype(dtype.numpy))


def network(rng: np.random.Generator, dtype: DType = FLOAT16) -> tuple[Graph, Arrays]:
    """Convolution, ReLU, convolution, addition, pooling, mean, transposition, product: some values are read twice."""
    channels, size = int(rng.integers(1, 9)), int(rng.integers(2, 9))
    x = Value("x", TensorType((1, channels, size, size), dtype))
    graph = Graph("net", [x])
    first = step(graph, "ConvBias", [x, parameter(rng, 6, channels, 3, 3, dtype=dtype)], **CONV)
    relu = step(graph, "Elemwise", [first], mode="relu")
    second = step(graph, "ConvBias", [relu, parameter(rng, 6, 6, 3, 3, dtype=dtype)], **CONV)
    third = step(graph, "ConvBias", [second, parameter(rng, 6, 6, 3, 3, dtype=dtype)], **CONV)
    total = step(graph, "Elemwise", [relu, third], mode="add")
    pooled = step(graph, "Pooling", [total], mode="max", **POOL)
    mean = step(graph, "Reduce", [pooled], mode="mean", axis=3)
    flat = step(graph, "Reduce", [mean], mode="sum", axis=2)
    rows = step(graph, "AxisAddRemove", [flat], steps=(("remove", 3), ("remove", 2)))
    out = step(graph, "MatrixMul", [rows, parameter(rng, 6, 5, dtype=dtype)], wide_sums=True)
    graph.outputs = [("out", out), ("second", second)]
    return graph, {"x": rng.normal(size=x.shape).astype(dtype.numpy)}


@pytest.mark.parametrize("seed", range(8))
def test_results_stay_the_same_halves(seed: int) -> None:
    graph, arrays = network(np.random.default_rng(seed))
    before = run(graph, arrays)
    insert_half_conversions.run(graph)
    after = run(graph, arrays)
    for a, b in zip(before, after):
        assert b.dtype == np.float16
        np.testing.assert_array_max_ulp(b, a, 1)


def test_products_read_float32_and_keep_float16_weights() -> None:
    graph, _ = network(np.random.default_rng(1))
    insert_half_conversions.run(graph)
    products = [node for node in graph.nodes if node.op in PRODUCTS]
    assert len(products) == 4
    for node in products:
        assert named(node.attrs)["weights_f16"]
        assert {v.type.dtype.name for v in (*node.inputs, node.output)} == {"float32"}


def test_float32_between_two_nodes_is_rounded_without_being_stored_as_halves() -> None:
    graph, _ = network(np.random.default_rng(2))
    insert_half_conversions.run(graph)
    pairs = [
        node
        for node in graph.nodes
        if node.op == "TypeCvt"
        and node.inputs[0].producer is not None
        and node.inputs[0].producer.op == "TypeCvt"
    ]
    # Only the model's output `second` is stored as halves and read by a product as well.
    assert [node.inputs[0] for node in pairs] == [graph.outputs[1][1]]
    assert "RoundHalf" in {node.op for node in graph.nodes}


def test_nodes_that_kernels_compute_in_halves_stay_as_they_are() -> None:
    graph, arrays = network(np.random.default_rng(6), DType("float32"))
    before = run(graph, arrays)
    convert_to_half.run(graph, lambda node: node.op == "ConvBias")
    types = {node.op: {v.type.dtype.name for v in (*node.inputs, node.output)} for node in graph.nodes}
    assert types["ConvBias"] == {"float16"}
    assert types["MatrixMul"] == types["Reduce"] == types["Pooling"] == {"float32"}
    for a, b in zip(before, run(graph, arrays)):
        np.testing.assert_allclose(b, a, rtol=0.01, atol=0.01 * float(np.abs(a).max()))


def test_compression_rounds_weights_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    graph, _ = network(rng, DType("float32"))
    products = [node for node in graph.nodes if node.op in PRODUCTS]
    given = [node.inputs[1].const for node in products]
    compress_weights.run(graph)
    for node, weights in zip(products, given):
        assert weights is not None
        assert named(node.attrs)["weights_f16"]
        np.testing.assert_array_equal(node.inputs[1].const, weights.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_weights_of_transposed_convolutions_and_cells_stay_halves_too(dtype: str) -> None:
    rng, kind = np.random.default_rng(7), DType(dtype)
    x = Value("x", TensorType((2, 3, 4, 4), kind))
    graph = Graph("net", [x])
    y = step(
        graph,
        "ConvolutionBackwardData",
        [parameter(rng, 3, 2, 1, 4, dtype=kind), x],
    )
    graph.outputs = [("y", y)]
    rows, state = (Value(name, TensorType((2, n), kind)) for name, n in (("rows", 3), ("state", 5)))
    weights = [parameter(rng, *shape, dtype=kind) for shape in ((5, 3), (5,), (5, 5), (5,))]
    graph.inputs += [rows, state]
    cell = step(graph, "RNNCell", [rows, *weights[:2], state, *weights[2:]])
    graph.outputs.append(("cell", cell))
    (insert_half_conversions if dtype == "float16" else compress_weights).run(graph)
    products = [node for node in graph.nodes if ops.find(node.op).weights]
    assert len(products) == 2
    for node in products:
        assert named(node.attrs)["weights_f16"]
        for position in ops.find(node.op).weights:
            numbers = node.inputs[position].const
            assert numbers is not None
            np.testing.assert_array_equal(numbers, numbers.astype(np.float16).astype(np.float32))


def test_weights_beyond_the_halves_stay_float32() -> None:
    graph, _ = network(np.random.default_rng(4), DType("float32"))
    node = graph.nodes[0]
    weights = node.inputs[1].const
    assert weights is not None
    weights[0, 0, 0, 0] = 1e5
    compress_weights.run(graph)
    assert not node.attributes(ConvBiasAttrs).weights_f16
    assert node.inputs[1].const is weights


@pytest.mark.parametrize("seed", range(4))
def test_float32_networks_run_on_halves(seed: int) -> None:
    graph, arrays = network(np.random.default_rng(seed), DType("float32"))
    before = run(graph, arrays)
    convert_to_half.run(graph)
    for a, b in zip(before, run(graph, arrays)):
        assert b.dtype == np.float32
        np.testing.assert_allclose(b, a, rtol=0.01, atol=0.01 * float(np.abs(a).max()))
    assert all(named(node.attrs)["weights_f16"] for node in graph.nodes if node.op in PRODUCTS)
    assert {v.type.dtype.name for node in graph.nodes if node.op == "Elemwise" for v in node.outputs} == {
        "float16"
    }


def test_nodes_with_numbers_beyond_the_halves_stay_float32() -> None:
    graph, _ = network(np.random.default_rng(5), DType("float32"))
    weights = graph.nodes[0].inputs[1].const
    assert weights is not None
    weights[0, 0, 0, 0] = 1e5
    node = graph.nodes[0]
    convert_to_half.run(graph)
    assert node in graph.nodes and node.inputs[1].const is weights
    assert sum(bool(named(other.attrs).get("weights_f16")) for other in graph.nodes) == 3


@pytest.mark.parametrize(
    ("op", "others"),
    [
        ("MeshIndexing", []),
        ("SetMeshIndexing", [(2, 3)]),
        ("BatchedMeshIndexing", []),
        ("BatchedSetMeshIndexing", [(2, 3)]),
    ],
)
def test_parts_of_halves_are_copied_as_they_are_stored(op: str, others: list[tuple[int, ...]]) -> None:
    given = [Value(f"x{k}", TensorType(shape, FLOAT16)) for k, shape in enumerate([(2, 4), *others])]
    index = constant("index", np.array([[3, 0, 1]] * 2 if "Batched" in op else [3, 0, 1]), DType("int32"))
    graph = Graph("net", given)
    made = step(graph, op, [*given, index], items=((1, False, False, False, True),))
    graph.outputs = [("y", made)]
    insert_half_conversions.run(graph)
    assert [node.op for node in graph.nodes] == [op]


def test_the_largest_of_float32_numbers_is_rounded_where_the_model_converts_it() -> None:
    x = Value("x", TensorType((1, 1, 4, 4), DType("float32")))
    graph = Graph("net", [x])
    pooled = step(graph, "Pooling", [x], mode="max", **POOL)
    narrow = step(graph, "TypeCvt", [pooled], dtype=FLOAT16)
    graph.outputs = [("out", step(graph, "TypeCvt", [narrow], dtype=DType("float32")))]
    arrays = {"x": np.full((1, 1, 4, 4), 1 / 3, np.float32)}
    before = run(graph, arrays)
    insert_half_conversions.run(graph)
    np.testing.assert_array_equal(run(graph, arrays)[0], before[0])


@pytest.mark.parametrize("op", ["Pooling", "Reduce"])
def test_the_largest_of_halves_is_not_rounded_again(op: str) -> None:
    x = Value("x", TensorType((1, 1, 4, 4), FLOAT16))
    graph = Graph("net", [x])
    attrs = POOL if op == "Pooling" else {"axis": 3}
    largest = step(graph, op, [x], mode="max", **attrs)
    graph.outputs = [("out", step(graph, "TypeCvt", [largest], dtype=DType("float32")))]
    insert_half_conversions.run(graph)
    assert [node.op for node in graph.nodes] == ["TypeCvt", op]
