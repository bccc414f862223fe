# SPDX-License-Identifier: GPL-2.0-only
"""Boolean expressions as Kconfig and the preprocessor write them."""

import re

from lpae_backport.logic import Atom, Formula, conj, disj, negate

_TOKEN = re.compile(r"\s*(\|\||&&|!=|==|<=|>=|=|!|\(|\)|<|>|\"[^\"]*\"|[\w./-]+)")
_DEEPEST = 50
"""Most parentheses within each other; what works on formulas recurses. Linux 6.12 has 5."""


def expression(text: str) -> Formula:
    """Parse an expression of ``!``, ``&&``, ``||`` and parentheses.

    Args:
        text: as Kconfig writes it, or the condition of an ``#if``.

    Returns:
        The formula; numbers are truth values, and what cannot be parsed, or is nested too deeply,
        is one opaque condition.
    """
    tokens = _Tokens(text)
    try:
        formula = _or(tokens, 0)
    except (IndexError, ValueError):
        return Atom(text.strip())
    return formula if tokens.next is None else Atom(text.strip())


class _Tokens:
    """The tokens of an expression, one after the other."""

    def __init__(self, text: str) -> None:
        self._found: list[str] = _TOKEN.findall(text)
        self._at = 0

    @property
    def next(self) -> str | None:
        """The next one; nothing at the end."""
        return self._found[self._at] if self._at < len(self._found) else None

    def take(self, count: int = 1) -> str:
        """Step over the next ones, and return the first of them."""
        first = self._found[self._at]
        self._at += count
        return first


def _or(tokens: _Tokens, depth: int) -> Formula:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    parts = [_and(tokens, depth)]
    while tokens.next == "||":
        tokens.take()
        parts.append(_and(tokens, depth))
    return disj(parts)


def _and(tokens: _Tokens, depth: int) -> Formula:
    parts = [_factor(tokens, depth)]
    while tokens.next == "&&":
        tokens.take()
        parts.append(_factor(tokens, depth))
    return conj(parts)


def _factor(tokens: _Tokens, depth: int) -> Formula:
    is_negated = False
    while tokens.next == "!":
        tokens.take()
        is_negated = not is_negated
    if tokens.next == "(":
        tokens.take()
        inner = _or(tokens, depth + 1)
        if tokens.next is not None:
            tokens.take()
    else:
        inner = _operand(tokens)
    return negate(inner) if is_negated else inner


def _operand(tokens: _Tokens) -> Formula:
    head = tokens.take()
    if head in ("y", "n"):
        return head == "y"
    if head == "defined" and tokens.next == "(":
        tokens.take()
        name = tokens.take()
        if tokens.next is not None:
            tokens.take()
        return Atom(f"defined({name})")
    if head[0].isdigit() and tokens.next not in ("<", ">", "<=", ">=", "==", "!="):
        return int(head.rstrip("uUlL"), 0) != 0
    if tokens.next not in ("=", "!="):
        return Atom(head)
    sign, other = tokens.take(), tokens.take()
    equal: Formula = Atom(head) if other in ("y", "m") else Atom(f"{head}={other}")
    if other == "n":
        equal = negate(Atom(head))
    return equal if sign == "=" else negate(equal)
