# SPDX-License-Identifier: GPL-2.0-only
"""Macros that stand for members of a struct (``struct_group(…)``, ``HASH_ALG_COMMON``)."""

import re
from collections.abc import Callable

from lpae_backport.catalog.filescan import quiet
from lpae_backport.masking import decode
from lpae_backport.needs.meaning import MacroText

_MAX_ROUNDS = 4
_MAX_TEXT = 200_000
_DECLARING = frozenset({";", "{"})
_MACRO = re.compile(
    rb"^[ \t]*\#[^\n\\]*(?:\\.[^\n\\]*)*|\b([A-Z][A-Z0-9_]{3,}|_{0,2}struct_group\w*)\b"
    rb"(?:\s*\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\))?;?",
    re.MULTILINE | re.DOTALL,
)
_TAG = re.compile(rb"__struct_group_tag\s*\(\s*(\w*)\s*\)")
"""What ``struct_group`` names its inner struct by, in C."""


def spelled_out(text: bytes, lookup: Callable[[str], MacroText | None]) -> bytes:
    """Put what they stand for in the place of macros that declare members.

    Args:
        text: the definition of a struct or union.
        lookup: returns the macro of a name.
    """

    def body(m: re.Match[bytes]) -> bytes:
        macro = lookup(m[1].decode()) if m[1] is not None else None
        if macro is None or not _declares(macro, lookup, 0):
            return m[0]
        return _expanded(macro, decode(m[2]) if m[2] is not None else None).encode() + b";"

    text = quiet(text)
    for _ in range(_MAX_ROUNDS):
        after = _MACRO.sub(body, text)
        if after == text or len(after) > _MAX_TEXT:
            break
        text = after
    return _TAG.sub(rb"\1", text)


def _declares(macro: MacroText, lookup: Callable[[str], MacroText | None], depth: int) -> bool:
    """Tell whether a macro stands for declarations, be it through another one."""
    if macro.tokens[:1] in (("(",), ("do",)):
        return False  # an expression, or a statement
    if _DECLARING & set(macro.tokens):
        return True
    inner = lookup(macro.tokens[0]) if macro.tokens and depth < _MAX_ROUNDS else None
    return inner is not None and inner is not macro and _declares(inner, lookup, depth + 1)


def _expanded(macro: MacroText, arguments: str | None) -> str:
    words = macro.tokens
    if arguments is not None and macro.parameters:
        *first, last = macro.parameters
        parts = arguments.split(",", len(first))
        given = dict(zip(first, parts, strict=False))
        if len(parts) > len(first):
            # Directives among the members must keep their lines.
            rest = f"\n{parts[-1]}\n"
            given[last.removesuffix("...") or "__VA_ARGS__"] = given["__VA_ARGS__"] = rest
        words = tuple(given.get(w, w) for w in words)
    return re.sub(r"\s*##\s*", "", " ".join(words))
