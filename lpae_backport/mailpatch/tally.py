# SPDX-License-Identifier: GPL-2.0-only
"""Hunk arithmetic: which lines of a mail are lines of a hunk, so that its counts come out.

A mailer wraps lines, loses marks and the space of an empty line, and people write in between. The
counts in the hunk's header say how many lines there were; the cheapest reading that comes to
them is taken, and if there are several, all are returned.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lpae_backport.mailpatch.sheet import PROSE, Sheet
from lpae_backport.whitespace import width

NATURAL, BLANK, UNMARKED, MORE, TALK, NOTE = "=", "b", "m", "c", "t", "\\"
"""What a line of the mail is: a line of the hunk as its mark says; an empty line of context that
lost its mark; another one that did; the rest of the line before; no line of the hunk; the note
that the file ends without a newline."""
CUT = ("[...]", "[…]", "[snip]", "[..]", "<snip>", "[ ... ]", "(snip)", "...", "[cut]", "8<")
"""What people write where they have cut something out."""

_BOUNDS = (8, 28, 100, 10_000)
_BEAM = 200
_WAYS = 3
_WIDE = 62
"""Behind so many columns a mailer may have wrapped a line."""
_NEAR = 1
_MISSING = 9
"""What it costs to suppose that a part of the hunk has been cut out; less than lines made up."""

_CODE_END = re.compile(r"(?:[;,{}()\\]|\*/|&&|\|\|)\s*$")

_VALUE = re.compile(r" *(?:0x)?[0-9a-fA-F]{1,16}[uUlL]{0,3} *")
_Node = tuple["_Node | None", str]
_Ways = list[tuple[int, _Node | None]]
_State = tuple[int, int, int]

Known = Callable[[str], bool | None]
"""Tells whether the tree's file has a line; `None` if there is no such file."""


@dataclass(slots=True)
class Work:
    """How much may still be done for an input; hostile ones ask for more than they are worth."""

    left: int = 60_000

    @classmethod
    def on(cls, data: bytes) -> "Work":
        """Return what an input is worth, by its size."""
        return cls(60_000 + len(data) // 4)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lines of a region are.

    Attributes:
        roles: one for each line.
        old: how many lines of the file before that makes.
        new: how many of the file after.
        cost: how much had to be supposed for it.
    """

    roles: str
    old: int
    new: int
    cost: int


def readings(
    sheet: Sheet, first: int, end: int, counts: tuple[int, int], known: Known, work: Work
) -> list[Reading]:
    """Return the best readings of a region.

    Args:
        sheet: the mail.
        first: the line behind the first of the hunk's header.
        end: the line behind the last that could belong to the hunk.
        counts: how many lines the header says there are, before and after.
        known: what the tree knows.
        work: how much may be done.

    Returns:
        Those that come to the counts at the least cost; if none does, one that comes near; none
        at all if that was too much work.
    """
    for bound in _BOUNDS:
        found = _Search(sheet, first, end, counts, known, work, bound).run()
        if work.left <= 0 or (found and found[0].cost <= bound):
            return found
    return found


class _Search:
    """One search, among readings that cost no more than a bound."""

    def __init__(
        self,
        sheet: Sheet,
        first: int,
        end: int,
        counts: tuple[int, int],
        known: Known,
        work: Work,
        bound: int,
    ) -> None:
        self.sheet, self.first, self.end = sheet, first, end
        self.old, self.new = counts
        self.known, self.work, self.bound = known, work, bound
        rows = range(first, end)
        self.quotes_blanks = any(sheet.is_own(r) and not sheet.texts[r].strip() for r in rows)

    def run(self) -> list[Reading]:
        states: dict[_State, _Ways] = {(0, 0, 1): [(0, None)]}
        for row in range(self.first, self.end):
            states = self._step(row, states)
            self.work.left -= len(states)
            if self.work.left <= 0:
                return []
        return self._best(states)

    def _step(self, row: int, states: dict[_State, _Ways]) -> dict[_State, _Ways]:
        after: dict[_State, _Ways] = {}
        for state, ways in states.items():
            room = self.bound - ways[0][0]
            for role, cost, target in self._moves(row, state):
                if cost > room:
                    continue
                there = after.setdefault(target, [])
                there += [(c + cost, (node, role)) for c, node in ways if c + cost <= self.bound]
        for ways in after.values():
            if len(ways) > 1:
                ways.sort(key=_cost)
                del ways[_WAYS:]
        if len(after) > _BEAM:
            kept = sorted(after, key=lambda s: after[s][0][0])[:_BEAM]
            after = {s: after[s] for s in kept}
        return after

    def _moves(self, row: int, state: _State) -> list[tuple[str, int, _State]]:
        o, n, piece = state
        text = self.sheet.texts[row]
        is_own = self.sheet.levels[row] == self.sheet.depth
        open_old, open_new = o < self.old, n < self.new
        moves = [(TALK, self._talk(row, state, is_own), (o, n, 0))]
        if not is_own:
            if piece and text.strip() and self._is_rest(row):
                moves = [(MORE, 0, (o, n, piece + 1)), (TALK, 3, (o, n, 0))]
            elif not text.strip() and open_old and open_new:
                moves.append((BLANK, 11 if self.quotes_blanks else 3, (o + 1, n + 1, 1)))
            return moves
        mark = text[:1]
        if mark == "+" and open_new:
            moves.append((NATURAL, 0, (o, n + 1, 1)))
        elif mark == "-" and open_old:
            moves.append((NATURAL, 0, (o + 1, n, 1)))
        elif mark == " " and open_old and open_new:
            moves.append((NATURAL, 0, (o + 1, n + 1, 1)))
        elif mark == "\\" and text[1:2] == " ":
            return [(NOTE, 0, (o, n, piece))] if o + n else moves
        elif open_old and open_new:
            if not text:
                moves.append((BLANK, self._blank(row, piece), (o + 1, n + 1, 1)))
            elif mark not in "+-" and not text.strip().lower().startswith(CUT):
                moves.append((UNMARKED, self._unmarked(row, piece), (o + 1, n + 1, 1)))
        if piece and text.strip() and piece < 8:
            moves.append((MORE, self._more(row, piece), (o, n, piece + 1)))
        return moves

    def _talk(self, row: int, state: _State, is_own: bool) -> int:
        """Return what it costs to suppose that a line is none of the hunk's."""
        if not is_own:
            return 0
        text = self.sheet.texts[row]
        o, n, piece = state
        is_done = o == self.old and n == self.new
        if not text:
            if is_done:
                return 4 if row + 1 == self.end < len(self.sheet) else 0
            return 6 if self.sheet.depth else 1 if self._is_gap(row, piece) else 4
        if text[:1] in "+- ":
            if text.rstrip() == "--" and is_done:
                return 0
            return 8 if not piece else 12
        if is_done:
            return 8 if self.sheet.depth else 5 if piece else 1
        return (3 if not piece else 5) if self.sheet.depth == 0 else 9

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
        return cost if is_known is None else cost + 6

    def _more(self, row: int, piece: int) -> int:
        """Return what it costs to suppose that a line is the rest of the one before."""
        sheet = self.sheet
        before, text = sheet.texts[row - 1], sheet.texts[row]
        if _is_value(before, text):
            return 5
        marked = _marked(text)
        cost = 0 if before.endswith(" ") else 1
        cost = marked + (cost if self._is_wide(row) else 6)
        if piece == 1 and before[:1] in " -" and not marked:
            joined, alone = self.known(before[1:] + text), self.known(before[1:])
            if joined:
                return 0
            if alone:
                return cost + 5
        return cost

    def _is_wide(self, row: int) -> bool:
        """Tell whether the line before is so wide that a mailer may have broken it."""
        before, text = self.sheet.texts[row - 1], self.sheet.texts[row]
        return width(before) + _first_word(text) >= _WIDE

    def _is_rest(self, row: int) -> bool:
        """Tell whether a line that is quoted less deep can only be the rest of the one before."""
        return is_rest(self.sheet, row) == 2

    def _best(self, states: dict[_State, _Ways]) -> list[Reading]:
        found = []
        for (o, n, _), ways in states.items():
            missing = abs(self.old - o) + abs(self.new - n)
            for cost, node in ways:
                lost = _MISSING + min(missing, 3) if missing else 0
                found.append((cost + lost, o, n, node))
        found.sort(key=lambda f: f[0])
        # A reading that costs hardly more is as likely.
        near = [f for f in found if f[0] <= found[0][0] + _NEAR][:8]
        return [Reading(_roles(node), o, n, cost) for cost, o, n, node in near]


def is_rest(sheet: Sheet, row: int) -> int:
    """Tell whether a line that is quoted less deep is the rest of the one before it.

    Returns:
        2 if it must be, 1 if it may be, 0 if it is not.
    """
    before, text = sheet.own(row - 1), sheet.texts[row]
    if not before.strip() or sheet.levels[row] or not text.strip():
        return 0
    follows = sheet.is_own(row + 1)
    if follows and sheet.is_bare:
        return 1
    if not follows or width(before) + _first_word(text) < _WIDE + 6:
        # Too narrow to be wrapped, but code all the same.
        return 1 if _CODE_END.search(text) and " " not in text.strip() else 0
    if PROSE.fullmatch(text):
        return 0
    is_open = before.count("(") > before.count(")") and text.count(")") > text.count("(")
    is_flowed = before.endswith(" ") and not before.endswith("  ")
    return 2 if _CODE_END.search(text) and (is_open or is_flowed) else 1


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
    return 7 if text[1] == " " else 9


def _first_word(text: str) -> int:
    return len((text.split(None, 1) or [""])[0])


def _cost(found: tuple[int, _Node | None]) -> int:
    return found[0]


def _roles(node: _Node | None) -> str:
    roles = []
    while node is not None:
        node, role = node
        roles.append(role)
    return "".join(reversed(roles))
