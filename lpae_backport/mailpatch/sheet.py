# SPDX-License-Identifier: GPL-2.0-only
"""The lines of a mail's body, told apart by how deep they are quoted.

A patch stands at one level of quoting: all that is quoted less deep was said about it later. What
seems to be quoted deeper belongs to the patch: a wrapped line may begin with ``>>``.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lpae_backport.mailpatch.rests import Doubt, Quoted, doubts

HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(?: ?(.*))?", re.S)
"""The first line of a hunk."""
_CUT = ("[...]", "[…]", "[snip]", "[..]", "<snip>", "[ ... ]", "(snip)", "...", "[cut]", "8<")
_QUOTES = re.compile(r"(?:> ?)*")
_INITIALS = re.compile(r"[A-Z][A-Za-z]{0,3}(?=>)")
_SIGNED = re.compile(r"((?: ?(?:[A-Z][A-Za-z]{0,3})?>){1,8}) ?(?:@@ -\d|diff --git |Index: \S)")
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

    rests: frozenset[int] = frozenset()
    """The lines that are the rest of those before them, though they are not quoted."""
    doubts: Mapping[int, Doubt] = field(default_factory=dict)
    """How likely other lines are that."""
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


def sheet_of(lines: list[str], numbers: Sequence[int]) -> Sheet:
    """Tell the lines of a body apart.

    Args:
        lines: the lines, without their ends.
        numbers: which lines of the input they are.
    """
    lines = _without_initials(lines)
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
    told = doubts(Quoted(texts, levels, columns, depth))
    rests = frozenset(row for row, doubt in told.items() if doubt is Doubt.SURELY)
    for row in rests:
        levels[row] = depth
    return Sheet(depth, texts, levels, numbers, columns, others, rests, told)


def is_cut(text: str, *, alone: bool = False) -> bool:
    """Tell whether a line is what people write where they have cut something out.

    Args:
        text: the line.
        alone: whether nothing may follow.
    """
    text = text.strip().lower()
    return text in _CUT if alone else text.startswith(_CUT)


def _without_initials(lines: list[str]) -> list[str]:
    """Return lines without the initials that some mailers put before the mark of quoting."""
    heads = (_SIGNED.match(line) for line in lines if "> " in line[:40])
    names = {name for m in heads if m is not None for name in _INITIALS.findall(m[1])}
    if not names:
        return lines
    marks = re.compile(rf"(?: ?(?:{'|'.join(sorted(names))})?>)+")
    return [
        _INITIALS.sub("", m[0]).lstrip() + line[m.end() :] if (m := marks.match(line)) else line
        for line in lines
    ]


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
