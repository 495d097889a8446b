"""mgecc compiles trained networks to tiny C libraries.

Data passes through the packages in this order, and imports point the same way only::

    rules -> config -> frontends -> graph -> ops -> passes -> targets -> kernels -> planner -> emit -> report

``mgecc.compiler`` strings them together; ``mgecc.cli``, ``mgecc.scons`` and ``mgecc.api`` are its entry points.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mgecc.api import Compiled, NativeModel, RunFailed, Tensor, compile, load

__all__ = ["TOOLPATH", "Compiled", "NativeModel", "RunFailed", "Tensor", "__version__", "compile", "load"]

__version__ = "0.1.0"

# Where SCons finds the tool of an installed package: env.Tool("mgecc", toolpath=[mgecc.TOOLPATH])
TOOLPATH = os.path.join(os.path.dirname(__file__), "scons", "site_tools")


def __getattr__(name: str) -> Any:
    """What programs in Python use; it loads NumPy, which builds with nothing to do are spared."""
    if name not in __all__:
        raise AttributeError(f"module 'mgecc' has no attribute {name!r}")
    from mgecc import api  # loads NumPy

    return getattr(api, name)
