"""The SCons tool ``mgecc`` of an installed package, which goes where SCons looks for tools: ``env.Tool("mgecc")``."""

from mgecc.scons import exists, generate

__all__ = ["exists", "generate"]
