"""Results of earlier steps, shared between trees and machines, found by what they were made from.

An entry is kept as Bazel keeps it: ``ac/KEY`` is an ActionResult that names the outputs of a step and their SHA-256,
``cas/SHA256`` is a content. A store is a folder (laid out as Bazel's disk cache) or a server that speaks Bazel's HTTP
cache protocol. A cache may be slow, gone, full or damaged: the build then does without it and says so in a line.
May import: the standard library, mgecc.toolrun.
"""

from mgecc.toolrun.cache.cache import MODES, Cache, action_key
from mgecc.toolrun.cache.location import objects_cache, open_cache

__all__ = ["MODES", "Cache", "action_key", "objects_cache", "open_cache"]
