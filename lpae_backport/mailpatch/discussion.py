# SPDX-License-Identifier: GPL-2.0-only
"""What was said about a patch: by whom, and at which line of it."""

import re
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
_OWN_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Attribution:
    """A line that says who wrote what is quoted below it.

    Attributes:
        row: the line.
        level: how deep that is quoted.
        name: who.
        when: what it says of the date, as it says it.
    """

    row: int
    level: int
    name: str
    when: str


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
        name, when = _who(whole)
        if name:
            found.append(Attribution(row, level + 1, name, when))
            taken.update(rows)
    return found, taken


def _who(text: str) -> tuple[str, str]:
    """Return the name and the date in an attribution."""
    text = _WROTE.sub("", text[:400]).strip()
    text = _ADDRESS.sub("", text).strip(" ,")
    times = list(_TIME.finditer(text))
    if times:
        zone = _ZONE.match(text, times[-1].end())
        end = zone.end() if zone is not None else times[-1].end()
        name, when = text[end:], text[:end].removeprefix("On ").strip(" ,")
        return name.strip(" ,\"'"), when
    when, _, name = text.rpartition(",")
    return name.strip(" ,\"'"), when.removeprefix("On ").strip(" ,")


def speaker(found: Iterable[Attribution], level: int, row: int, sender: str) -> str:
    """Return who wrote what stands in a line that is quoted so deep."""
    if level == 0:
        return sender
    above = [a.name for a in found if a.level == level and a.row < row]
    return above[-1] if above else ""


def footer(sheet: Sheet) -> int:
    """Return the line from which on a mail says nothing any more of its own: signature, list."""
    last = len(sheet)
    for row in range(len(sheet) - 1, max(-1, len(sheet) - 60), -1):
        if sheet.levels[row]:
            break
        text = sheet.texts[row]
        if _FOOTER.match(text) or (text.rstrip() == "--" and sheet.depth):
            last = row
    return last


def comments(sheet: Sheet, talk: list[Talk], sender: str) -> tuple[Comment, ...]:
    """Return what was said, put together from its lines.

    Args:
        sheet: the mail.
        talk: the lines, in order.
        sender: who sent the mail.
    """
    known, taken = attributions(sheet)
    end = footer(sheet)
    said: list[Comment] = []
    block: list[Talk] = []
    for t in talk:
        if t.row in taken or t.row >= end:
            continue
        if block and not _goes_on(sheet, block, t):
            said += _comment(sheet, block, known, sender)
            block = []
        block.append(t)
    return tuple(said + _comment(sheet, block, known, sender))


def _goes_on(sheet: Sheet, block: list[Talk], t: Talk) -> bool:
    """Tell whether a line belongs to the comment before it."""
    last = block[-1]
    if (t.path, t.hunk, t.line) != (last.path, last.hunk, last.line):
        return False
    level = sheet.levels[t.row]
    return t.row == last.row + 1 and (
        not sheet.texts[t.row].strip() or level == _level(sheet, block) or _level(sheet, block) < 0
    )


def _level(sheet: Sheet, block: list[Talk]) -> int:
    """Return how deep a comment is quoted; empty lines may be quoted otherwise."""
    return next((sheet.levels[t.row] for t in block if sheet.texts[t.row].strip()), -1)


def _comment(
    sheet: Sheet, block: list[Talk], known: list[Attribution], sender: str
) -> list[Comment]:
    while block and not sheet.texts[block[0].row].strip():
        block = block[1:]
    while block and not sheet.texts[block[-1].row].strip():
        block = block[:-1]
    if not block:
        return []
    first = block[0]
    level = sheet.levels[first.row]
    text = "\n".join(sheet.texts[t.row].rstrip() for t in block)
    who = speaker(known, level, first.row, sender)
    at = sheet.numbers[first.row]
    return [Comment(who, level, text, first.path, first.hunk, first.line, at)]
