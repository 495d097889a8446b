"""Names on the command line: all that are known are listed, and unknown ones get the nearest suggested."""

from __future__ import annotations

import pytest

from .conftest import Checkout


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [
        ("taget=arm64", "did you mean target?"),
        ("target=arm46", "did you mean arm64?"),
        ("target=arm64+dto", "did you mean dot?"),
        ("model=frist", "did you mean first?"),
        ("toolchain=gc", "did you mean gcc?"),
        ("optimize=sise", "did you mean size?"),
        ("verfy", "did you mean verify?"),
        ("bench=peer", "did you mean peers?"),
        ("threads=many", "a number from 1 to 16 is needed"),
        ("threads=17", "a number from 1 to 16 is needed"),
        ("ram=much", "a number of bytes is needed"),
        ("flash=12X", "a number of bytes is needed"),
        (f"config={'x' * 300}", "there is no such file"),
        (f"target={'x' * 300}.yaml", "File name too long"),
    ],
)
def test_unknown_names_are_errors_with_a_suggestion(checkout: Checkout, word: str, suggestion: str) -> None:
    said = checkout.scons(word, status=2)
    assert suggestion in said and "Traceback" not in said


def test_unknown_cpu_names_those_of_the_target(checkout: Checkout) -> None:
    assert "did you mean v3?" in checkout.scons("target=x86_64", "model=first", "cpu=v33", status=2)


def test_help_lists_targets_models_variables_and_aliases(checkout: Checkout) -> None:
    said = checkout.scons("--help")
    for word in ("arm64v7", "baremetal", "first", "second", "toolchain=", "optimize=", "verify", "+dot"):
        assert word in said


def test_without_a_word_nothing_is_built(checkout: Checkout) -> None:
    assert "scons target=arm64 model=mobilenet" in checkout.scons()
    assert not list((checkout.root / "build").rglob("*.a"))


@pytest.mark.parametrize(
    "word", ["verify", "run", "profile", "release", "reproduce", "compiledb", "package=cmake"]
)
def test_what_needs_a_target_says_so_and_is_no_success(checkout: Checkout, word: str) -> None:
    said = checkout.scons("-Q", word, status=2)
    assert said.startswith(f"mgecc: error: {word.partition('=')[0]}: of what? For example: scons ")


BENCH = "import sys\nprint('measures', *sys.argv[1:])\n"


@pytest.mark.parametrize(
    ("words", "measured"),
    [
        (["bench"], "--json build/bench.json"),
        (["bench", "model=first"], "first --json build/bench.json"),
        (
            ["bench", "target=baremetal,arm64", "model=second"],
            "second --json build/bench.json --targets baremetal,arm64",
        ),
        (["bench", "target=arm64", "args=--check"], "--json build/bench.json --targets arm64 --check"),
        (["bench=peers", "model=first", "cpu=v3"], "first --json build/peers.json --cpu v3"),
    ],
)
def test_bench_measures_what_is_named_and_builds_nothing_itself(
    checkout: Checkout, words: list[str], measured: str
) -> None:
    for name in ("bench.py", "peers/compare.py"):
        (checkout.root / "benchmarks" / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.root / "benchmarks" / name).write_text(BENCH)
    lines = checkout.scons("-Q", *words).splitlines()
    assert f"measures {measured}" in lines and not [line for line in lines if "MGE" in line]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (["bench", "toolchain=gcc"], "bench takes no toolchain=; it takes model= and target="),
        (["bench", "optimize=size", "model=first"], "bench takes no optimize="),
        (["bench=peers", "target=arm64"], "bench=peers takes no target=; it takes model= and cpu="),
    ],
)
def test_words_that_bench_would_leave_aside_are_refused(
    checkout: Checkout, words: list[str], refused: str
) -> None:
    assert f"mgecc: error: {refused}" in checkout.scons("-Q", *words, status=2)


def test_a_target_alone_builds_all_models(checkout: Checkout) -> None:
    checkout.scons("target=armv7")
    assert len(list((checkout.root / "build" / "armv7").glob("*/lib*.a"))) == 2


def test_aliases_of_targets_build_the_same(checkout: Checkout) -> None:
    checkout.scons("target=arm64_with_dot", "model=first")
    assert (checkout.root / "build" / "arm64+dot" / "first" / "libfirst.a").is_file()


def test_verbose_shows_whole_commands(checkout: Checkout) -> None:
    said = checkout.scons("target=arm64", "model=first", "verbose=1")
    assert "--target=aarch64-linux-gnu" in said and "-ffp-contract=off" in said


def test_missing_compiler_is_one_line_with_the_command_that_installs_it(
    checkout: Checkout, monkeypatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    said = checkout.scons("target=arm64", "model=first", "toolchain=gcc", status=3)
    assert "mgecc: error: toolchain gcc: aarch64-linux-gnu-gcc is not installed: apt-get install" in said
