# SPDX-License-Identifier: GPL-2.0-only
"""Boolean expressions as Kconfig and the preprocessor write them."""

import re

from lpae_backport.logic import Atom, Formula, conj, disj, negate

_TOKEN = re.compile(r"\s*(\|\||&&|!=|==|<=|>=|=|!|\(|\)|<|>|\"[^\"]*\"|[\w./-]+)")


def expression(text: str) -> Formula:
    """Parse an expression of ``!``, ``&&``, ``||`` and parentheses.

    Args:
        text: as Kconfig writes it, or the condition of an ``#if``.

    Returns:
        The formula; numbers are truth values, and what cannot be parsed is one opaque condition.
    """
    tokens = _TOKEN.findall(text)
    try:
        formula, rest = _or(tokens)
    except (IndexError, ValueError):
        return Atom(text.strip())
    return formula if not rest else Atom(text.strip())


def _or(tokens: list[str]) -> tuple[Formula, list[str]]:
    left, rest = _and(tokens)
    while rest[:1] == ["||"]:
        right, rest = _and(rest[1:])
        left = disj([left, right])
    return left, rest


def _and(tokens: list[str]) -> tuple[Formula, list[str]]:
    left, rest = _factor(tokens)
    while rest[:1] == ["&&"]:
        right, rest = _factor(rest[1:])
        left = conj([left, right])
    return left, rest


def _factor(tokens: list[str]) -> tuple[Formula, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "!":
        inner, rest = _factor(rest)
        return negate(inner), rest
    if head == "(":
        inner, rest = _or(rest)
        return inner, rest[1:]
    if head in ("y", "n"):
        return head == "y", rest
    if head == "defined" and rest[:1] == ["("]:
        return Atom(f"defined({rest[1]})"), rest[3:]
    if head[0].isdigit() and rest[:1] not in (["<"], [">"], ["<="], [">="], ["=="], ["!="]):
        return int(head.rstrip("uUlL"), 0) != 0, rest
    if rest[:1] in (["="], ["!="]):
        other = rest[1]
        equal: Formula = Atom(head) if other in ("y", "m") else Atom(f"{head}={other}")
        if other == "n":
            equal = negate(Atom(head))
        return (equal if rest[0] == "=" else negate(equal)), rest[2:]
    return Atom(head), rest
