"""Graphs in the languages of drawing tools: DOT (Graphviz, "The DOT Language") and Mermaid (flowcharts)."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph.graph import Graph, Node, Value


def dot_lines(graph: Graph) -> Iterator[str]:
    """A digraph: boxes are nodes, ellipses inputs and outputs, edges carry types. Constants are left out."""
    yield f"digraph {_quoted(graph.name)} {{"
    yield "  node [shape=box];"
    for name, label, is_node in _boxes(graph):
        shape = "" if is_node else ", shape=ellipse"
        yield f"  {name} [label={_quoted(label)}{shape}];"
    for start, end, label in _edges(graph):
        yield f"  {start} -> {end} [label={_quoted(label)}];"
    yield "}"


def mermaid_lines(graph: Graph) -> Iterator[str]:
    """The same as a flowchart from the top down, for Markdown pages."""
    yield "flowchart TD"
    for name, label, is_node in _boxes(graph):
        left, right = ("[", "]") if is_node else ("([", "])")
        yield f'  {name}{left}"{_entities(label)}"{right}'
    for start, end, label in _edges(graph):
        yield f'  {start} -->|"{_entities(label)}"| {end}'


def _boxes(graph: Graph) -> Iterator[tuple[str, str, bool]]:
    """Name, label, and whether it is a node, of everything that is drawn."""
    for k, value in enumerate(graph.inputs):
        yield f"i{k}", value.name, False
    for k, node in enumerate(graph.nodes):
        yield f"n{k}", f"{node.op}\n{node.name}", True
    for k, (name, _) in enumerate(graph.outputs):
        yield f"o{k}", name, False


def _edges(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """From, to and label: the type of what is read."""
    starts: dict[Value, str] = {value: f"i{k}" for k, value in enumerate(graph.inputs)}
    starts |= {value: f"n{k}" for k, node in enumerate(graph.nodes) for value in node.outputs}
    for k, node in enumerate(graph.nodes):
        for value in _read(node):
            yield starts[value], f"n{k}", str(value.type)
    for k, (_, value) in enumerate(graph.outputs):
        if value in starts:
            yield starts[value], f"o{k}", str(value.type)


def _read(node: Node) -> Iterator[Value]:
    return (value for value in dict.fromkeys(node.inputs) if not value.is_const)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _entities(text: str) -> str:
    """Text inside of quotes: Mermaid has numeric entities for what would end them or be taken as markup."""
    lines = (
        "".join(c if c.isalnum() or c in " _.-:,()[]/=" else f"#{ord(c)};" for c in s)
        for s in text.split("\n")
    )
    return "<br/>".join(lines)
