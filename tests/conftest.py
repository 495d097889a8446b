"""What every run of the tests has in common."""

import gc
import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Objects that tests compile are kept in one cache, for all processes of a run and for later runs."""
    os.environ["MGECC_CACHE"] = os.path.join(config.rootpath, ".pytest_cache", "objects")


def pytest_collection_finish() -> None:
    """The compiler collects garbage once for each model, which would look at ten thousand collected tests each time."""
    gc.freeze()
