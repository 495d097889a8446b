"""The reader reads every file of the corpus exactly."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc.frontends.mge import Model, read_mge
from mgecc.frontends.mge.operators import RecordSizes, count_outputs
from mgecc.frontends.mge.tables import operators_by_name

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
MANIFEST: dict[str, dict[str, Any]] = {
    entry["name"]: entry for entry in json.loads((CORPUS / "manifest.json").read_text())
}
RECORDS: dict[str, dict[str, int]] = json.loads((CORPUS / "records.json").read_text())
ASSERTION = {"Elemwise": 7, "ReduceV2": 1, "AssertEqual": 1}
"""What dumping adds for one asserted output, and reading takes away again."""
UNKNOWN_SHAPES = {"cond_take_nonzero": "vi", "nms": ("keep", "kept"), "net_detector": ("keep", "boxes")}
"""Outputs whose size depends on data: their shape is not in the file."""
MODELS = {name: read_mge((CORPUS / f"{name}.mge").read_bytes()) for name in MANIFEST}


def shape_of(stated: list[int]) -> tuple[int, ...]:
    """The format has no scalars: they are stored with shape (1,)."""
    return tuple(stated) or (1,)


@pytest.fixture(params=sorted(MANIFEST))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_corpus_is_whole() -> None:
    assert len(MANIFEST) == 151 == len(list(CORPUS.glob("*.mge")))
    assert MANIFEST.keys() == RECORDS.keys()


def test_container_and_version_are_recognised(name: str) -> None:
    assert (MODELS[name].container, MODELS[name].version) == (MANIFEST[name]["container"], "1.13.0")


def test_record_counts_are_those_of_the_file(name: str) -> None:
    written: Counter[str] = Counter()
    for file_name, count in RECORDS[name].items():
        written[operators_by_name()[file_name].type] += count
    counts = Counter(r.type for r in MODELS[name].records)
    del counts["Host2DeviceCopy"], counts["ImmutableTensor"]
    if "AssertEqual" in written:
        written -= Counter(ASSERTION)
    assert counts == written


def test_inputs_match_the_manifest(name: str) -> None:
    got = {i.name: (i.tensor.shape, i.tensor.dtype.name) for i in MODELS[name].inputs}
    traced = {i["name"]: (shape_of(i["shape"]), i["dtype"]) for i in MANIFEST[name]["inputs"]}
    if name == "dead_and_shared":
        del traced["unused"]  # dumping drops inputs no output depends on
    assert got == traced
    assert all(item.tensor.data is None for item in MODELS[name].inputs)


def test_outputs_match_the_manifest(name: str) -> None:
    stated, model = MANIFEST[name]["outputs"], MODELS[name]
    if not stated:
        assert model.outputs
        return
    stripped = name.startswith("names_stripped")
    assert list(model.output_names) == ["" if stripped else output["name"] for output in stated]
    for number, output in zip(model.outputs, stated, strict=True):
        written = (
            model.container == "FBS_V2"
            and not stripped
            and output["name"] not in UNKNOWN_SHAPES.get(name, ())
        )
        assert model.values[number].shape == (shape_of(output["shape"]) if written else None)


def test_every_operator_is_known_and_every_input_has_a_producer(name: str) -> None:
    produced: set[int] = set()
    for record in MODELS[name].records:
        assert record.known and produced.issuperset(record.inputs)
        produced.update(record.outputs)
    assert produced.issuperset(MODELS[name].outputs)


def test_listed_outputs_agree_with_the_counting_rules_of_fbs(name: str) -> None:
    for record in MODELS[name].records:
        sizes = RecordSizes(record.params, len(record.inputs), len(record.tensors))
        count = count_outputs(operators_by_name()[record.type], sizes)
        assert count == len(record.outputs) or (count is None and record.type == "ExternCOprRunner")


@pytest.mark.parametrize("name", ["constants", "constants_fbs"])
def test_stored_constants_are_exact(name: str) -> None:
    model: Model = MODELS[name]
    with np.load(CORPUS / f"{name}.npz") as wanted:
        names = {key.removeprefix("stored.") for key in wanted}
        assert names == set(model.output_names)
        for number, output in zip(model.outputs, model.output_names, strict=True):
            got, want = model.constants[number].array(), wanted[f"stored.{output}"]
            assert got.dtype == want.dtype and got.flags.aligned
            np.testing.assert_array_equal(got, want)
            assert model.constants[number].dtype.name == output


def test_the_containers_hold_the_same_weights() -> None:
    """legacy_mgbs is net_mobilenet_fbs with the oldest header."""
    old, new = MODELS["legacy_mgbs"], MODELS["net_mobilenet_fbs"]
    assert [(r.type, r.params, r.inputs, r.outputs) for r in old.records] == [
        (r.type, r.params, r.inputs, r.outputs) for r in new.records
    ]
    assert len(old.constants) > 20
    for number, tensor in old.constants.items():
        np.testing.assert_array_equal(tensor.array(), new.constants[number].array())


def test_parameters_have_names_and_defaults() -> None:
    records = {r.type: r for r in MODELS["quant_int8"].records}
    convolution = records["ConvBiasForward"]
    assert convolution.params["mode"] == "CROSS_CORRELATION" and convolution.params["stride_h"] == 2
    assert convolution.params["dilate_w"] == 1 and convolution.params["compute_mode"] == "DEFAULT"
    assert convolution.output_dtype is not None and convolution.output_dtype.name == "qint8"
    assert convolution.output_dtype.scale == pytest.approx(0.0084176967)
    assert records["ElemwiseMultiType"].params == {"mode": "QFUSE_ADD_RELU"}
    assert [(i.axis, i.begin, i.idx) for i in records["Subtensor"].params["items"]] == [(0, False, True)]
    removed = [r.params["desc"] for r in MODELS["layout_hwcd4"].records if r.type == "AxisAddRemove"]
    assert removed == [(("remove", 3),), (("remove", 2),)]


def test_float_defaults_are_rounded_as_stored_ones() -> None:
    record = next(r for r in MODELS["lrn"].records if r.type == "LRN")
    assert record.params["beta"] == 0.75 and np.float32(record.params["alpha"]) == record.params["alpha"]


def test_stored_cases_lead_to_the_plain_model() -> None:
    for name in ("test_cases", "test_cases_fbs"):
        model = MODELS[name]
        (case,) = model.test_cases
        assert model.output_names == ("out",) and set(case) == {"data", "out:expect"}
        assert case["data"].shape == model.inputs[0].tensor.shape and case["data"].dtype == np.float32
    first, second = MODELS["test_cases_no_assert"].test_cases
    assert first["a"].shape == (2, 3) and first["b"].shape == (3, 4)
    assert first["a"].min() < 1 <= second["a"].min() and second["b"].max() <= 0


def test_image_formats_are_kept() -> None:
    holder = next(r for r in MODELS["layout_hwcd4"].records if r.type.endswith("FormatHolder"))
    assert [t.format.name for t in holder.tensors if t.format] == ["image2d_pack4"] * 8
    assert (
        len(holder.outputs)
        == 8
        == sum(number in MODELS["layout_hwcd4"].constants for number in holder.outputs)
    )


def test_extern_operators_keep_their_blobs() -> None:
    record = next(r for r in MODELS["extern_opr"].records if r.type == "ExternCOprRunner")
    assert len(record.blobs) == 2 and len(record.outputs) == 2
