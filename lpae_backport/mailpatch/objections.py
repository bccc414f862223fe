# SPDX-License-Identifier: GPL-2.0-only
"""Why a hunk may be another than what was made of it: no line is missed or made up in silence."""

import re

from lpae_backport.mailpatch.costs import NATURAL, TALK, WIDE
from lpae_backport.mailpatch.model import Hunk, LineKind
from lpae_backport.mailpatch.sheet import Sheet, is_cut
from lpae_backport.mailpatch.tally import Reading
from lpae_backport.whitespace import width

_REMARK = re.compile(r"[+-]\d\b|[+-] \w|  ? ?\w")
"""How a remark may begin, though it looks marked: ``+1``, or an item of a list."""
_VOTE = re.compile(r"[+-]\d\s*$")
_OPERATOR = re.compile(r"[+-] \S")


def objection(sheet: Sheet, rows: range, reading: Reading, hunk: Hunk, others: list[Hunk]) -> str:
    """Return why a reading of a hunk cannot be trusted; nothing if it can.

    Args:
        sheet: the mail.
        rows: the lines of the sheet that were read.
        reading: what they were taken for.
        hunk: what that makes.
        others: what readings make that are as likely.
    """
    if (reading.old, reading.new) != (hunk.old_count, hunk.new_count):
        return _shortfall(sheet, rows, reading, hunk)
    odd = _dropped(sheet, rows.start, reading)
    if odd is not None:
        at = sheet.numbers[odd]
        return f"line {at} looks like one of its lines, but the counts leave no place"
    odd = _vote(sheet, rows.start, reading)
    if odd is not None:
        return f"line {sheet.numbers[odd]} may be one of its lines, or a remark"
    said = _said(hunk)
    other = next((x for x in others if _said(x) != said), None)
    return f"can be read in {len(others) + 1} ways{_where(hunk, other)}" if other else ""


def _shortfall(sheet: Sheet, rows: range, reading: Reading, hunk: Hunk) -> str:
    cut = [r for r in rows if is_cut(sheet.texts[r])]
    text = (
        f"has -{reading.old} +{reading.new} lines where its header says "
        f"-{hunk.old_count} +{hunk.new_count}"
    )
    return f"{text}; something was cut out at line {sheet.numbers[cut[0]]}" if cut else text


def _dropped(sheet: Sheet, first: int, reading: Reading) -> int | None:
    """Return a line that is marked like the hunk's, stands with them, and was taken for none."""
    roles = reading.roles
    last = max((i for i, role in enumerate(roles) if role != TALK), default=-1)
    is_sure = not any(r == NATURAL and _is_odd(sheet, first + i) for i, r in enumerate(roles))
    for i, role in enumerate(roles):
        text = sheet.own(first + i)
        if role != TALK or not text.strip() or text.rstrip() == "--":
            continue
        if text[0] not in ("+", "-", " ") or (i > last and text[0] == " "):
            continue
        is_apart = i > last or (i > 0 and roles[i - 1] == TALK)
        if sheet.depth or not is_apart or not _REMARK.match(text) or (i > last and not is_sure):
            return first + i
    return None


def _vote(sheet: Sheet, first: int, reading: Reading) -> int | None:
    """Return a line of the hunk that may be a vote (``+1``) by itself, in text without quoting."""
    for i, role in enumerate(reading.roles if not sheet.depth else ""):
        row = first + i
        is_alone = not sheet.own(row - 1).strip() and not sheet.own(row + 1).strip()
        if role == NATURAL and is_alone and _VOTE.match(sheet.own(row)):
            return row
    return None


def _is_odd(sheet: Sheet, row: int) -> bool:
    """Tell whether a line may be the rest of a wide one, broken before an operator."""
    return _OPERATOR.match(sheet.own(row)) is not None and width(sheet.own(row - 1)) >= WIDE


def _said(hunk: Hunk) -> list[tuple[LineKind, str]]:
    return [(x.kind, "".join(x.text.split())) for x in hunk.lines]


def _where(one: Hunk, other: Hunk) -> str:
    for a, b in zip(one.lines, other.lines, strict=False):
        if (a.kind, a.text) != (b.kind, b.text):
            return f", from line {a.at} on"
    return ""
