# SPDX-License-Identifier: GPL-2.0-only
"""One tree as a comparison sees it: its files read once, what could not be read kept in mind."""

import posixpath
import re
from collections.abc import Callable
from functools import cache

from lpae_backport.entities.extraction import EntityFile, tokens_of
from lpae_backport.entities.similarity import Profile
from lpae_backport.filetree import SOURCES, FileTree, UnreadableError
from lpae_backport.masking import without_comments

DEPTH = 12
"""Folders below a folder; the deepest of Linux 6.12 is ten below the top."""
Told = Callable[[float], None]
_PARSED = 60
"""Most files that are parsed to find where one name is defined."""


class EntityTree:
    """A tree whose files are parsed and profiled at most once.

    Args:
        tree: the tree.
        side: what to call it in a message: ``OLD`` or ``NEW``.
    """

    def __init__(self, tree: FileTree, side: str) -> None:
        self.tree = tree
        self.side = side
        self.problems: dict[str, str] = {}
        self._bytes: dict[str, bytes | None] = {}
        self._files: dict[str, EntityFile | None] = {}
        self._profiles: dict[str, Profile] = {}
        self._walked: dict[tuple[str, int], list[str]] = {}

    def has(self, path: str) -> bool:
        """Tell whether the tree has a file of that name."""
        return self.tree.is_file(path)

    def data(self, path: str) -> bytes | None:
        """Return the bytes of a file, `None` where it cannot be read (see `problems`)."""
        if path not in self._bytes:
            try:
                self._bytes[path] = self.tree.read(path)
            except UnreadableError as e:
                self.problems[path] = e.message
                self._bytes[path] = None
        return self._bytes[path]

    def file(self, path: str) -> EntityFile | None:
        """Return a file as entities, `None` where it cannot be read (see `problems`)."""
        if path not in self._files:
            data = self.data(path)
            if data is not None and b"\r" in data and b"\n" not in data:
                self.problems[path] = "its lines end in CR alone"
                data = None
            self._files[path] = EntityFile(path, data) if data is not None else None
        return self._files[path]

    def profile(self, path: str) -> Profile:
        """Return the runs of tokens of a file; there are none where it cannot be read."""
        if path not in self._profiles:
            text = without_comments(self.data(path) or b"")
            self._profiles[path] = Profile(tuple(tokens_of(text)))
        return self._profiles[path]

    def sources(self, folder: str, depth: int) -> list[str]:
        """Return the C files below a folder, sorted; none where there is no such folder."""
        key = (folder, depth)
        if key not in self._walked:
            try:
                tops = [folder] if folder else self.tree.listing(".").dirs
                here = self.tree.listing(".").files if not folder else ()
                walked = [*here, *(p for t in tops for p in self.tree.walk(t, depth))]
            except UnreadableError as e:
                self.problems[folder] = e.message
                walked = []
            self._walked[key] = sorted(p for p in walked if p.endswith(SOURCES))
        return self._walked[key]

    def definers(self, name: str, paths: list[str]) -> list[EntityFile]:
        """Return those of some files that define or declare a name.

        Args:
            name: an identifier.
            paths: files to look in; they are read as bytes first, and parsed only where the name
                stands as in a definition.
        """
        shape = defining(name)
        likely = [p for p in paths if shape.search(self.data(p) or b"")]
        found = []
        for p in likely[:_PARSED]:
            file = self.file(p)
            if file is not None and file.named(name):
                found.append(file)
        if len(likely) > _PARSED:
            rest = len(likely) - _PARSED
            self.problems[likely[_PARSED]] = f"and {rest - 1} more were not searched for {name}"
        return found


@cache
def defining(name: str) -> re.Pattern[bytes]:
    """Return what a definition or declaration of a name looks like, in bytes and roughly."""
    word = re.escape(name.encode())
    return re.compile(
        rb"^(?:\w[^\n;=]*[\s*(])?%b\s*(?:\(|\)\s*\(|\[|=|;|,|\s__\w)"
        rb"|^[ \t]*\#[ \t]*define\s+%b\b"
        rb"|\b(?:struct|union|enum)\s+(?:__\w+\s+)*%b\s*\{"
        rb"|^\}[^\n;]*\b%b\s*;|\btypedef\b[^;{}]{0,400}?\b%b\b"
        rb"|^[ \t]+%b\s*(?:[,=}]|$)" % ((word,) * 6),
        re.MULTILINE,
    )


def folder_of(path: str) -> str:
    """Return the folder a file stands in."""
    return posixpath.dirname(path)


def is_source(path: str) -> bool:
    """Tell whether a name is that of C text."""
    return path.endswith(SOURCES)


def likely_definers(tree: EntityTree, names: list[str], told: Told) -> dict[str, list[str]]:
    """Return the files of a tree in which names stand as where they are defined or declared.

    Args:
        tree: the tree; it is searched from end to end, once for all names.
        names: identifiers.
        told: is told how far it is, from 0 to 1.
    """
    from lpae_backport.scanning import scan

    found: dict[str, list[str]] = {n: [] for n in names}
    result = scan(tree.tree, [n.encode() for n in names], _defined, told)
    for path, defined in result.found:
        for n in defined:
            found[n].append(path)
    for unread in result.unread:
        if is_source(unread.path):
            tree.problems[unread.path] = unread.reason
    return found


def _defined(path: str, data: bytes, words: frozenset[bytes]) -> tuple[str, ...]:
    """Return which words stand in a file as where they are defined; works in other processes."""
    if not is_source(path):
        return ()
    names = sorted(w.decode() for w in words)
    return tuple(n for n in names if defining(n).search(data))
