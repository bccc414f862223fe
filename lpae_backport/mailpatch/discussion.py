# SPDX-License-Identifier: GPL-2.0-only
"""What was said about a patch: by whom, and at which line of it."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from lpae_backport.mailpatch.model import Comment
from lpae_backport.mailpatch.sheet import Sheet

_WROTE = re.compile(r"(?:wrote|writes|schrieb|a écrit|escribió|said) ?:\s*$")
_TIME = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?")
_ZONE = re.compile(
    r"[,\s]*(?:[AP]\.?M\b\.?)?[,\s]*(?:[+-]\d{4})?\s*(?:\([A-Za-z+\-\d ]{1,20}\)|UTC|GMT)?[,\s]*"
)
_ADDRESS = re.compile(r"\s*(?:<[^<>]*>|\[email[\s\xa0]protected\]|\[mailto:[^\]]*\])")
_FOOTER = re.compile(
    r"Reply via email to|_{20,}|-{20,}$|To unsubscribe|Sent from my |"
    r"(?:[\w-]+ mailing list)$|More majordomo info|View this message in context"
)
_LINES = 3
"""So many lines an attribution may be spread over."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """A line that says who wrote what is quoted below it.

    Attributes:
        row: the line.
        level: how deep that is quoted.
        name: who.
    """

    row: int
    level: int
    name: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A line of a mail that is none of the patch's, and where in the patch it stands.

    Attributes:
        row: the line.
        path: the file; empty before the first.
        hunk: the index of the hunk; -1 before the first.
        line: the index of the line of the hunk that it stands behind.
    """

    row: int
    path: str = ""
    hunk: int = -1
    line: int = -1


def attributions(sheet: Sheet) -> tuple[list[Attribution], set[int]]:
    """Return the attributions of a mail, and all lines that they take."""
    found: list[Attribution] = []
    taken: set[int] = set()
    for row, text in enumerate(sheet.texts):
        if ":" not in text[-3:] or _WROTE.search(text) is None:
            continue
        level = sheet.levels[row]
        rows = [row]
        while len(rows) < _LINES and not sheet.texts[rows[-1]].lstrip().startswith(
            ("On ", "Am ", "Le ")
        ):
            above = rows[-1] - 1
            if above < 0 or sheet.levels[above] != level or not sheet.texts[above].strip():
                break
            rows.append(above)
        if not sheet.texts[rows[-1]].lstrip().startswith(("On ", "Am ", "Le ")):
            rows = [row]
        whole = " ".join(sheet.texts[r].strip() for r in reversed(rows))
        name = _who(whole)
        if name:
            found.append(Attribution(row, level + 1, name))
            taken.update(rows)
    return found, taken


def _who(text: str) -> str:
    """Return the name in an attribution: what stands behind the date, if one does."""
    text = _WROTE.sub("", text[:400]).strip()
    text = _ADDRESS.sub("", text).strip(" ,")
    times = list(_TIME.finditer(text))
    if times:
        zone = _ZONE.match(text, times[-1].end())
        end = zone.end() if zone is not None else times[-1].end()
        return text[end:].strip(" ,\"'")
    return text.rpartition(",")[2].strip(" ,\"'")


class Speakers:
    """Who speaks where, as the attributions of a mail say.

    Args:
        found: the attributions, in order.
        sender: who sent the mail.
    """

    def __init__(self, found: Iterable[Attribution], sender: str) -> None:
        self._sender = sender
        self._names: dict[int, tuple[list[int], list[str]]] = {}
        for a in found:
            rows, names = self._names.setdefault(a.level, ([], []))
            rows.append(a.row)
            names.append(a.name)

    def at(self, level: int, row: int) -> str:
        """Return who wrote what stands in a line that is quoted so deep."""
        if level == 0:
            return self._sender
        rows, names = self._names.get(level, ([], []))
        index = bisect_left(rows, row)
        return names[index - 1] if index else ""


def _footer(sheet: Sheet) -> int:
    """Return the line from which on a mail says nothing any more of its own: signature, list."""
    last = len(sheet)
    for row in range(len(sheet) - 1, max(-1, len(sheet) - 60), -1):
        if sheet.levels[row]:
            break
        text = sheet.texts[row]
        if _FOOTER.match(text) or (text.rstrip() == "--" and sheet.depth):
            last = row
    return last


def comments(
    sheet: Sheet, talk: list[Talk], said: tuple[list[Attribution], set[int]], sender: str
) -> tuple[Comment, ...]:
    """Return what was said, put together from its lines.

    Args:
        sheet: the mail.
        talk: the lines, in order.
        said: the attributions of the mail, and the lines that they take.
        sender: who sent the mail.
    """
    known, taken = said
    speakers = Speakers(known, sender)
    end = _footer(sheet)
    found: list[Comment] = []
    block: list[Talk] = []
    for t in talk:
        if t.row in taken or t.row >= end:
            continue
        if block and not _goes_on(sheet, block, t):
            found.append(_comment(sheet, block, speakers))
            block = []
        if block or sheet.texts[t.row].strip():
            block.append(t)
    return (*found, _comment(sheet, block, speakers)) if block else tuple(found)


def _goes_on(sheet: Sheet, block: list[Talk], t: Talk) -> bool:
    """Tell whether a line belongs to the comment before it; empty ones may be quoted otherwise."""
    last = block[-1]
    if (t.path, t.hunk, t.line) != (last.path, last.hunk, last.line) or t.row != last.row + 1:
        return False
    return not sheet.texts[t.row].strip() or sheet.levels[t.row] == sheet.levels[block[0].row]


def _comment(sheet: Sheet, block: list[Talk], speakers: Speakers) -> Comment:
    first = block[0]
    level = sheet.levels[first.row]
    text = "\n".join(sheet.texts[t.row].rstrip() for t in block).rstrip("\n")
    who = speakers.at(level, first.row)
    at = sheet.numbers[first.row]
    return Comment(who, level, text, first.path, first.hunk, first.line, at)
