# SPDX-License-Identifier: GPL-2.0-only
"""What it costs to suppose that a line of a mail is this or that to a hunk."""

import re
from collections.abc import Callable
from typing import NamedTuple

from lpae_backport.mailpatch.rests import PROSE, Doubt, first_word, is_code
from lpae_backport.mailpatch.sheet import Sheet, is_cut
from lpae_backport.whitespace import width

NATURAL, BLANK, UNMARKED, MORE, TALK, NOTE = "=", "b", "m", "c", "t", "\\"
"""What a line of the mail is: a line of the hunk as its mark says; an empty line of context that
lost its mark; another one that did; the rest of the line before; no line of the hunk; the note
that the file ends without a newline."""
PIECES = 2
"""Whether a line is the third piece of one or the tenth is all the same."""
WIDE = 62
"""Behind so many columns a mailer may have wrapped a line."""
_VALUE = re.compile(r" *(?:0x)?[0-9a-fA-F]{1,16}[uUlL]{0,3} *")

Known = Callable[[str], bool | None]
"""Tells whether the tree's file has a line; `None` if there is no such file."""


class Move(NamedTuple):
    """What a line may be.

    Attributes:
        role: what.
        cost: how much has to be supposed for it.
        old: how many lines of the file before that makes.
        new: how many of the file after.
        piece: how many pieces of a line of the hunk there are with it; 0 if it is none.
    """

    role: str
    cost: int
    old: int
    new: int
    piece: int


class Costs:
    """What the lines of a region may be, and at what cost.

    Args:
        sheet: the mail.
        first: the line behind the first of the hunk's header.
        end: the line behind the last that could belong to the hunk.
        known: what the tree knows of the file.
    """

    def __init__(self, sheet: Sheet, first: int, end: int, known: Known) -> None:
        self.sheet, self.first, self.end, self.known = sheet, first, end, known
        rows = range(first, end)
        self._quotes_blanks = any(sheet.is_own(r) and not sheet.texts[r].strip() for r in rows)
        self._moves: dict[tuple[int, int, bool], tuple[Move, ...]] = {}

    def moves(self, row: int, piece: int, is_done: bool) -> tuple[Move, ...]:
        """Return what a line may be.

        Args:
            row: the line.
            piece: how many pieces of a line of the hunk stand right before it, at most `PIECES`.
            is_done: whether the hunk has all of its lines.
        """
        key = row, piece, is_done
        found = self._moves.get(key)
        if found is None:
            of = self._own if self.sheet.is_own(row) else self._foreign
            found = self._moves[key] = tuple(of(row, piece, is_done))
        return found

    def _foreign(self, row: int, piece: int, is_done: bool) -> list[Move]:
        """Return what a line that is quoted less deep may be."""
        text = self.sheet.texts[row]
        if self.sheet.doubts.get(row) and self._is_joined(row):
            return [Move(MORE, 0, 0, 0, min(piece + 1, PIECES))]
        moves = [Move(TALK, 0, 0, 0, 0)]
        if not text.strip() and not is_done:
            moves.append(Move(BLANK, 11 if self._quotes_blanks else 3, 1, 1, 1))
        return moves

    def _own(self, row: int, piece: int, is_done: bool) -> list[Move]:
        text = self.sheet.texts[row]
        mark = text[:1]
        more = min(piece + 1, PIECES)
        if row in self.sheet.rests:
            rest = [Move(MORE, 0, 0, 0, more)] if piece else []
            return [*rest, Move(TALK, 3 if piece else 0, 0, 0, 0)]
        if mark != " " and is_cut(text, alone=True):
            return [Move(TALK, 0, 0, 0, 0)]
        moves = [Move(TALK, self._talk(row, piece, is_done), 0, 0, 0)]
        if mark == "\\" and text[1:2] == " ":
            return [Move(NOTE, 0, 0, 0, piece)] if piece or row > self.first else moves
        if not is_done:
            if mark == "+":
                moves.append(Move(NATURAL, 0, 0, 1, 1))
            elif mark == "-":
                moves.append(Move(NATURAL, 0, 1, 0, 1))
            elif mark == " ":
                moves.append(Move(NATURAL, 0, 1, 1, 1))
            elif not text:
                moves.append(Move(BLANK, self._blank(row, piece), 1, 1, 1))
            elif mark != "\\" and not is_cut(text):
                moves.append(Move(UNMARKED, self._unmarked(row, piece), 1, 1, 1))
        if piece and text.strip():
            moves.append(Move(MORE, self._more(row, piece), 0, 0, more))
        return moves

    def _talk(self, row: int, piece: int, is_done: bool) -> int:
        """Return what it costs to suppose that a line is none of the hunk's."""
        text, depth = self.sheet.texts[row], self.sheet.depth
        if not text:
            if is_done:
                return 4 if row + 1 == self.end < len(self.sheet) else 0
            return 6 if depth else 1 if self._is_gap(row, piece) else 4
        if text[:1] in "+- ":
            if text.rstrip() == "--" and is_done:
                return 0
            return 12 if piece or depth else 8
        if is_done:
            return 8 if depth else 5 if piece else 1
        return (3 if not piece else 5) if depth == 0 else 9

    def _blank(self, row: int, piece: int) -> int:
        """Return what it costs to suppose that an empty line is context that lost its mark."""
        cost = 3 if not self.sheet.depth and self._is_gap(row, piece) else 1
        return cost + 3 if self.sheet.keeps_spaces else cost

    def _is_gap(self, row: int, piece: int) -> bool:
        """Tell whether an empty line stands beside a remark."""
        after = self.sheet.own(row + 1)
        return not piece or (after != "" and after[0] not in "+- @\\\t")

    def _unmarked(self, row: int, piece: int) -> int:
        """Return what it costs to suppose that a line is context whose mark was lost."""
        text = self.sheet.texts[row]
        is_known = self.known(text)
        if is_known and len(text.strip()) > 3:
            return 1
        cost = 2 if text[0] == "\t" else 12 if piece and self._is_wide(row) else 4
        if not self.sheet.depth and PROSE.fullmatch(text):
            cost += 6  # Where nothing is quoted, a remark looks like this.
        return cost if is_known is None else cost + 6

    def _more(self, row: int, piece: int) -> int:
        """Return what it costs to suppose that a line is the rest of the one before."""
        before, text = self.sheet.texts[row - 1], self.sheet.texts[row]
        if _is_value(before, text):
            return 5
        marked = _marked(text)
        if text.strip() == "+" and self._is_wide(row):
            marked = 9  # The operator that a line of code ends in.
        cost = 0 if before.endswith(" ") else 1
        cost = marked + (cost if self._is_wide(row) else 6)
        if piece == 1 and not marked and self._is_joined(row):
            return 0
        # A line of the tree's has no space at its end: what has one was broken there.
        is_whole = before[:1] in " -" and not before.endswith(" ")
        if piece == 1 and not marked and is_whole and self.known(before[1:]):
            return cost + 5
        return cost

    def _is_joined(self, row: int) -> bool:
        """Tell whether the tree has a line together with the one before it."""
        return self.known(self.sheet.texts[row - 1][1:] + self.sheet.texts[row]) is True

    def _is_wide(self, row: int) -> bool:
        """Tell whether the line before is so wide that a mailer may have broken it."""
        before, text = self.sheet.texts[row - 1], self.sheet.texts[row]
        return width(before) + first_word(text) >= WIDE


def doubt(sheet: Sheet, row: int, known: Known) -> Doubt:
    """Tell how likely it is that a line, taken for a remark, is the rest of the one before it."""
    before, text = sheet.own(row - 1), sheet.texts[row]
    if sheet.depth:
        found = sheet.doubts.get(row, Doubt.NEVER)
        return Doubt.NEVER if found and known(before[1:]) else found
    if not before.strip() or not text.strip() or text[:1] in "+- ":
        return Doubt.NEVER
    is_wide = width(before) + first_word(text) >= WIDE + 6
    return Doubt.MAYBE if is_wide and is_code(text) else Doubt.NEVER


def _is_value(before: str, text: str) -> bool:
    """Tell whether a line can be the value of a macro, broken off within the spaces before it."""
    words = before[1:].split()
    return len(words) == 2 and words[0] == "#define" and _VALUE.fullmatch(text) is not None


def _marked(text: str) -> int:
    """Return what it costs to take a mark for a word of the line before.

    A mailer breaks lines at one space: an operator stands before one, no indentation does.
    """
    if text[0] not in "+- ":
        return 0
    if text[0] == " " or text[1:2] in ("", "\t") or text[1:3] == "  ":
        return 20
    return 8  # with a space behind or not: a tab may have become one
