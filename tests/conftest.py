"""What every run of the tests has in common."""

import gc


def pytest_collection_finish() -> None:
    """The compiler collects garbage once for each model, which would look at ten thousand collected tests each time."""
    gc.freeze()
