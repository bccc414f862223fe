# SPDX-License-Identifier: GPL-2.0-only
"""A kernel tree that is not on disk: one in a git repository's object store, or in an archive."""

import posixpath
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

from lpae_backport.errors import TreeError
from lpae_backport.filetree import (
    MAX_FILE,
    FileTree,
    Listing,
    OutsideError,
    UnreadableError,
    as_text,
)
from lpae_backport.kernelroot import find_kernel

_MAX_LINKS = 40
"""Links that are followed one after the other, as the kernel does."""


class EntryKind(Enum):
    """What a name in a store stands for."""

    FILE = "file"
    EXECUTABLE = "executable"
    DIR = "directory"
    LINK = "link"
    MODULE = "submodule"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a store.

    Attributes:
        kind: what it is.
        key: what the store knows its content by.
    """

    kind: EntryKind
    key: str


class Store(ABC):
    """Files and folders by their path below the top of a repository or archive."""

    @abstractmethod
    def folder(self, path: str) -> dict[str, Entry]:
        """Return what stands in a folder by name; nothing where there is no such folder.

        Raises:
            TreeError: the store is damaged.
        """

    @abstractmethod
    def content(self, entry: Entry, limit: int) -> tuple[bytes, int]:
        """Return the first `limit` bytes of a file or link, and its whole size in bytes.

        Raises:
            UnreadableError: the store does not have it.
        """

    def entry(self, path: str) -> Entry | None:
        """Return what stands at a path, without following links."""
        if not path:
            return Entry(EntryKind.DIR, "")
        folder, _, name = path.rpartition("/")
        return self.folder(folder).get(name)


class StoredTree(FileTree):
    """A kernel tree in a store.

    Args:
        path: the tree as the user named it.
        store: where its files are.
        start: the folder of the store that the user named; empty is its top.
        is_kernel: whether to look for a kernel there; else it is taken as it is.

    Raises:
        TreeError: there is no such folder, or it holds no kernel, or several.
    """

    def __init__(self, path: str, store: Store, start: str = "", *, is_kernel: bool = True) -> None:
        self.path = path
        self._store = store
        start = start.strip("/")
        if start:
            _check_start(path, store, start)
        top = f"{start}/" if start else ""
        self._prefix = ""
        self._prefix = find_kernel(StoredPlace(self), path, top) if is_kernel else top
        self._is_named = self._prefix == top
        below = self._prefix.removeprefix(top).rstrip("/")
        self.root = path if not below else f"{path}{'/' if start else ':'}{below}"

    @property
    def prefix(self) -> str:
        """Where the kernel is in its store; see `FileTree`."""
        return self._prefix

    @property
    def is_named(self) -> bool:
        """Tell whether the user named the kernel's own folder; see `FileTree`."""
        return self._is_named

    def top(self) -> FileTree:
        """Return the whole store; see `FileTree.top`."""
        return StoredTree(self.path, self._store, is_kernel=False)

    def kernel_in(self, folder: str) -> FileTree:
        """Return the kernel in a folder of it; see `FileTree.kernel_in`."""
        return StoredTree(self.path, self._store, self._full(self._resolve(folder)))

    @property
    def store(self) -> Store:
        """What holds its files."""
        return self._store

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; see `FileTree.read`."""
        entry = self._entry(self._resolve(name))
        if entry is None:
            raise UnreadableError("cannot be read: No such file or directory", where=name)
        if entry.kind is EntryKind.MODULE:
            raise UnreadableError("stands in a submodule", where=name)
        if entry.kind is EntryKind.DIR:
            raise UnreadableError("not a regular file", where=name)
        try:
            data, size = self._store.content(entry, MAX_FILE + 1)
        except UnreadableError as e:
            raise UnreadableError(e.message, where=name, hint=e.hint) from None
        if size > MAX_FILE:
            text = f"too large to be read ({size / 1048576:.0f} MB)"
            raise UnreadableError(text, where=name, hint="limit is 1 MB")
        return as_text(data, name)

    def is_file(self, name: str) -> bool:
        """Tell whether the tree has something of that name that is no directory."""
        folder, _, last = posixpath.normpath(name).rpartition("/")
        try:
            here = self._entry(f"{self._resolve(folder)}/{last}".lstrip("/"))
        except OutsideError:
            return True  # what cannot be looked at may be there; reading it says why it cannot
        except UnreadableError:
            return False
        if here is None or here.kind is not EntryKind.LINK:
            return here is not None and here.kind is not EntryKind.DIR
        try:
            behind = self._entry(self._resolve(name))
        except UnreadableError:
            return True
        return behind is None or behind.kind is not EntryKind.DIR

    def is_linked(self, name: str) -> bool:
        """Tell whether a file is, or is reached through, a symbolic link."""
        parts = name.split("/")
        paths = ("/".join(parts[:i]) for i in range(1, len(parts) + 1))
        return any(e is not None and e.kind is EntryKind.LINK for e in map(self._entry, paths))

    def is_executable(self, name: str) -> bool:
        """Tell whether a file may be executed; see `FileTree.is_executable`."""
        entry = self._entry(name)
        return entry is not None and entry.kind is EntryKind.EXECUTABLE

    def listing(self, name: str) -> Listing:
        """Return what stands in one directory; see `FileTree.listing`."""
        try:
            entries = self._store.folder(self._full(self._resolve(name)))
        except UnreadableError:
            return Listing((), ())
        kinds = (EntryKind.DIR, EntryKind.MODULE)
        files = sorted(n for n, e in entries.items() if e.kind not in kinds)
        return Listing(tuple(files), tuple(sorted(set(entries) - set(files))))

    def behind(self, name: str) -> Entry | None:
        """Return what a path leads to when its links are followed."""
        try:
            return self._entry(self._resolve(name))
        except UnreadableError:
            return None

    def _full(self, name: str) -> str:
        return (self._prefix + name).rstrip("/")

    def _entry(self, name: str) -> Entry | None:
        return self._store.entry(self._full(name))

    def _resolve(self, name: str) -> str:
        """Return where a path leads when its links are followed.

        Raises:
            OutsideError: out of the tree.
            UnreadableError: round in circles.
        """
        todo = [p for p in reversed(name.split("/")) if p not in ("", ".")]
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop()
            if part == "..":
                here = self._entry("/".join(done))
                if not done:
                    raise _outside(name)
                if here is None or here.kind is not EntryKind.DIR:
                    raise UnreadableError("cannot be read: No such file or directory", where=name)
                done.pop()
                continue
            done.append(part)
            entry = self._entry("/".join(done))
            if entry is not None and entry.kind is EntryKind.MODULE and todo:
                raise OutsideError("stands in a submodule", where=name, hint="name its repository")
            if entry is None or entry.kind is not EntryKind.LINK:
                continue
            links += 1
            if links > _MAX_LINKS:
                raise UnreadableError("too many symbolic links", where=name)
            target = self._store.content(entry, 4096)[0].decode("utf-8", "surrogateescape")
            if target.startswith("/"):
                raise _outside(name)
            done.pop()
            todo += [p for p in reversed(target.split("/")) if p not in ("", ".")]
        return "/".join(done)


class StoredPlace:
    """A stored tree as a place to look for a kernel in; see `kernelroot.Place`.

    Args:
        tree: the whole store.
    """

    def __init__(self, tree: StoredTree) -> None:
        self._tree = tree

    def kind(self, path: str) -> str:
        """Return what a path is; links are followed."""
        found = self._tree.behind(path)
        if found is None:
            return ""
        return "dir" if found.kind is EntryKind.DIR else "file"

    def head(self, path: str, limit: int) -> bytes:
        """Return the first bytes of a file."""
        found = self._tree.behind(path)
        if found is None or found.kind not in (EntryKind.FILE, EntryKind.EXECUTABLE):
            return b""
        try:
            return self._tree.store.content(found, limit)[0]
        except UnreadableError:
            return b""

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in one."""
        entries = self._tree.store.folder(path)
        return sorted(n for n, e in entries.items() if e.kind is EntryKind.DIR)


def _outside(name: str) -> OutsideError:
    text = "symbolic link leads out of the tree"
    return OutsideError(text, where=name, hint="copy the file in")


def _check_start(path: str, store: Store, start: str) -> None:
    """Refuse a folder that the store does not have."""
    if ".." in start.split("/"):
        raise TreeError("a folder of a tree has no '..'", where=path)
    found = store.entry(start)
    if found is None:
        raise TreeError(f"no folder '{start}' in it", where=path)
    if found.kind is EntryKind.MODULE:
        text = f"'{start}' is a submodule"
        raise TreeError(text, where=path, hint="name its own repository")
    if found.kind is not EntryKind.DIR:
        raise TreeError(f"'{start}' is no folder", where=path)
