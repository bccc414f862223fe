# SPDX-License-Identifier: GPL-2.0-only
"""A tree as it was before a patch: its files with the hunks taken back out, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import takewhile

from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.learning.lesson import Change, Gap
from lpae_backport.mailpatch.applying import find
from lpae_backport.mailpatch.model import FileChange, Hunk, Line, LineKind, Patch
from lpae_backport.mailpatch.naming import leads_out
from lpae_backport.presence.shelf import Shelf

_LOOSEST = 3
"""Most lines of context that may have changed since, at either end of a hunk."""


def take_back(patches: Sequence[Patch], tree: FileTree) -> tuple[list[Change], list[Gap]]:
    """Undo patches on the files of a tree that has them.

    Args:
        patches: the patches, in the order they were applied.
        tree: the tree.

    Returns:
        The files as they were and are, and those of which some hunk could not be undone, which
        are left out whole: what they were is not known.
    """
    named = frozenset(x for p in patches for c in p.changes for x in (c.old_path, c.new_path))
    undone = _Undone(tree, named)
    for patch in reversed(patches):
        for change in reversed(patch.changes):
            undone.take(change)
    return undone.changes(), undone.gaps


class _Undone:
    """The files of a tree, with changes taken back one after the other.

    Args:
        tree: the tree.
        named: the paths that the patches speak of.
    """

    def __init__(self, tree: FileTree, named: frozenset[str]) -> None:
        self._tree = tree
        self._named = named
        self._shelf = Shelf(tree)
        self._moved: dict[str, str] = {}
        """By where the tree has a file, where the patches have it."""
        self._now: dict[str, bytes | None] = {}
        self._first: dict[str, str] = {}
        self._lost: set[str] = set()
        self.gaps: list[Gap] = []

    def take(self, change: FileChange) -> None:
        """Undo what a patch does to one file."""
        path = change.path
        if leads_out(path) or leads_out(change.old_path):
            self._lose(path, "its path leads out of the tree")
        elif change.is_binary:
            self._lose(path, "it is no text")
        elif path in self._lost:
            self._lost.add(change.old_path or path)
        elif any(h.problem for h in change.hunks):
            self._lose(path, "a hunk of it is not whole")
        else:
            self._undo(self._followed(change))

    def _followed(self, change: FileChange) -> FileChange:
        """Return a change as one of the file that the tree has, where that has moved since."""
        path = change.new_path
        renames = change.old_path not in ("", path)
        if not path or renames or path in self._now or self._tree.is_file(path):
            return change
        before = [x.encode("utf-8", "surrogateescape") for h in change.hunks for x in h.before]
        after = [x.encode("utf-8", "surrogateescape") for h in change.hunks for x in h.after]
        known = {was: there for there, was in self._moved.items()}
        there = known.get(path) or self._shelf.moved(path, before, after, is_whole=False)
        if not there or there in self._named:
            return change
        self._moved[there] = path
        return replace(change, old_path=there if change.old_path else "", new_path=there)

    def _undo(self, change: FileChange) -> None:
        path = change.path
        try:
            data = self._read(path) if change.new_path else b""
        except UnreadableError as e:
            is_there = self._tree.is_file(path)
            why = f"it cannot be read in NEW: {e.message}" if is_there else "NEW has no such file"
            self._lose(path, why)
            return
        if not change.new_path and self._tree.is_file(path):
            self._lose(path, "the patch takes it away, and NEW has it")
            return
        text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        before = _undone(text, change.hunks) if change.old_path else ""
        if isinstance(before, Hunk):
            place = f", where it may be {path}," if path in self._moved else ""
            self._lose(path, f"NEW{place} does not have its hunk {before.header}", before.new_start)
            return
        name = self._first.pop(path, path)
        if not change.new_path:
            self._now[path] = before.encode("utf-8", "surrogateescape")
        elif not change.old_path:
            self._now[path] = None
        else:
            if change.old_path != path and not change.is_copy:
                self._now[path] = None
            self._now[change.old_path] = before.encode("utf-8", "surrogateescape")
        self._first[change.old_path or path] = name

    def _read(self, path: str) -> bytes:
        data = self._now.get(path)
        return data if data is not None else self._tree.read(path)

    def _lose(self, path: str, why: str, line: int = 0) -> None:
        self._lost.add(path)
        self.gaps.append(Gap(self._moved.get(path, path), "the whole file", why, line))

    def changes(self) -> list[Change]:
        """Return the files that are known on both sides."""
        found = []
        for old, path in sorted(self._first.items(), key=lambda p: p[1]):
            if path in self._lost or old in self._lost:
                continue
            after = self._tree.read(path) if self._tree.is_file(path) else None
            before = self._now.get(old)
            if after is not None and b"\r\n" in after:
                after = after.replace(b"\r\n", b"\n")
            found.append(Change(path, old, before, after, self._moved.get(path, "")))
        return found


def _undone(text: str, hunks: tuple[Hunk, ...]) -> str | Hunk:
    """Return a text without some hunks, or the first hunk that it does not have."""
    lines = text.split("\n")
    ended = lines[-1:] == [""]
    if ended:
        lines.pop()
    known = _Lines(lines)
    places: list[tuple[int, int, list[str]]] = []
    at = drift = 0
    for hunk in hunks:
        found = known.place(hunk, at, hunk.new_start - 1 + drift)
        if found is None:
            return hunk
        start, head, tail = found
        old = list(hunk.before)[head : len(hunk.before) - tail]
        size = len(hunk.after) - head - tail
        drift = start - head - (hunk.new_start - 1)
        at = start + size
        places.append((start, size, old))
    for start, size, old in reversed(places):
        lines[start : start + size] = old
    return "\n".join(lines) + ("\n" if ended and lines else "")


class _Lines:
    """The lines of a file, in which hunks are looked for."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    @cached_property
    def _plain(self) -> list[str]:
        return [_squeezed(x) for x in self._lines]

    def place(self, hunk: Hunk, first: int, likely: int) -> tuple[int, int, int] | None:
        """Return where a hunk's new lines stand, and how much context was left off each end."""
        block = hunk.after
        head, tail = _context(hunk.lines), _context(hunk.lines[::-1])
        for loose in range(_LOOSEST + 1):
            a, b = min(loose, head), min(loose, tail)
            want = list(block[a : len(block) - b])
            if loose and not want:
                return None
            near = max(likely + a, first)
            start = find(self._lines, want, near, first)
            if start is None:
                start = find(self._plain, [_squeezed(x) for x in want], near, first)
            if start is not None:
                return start, a, b
            if loose >= head and loose >= tail:
                return None
        return None


def _squeezed(line: str) -> str:
    return " ".join(line.split())


def _context(lines: Sequence[Line]) -> int:
    """Return how many lines of context come first."""
    return sum(1 for _ in takewhile(lambda x: x.kind is LineKind.CONTEXT, lines))
