# SPDX-License-Identifier: GPL-2.0-only
"""The code that a patch adds: its lines in the files of the tree it is for, or on their own.

A tree may have the patch, or the files that it is for, or some of a series: the lines are read in
the file as all of the patches leave it, which is put together in memory.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lpae_backport.errors import TreeError
from lpae_backport.filetree import EmptyError, FileTree, UnreadableError
from lpae_backport.mailpatch.applying import Place, find, lines_of, place
from lpae_backport.mailpatch.model import FileChange, Hunk, LineKind, Patch
from lpae_backport.masking import without_comments
from lpae_backport.needs.code import Code

_MAX_LINES = 200_000
"""Most lines a file may have for its line numbers to be kept when it is not at hand."""
_MAX_LOOKED = 20_000_000
"""Lines of one file that are looked at for hunks that are not where they say; then no more are."""
_PASSES = 4
"""How often a file is read for such a hunk: with less and less context, and for what is there."""
_MAX_STARTS = 20
"""How many ways are tried to divide a series into what a tree has and what it has not."""
_HEADS = (b"diff --git ", b"--- ", b"From ", b"Index: ")
_WITHIN = re.compile(
    rb"^[> \t]*(?:diff --git |@@ -\d+)|^Content-Transfer-Encoding:[ \t]*base64",
    re.MULTILINE | re.IGNORECASE,
)
_HEAD = 64 * 1024
"""How much of a mail is looked at; the message comes first."""
_SOURCES = (".c", ".h")
_CONDITION = re.compile(rb"^[ \t]*#[ \t]*(if|endif)", re.MULTILINE)


def is_patch(path: str) -> bool:
    """Tell whether a file on disk is a patch, or a mail with one, by its name or its text."""
    if path.endswith((".patch", ".diff")):
        return True
    if path.endswith(_SOURCES):
        return False
    try:
        with open(path, "rb") as f:
            head = f.read(_HEAD)
    except OSError:
        return False
    return head.startswith(_HEADS) or _WITHIN.search(head) is not None


@dataclass
class Added:
    """What patches add.

    Attributes:
        codes: the files.
        only: the lines that were added in each.
        is_cut: whether some of it is these lines alone.
        problems: what is left out, or read alone, in words.
    """

    codes: list[Code] = field(default_factory=list)
    only: dict[str, frozenset[int]] = field(default_factory=dict)
    is_cut: bool = False
    problems: list[str] = field(default_factory=list)


def patched(patches: Iterable[Patch], where: str, tree: FileTree) -> Added:
    """Return the code that patches add.

    Args:
        patches: the patches, in order.
        where: what they are called by.
        tree: the tree they are for; its files are read whole, so that types can be told.

    Raises:
        TreeError: they add no C, or only in hunks that are not whole.
    """
    out = Added()
    parts: dict[str, list[FileChange]] = {}
    broken: list[Hunk] = []
    for change in (c for p in patches for c in p.changes):
        broken += [h for h in change.hunks if h.problem]
        _sort_in(change, parts)
    out.problems += [f"{_at(where, h)}: left out, is not whole: {h.problem}" for h in broken]
    for path, changes in parts.items():
        hunks = [_whole(c) for c in changes]
        if not path.endswith(_SOURCES) or not any(_adds(h) for hs in hunks for h in hs):
            continue
        lines = _base(path, changes, tree)
        if lines is not None:
            data, marked = _with_strays(_merged(lines, changes[0], hunks), path, where, out)
        elif not changes[0].old_path:
            made = _Draft([])
            data, marked = _with_strays(made.apply_all(hunks), path, where, out)
        else:
            data, marked = _alone(path, hunks, where)
            out.is_cut = True
            text = f"{where}: the new tree has no {path}: what is added to it is read alone"
            out.problems.append(text)
        out.codes.append(Code(path, data))
        out.only[path] = frozenset(marked)
    if out.codes:
        return out
    if broken:
        raise TreeError(f"is no whole patch: {broken[0].problem}", where=_at(where, broken[0]))
    raise TreeError("adds no line of C", where=where)


def _sort_in(change: FileChange, parts: dict[str, list[FileChange]]) -> None:
    """Put a change to the others of its file, which may have had another name."""
    before = change.old_path
    if before and before != change.path and not change.is_copy and before in parts:
        parts[change.path] = parts.pop(before)
    if change.new_path:
        parts.setdefault(change.path, []).append(change)
    else:
        parts.pop(before, None)


def _at(where: str, hunk: Hunk) -> str:
    return f"{where}:{hunk.at}" if hunk.at else where


def _whole(change: FileChange) -> list[Hunk]:
    return [h for h in change.hunks if not h.problem]


def _adds(hunk: Hunk) -> bool:
    return any(x.kind is LineKind.ADDED for x in hunk.lines)


def _base(path: str, changes: Sequence[FileChange], tree: FileTree) -> list[str] | None:
    """Return the lines of the tree's file, under the name it has there."""
    for name in dict.fromkeys((path, *(c.old_path for c in changes if c.old_path))):
        try:
            data = tree.read(name)
        except EmptyError:
            return []
        except UnreadableError:
            continue
        return lines_of(data.decode("utf-8", "surrogateescape").replace("\r\n", "\n"))
    return None


class _Draft:
    """A file on its way: its lines, and which of them patches have added.

    Args:
        lines: its lines.
        marks: whether each was added; none were, unless told.
    """

    def __init__(self, lines: Iterable[str], marks: Iterable[bool] = ()) -> None:
        self.lines = list(lines)
        self.marks = list(marks) or [False] * len(self.lines)
        self.strays: list[Hunk] = []
        """Hunks that go nowhere."""
        self.is_exact = True
        """Whether every hunk went where it says."""
        self._looked = 0

    def apply_all(self, changes: Iterable[Sequence[Hunk]]) -> "_Draft":
        """Put changes in, one behind the other; what is there already is but marked."""
        for hunks in changes:
            shift = floor = 0
            for hunk in hunks:
                shift, floor = self._apply(hunk, shift, floor)
        return self

    def _apply(self, hunk: Hunk, shift: int, floor: int) -> tuple[int, int]:
        if self._looked > _MAX_LOOKED:
            self.strays.append(hunk)
            return shift, floor
        fresh = place(hunk, self.lines, shift, floor)
        if fresh is not None and not fresh.how:
            return self._put(fresh)
        self.is_exact = False
        self._looked += _PASSES * len(self.lines)
        whole = Place(0, hunk.lines, 0, 0)
        first = (hunk.old_start - 1 if hunk.old_count else hunk.old_start) + shift
        at = find(self.lines, whole.after, first, floor) if _adds(hunk) else None
        if at is not None:
            kept = [x for x in hunk.lines if x.kind is not LineKind.REMOVED]
            for i, x in enumerate(kept, at):
                self.marks[i] = self.marks[i] or x.kind is LineKind.ADDED
            return shift + at - first + len(kept) - len(whole.before), at + len(kept)
        if fresh is not None:
            return self._put(fresh)
        self.strays.append(hunk)
        return shift, floor

    def _put(self, found: Place) -> tuple[int, int]:
        end = found.start + len(found.before)
        old = iter(self.marks[found.start : end])
        marks = []
        for x in found.lines:
            is_old = x.kind is not LineKind.ADDED and next(old)
            if x.kind is not LineKind.REMOVED:
                marks.append(is_old or x.kind is LineKind.ADDED)
        self.lines[found.start : end] = found.after
        self.marks[found.start : end] = marks
        return found.shift, found.start + len(marks)


def _merged(lines: list[str], first: FileChange, changes: Sequence[Sequence[Hunk]]) -> _Draft:
    """Return a file with all changes, some of which it may have already."""
    is_made = not first.old_path
    fresh = _Draft([] if is_made else lines).apply_all(changes)
    if fresh.is_exact and not is_made:
        return fresh
    for count in range(len(changes), max(len(changes) - _MAX_STARTS, 0), -1):
        marks = _had(lines, changes[:count])
        if marks is not None:
            return _Draft(lines, marks).apply_all(changes[count:])
    return fresh


def _had(lines: list[str], changes: Sequence[Sequence[Hunk]]) -> list[bool] | None:
    """Return which lines of a file some changes have added, if it has these.

    They are taken back, the last first: of what one has added another may have taken away some.
    """
    now = list(lines)
    numbers = list(range(len(lines)))
    marks = [False] * len(lines)
    looked = 0
    for hunks in reversed(changes):
        shift = floor = 0
        for hunk in hunks:
            whole = Place(0, hunk.lines, 0, 0)
            before, after = whole.before, whole.after
            first = hunk.new_start - 1 if hunk.new_count else hunk.new_start
            at = find(now, after, first + shift, floor)
            looked += abs(at - first - shift) if at is not None else 0
            if at is None or looked > _MAX_LOOKED // _MAX_STARTS:
                return None
            theirs = iter(numbers[at : at + len(after)])
            kept = []
            for x in hunk.lines:
                number = -1 if x.kind is LineKind.REMOVED else next(theirs)
                if x.kind is not LineKind.ADDED:
                    kept.append(number)
                elif number >= 0:
                    marks[number] = True
            now[at : at + len(after)] = before
            numbers[at : at + len(after)] = kept
            floor, shift = at + len(before), at - first + len(before) - len(after)
    return marks


def _with_strays(draft: _Draft, path: str, where: str, out: Added) -> tuple[bytes, list[int]]:
    """Return a file and its added lines; what goes nowhere stands behind its end."""
    rows = list(draft.lines)
    added = [i for i, mark in enumerate(draft.marks, 1) if mark]
    for hunk in draft.strays:
        told = f"{_at(where, hunk)}: does not apply to {path}"
        if _adds(hunk):
            out.is_cut = True
            kept = [x for x in hunk.lines if x.kind is not LineKind.REMOVED]
            head, tail = _lids([x.text for x in kept])
            rows += head
            first = len(rows) + 1
            added += [i for i, x in enumerate(kept, first) if x.kind is LineKind.ADDED]
            rows += [x.text for x in kept]
            told += f": read alone, as its lines {first} to {len(rows)}"
            rows += tail
        out.problems.append(told)
    return _joined(row.rstrip("\0") for row in rows), added


def _lids(rows: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what to put around a piece so that what is open at its ends hides nothing else."""
    data = _joined(rows)
    text = without_comments(data)
    head = ["/*"] if b"*/" in text else []
    tail = ["*/"] if data.rfind(b"/*") > data.rfind(b"*/") else []
    depth = lowest = 0
    for m in _CONDITION.finditer(text):
        depth += 1 if m[1] == b"if" else -1
        lowest = min(lowest, depth)
    return ["#if 1"] * -lowest + head, tail + ["#endif"] * (depth - lowest)


def _alone(path: str, changes: Iterable[Sequence[Hunk]], where: str) -> tuple[bytes, list[int]]:
    """Put the lines of the hunks where they belong in a file that is otherwise empty."""
    rows: dict[int, str] = {}
    added: list[int] = []
    for hunk in (h for hunks in changes for h in hunks):
        kept = [x for x in hunk.lines if x.kind is not LineKind.REMOVED]
        for number, x in enumerate(kept, max(hunk.new_start, 1)):
            if x.kind is LineKind.ADDED:
                added.append(number)
            rows[number] = x.text
    last = max(rows, default=0)
    if last > _MAX_LINES:
        raise TreeError(f"'{path}' would have {last} lines", where=where)
    return _joined(rows.get(i, "") for i in range(1, last + 1)), added


def _joined(rows: Iterable[str]) -> bytes:
    return ("\n".join(rows) + "\n").encode("utf-8", "surrogateescape")
