"""mgecc compiles trained networks to tiny C libraries.

Data passes through the packages in this order, and imports point the same way only::

    rules -> config -> frontends -> graph -> ops -> passes -> targets -> kernels -> planner -> emit -> report

``mgecc.compiler`` strings them together; ``mgecc.cli`` and ``mgecc.rules`` are the two doors.
"""

__version__ = "0.1.0"
