"""Whatever stands in a model.yaml, the answer is a configuration or a ConfigError with places."""

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mgecc.config import ConfigError, load_config
from mgecc.config.schema import SCHEMA_FILE, _validator

SEED_TEXT = """\
model: net.mge
optimize: size
inputs: {data: {shape: [1, 3], dtype: uint8}}
input_shapes: [{data: [1, 3]}]
flash: 64K
preprocess: {input: data, size: [8, 6], mean: [1, 2, 3], std: [2, 2, 2]}
verify: {atol: 1e-3, top: 5}
options: {enable_nchw44: true}
"""
SCRAPS = [
    "[",
    "]",
    "{",
    "}",
    ":",
    "- ",
    "\n",
    "'",
    '"',
    "&a ",
    "*a",
    "!!int ",
    "!!binary ",
    "!!bool ",
    "!!float ",
    "!!set ",
    "!!null ",
    "!x ",
    "0",
    "-1",
    ".inf",
    "null",
    "? ",
    "| ",
    "\t",
    "%",
]
WORDS = st.sampled_from(sorted({*SEED_TEXT.replace(",", " ").split(), *SCRAPS}))


def check(folder: Path, text: str) -> None:
    path = folder / "model.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_config(path)
    except ConfigError as error:
        assert error.problems
        assert all(p.line >= 1 and p.column >= 1 and p.message for p in error.problems)


def test_changed_files(tmp_path: Path) -> None:
    (tmp_path / "net.mge").write_bytes(b"")
    generator = random.Random(0)
    for _ in range(300):
        at = generator.randrange(len(SEED_TEXT))
        check(tmp_path, SEED_TEXT[:at] + generator.choice(SCRAPS) + SEED_TEXT[at + generator.randrange(3) :])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(words=st.lists(WORDS, max_size=20))
def test_random_words(tmp_path_factory: object, words: list[str]) -> None:
    folder = Path(tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    check(folder, " ".join(words))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(_validator().schema)
    assert SCHEMA_FILE.is_file()
