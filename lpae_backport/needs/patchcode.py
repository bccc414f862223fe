# SPDX-License-Identifier: GPL-2.0-only
"""The code that a patch adds: its lines in the files of the tree it is for, or on their own."""

from pathlib import Path

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchedFile, PatchSet

from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.needs.code import Code

_MAX_PATCH = 16 * 1024 * 1024
_MAX_LINES = 200_000
"""Most lines a file may have for its line numbers to be kept when it is not at hand."""
_HEADS = (b"diff --git ", b"--- ", b"From ", b"Index: ")
_SOURCES = (".c", ".h")


def is_patch(path: str) -> bool:
    """Tell whether a file on disk is a patch, by its name or its first lines."""
    if path.endswith((".patch", ".diff")):
        return True
    if path.endswith(_SOURCES):
        return False
    try:
        with open(path, "rb") as f:
            head = f.read(4096)
    except OSError:
        return False
    return head.startswith(_HEADS) or b"\ndiff --git " in head


def patched(path: str, tree: FileTree) -> tuple[list[Code], dict[str, frozenset[int]], bool]:
    """Return the code that a patch adds.

    Args:
        path: the patch.
        tree: the tree it is for; where that has the patch, its files are read whole, so that
            types can be told.

    Returns:
        The files, the lines that were added in each, and whether some file is these lines alone.

    Raises:
        TreeError: it is no patch, or only half of one, or adds no C.
    """
    codes: list[Code] = []
    only: dict[str, frozenset[int]] = {}
    is_cut = False
    for f in _parsed(path):
        name = f.path
        if not name.endswith(_SOURCES) or not f.added:
            continue
        if name.startswith("/") or ".." in name.split("/"):
            raise TreeError(f"changes '{name}', which is outside a tree", where=path)
        whole = _in_tree(f, tree)
        is_cut = is_cut or whole is None
        data, lines = whole if whole is not None else _alone(f, path)
        codes.append(Code(name, data))
        only[name] = frozenset(lines)
    if not codes:
        raise TreeError("adds no line of C", where=path)
    return codes, only, is_cut


def _parsed(path: str) -> PatchSet:
    try:
        with Path(path).open("rb") as f:
            data = f.read(_MAX_PATCH + 1)
    except OSError as e:
        raise TreeError(f"cannot be read: {e.strerror}", where=path) from None
    if len(data) > _MAX_PATCH:
        raise TreeError("is larger than 16 MB", where=path)
    try:
        found = PatchSet(data.decode("utf-8", "surrogateescape").replace("\r\n", "\n"))
    except UnidiffParseError as e:
        raise TreeError(f"is no whole patch: {e}", where=path) from None
    if not found:
        raise TreeError("is no patch", where=path, hint="git format-patch or git diff make some")
    return found


def _in_tree(f: PatchedFile, tree: FileTree) -> tuple[bytes, list[int]] | None:
    """Return the tree's file and the lines in it that the patch adds, if it has them all."""
    try:
        data = tree.read(f.path)
    except UnreadableError:
        return None
    lines = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
    found: list[int] = []
    at = 0
    for hunk in f:
        target = [(x.value.rstrip("\n"), x.is_added) for x in hunk if not x.is_removed]
        start = _find(lines, [t for t, _ in target], at, hunk.target_start - 1)
        if start is None:
            return None
        found += [start + i + 1 for i, (_, added) in enumerate(target) if added]
        at = start + len(target)
    return data, found


def _find(lines: list[str], block: list[str], first: int, likely: int) -> int | None:
    """Return where a block of lines stands, the likely place looked at first."""
    if lines[likely : likely + len(block)] == block:
        return likely
    for i in range(first, len(lines) - len(block) + 1):
        if lines[i] == block[0] and lines[i : i + len(block)] == block:
            return i
    return None


def _alone(f: PatchedFile, path: str) -> tuple[bytes, list[int]]:
    """Put the lines of the hunks where they belong in a file that is otherwise empty."""
    rows: dict[int, str] = {}
    added: list[int] = []
    for hunk in f:
        number = hunk.target_start
        for x in hunk:
            if x.is_removed:
                continue
            if x.is_added:
                added.append(number)
            rows[number] = x.value.rstrip("\n")
            number += 1
    last = max(rows, default=0)
    if last > _MAX_LINES:
        raise TreeError(f"'{f.path}' would have {last} lines", where=path)
    text = "\n".join(rows.get(i, "") for i in range(1, last + 1)) + "\n"
    return text.encode("utf-8", "surrogateescape"), added
