"""What every run of the tests has in common."""

import gc
import os
from pathlib import Path

import pytest
from missing import skip_without_emulator


def pytest_configure(config: pytest.Config) -> None:
    """Objects that tests compile are kept in one cache, for all processes of a run and for later runs."""
    os.environ["MGECC_CACHE"] = os.path.join(config.rootpath, ".pytest_cache", "objects")


def pytest_collection_finish() -> None:
    """The compiler collects garbage once for each model, which would look at ten thousand collected tests each time."""
    gc.freeze()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests alone, the same one for all of its processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


pytest_runtest_setup = pytest.hookimpl(wrapper=True)(skip_without_emulator)
pytest_runtest_call = pytest.hookimpl(wrapper=True)(skip_without_emulator)
