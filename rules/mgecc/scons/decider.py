"""Whether something has changed since a step used it: by its contents, never by its times.

SCons' own decider for contents believes a file that has not been written for two days to hold what it held at its last
time stamp. Archives, file systems of images and ``cp -p`` give other contents the same time.
"""

from __future__ import annotations

from typing import Any

from SCons.Node.FS import File


def own_environment(env: Any, **variables: Any) -> Any:
    """A copy of a construction environment whose targets are decided upon by contents."""
    own = env.Clone(**variables)
    own.Decider(_has_changed)
    return own


def _has_changed(node: Any, _target: Any, before: Any, _repository: Any = None) -> bool:
    return content_signature(node) != getattr(before, "csig", None)


def content_signature(node: Any) -> str:
    """SCons' digest of what a node holds, read from the file once in a build unless it is built in it."""
    info = node.get_ninfo()
    if isinstance(node, File) and getattr(node.attributes, "mge_read", None) is not info:
        info.csig = node.get_content_hash()
        node.attributes.mge_read = info
    signature: str = node.get_csig()
    return signature


_get_max_drift_csig = File.get_max_drift_csig


def _signature_by_time(node: Any) -> str:
    """What SCons asks before it reads a file, and again after each node; others' nodes stay as fast as they are."""
    return "" if hasattr(node.attributes, "mge_read") else _get_max_drift_csig(node)


File.get_max_drift_csig = _signature_by_time
