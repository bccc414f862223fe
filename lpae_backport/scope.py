# SPDX-License-Identifier: GPL-2.0-only
"""What the names in one body of code stand for."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lpae_backport.logic import Formula
from lpae_backport.symbols import Body
from lpae_backport.syntax import Node

LOOPS = frozenset({"while_statement", "for_statement", "do_statement"})
PLAIN = frozenset({"expression_statement", "declaration"})


class Library(Protocol):
    """What names defined elsewhere stand for."""

    def predicate(self, use: Node, scope: "Scope") -> Formula | None:
        """Return the condition that a call (or an object-like macro) comes to, if it is one."""

    def statements(self, call: Node, scope: "Scope") -> "Scope | None":
        """Return the scope of the statements that a call of a macro stands for, if it is one."""

    def expansion(self, name: str) -> Node | None:
        """Return the expression that an object-like macro stands for, numbers left aside."""


class NoLibrary:
    """A library in which nothing stands."""

    def predicate(self, use: Node, scope: "Scope") -> Formula | None:
        """Return nothing."""
        return None

    def statements(self, call: Node, scope: "Scope") -> "Scope | None":
        """Return nothing."""
        return None

    def expansion(self, name: str) -> Node | None:
        """Return nothing."""
        return None


@dataclass(eq=False)
class Scope:
    """A body with what its parameters stand for at one place it is called from."""

    body: Body
    library: Library
    arguments: Mapping[str, tuple[Node, "Scope"]] = field(default_factory=dict)
    depth: int = 0
    _assigned: dict[str, list[int]] | None = None

    def assignments(self, name: str) -> list[int]:
        """Return the offsets after which `name` has been given a value, in order."""
        if self._assigned is None:
            self._assigned = _assignments(self.body)
        return self._assigned.get(name, [])

    def deeper(self) -> "Scope":
        """Return this scope one level further down, to bound how far names are followed."""
        return Scope(self.body, self.library, self.arguments, self.depth + 1, self._assigned)

    def key(self, node: Node) -> str:
        """Return text that is equal for expressions with the same value."""
        if node.kind == "identifier":
            if node.label in self.arguments:
                arg, outer = self.arguments[node.label]
                return outer.key(arg)
            version = bisect_right(self.assignments(node.label), node.start)
            return f"{node.label}#{version}" if version else node.label
        if not node.kids:
            return node.label or node.kind
        if node.kind == "cast_expression":
            return self.key(node.kids[-1])
        parts = [self.key(k) for k in node.kids]
        if node.kind == "field_expression":
            whole = ".".join(parts)
            version = bisect_right(self.assignments(node.canon), node.start)
            return f"{whole}#{version}" if version else whole
        if node.label in ("&", "|", "+", "*", "==", "!=") and node.kind == "binary_expression":
            parts.sort()
        return f"{node.kind}{node.label}({','.join(parts)})"


def assigned_name(node: Node) -> str | None:
    """Return what an assignment or initializer gives a value to, as canonical text."""
    if node.kind == "assignment_expression" and node.label == "=":
        return node.kids[0].canon
    if node.kind == "init_declarator":
        return node.kids[0].canon
    return None


def _assignments(body: Body) -> dict[str, list[int]]:
    """Collect the offsets after which each name (or member) has been given a value."""
    found: dict[str, list[int]] = {}
    for n in body.nodes:
        name: Node | None = None
        if n.kind == "init_declarator":
            name = next((k for k in n.kids[0].walk() if k.kind == "identifier"), None)
        elif n.kind == "assignment_expression":
            name = n.kids[0]
        elif n.kind == "update_expression" or (n.kind == "pointer_expression" and n.label == "&"):
            name = n.kids[0] if n.kids else None
        if name is not None and name.kind in ("identifier", "field_expression"):
            if name.kind == "field_expression" and n.kind == "pointer_expression":
                continue
            found.setdefault(name.canon, []).append(n.end)
    for ends in found.values():
        ends.sort()
    return found
