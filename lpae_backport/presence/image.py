# SPDX-License-Identifier: GPL-2.0-only
"""A hunk as two texts, before and after, ready to be looked for."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from lpae_backport.mailpatch.model import Hunk, LineKind
from lpae_backport.presence.chunks import telling
from lpae_backport.presence.heads import is_head, name_in
from lpae_backport.presence.layers import Level, units_of

_C = (".c", ".h")
_WIDEST = 2000
"""Bytes of a line beyond which quotes in it could take too long to be paired."""
_LONG = 12
"""Letters of a word that tells as much as two."""
_WORD = re.compile(rb"\w{2,}")


def is_c(path: str) -> bool:
    """Tell whether a path is that of C text."""
    return path.endswith(_C)


def too_wide(lines: Iterable[bytes]) -> bool:
    """Tell whether a line is longer than code is: it is taken as text then."""
    return max(map(len, lines), default=0) > _WIDEST


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """One of the two texts of a hunk, as units.

    Attributes:
        units: the units.
        owner: for each, the index of the line of the hunk that it is from.
        first: the first unit from a changed line; the place where lines are gone if there is none.
        last: the unit behind the last of them.
    """

    units: list[bytes]
    owner: list[int]
    first: int
    last: int

    def trimmed(self, before: int, behind: int) -> "Side":
        """Return it with at most so many units of context before and behind its changes."""
        lo = max(self.first - before, 0)
        hi = min(self.last + behind, len(self.units))
        return Side(self.units[lo:hi], self.owner[lo:hi], self.first - lo, self.last - lo)


class Image:
    """A hunk, before and after, as lines, words and tokens.

    Args:
        hunk: the hunk.
        path: the file it changes; decides whether it is C.
        also: what it stands in once the hunks before it are in, where they change that.
    """

    def __init__(self, hunk: Hunk, path: str, also: bytes = b"") -> None:
        self.hunk = hunk
        self.also = also
        self.lines = [_encoded(x.text) for x in hunk.lines]
        self.is_c = is_c(path) and not too_wide(self.lines)
        self._sides: dict[tuple[Level, bool], Side] = {}

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The levels on which before and after differ."""
        more = (Level.SPACED, Level.TOKENS) if self.is_c else (Level.SPACED,)
        told = (x for x in more if self.before(x).units != self.after(x).units)
        return (Level.EXACT, *told)

    def in_turn(self) -> Iterator[Level]:
        """Yield its levels; what forgives more is made only if it is asked for."""
        yield Level.EXACT
        yield from self.levels[1:]

    def before(self, level: Level) -> Side:
        """Return the text as it was."""
        return self._side(level, LineKind.ADDED)

    def after(self, level: Level) -> Side:
        """Return the text as it becomes."""
        return self._side(level, LineKind.REMOVED)

    def _side(self, level: Level, without: LineKind) -> Side:
        key = (level, without is LineKind.ADDED)
        if key not in self._sides:
            kept = [i for i, x in enumerate(self.hunk.lines) if x.kind is not without]
            units, at = units_of([self.lines[i] for i in kept], level, is_part=True)
            owner = [kept[i] for i in at]
            self._sides[key] = Side(units, owner, *self._changed(owner))
        return self._sides[key]

    def _changed(self, owner: list[int]) -> tuple[int, int]:
        """Return the units between the first and the last changed line."""
        lo, hi = self.changed
        return bisect_left(owner, lo), bisect_right(owner, hi)

    @cached_property
    def changed(self) -> tuple[int, int]:
        """The indexes of the first and the last changed line."""
        found = [i for i, x in enumerate(self.hunk.lines) if x.kind is not LineKind.CONTEXT]
        return (found[0], found[-1]) if found else (0, -1)

    @property
    def adds(self) -> bool:
        """Tell whether it adds a line that says something."""
        return any(h.kind is LineKind.ADDED and h.text.strip() for h in self.hunk.lines)

    @property
    def is_empty(self) -> bool:
        """Tell whether it changes nothing."""
        return self.hunk.before == self.hunk.after

    @cached_property
    def section(self) -> bytes:
        """The head of what the hunk begins in, as its header says; empty if that tells nothing."""
        text = _encoded(self.hunk.section).strip()
        return text if is_head(text) else b""

    @cached_property
    def is_code(self) -> bool:
        """Tell whether it changes C, not just comments or white space."""
        return self.levels[-1] is Level.TOKENS

    @cached_property
    def last_names(self) -> tuple[bytes, bytes]:
        """The names of the last heads of its texts, before and after; empty where there is none."""
        found = []
        for kind in (LineKind.ADDED, LineKind.REMOVED):
            lines = zip(self.lines, self.hunk.lines, strict=True)
            heads = [x for x, line in lines if line.kind is not kind and is_head(x)]
            found.append(name_in(heads[-1]) if heads else b"")
        return found[0], found[1]

    @cached_property
    def has_head(self) -> bool:
        """Tell whether it has the head of what its first change stands in."""
        return bool(self._head)

    @cached_property
    def name(self) -> bytes:
        """The name of what its first change stands in; empty if that cannot be told."""
        return name_in(self._head or self.section) if self.is_c else b""

    @cached_property
    def home(self) -> bytes:
        """The name of what its first change stands in before it; empty if that is not told."""
        above = [x for x in self.lines[: self.changed[0]] if is_head(x)]
        if not self.is_c or (self.has_head and not above):
            return b""
        return name_in(above[-1] if above else self.section)

    @cached_property
    def _head(self) -> bytes:
        """The last head above its first change, or one that is changed itself."""
        start = self.changed[0]
        if not self.is_c:
            return b""
        above = [x for x in self.lines[:start] if is_head(x)]
        if above:
            return above[-1]
        if any(i < start for i in self.after(Level.TOKENS).owner) and not self._is_closed(start):
            return b""
        kinds = [x.kind for x in self.hunk.lines]
        for i in range(start, len(kinds)):
            if kinds[i] is not LineKind.REMOVED and is_head(self.lines[i]):
                return self.lines[i] if name_in(self.lines[i]) else b""
            if kinds[i] is LineKind.CONTEXT:
                break
        return b""

    def _is_closed(self, start: int) -> bool:
        """Tell whether a function ends above a line, and no other code stands between."""
        owners = [i for i in self.after(Level.TOKENS).owner if i < start]
        return bool(owners) and self.lines[owners[-1]].rstrip() in (b"}", b"};")

    def said(self, level: Level, kind: LineKind) -> list[bytes]:
        """Return the lines of a kind that say something, their units with a blank between."""
        return list(self.said_by(level, kind).values())

    def said_by(self, level: Level, kind: LineKind) -> dict[int, bytes]:
        """Return what lines of a kind say by their index; those that say nothing are left out."""
        side = self.before(level) if kind is LineKind.REMOVED else self.after(level)
        by_line: dict[int, list[bytes]] = {}
        for unit, i in zip(side.units, side.owner, strict=True):
            if self.hunk.lines[i].kind is kind:
                by_line.setdefault(i, []).append(unit)
        return {i: b" ".join(units) for i, units in by_line.items()}

    def gone_in(self, level: Level, units: list[bytes], is_before: bool) -> bool:
        """Tell whether a removed line that the text after has nowhere stands beside that.

        Args:
            level: the level of the units.
            units: what stands beside it.
            is_before: whether they stand before it; else behind it.
        """
        text = b" %b " % b" ".join(units)
        mine = b" %b " % b" ".join(self.after(level).units)
        for line in self.said(level, LineKind.REMOVED):
            sought = b" %b " % line
            if text.endswith(sought) if is_before else text.startswith(sought):
                return True
            if telling(line) and sought in text and sought not in mine:
                return True
        return False

    def is_seen(self, side: Side, *, first: bool) -> bool:
        """Tell whether the first or the last run of changed lines adds something to a text."""
        lines = self.hunk.lines
        at, step = (self.changed[0], 1) if first else (self.changed[1], -1)
        added = set()
        while 0 <= at < len(lines) and lines[at].kind is not LineKind.CONTEXT:
            if lines[at].kind is LineKind.ADDED and lines[at].text.strip():
                added.add(at)
            at += step
        return any(i in added for i in side.owner)


def words_in(units: Iterable[bytes]) -> int:
    """Return how many words some units have that may tell something; a long one counts for more."""
    return sum(1 + len(w) // _LONG for u in units for w in _WORD.findall(u))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape").removesuffix(b"\r")
