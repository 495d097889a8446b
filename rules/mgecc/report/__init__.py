"""What was built, as data: sizes, memory, layers and the reasons for their kernels.

May import: mgecc.graph, mgecc.targets, mgecc.kernels, mgecc.planner.
"""

from mgecc.report.summary import SCHEMA, report

__all__ = ["SCHEMA", "report"]
