"""The headers that applications include mean the same to them as to the library, however each was compiled."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from mgecc.toolrun.sources import include_folder

HEADERS = sorted(include_folder().glob("*.h"))
STRUCT = re.compile(r"^typedef struct (\w+) \{(.*?)^\} \1;", re.MULTILINE | re.DOTALL)
PLAIN = re.compile(r"^typedef \w+ (\w+);", re.MULTILINE)
# The application's half of a program: a status of the library's must arrive as it left, whatever lay in the register.
LIBRARY = """
#include "mgecc_cv.h"
mgecc_status status(int code);
void dtype(mgecc_image *image, int code);
mgecc_status status(int code) { return (mgecc_status)code; }
void dtype(mgecc_image *image, int code) { image->dtype = (mgecc_dtype)code; }
"""
APPLICATION = """
#include <stdio.h>
#include <string.h>
#include "mgecc_cv.h"
mgecc_status status(int code);
void dtype(mgecc_image *image, int code);
int main(void)
{
    mgecc_image image;
    memset(&image, -1, sizeof image);
    dtype(&image, MGECC_QINT1);
    printf("%d %d %d\\n", status(0x1234500) == 0x1234500, status(MGECC_E_SIZE) == MGECC_E_SIZE,
           image.dtype == MGECC_QINT1);
    return 0;
}
"""


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def layout(text: str) -> list[str]:
    """A C expression for the size of every type in a header, and for the size and place of every member."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = [f"sizeof({name})" for name in PLAIN.findall(text)]
    for name, body in STRUCT.findall(text):
        members = [re.findall(r"(\w+)(?:\[\w+\])?(?=[,;])", line) for line in body.splitlines()]
        found += [f"sizeof({name})"]
        for member in (m for line in members for m in line):
            found += [f"offsetof({name}, {member})", f"sizeof((({name} *)0)->{member})"]
    return found


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.name)
def test_no_type_has_another_layout_with_short_enums(header: Path, tmp_path: Path) -> None:
    terms = layout(header.read_text())
    assert len(terms) > 10
    rows = "".join(f'    printf("%s %lu\\n", "{term}", (unsigned long){term});\n' for term in terms)
    main = f'#include <stdio.h>\n#include "{header.name}"\nint main(void)\n{{\n{rows}    return 0;\n}}\n'
    (tmp_path / "main.c").write_text(main)
    said = {}
    for flag in ("-fshort-enums", "-fno-short-enums"):
        run(["gcc", "-std=c99", flag, f"-I{include_folder()}", "main.c", "-o", "main"], tmp_path)
        said[flag] = run(["./main"], tmp_path)
    assert said["-fshort-enums"] == said["-fno-short-enums"]


@pytest.mark.parametrize(
    "flags", [("-fshort-enums", "-fno-short-enums"), ("-fno-short-enums", "-fshort-enums")]
)
def test_library_and_application_may_differ_in_short_enums(flags: tuple[str, str], tmp_path: Path) -> None:
    for name, text, flag in zip(("library", "application"), (LIBRARY, APPLICATION), flags):
        (tmp_path / f"{name}.c").write_text(text)
        run(["gcc", "-std=c99", "-O2", flag, f"-I{include_folder()}", "-c", f"{name}.c"], tmp_path)
    run(["gcc", "library.o", "application.o", "-o", "main"], tmp_path)
    assert run(["./main"], tmp_path) == "1 1 1\n"
