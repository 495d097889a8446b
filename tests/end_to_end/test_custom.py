"""Operators that the user computes: C functions for foreign operators, C files and templates instead of our kernels."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from mge_files import MgeFile
from mgecc.compiler import Products
from mgecc.config import ModelConfig, Verify, load_config
from mgecc.errors import InputError
from mgecc.targets import load_target
from mgecc.toolrun.process import ToolError
from mgecc.toolrun.products import compile_products
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.verify import verify

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
TARGETS = ("x86_64", "arm64")

# Writes x + 1 of the first six numbers, and what it was told about the call.
FUNCTION = """
#include "mgecc.h"
void my_loader(const mgecc_custom *call);
void my_loader(const mgecc_custom *call)
{
    const float *x = call->inputs[0];
    float *a = call->outputs[0];
    int32_t *b = call->outputs[1];
    for (int i = 0; i < 6; i++)
        a[i] = x[i] + 1;
    b[0] = (int32_t)call->data_size;
    b[1] = call->input_info[0].dims[1];
    b[2] = (int32_t)(call->input_count + 10 * call->output_count);
    b[3] = ((const unsigned char *)call->data)[2] + call->operator_name[0];
}
"""
# Softmax along an inner axis, of data without large numbers.
PLAIN_C = """
#include "mgecc.h"
static float power(float x)
{
    float sum = 1, term = 1;
    for (int i = 1; i < 30; i++)
        sum += term *= x / (float)i;
    return sum;
}
void soft(const mgecc_custom *call);
void soft(const mgecc_custom *call)
{
    const mgecc_tensor *info = call->input_info;
    int axis = call->params[5] == '-' ? (int)info->rank - (call->params[6] - '0') : call->params[5] - '0';
    int outer = 1, inner = 1, n = info->dims[axis];
    for (int i = 0; i < axis; i++)
        outer *= info->dims[i];
    for (int i = axis + 1; i < (int)info->rank; i++)
        inner *= info->dims[i];
    for (int o = 0; o < outer; o++)
        for (int j = 0; j < inner; j++) {
            const float *x = (const float *)call->inputs[0] + o * n * inner + j;
            float *y = (float *)call->outputs[0] + o * n * inner + j, sum = 0;
            for (int i = 0; i < n; i++)
                sum += power(x[i * inner]);
            for (int i = 0; i < n; i++)
                y[i * inner] = power(x[i * inner]) / sum;
        }
}
"""
TEMPLATE = """
{% set axis = axis % (inputs[0] | length) %}
{% set outer, inner = inputs[0][:axis], inputs[0][axis + 1:] %}
/* Softmax of {{ inputs[0] }} along axis {{ axis }}. */
{{ k.begin() }}
    enum { OUTER = {{ ([1] + outer | list) | join(" * ") }}, INNER = {{ ([1] + inner | list) | join(" * ") }} };
    enum { N = {{ inputs[0][axis] }} };
    for (int o = 0; o < OUTER; o++)
        for (int j = 0; j < INNER; j++) {
            const float *x = x0 + o * N * INNER + j;
            float *y = y0 + o * N * INNER + j, sum = 0, power[{{ target.lanes }}];
            for (int i = 0; i < N; i++) {
                mg_vf_store(power, mg_vf_exp(mg_vf_set1(x[i * INNER])));
                sum += y[i * INNER] = power[0];
            }
            for (int i = 0; i < N; i++)
                y[i * INNER] /= sum;
        }
}
"""


def folder_with(folder: Path, model: str, text: str, **files: str) -> ModelConfig:
    shutil.copy(CORPUS / f"{model}.mge", folder)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    (folder / "model.yaml").write_text(f"name: net\nmodel: {model}.mge\n{text}")
    return load_config(folder / "model.yaml")


def check(
    config: ModelConfig, target: str, folder: Path, arrays: dict[str, np.ndarray], limits: Verify
) -> None:
    libraries = compile_and_build(config, load_target(target), "zig", folder / "products")
    results = verify(prepare(libraries, "zig", folder / "runner"), arrays, arrays, limits)
    for errors in results.values():
        assert all(error.ok for error in errors), errors


EXTERN = "custom:\n  my_loader: {SOURCEoutputs: [{dtype: float32}, {dtype: int32, shape: [4]}]}\n"


@pytest.mark.parametrize("target", TARGETS)
def test_a_function_of_the_users_computes_an_extern_operator(target: str, tmp_path: Path) -> None:
    text = EXTERN.replace("SOURCE", "source: mine.c, ")
    config = folder_with(tmp_path, "extern_opr", text, mine__c=FUNCTION)
    x = np.arange(10, dtype=np.float32).reshape(2, 5)
    first = (2 * x).reshape(-1)[:6].reshape(2, 3) + 1
    second = np.array([12, 5, 21, 3 + ord("m")], np.int32)
    arrays = {"in.h2d[0]": x, "out.0": first, "out.1": second}
    check(config, target, tmp_path, arrays, Verify())


def test_a_function_that_nobody_defines_is_a_link_error_with_its_name(tmp_path: Path) -> None:
    config = folder_with(tmp_path, "extern_opr", EXTERN.replace("SOURCE", ""))
    libraries = compile_and_build(config, load_target("x86_64"), "zig", tmp_path / "products")
    with pytest.raises(ToolError, match="my_loader"):
        prepare(libraries, "zig", tmp_path / "runner")


def test_the_header_declares_the_function_with_shapes_and_types(tmp_path: Path) -> None:
    config = folder_with(tmp_path, "extern_opr", EXTERN.replace("SOURCE", "function: npu_run, "))
    header = compile_products(config, "arm64").files["net.h"].decode()
    assert "void npu_run(const mgecc_custom *call);" in header
    assert "my_loader:model_a: out: float32[2, 5] -> ext0: float32[2, 3], ext1: int32[4]" in header


def recorded(model: str) -> dict[str, np.ndarray]:
    with np.load(CORPUS / f"{model}.npz") as arrays:
        return {key: arrays[key] for key in arrays.files}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("file", "content"), [("soft.c", PLAIN_C), ("soft.c.j2", TEMPLATE)], ids=["c", "template"]
)
def test_a_file_of_the_users_computes_an_operator(
    target: str, file: str, content: str, tmp_path: Path
) -> None:
    named = {file.replace(".", "__"): content}
    config = folder_with(tmp_path, "softmax", f"kernels: {{Softmax: {file}}}\n", **named)
    symbols = compile_products(config, target).files["report.json"].decode()
    assert "custom_soft" in symbols and "softmax_float32" not in symbols
    check(config, target, tmp_path, recorded("softmax"), Verify(rtol=1e-4, atol=1e-5))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kernels: {Sofmax: soft.c}\n", "there is no such operator; did you mean Softmax?"),
        ("custom: {loader: {outputs: [{}]}}\n", "the model has no such operator"),
        ("kernels: {Softmax: soft.c.j2}\n", "the template soft.c.j2 cannot be filled in: line 1: "),
    ],
)
def test_mistakes_are_said_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    config = folder_with(tmp_path, "softmax", text, soft__c=PLAIN_C, soft__c__j2="{{ k.begin( }}")
    with pytest.raises(InputError) as caught:
        compile_products(config, "arm64")
    assert said in str(caught.value)


def test_results_must_be_described_one_by_one(tmp_path: Path) -> None:
    config = folder_with(tmp_path, "extern_opr", "custom: {my_loader: {outputs: [{}]}}\n")
    with pytest.raises(InputError, match="it has 2 results, 1 are described"):
        compile_products(config, "arm64")


def test_shapes_of_the_file_do_not_count_for_other_inputs(tmp_path: Path) -> None:
    m = MgeFile()
    foreign = m.foreign("CustomOpNode", [m.input("x", 2, 5)], [b"Swish2", bytes(4), b""], [(2, 5)])
    (tmp_path / "swish.mge").write_bytes(m.bytes(foreign))

    def compiled(output: str) -> Products:
        text = f"model: swish.mge\ninputs: {{x: {{shape: [7, 5]}}}}\ncustom: {{Swish2: {{outputs: [{output}]}}}}\n"
        (tmp_path / "model.yaml").write_text(text)
        return compile_products(load_config(tmp_path / "model.yaml"), "x86_64")

    (program,) = compiled("{dtype: float32, shape: [7, 5]}").programs
    assert program.outputs[0].type.shape == (7, 5)
    with pytest.raises(InputError, match="for other input shapes; name a C function and its results"):
        compiled("{dtype: float32}")
