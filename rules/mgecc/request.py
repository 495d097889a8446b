"""What a build asks a compiler process for, and its form on the way there. Loads no NumPy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class CompileRequest:
    """Products in ``folder``; exactly one of ``config``, ``several`` and ``functions`` says of what.

    ``config``: path of a configuration or model file. ``several``: paths whose models make one library.
    ``functions``: image functions with their element types. ``name``: of the library. ``optimize``: empty for what the
    configuration says, as are ``threads``, and ``flash`` and ``ram`` in bytes where they are None. ``reads``: the only
    files of the user's that may be opened.
    """

    name: str
    target: str = ""
    cpu: str = ""
    folder: str = ""
    config: str = ""
    several: tuple[str, ...] = ()
    functions: dict[str, list[str]] = field(default_factory=dict)
    optimize: str = ""
    threads: int | None = None
    flash: int | None = None
    ram: int | None = None
    reads: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if [bool(self.config), bool(self.several), bool(self.functions)].count(True) != 1:
            raise ValueError("a request is for one of a configuration, several, and image functions")

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> CompileRequest:
        """The request that ``to_line`` wrote."""
        document = json.loads(line)
        lists = {key: tuple(document[key]) for key in ("several", "reads")}
        return cls(**{**document, **lists})
