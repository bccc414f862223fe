# SPDX-License-Identifier: GPL-2.0-only
"""Places in a tree: the ground floor every other module stands on."""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A run of lines in one file of a tree; lines count from 1, both ends belong to it.

    Line 0 stands for the file as a whole: something is not in it.
    """

    path: str
    line: int
    end_line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of byte offsets, ``[start, end)``."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two ranges share at least one byte."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Span") -> bool:
        """Tell whether `other` lies wholly within this range."""
        return self.start <= other.start and other.end <= self.end


class LineIndex:
    """Turns byte offsets of one text into line numbers."""

    def __init__(self, data: bytes) -> None:
        starts = [0]
        find = data.find
        at = find(b"\n")
        while at != -1:
            starts.append(at + 1)
            at = find(b"\n", at + 1)
        self._starts = starts

    def line(self, offset: int) -> int:
        """Return the line, counted from 1, that holds the byte at `offset`."""
        return bisect_right(self._starts, offset)

    def start_of(self, line: int) -> int:
        """Return the offset of the first byte of `line` (clamped to the text)."""
        return self._starts[min(max(line, 1), len(self._starts)) - 1]
