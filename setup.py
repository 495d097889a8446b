"""What ``pip install`` takes along: the package found by folder, the C runtime, functions for CMake, and the tool for
SCons.

The runtime becomes ``mgecc._runtime``, the functions ``mgecc._cmake``; the tool goes into SCons' own folder of
tools, which it always searches.
"""

import shutil
from pathlib import Path

from setuptools import find_namespace_packages, setup

# Not "build", which is SCons'; and begun anew, as what an earlier version had would be installed again.
BASE = Path("build", ".pip")
shutil.rmtree(BASE, ignore_errors=True)

setup(
    options={"build": {"build_base": str(BASE)}},
    packages=[
        *find_namespace_packages("rules", include=["mgecc*"]),
        "mgecc._runtime",
        "mgecc._cmake",
        "SCons.Tool",
    ],
    package_dir={
        "": "rules",
        "mgecc._runtime": "runtime",
        "mgecc._cmake": "rules/cmake",
        "SCons.Tool": "rules/mgecc/scons/scons_tool",
    },
    package_data={
        "": ["py.typed", "*.j2", "*.yaml", "*.json", "*.h", "*.c", "*.ld", "*.S", "*.md"],
        "mgecc._runtime": ["**/*"],
        "mgecc._cmake": ["*"],
    },
)
