"""The step between objects and library that looks whether they fit ``flash``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgecc.errors import INPUT, InputError
from mgecc.scons.actions import SignedAction, StepError
from mgecc.toolrun.flash import check_flash, sum_sizes
from mgecc.toolrun.process import write_atomically

if TYPE_CHECKING:
    from mgecc.config import LibraryConfig, ModelConfig


def flash_step(
    env: Any, output: str, objects: Sequence[Any], read: Callable[[], ModelConfig | LibraryConfig], asked: str
) -> Any:
    """A node that is there only if the objects fit the least of the models' limits; ``read`` gives the models.

    ``asked``: the limits, as text.
    """

    def check(target: list[Any], source: list[Any], env: Any) -> int:
        paths = [str(node) for node in source]
        try:
            check_flash(read(), paths)
        except InputError as error:
            raise StepError(f"mgecc: error: {error}", INPUT) from None
        write_atomically(Path(str(target[0])), f"{sum_sizes(paths)[0]} bytes of flash\n".encode())
        return 0

    (node,) = env.Command(output, objects, SignedAction(check, f"FLASH {asked}", ""))
    return node
