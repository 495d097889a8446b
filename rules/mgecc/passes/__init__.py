"""Graph -> Graph rewrites, one pass a file, in the order of ``pipeline.PASSES``.

A pass is ``run(graph)``, some with more to know: it edits the graph in place and keeps its meaning. May import:
mgecc.graph, mgecc.ops, numpy.
"""

from mgecc.passes.pipeline import optimize

__all__ = ["optimize"]
