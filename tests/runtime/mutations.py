"""mutate.c around the hand-made model: blobs that are damaged or forged, and how many of them open with what status."""

from __future__ import annotations

from pathlib import Path

from build_runner import check, target_of, write_model
from mgecc.planner import Program
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources

OK, MAGIC, VERSION, TRUNCATED, CRC, KERNELS, LAYOUT, ARENA, ALIGN, ARGUMENT, SIZE, RANGE, BUFFER = range(13)


class Mutations:
    """The program, built with sanitizers unless ``folder`` has it. ``kinds``: which files of the runtime, as of
    ``runtime_sources``."""

    def __init__(self, program: Program, folder: Path, *defines: str, **kinds: bool) -> None:
        if not (folder / "mutate").exists():
            self._build(program, folder, defines, kinds)
        self.folder, self.size = folder, (folder / "tiny.blob").stat().st_size

    def _build(
        self, program: Program, folder: Path, defines: tuple[str, ...], kinds: dict[str, bool]
    ) -> None:
        write_model(program, target_of("x86_64"), folder)
        flags = ["-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        flags += ["-Wall", "-Wextra", *defines, *target_of("x86_64").cflags]
        includes = [f"-I{p}" for p in (include_folder(), runtime_folder() / "src", folder)]
        sources = [Path(__file__).with_name("mutate.c"), folder / "tiny_kernels.c", folder / "tiny_blob.S"]
        sources += runtime_sources(**kinds)
        assert check(["gcc", *flags, *includes, *sources, "-o", folder / "mutate"], folder) == ""

    def run(self, how: str) -> list[int]:
        """How many blobs had each status, and of what opened, how many were changed outside and inside the program."""
        words = check([self.folder / "mutate", "tiny.blob", how], self.folder).split()
        counts = [int(word) for word in words]
        return [*counts[:10], 0, 0, 0, *counts[10:]]

    def check_truncations(self) -> None:
        """Every one is refused."""
        counts = self.run("truncate")
        assert counts[OK] == 0 and counts[MAGIC] == 4
        assert counts[TRUNCATED] == self.size - 4

    def check_sealed(self) -> None:
        """With a right checksum no changed program opens; changed weights are new weights."""
        counts = self.run("sealed")
        outside, inside = counts[13:]
        assert inside == 0 and counts[KERNELS] > 0 and counts[LAYOUT] > 0
        assert outside == counts[OK] > 0

    def check_forged(self) -> None:
        """With checksum and fingerprint made to fit, the bounds hold."""
        counts = self.run("forged")
        assert counts[OK] > 0 and counts[LAYOUT] > 1000 and counts[ARENA] > 0
        assert counts[CRC] == counts[MAGIC] == counts[KERNELS] == 0
