"""Records of TensorFlow Lite files: operators, constants in all their forms, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from flatbuffer_writer import Table, flatbuffer
from mgecc.frontends.tflite import read_tflite, recognises
from mgecc.frontends.tflite.constants import array_of
from mgecc.frontends.tflite.errors import TfliteError
from mgecc.frontends.tflite.model import StoredTensor
from mgecc.graph import Unsupported
from tflite_writer import TfliteFile, record

HEY_JARVIS = Path(__file__).parents[2] / "data" / "tflite" / "hey_jarvis.tflite"


def only_tensor(m: TfliteFile) -> StoredTensor:
    return read_tflite(m.bytes()).subgraphs[0].tensors[0]


def test_a_real_file_is_read() -> None:
    data = HEY_JARVIS.read_bytes()
    model = read_tflite(data)
    first, initial = model.subgraphs
    assert recognises(data) and (model.input_names, model.output_names) == ({0: "input_audio"}, {69: "dense"})
    assert first.operators[0].type == "CALL_ONCE" and first.operators[0].options["init_subgraph_index"] == 1
    assert {o.type for o in initial.operators} == {"VAR_HANDLE", "ASSIGN_VARIABLE"}
    (given,) = (first.tensors[n] for n in first.inputs)
    assert (given.shape, given.type, given.quantization and given.quantization.zero_point) == (
        (1, 3, 40),
        "INT8",
        (-128,),
    )


def test_an_operator_has_its_name_options_and_operands() -> None:
    m = TfliteFile()
    x, w = m.input("x", [1, 4]), m.constant(np.zeros((2, 4)))
    y = m.tensor([1, 2])
    m.op(
        "FULLY_CONNECTED",
        [x, w, -1],
        y,
        options=("FullyConnectedOptions", {"fused_activation_function": "RELU6", "keep_num_dims": True}),
        version=9,
    )
    m.op("Mine", [y], y, custom=b"\1\2")
    first, second = read_tflite(m.bytes(y)).subgraphs[0].operators
    assert (first.type, first.version, first.inputs, first.outputs) == (
        "FULLY_CONNECTED",
        9,
        (x, w, -1),
        (y,),
    )
    assert first.options["fused_activation_function"] == "RELU6" and first.options["keep_num_dims"]
    assert first.options["weights_format"] == 0 and not first.is_custom
    assert (second.type, second.is_custom, second.custom_options) == ("Mine", True, b"\1\2")


def test_old_and_new_fields_of_operator_codes_give_the_larger_number() -> None:
    m = TfliteFile()
    m.op("BROADCAST_TO", [])
    m.op("ADD", [])
    assert [o.type for o in read_tflite(m.bytes()).subgraphs[0].operators] == ["BROADCAST_TO", "ADD"]


def test_operators_of_the_newer_options_are_read() -> None:
    m = TfliteFile()
    m.op("DILATE", [], options=("DilateOptions", {}))
    m.op("REDUCE_WINDOW", [], options=("ReduceWindowOptions", {"reduce_function": 2}))
    operators = read_tflite(m.bytes()).subgraphs[0].operators
    assert operators[1].options == {"reduce_function": 2}


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array([1.5, -2], np.float16),
        np.array([[-(2**40)]], np.int64),
        np.array([True, False]),
        np.array([], np.int32),
        np.array(3, np.uint8),
        np.array([0.1], np.float64),
    ],
)
def test_constants_are_read_as_they_are(array: np.ndarray) -> None:
    m = TfliteFile()
    m.constant(array, array.dtype.name.upper())
    if array.size:
        found = array_of(only_tensor(m))
        assert found.dtype == array.dtype and found.shape == array.shape and (found == array).all()
    else:
        assert only_tensor(m).data is None


def test_numbers_behind_the_flatbuffer_are_found() -> None:
    """As files above 2 GiB have them."""
    m = TfliteFile()
    m.tensor([2], buffer=1)
    m.buffers.append(record("Buffer", offset=10**6, size=8))
    short = m.bytes()
    m.buffers[1] = record("Buffer", offset=len(short), size=8)
    (tensor,) = read_tflite(m.bytes() + np.array([1, 2], np.float32).tobytes()).subgraphs[0].tensors
    assert array_of(tensor).tolist() == [1, 2]
    with pytest.raises(TfliteError, match="the numbers of a tensor end at byte"):
        read_tflite(short)


def test_numbers_of_four_bits_lie_two_in_a_byte() -> None:
    m = TfliteFile()
    m.constant(np.zeros(3, np.int8), "INT4", bytes([0x8F, 0x07]))
    assert array_of(only_tensor(m)).tolist() == [-1, -8, 7]


@pytest.mark.parametrize(("shape", "octets"), [([3], 1), ([3], 16), ([2, 2], 0)])
def test_too_few_or_too_many_numbers_are_refused(shape: list[int], octets: int) -> None:
    m = TfliteFile()
    m.tensor(shape, buffer=m.buffer(bytes(max(octets, 1))))
    with pytest.raises(TfliteError, match="are stored|end within one"):
        array_of(only_tensor(m))


@pytest.mark.parametrize("type_", ["STRING", "COMPLEX64", "BFLOAT16", "RESOURCE", "VARIANT"])
def test_types_without_arithmetic_are_unsupported_not_wrong(type_: str) -> None:
    m = TfliteFile()
    m.tensor([1], type_, buffer=m.buffer(bytes(8)))
    with pytest.raises(Unsupported, match=type_):
        array_of(only_tensor(m))


def dense_axis(size: int) -> Table:
    return record("DimensionMetadata", format="DENSE", dense_size=size)


def sparse_axis(segments: Sequence[int], indices: Sequence[int], kind: str = "Uint8Vector") -> Table:
    vectors = [(kind, record(kind, values=values)) for values in (segments, indices)]
    return record(
        "DimensionMetadata", format="SPARSE_CSR", array_segments=vectors[0], array_indices=vectors[1]
    )


def sparse(
    shape: Sequence[int],
    items: Sequence[float],
    order: Sequence[int],
    axes: Sequence[Table],
    blocks: Sequence[int] = (),
) -> TfliteFile:
    m = TfliteFile()
    sparsity = record(
        "SparsityParameters", traversal_order=order, block_map=list(blocks), dim_metadata=list(axes)
    )
    m.tensor(shape, sparsity=sparsity, buffer=m.buffer(np.array(items, np.float32).tobytes()))
    return m


@pytest.mark.parametrize("kind", ["Uint8Vector", "Uint16Vector", "Int32Vector"])
def test_compressed_rows_become_dense(kind: str) -> None:
    m = sparse([3, 4], [1, 2, 3], [0, 1], [dense_axis(3), sparse_axis([0, 1, 1, 3], [2, 0, 3], kind)])
    assert array_of(only_tensor(m)).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [2, 0, 0, 3]]


def test_compressed_columns_become_dense() -> None:
    m = sparse([2, 3], [1, 2], [1, 0], [dense_axis(3), sparse_axis([0, 1, 1, 2], [1, 0])])
    assert array_of(only_tensor(m)).tolist() == [[0, 0, 2], [1, 0, 0]]


def test_blocks_become_dense() -> None:
    """Of 2x2, as kernels of 4 x 4 have them; the example of the schema's comment."""
    axes = [dense_axis(2), sparse_axis([0, 1, 2], [1, 0]), dense_axis(2), dense_axis(2)]
    m = sparse([4, 4], range(1, 9), [0, 1, 2, 3], axes, [0, 1])
    expected = [[0, 0, 1, 2], [0, 0, 3, 4], [5, 6, 0, 0], [7, 8, 0, 0]]
    assert array_of(only_tensor(m)).tolist() == expected


HUGE = 2**31 - 1
DAMAGED = {
    "order": sparse([2, 2], [1], [0, 0], [dense_axis(2), sparse_axis([0, 1, 1], [0])]),
    "too few dimensions": sparse([2, 2], [1], [0, 1], [dense_axis(2)]),
    "segments": sparse([2, 2], [1], [0, 1], [dense_axis(2), sparse_axis([0, 2, 1], [0])]),
    "last segment": sparse([2, 2], [1], [0, 1], [dense_axis(2), sparse_axis([0, 1, 9], [0])]),
    "no segments": sparse([2, 2], [1], [0, 1], [dense_axis(2), sparse_axis([], [])]),
    "position": sparse([2, 2], [1], [0, 1], [dense_axis(2), sparse_axis([0, 1, 1], [2])]),
    "count": sparse([2, 2], [1, 2], [0, 1], [dense_axis(2), sparse_axis([0, 1, 1], [0])]),
    "block": sparse([2, 2], [1], [0, 1, 2], [dense_axis(2), dense_axis(2), dense_axis(3)], [0]),
    "block of 0": sparse([2, 2], [1], [0, 1, 2], [dense_axis(2), dense_axis(2), dense_axis(0)], [0]),
    "block's axis": sparse([2, 2], [1], [0, 1, 2], [dense_axis(2), dense_axis(2), dense_axis(1)], [7]),
    "size": sparse([2, 2], [1], [0, 1], [dense_axis(HUGE), dense_axis(HUGE)]),
    "shape": sparse([HUGE], [1], [0], [dense_axis(HUGE)]),
    "shape of two": sparse([1 << 15, 1 << 15], [1], [0, 1], [dense_axis(1 << 15), dense_axis(1 << 15)]),
    "no indices": sparse([2], [1], [0], [record("DimensionMetadata", format="SPARSE_CSR")]),
}


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_damaged_sparse_constants_are_refused(name: str) -> None:
    with pytest.raises(TfliteError, match="sparse"):
        array_of(only_tensor(DAMAGED[name]))


def model(**fields: object) -> bytes:
    return flatbuffer(record("Model", **{"version": 3, **fields}), b"TFL3")


GRAPH = record("SubGraph", tensors=[record("Tensor", shape=[1], buffer=0)])
REFUSED = {
    "schema version 4": model(version=4),
    "the model has no graph": model(),
    "tensor 7 is used, there are 1": model(
        subgraphs=[record("SubGraph", tensors=GRAPH[0], inputs=[7])], buffers=[record("Buffer")]
    ),
    "tensor -1 is used": model(
        subgraphs=[record("SubGraph", tensors=GRAPH[0], outputs=[-1])], buffers=[record("Buffer")]
    ),
    "an operator has code 5": model(
        subgraphs=[record("SubGraph", operators=[record("Operator", opcode_index=5)])]
    ),
    "buffer 9, which there is not": model(
        subgraphs=[record("SubGraph", tensors=[record("Tensor", buffer=9)])], buffers=[record("Buffer")]
    ),
    "a tensor has the shape": model(
        subgraphs=[record("SubGraph", tensors=[record("Tensor", shape=[HUGE, HUGE])])]
    ),
    "2 scales and 3 zero points": model(
        subgraphs=[
            record(
                "SubGraph",
                tensors=[
                    record(
                        "Tensor",
                        quantization=record("QuantizationParameters", scale=[1, 2], zero_point=[1, 2, 3]),
                    )
                ],
            )
        ]
    ),
    "has the scale nan": model(
        subgraphs=[
            record(
                "SubGraph",
                tensors=[
                    record("Tensor", quantization=record("QuantizationParameters", scale=[float("nan")]))
                ],
            )
        ]
    ),
}


@pytest.mark.parametrize("reason", sorted(REFUSED))
def test_records_that_do_not_fit_together_are_refused(reason: str) -> None:
    with pytest.raises(TfliteError, match=reason) as caught:
        read_tflite(REFUSED[reason])
    assert "\n" not in str(caught.value) and "byte" in str(caught.value)
