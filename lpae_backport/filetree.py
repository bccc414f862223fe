# SPDX-License-Identifier: GPL-2.0-only
"""What an audit needs of a kernel tree, wherever its files come from."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from lpae_backport.errors import TreeError
from lpae_backport.kernelroot import VERSION

CONFIG = ".lpae-audit.yaml"
"""The configuration of a gate, in a fork."""
MAX_WALK = 200_000
"""Most files that are looked for below one directory; all of Linux 6.12 has 87,000."""
MAX_FILE = 1024 * 1024
"""Largest file that is read, in bytes; the largest IOMMU source of Linux 6.12 has 0.15 MB."""

_STAND_IN = re.compile(rb"\Aversion https://git-lfs\.github\.com/|\A\s*[\w./+-]+\s*\Z")
"""A pointer of Git LFS or git-annex, or a symbolic link that was checked out as a file."""
_WIDE_DEPTH = 12
SOURCES = (".c", ".h", ".S", ".inc")
"""How the names of sources end."""


class UnreadableError(TreeError):
    """One file of a tree that cannot be read as text; steps that need it are `unknown`."""


class EmptyError(UnreadableError):
    """A file with nothing in it: it may be missing from a checkout, or be meant so."""


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

    @property
    def is_named(self) -> bool:
        """Tell whether the user named the kernel's own folder, so that none was looked for."""
        return False

    def top(self) -> "FileTree":
        """Return the whole repository, directory or archive that the kernel belongs to."""
        return self

    def kernel_in(self, folder: str) -> "FileTree":
        """Return the kernel in a folder of it.

        Raises:
            TreeError: there is none, or several, or the folder leads out of the tree.
        """
        raise TreeError("holds no other kernel", where=self.path)

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
            if path.endswith(SOURCES):
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
        """Yield the files below a directory, at most `depth` directories deep, sorted.

        Raises:
            UnreadableError: there are more than any driver has.
        """
        for count, path in enumerate(self._walked(name, depth)):
            if count > MAX_WALK:
                raise UnreadableError(f"more than {MAX_WALK} files below it", where=name)
            if path[-1] != "/":
                yield path

    def _walked(self, name: str, depth: int) -> Iterator[str]:
        """Yield the files, and the directories with a slash behind them."""
        here = self.listing(name)
        for f in here.files:
            yield f"{name}/{f}"
        for d in here.dirs if depth > 0 else ():
            yield f"{name}/{d}/"
            yield from self._walked(f"{name}/{d}", depth - 1)


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
        above = "" if name in ("", ".") else f"{name}/"
        below = [p[len(above) :] for p in self._files if p.startswith(above)]
        files = {p for p in below if "/" not in p}
        return Listing(
            tuple(sorted(files)), tuple(sorted({p.split("/")[0] for p in below} - files))
        )


def as_text(data: bytes, name: str) -> bytes:
    """Return `data` if it can be source text, else raise `UnreadableError` naming `name`."""
    if not data.strip():
        raise EmptyError("file is empty", where=name, hint="was the checkout complete?")
    at = data.find(b"\0")
    if at != -1:
        raise UnreadableError(f"binary file (NUL byte at offset {at})", where=name)
    if _STAND_IN.match(data):
        text = "a large-file pointer or a link stands in its place"
        raise UnreadableError(text, where=name, hint="git lfs pull, or check out again with links")
    return data
