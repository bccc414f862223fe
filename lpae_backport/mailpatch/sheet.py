# SPDX-License-Identifier: GPL-2.0-only
"""The lines of a mail's body, told apart by how deep they are quoted.

A patch stands at one level of quoting: all that is quoted less deep was said about it later. What
seems to be quoted deeper belongs to the patch: a wrapped line may begin with ``>>``.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lpae_backport.whitespace import width

HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(?: ?(.*))?", re.S)
"""The first line of a hunk."""
MAX_LINE = 65536
"""Longest line that is looked at, in characters."""
PROSE = re.compile(r"[A-Z\"']\S* .*[.?!]\s*")
"""A line that is a sentence rather than code."""
_FULL = 68
"""Behind so many columns a mailer may wrap a line."""
_SOME = 3
"""So many lines show that a mailer does."""
_QUOTES = re.compile(r"(?:> ?)*")
_HEAD = re.compile(r"((?:> ?)*)(?:@@ -\d|diff --git |Index: \S)")


@dataclass(slots=True)
class Sheet:
    """The lines of a body.

    Attributes:
        depth: how deep the patch is quoted.
        texts: what each line says at the patch's level; for one that is quoted less deep, what it
            says at its own.
        levels: how deep each line is quoted, at most `depth`.
        numbers: the lines of the input they are.
        columns: how wide the quoting before each line is.
        others: the lines at which other diffs begin, quoted less or more deep.
    """

    depth: int
    texts: list[str]
    levels: Sequence[int]
    numbers: Sequence[int]
    columns: Sequence[int]
    others: tuple[int, ...] = ()

    is_bare: bool = False
    """Whether its lines were wrapped behind the quoting, so that the rest of one has none."""
    _keeps: bool | None = None

    @property
    def keeps_spaces(self) -> bool:
        """Whether some empty line of context still has the space it is marked by."""
        if self._keeps is None:
            self._keeps = any(
                t == " " and level == self.depth
                for t, level in zip(self.texts, self.levels, strict=True)
            )
        return self._keeps

    def __len__(self) -> int:
        return len(self.texts)

    def own(self, row: int) -> str:
        """Return a line of the patch's level; nothing where there is none."""
        if 0 <= row < len(self.texts) and self.levels[row] == self.depth:
            return self.texts[row]
        return ""

    def is_own(self, row: int) -> bool:
        """Tell whether a line is at the patch's level."""
        return row < len(self.texts) and self.levels[row] == self.depth

    def width(self, row: int) -> int:
        """Return how many columns a line takes behind its quoting."""
        return width(self.texts[row])


def sheet_of(lines: list[str], numbers: Sequence[int]) -> Sheet:
    """Tell the lines of a body apart.

    Args:
        lines: the lines, without their ends.
        numbers: which lines of the input they are.
    """
    flat = Sheet(0, lines, bytes(len(lines)), numbers, bytes(len(lines)))
    if not any(line.startswith(">") for line in lines):
        return flat
    depth, pad, others = _place(lines, numbers)
    if depth == 0:
        flat.others = others
        return flat
    texts, levels, columns = [], [], []
    for line in lines:
        text, level, column = _cut(line, depth, pad)
        texts.append(text)
        levels.append(level)
        columns.append(column)
    is_bare = _take_bare(texts, levels, columns, depth)
    return Sheet(depth, texts, levels, numbers, columns, others, is_bare)


def _take_bare(texts: list[str], levels: list[int], columns: list[int], depth: int) -> bool:
    """Count lines to the patch that were wrapped behind its quoting, and have none themselves.

    One could as well be a remark; a mailer that does it does it to all wide lines, though.
    """
    wide: list[int] = []
    narrow = 0
    for row in range(1, len(texts)):
        text = texts[row]
        if levels[row] or not text.strip() or not texts[row - 1].strip():
            continue
        is_last = row + 1 == len(texts) or (levels[row + 1] and levels[row + 1] != depth)
        if is_last or (levels[row - 1] != depth and row - 1 not in wide[-1:]):
            continue
        if not texts[row + 1].strip() and levels[row + 1] != depth:
            continue
        before = columns[row - 1] + width(texts[row - 1]) + len(text.split(None, 1)[0])
        if before >= _FULL and not PROSE.fullmatch(text):
            wide.append(row)
        else:
            narrow += 1
    if len(wide) < _SOME or narrow * 4 > len(wide):
        return False
    for row in wide:
        levels[row] = depth
    return True


def _place(lines: list[str], numbers: Sequence[int]) -> tuple[int, str, tuple[int, ...]]:
    """Return how deep the patch is quoted, and by what its quoting ends: a space, or nothing."""
    found = []
    for line, number in zip(lines, numbers, strict=True):
        if "@@ -" in line or "diff --git " in line or "Index: " in line:
            m = _HEAD.match(line)
            if m is not None:
                found.append((m[1].count(">"), m[1][-1:], number))
    if not found:
        return 0, "", ()
    votes = Counter(depth for depth, _, _ in found)
    depth = max(votes, key=lambda d: (votes[d], d))
    pads = Counter(pad for d, pad, _ in found if d == depth)
    pad = "" if pads[">"] > pads[" "] else " "
    return depth, pad, tuple(n for d, _, n in found if d != depth)


def _cut(line: str, depth: int, pad: str) -> tuple[str, int, int]:
    """Return a line without its quoting, how deep it is quoted, and how wide the quoting is."""
    m = _QUOTES.match(line)
    assert m is not None
    level = m[0].count(">")
    if level == 0:
        return line, 0, 0
    at = -1
    for _ in range(min(level, depth)):
        at = line.index(">", at + 1)
    at += 1
    if level > depth and pad and line[at] == ">":
        # Not quoted so deep, but not quoted at all: an operator that a line was broken before.
        return line, 0, 0
    if (pad or level < depth) and line[at : at + 1] == " ":
        at += 1
    return line[at:], min(level, depth), at
