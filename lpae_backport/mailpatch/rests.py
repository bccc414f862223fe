# SPDX-License-Identifier: GPL-2.0-only
"""Which lines that are quoted less deep than a patch are the rest of a line of the patch.

A mailer that wraps what it has quoted leaves the rest of a line without quoting, as a remark is.
It wraps every line that is too wide, and no other: how wide the lines are that it left whole tells
the two apart, and where it does not, that is said.
"""

import re
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum

from lpae_backport.whitespace import TAB, width

PROSE = re.compile(r"[A-Z\"']\S* .*[.?!]\s*")
"""A line that is a sentence rather than code."""
_CODE = re.compile(r"[;{}()\\=*_&|<>\"%#\[\]]|,$|//|\d$|^[A-Z0-9]+$")
_COMMENT = re.compile(r"[ +-]?\s*(?:\*|#|//)|[^\n]*(?:/\*|//)")
_WORD = re.compile(r"[(\"']?[A-Za-z][a-z']*[.,;:?!)\"']{0,3}$")
_RUNS = re.compile(r" {2,}")
_BREAK = re.compile(r"(?<! ) (?! )")
_SPACED = re.compile(r"\t| {2}")
_MARKS = tuple("+- ")
_FULL = 68
"""Behind so many columns a mailer may wrap a line."""
_SOME = 3
"""So many lines show that a mailer does."""
_WORDS = 4
"""So many words in a row make a sentence."""


class Doubt(IntEnum):
    """How likely a line is the rest of the one before it."""

    NEVER = 0
    HARDLY = 1
    MAYBE = 2
    SURELY = 3


@dataclass(frozen=True, slots=True)
class Quoted:
    """The lines of a body: what they say, how deep and how wide they are quoted."""

    texts: list[str]
    levels: list[int]
    columns: list[int]
    depth: int

    def is_own(self, row: int) -> bool:
        """Tell whether a line is at the patch's level."""
        return row < len(self.texts) and self.levels[row] == self.depth

    def columns_of(self, row: int) -> int:
        """Return how many columns a line takes with its quoting."""
        text = self.texts[row].rstrip()
        return width("x" * self.columns[row] + text)


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: int
    is_wide: bool
    is_between: bool


def doubts(body: Quoted) -> dict[int, Doubt]:
    """Return how likely lines are the rest of those before them, for those that may be."""
    found = _candidates(body)
    if not found:
        return {}
    levels = Counter(body.levels[c.row] for c in found if c.is_wide and c.is_between)
    level = max(levels, key=lambda n: levels[n], default=-1)
    narrow = sum(body.levels[c.row] == level and not c.is_wide and c.is_between for c in found)
    wide = levels[level] if narrow * 4 <= levels[level] else 0
    told: dict[int, Doubt] = {}
    for c in found:
        told[c.row] = _doubt(body, c, wide if body.levels[c.row] == level else 0)
    return {row: doubt for row, doubt in told.items() if doubt}


def _doubt(body: Quoted, c: _Candidate, wide: int) -> Doubt:
    """Tell how likely a line is the rest of the one before it.

    Args:
        body: the lines.
        c: the line.
        wide: how many such lines show that the mailer wraps like that.
    """
    before, text = body.texts[c.row - 1], body.texts[c.row]
    if not c.is_wide:
        return Doubt.HARDLY if is_code(text) else Doubt.NEVER
    is_told = is_code(text) or (_COMMENT.match(before) is not None and not PROSE.fullmatch(text))
    if c.is_between and wide and (is_told or (wide >= _SOME and not PROSE.fullmatch(text))):
        return Doubt.SURELY
    if wide and is_code(text) and not c.is_between:
        return Doubt.SURELY
    return Doubt.MAYBE if wide or c.is_between or is_code(text) else Doubt.HARDLY


def is_code(text: str) -> bool:
    """Tell whether a line looks like code rather than words."""
    words = text.split()
    plain = sum(_WORD.match(w) is not None for w in words)
    if PROSE.fullmatch(text) or (plain >= _WORDS and plain * 5 >= len(words) * 4):
        return False
    return _CODE.search(text.strip()) is not None


def _candidates(body: Quoted) -> list[_Candidate]:
    """Return the lines that follow on one of the patch's at once, quoted less deep."""
    found: list[_Candidate] = []
    whole = _whole_columns(body)
    row = 1
    while row < len(body.texts):
        if not (body.is_own(row - 1) and body.texts[row - 1].strip()) or body.is_own(row):
            row += 1
            continue
        end = row
        level = body.levels[row]
        while (
            end < len(body.texts)
            and not body.is_own(end)
            and body.levels[end] == level
            and body.texts[end].strip()
        ):
            end += 1
        wide = row
        while wide < end and _has_no_room(body, wide, max(whole, _FULL)):
            wide += 1
        is_between = body.is_own(end)
        found += [_Candidate(r, True, is_between and wide == end) for r in range(row, wide)]
        if wide == row < end:
            found.append(_Candidate(row, False, is_between))
        row = max(end, row + 1)
    return found


def _has_no_room(body: Quoted, row: int, whole: int) -> bool:
    """Tell whether the first word of a line had no place in the one before.

    Args:
        body: the lines.
        row: the line.
        whole: how many columns the mailer leaves whole.
    """
    before, text = body.columns_of(row - 1), body.texts[row - 1]
    # Tabs may have been something else when it was wrapped.
    slack = TAB * text.count("\t") + sum(map(len, _RUNS.findall(text)))
    first = first_word(body.texts[row])
    return before + slack + 1 + first > whole


def first_word(text: str) -> int:
    """Return how many columns there are before a mailer may break a line: at one space, no tab."""
    return width(_BREAK.split(text.strip(" "), maxsplit=1)[0])


def _whole_columns(body: Quoted) -> int:
    """Return how many columns the widest line takes that could have been wrapped, and was not.

    Lines with tabs, or with what may have been tabs, do not count: their width may have changed.
    Nor do those with addresses, which may have been masked later.
    """
    widest = 0
    for row, text in enumerate(body.texts):
        if body.levels[row] != body.depth or len(text) + body.columns[row] <= widest:
            continue
        if "@" in text or " at " in text or "[email" in text:
            continue
        if text[:1] in _MARKS and _SPACED.search(text, 1) is None and " " in text[1:].strip():
            widest = max(widest, body.columns_of(row))
    return widest
