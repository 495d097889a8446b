"""Libraries here are compiled without warnings."""

import pytest
from strict import compile_strictly

strict_warnings = pytest.fixture(autouse=True, scope="module")(compile_strictly)
