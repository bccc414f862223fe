# SPDX-License-Identifier: GPL-2.0-only
"""What of the target's own would be lost where other text takes its place?

Two measures: every statement and condition (for text that the rules know the old forms of), and
the identifiers alone (for a function that is written anew).
"""

from collections.abc import Iterable, Iterator

from lpae_backport.pattern import Pattern
from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node

_COMMUTATIVE = frozenset({"&&", "||", "|", "&", "+", "*", "==", "!="})
_WORDS = frozenset({"identifier", "field_identifier", "type_identifier"})
_PLAIN = frozenset({"expression_statement", "return_statement", "goto_statement"})
_CONDITIONED = frozenset({"if_statement", "while_statement", "do_statement", "switch_statement"})


def lost_units(
    old: Iterable[Node], new: Iterable[Node], superseded: tuple[Pattern, ...], file: CodeFile
) -> list[str]:
    """Return the statements and conditions that neither stay nor are known to go.

    Args:
        old: the target's nodes that are replaced.
        new: what replaces them.
        superseded: the forms that the rules know to go.
        file: the target's file, for the text.
    """
    theirs = list(_units(new))
    kept = {_norm(n) for n, _ in theirs} | {_norm(n, turn=True) for n, _ in theirs}
    pairs = {_under(n) for n, _ in theirs}
    lost = []
    for node, turnable in _units(old):
        known = _norm(node) in kept or (turnable and _norm(node, turn=True) in kept)
        if known and _is_effect(node):
            condition = _condition(node)
            known = _under(node) in pairs or (
                condition is not None and _fits(condition, superseded)
            )
        if not known and not _fits(node, superseded):
            lost.append(" ".join(file.source.text(node.span).split()))
    return lost


def _fits(node: Node, patterns: tuple[Pattern, ...]) -> bool:
    return any(p.match(node) is not None for p in patterns)


def _is_effect(node: Node) -> bool:
    """Tell whether it matters under what a piece of code stands: bits that are set, an exit."""
    gathers = node.kind == "assignment_expression" and node.label != "="
    return gathers or node.role == "" and _is_returned(node)


def _is_returned(node: Node) -> bool:
    return node.parent is not None and node.parent.kind == "return_statement"


def _condition(node: Node) -> Node | None:
    """Return the innermost condition that a piece of code stands under."""
    child = node
    for n in node.ancestors():
        if n.kind == "if_statement" and child.role != "condition":
            return n.kid("condition")
        child = n
    return None


def _under(node: Node) -> str:
    """Return text for a piece of code with its innermost condition, seen from its true side."""
    child = node
    for n in node.ancestors():
        if n.kind == "if_statement" and child.role != "condition":
            condition = n.kid("condition")
            taken = child.role != "alternative"
            while condition is not None and condition.label == "!" and len(condition.kids) == 1:
                condition, taken = condition.kids[0], not taken
            return f"{_norm(node)} @ {taken} {_norm(condition) if condition is not None else ''}"
        child = n
    return f"{_norm(node)} @"


def _units(nodes: Iterable[Node]) -> Iterator[tuple[Node, bool]]:
    """Yield what code does, piece by piece; whether a condition may be met from its other side."""
    for n in (n for root in nodes for n in root.walk()):
        if n.kind in _PLAIN and n.kids:
            yield n.kids[0], False
        elif n.kind == "init_declarator":
            yield n.kids[-1], False
        elif n.kind == "for_statement":
            yield from ((k, False) for k in n.kids if not k.kind.endswith("_statement"))
        elif n.kind in _CONDITIONED:
            condition = n.kid("condition")
            if condition is not None:
                yield condition, n.kid("alternative") is not None


def _norm(node: Node, *, turn: bool = False) -> str:
    """Return text that is equal for expressions that say the same; `turn` drops a leading not."""
    if turn and node.kind == "unary_expression" and node.label == "!":
        return _norm(node.kids[0])
    if not node.kids:
        return node.label or node.kind
    parts = [_norm(k) for k in node.kids]
    if node.label in _COMMUTATIVE and node.kind == "binary_expression":
        parts.sort()
    return f"{node.kind}{node.label}({','.join(parts)})"


def lost_words(old: Node, new: Node, may_go: Iterable[str]) -> set[str]:
    """Return the identifiers that mean something outside a function and would no longer occur."""
    return _words(old) - _words(new) - set(may_go)


def _words(function: Node) -> set[str]:
    local = set()
    for n in function.walk():
        if n.kind in ("parameter_declaration", "declaration"):
            declarators = (d for d in n.kids if d.role == "declarator")
            names = ([k for k in d.walk() if k.kind == "identifier"] for d in declarators)
            local |= {found[0].label for found in names if found}
    leaves = [n for n in function.walk() if n.kind in _WORDS]
    found = {n.label for n in leaves}
    public = (n for n in leaves if n.kind != "identifier" or n.role == "function")
    used = {n.label for n in leaves if n.label.isupper()} | {n.label for n in public}
    return (found - local) | used
