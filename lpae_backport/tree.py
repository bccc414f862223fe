# SPDX-License-Identifier: GPL-2.0-only
"""A kernel tree, read-only, and never left: not by ``..``, not by a symbolic link.

Here is the one in a directory; `storedtree` has those in a git repository or an archive.
"""

import contextlib
import os
import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lpae_backport.errors import TreeError
from lpae_backport.kernelroot import VERSION, find_on_disk

MAX_FILE = 1024 * 1024
"""Largest file that is read, in bytes; the largest IOMMU source of Linux 6.12 has 0.15 MB."""

_STAND_IN = re.compile(rb"\Aversion https://git-lfs\.github\.com/|\A\s*[\w./+-]+\s*\Z")
"""A pointer of Git LFS or git-annex, or a symbolic link that was checked out as a file."""
_WIDE_DEPTH = 12
_SOURCES = (".c", ".h", ".S", ".inc")


class UnreadableError(TreeError):
    """One file of a tree that cannot be read as text; steps that need it are `unknown`."""


class OutsideError(UnreadableError):
    """A symbolic link that leads out of the tree: what it leads to is no part of the kernel."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in one directory, sorted."""

    files: tuple[str, ...]
    dirs: tuple[str, ...]


class FileTree(ABC):
    """What an audit needs of a tree, wherever its files come from.

    Attributes:
        path: the tree as the user named it.
        root: the kernel's top directory, for display.
        prefix: where that is in the repository or archive it belongs to; empty where it is the
            top, else ending in ``/``.
        directory: the kernel's top directory on disk; empty where it is not on disk.
    """

    path: str
    root: str
    directory = ""

    @property
    def prefix(self) -> str:
        """Where the kernel is; see above."""
        return ""

    def top(self) -> "FileTree":
        """Return the whole repository, directory or archive that the kernel belongs to."""
        return self

    def is_executable(self, name: str) -> bool:
        """Tell whether a file has a mode that says so."""
        return False

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the bytes of a file.

        Args:
            name: its path below the kernel's root.

        Raises:
            UnreadableError: it is no regular file of this tree, too large, binary, empty, only
                a pointer to the file, or may not be read.
        """

    @abstractmethod
    def is_file(self, name: str) -> bool:
        """Tell whether the tree has something of that name that is no directory."""

    @abstractmethod
    def listing(self, name: str) -> Listing:
        """Return what stands in one directory; nothing where there is no such directory."""

    def is_linked(self, name: str) -> bool:
        """Tell whether a file is, or is reached through, a symbolic link."""
        return False

    def mentioning(self, word: bytes, folders: tuple[str, ...]) -> list[str]:
        """Return the sources below some folders that have a word in them, read as bytes only."""
        found = []
        for path in (p for f in folders for p in self.walk(f, _WIDE_DEPTH)):
            if path.endswith(_SOURCES):
                try:
                    if word in self.read(path):
                        found.append(path)
                except UnreadableError:
                    continue
        return found

    @cached_property
    def version(self) -> str:
        """The version its Makefile claims, for display only: vendors backport."""
        try:
            found: dict[bytes, bytes] = dict(VERSION.findall(self.read("Makefile")))
        except TreeError:
            return ""
        parts = [
            found.get(k, b"").decode("latin-1") for k in (b"VERSION", b"PATCHLEVEL", b"SUBLEVEL")
        ]
        return ".".join(p for p in parts if p) + found.get(b"EXTRAVERSION", b"").decode("latin-1")

    def walk(self, name: str, depth: int) -> Iterator[str]:
        """Yield the files below a directory, at most `depth` directories deep, sorted."""
        here = self.listing(name)
        for f in here.files:
            yield f"{name}/{f}"
        if depth > 0:
            for d in here.dirs:
                yield from self.walk(f"{name}/{d}", depth - 1)


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
        """The top of the repository around the kernel; of what the user named if there is none."""
        here = Path(os.path.realpath(self.root))
        around = [p for p in (here, *here.parents) if os.path.lexists(p / ".git")]
        named = Path(os.path.realpath(self.path))
        return str(around[0] if around else named)

    @cached_property
    def prefix(self) -> str:
        """Where the kernel is in its repository; see `FileTree`."""
        below = os.path.relpath(os.path.realpath(self.root), self._top)
        return "" if below == "." else f"{below}/"

    def top(self) -> FileTree:
        """Return the whole repository around the kernel; see `FileTree.top`."""
        return Tree(self._top, is_kernel=False)

    def is_executable(self, name: str) -> bool:
        """Tell whether a file may be executed; see `FileTree.is_executable`."""
        with contextlib.suppress(OSError):
            return bool(os.stat(f"{self.root}/{name}").st_mode & 0o111)
        return False

    def is_file(self, name: str) -> bool:
        """Tell whether the tree has something of that name that is no directory."""
        full = f"{self.root}/{name}"
        return os.path.lexists(full) and not os.path.isdir(full)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; see `FileTree.read`."""
        fd = self._open(name)
        with os.fdopen(fd, "rb") as f:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode):
                raise UnreadableError("not a regular file", where=name)
            if info.st_size > MAX_FILE:
                size = f"{info.st_size / 1048576:.0f} MB"
                raise UnreadableError(
                    f"too large to be a driver ({size})", where=name, hint="limit is 1 MB"
                )
            data = f.read(MAX_FILE + 1)
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
                    elif e.name.endswith(_SOURCES) and e.is_file() and _has(e.path, word):
                        found.append(e.path[cut:])
        return sorted(found)

    def _open(self, name: str) -> int:
        """Open a file of the tree; only a link needs a second look at where it leads."""
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
        try:
            with os.scandir(f"{self.root}/{name}") as entries:
                for e in entries:
                    (dirs if e.is_dir(follow_symlinks=False) else files).append(e.name)
        except OSError:
            return Listing((), ())
        return Listing(tuple(sorted(files)), tuple(sorted(dirs)))


class MemoryTree(FileTree):
    """A tree of a few files held in memory: the cases that stand beside a rule.

    Args:
        files: the bytes of each file by its path.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.path = self.root = "(case)"
        self._files = dict(files)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; see `FileTree.read`."""
        if name not in self._files:
            raise UnreadableError("no such file", where=name)
        return as_text(self._files[name], name)

    def is_file(self, name: str) -> bool:
        """Tell whether the tree has such a file."""
        return name in self._files

    def listing(self, name: str) -> Listing:
        """Return what stands in one directory; see `FileTree.listing`."""
        below = [p[len(name) + 1 :] for p in self._files if p.startswith(f"{name}/")]
        files = {p for p in below if "/" not in p}
        return Listing(
            tuple(sorted(files)), tuple(sorted({p.split("/")[0] for p in below} - files))
        )


def as_text(data: bytes, name: str) -> bytes:
    """Return `data` if it can be source text, else raise `UnreadableError` naming `name`."""
    if not data.strip():
        raise UnreadableError("file is empty", where=name, hint="was the checkout complete?")
    at = data.find(b"\0")
    if at != -1:
        raise UnreadableError(f"binary file (NUL byte at offset {at})", where=name)
    if _STAND_IN.match(data):
        text = "a large-file pointer or a link stands in its place"
        raise UnreadableError(text, where=name, hint="git lfs pull, or check out again with links")
    return data


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
