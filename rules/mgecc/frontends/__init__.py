"""Readers of model files: bytes of a stored network become plain records, later a graph.

One package per file format. A reader treats its input as hostile: every offset, length and count is
bounded by the buffer, and bytes that are not a readable model raise that reader's error, never another
exception. May import `mgecc.graph`, `mgecc.ops`, numpy and pyyaml; never `mgecc.rules` or
`mgecc.config`.
"""
