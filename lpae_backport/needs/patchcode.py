# SPDX-License-Identifier: GPL-2.0-only
"""The code that a patch adds: its lines in the files of the tree it is for, or on their own."""

import re
from collections.abc import Iterable, Sequence

from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.mailpatch.model import Hunk, LineKind, Patch
from lpae_backport.needs.code import Code

_MAX_LINES = 200_000
"""Most lines a file may have for its line numbers to be kept when it is not at hand."""
_HEADS = (b"diff --git ", b"--- ", b"From ", b"Index: ")
_WITHIN = re.compile(rb"^[> \t]*(?:diff --git |@@ -\d+)", re.MULTILINE)
_HEAD = 64 * 1024
"""How much of a mail is looked at; the message comes first."""
_SOURCES = (".c", ".h")


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


def patched(
    patches: Iterable[Patch], where: str, tree: FileTree
) -> tuple[list[Code], dict[str, frozenset[int]], bool]:
    """Return the code that patches add.

    Args:
        patches: the patches.
        where: what they are called by.
        tree: the tree they are for; where that has them, its files are read whole, so that types
            can be told.

    Returns:
        The files, the lines that were added in each, and whether some file is these lines alone.

    Raises:
        TreeError: one is but half a patch, or they add no C.
    """
    parts: dict[str, list[Sequence[Hunk]]] = {}
    for change in (c for p in patches for c in p.changes):
        for hunk in change.hunks:
            if hunk.problem:
                text = f"is no whole patch: {hunk.problem}"
                raise TreeError(text, where=f"{where}:{hunk.at}" if hunk.at else where)
        if change.path.endswith(_SOURCES) and any(map(_added, change.hunks)):
            parts.setdefault(change.path, []).append(change.hunks)
    if not parts:
        raise TreeError("adds no line of C", where=where)
    codes: list[Code] = []
    only: dict[str, frozenset[int]] = {}
    is_cut = False
    for path, changes in parts.items():
        whole = _in_tree(path, changes, tree)
        is_cut = is_cut or whole is None
        data, lines = whole if whole is not None else _alone(path, changes, where)
        codes.append(Code(path, data))
        only[path] = frozenset(lines)
    return codes, only, is_cut


def _added(hunk: Hunk) -> bool:
    return any(x.kind is LineKind.ADDED for x in hunk.lines)


def _in_tree(
    path: str, changes: Sequence[Sequence[Hunk]], tree: FileTree
) -> tuple[bytes, list[int]] | None:
    """Return the tree's file and the lines in it that were added, if it has them all."""
    try:
        data = tree.read(path)
    except UnreadableError:
        return None
    lines = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
    found: list[int] = []
    for hunks in changes:
        at = 0
        for hunk in hunks:
            kept = [x for x in hunk.lines if x.kind is not LineKind.REMOVED]
            start = _find(lines, [x.text for x in kept], at, hunk.new_start - 1)
            if start is None:
                return None
            found += [start + i + 1 for i, x in enumerate(kept) if x.kind is LineKind.ADDED]
            at = start + len(kept)
    return data, found


def _find(lines: list[str], block: list[str], first: int, likely: int) -> int | None:
    """Return where a block of lines stands, the likely place looked at first."""
    if likely >= 0 and lines[likely : likely + len(block)] == block:
        return likely
    for i in range(first, len(lines) - len(block) + 1):
        if not block or (lines[i] == block[0] and lines[i : i + len(block)] == block):
            return i
    return None


def _alone(path: str, changes: Sequence[Sequence[Hunk]], where: str) -> tuple[bytes, list[int]]:
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
    text = "\n".join(rows.get(i, "") for i in range(1, last + 1)) + "\n"
    return text.encode("utf-8", "surrogateescape"), added
