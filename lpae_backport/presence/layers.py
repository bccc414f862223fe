# SPDX-License-Identifier: GPL-2.0-only
"""A text as a row of units, in which another row can be found: lines, words of lines, or tokens.

Each way forgives more: lines must be the same bytes, words forgive white space and empty lines,
tokens of C forgive comments and line breaks too.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import cached_property

from lpae_backport.entities.extraction import tokens_of
from lpae_backport.masking import without_comments

MOST = 64
"""Most places that one row of units is looked for at."""
_WIDEST = 2000
"""Bytes of a line beyond which white space in quotes is forgiven too."""
_QUOTED = re.compile(rb'("(?:[^"\\]|\\.)*")')
_BLANKS = re.compile(rb"\s+")
_STAR = re.compile(rb"\s*\*+(?:\s|/|$)")


class Level(IntEnum):
    """How much is forgiven, least first."""

    EXACT = 0
    SPACED = 1
    TOKENS = 2


class Layer:
    """A text as units, ready to be searched.

    Args:
        joined: the units, each between two line ends.
        at: the line that each unit stands in; `None` where each is a line.
    """

    def __init__(self, joined: bytes, at: Sequence[int] | None) -> None:
        self.joined = joined
        self._at = at

    def line(self, unit: int) -> int:
        """Return the line, counted from 1, that a unit stands in."""
        if self._at is None:
            return unit + 1
        return self._at[min(unit, len(self._at) - 1)] if self._at else 1

    def around(self, first: int, end: int, count: int) -> list[bytes]:
        """Return so many units behind some; before them, if the count is negative."""
        if count < 0:
            return self._units[max(first + count, 0) : first]
        return self._units[end : end + count]

    @cached_property
    def _units(self) -> list[bytes]:
        return self.joined[1:-1].split(b"\n") if len(self.joined) > 2 else []

    def find(self, units: Sequence[bytes]) -> list[int]:
        """Return the units that a row begins at, in order, at most `MOST`."""
        if not units:
            return []
        needle = b"\n" + b"\n".join(units) + b"\n"
        text = self.joined
        found: list[int] = []
        before = unit = 0
        at = text.find(needle)
        while at != -1 and len(found) < MOST:
            unit += text.count(b"\n", before, at)
            before = at
            found.append(unit)
            at = text.find(needle, at + 1)
        return found


def units_of(
    lines: Sequence[bytes], level: Level, *, is_part: bool
) -> tuple[list[bytes], list[int]]:
    """Return the units of some lines, and for each the index of its line.

    Args:
        lines: the lines, without their ends.
        level: what is a unit.
        is_part: whether they are a part of a file, which may begin within a comment.
    """
    if level is Level.EXACT:
        return list(lines), list(range(len(lines)))
    units: list[bytes] = []
    owner: list[int] = []
    if level is Level.SPACED:
        for i, line in enumerate(lines):
            unit = _spaced(line)
            if unit:
                units.append(unit)
                owner.append(i)
        return units, owner
    for i, line in enumerate(code_lines(lines, is_part=is_part)):
        if line and not line.isspace():
            found = [t for t in tokens_of(line.removesuffix(b"\\")) if t != b"\n"]
            units += found
            owner += [i] * len(found)
    return units, owner


def squeezed(line: bytes) -> bytes:
    """Return a line with each run of white space as one blank."""
    return b" ".join(line.split())


def _spaced(line: bytes) -> bytes:
    """Return a line with each run of white space as one blank, but for those in quotes."""
    if b'"' not in line or len(line) > _WIDEST:
        return squeezed(line)
    parts = _QUOTED.split(line)
    parts[::2] = (_BLANKS.sub(b" ", x) for x in parts[::2])
    return b"".join(parts).strip()


def code_lines(lines: Sequence[bytes], *, is_part: bool) -> list[bytes]:
    """Return lines of C with comments blanked.

    Args:
        lines: the lines.
        is_part: whether they are a part of a file, which may begin within a comment.
    """
    text = b"\n".join(lines)
    if b"/*" not in text and b"//" not in text and b"*" not in text:
        return list(lines)
    if is_part and _begins_inside(lines):
        text = b"/*" + text
        return without_comments(text)[2:].split(b"\n") if b"*/" in text else _starless(lines)
    return without_comments(text).split(b"\n")


def _begins_inside(lines: Sequence[bytes]) -> bool:
    """Tell whether a part of a file begins within a comment."""
    for line in lines:
        start, end = line.find(b"/*"), line.find(b"*/")
        if end != -1 and (start == -1 or end < start):
            return True
        if start != -1:
            return False
    return any(_STAR.match(line) for line in lines)


def _starless(lines: Sequence[bytes]) -> list[bytes]:
    """Return lines with those blanked that look like the inside of a comment."""
    return [b"" if _STAR.match(line) else line for line in lines]


def layer_of(lines: Sequence[bytes], level: Level) -> Layer:
    """Return the layer of a whole file."""
    units, owner = units_of(lines, level, is_part=False)
    return Layer(b"\n" + b"\n".join(units) + b"\n", [i + 1 for i in owner])
