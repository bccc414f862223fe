# SPDX-License-Identifier: GPL-2.0-only
"""One literal scan of a whole tree: which files have one of some words, and what is in them?

Every file is read once, as bytes, and only one that has a word is looked at further. A tree on
disk is read by as many processes as there are processors; one in a repository or an archive is
read where it is. What could not be searched is told by name.

Example::

    def count(path: str, data: bytes, words: frozenset[bytes]) -> int:
        return len(data)

    result = scan(tree, [b"iommu_capable", b"iopte_leaf"], count)
    for path, answer in result.found: ...
"""

import os
import posixpath
import stat
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Generic, TypeVar

from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.scanned import BINARY, Finder, Scan, Unread, doubt
from lpae_backport.storedtree import EntryKind, StoredTree
from lpae_backport.workers import spread

T = TypeVar("T")
Look = Callable[[str, bytes, frozenset[bytes]], T]
"""Looks at a file that has words: its path, its bytes, the words. It is called in another
process, so it has to be a function of a module, or a `functools.partial` or instance of one."""
Told = Callable[[float], None]
"""Is told now and then how much of the work is done, from 0 to 1."""

MAX_SCAN = 64 * 1024**2
"""Largest file that is searched, in bytes; the largest header of Linux 6.12 has 22 MB."""
MAX_FILES = 2_000_000
"""Most files of one tree; Linux 6.12 has 87,000."""
_CHUNK = 256
_INLINE = 4
"""Chunks that are not worth a second process."""
_SKIPPED = frozenset((".git", ".hg", ".svn", ".repo"))
_BLOCK = 1 << 20


class _Job(Generic[T]):
    """What is done with each file; goes to the other processes whole."""

    def __init__(self, finder: Finder, always: tuple[str, ...], look: Look[T]) -> None:
        self._finder = finder
        self._always = always
        self._look = look

    def consider(self, path: str, data: bytes, part: Scan[T]) -> None:
        """Search one file."""
        problem = doubt(path, data)
        if problem == BINARY:
            part.binaries += 1
            return
        if problem:
            part.unread.append(Unread(path, problem))
        part.paths.append(path)
        part.size += len(data)
        words = self._finder(data)
        if words or (self._always and posixpath.basename(path).startswith(self._always)):
            part.found.append((path, self._look(path, data, words)))

    def on_disk(self, root: str, paths: list[str]) -> Scan[T]:
        """Search some files below a directory."""
        part: Scan[T] = Scan()
        for path in paths:
            try:
                data = _read(f"{root}/{path}")
            except OSError as e:
                part.unread.append(Unread(path, f"cannot be read: {e.strerror}"))
            except UnreadableError as e:
                part.unread.append(Unread(path, e.message))
            else:
                self.consider(path, data, part)
        return part


def scan(
    tree: FileTree,
    words: Collection[bytes],
    look: Look[T],
    told: Told | None = None,
    *,
    always: tuple[str, ...] = (),
    processes: int | None = None,
) -> Scan[T]:
    """Search every file of a tree for words, and look at those that have one.

    Args:
        tree: the tree.
        words: identifiers; at most a few dozen are cheapest, thousands work.
        look: what to do with a file that has words.
        told: is told how far it is.
        always: beginnings of names of files that are looked at whatever they have.
        processes: how many to use at most; `None` stands for the number of processors.

    Returns:
        What was found, in the order of the paths, and what could not be searched.
    """
    job = _Job(Finder(words), always, look)
    told = told or (lambda _: None)
    if tree.directory:
        result = _scan_disk(tree.directory, job, told, processes or os.cpu_count() or 1)
    else:
        result = _scan_stored(tree, job, told)
    result.sort()
    told(1.0)
    return result


def _scan_disk(root: str, job: _Job[T], told: Told, processes: int) -> Scan[T]:
    result: Scan[T] = Scan()
    chunks = list(_chunks(_walk(root, result.unread)))
    work = partial(job.on_disk, root)
    crew = processes if len(chunks) > _INLINE else 1
    for done, part in enumerate(spread(work, chunks, crew), 1):
        result.add(part)
        told(done / len(chunks))
    return result


def _chunks(paths: Iterator[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for path in paths:
        chunk.append(path)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _walk(root: str, unread: list[Unread]) -> Iterator[str]:
    """Yield the regular files below a directory; links are not followed."""
    cut = len(root) + 1
    queue = [root]
    count = 0
    while queue:
        folder = queue.pop()
        try:
            with os.scandir(folder) as entries:
                for e in entries:
                    if e.is_dir(follow_symlinks=False):
                        if e.name not in _SKIPPED:
                            queue.append(e.path)
                    elif e.is_file(follow_symlinks=False):
                        yield e.path[cut:]
                        count += 1
                    elif problem := _no_file(e, root):
                        unread.append(Unread(e.path[cut:], problem))
        except OSError as e:
            unread.append(Unread(folder[cut:] or ".", f"cannot be listed: {e.strerror}"))
        if count > MAX_FILES:
            unread.append(Unread(".", f"more than {MAX_FILES} files; the rest was not searched"))
            return


def _no_file(entry: "os.DirEntry[str]", root: str) -> str:
    """Return why what is no file is not searched; nothing for a link to what is, elsewhere."""
    if not entry.is_symlink():
        return "not a regular file"
    top = os.path.realpath(root) + os.sep
    inside = (os.path.realpath(entry.path) + os.sep).startswith(top)
    return "" if inside else "symbolic link leads out of the tree"


def _read(path: str) -> bytes:
    """Read a regular file without following a link.

    Raises:
        OSError: it cannot be opened or read.
        UnreadableError: it is no regular file, or larger than is searched.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        data = os.read(fd, _BLOCK)
        if len(data) < _BLOCK:
            return data
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableError("not a regular file")
        parts, size = [data], len(data)
        while (data := os.read(fd, _BLOCK)) and size <= MAX_SCAN:
            parts.append(data)
            size += len(data)
        if size > MAX_SCAN:
            raise UnreadableError(f"larger than {MAX_SCAN >> 20} MB")
        return b"".join(parts)
    finally:
        os.close(fd)


def _scan_stored(tree: FileTree, job: _Job[T], told: Told) -> Scan[T]:
    """Search a tree that is not on disk."""
    result: Scan[T] = Scan()
    paths = list(_listed(tree, result.unread))
    for done, path in enumerate(paths):
        try:
            job.consider(path, read_file(tree, path), result)
        except UnreadableError as e:
            result.unread.append(Unread(path, e.message))
        if done % _CHUNK == 0:
            told(done / len(paths))
    return result


def _listed(tree: FileTree, unread: list[Unread]) -> Iterator[str]:
    """Yield the files of a tree that is not on disk; links are not followed."""
    queue = [""]
    while queue:
        folder = queue.pop()
        here = tree.listing(folder)
        top = f"{folder}/" if folder else ""
        for name in here.files:
            if not tree.is_linked(f"{top}{name}"):
                yield f"{top}{name}"
        for name in here.dirs:
            entry = tree.behind(f"{top}{name}") if isinstance(tree, StoredTree) else None
            if entry is not None and entry.kind is EntryKind.MODULE:
                unread.append(Unread(f"{top}{name}", "a submodule"))
            else:
                queue.append(f"{top}{name}")


def read_file(tree: FileTree, path: str) -> bytes:
    """Return the bytes of one file of a tree, of any size that is searched, be it text or not.

    Args:
        tree: the tree.
        path: the file's path below the kernel's root; a link is not followed.

    Raises:
        UnreadableError: it is no regular file, too large, or cannot be read.
    """
    if tree.directory:
        try:
            return _read(f"{tree.directory}/{path}")
        except OSError as e:
            raise UnreadableError(f"cannot be read: {e.strerror}", where=path) from None
    entry = tree.behind(path) if isinstance(tree, StoredTree) else None
    if entry is None or not isinstance(tree, StoredTree):
        return tree.read(path)
    data, size = tree.store.content(entry, MAX_SCAN + 1)
    if size > len(data):
        raise UnreadableError(f"too large to be searched ({size / 1048576:.0f} MB)")
    return data
