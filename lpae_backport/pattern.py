# SPDX-License-Identifier: GPL-2.0-only
"""C with metavariables: ``$X`` stands for any expression, ``$$$`` for the rest of a list.

``$_`` stands for anything each time, ``$X_NAME`` for a name or a member but no constant.

``$`` is a legal letter of an identifier for the C grammar, so a pattern parses as it is. The same
metavariable twice must stand for the same expression; ``$_`` may stand for a different one each
time. Operands of ``==``, ``&`` and the like match in either order.
"""

from dataclasses import dataclass
from functools import cached_property

from lpae_backport.syntax import Node, fragment

_COMMUTATIVE = frozenset({"==", "!=", "&", "|", "^", "+", "*", "&&", "||"})
_REST = "$$$"
_NAMES = frozenset({"identifier", "field_identifier", "type_identifier"})


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern; equal source means equal pattern."""

    source: str
    root: Node

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The literal identifiers, which any text that matches must contain."""
        return tuple(
            n.label for n in self.root.walk() if n.kind in _NAMES and not n.label.startswith("$")
        )

    @cached_property
    def key(self) -> str:
        """One literal to look candidates up by; the longest identifier is the most telling."""
        numbers = [n.label for n in self.root.walk() if n.kind == "number_literal"]
        texts = [n.label for n in self.root.walk() if n.kind == "string_literal"]
        return max(self.words or texts or numbers, key=len, default="")

    @property
    def is_call(self) -> bool:
        """Tell whether the pattern is a call of a function."""
        return self.root.kind == "call_expression"

    def match(self, node: Node) -> dict[str, Node] | None:
        """Match `node` itself (not what is below it).

        Returns:
            What each metavariable stands for, or `None`.
        """
        bound: dict[str, Node] = {}
        return bound if unify(self.root, node, bound) else None


def compile_pattern(source: str) -> Pattern | None:
    """Compile a pattern.

    Args:
        source: a C expression, or a statement with its semicolon or braces.

    Returns:
        The pattern, or `None` where `source` is not one expression or statement of C.
    """
    body = fragment(source.encode())
    if body is None or not body.kids:
        return None
    node = body.kids[0]
    if node.kind == "expression_statement":
        if not node.kids:
            return None
        node = node.kids[0]
    others = [k for k in body.kids[1:] if k.kids]
    return None if others else Pattern(source, node)


def unify(pattern: Node, node: Node, bound: dict[str, Node]) -> bool:
    """Match one node against one pattern node, extending `bound` on success."""
    if pattern.kind == "identifier" and pattern.label.startswith("$"):
        return _bind(pattern.label, node, bound)
    if node.kind == "cast_expression" and pattern.kind != "cast_expression":
        inner = node.kid("value")
        return inner is not None and unify(pattern, inner, bound)
    if node.kind == "compound_statement" and pattern.kind.endswith("_statement"):
        # Braces around a single statement are a matter of style.
        held = [k for k in node.kids if k.kids or k.kind != "expression_statement"]
        if pattern.kind != "compound_statement" and len(held) == 1:
            return unify(pattern, held[0], bound)
    if pattern.kind != node.kind:
        return pattern.kind in _NAMES and node.kind in _NAMES and pattern.label == node.label
    if pattern.label != node.label:
        return False
    if pattern.label in _COMMUTATIVE and len(node.kids) == 2 == len(pattern.kids):
        trial = dict(bound)
        if _lists(pattern.kids, node.kids[::-1], trial) and not _lists(
            pattern.kids, node.kids, dict(bound)
        ):
            bound.update(trial)
            return True
    return _lists(pattern.kids, node.kids, bound)


def _bind(name: str, node: Node, bound: dict[str, Node]) -> bool:
    if name.endswith("_NAME"):
        plain = node.kind in ("identifier", "field_expression")
        if not plain or node.label.isupper():
            return False
    if name in ("$_", _REST):
        return True
    if name in bound:
        return bound[name].canon == node.canon
    bound[name] = node
    return True


def _lists(patterns: list[Node], nodes: list[Node], bound: dict[str, Node]) -> bool:
    if not patterns:
        return not nodes
    head = patterns[0]
    if _is_rest(head):
        return any(_try(patterns[1:], nodes[i:], bound) for i in range(len(nodes) + 1))
    return bool(nodes) and unify(head, nodes[0], bound) and _lists(patterns[1:], nodes[1:], bound)


def _try(patterns: list[Node], nodes: list[Node], bound: dict[str, Node]) -> bool:
    trial = dict(bound)
    if _lists(patterns, nodes, trial):
        bound.update(trial)
        return True
    return False


def _is_rest(node: Node) -> bool:
    if node.kind == "expression_statement" and len(node.kids) == 1:
        node = node.kids[0]
    return node.label == _REST
