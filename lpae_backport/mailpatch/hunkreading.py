# SPDX-License-Identifier: GPL-2.0-only
"""Reads one hunk: at a run where it is clean, else by arithmetic."""

import re
from dataclasses import dataclass, replace

from lpae_backport.mailpatch.costs import BLANK, MORE, NATURAL, NOTE, TALK, UNMARKED, Known
from lpae_backport.mailpatch.heads import names_file
from lpae_backport.mailpatch.model import Hunk, Line, LineKind, Repair
from lpae_backport.mailpatch.objections import objection
from lpae_backport.mailpatch.sheet import HUNK, Sheet, is_cut
from lpae_backport.mailpatch.tally import Reading, Work, readings

_REST = "rest of the line before, wrapped by a mailer"
_REST_BARE = "rest of the line before, wrapped by a mailer and not quoted; or a remark"
_KINDS = {k.value: k for k in LineKind}
_BOUNDARY = re.compile(r"@@ -\d|diff --git(?: |$)|Index: \S|From [0-9a-f]{40} ")
_HALF = re.compile(r"@@ -\d{1,9}(?:,\d{1,9})?(?: \+\d{1,9}(?:,\d{1,9})?)?$")
_MOST = 100_000
"""Most lines that one hunk may have."""


@dataclass(frozen=True, slots=True)
class Found:
    """A hunk that was read.

    Attributes:
        hunk: the hunk.
        end: the line of the sheet behind it.
        talk: for each line of the sheet that was said in between, the index of the line of the
            hunk that it stands behind.
        rows: the lines of the sheet that the hunk's lines begin in.
    """

    hunk: Hunk
    end: int
    talk: tuple[tuple[int, int], ...]
    rows: tuple[int, ...]


_Made = tuple[Reading, Found]
"""A reading, and the hunk that it makes."""


def header_at(sheet: Sheet, row: int) -> tuple[re.Match[str], int] | None:
    """Return the header of the hunk that begins in a line, and how many lines it takes."""
    text = sheet.own(row)
    if not text.startswith("@@ -"):
        return None
    m = HUNK.fullmatch(text)
    if m is not None:
        return m, 1
    if _HALF.match(text.rstrip()):
        m = HUNK.fullmatch(f"{text.rstrip()} {sheet.own(row + 1)}")
        if m is not None:
            return m, 2
    return None


def _is_boundary(sheet: Sheet, row: int) -> bool:
    """Tell whether a hunk ends before a line at the latest."""
    text = sheet.own(row)
    if text.startswith("---") and names_file(sheet, row):
        return True
    return _BOUNDARY.match(text) is not None


def read_hunk(sheet: Sheet, row: int, known: Known, work: Work) -> Found | None:
    """Read the hunk whose header begins in a line.

    Args:
        sheet: the mail.
        row: the line.
        known: what the tree knows of the file.
        work: how much may be done.

    Returns:
        The hunk; `None` where none begins.
    """
    head = header_at(sheet, row)
    if head is None:
        return None
    m, taken = head
    first = row + taken
    counts = (int(m[2] or 1), int(m[4] or 1))
    at = sheet.numbers[row]
    repairs = (Repair(at, "header put together from 2 lines"),) if taken == 2 else ()
    hunk = Hunk(int(m[1]), counts[0], int(m[3]), counts[1], m[5] or "", (), at, repairs)
    clean = _clean(sheet, first, counts)
    if clean is not None:
        lines, end, rows = clean
        return Found(replace(hunk, lines=tuple(lines)), end, (), tuple(rows))
    return _mended(sheet, hunk, first, known, work)


def _clean(
    sheet: Sheet, first: int, counts: tuple[int, int]
) -> tuple[list[Line], int, list[int]] | None:
    """Read a hunk that nothing has happened to; `None` for any other."""
    old, new = counts
    texts, levels, numbers, depth = sheet.texts, sheet.levels, sheet.numbers, sheet.depth
    end = len(texts)
    lines: list[Line] = []
    row = first
    while old > 0 or new > 0:
        if row >= end or levels[row] != depth:
            return None
        text = texts[row]
        mark = text[:1]
        if mark == " ":
            old -= 1
            new -= 1
        elif mark == "+":
            new -= 1
        elif mark == "-":
            old -= 1
        elif text.startswith("\\ ") and lines and not lines[-1].is_unended:
            lines[-1] = replace(lines[-1], is_unended=True)
            row += 1
            continue
        else:
            return None
        lines.append(Line(_KINDS[mark], text[1:], numbers[row]))
        row += 1
    if old or new:
        return None
    if lines and sheet.own(row).startswith("\\ "):
        lines[-1] = replace(lines[-1], is_unended=True)
        row += 1
    if not _ends(sheet, row) or _is_followed(sheet, row):
        return None
    rows = [r for r in range(first, row) if not texts[r].startswith("\\")]
    return lines, row, rows


def _ends(sheet: Sheet, row: int) -> bool:
    """Tell whether a line cannot be one more of the hunk before it, nor the rest of its last."""
    if row >= len(sheet):
        return True
    if not sheet.is_own(row):
        return not sheet.doubts.get(row)
    text = sheet.texts[row]
    if is_cut(text, alone=True):
        return True
    return not text or text.rstrip() == "--" or _is_boundary(sheet, row) or text[:4] == "diff"


def _is_followed(sheet: Sheet, row: int) -> bool:
    """Tell whether a line of a hunk may stand behind a remark: then it is not over."""
    while row < len(sheet) and not _is_boundary(sheet, row):
        text = sheet.own(row)
        if text.rstrip() == "--":
            return False
        if text[:1] in ("+", "-"):
            return True
        row += 1
    return False


def _mended(sheet: Sheet, hunk: Hunk, first: int, known: Known, work: Work) -> Found:
    end = first
    while end < len(sheet) and not _is_boundary(sheet, end) and end - first < _MOST:
        if sheet.own(end).rstrip() == "--" and _only_footer(sheet, end):
            break
        end += 1
    counts = (hunk.old_count, hunk.new_count)
    found: list[Reading] = []
    if max(counts) <= _MOST:
        found = readings(sheet, first, end, counts, known, work)
    if not found:
        text = "too tangled to be made out"
        return Found(replace(hunk, problem=text), end, (), ())
    made = _supported([(r, _made(sheet, hunk, first, r, end)) for r in found], known)
    # What is wrong is asked of the reading that is taken, not of the cheapest one.
    reading, result = made[0]
    others = [x.hunk for _, x in made[1:]]
    problem = objection(sheet, range(first, end), reading, result.hunk, others)
    return replace(result, hunk=replace(result.hunk, problem=problem)) if problem else result


def _only_footer(sheet: Sheet, row: int) -> bool:
    """Tell whether a signature begins in a line: nothing of a patch follows on its page."""
    return not any(
        sheet.own(r)[:1] in ("+", "-", " ")
        for r in range(row + 1, min(row + 6, len(sheet)))
        if sheet.own(r)
    )


def _supported(made: list[_Made], known: Known) -> list[_Made]:
    """Return of several readings those of which the tree knows the most lines."""
    if len(made) < 2 or known("") is None:
        return made
    marks = []
    for _, found in made:
        lines = [x.text for x in found.hunk.lines if x.kind is not LineKind.ADDED]
        marks.append(sum(known(t) is True for t in lines if t.strip()) * 2 - len(lines))
    best = max(marks)
    return [m for m, mark in zip(made, marks, strict=True) if mark == best]


def _made(sheet: Sheet, hunk: Hunk, first: int, reading: Reading, end: int) -> Found:
    """Make a hunk of a reading."""
    lines: list[Line] = []
    rows: list[int] = []
    talk: list[tuple[int, int]] = []
    repairs: list[Repair] = list(hunk.repairs)
    section = hunk.section
    last = first
    for row, role in enumerate(reading.roles, first):
        text, at = sheet.texts[row], sheet.numbers[row]
        if role == TALK:
            talk.append((row, len(lines) - 1))
            continue
        last = row + 1
        if role == NATURAL:
            lines.append(Line(_KINDS[text[0]], text[1:], at))
            rows.append(row)
        elif role in (BLANK, UNMARKED):
            lines.append(Line(LineKind.CONTEXT, text, at))
            rows.append(row)
            what = "empty line of context" if role == BLANK else "line of context"
            repairs.append(Repair(at, f"{what} whose mark was lost"))
        elif role == MORE and not lines:
            section = _joined(section, text)
            repairs.append(Repair(at, "rest of the hunk's header, wrapped by a mailer"))
        elif role == MORE:
            lines[-1] = replace(lines[-1], text=_joined(lines[-1].text, text))
            repairs.append(
                Repair(at, _REST_BARE if row in sheet.rests or not sheet.is_own(row) else _REST)
            )
        elif role == NOTE and lines:
            lines[-1] = replace(lines[-1], is_unended=True)
    hunk = replace(hunk, lines=tuple(lines), section=section, repairs=tuple(repairs))
    # What was said behind the hunk's last line is found by whoever goes on from there.
    between = tuple(x for x in talk if x[0] < last)
    return Found(hunk, last if between or lines else end, between, tuple(rows))


def _joined(head: str, rest: str) -> str:
    """Put a line together that was wrapped: at a space, which may have been lost."""
    return head + rest if head.endswith((" ", "\t")) or not head else f"{head} {rest}"
