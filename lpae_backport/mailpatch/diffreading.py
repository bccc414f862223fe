# SPDX-License-Identifier: GPL-2.0-only
"""Reads the files and hunks of a patch, and notes what was said in between."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.costs import doubt
from lpae_backport.mailpatch.discussion import Talk
from lpae_backport.mailpatch.heads import begins, read_head
from lpae_backport.mailpatch.hunkreading import Found, header_at, read_hunk
from lpae_backport.mailpatch.model import FileChange, Hunk, Repair
from lpae_backport.mailpatch.rests import Doubt
from lpae_backport.mailpatch.sheet import Sheet
from lpae_backport.mailpatch.tally import Work
from lpae_backport.mailpatch.treelines import TreeLines

MAX_FILES = 20_000
"""Most files that one patch may change."""


@dataclass(slots=True)
class Diff:
    """The diff of a patch.

    Attributes:
        changes: the files.
        talk: the lines said in between.
        problems: what could not be read.
        rows: for each hunk, by its file's and its own index, the sheet's lines it was read from.
    """

    changes: list[FileChange] = field(default_factory=list)
    talk: list[Talk] = field(default_factory=list)
    problems: list[Repair] = field(default_factory=list)
    rows: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)


def first_head(sheet: Sheet) -> int:
    """Return the line that the diff begins in; the number of lines if there is none."""
    for row, text in enumerate(sheet.texts):
        if text[:1] in ("d", "I", "-") and begins(sheet, row):
            return row
        if text[:1] == "@" and header_at(sheet, row) is not None:
            return row
    return len(sheet)


def read_diff(sheet: Sheet, first: int, tree: FileTree | None, origin: str, work: Work) -> Diff:
    """Read a diff.

    Args:
        sheet: the mail.
        first: the line it begins in.
        tree: what it is for, if known.
        origin: what the input is called.
        work: how much may be done.

    Raises:
        TreeError: it changes what is outside of a tree.
    """
    return _Reader(sheet, tree, origin, work).run(first)


class _Reader:
    def __init__(self, sheet: Sheet, tree: FileTree | None, origin: str, work: Work) -> None:
        self.sheet, self.tree, self.origin, self.work = sheet, tree, origin, work
        self.diff = Diff()
        self.hunks: list[Hunk] = []
        self.doubts: list[Repair] = []
        self.lines = TreeLines(None, "")

    def run(self, row: int) -> Diff:
        sheet, is_over = self.sheet, False
        while row < len(sheet):
            if begins(sheet, row) and len(self.diff.changes) < MAX_FILES:
                row = self._head(row)
                is_over = False
                continue
            found = read_hunk(sheet, row, self.lines.knows, self.work)
            if found is not None:
                row = self._hunk(row, found)
                continue
            is_over = is_over or sheet.own(row).rstrip() == "--"
            if not sheet.is_own(row) or (not is_over and self._is_said(row)):
                self._say(row, len(self.hunks[-1].lines) - 1 if self.hunks else -1)
            row += 1
        self._close()
        return self.diff

    def _head(self, row: int) -> int:
        self._close()
        is_file: Callable[[str], bool] = self.tree.is_file if self.tree is not None else _never
        change, end, talk = read_head(self.sheet, row, is_file, self.origin)
        self.diff.changes.append(change)
        self.lines = TreeLines(self.tree, change.old_path or change.new_path)
        for t in talk:
            self._say(t, -1)
        return end

    def _hunk(self, row: int, found: Found) -> int:
        if not self.diff.changes:
            text = "a hunk without the name of its file"
            self.diff.problems.append(Repair(self.sheet.numbers[row], text))
            return found.end
        self._tell()
        self.diff.rows[len(self.diff.changes) - 1, len(self.hunks)] = found.rows
        self.hunks.append(found.hunk)
        for t, line in found.talk:
            self._say(t, line)
        return found.end

    def _say(self, row: int, line: int) -> None:
        path = self.diff.changes[-1].path if self.diff.changes else ""
        self.diff.talk.append(Talk(row, path, len(self.hunks) - 1, line))
        if self.hunks:
            told = doubt(self.sheet, row, self.lines.knows)
            # Behind a header it would be the rest of its section, which is no line of the hunk.
            self._doubt(row, told if line >= 0 else min(told, Doubt.HARDLY))

    def _doubt(self, row: int, doubt: Doubt) -> None:
        """Say of the last hunk that a line was taken for a remark, if it may be none."""
        hunk, at = self.hunks[-1], self.sheet.numbers[row]
        if doubt is Doubt.MAYBE and not hunk.problem:
            text = f"line {at} may be the rest of the line before it, or a remark"
            self.hunks[-1] = replace(hunk, problem=text)
        elif doubt is Doubt.HARDLY:
            text = "taken for a remark; it may be the rest of the line before it"
            self.doubts.append(Repair(at, text))

    def _tell(self) -> None:
        """Put the doubts about the last hunk into it, all at once: there may be many."""
        if self.doubts:
            hunk = self.hunks[-1]
            self.hunks[-1] = replace(hunk, repairs=(*hunk.repairs, *self.doubts))
            self.doubts = []

    def _is_said(self, row: int) -> bool:
        """Tell whether a line at the patch's level is a remark: there is no other level."""
        change = self.diff.changes[-1] if self.diff.changes else None
        return self.sheet.depth == 0 and not (change is not None and change.is_binary)

    def _close(self) -> None:
        self._tell()
        if self.diff.changes:
            last = self.diff.changes[-1]
            hunks = () if last.is_binary else tuple(self.hunks)
            self.diff.changes[-1] = replace(last, hunks=hunks)
        self.hunks = []


def _never(path: str) -> bool:
    return False
