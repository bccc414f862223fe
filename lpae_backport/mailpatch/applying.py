# SPDX-License-Identifier: GPL-2.0-only
"""Where a hunk goes in the lines of a file, as git apply and patch(1) have it.

A last line that has no newline ends in a NUL here, so that it is another than one that has.
"""

from dataclasses import dataclass

from lpae_backport.mailpatch.model import Hunk, Line, LineKind

_FUZZ = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hunk goes.

    Attributes:
        start: the index of the first line that it covers.
        lines: those of its lines that count: without the context that was left out.
        shift: how far lines behind it are off then.
        how: 0 exactly, 1 with an offset, 2 with fuzz.
    """

    start: int
    lines: tuple[Line, ...]
    shift: int
    how: int

    @property
    def before(self) -> list[str]:
        """The lines that it covers."""
        return [text(x) for x in self.lines if x.kind is not LineKind.ADDED]

    @property
    def after(self) -> list[str]:
        """The lines that take their place."""
        return [text(x) for x in self.lines if x.kind is not LineKind.REMOVED]


def lines_of(text: str) -> list[str]:
    """Return the lines of a file."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], lines[-1] + "\0"]


def text(line: Line) -> str:
    """Return the text of a line as it stands in a file."""
    return line.text + "\0" * line.is_unended


def place(hunk: Hunk, lines: list[str], shift: int, floor: int) -> Place | None:
    """Return where a hunk goes, nearest to where it should; `None` where it does not apply.

    Args:
        hunk: the hunk, which is whole.
        lines: the file, with the hunks before it applied.
        shift: how far lines behind those are off.
        floor: the line behind those.
    """
    before = [text(x) for x in hunk.lines if x.kind is not LineKind.ADDED]
    first = hunk.old_start - 1 if hunk.old_count else hunk.old_start
    lead, tail = _context(hunk)
    for fuzz in range(_FUZZ + 1):
        skip = min(max(lead - max(lead, tail) + fuzz, 0), lead)
        drop = min(max(tail - max(lead, tail) + fuzz, 0), tail)
        block = before[skip : len(before) - drop]
        if fuzz and (not block or not (skip or drop)):
            continue
        found = find(lines, block, first + shift + skip, floor)
        if found is None:
            continue
        is_begin = bool(lead) or hunk.old_start > 1 or found == 0
        is_end = bool(tail) or found + len(block) == len(lines)
        if not fuzz and not (is_begin and is_end):
            # A hunk without context at one end stands at that end, as git has it.
            continue
        kept = hunk.lines[skip : len(hunk.lines) - drop]
        grown = sum(x.kind is LineKind.ADDED for x in kept)
        grown -= sum(x.kind is LineKind.REMOVED for x in kept)
        how = 2 if fuzz else int(found != first + shift)
        return Place(found, kept, found - skip - first + grown, how)
    return None


def _context(hunk: Hunk) -> tuple[int, int]:
    """Return how many lines of context there are before and behind the changes."""
    marks = [x.kind is LineKind.CONTEXT for x in hunk.lines]
    if all(marks):
        return len(marks), 0
    return marks.index(False), marks[::-1].index(False)


def find(lines: list[str], block: list[str], likely: int, floor: int) -> int | None:
    """Return where a block stands, nearest to where it should; `None` where it does not.

    Args:
        lines: the file.
        block: the lines to find.
        likely: where they should be.
        floor: where they may be at the earliest.
    """
    last = len(lines) - len(block)
    if not block:
        return min(max(likely, floor), len(lines))
    ends = (block[0], block[-1])
    for d in range(max(likely - floor, last - likely, 0) + 1):
        for at in dict.fromkeys((likely + d, likely - d)):
            if not floor <= at <= last or (lines[at], lines[at + len(block) - 1]) != ends:
                continue
            if lines[at : at + len(block)] == block:
                return at
    return None
