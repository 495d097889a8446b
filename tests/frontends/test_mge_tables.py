"""The tables of operators, parameters, enumerations and element types hang together."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.frontends.flatbuffer import SCALARS
from mgecc.frontends.mge import DTYPE_NAMES, DTypeInfo
from mgecc.frontends.mge.dtypes import decode
from mgecc.frontends.mge.operators import RecordSizes, count_outputs
from mgecc.frontends.mge.params import _DECODERS
from mgecc.frontends.mge.tables import (
    bare_type_id,
    enums,
    operators_by_id,
    operators_by_name,
    params,
    params_by_kind,
    type_id,
)
from mgecc.frontends.mge.xxhash import xxh64

# (name, id with the terminating zero byte, id of the bare name), as MegEngine computes them.
TYPE_IDS = [
    ("Convolution", 0xBC193EEF48C27B7E, 0x0DF58829A4C725CD),
    ("ConvolutionV2", 0x0589235F97273D9F, 0x0DF58829A4C725CD),
    ("Host2DeviceCopy", 0x21D09889FD709229, 0x9F9DB55D661D5F11),
    ("ImmutableTensor", 0x60D52856BBD5A2B1, 0x71FEF6BC913AC154),
    ("Elemwise", 0xEBB39BDD9278B6DA, 0xD6C488C11172EC08),
    ("ReduceV2", 0xE92040B5C01C1A61, 0xE95BD6E94FD81BD8),
    ("TypeCvtV2", 0x72826B476173BF91, 0x32E652780D108CB9),
    ("GetVarShapeV1", 0x05D572D5A603A65A, 0x108A555A9EC4F635),
    ("MultipleDeviceTensorWithFormatHolder", 0xBE4B82D4436017AE, 0x00D80125618F5CA1),
]


@pytest.mark.parametrize(("name", "whole", "bare"), TYPE_IDS)
def test_type_ids_are_those_of_megengine(name: str, whole: int, bare: int) -> None:
    assert (type_id(name), bare_type_id(name)) == (whole, bare)


def test_xxh64_agrees_with_its_published_values() -> None:
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"a") == 0xD24EC4F1A98C6E5B
    assert xxh64(b"abc") == 0x44BC2CF5AD770999
    assert xxh64(b"Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1


def test_ids_lead_back_to_names() -> None:
    assert operators_by_id()[type_id("ConvBiasForwardV4")].type == "ConvBiasForward"
    assert operators_by_id()[bare_type_id("ConvBiasForwardV4")].type == "ConvBiasForward"
    assert operators_by_id()[type_id("DeformableConvForward")].legacy
    assert not operators_by_id()[type_id("DeformableConvForwardV1")].legacy


def test_every_parameter_record_of_an_operator_exists() -> None:
    for operator in [*operators_by_name().values(), *operators_by_id().values()]:
        assert operator.param is None or operator.param in params()


def test_every_field_type_can_be_decoded() -> None:
    known = {*SCALARS, *enums(), *_DECODERS}
    for spec in params().values():
        names = [field.name for field in spec.fields]
        assert len(names) == len(set(names))
        for field in spec.fields:
            assert field.type in known or spec.name == "DTypeFull"
            if field.type in enums():
                assert field.default in enums()[field.type].values()


def test_kinds_are_unique_and_complete() -> None:
    assert set(params_by_kind()) == set(range(1, 100)) - {21, 57}
    assert len(params_by_kind()) == len(params()) - 1  # one record of old releases shares its kind


def test_defaults_that_surprise_are_the_formats() -> None:
    defaults = {name: {f.name: f.default for f in spec.fields} for name, spec in params().items()}
    assert defaults["Pooling"]["window_h"] == defaults["Pooling"]["stride_w"] == 2
    assert defaults["Resize"] == {"imode": "LINEAR", "format": "NHWC"}
    assert defaults["BN"]["fwd_mode"] == defaults["LSTM"]["fwd_mode"] == "TRAINING"
    assert defaults["Cumsum"]["exclusive"] is True and defaults["Padding"]["padding_mode"] == "CONSTANT"
    assert defaults["Reduce"]["axis"] == 2147483647 and defaults["BN"]["epsilon"] == 0.0001
    assert defaults["ExecutionPolicy"] == {"strategy": "HEURISTIC", "workspace_limit": 2**64 - 1}


@pytest.mark.parametrize(
    ("name", "params_given", "inputs", "count"),
    [
        ("Split", {}, 4, 3),
        ("SVD", {"compute_uv": False}, 1, 1),
        ("SVD", {"compute_uv": True}, 1, 3),
        ("TopK", {"mode": "KTH_ONLY"}, 2, 1),
        ("TopK", {"mode": "VALUE_IDX_SORTED"}, 2, 2),
        ("BatchNormV1", {"fwd_mode": "TRAINING"}, 5, 6),
        ("CheckNonFinite", {}, 3, 4),
        ("ExternCOprRunner", {}, 1, None),
    ],
)
def test_output_counts(name: str, params_given: dict[str, object], inputs: int, count: int | None) -> None:
    assert count_outputs(operators_by_name()[name], RecordSizes(params_given, inputs, 0)) == count


def test_element_types_are_numbered_as_in_the_format() -> None:
    assert (DTYPE_NAMES[4], DTYPE_NAMES[13], DTYPE_NAMES[19], DTYPE_NAMES[21]) == (
        "int32",
        "qint8",
        "uint16",
        "complex64",
    )
    assert len(DTYPE_NAMES) == 22


@pytest.mark.parametrize(
    ("dtype", "octets", "shape", "want"),
    [
        ("qint4", b"\x81\xf7", (2, 1), np.array([[1], [7]], np.int8)),
        ("quint4", b"\x21\x03", (3,), np.array([1, 2, 3], np.uint8)),
        ("qint4", b"\x8f\x07", (1, 3), np.array([[-1, -8, 7]], np.int8)),
        ("bfloat16", b"\x80\x3f\x00\xc0", (2,), np.array([1, -2], np.float32)),
        ("float16", b"\x00\x3c", (1,), np.array([1], np.float16)),
        ("bool", b"\x00\x02", (2,), np.array([False, True])),
        ("uint16", b"\xff\xff", (1,), np.array([65535], np.uint16)),
        ("complex64", b"\0\0\x80\x3f\0\0\0\xc0", (1,), np.array([1 - 2j], np.complex64)),
    ],
)
def test_elements_are_unpacked(dtype: str, octets: bytes, shape: tuple[int, ...], want: np.ndarray) -> None:
    info = DTypeInfo(dtype)
    assert info.nbytes(shape) == len(octets)
    unaligned = memoryview(b"?" + octets)[1:]
    got = decode(unaligned, shape, info)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)
