"""Kernel families: what each can compute, at what cost, with which packed weights; and its C template.

One folder per family: ``spec.py`` yields candidates for nodes, ``*.c.j2`` is the C text, written against the
vocabulary of ``simd/``. Families are found by folder. May import: mgecc.graph, mgecc.ops, mgecc.targets, numpy, jinja2.
"""

from mgecc.kernels.base import Alias, Call, Candidate, Const, Kernel, Workspace, candidates, serves

__all__ = ["Alias", "Call", "Candidate", "Const", "Kernel", "Workspace", "candidates", "serves"]
