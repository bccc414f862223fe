# SPDX-License-Identifier: GPL-2.0-only
"""The value of a constant expression, as far as macros of register bits need it."""

import operator
import re
from collections.abc import Callable

from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node

_DEPTH = 8
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


def constant_value(node: Node, names: Names, depth: int = 0) -> int | None:
    """Compute an integer constant expression of C.

    Args:
        node: the expression.
        names: what names in it stand for.
        depth: how many macros deep this is.

    Returns:
        The value, or `None` where it needs more than shifts, bit operations, casts, ``BIT()``
        and ``GENMASK()``.
    """
    kids = node.kids
    if node.kind == "number_literal":
        digits = node.label.rstrip("UL")
        return int(digits) if digits.isdigit() else None
    if node.kind == "cast_expression":
        value = constant_value(kids[-1], names, depth)
        return None if value is None or (_is_int(node) and value > _INT) else value
    if node.kind == "expression_statement" and kids:
        return constant_value(kids[-1], names, depth)
    if node.kind == "unary_expression" and node.label in _UNARY:
        value = constant_value(kids[0], names, depth)
        return None if value is None else _UNARY[node.label](value)
    if node.kind == "binary_expression" and node.label in _BINARY:
        left = constant_value(kids[0], names, depth)
        value = _combine(node.label, left, constant_value(kids[-1], names, depth))
        # 1 << 55 is not 2^55 in C: an int is shifted as an int.
        return None if value is not None and value > _INT and _is_int(kids[0]) else value
    if node.kind == "call_expression":
        return _call(kids[0].label, [constant_value(a, names, depth) for a in kids[-1].kids])
    if node.kind == "identifier" and depth < _DEPTH:
        found = names(node.label)
        return constant_value(found, names, depth + 1) if isinstance(found, Node) else found
    return None


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
