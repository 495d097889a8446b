"""A build that was interrupted ends at once, with the status that shells have for it, not with that of a mistake."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any

try:
    from SCons.Taskmaster import Job
except ImportError:  # before SCons 4.5.1
    from SCons import Job

INTERRUPTED = 130
_POLL_SECONDS = 0.1


def tell_interruptions() -> None:
    """End this process with status 130 if its build is interrupted, after all that is registered for its end later."""
    _wake_up_while_workers_run()
    were_interrupted = Job.Jobs.were_interrupted
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

    Job.Jobs.were_interrupted = notice
    atexit.register(end)


def _wake_up_while_workers_run() -> None:
    """Let the main thread, which alone runs handlers of signals, wait for SCons' workers in short steps.

    A signal that comes just before a wait without end, or to another thread, does not end that wait: its handler would
    run after the last step of the build.
    """
    worker = getattr(getattr(Job, "NewParallel", None), "Worker", None)
    if worker is not None:  # else: the scheduler before SCons 4.6 waits for each result on its own
        worker.join = _join_in_steps


def _join_in_steps(worker: threading.Thread, timeout: float | None = None) -> None:
    if timeout is not None:
        threading.Thread.join(worker, timeout)
        return
    while worker.is_alive():
        threading.Thread.join(worker, _POLL_SECONDS)
