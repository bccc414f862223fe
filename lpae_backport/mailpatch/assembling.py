# SPDX-License-Identifier: GPL-2.0-only
"""Makes a patch of a mail: its words, its diff, what was said, and whether it all adds up."""

import re
from dataclasses import dataclass

from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.diffreading import first_head, read_diff
from lpae_backport.mailpatch.discussion import Attribution, Speakers, Talk, attributions, comments
from lpae_backport.mailpatch.foreword import Foreword, read_foreword
from lpae_backport.mailpatch.indentation import respaced
from lpae_backport.mailpatch.letters import Letter
from lpae_backport.mailpatch.masked import is_masked
from lpae_backport.mailpatch.model import FileChange, LineKind, Patch, Repair
from lpae_backport.mailpatch.sheet import Sheet, sheet_of
from lpae_backport.mailpatch.tally import Work
from lpae_backport.mailpatch.unmasking import unmasked

_TAGS = re.compile(r"\s*(?:(?:re|aw|fwd?|sv|antw)\s*:|\[[^\[\]]{0,100}\])\s*", re.I)
_PLACE = re.compile(r"\b(\d{1,4})\s?/\s?(\d{1,4})\b")
_VERSION = re.compile(r"\bv(\d{1,3})\b", re.I)
_ANSWER = re.compile(r"\s*(?:re|aw|sv|antw)\s*:", re.I)
_SIGNED = re.compile(r"^Signed-off-by: *([^<\n]{1,200}?) *<([^>\n]{1,200})>", re.M)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a subject says.

    Attributes:
        text: without what stands in brackets before it.
        position: the place in a series, and how many there are.
        version: of the series.
        is_answer: whether it answers another.
    """

    text: str
    position: tuple[int, int]
    version: int
    is_answer: bool


def subject_of(text: str) -> Subject:
    """Read a subject."""
    rest, tags = text.strip()[:1000], ""
    while (m := _TAGS.match(rest)) is not None and m.end():
        tags += rest[: m.end()]
        rest = rest[m.end() :]
    place, version = _PLACE.search(tags), _VERSION.search(tags)
    position = (int(place[1]), int(place[2])) if place is not None else (0, 0)
    number = int(version[1]) if version is not None else 1
    return Subject(rest, position, number, _ANSWER.match(text) is not None)


def patch_of(letter: Letter, origin: str, tree: FileTree | None, work: Work) -> Patch | None:
    """Return the patch in a mail; `None` if it has none.

    Args:
        letter: the mail.
        origin: what it is called.
        tree: what the patch is for, if known.
        work: how much may be done for its repair.

    Raises:
        TreeError: it changes what is outside of a tree.
    """
    sheet = sheet_of(letter.lines, letter.numbers)
    first = first_head(sheet)
    if first == len(sheet):
        return None
    diff = read_diff(sheet, first, tree, origin, work)
    if not diff.changes:
        return None
    word = read_foreword(sheet, first)
    said = attributions(sheet)
    author, date, told = _author(letter, sheet, word, said[0] if sheet.depth else [])
    subject = subject_of(word.subject or letter.subject)
    diff.changes = unmasked(diff.changes, tree)
    changes = tuple(respaced(sheet, diff, tree))
    totals = _checked(changes, word, sheet.numbers[0])
    sender = letter.sender if sheet.depth else ""
    talk = [*(Talk(r) for r in word.talk), *diff.talk]
    others = [
        Repair(n, "another diff, at another level of quoting, is left out") for n in sheet.others
    ]
    return Patch(
        origin,
        author,
        date,
        subject.text,
        word.message,
        subject.position,
        word.stats,
        changes,
        comments(sheet, talk, said, _plain_name(sender)),
        (*letter.repairs, *word.repairs),
        (*letter.problems, *told, *diff.problems, *totals, *others),
        commit=letter.commit,
    )


def _plain_name(sender: str) -> str:
    name = sender.split("<")[0].strip(" \"'")
    return name or sender


def _author(
    letter: Letter, sheet: Sheet, word: Foreword, said: list[Attribution]
) -> tuple[str, str, list[Repair]]:
    """Return who wrote a patch, when, and what is to be said of it."""
    author, date = word.author, word.date
    at = sheet.numbers[0]
    if not sheet.depth:
        author, date = author or letter.sender, date or letter.date
    name = Speakers(said, "").at(sheet.depth, len(sheet))
    signed = [(m[1].strip(" \"'"), m[2]) for m in _SIGNED.finditer(word.message)]
    if not author and name:
        by = [s for s in signed if s[0].casefold() == name.casefold()]
        author = f"{name} <{by[0][1]}>" if by else name
    elif not author and signed:
        author = f"{signed[0][0]} <{signed[0][1]}>"
    told = []
    if author and is_masked(author):
        told.append(Repair(at, f"the author's address is masked: {author}"))
    elif author and "@" not in author:
        told.append(Repair(at, f"the author's address is not told: {author}"))
    return author, date, told


def _checked(changes: tuple[FileChange, ...], word: Foreword, at: int) -> list[Repair]:
    """Compare a diff with its diffstat."""
    told: list[Repair] = []
    counted = {c.path: count(c) for c in changes}
    for path, number in word.stats.items():
        tail = path.removeprefix("...")
        found = [p for p in counted if p == path or (tail != path and p.endswith(tail))]
        if not found:
            told.append(Repair(at, f"{path} is in the diffstat, not in the diff"))
        elif len(found) == 1 and sum(counted[found[0]]) != number:
            plus, minus = counted[found[0]]
            text = f"{found[0]}: {number} lines by the diffstat, but +{plus} -{minus} in the diff"
            told.append(Repair(at, text))
    if word.totals is not None:
        files, plus, minus = word.totals
        sums = (sum(p for p, _ in counted.values()), sum(m for _, m in counted.values()))
        if (len(counted), *sums) != (files, plus, minus):
            text = f"{files} files, +{plus} -{minus} by the diffstat, but {len(counted)} files, "
            told.append(Repair(at, f"{text}+{sums[0]} -{sums[1]} in the diff"))
    return told


def count(change: FileChange) -> tuple[int, int]:
    """Return how many lines a patch adds to a file and removes from it."""
    kinds = [x.kind for h in change.hunks for x in h.lines]
    return kinds.count(LineKind.ADDED), kinds.count(LineKind.REMOVED)
