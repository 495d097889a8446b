"""The instruction sets whose image functions this machine can run itself."""

from functools import cache

from mgecc.targets import Target, load_target
from mgecc.toolrun.emulators import EmulatorMissing, launcher


def _is_native(cpu: str) -> bool:
    try:
        return launcher(load_target("x86_64", cpu)) == []
    except EmulatorMissing:
        return False


@cache
def native_targets() -> list[Target]:
    """Plain C, and the levels of x86 that the processor has."""
    return [
        load_target("baremetal"),
        *(load_target("x86_64", cpu) for cpu in ("v2", "v3", "v4") if _is_native(cpu)),
    ]
