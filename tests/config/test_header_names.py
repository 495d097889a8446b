"""No model is called like a header that compilers, C libraries or the standards have."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from mgecc.config import check_model_name, check_name
from mgecc.config.header_names import _C, _POSIX, header_of

HEADERS = [f"{name}.h" for name in (_C + _POSIX).split()]
CXX = [
    "algorithm",
    "array",
    "atomic",
    "bit",
    "chrono",
    "complex",
    "cmath",
    "ctime",
    "functional",
    "memory",
    "random",
    "string",
    "thread",
    "vector",
]


@pytest.mark.parametrize(
    "name", ["errno", "stdint", "math", "string", "Time", "unistd", "arm_neon", "avx2intrin"]
)
def test_names_of_headers_are_refused_for_models_only(name: str) -> None:
    assert f"{name.lower()}.h" in (check_model_name(name) or "")
    assert check_name(name) is None


def test_what_programs_read_of_the_runtime_is_among_the_names() -> None:
    runtime = Path(__file__).parents[2] / "runtime"
    headers = [
        path.stem for folder in ("include", "runner") for path in sorted((runtime / folder).glob("*.h"))
    ]
    assert "port" in headers
    assert [name for name in headers if check_model_name(name) is None] == []


@pytest.mark.parametrize("name", ["vector", "mobilenet", "timer", "mathematics"])
def test_other_names_are_free(name: str) -> None:
    assert check_model_name(name) is None


@pytest.mark.parametrize("compiler", ["gcc -xc", "g++ -std=c++17 -xc++", "arm-none-eabi-gcc -xc"])
def test_what_standard_headers_read_is_among_the_names(compiler: str) -> None:
    """Of the headers in the compiler's own folders that a program with all standard headers reads, by their names."""
    program, *flags = compiler.split()
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    wanted = [*HEADERS, *(CXX if "++" in program else [])]
    text = "".join(f"#if __has_include(<{h}>)\n#include <{h}>\n#endif\n" for h in wanted)
    done = subprocess.run(
        [program, *flags, "-M", "-"], input=text, capture_output=True, text=True, check=True
    )
    read = re.findall(r"/(?:include|include-fixed|newlib|[\w-]*-linux-gnu)/([A-Za-z]\w*)\.h\b", done.stdout)
    assert len(read) >= 10
    assert sorted({name for name in read if header_of(name) is None}) == []
