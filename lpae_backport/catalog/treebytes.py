# SPDX-License-Identifier: GPL-2.0-only
"""The bytes of files of a tree, wherever it is, for this process or another."""

import os
import posixpath
import re
import stat
from abc import ABC, abstractmethod

from lpae_backport.catalog.definitions import Outline
from lpae_backport.catalog.filescan import outline_of, quiet
from lpae_backport.catalog.treefiles import Sort, sort_of
from lpae_backport.filetree import EmptyError, FileTree, UnreadableError, as_text
from lpae_backport.objects import CatFile, GitStore
from lpae_backport.storedtree import EntryKind, StoredTree

MAX_BYTES = 64 * 1024**2
"""Largest file that is read; the largest header of Linux 6.12 has 22 MB."""
_EXPORT = re.compile(
    rb"^[ \t]*EXPORT_(?:SYMBOL|PER_CPU_SYMBOL|TRACEPOINT_SYMBOL)\w*\s*\(\s*(\w+)", re.M
)


def outlined(path: str, data: bytes) -> Outline:
    """Return what a file of a tree introduces; assembler only exports.

    Raises:
        UnreadableError: it has names that are no text.
    """
    try:
        if sort_of(path) is Sort.ASSEMBLER:
            exports = _EXPORT.findall(quiet(data)) if b"EXPORT_" in data else []
            return Outline((), (), frozenset(e.decode() for e in exports))
        return outline_of(path, data)
    except UnicodeDecodeError:
        raise UnreadableError("names in it are no text", where=path) from None


class Reader(ABC):
    """Reads files of one tree; it may be sent to another process."""

    @abstractmethod
    def raw(self, path: str, key: str) -> bytes:
        """Return the bytes of a file.

        Args:
            path: its path below the kernel's root.
            key: what the tree knows its content by; empty where that is the path.

        Raises:
            UnreadableError: it is no regular file, too large, or may not be read.
        """

    def read(self, path: str, key: str) -> bytes:
        """Return the bytes of a file that can be text; an empty one is.

        Raises:
            UnreadableError: as `raw`, or it is binary, or a pointer to a file.
        """
        data = self.raw(path, key)
        try:
            return as_text(data, path)
        except EmptyError:
            return data


class Disk(Reader):
    """A directory.

    Args:
        root: its path.
    """

    def __init__(self, root: str) -> None:
        self.root = root

    def raw(self, path: str, key: str) -> bytes:
        """Return the bytes of a file; see `Reader`."""
        try:
            fd = os.open(
                f"{self.root}/{path}",
                os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
            )
        except (OSError, ValueError) as e:
            raise _unreadable(path, e) from None
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode):
                raise UnreadableError("not a regular file", where=path)
            data = os.read(fd, min(info.st_size, MAX_BYTES) + 1)
            while len(data) < info.st_size and (more := os.read(fd, MAX_BYTES)):
                data += more
        except OSError as e:
            raise _unreadable(path, e) from None
        finally:
            os.close(fd)
        return _bounded(path, data, max(info.st_size, len(data)))


class Objects(Reader):
    """A revision in a git repository.

    Args:
        git_dir: the repository.
    """

    def __init__(self, git_dir: str) -> None:
        self._git_dir = git_dir
        self._git: CatFile | None = None
        self._owner = 0

    def __reduce__(self) -> tuple[type["Objects"], tuple[str]]:
        return Objects, (self._git_dir,)

    def raw(self, path: str, key: str) -> bytes:
        """Return the bytes of a file; see `Reader`."""
        # A copy of this process must not talk to the same git: each would get the other's answers.
        if self._git is None or self._owner != os.getpid():
            self._git, self._owner = CatFile(self._git_dir), os.getpid()
        head, data, size = self._git.ask(key, MAX_BYTES)
        if size < 0 or head.split(" ")[1] != "blob":
            self._git = self._git if head else None  # it ended over this one
            raise UnreadableError("missing from the repository", where=path, hint="git fetch")
        if head.split(" ")[0] != key:
            self._git = None
            raise UnreadableError("git answered with another object", where=path)
        return _bounded(path, data, size)


class Held(Reader):
    """Whatever tree this process holds.

    Args:
        tree: the tree.
    """

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree

    def raw(self, path: str, key: str) -> bytes:
        """Return the bytes of a file; see `Reader`."""
        if not isinstance(self._tree, StoredTree):
            try:
                return self._tree.read(path)
            except EmptyError:
                return b""
        entry = self._tree.behind(path)
        if entry is None or entry.kind in (EntryKind.DIR, EntryKind.MODULE):
            raise UnreadableError("not a regular file", where=path)
        try:
            return _bounded(path, *self._tree.store.content(entry, MAX_BYTES))
        except UnreadableError as e:
            raise UnreadableError(e.message, where=path, hint=e.hint) from None


def reader_of(tree: FileTree) -> Reader:
    """Return what reads the files of a tree, in this process or another."""
    if tree.directory:
        return Disk(tree.directory)
    if isinstance(tree, StoredTree) and isinstance(tree.store, GitStore):
        return Objects(tree.store.git_dir)
    return Held(tree)


def is_shared(reader: Reader) -> bool:
    """Tell whether another process can read the same files."""
    return not isinstance(reader, Held)


def located(tree: FileTree, path: str) -> tuple[str, str]:
    """Return where a path leads in its tree once links are followed, and its key or nothing.

    Raises:
        UnreadableError: out of the tree, or to no file.
    """
    path = posixpath.normpath(path)
    if path.startswith(("/", "../")) or path == "..":
        raise UnreadableError("leads out of the tree", where=path)
    if tree.directory:
        top = os.path.realpath(tree.directory) + os.sep
        try:
            real = os.path.realpath(f"{tree.directory}/{path}", strict=True)
        except (OSError, ValueError) as e:
            raise _unreadable(path, e) from None
        if not real.startswith(top):
            raise UnreadableError("symbolic link leads out of the tree", where=path)
        return real[len(top) :], ""
    if isinstance(tree, StoredTree) and isinstance(tree.store, GitStore):
        entry = tree.behind(path)
        if entry is None or entry.kind not in (EntryKind.FILE, EntryKind.EXECUTABLE):
            raise UnreadableError("no such file", where=path)
        return path, entry.key
    return path, ""


def _unreadable(path: str, e: Exception) -> UnreadableError:
    why = e.strerror if isinstance(e, OSError) else "not a name of a file"
    return UnreadableError(f"cannot be read: {why}", where=path)


def _bounded(path: str, data: bytes, size: int) -> bytes:
    if size > MAX_BYTES or size > len(data):
        text = f"too large to be read ({size / 1048576:.0f} MB)"
        raise UnreadableError(text, where=path, hint=f"limit is {MAX_BYTES >> 20} MB")
    return data
