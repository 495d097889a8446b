"""The SCons side: the tool ``mgecc`` with its builder ``MgeModel``, and the entry point of this repository.

Depends on SCons, knows nothing about tensors. ``generate`` and ``exists`` are what SCons asks of a tool: either through
``env.Tool("mgecc", toolpath=[".../site_scons/site_tools"])`` or as ``Environment(tools=[mgecc.scons.generate])``.
May import: SCons, mgecc.names, mgecc.targets, mgecc.toolrun; nothing imports this package. Reading an SConstruct
must stay fast, so nothing here imports NumPy: models are compiled in processes of their own.
"""

from mgecc.scons.tool import exists, generate

__all__ = ["exists", "generate"]
