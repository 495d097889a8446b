"""Threads and bytes as a rule or the command line gives them: numbers, or None where nothing is given."""

from __future__ import annotations

from mgecc.targets import TargetError

MOST_THREADS = 16  # as model.schema.json says


def threads_of(given: int | str) -> int | None:
    """A number of threads as it is given to a rule or on the command line, None for none. Raises TargetError."""
    if given and not (str(given).isdecimal() and 1 <= int(given) <= MOST_THREADS):
        raise TargetError(f"threads={given}: a number from 1 to {MOST_THREADS} is needed")
    return int(given) if given else None


def bytes_of(what: str, given: int | str) -> int | None:
    """A limit of memory as a rule or the command line gives it, in bytes, None for none. Raises TargetError."""
    if not given:
        return None
    from mgecc.config.load import parse_bytes  # loads NumPy, which null builds do without

    try:
        return parse_bytes(given)
    except ValueError:
        raise TargetError(
            f"{what}={given}: a number of bytes is needed, such as 65536, 512K or 1.5M"
        ) from None
