"""Kernels are compiled without warnings for emulated targets too."""

import pytest
from strict import compile_strictly

strict_warnings = pytest.fixture(autouse=True, scope="module")(compile_strictly)
