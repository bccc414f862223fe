# SPDX-License-Identifier: GPL-2.0-only
"""The files of a tree that patches are looked for in, some of them kept."""

import posixpath
import re
from collections import OrderedDict
from collections.abc import Sequence

from lpae_backport.filetree import EmptyError, FileTree, UnreadableError
from lpae_backport.presence.standing import Standing

_FILES = 400
_BYTES = 24 * 1024**2
"""Files, and bytes of them, that are kept; what they are cut up into takes ten times as much."""
_BESIDE = 300
"""Most files of one folder that are searched for what has moved."""
_SAME = 40
"""Most files of one name that are compared."""
_WIDE = 9
"""Letters of a line that tells a file."""
_LINES = 200
_COMMON = frozenset({"Makefile", "Kconfig", "Kbuild"})
_LEAST = 0.5
"""Which share of its telling lines a file must have to be one that has moved."""


class Shelf:
    """The files of one tree.

    Args:
        tree: the tree.
    """

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        self._kept: OrderedDict[str, Standing] = OrderedDict()
        self._size = 0
        self._names: dict[str, list[str]] | None = None

    def has(self, path: str) -> bool:
        """Tell whether the tree has a file."""
        return self.tree.is_file(path)

    def standing(self, path: str) -> Standing:
        """Return a file.

        Raises:
            UnreadableError: it cannot be read.
        """
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        try:
            data = self.tree.read(path)
        except EmptyError:
            data = b""
        found = Standing(path, data)
        self._kept[path] = found
        self._size += len(data)
        while len(self._kept) > 1 and (len(self._kept) > _FILES or self._size > _BYTES):
            _, old = self._kept.popitem(last=False)
            self._size -= len(old.data)
        return found

    def moved(
        self, path: str, before: Sequence[bytes], after: Sequence[bytes] = (), *, is_whole: bool
    ) -> str:
        """Return where a file that is gone stands now; empty where that cannot be told.

        Args:
            path: where it was.
            before: lines that it had.
            after: lines that it has after a change.
            is_whole: whether it is made or removed: a sister of another name is none of it then.
        """
        name = posixpath.basename(path)
        texts = [_telling(x) for x in (before, after)]
        if name in _COMMON or max(map(len, texts)) < 2:
            return ""
        same = [p for p in self._named(name) if p != path]
        folder = posixpath.dirname(path)
        same.sort(key=lambda p: (-len(posixpath.commonprefix([p, path])), p))
        stem, suffix = posixpath.splitext(path)
        beside, parts = self._beside(folder, suffix), self._beside(stem, suffix)
        near = [p for p in same if p.split("/")[:2] == path.split("/")[:2]]
        groups = (
            (near[:_SAME], _LEAST / 2),
            (() if is_whole else parts[:_BESIDE], _LEAST / 2),
            (same[:_SAME], _LEAST),
            (() if is_whole else beside[:_BESIDE], _LEAST),
        )
        for group, least in groups:
            scored = [(_held(self._data(p), texts, least), p) for p in group]
            best = max(scored, key=lambda s: (s[0], s[1]), default=(0.0, ""))
            if best[0] >= least:
                return best[1]
        return ""

    def _beside(self, folder: str, suffix: str) -> list[str]:
        """Return the files of a folder whose names end alike; a file may have become a folder."""
        here = self.tree.listing(folder).files if folder else ()
        return [f"{folder}/{f}" for f in here if f.endswith(suffix)]

    def definers(self, name: bytes, path: str) -> list[str]:
        """Return the files beside one that define a function or the like of a name."""
        folder = posixpath.dirname(path)
        here = self.tree.listing(folder).files if folder else ()
        head = re.compile(rb"^\w[^\n;=]*\b%b\s*[({]" % re.escape(name), re.MULTILINE)
        found = []
        for p in [f"{folder}/{f}" for f in here if f.endswith((".c", ".h"))][:_BESIDE]:
            data = self._data(p)
            if p != path and name in data and head.search(data):
                found.append(p)
        return found

    def _data(self, path: str) -> bytes:
        try:
            return self.tree.read(path)
        except UnreadableError:
            return b""

    def _named(self, name: str) -> list[str]:
        """Return the files of a name anywhere in the tree; the tree is walked once."""
        if self._names is None:
            self._names = {}
            top = self.tree.listing(".")
            for d in top.dirs:
                try:
                    for p in self.tree.walk(d, 12):
                        self._names.setdefault(posixpath.basename(p), []).append(p)
                except UnreadableError:
                    continue
        return self._names.get(name, [])


def _telling(lines: Sequence[bytes]) -> list[bytes]:
    stripped = (x.strip() for x in lines)
    return list(dict.fromkeys(x for x in stripped if len(x) > _WIDE))[:_LINES]


def _held(data: bytes, texts: Sequence[Sequence[bytes]], least: float) -> float:
    """Return which share of the lines of a text a file has, of the text it has most of.

    A text is given up, as if nothing of it were there, once it cannot come to the least share.
    """
    known: dict[bytes, bool] = {}
    best = 0.0
    for lines in texts:
        if len(lines) < 2:
            continue
        spare = len(lines) * (1 - least)
        lacks = 0
        for x in lines:
            if x not in known:
                known[x] = x in data
            lacks += not known[x]
            if lacks > spare:
                break
        else:
            best = max(best, (len(lines) - lacks) / len(lines))
    return best
