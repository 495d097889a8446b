"""Conversions between halves and float32 are those of IEEE 754: for every half, and for floats of every size."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from harness import host_targets
from mgecc.kernels.render import header_text
from mgecc.targets import load_target
from mgecc.targets.isa import read_isa
from mgecc.toolrun.emulators import find_emulator
from native import FLAGS, host_flags

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
N = 1 << 18
MAIN = r"""
#include <stdio.h>
enum { H = 65536, N = %(n)d };
static uint16_t halves[H], stored[N + MG_VF];
static float floats[N], loaded[H];
int main(void)
{
    if (fread(halves, sizeof halves, 1, stdin) + fread(floats, sizeof floats, 1, stdin) != 2) return 1;
    for (int i = 0; i < H; i += MG_VF) mg_vf_store(loaded + i, mg_vf_load_f16(halves + i));
    fwrite(loaded, sizeof loaded, 1, stdout);
    for (int i = 0; i < N; i += MG_VF) mg_vf_store_f16(stored + i, mg_vf_load(floats + i));
    fwrite(stored, 2, N, stdout);
    for (int i = 0; i < H; i += MG_VF) mg_vf_store(loaded + i, mg_vf_half(mg_vf_load(floats + i)));
    fwrite(loaded, sizeof loaded, 1, stdout);
    for (int i = 0; i < H; i += MG_VF) mg_vf_store(loaded + i, mg_vf_set1_f16(halves[i]));
    fwrite(loaded, sizeof loaded, 1, stdout);
    for (int n = 1; n < MG_VF; ++n) {
        for (int i = 0; i < 2 * MG_VF; ++i) stored[i] = 0x5a5a;
        mg_vf_store_f16_tail(stored, mg_vf_load_f16_tail(halves + 0x3c00, n), n);
        for (int i = 0; i < 2 * MG_VF; ++i)
            if (stored[i] != (i < n ? halves[0x3c00 + i] : 0x5a5a)) return 2;
        mg_vf_store(loaded, mg_vf_load_f16_tail(halves + 0x3c00, n));
        for (int i = n; i < MG_VF; ++i)
            if (loaded[i] != 0.0f) return 3;
    }
    return 0;
}
"""
# ISA -> target whose compiler and flags it is built with; plain C also where it has instructions for halves.
CROSS = {"neon64": "arm64", "neon32": "armv7", "scalar on armv7": "armv7"}


def _tools(isa: str) -> tuple[list[str], list[str]]:
    """Compiler with flags, and emulator."""
    for target in host_targets():
        if target.isa == isa:
            return ["gcc", *host_flags(target).split()], []
    if isa not in CROSS:
        pytest.skip(f"this processor does not run {isa}")
    target = load_target(CROSS[isa])
    compiler = f"{target.gcc['prefix']}gcc"
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    find_emulator(target.emulator[0])
    return [compiler, *target.cflags], list(target.emulator)


def _floats() -> np.ndarray:
    """Random bits, numbers about the size of halves, and all halves with their neighbours and the ties between them."""
    rng = np.random.default_rng(7)
    every = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    finite = every[np.isfinite(every)]
    ties = (finite + np.nextafter(finite.astype(np.float16), np.float16(np.inf)).astype(np.float32)) / 2
    edges = [np.nextafter(ties, np.float32(way)) for way in (-np.inf, np.inf)]
    rest = N - 65536 - sum(map(len, (ties, *edges)))
    bits = rng.integers(0, 1 << 32, rest - rest // 2, dtype=np.uint32).view(np.float32)
    near = rng.normal(size=rest // 2) * 2.0 ** rng.integers(-27, 18, rest // 2)
    numbers = np.concatenate([ties, *edges, every, bits, near.astype(np.float32)])
    assert numbers.size == N
    return numbers


def _same(got: np.ndarray, want: np.ndarray) -> None:
    """Equal to the bit; of not-a-number only that it is none."""
    bits = np.uint16 if want.dtype == np.float16 else np.uint32
    wrong = (got.view(bits) != want.view(bits)) & ~(np.isnan(got) & np.isnan(want))
    assert not wrong.any(), (got[wrong][:5], want[wrong][:5])


@pytest.mark.parametrize("isa", ["scalar", "sse2", "avx2", "avx512", *CROSS])
def test_conversions(isa: str, tmp_path: Path) -> None:
    command, emulator = _tools(isa)
    source, program = tmp_path / "half.c", tmp_path / "half"
    text = "".join(
        header_text(name, read_isa(isa.split()[0])) for name in (isa.split()[0], "half")
    ) + MAIN % {"n": N}
    source.write_text(text, encoding="utf-8")
    flags = [f for f in FLAGS.split() if f != "-fPIC"]
    built = [*command, *flags, "-static", "-o", str(program), str(source)]
    done = subprocess.run(built, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    every, floats = np.arange(65536, dtype=np.uint16), _floats()
    data = every.tobytes() + floats.tobytes()
    ran = subprocess.run([*emulator, str(program)], input=data, capture_output=True, check=False)
    assert ran.returncode == 0
    sizes = np.cumsum([4 * every.size, 2 * N, 4 * every.size])
    parts = [ran.stdout[a:b] for a, b in zip([0, *sizes], [*sizes, None])]
    wide = every.view(np.float16).astype(np.float32)
    _same(np.frombuffer(parts[0], np.float32), wide)
    _same(np.frombuffer(parts[1], np.float16), floats.astype(np.float16))
    _same(np.frombuffer(parts[2], np.float32), floats[:65536].astype(np.float16).astype(np.float32))
    lanes = {"avx2": 8, "avx512": 16}.get(isa, 1 if isa.startswith("scalar") else 4)
    _same(np.frombuffer(parts[3], np.float32), np.repeat(wide[::lanes], lanes))
