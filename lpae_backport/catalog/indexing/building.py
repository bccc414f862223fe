# SPDX-License-Identifier: GPL-2.0-only
"""Brings the index of a tree up to date: reads what is new in it, and nothing else."""

import hashlib
import os
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lpae_backport.catalog.indexing.database import Database, New
from lpae_backport.catalog.indexing.packing import DamagedError, entries, pack
from lpae_backport.catalog.indexing.place import NoIndexError
from lpae_backport.catalog.indexing.snapshot import Snapshot, Stat, settled, stat_of
from lpae_backport.catalog.treebytes import Reader, outlined, reader_of
from lpae_backport.catalog.treefiles import Sort, files_of, folders_on_disk, sort_of
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.objects import GitStore
from lpae_backport.storedtree import StoredTree
from lpae_backport.workers import spread

Told = Callable[[int, int], None]
"""Is told how many files have been read, of how many."""

_CHUNK = 128
_ROOM = 128 * 1024**2
"""Bytes of outlines that are held until they are written."""
_SORTS = {Sort.HEADER: b"c", Sort.SOURCE: b"c", Sort.KCONFIG: b"k", Sort.ASSEMBLER: b"s"}


class OutdatedError(NoIndexError):
    """While the tree was read, another process removed what was known."""


def name_of(tree: FileTree) -> bytes | None:
    """Return what a tree is remembered by; nothing for one that cannot be.

    A directory is by its real path, a revision by its commit, and where in it the kernel is.
    """
    if tree.directory:
        return b"d" + os.fsencode(os.path.realpath(tree.directory))
    if isinstance(tree, StoredTree) and isinstance(tree.store, GitStore):
        return b"c" + os.fsencode(f"{tree.store.commit}:{tree.prefix}")
    return None


@dataclass(frozen=True, slots=True)
class _Task:
    """A file to read: its place in the snapshot, its path, its key, and a number for it."""

    place: int
    path: str
    key: str
    number: int


@dataclass(slots=True)
class _Part:
    """What some files came to."""

    numbers: list[tuple[int, int]] = field(default_factory=list)
    new: list[tuple[int, New]] = field(default_factory=list)
    entries: "array[int]" = field(default_factory=lambda: array("Q"))
    problems: list[str] = field(default_factory=list)


class _Indexer:
    """Reads files and outlines those whose content is not known; goes to other processes whole."""

    def __init__(self, reader: Reader, path: Path) -> None:
        self._reader = reader
        self._path = path
        self._database: Database | None = None

    def __call__(self, tasks: list[_Task]) -> _Part:
        part = _Part()
        found: list[int] = []
        for t in tasks:
            try:
                found += self._read(t, part)
            except UnreadableError as e:
                part.problems.append(str(e))
        found.sort()
        part.entries.extend(found)
        return part

    def _read(self, t: _Task, part: _Part) -> list[int]:
        data = self._reader.read(t.path, t.key)
        sort = sort_of(t.path)
        assert sort is not None
        key = key_of(data, t.key) + _SORTS[sort]
        known = self._known(key)
        if known:
            part.numbers.append((t.place, known))
            return []
        outline = outlined(t.path, data)
        part.new.append((t.place, (key, t.number, pack(outline))))
        return [number << 32 | t.number for number in entries(outline)]

    def _known(self, key: bytes) -> int:
        try:
            if self._database is None:
                self._database = Database(self._path)
            return self._database.number(key)
        except (NoIndexError, DamagedError):
            return 0

    def close(self) -> None:
        """Let go of the database, where it was opened in this process."""
        if self._database is not None:
            self._database.close()


def key_of(data: bytes, key: str) -> bytes:
    """Return what a content is known by: what git calls it."""
    if key:
        return bytes.fromhex(key)
    head = b"blob %d\0" % len(data)
    return hashlib.sha1(head + data, usedforsecurity=False).digest()


class Builder:
    """Brings the index of one tree up to date.

    Args:
        tree: the tree.
        path: the database.
        told: is told how far it is.
    """

    def __init__(self, tree: FileTree, path: Path, told: Told) -> None:
        self._tree = tree
        self._path = path
        self._told = told
        self.read = 0
        """How many files had to be read."""
        self.outlined = 0
        """How many of those had a content that was not known."""

    def build(self, name: bytes) -> Snapshot:
        """Read what is new, and remember the tree.

        Args:
            name: what it is remembered by.

        Returns:
            What its files are now.

        Raises:
            NoIndexError: it could not be written.
            OutdatedError: the same, but another try may do.
            DamagedError: the index has to be made anew.
        """
        database = Database(self._path, make=True)
        try:
            generation = database.generation()
            old = database.snapshot(name) or Snapshot()
            snapshot, keys = self._walk()
            todo = self._changed(snapshot, keys, old, database)
            first = database.reserve(len(todo) + 1)
        finally:
            database.close()  # no connection may be open where a process is copied
        tasks = [_Task(p, path, key, first + i) for i, (p, path, key) in enumerate(todo)]
        self.read = len(tasks)
        work = self._outlined(tasks, snapshot)
        pending = next(work, None)
        while pending is not None:
            following = next(work, None)
            last = (name, snapshot) if following is None else None
            self._write(generation, *pending, last)
            pending = following
        return snapshot

    def _walk(self) -> tuple[Snapshot, dict[str, str]]:
        """List the tree, and the keys of its files where it has them."""
        snapshot = Snapshot()
        keys: dict[str, str] = {}
        if self._tree.directory:
            now = time.time_ns()
            for here in folders_on_disk(self._tree.directory, snapshot.problems):
                stats: list[tuple[str, Stat | None]] = []
                for e in here.files:
                    try:
                        stats.append((e.name, settled(stat_of(e), now)))
                    except OSError:
                        stats.append((e.name, (0, -1, 0, 0)))
                snapshot.add(here.path, stats)
            return snapshot, keys
        by_folder: dict[str, list[tuple[str, Stat | None]]] = {}
        for path, key in sorted(files_of(self._tree, snapshot.problems)):
            folder, _, last = path.rpartition("/")
            by_folder.setdefault(folder, []).append((last, None))
            keys[path] = key
        for folder, files in by_folder.items():
            snapshot.add(folder, files)
        return snapshot, keys

    def _changed(
        self, snapshot: Snapshot, keys: dict[str, str], old: Snapshot, database: Database
    ) -> list[tuple[int, str, str]]:
        """Number the files that are known, and return the others: place, path, key."""
        todo = []
        if keys:
            for i, path in enumerate(snapshot.paths()):
                sort = sort_of(path)
                assert sort is not None
                number = database.number(bytes.fromhex(keys[path]) + _SORTS[sort])
                snapshot.numbers[i] = number
                if not number:
                    todo.append((i, path, keys[path]))
            return todo
        known = old.known()
        nothing = (None, 0)
        for i, (path, (now, _)) in enumerate(snapshot.known().items()):
            before, number = known.get(path, nothing)
            if number and before == now and now[1] >= 0:
                snapshot.numbers[i] = number
            else:
                todo.append((i, path, ""))
        return todo

    def _outlined(
        self, tasks: list[_Task], snapshot: Snapshot
    ) -> Iterator[tuple[list[New], list[int]]]:
        """Read files, and yield their outlines and entries, as many as are worth writing."""
        indexer = _Indexer(reader_of(self._tree), self._path)
        try:
            yield from self._gathered(indexer, tasks, snapshot)
        finally:
            indexer.close()

    def _gathered(
        self, indexer: _Indexer, tasks: list[_Task], snapshot: Snapshot
    ) -> Iterator[tuple[list[New], list[int]]]:
        count = max(1, -(-len(tasks) // _CHUNK))
        chunks = (tasks[i::count] for i in range(count))
        seen: dict[bytes, int] = {}
        new: list[New] = []
        found: list[int] = []
        done = size = 0
        for i, part in enumerate(spread(indexer, chunks)):
            snapshot.problems += part.problems
            for place, number in part.numbers:
                snapshot.numbers[place] = number
            for place, item in part.new:
                snapshot.numbers[place] = seen.setdefault(item[0], item[1])
                if seen[item[0]] == item[1]:
                    new.append(item)
                    size += len(item[2])
            found += part.entries
            done += len(tasks[i::count])
            self.outlined += len(part.new)
            self._told(min(done, len(tasks)), len(tasks))
            if size > _ROOM:
                found.sort()
                yield new, found
                new, found, size = [], [], 0
        found.sort()
        yield new, found

    def _write(
        self,
        generation: int,
        new: list[New],
        found: list[int],
        last: tuple[bytes, Snapshot] | None,
    ) -> None:
        database = Database(self._path, make=True)
        try:
            with database.writing():
                if database.generation() != generation:
                    raise OutdatedError("the index was cleaned up meanwhile")
                database.add(new, found)
                if last is not None:
                    database.put(*last)
        finally:
            database.close()
