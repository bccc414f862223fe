# SPDX-License-Identifier: GPL-2.0-only
"""Leaves the white space of a mail that has kept its tabs alone, but for what was mended.

The tree may have been re-indented since: what it has is no better than what was sent.
"""

from dataclasses import replace

from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.diffreading import Diff
from lpae_backport.mailpatch.model import FileChange, Hunk, Line, LineKind, Repair
from lpae_backport.mailpatch.sheet import Sheet
from lpae_backport.mailpatch.treelines import TreeLines


def kept(sheet: Sheet, diff: Diff, tree: FileTree | None) -> list[FileChange]:
    """Return the files of a patch that has kept its tabs.

    The tree's white space is taken for lines that were put together again or have lost their
    marks, and at the end of lines if the mail shows that it was lost there.

    Args:
        sheet: the mail.
        diff: its diff, as it stands there.
        tree: what it is for, if known.
    """
    if not sheet.depth:
        return diff.changes
    found = []
    for i, change in enumerate(diff.changes):
        file = TreeLines(tree, change.old_path)
        hunks = []
        for j, hunk in enumerate(change.hunks):
            rows = diff.rows.get((i, j), ())
            hunks.append(_mended(sheet, trimmed(sheet, hunk, rows), rows, file))
        found.append(replace(change, hunks=tuple(hunks)))
    return found


def trimmed(sheet: Sheet, hunk: Hunk, rows: tuple[int, ...]) -> Hunk:
    """Take away spaces that a mailer put behind a line where an answer begins.

    Args:
        sheet: the mail.
        hunk: one of its hunks.
        rows: the lines of the sheet that the hunk's begin in.
    """
    lines, repairs = list(hunk.lines), list(hunk.repairs)
    for i, (line, row) in enumerate(zip(lines, rows, strict=False)):
        text = line.text
        if (
            text.endswith(" ")
            and sheet.depth
            and row + 1 < len(sheet)
            and not sheet.is_own(row + 1)
        ):
            lines[i] = replace(line, text=text.rstrip(" "))
            repairs.append(Repair(line.at, "spaces behind the line, before an answer"))
    return replace(hunk, lines=tuple(lines), repairs=tuple(repairs))


def so_many(count: int) -> str:
    """Return a number of lines in words."""
    return "1 line" if count == 1 else f"{count} lines"


def _mended(sheet: Sheet, hunk: Hunk, rows: tuple[int, ...], file: TreeLines) -> Hunk:
    """Give the lines that were mended the tree's white space."""
    asked = [i for i, x in enumerate(hunk.lines) if _is_asked(sheet, x, rows[i : i + 1])]
    if not asked:
        return hunk
    old = [i for i, x in enumerate(hunk.lines) if x.kind is not LineKind.ADDED]
    real = file.run(list(hunk.before), hunk.old_start - 1)
    run = dict(zip(old, real, strict=True)) if real is not None else {}
    lines, count = list(hunk.lines), 0
    for i in asked:
        line = lines[i]
        same = run.get(i) if run else file.spelled(line.text)
        is_mended = not _stands(sheet, line, rows[i : i + 1])
        if same is None or same == line.text:
            continue
        if is_mended or same.rstrip() == line.text:
            lines[i] = replace(line, text=same)
            count += 1
    if not count:
        return hunk
    told = Repair(hunk.at, f"white space of {so_many(count)} as the tree has it")
    return replace(hunk, lines=tuple(lines), repairs=(*hunk.repairs, told))


def _is_asked(sheet: Sheet, line: Line, row: tuple[int, ...]) -> bool:
    """Tell whether the tree may know better than the mail how a line of the file is spaced."""
    if line.kind is LineKind.ADDED or not line.text.strip():
        return False
    return not sheet.keeps_spaces or not _stands(sheet, line, row)


def _stands(sheet: Sheet, line: Line, row: tuple[int, ...]) -> bool:
    """Tell whether a line is what stands in the mail."""
    return bool(row) and sheet.texts[row[0]][1:] == line.text
