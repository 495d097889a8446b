"""Which files of a configuration lie where nobody would look for them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def files_outside(config: Path, files: Iterable[Path]) -> list[str]:
    """A line for each file that ``config`` names and that is below neither its folder nor the current one.

    Links are followed. A configuration from elsewhere could read any file that its user can read.
    """
    roots = [os.path.realpath(root) + os.sep for root in (config.parent, ".")]
    real = {os.path.realpath(path): path for path in files}
    return [
        f"{config}: {path.name} is read from outside of the project: {place}"
        for place, path in real.items()
        if not any(place.startswith(root) for root in roots)
    ]
