# SPDX-License-Identifier: GPL-2.0-only
"""Two entities line by line: which lines are the same C, which are gone, which are new.

Lines are compared as tokens, so that comments, indentation and line breaks make no difference. The
result is for reading; it is no input for patch(1).
"""

import difflib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from lpae_backport.entities.extraction import Entity

Numbered = tuple[int, str]
_Block = tuple[bool, int, int, int, int]
"""Whether the lines are equal, and where they begin and end on both sides."""

_LARGE = 2000
"""Lines beyond which only lines that occur once are lined up before the rest."""
_STEPS = 400_000
"""Pairs of lines beyond which a stretch is shown as replaced as a whole."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line on both sides, as number and text.

    Attributes:
        old: the line as it was; `None` where it is new.
        new: the line as it is; `None` where it is gone.
        is_same: whether both are the same C, or what stands alone is no C.
    """

    old: Numbered | None
    new: Numbered | None
    is_same: bool

    @property
    def mark(self) -> str:
        """What stands between two columns."""
        if self.is_same:
            return " "
        return "|" if self.old and self.new else "<" if self.old else ">"


def aligned(old: Entity | None, new: Entity | None) -> list[Line]:
    """Return the lines of two entities side by side.

    Args:
        old: one; `None` stands for none.
        new: the other.
    """
    left, right = _lines(old), _lines(new)
    if old is None or new is None:
        pairs = zip_longest(left, right)
        return [Line(a, b, False) for a, b in pairs]
    keys, others = old.code_lines, new.code_lines
    found: list[Line] = []
    for equal, a, b, c, d in _blocks(keys, others):
        pieces = [(True, b - a, d - c)] if equal else _pieces(keys[a:b], others[c:d])
        for same, n, m in pieces:
            found += (Line(x, y, same) for x, y in zip_longest(left[a : a + n], right[c : c + m]))
            a, c = a + n, c + m
    return found


def _pieces(a: list[bytes], b: list[bytes]) -> list[tuple[bool, int, int]]:
    """Return what is only broken into lines otherwise, what differs, and again what does not."""
    i, j = _wrapped(a, b)
    x, y = _wrapped(a[i:][::-1], b[j:][::-1])
    return [(True, i, j), (False, len(a) - i - x, len(b) - j - y), (True, x, y)]


def _wrapped(a: list[bytes], b: list[bytes]) -> tuple[int, int]:
    """Return how many of the first lines on both sides are the same, taken together."""
    ends: list[dict[int, int]] = []
    words: list[list[bytes]] = []
    for lines in (a, b):
        text: list[bytes] = []
        end = {0: 0}
        for n, line in enumerate(lines, 1):
            text += line.split(b" ") if line else ()
            end[len(text)] = n
        ends.append(end)
        words.append(text)
    both = zip(*words, strict=False)
    alike = next((n for n, (x, y) in enumerate(both) if x != y), min(map(len, words)))
    last = max(n for n in ends[0] if n <= alike and n in ends[1])
    return ends[0][last], ends[1][last]


def _lines(e: Entity | None) -> list[Numbered]:
    return list(enumerate(e.lines, e.place.line)) if e is not None else []


def _blocks(a: list[bytes], b: list[bytes]) -> Iterator[_Block]:
    """Yield the blocks that two texts consist of, in order."""
    at, to = 0, 0
    for i, j, n in _matches(a, b):
        if i > at or j > to:
            yield False, at, i, to, j
        if n:
            yield True, i, i + n, j, j + n
        at, to = i + n, j + n


def _matches(a: list[bytes], b: list[bytes]) -> Iterator[tuple[int, int, int]]:
    """Yield equal stretches, then an empty one at the end."""
    head = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    if head is None:
        yield from ((0, 0, min(len(a), len(b))), (len(a), len(b), 0))
        return
    rest = zip(reversed(a[head:]), reversed(b[head:]), strict=False)
    shorter = min(len(a), len(b)) - head
    tail = next((n for n, (x, y) in enumerate(rest) if x != y), shorter)
    i, j = len(a) - tail, len(b) - tail
    yield 0, 0, head
    for x, y, n in _between(a[head:i], b[head:j]):
        yield head + x, head + y, n
    yield from ((i, j, tail), (len(a), len(b), 0))


def _between(a: list[bytes], b: list[bytes]) -> Iterator[tuple[int, int, int]]:
    """Yield equal stretches of texts that neither begin nor end alike."""
    if max(len(a), len(b)) <= _LARGE:
        yield from _exact(a, b)
        return
    at, to = 0, 0
    for i, j in [*_anchors(a, b), (len(a), len(b))]:
        if (i - at) * (j - to) <= _STEPS:
            for x, y, n in _exact(a[at:i], b[to:j]):
                if n:
                    yield at + x, to + y, n
        if i < len(a):
            yield i, j, 1
        at, to = i + 1, j + 1
    yield len(a), len(b), 0


def _exact(a: list[bytes], b: list[bytes]) -> Iterator[tuple[int, int, int]]:
    for m in difflib.SequenceMatcher(lambda k: k == b"", a, b).get_matching_blocks():
        yield m.a, m.b, m.size


def _anchors(a: list[bytes], b: list[bytes]) -> list[tuple[int, int]]:
    """Return lines that occur once on both sides, as many as are in the same order."""
    once, other = _once(a), _once(b)
    pairs = [(i, other[k]) for k, i in once.items() if k in other]
    ends: list[int] = []
    chains: list[tuple[int, int, int]] = []
    last: list[int] = []
    for i, j in pairs:
        n = bisect_left(ends, j)
        chains.append((i, j, last[n - 1] if n else -1))
        if n == len(ends):
            ends.append(j)
            last.append(len(chains) - 1)
        else:
            ends[n], last[n] = j, len(chains) - 1
    found: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at != -1:
        i, j, at = chains[at]
        found.append((i, j))
    return found[::-1]


def _once(lines: list[bytes]) -> dict[bytes, int]:
    """Return the lines that occur once, in order, with their places."""
    place: dict[bytes, int] = {}
    for i, k in enumerate(lines):
        place[k] = -1 if k in place or not k else i
    return {k: i for k, i in place.items() if i != -1}


def grouped(lines: list[Line], context: int | None) -> list[list[Line]]:
    """Return the stretches that differ, each with some lines around it.

    Args:
        lines: all lines.
        context: how many lines around; `None` stands for all.
    """
    places = [i for i, line in enumerate(lines) if not line.is_same]
    if context is None:
        return [lines] if places else []
    found: list[list[Line]] = []
    end = -1
    for i in places:
        start = max(i - context, end, 0)
        if not found or i - context > end:
            found.append([])
        found[-1] += lines[start : i + context + 1]
        end = max(end, i + context + 1)
    return found


def unified(lines: list[Line]) -> Iterator[str]:
    """Yield lines with ``-``, ``+`` or a blank before them; what is gone comes first in a run."""
    pending: list[str] = []
    for line in lines:
        if line.is_same:
            yield from pending
            pending = []
            shown = line.new or line.old
            if shown is not None:
                yield f" {shown[1]}"
            continue
        if line.old is not None:
            yield f"-{line.old[1]}"
        if line.new is not None:
            pending.append(f"+{line.new[1]}")
    yield from pending


def header(lines: list[Line], name: str) -> str:
    """Return the line above a stretch, in the form that diff(1) has."""
    return (
        f"@@ {_range('-', [x.old for x in lines])} {_range('+', [x.new for x in lines])} @@ {name}"
    )


def _range(sign: str, numbered: list[Numbered | None]) -> str:
    numbers = [n[0] for n in numbered if n is not None]
    return f"{sign}{numbers[0]},{len(numbers)}" if numbers else f"{sign}0,0"
