# SPDX-License-Identifier: GPL-2.0-only
"""The value of a constant expression, as far as macros of register bits need it."""

import ast
import operator
import re
from collections.abc import Callable

from lpae_backport.source import Source

_DEPTH = 8
_CAST = re.compile(
    r"\(\s*\(?\s*(?:const\s+)?(?:unsigned\s+|signed\s+)?[A-Za-z_]\w*\s*\)\s*(?=[\w(])"
)
_BIT = re.compile(r"\b_?BIT(?:_ULL|ULL|UL|_UL|32|64)?\s*\(")
_GENMASK = re.compile(r"\bGENMASK(?:_ULL|ULL)?\s*\(([^(),]+),([^(),]+)\)")
_SUFFIX = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b")
_OCTAL = re.compile(r"\b0([0-7]+)\b")
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_TYPES = frozenset(
    {"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "__u32", "__u64"}
    | {"int", "long", "short", "char", "unsigned", "signed"}
)
_WIDEST = 128
_LARGEST = 1 << 64
_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_UNARY: dict[type[ast.unaryop], Callable[[int], int]] = {
    ast.Invert: operator.invert,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def constant_value(text: str, source: Source, depth: int = 0) -> int | None:
    """Compute an integer constant expression of C.

    Args:
        text: the replacement of a macro.
        source: the file, whose other object-like macros may be used.
        depth: how many macros deep this is.

    Returns:
        The value, or `None` where it needs more than shifts, bit operations and ``BIT()``.
    """
    if depth > _DEPTH or len(text) > 400:
        return None
    text = (
        re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
        .replace("\\\n", " ")
        .replace("\\\r\n", " ")
    )
    text = _BIT.sub("(1<<", text)
    text = _GENMASK.sub(r"((1<<((\1)+1))-(1<<(\2)))", text)
    text = re.sub(r"\b(?:U?L?L?|_AC|_UL|_ULL|UL|ULL)\(([^(),]+)(?:,\s*\w+)?\)", r"\1", text)
    text = _SUFFIX.sub(r"\1", text)
    for word in set(_WORD.findall(text)):
        if word.lower().startswith("0x") or word[0].isdigit():
            continue
        macros = source.macros.get(word, [])
        value = (
            constant_value(source.text(macros[0].body), source, depth + 1)
            if len(macros) == 1 and macros[0].params is None
            else None
        )
        if value is not None:
            text = re.sub(rf"\b{word}\b", str(value), text)
        elif word in _TYPES or word.endswith("_t") or word.endswith("pte"):
            text = re.sub(rf"\(\s*(?:\w+\s+)*{word}\s*\)", " ", text)
    return _evaluate(_OCTAL.sub(r"0o\1", text))


def _evaluate(text: str) -> int | None:
    try:
        return _compute(ast.parse(" ".join(text.split()), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _compute(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        operand = _compute(node.operand)
        return None if operand is None else _UNARY[type(node.op)](operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _compute(node.left), _compute(node.right)
        if left is None or right is None or not 0 <= right <= _LARGEST:
            return None
        if isinstance(node.op, ast.LShift | ast.RShift) and right > _WIDEST:
            return None
        return _BINARY[type(node.op)](left, right)
    return None
