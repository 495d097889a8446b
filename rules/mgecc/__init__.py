"""mgecc compiles trained networks to tiny C libraries.

Data passes through the packages in this order, and imports point the same way only::

    rules -> config -> frontends -> graph -> ops -> passes -> targets -> kernels -> planner -> emit -> report

``mgecc.compiler`` strings them together; ``mgecc.cli`` and ``mgecc.scons`` are its two entry points.
"""

import os

__version__ = "0.1.0"

# Where SCons finds the tool of an installed package: env.Tool("mgecc", toolpath=[mgecc.TOOLPATH])
TOOLPATH = os.path.join(os.path.dirname(__file__), "scons", "site_tools")
