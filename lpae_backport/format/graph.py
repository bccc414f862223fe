# SPDX-License-Identifier: GPL-2.0-only
"""The graph of some code and its providers: what is drawn, whatever draws it."""

from dataclasses import dataclass
from itertools import takewhile

from lpae_backport.format.providers import gain, numbers, plain, size, standing
from lpae_backport.format.words import count
from lpae_backport.needs.need import Status
from lpae_backport.needs.provider import BACKPORT, Closure, Form, Provider

MOST = 200
"""Providers that are drawn; more of them no eye could follow."""
LEGEND = (
    "number: the order to bring in",
    "arrow: needs",
    "dotted arrow: needs only if it is brought whole",
    "dashed arrow: needs what comes later (a cycle)",
)


@dataclass(frozen=True, slots=True)
class Node:
    """The code, or one of its providers.

    Attributes:
        lines: its label: what it is called, and two lines of what it is.
        title: all that its label may have had to shorten.
        form: what it is to the old tree; nothing of the code itself.
        is_followed: whether its own needs were looked at.
        is_spare: whether it is needed only if what needs it is brought whole.
        stage: how many steps come before it; what can come first has 1, the code has the most.
    """

    lines: tuple[str, str, str]
    title: str
    form: Form | None
    is_followed: bool
    is_spare: bool
    stage: int


@dataclass(frozen=True, slots=True)
class Edge:
    """One node needs another.

    Attributes:
        source: which needs, as a place in the graph's nodes.
        target: which is needed.
        is_late: whether what is needed comes later in the order; only in cycles.
        is_spare: whether it is needed only if what needs it is brought whole.
    """

    source: int
    target: int
    is_late: bool
    is_spare: bool


@dataclass(frozen=True)
class Graph:
    """What is drawn.

    Attributes:
        nodes: the code first, then its providers in the order to bring them in.
        edges: sorted.
        undrawn: how many providers are not in it.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    undrawn: int

    @property
    def title(self) -> str:
        """Return what the graph is called."""
        return f"What {self.nodes[0].lines[0]} needs, and what brings it"

    @property
    def description(self) -> str:
        """Return the graph in words."""
        names = "; ".join(n.lines[0] for n in self.nodes[1:])
        said = f"In the order to bring them in: {names}." if names else "There are no providers."
        return f"{said} {self.remark}".rstrip()

    @property
    def remark(self) -> str:
        """Return what is not drawn, in one line; nothing where all is."""
        return f"{count(self.undrawn, 'more provider')} not drawn." if self.undrawn else ""


def graph_of(closure: Closure) -> Graph:
    """Return the graph of some code and its providers; of very many, those nearest to the code."""
    found = list(enumerate(closure.providers, 1))
    if len(found) > MOST:
        found = sorted(sorted(found, key=lambda f: f[1].depth)[:MOST], key=lambda f: f[0])
    order = numbers(closure)
    places = {number: place for place, (number, _) in enumerate(found, 1)}
    edges = set()
    for place, (_, p) in enumerate(found, 1):
        if p.depth <= 1:
            edges.add((0, place))
        needed = {places.get(order.get(name, 0), place) for name in p.after}
        edges |= {(place, other) for other in needed - {place}}
    stages = _stages(len(found), edges)
    nodes = [_code(closure, stages[0])]
    nodes += [_node(p, number, stages[i]) for i, (number, p) in enumerate(found, 1)]
    spare = [False, *(bool(p.only_for) or p.way != BACKPORT for _, p in found)]
    drawn = tuple(Edge(a, b, is_late=0 < a < b, is_spare=spare[a]) for a, b in sorted(edges))
    return Graph(tuple(nodes), drawn, len(closure.providers) - len(found))


def _stages(providers: int, edges: set[tuple[int, int]]) -> list[int]:
    """Return after how many others each can come; the order itself is what breaks cycles."""
    before: dict[int, set[int]] = {}
    for a, b in edges:
        if a:
            before.setdefault(max(a, b), set()).add(min(a, b))
    stages = [0]
    for place in range(1, providers + 1):
        stages.append(1 + max((stages[b] for b in before.get(place, ())), default=0))
    stages[0] = max(stages) + 1
    return stages


def _node(p: Provider, number: int, stage: int) -> Node:
    name = plain(p.name)
    use = f"only if {plain(p.only_for[0])}" if p.only_for else gain(p)
    last = standing(p, 1) + ("" if p.is_followed else "; not followed")
    short = use if p.is_followed else f"{use}; not followed"
    lines = (f"{number}. {name}", f"{p.form.value}: {size(p)}", short)
    title = f"{lines[0]} ({lines[1]}; {plain(last)}): {plain(', '.join(p.files))}"
    return Node(lines, title, p.form, p.is_followed, bool(p.only_for), stage)


def _code(closure: Closure, stage: int) -> Node:
    needs = closure.needs
    words = [f"{sum(n.status is s for n in needs.needs)} {s.value}" for s in Status]
    name = plain(_common(needs.paths))
    said = f"the code: {count(len(needs.paths), 'file')}"
    lines = (name, said, f"needs: {', '.join(words[:2])}")
    return Node(lines, f"{name} ({said}; needs: {', '.join(words)})", None, True, False, stage)


def _common(paths: tuple[str, ...]) -> str:
    """Return what to call some files: the one there is, or the folder they share."""
    if len(paths) == 1:
        return paths[0]
    parts = [p.split("/")[:-1] for p in paths]
    same = takewhile(lambda level: len(set(level)) == 1, zip(*parts, strict=False))
    return "/".join(level[0] for level in same) or count(len(paths), "file")
