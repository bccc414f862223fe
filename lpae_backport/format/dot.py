# SPDX-License-Identifier: GPL-2.0-only
"""The graph of providers for Graphviz."""

from lpae_backport.format.graph import LEGEND, Graph, Node, graph_of
from lpae_backport.needs.provider import Closure, Form


def dot(closure: Closure, detail: int) -> str:
    """Return the graph of some code and its providers in Graphviz's language.

    Nodes are called by their places, so that no name can be taken for more than a label.

    Args:
        closure: what the code needs, with what would bring it.
        detail: how much to tell; a graph is always the same.
    """
    graph = graph_of(closure)
    lines = [
        "digraph needs {",
        f"  graph [rankdir=LR, labelloc=b, label={quoted(*_legend(graph))}, "
        f"tooltip={quoted(graph.title)}];",
        '  node [shape=box, fontname="monospace", fontsize=11];',
    ]
    for i, n in enumerate(graph.nodes):
        lines.append(f"  n{i} [label={quoted(*n.lines)}, tooltip={quoted(n.title)}, {_look(n)}];")
    for e in graph.edges:
        look = ' [style="dotted"]' if e.is_spare else ""
        if e.is_late:
            look = " [style=dashed, constraint=false]"
        lines.append(f"  n{e.source} -> n{e.target}{look};")
    return "\n".join([*lines, "}"]) + "\n"


def _legend(graph: Graph) -> list[str]:
    shapes = "double frame: grown, dashed frame: own needs not followed"
    spare = "dotted frame: needed only if what needs it is brought whole"
    return [", ".join(LEGEND), shapes, spare, *([graph.remark] if graph.remark else [])]


def _look(n: Node) -> str:
    """Return the attributes that tell the sorts of nodes apart, without colour."""
    if n.form is None:
        return 'style="bold,filled", fillcolor="#e8e8e8"'
    styles = ["rounded"] if n.form is Form.GROWN else []
    if n.is_spare:
        styles.append("dotted")
    elif not n.is_followed:
        styles.append("dashed")
    frames = ", peripheries=2" if n.form is Form.GROWN else ""
    return f'style="{",".join(styles) or "solid"}"{frames}'


def quoted(*lines: str) -> str:
    """Return lines as one quoted string; Graphviz expands backslashes and HTML's entities in it."""
    parts = [line.replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(parts) + '"'
