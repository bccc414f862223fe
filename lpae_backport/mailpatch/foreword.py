# SPDX-License-Identifier: GPL-2.0-only
"""Reads what stands before a diff: who wrote it, its message, its diffstat."""

import re
from dataclasses import dataclass, field

from lpae_backport.mailpatch.model import Repair
from lpae_backport.mailpatch.sheet import Sheet

_FIELD = re.compile(r"(From|Date|Subject|Author|AuthorDate|Commit|CommitDate): {1,8}(\S.*)")
_STAT = re.compile(r" ?(\S.*?) +\| +(?:(\d{1,9})(?: +[+-]+)?|Bin(?: .*)?|Unmerged) *")
_TOTAL = re.compile(
    r" ?(\d{1,9}) files? changed(?:, (\d{1,9}) insertions?\(\+\))?(?:, (\d{1,9}) deletions?\(-\))?"
)
_WIDEST = 500
"""Longest line that is looked at for more than words, in characters."""
_SCISSORS = re.compile(r"(?:-+ ?)*(?:>8|8<|%<|>%)(?: ?-+)*(?:.*(?:>8|8<|%<|>%))?[ -]*$")


@dataclass(slots=True)
class Foreword:
    """What stands before a diff.

    Attributes:
        author: as the first lines of the body say; empty if they do not.
        date: likewise.
        subject: likewise.
        message: up to the ``---``.
        stats: the diffstat: by path, how many lines are added and removed together.
        totals: how many files it says are changed, and how many lines are added and removed in
            all; `None` if it does not.
        talk: the lines that are none of the patch's.
        repairs: what was mended.
    """

    author: str = ""
    date: str = ""
    subject: str = ""
    message: str = ""
    stats: dict[str, int] = field(default_factory=dict)
    totals: tuple[int, int, int] | None = None
    talk: list[int] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)


def read_foreword(sheet: Sheet, end: int) -> Foreword:
    """Read what stands before a diff.

    Args:
        sheet: the mail.
        end: the line that the diff begins in.
    """
    word = Foreword()
    rows = [r for r in range(end) if sheet.levels[r] == sheet.depth]
    word.talk = [r for r in range(end) if sheet.levels[r] != sheet.depth]
    for i, row in enumerate(rows):
        text = sheet.texts[row]
        if (
            len(text) < _WIDEST
            and text[:1] in "->8%"
            and (">8" in text or "8<" in text)
            and _SCISSORS.match(text)
        ):
            rows = rows[i + 1 :]
            break
    rows = _fields(word, sheet, rows)
    cut = next((i for i, r in enumerate(rows) if sheet.texts[r].rstrip() == "---"), len(rows))
    behind = rows[cut + 1 :]
    if cut == len(rows):
        cut = next(
            (i for i, r in enumerate(rows) if _STAT.fullmatch(sheet.texts[r][:_WIDEST])), cut
        )
        behind = rows[cut:]
    lines = [sheet.texts[r].rstrip() for r in rows[:cut]]
    word.message = "\n".join(lines).strip("\n")
    _stats(word, sheet, behind)
    return word


def _fields(word: Foreword, sheet: Sheet, rows: list[int]) -> list[int]:
    """Read the fields that a body may begin with; return what is left."""
    at = 0
    while at < len(rows) and not sheet.texts[rows[at]].strip():
        at += 1
    while at < len(rows):
        m = _FIELD.fullmatch(sheet.texts[rows[at]])
        if m is None:
            break
        name = m[1].removeprefix("Author").removeprefix("Commit") or "From"
        if m[1] in ("From", "Author"):
            word.author = m[2].strip()
        elif name == "Date" and not word.date:
            word.date = m[2].strip()
        elif name == "Subject":
            word.subject = m[2].strip()
        at += 1
    return rows[at:]


def _stats(word: Foreword, sheet: Sheet, rows: list[int]) -> None:
    held = ""
    for row in rows:
        text = sheet.texts[row]
        if len(text) > _WIDEST:
            continue
        m = _STAT.fullmatch(text)
        if m is None and held:
            m = _STAT.fullmatch(f"{held} {text.strip()}")
            if m is not None:
                word.repairs.append(Repair(sheet.numbers[row], "line of the diffstat, wrapped"))
        held = ""
        if m is not None:
            if m[2] is not None:
                word.stats[_moved_to(m[1])] = int(m[2])
            continue
        total = _TOTAL.match(text)
        if total is not None:
            word.totals = (int(total[1]), int(total[2] or 0), int(total[3] or 0))
        elif text.rstrip().endswith("|") or (text.startswith(" ") and "/" in text):
            held = text.rstrip()


def _moved_to(path: str) -> str:
    """Return the new path of what a diffstat says of a moved file: ``a/{b => c}/d``."""
    m = re.fullmatch(r"([^{}]*)\{([^{}]*) => ([^{}]*)\}([^{}]*)", path)
    if m is not None:
        return f"{m[1]}{m[3]}{m[4]}".replace("//", "/")
    return path.split(" => ")[-1]
