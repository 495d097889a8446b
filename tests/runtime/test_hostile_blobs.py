"""No damaged blob is run: everything is refused with a status, or opened without any access out of bounds."""

from pathlib import Path

import pytest
from build_runner import check, target_of, write_model
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources
from tiny_program import tiny_program

OK, MAGIC, VERSION, TRUNCATED, CRC, KERNELS, LAYOUT, ARENA, ALIGN, ARGUMENT = range(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("mutate")


@pytest.fixture
def mutate(folder: Path):
    program = folder / "mutate"
    if not program.exists():
        write_model(tiny_program(), target_of("x86_64"), folder)
        flags = ["-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        flags += ["-Wall", "-Wextra"]
        includes = [f"-I{p}" for p in (include_folder(), runtime_folder() / "src", folder)]
        sources = [Path(__file__).with_name("mutate.c"), folder / "tiny_kernels.c", folder / "tiny_blob.S"]
        flags += target_of("x86_64").cflags
        assert check(["gcc", *flags, *includes, *sources, *runtime_sources(), "-o", program], folder) == ""

    def run(how: str) -> list[int]:
        return [int(word) for word in check([program, "tiny.blob", how], folder).split()]

    run.size = (folder / "tiny.blob").stat().st_size
    return run


def test_every_truncation_is_refused(mutate) -> None:
    counts = mutate("truncate")
    assert counts[OK] == 0 and counts[MAGIC] == 4
    assert counts[TRUNCATED] == mutate.size - 4


def test_every_changed_byte_is_refused(mutate) -> None:
    counts = mutate("bytes")
    assert counts[OK] == 0 and sum(counts[:10]) == 255 * mutate.size
    assert counts[CRC] > 250 * (mutate.size - 20)


def test_with_a_right_checksum_no_changed_program_is_opened(mutate) -> None:
    counts = mutate("sealed")
    outside, inside = counts[10:]
    assert inside == 0 and counts[KERNELS] > 0 and counts[LAYOUT] > 0
    assert outside == counts[OK] > 0  # changed weights are new weights


def test_with_everything_forged_the_bounds_hold(mutate) -> None:
    counts = mutate("forged")
    assert counts[OK] > 0 and counts[LAYOUT] > 1000 and counts[ARENA] > 0
    assert counts[CRC] == counts[MAGIC] == counts[KERNELS] == 0
