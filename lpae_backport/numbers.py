# SPDX-License-Identifier: GPL-2.0-only
"""The value of a constant expression, as far as macros of register bits need it."""

import operator
import re
from collections.abc import Callable

from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node

_DEPTH = 8
_DIGITS = 40
"""Longest decimal number that is worth reading; the largest of 64 bits has 20."""
_WIDEST = 128
_LARGEST = 1 << 64
_INT = (1 << 32) - 1
_NARROW = frozenset({"u32", "__u32", "uint32_t", "s32", "int", "unsigned int", "u16", "u8"})
_BIT = re.compile(r"^_?BIT(?:_?ULL|_?UL|32|64|_U32|_U64)?$")
_GENMASK = re.compile(r"^GENMASK(?:_ULL|ULL|_U32|_U64)?$")
_SAME = frozenset({"UL", "ULL", "_UL", "_ULL", "_AC", "_AT", "U", "UINT64_C", "UINT32_C"})
_BINARY: dict[str, Callable[[int, int], int]] = {
    "|": operator.or_,
    "&": operator.and_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_UNARY: dict[str, Callable[[int], int]] = {
    "~": operator.invert,
    "-": operator.neg,
    "+": operator.pos,
}


Names = Callable[[str], "Node | int | None"]
"""From a name to the value it stands for, or to the expression of that value."""


def names_in(file: CodeFile) -> Names:
    """Return what the object-like macros of a file stand for."""
    return lambda name: _macro(name, file)


def constant_value(node: Node, names: Names) -> int | None:
    """Compute an integer constant expression of C.

    However long or deep it is, and however often names stand for names, each part is computed
    once.

    Args:
        node: the expression.
        names: what names in it stand for.

    Returns:
        The value, or `None` where it needs more than shifts, bit operations, casts, ``BIT()``
        and ``GENMASK()``.
    """
    return _value(node, names, 0, {})


_Known = dict[tuple[str, int], int | None]


def _value(top: Node, names: Names, depth: int, known: _Known) -> int | None:
    """Compute an expression from its leaves up; `depth` is how many macros deep it is."""
    parts = [top]
    for node in parts:
        parts += _operands(node)
    values: dict[int, int | None] = {}
    for node in reversed(parts):
        if node.kind == "identifier":
            values[id(node)] = _named(node.label, names, depth, known)
        else:
            values[id(node)] = _computed(node, [values[id(k)] for k in _operands(node)])
    return values[id(top)]


def _operands(node: Node) -> list[Node]:
    """Return what the value of an expression is computed from."""
    kids = node.kids
    if node.kind == "call_expression":
        return kids[-1].kids
    if node.kind in ("cast_expression", "expression_statement"):
        return kids[-1:]
    if node.kind == "unary_expression" and node.label in _UNARY:
        return kids[:1]
    if node.kind == "binary_expression" and node.label in _BINARY:
        return [kids[0], kids[-1]]
    return []


def _computed(node: Node, values: list[int | None]) -> int | None:
    """Return the value of an expression, given those of its operands."""
    if node.kind == "number_literal":
        digits = node.label.rstrip("UL")
        return int(digits) if digits.isdigit() and len(digits) <= _DIGITS else None
    if node.kind == "call_expression":
        return _call(node.kids[0].label, values)
    if not values:
        return None
    value = values[-1]
    if node.kind == "cast_expression":
        return None if value is None or (_is_int(node) and value > _INT) else value
    if node.kind == "unary_expression":
        return None if value is None else _UNARY[node.label](value)
    if node.kind == "binary_expression":
        value = _combine(node.label, values[0], value)
        # 1 << 55 is not 2^55 in C: an int is shifted as an int.
        return None if value is not None and value > _INT and _is_int(node.kids[0]) else value
    return value


def _named(name: str, names: Names, depth: int, known: _Known) -> int | None:
    if depth >= _DEPTH:
        return None
    if (name, depth) not in known:
        found = names(name)
        if isinstance(found, Node):
            found = _value(found, names, depth + 1, known)
        known[name, depth] = found
    return known[name, depth]


def _is_int(node: Node) -> bool:
    """Tell whether an operand has 32 bits, as far as it shows."""
    if node.kind == "cast_expression":
        return any(n.label in _NARROW for n in node.kids[0].walk())
    return node.kind == "number_literal" and node.label.rstrip("U").isdigit()


def _combine(op: str, left: int | None, right: int | None) -> int | None:
    if left is None or right is None or abs(left) > _LARGEST or not 0 <= right <= _LARGEST:
        return None
    return None if op in ("<<", ">>") and right > _WIDEST else _BINARY[op](left, right)


def _call(name: str, args: list[int | None]) -> int | None:
    if name in _SAME and args:
        return args[-1] if name == "_AT" else args[0]
    if any(a is None or not 0 <= a <= _WIDEST for a in args):
        return None
    given = [a for a in args if a is not None]
    if _BIT.match(name) and len(given) == 1:
        return 1 << given[0]
    if _GENMASK.match(name) and len(given) == 2 and given[0] >= given[1]:
        return (1 << (given[0] + 1)) - (1 << given[1])
    return None


def _macro(name: str, file: CodeFile) -> Node | None:
    found = file.source.macros.get(name, [])
    if len(found) != 1 or found[0].params is not None:
        return None
    body = file.macro_body(found[0])
    stmts = [s for s in body.root.kids if s.kids] if body is not None else []
    return stmts[0] if len(stmts) == 1 else None
