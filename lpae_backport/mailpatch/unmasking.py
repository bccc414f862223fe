# SPDX-License-Identifier: GPL-2.0-only
"""Gives lines back the addresses that an archive masked, where the tree has them."""

import re
from dataclasses import replace

from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.masked import is_all_masked, is_surely_masked, pattern_of
from lpae_backport.mailpatch.model import FileChange, Hunk, Line, LineKind, Repair
from lpae_backport.mailpatch.treelines import Patterns, TreeLines, squeezed

_MOST = 1000
"""Most lines with masked addresses that are mended in one patch."""
_MENDED = "an address that was masked, as the tree has it"
_MASKED = "an address in it is masked: it may be any"
_HINTS = ("@", "protected]", " at ", " () ", "hidden")


def unmasked(changes: list[FileChange], tree: FileTree | None) -> list[FileChange]:
    """Return the files of a patch with the addresses that the tree tells.

    A line is only taken from the tree if all else in it is the same; each is told in a repair, and
    so is each that stays masked.
    """
    left = _MOST
    found = []
    for change in changes:
        hunks = list(change.hunks)
        file = TreeLines(tree, change.new_path or change.old_path)
        for i, hunk in enumerate(hunks):
            masked = _masked(hunk) if left > 0 else {}
            left -= len(masked)
            if masked:
                hunks[i] = _mended(hunk, masked, file)
        found.append(replace(change, hunks=tuple(hunks)))
    return found


def _masked(hunk: Hunk) -> dict[int, re.Pattern[str]]:
    """Return, for the lines with masked addresses, what they may have been."""
    found = {}
    for i, line in enumerate(hunk.lines):
        pattern = pattern_of(line.text) if any(h in line.text for h in _HINTS) else None
        if pattern is not None:
            found[i] = pattern
    return found


def _mended(hunk: Hunk, masked: Patterns, file: TreeLines) -> Hunk:
    lines, repairs = list(hunk.lines), list(hunk.repairs)
    after = _block(hunk, masked, file, LineKind.REMOVED)
    before = _block(hunk, masked, file, LineKind.ADDED)
    for i, pattern in masked.items():
        line = lines[i]
        if file.knows(line.text):
            continue
        real = after.get(i, before.get(i))
        if real is None and _is_telling(line) and not _has_twin(hunk, line):
            real = file.only(pattern)
        if real is not None:
            lines[i] = replace(line, text=real)
            repairs.append(Repair(line.at, _MENDED))
        elif is_surely_masked(line.text):
            repairs.append(Repair(line.at, _MASKED))
    return replace(hunk, lines=tuple(lines), repairs=tuple(repairs))


def _block(hunk: Hunk, masked: Patterns, file: TreeLines, without: LineKind) -> dict[int, str]:
    """Return the tree's lines where it has the hunk as it was, or as it becomes."""
    kept = [i for i, x in enumerate(hunk.lines) if x.kind is not without]
    near = hunk.new_start if without is LineKind.REMOVED else hunk.old_start
    patterns = {n: masked[i] for n, i in enumerate(kept) if i in masked}
    real = file.run([hunk.lines[i].text for i in kept], near - 1, patterns)
    return dict(zip(kept, real, strict=True)) if real is not None else {}


def _is_telling(line: Line) -> bool:
    """Tell whether a line can be known by itself: of a new one, something of the address is left.

    Else the address of whoever else the file names would be put into it.
    """
    return line.kind is not LineKind.ADDED or not is_all_masked(line.text)


def _has_twin(hunk: Hunk, line: Line) -> bool:
    """Tell whether a line is removed and added again: it may be the address that was changed."""
    text = squeezed(line.text)
    return len({x.kind for x in hunk.lines if squeezed(x.text) == text}) > 1
