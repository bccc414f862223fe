# SPDX-License-Identifier: GPL-2.0-only
"""A kernel tree in a directory, read-only, and never left: not by ``..``, not by a symbolic link.

`storedtree` has those in a git repository or an archive.
"""

import contextlib
import os
import stat
from functools import cached_property
from pathlib import Path

from lpae_backport.errors import TreeError
from lpae_backport.filetree import (
    CONFIG,
    MAX_FILE,
    SOURCES,
    FileTree,
    Listing,
    OutsideError,
    UnreadableError,
    as_text,
)
from lpae_backport.kernelroot import find_on_disk


class Tree(FileTree):
    """A kernel source tree in a directory.

    Args:
        path: the directory given by the user: a kernel, or a vendor repository that has one.
        is_kernel: whether to look for a kernel in it; else it is taken as it is.

    Raises:
        TreeError: the directory does not exist, or holds no kernel, or several.
    """

    def __init__(self, path: str, *, is_kernel: bool = True) -> None:
        self.path = path
        if not path:
            raise TreeError("the name of a tree is empty", hint="give the kernel's top directory")
        self.root = self.directory = find_on_disk(path) if is_kernel else path
        self._real = os.path.realpath(self.root) + os.sep
        self._folders: dict[str, Listing] = {}
        self._inside: dict[str, bool] = {}

    @cached_property
    def _top(self) -> str:
        """Where the repository around the kernel begins, or a gate's configuration stands."""
        here = Path(os.path.realpath(self.root))
        for mark in (".git", CONFIG):
            around = [p for p in (here, *here.parents) if os.path.lexists(p / mark)]
            if around:
                return str(around[0])
        return os.path.realpath(self.path)

    @cached_property
    def prefix(self) -> str:
        """Where the kernel is in its repository; see `FileTree`."""
        below = os.path.relpath(os.path.realpath(self.root), self._top)
        return "" if below == "." else f"{below}/"

    @property
    def is_named(self) -> bool:
        """Tell whether the user named the kernel's own folder; see `FileTree`."""
        return os.path.realpath(self.path) == os.path.realpath(self.root)

    def top(self) -> FileTree:
        """Return the whole repository around the kernel; see `FileTree.top`."""
        return Tree(self._top, is_kernel=False)

    def kernel_in(self, folder: str) -> FileTree:
        """Return the kernel in a folder of it; see `FileTree.kernel_in`."""
        full = os.path.join(self.root, folder)
        if not self._is_inside(full):
            raise OutsideError("symbolic link leads out of the tree", where=folder)
        return Tree(full)

    def is_executable(self, name: str) -> bool:
        """Tell whether a file may be executed; see `FileTree.is_executable`."""
        with contextlib.suppress(OSError, ValueError):
            return bool(os.stat(f"{self.root}/{name}").st_mode & 0o111)
        return False

    def is_file(self, name: str) -> bool:
        """Tell whether the tree has something of that name that is no directory."""
        if "\0" in name:
            return False
        full = f"{self.root}/{name}"
        if not self._is_inside(os.path.dirname(full)):
            return True  # what cannot be looked at may be there; reading it says why it cannot
        try:
            mode = os.lstat(full).st_mode
        except OSError:
            return False
        if stat.S_ISLNK(mode):
            return not self._is_inside(full) or not os.path.isdir(full)
        return not stat.S_ISDIR(mode)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; see `FileTree.read`."""
        fd = self._open(name)
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode):
                raise UnreadableError("not a regular file", where=name)
            if info.st_size > MAX_FILE:
                size = f"{info.st_size / 1048576:.0f} MB"
                raise UnreadableError(
                    f"too large to be read ({size})", where=name, hint="limit is 1 MB"
                )
            with os.fdopen(fd, "rb", closefd=False) as f:
                data = f.read(MAX_FILE + 1)
        finally:
            os.close(fd)
        return as_text(data, name)

    def is_linked(self, name: str) -> bool:
        """Tell whether a file is, or is reached through, a symbolic link."""
        parts = name.split("/")
        return any(
            os.path.islink(f"{self.root}/{'/'.join(parts[:i])}") for i in range(1, len(parts) + 1)
        )

    def mentioning(self, word: bytes, folders: tuple[str, ...]) -> list[str]:
        """Return the sources below some folders that have a word; see `FileTree.mentioning`."""
        found: list[str] = []
        cut = len(self.root) + 1
        queue = [f"{self.root}/{folder}" for folder in folders]
        while queue:
            with contextlib.suppress(OSError), os.scandir(queue.pop()) as entries:
                for e in entries:
                    if e.is_dir(follow_symlinks=False):
                        queue.append(e.path)
                    elif e.name.endswith(SOURCES) and e.is_file() and _has(e.path, word):
                        found.append(e.path[cut:])
        return sorted(found)

    def _open(self, name: str) -> int:
        """Open a file of the tree; only a link needs a second look at where it leads."""
        if "\0" in name:
            raise UnreadableError("cannot be read: not a name of a file", where=name)
        full = f"{self.root}/{name}"
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        inside = self._is_inside(os.path.dirname(full))
        try:
            if inside and not os.path.islink(full):
                return os.open(full, flags | os.O_NOFOLLOW)
            if not (os.path.realpath(full) + os.sep).startswith(self._real):
                text = "symbolic link leads out of the tree"
                raise OutsideError(text, where=name, hint="copy the file in")
            return os.open(full, flags)
        except OSError as e:
            raise UnreadableError(f"cannot be read: {e.strerror}", where=name) from None

    def _is_inside(self, folder: str) -> bool:
        if folder not in self._inside:
            self._inside[folder] = (os.path.realpath(folder) + os.sep).startswith(self._real)
        return self._inside[folder]

    def listing(self, name: str) -> Listing:
        """Return what stands in one directory; see `FileTree.listing`."""
        if name not in self._folders:
            self._folders[name] = self._list(name)
        return self._folders[name]

    def _list(self, name: str) -> Listing:
        files: list[str] = []
        dirs: list[str] = []
        if not self._is_inside(f"{self.root}/{name}"):
            return Listing((), ())
        try:
            with os.scandir(f"{self.root}/{name}") as entries:
                for e in entries:
                    (dirs if e.is_dir(follow_symlinks=False) else files).append(e.name)
        except OSError:
            return Listing((), ())
        return Listing(tuple(sorted(files)), tuple(sorted(dirs)))


def _has(path: str, word: bytes) -> bool:
    """Tell whether a regular file has a word in it; one that cannot be read has not."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return word in os.read(fd, 8 * MAX_FILE)
    except OSError:
        return False
    finally:
        os.close(fd)
