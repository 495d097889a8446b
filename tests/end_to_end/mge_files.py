"""The writer of small model files, which lies with the tests of the front end."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "frontends"))

from mge_writer import MgeFile, dtype_table

__all__ = ["MgeFile", "dtype_table"]
