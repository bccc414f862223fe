# SPDX-License-Identifier: GPL-2.0-only
"""What a piece of code is, told by its shape alone."""

import re

from lpae_backport.symbols import Body, Function
from lpae_backport.syntax import Node

_WRAPPER_STATEMENTS = 8
_CONSTANTS = frozenset({"number_literal", "string_literal", "char_literal"})
_READING = frozenset({"~", "&", "==", "!=", "<", ">", "<=", ">="})
_PRINTING = re.compile(r"^(?:pr|dev|trace|drm|netdev)_|^printk|^(?:WARN|BUG)")


def expression_of(root: Node) -> Node | None:
    """Return the one expression a macro stands for, if that is all it is."""
    stmts = [s for s in root.kids if s.kids]
    if len(stmts) != 1 or stmts[0].kind != "expression_statement":
        return None
    return stmts[0].kids[0] if stmts[0].kids[0].kind not in _CONSTANTS else None


def use_of(leaf: Node) -> tuple[Node | None, list[Node]]:
    """Return the call (or the bare name) that a leaf stands for, with its arguments."""
    if leaf.kind != "identifier":
        return None, []
    call = leaf.parent
    if call is not None and call.kind == "function_declarator" and leaf.role == "declarator":
        return None, []  # a function's own name, in its head, uses nothing
    if call is not None and call.kind == "call_expression" and leaf.role == "function":
        return call, call.kids[-1].kids
    return leaf, []


def only_read(n: Node) -> bool:
    """Tell whether a flag is cleared, tested or printed here, and so not put anywhere."""
    parent = n.parent
    if parent is None:
        return False
    if parent.label in _READING and parent.kind in ("unary_expression", "binary_expression"):
        return True
    call = parent.parent if parent.kind == "argument_list" else None
    return call is not None and _PRINTING.match(call.kids[0].label) is not None


def is_small(body: Body) -> bool:
    """Tell a wrapper from a function with a life of its own."""
    return sum(n.kind.endswith("_statement") for n in body.nodes) <= _WRAPPER_STATEMENTS


def is_stub(function: Function) -> bool:
    """Tell whether a definition does nothing: the other arm of an ``#ifdef`` around a feature."""
    for b in function.bodies:
        block = b.root.kid("body")
        stmts = [s for s in (block.kids if block is not None else []) if s.kids]
        if any(s.kind != "return_statement" or not _is_constant(s.kids[0]) for s in stmts):
            return False
    return True


def _is_constant(value: Node) -> bool:
    if value.kind in ("unary_expression", "cast_expression"):
        return _is_constant(value.kids[-1])
    return value.kind in (*_CONSTANTS, "true", "false", "null") or value.label.isupper()
