# SPDX-License-Identifier: GPL-2.0-only
"""Code with all its readings, and what stands in some or each of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lpae_backport.learning.wording import Wording
from lpae_backport.location import Span
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node

_MAX_NODES = 60_000


class Reading:
    """Code of one side: all its readings, and what stands in them.

    Args:
        file: the file.
        spans: where the code is, once for each definition.
        bodies: its readings.
        name: what it is called; no local of its own.
    """

    def __init__(
        self, file: CodeFile, spans: Sequence[Span], bodies: Sequence[Body], name: str = ""
    ) -> None:
        self.file = file
        self.bodies = tuple(bodies)
        around = [frozenset(file.source.conditions_at(s)) for s in spans]
        self.outer = frozenset.intersection(*around)
        for b in self.bodies:
            b.locals.discard(name)

    @property
    def is_usable(self) -> bool:
        """Tell whether it could be read, and is no larger than code ever is."""
        return 0 < sum(len(b.nodes) for b in self.bodies) < _MAX_NODES

    @cached_property
    def forms(self) -> dict[int, str]:
        """What each node looks like whatever its locals are called, by the node's identity."""
        found: dict[int, str] = {}
        for body in self.bodies:
            own = body.locals | set(body.params)
            for n in reversed(body.nodes):
                found[id(n)] = _form(n, own, found)
        return found

    @cached_property
    def somewhere(self) -> "Inventory":
        """What stands in some reading."""
        return Inventory.of(self, frozenset.union)

    @cached_property
    def everywhere(self) -> "Inventory":
        """What stands in each reading."""
        return Inventory.of(self, frozenset.intersection)

    def of(self, node: Node) -> str:
        """Return what a node looks like."""
        return self.forms[id(node)]

    def pairs(self, body: Body) -> list[str]:
        """Return the pairs of what stands behind each other, in short."""
        words = Wording(self.file, body)
        return [pair_of(words.outline, a, b) for _, a, b in adjacent(body)]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What stands in the readings of a function.

    Attributes:
        present: what the nodes look like.
        words: the identifiers.
        callees: the names that are called.
        neighbours: what stands behind each other in a block, in short.
    """

    present: frozenset[str]
    words: frozenset[str]
    callees: frozenset[str]
    neighbours: frozenset[str]

    @classmethod
    def of(cls, reading: Reading, joined: Callable[..., frozenset[Any]]) -> "Inventory":
        """Take stock of a function; `joined` says how its readings count together."""
        of, bodies = reading.of, reading.bodies
        calls = [
            frozenset(n.kids[0].label for n in b.nodes if n.kind == "call_expression" and n.kids)
            for b in bodies
        ]
        return cls(
            joined(*(frozenset(of(n) for n in b.nodes) for b in bodies)),
            joined(*(frozenset(b.by_label) for b in bodies)),
            joined(*calls),
            joined(*(frozenset(reading.pairs(b)) for b in bodies)),
        )


def _form(n: Node, own: set[str], known: dict[int, str]) -> str:
    if n.kind == "identifier":
        return "$" if n.label in own else n.label
    if n.kind == "compound_statement" and len(n.kids) == 1:
        return known[id(n.kids[0])]
    kids = ",".join(known[id(k)] for k in n.kids)
    text = f"{n.kind}:{n.label}({kids})"
    return text if len(text) < 120 else f"{n.kind}#{hash(text)}"


def adjacent(body: Body) -> Iterator[tuple[Node, Node | None, Node | None]]:
    """Yield the pairs of neighbours in each block, with the block; `None` for its ends."""
    for n in body.nodes:
        if n.kind != "compound_statement":
            continue
        if n.parent is not None and n.parent.kind == "switch_statement":
            continue
        run: list[Node | None] = [None, *(k for k in n.kids if k.kids or k.label), None]
        if len(run) > 2:
            yield from ((n, a, b) for a, b in zip(run, run[1:], strict=False))


def pair_of(written: Callable[[Node], str], a: Node | None, b: Node | None) -> str:
    """Return a block in which two statements stand behind each other; empty if one is too long."""
    first = written(a) if a is not None else ""
    second = written(b) if b is not None else ""
    if (a is not None and not first) or (b is not None and not second):
        return ""
    parts = ["$$$;"] * (a is not None) + [first, second] + ["$$$;"] * (b is not None)
    return "{ " + " ".join(p for p in parts if p) + " }"
