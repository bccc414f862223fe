# SPDX-License-Identifier: GPL-2.0-only
"""What the files of one tree were when they were indexed, and whether they still are that.

As with git's own index, a file counts as unchanged while its size, inode, and the times of its
last change (of content, mtime; of content or attributes, ctime) are. A file that was changed less
than two seconds before it was read may change once more without any of these telling: it is
never taken for unchanged, but read again the next time.
"""

import os
import struct
import zlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from lpae_backport.catalog.indexing.packing import DamagedError, little
from lpae_backport.catalog.treefiles import Folder, folder_at
from lpae_backport.workers import is_forkable

RACY = 2_000_000_000
"""Nanoseconds within which a file may change twice without its times telling; FAT has the
coarsest clock."""
_CHECK = struct.Struct("<I")
_SIZES = struct.Struct("<IIIII")
_FEW_FOLDERS = 200
_POLITE = 5
"""How much a look at the tree stands back behind the work that waits for it in the end."""

Stat = tuple[int, int, int, int]
"""Time of the last change of the content, size, inode, time of the last change at all."""


def stat_of(entry: "os.DirEntry[str]") -> Stat:
    """Return what tells whether a file has changed.

    Raises:
        OSError: it has gone.
    """
    s = entry.stat(follow_symlinks=False)
    return s.st_mtime_ns, s.st_size, s.st_ino, s.st_ctime_ns


def settled(stat: Stat, now: int) -> Stat:
    """Return what to remember of a file read at a time: what never fits, if it was too fresh."""
    mtime, _, inode, ctime = stat
    if ctime >= now - RACY or now - RACY <= mtime <= now + RACY:
        return mtime, -1, inode, ctime
    return stat


@dataclass
class Snapshot:
    """The files of a tree.

    Attributes:
        folders: all folders below the root, each before those in it.
        counts: how many files each has.
        names: the names of the files, folder by folder, sorted within each.
        numbers: the number of the outline of each file; 0 if it has none.
        stats: the four numbers of each file; empty if the tree cannot change.
        problems: what could not be read.
    """

    folders: list[str] = field(default_factory=list)
    counts: "array[int]" = field(default_factory=lambda: array("I"))
    names: list[str] = field(default_factory=list)
    numbers: "array[int]" = field(default_factory=lambda: array("I"))
    stats: "array[int]" = field(default_factory=lambda: array("q"))
    problems: list[str] = field(default_factory=list)

    def add(self, folder: str, files: list[tuple[str, Stat | None]]) -> None:
        """Take in a folder whose files have no numbers yet."""
        self.folders.append(folder)
        self.counts.append(len(files))
        for name, stat in files:
            self.names.append(name)
            self.numbers.append(0)
            if stat is not None:
                self.stats.extend(stat)

    @cached_property
    def ends(self) -> list[int]:
        """Where the files of each folder end."""
        return list(accumulate(self.counts))

    def paths(self) -> list[str]:
        """Return the paths of all files."""
        found = []
        at = 0
        for folder, end in zip(self.folders, self.ends, strict=True):
            top = f"{folder}/" if folder else ""
            found += [f"{top}{name}" for name in self.names[at:end]]
            at = end
        return found

    def known(self) -> dict[str, tuple[Stat, int]]:
        """Return what is remembered of each file by its path, and its number."""
        values = zip(*(self.stats[i::4] for i in range(4)), strict=True)
        return dict(zip(self.paths(), zip(values, self.numbers, strict=True), strict=False))

    def is_current(self, root: str) -> bool:
        """Tell whether a directory is still what it was: every folder and file is looked at.

        Args:
            root: the directory.
        """
        folders = range(len(self.folders))
        if len(folders) < _FEW_FOLDERS or not is_forkable():
            return self._are_same(root, folders)
        # A copy of this process takes every other folder; all it has to say is yes or no.
        child = os.fork()
        if not child:
            try:
                os._exit(0 if self._are_same(root, folders[1::2]) else 1)
            finally:
                os._exit(2)
        same = False
        try:
            same = self._are_same(root, folders[::2])
        finally:
            _, status = os.waitpid(child, 0)
        return same and status == 0

    def check(self, root: str) -> Callable[[], bool]:
        """Begin to look whether a directory is still what it was, beside what comes next.

        Args:
            root: the directory.

        Returns:
            What waits for the answer; see `is_current`.
        """
        if len(self.folders) < _FEW_FOLDERS or not is_forkable():
            answer = self.is_current(root)
            return lambda: answer
        child = os.fork()
        if not child:
            try:
                os.nice(_POLITE)
                os._exit(0 if self._are_same(root, range(len(self.folders))) else 1)
            finally:
                os._exit(2)
        return _Answer(child)

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {f: [] for f in self.folders}
        for folder in self.folders:
            above, _, name = folder.rpartition("/")
            if folder:
                found[above].append(name)
        return found

    def _are_same(self, root: str, chosen: range) -> bool:
        for i in chosen:
            folder = self.folders[i]
            try:
                here = folder_at(root, folder)
                stats = array("q", [n for e in here.files for n in stat_of(e)])
            except OSError:
                here, stats = Folder(folder, [], []), array("q")
            end = self.ends[i]
            start = end - self.counts[i]
            if [e.name for e in here.files] != self.names[start:end]:
                return False
            if stats != self.stats[4 * start : 4 * end]:
                return False
            if here.folders != sorted(self._children[folder]):
                return False
        return True

    def to_bytes(self) -> bytes:
        """Return it as bytes."""
        parts = [_joined(w) for w in (self.folders, self.names, self.problems)]
        sizes = [len(self.folders), len(self.numbers), *map(len, parts)]
        arrays = (self.counts, self.numbers, self.stats)
        parts += [little(numbers[:]).tobytes() for numbers in arrays]
        body = b"".join(parts)
        whole = _SIZES.pack(*sizes) + body
        return _CHECK.pack(zlib.crc32(whole)) + whole

    @staticmethod
    def from_bytes(data: bytes) -> "Snapshot":
        """Return what was written as bytes.

        Raises:
            DamagedError: it is not as it was written.
        """
        at = _CHECK.size + _SIZES.size
        if len(data) < at:
            raise DamagedError("a tree is cut off")
        if _CHECK.unpack_from(data)[0] != zlib.crc32(memoryview(data)[_CHECK.size :]):
            raise DamagedError("a tree has another check sum")
        folders, files, *sizes = _SIZES.unpack_from(data, _CHECK.size)
        texts = []
        for size in sizes:
            texts.append(_split(data[at : at + size]))
            at += size
        found = Snapshot(texts[0], names=texts[1], problems=texts[2])
        for numbers, count in ((found.counts, folders), (found.numbers, files)):
            numbers.frombytes(data[at : at + 4 * count])
            little(numbers)
            at += 4 * count
        found.stats.frombytes(data[at:])
        little(found.stats)
        return found


class _Answer:
    """What a process says by how it ends; it is asked for as often as one likes."""

    def __init__(self, child: int) -> None:
        self._child = child
        self._said: int | None = None

    def __call__(self) -> bool:
        if self._said is None:
            self._said = os.waitpid(self._child, 0)[1]
        return self._said == 0


def _joined(words: list[str]) -> bytes:
    return "".join(f"{w}\0" for w in words).encode("utf-8", "surrogateescape")


def _split(data: bytes) -> list[str]:
    return data[:-1].decode("utf-8", "surrogateescape").split("\0") if data else []
