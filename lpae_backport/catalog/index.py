# SPDX-License-Identifier: GPL-2.0-only
"""The index of whole trees: what their files introduce, kept between runs.

It is a database in the user's cache (see `indexing.place`), keyed by the content of files: what
two trees or two revisions share is read once. Nothing depends on it: without it, or where it
cannot be used, `catalog_of` gives the same answers more slowly.

**What is verified.** When a catalog of a directory is opened, every folder is listed and every
file looked at (size, inode, times of change), those of headers and sources alike, and what differs
is read anew before the first answer. What could slip through is a change that leaves all of these
as they were: one made with the clock set back, or on a file system that keeps no times. A change
while the program runs may be seen or not. A revision of a repository cannot change.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from lpae_backport.catalog.catalog import Catalog
from lpae_backport.catalog.indexing.building import Builder, OutdatedError, Told, name_of
from lpae_backport.catalog.indexing.database import Database
from lpae_backport.catalog.indexing.indexed import IndexedCatalog
from lpae_backport.catalog.indexing.packing import DamagedError
from lpae_backport.catalog.indexing.place import (
    NoIndexError,
    Wishes,
    checked,
    database,
    folder,
    remove,
    size,
    versions,
)
from lpae_backport.catalog.indexing.snapshot import Snapshot
from lpae_backport.catalog.unindexed import ScannedCatalog
from lpae_backport.filetree import FileTree

MAX_SIZE = 2 * 1024**3
"""Bytes that the index takes at most, unless the user says otherwise."""
_TRIES = 3
_OLD = 14 * 86400

__all__ = ["NoIndexError"]


@dataclass(frozen=True, slots=True)
class Indexed:
    """What bringing an index up to date came to.

    Attributes:
        files: how many files of the tree are in it.
        read: how many of those had to be read.
        outlined: how many of those had a content that was not known.
        problems: what could not be read.
    """

    files: int
    read: int
    outlined: int
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the index has.

    Attributes:
        place: its folder.
        size: the bytes it takes, other versions included.
        trees: the trees, the latest used first: name, time of last use, number of files.
    """

    place: str
    size: int
    trees: list[tuple[str, int, int]]


def catalog_of(
    tree: FileTree, *, index: bool = True, told: Told | None = None, is_trusted: bool = False
) -> Catalog:
    """Return a catalog of a tree: from the index if it has the tree, else by reading it.

    Args:
        tree: the tree.
        index: whether to use the index.
        told: is told how many files have been read, of how many, where the index was outdated.
        is_trusted: whether to take a tree for unchanged while another process looks;
            `Catalog.is_current` has the answer.
    """
    found: Catalog | None = None
    problem = ""
    if index:
        try:
            found = open_catalog(tree, told, is_trusted=is_trusted)
        except NoIndexError as e:
            problem = f"{e}; it is read without"
    catalog = found or ScannedCatalog(tree)
    catalog.problems += [problem] if problem else []
    return catalog


def open_catalog(
    tree: FileTree, told: Told | None = None, *, is_trusted: bool = False
) -> IndexedCatalog | None:
    """Return a catalog from the index, brought up to date; nothing if the tree is not in it.

    A tree that was indexed before is indexed anew if the index was damaged, or made by another
    version of this program.

    Args:
        tree: the tree.
        told: is told how many files have been read, of how many.
        is_trusted: see `catalog_of`.

    Raises:
        NoIndexError: the index has the tree and cannot be used.
    """
    name = name_of(tree)
    if name is None or not folder().is_dir():
        return None
    place = checked(make=False)
    if name not in Wishes(place):
        return None
    path = database(place)
    try:
        current = _current(tree, name, path, is_trusted=is_trusted)
    except (DamagedError, NoIndexError):
        current = None  # building it says whether it can be mended
    if current is None:
        _built(tree, name, path, told or _silent)
        current = _current(tree, name, path, is_new=True)
    if current is None:
        raise NoIndexError("the index was removed by another process", where=tree.path)
    return current


def refresh(tree: FileTree, told: Told | None = None, limit: int = MAX_SIZE) -> Indexed:
    """Bring the index of a tree up to date, or make it.

    Args:
        tree: the tree.
        told: is told how many files have been read, of how many.
        limit: bytes that the index may take; what has not been used for longest has to go first.

    Raises:
        NoIndexError: it cannot be made.
    """
    name = name_of(tree)
    if name is None:
        text = "only directories and revisions are indexed"
        raise NoIndexError(text, where=tree.path, hint="unpack it")
    place = checked(make=True)
    path = database(place)
    if not path.exists():
        _drop_versions(place)
    builder, snapshot = _built(tree, name, path, told or _silent)
    wishes = Wishes(place)
    wishes.add(name)
    if size(path) > limit:
        kept = _shrunk(path, wishes, limit)
        if name not in kept:
            text = f"the index of this tree alone takes more than {limit >> 20} MB"
            raise NoIndexError(text, where=tree.path, hint="see --max-size")
    return Indexed(len(snapshot.names), builder.read, builder.outlined, snapshot.problems)


def _silent(done: int, total: int) -> None:
    pass


def _current(
    tree: FileTree, name: bytes, path: Path, *, is_new: bool = False, is_trusted: bool = False
) -> IndexedCatalog | None:
    """Return a catalog if the index has the tree as it is now, or has just been told of it."""
    found = Database(path)
    try:
        found.touch(name)
        found.pin()
        snapshot = found.snapshot(name)
        known = snapshot is not None and (is_new or not tree.directory)
        if snapshot is not None and not known and is_trusted:
            return IndexedCatalog(tree, found, snapshot, snapshot.check(tree.directory))
        if snapshot is not None and (known or snapshot.is_current(tree.directory)):
            return IndexedCatalog(tree, found, snapshot)
    except BaseException:
        found.close()
        raise
    found.close()
    return None


def _built(tree: FileTree, name: bytes, path: Path, told: Told) -> tuple[Builder, Snapshot]:
    """Bring a tree up to date, from nothing if what there is turns out damaged."""
    for _ in range(_TRIES):
        builder = Builder(tree, path, told)
        try:
            return builder, builder.build(name)
        except OutdatedError:
            continue
        except DamagedError as e:
            if not remove(path):
                raise NoIndexError(e.message, hint="lpae-audit index --clear") from None
    raise NoIndexError("the index is being changed by others")


def _shrunk(path: Path, wishes: Wishes, limit: int) -> set[bytes]:
    """Drop the trees that are gone, then the least recently used, until the rest fits.

    Returns:
        The trees that are left.
    """
    found = Database(path)
    try:
        trees = [t for t, _, _ in found.trees()]
        gone = [t for t in trees if t[:1] == b"d" and not os.path.isdir(t[1:])]
        left = [t for t in trees if t not in gone]
        while True:
            with found.writing():
                found.drop(gone)
                found.sweep()
            for t in gone:
                wishes.drop(t)
            if found.size() <= limit or not left:
                break
            gone = [left.pop()]
        with contextlib.suppress(NoIndexError):  # others read it; it is reused instead
            found.shrink()
        return set(left)
    finally:
        found.close()


def prune(limit: int = MAX_SIZE) -> None:
    """Remove what belongs to no tree any more, and more than that as long as it is too large.

    Args:
        limit: bytes that the index may take.

    Raises:
        NoIndexError: the index cannot be used.
    """
    if not folder().is_dir():
        return
    place = checked(make=False)
    _drop_versions(place)
    path = database(place)
    if path.exists():
        try:
            _shrunk(path, Wishes(place), limit)
        except DamagedError:
            remove(path)


def clear() -> bool:
    """Remove the index, and the memory of what was indexed.

    Returns:
        Whether all of it is gone; what another process uses stays.

    Raises:
        NoIndexError: it cannot be looked at, or not be changed.
    """
    if not folder().is_dir():
        return True
    place = checked(make=False)
    if not os.access(place, os.W_OK | os.X_OK):
        raise NoIndexError("the index cannot be removed: read-only", where=str(place))
    Wishes(place).clear()
    gone = [remove(path) for path in versions(place)]  # all of them, whatever comes of one
    return all(gone)


def contents() -> Contents:
    """Return what the index has.

    Raises:
        NoIndexError: it cannot be looked at.
    """
    if not folder().is_dir():
        return Contents(str(folder()), 0, [])
    place = checked(make=False)
    trees: list[tuple[bytes, int, int]] = []
    if database(place).exists():
        try:
            found = Database(database(place))
            trees = found.trees()
            found.close()
        except DamagedError:
            remove(database(place))
    total = sum(size(p) for p in versions(place))
    return Contents(str(place), total, [(os.fsdecode(n[1:]), u, f) for n, u, f in trees])


def _drop_versions(place: Path) -> None:
    """Remove the databases of other versions, but for the last one if it is in use."""
    others = [p for p in versions(place) if p != database(place)]
    for i, path in enumerate(others):
        with contextlib.suppress(OSError):
            if i or path.stat().st_mtime < time.time() - _OLD:
                remove(path)
