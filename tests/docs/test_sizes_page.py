"""What docs/sizes.md says is true: its example compiles, runs and refuses what it says it refuses."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from mgecc.config import load_config
from mgecc.targets import load_target
from mgecc.toolrun.products import compile_to_folder
from mgecc.toolrun.sources import include_folder, runtime_sources
from mgecc.toolrun.verify_sizes import meaning

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sizes.md").read_text(encoding="utf-8")
CORPUS = ROOT / "tests" / "data" / "mge-corpus"
MAIN = """
#include <stdio.h>
#include <string.h>
{snippet}
int main(void)
{{
    static float image[64 * 64], mask[2 * 64 * 64];
    const int32_t dims[] = {{2, 1, 12, 16}};
    if (net_unet_open(&net, arena, sizeof arena) != MGECC_OK) return 1;
    for (int i = 0; i < 64 * 64; i++)
        image[i] = (float)(i % 7) / 7;
    if (segment(18, 20, image, mask) != -1 || segment(68, 20, image, mask) != -1) return 2;
    if (segment(20, 24, image, mask) != 20 * 24) return 3;
    for (int i = 0; i < NET_UNET_SIZE_H_STEP * 5 * 24 * 2; i++)
        printf("%a\\n", mask[i]);
    return mgecc_set_shape(&net, 0, dims, 4) != MGECC_OK || net.sizes[0] != 2 || net.sizes[2] != 16;
}}
"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.skipif(platform.machine() != "x86_64" or not shutil.which("gcc"), reason="runs on the host")
def test_the_example_is_true(tmp_path: Path) -> None:
    shutil.copy(CORPUS / "net_unet.mge", tmp_path)
    (tmp_path / "model.yaml").write_text(block("yaml") + "name: net_unet\n")
    config = load_config(tmp_path / "model.yaml")
    compile_to_folder(config, "x86_64", "", tmp_path)
    (tmp_path / "main.c").write_text(MAIN.format(snippet=block("c")))
    flags = [*load_target("x86_64").cflags, "-std=gnu99", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
    sources = ["main.c", "net_unet_kernels.c", "net_unet_blob.S", *map(str, runtime_sources(sizes=True))]
    command = ["gcc", *flags, "-I.", f"-I{include_folder()}", *sources, "-o", "main"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    ran = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    got = np.array([float.fromhex(line) for line in ran.stdout.split()], np.float32)
    image = (np.arange(20 * 24) % 7 / np.float32(7)).astype(np.float32).reshape(1, 1, 20, 24)
    (want,) = meaning(config.with_sizes({"n": 1, "h": 20, "w": 24}), {"in.data": image}).values()
    assert np.abs(got.reshape(want.shape) - want).max() < 1e-5


def test_links_lead_to_files() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE)]
    assert links and all((ROOT / "docs" / link).exists() for link in links)
