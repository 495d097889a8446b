"""A build that was interrupted ends with the status that shells have for it, not with that of a mistake."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

try:
    from SCons.Taskmaster.Job import Jobs
except ImportError:  # before SCons 4.5.1
    from SCons.Job import Jobs

INTERRUPTED = 130


def tell_interruptions() -> None:
    """End this process with status 130 if its build is interrupted, after all that is registered for its end later."""
    were_interrupted = Jobs.were_interrupted
    seen = False

    def notice(jobs: Any) -> bool:
        """What SCons asks when a build is over; it then ends with status 2 without asking anybody."""
        nonlocal seen
        seen = bool(were_interrupted(jobs)) or seen
        return seen

    def end() -> None:
        if seen:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)

    Jobs.were_interrupted = notice
    atexit.register(end)
