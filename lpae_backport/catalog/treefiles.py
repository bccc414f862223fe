# SPDX-License-Identifier: GPL-2.0-only
"""All files of a tree that introduce names, wherever it is; `treebytes` reads them.

Links are not followed: what they lead to within the tree has a name of its own.
"""

import operator
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.objects import GitStore
from lpae_backport.storedtree import EntryKind, StoredTree

MAX_FILES = 1_000_000
"""Most files of one tree; Linux 6.12 has 87,000."""
_MAX_DEPTH = 64
_NO_FOLDERS = frozenset((".git", ".hg", ".svn", ".repo"))


class Sort(Enum):
    """What a file is read for."""

    HEADER = "header"
    SOURCE = "source"
    ASSEMBLER = "assembler"
    KCONFIG = "Kconfig"


_SORTS = {"h": Sort.HEADER, "inc": Sort.HEADER, "c": Sort.SOURCE, "S": Sort.ASSEMBLER}


def sort_of(path: str) -> Sort | None:
    """Return what a file is read for, by its name; nothing if it introduces no names."""
    name = path.rpartition("/")[2]
    if name.startswith("Kconfig"):
        return Sort.KCONFIG
    _, dot, suffix = name.rpartition(".")
    return _SORTS.get(suffix) if dot else None


def files_of(tree: FileTree, problems: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the files of a tree that introduce names: path, and the key of its content or nothing.

    Args:
        tree: the tree.
        problems: is told what could not be listed.
    """
    if tree.directory:
        found = _on_disk(tree.directory, problems)
    elif isinstance(tree, StoredTree):
        found = _stored(tree)
    else:
        found = _listed(tree)
    for count, (path, key) in enumerate(found):
        if count >= MAX_FILES:
            problems.append(f"more than {MAX_FILES} files; the rest is not read")
            return
        yield path, key


@dataclass(frozen=True, slots=True)
class Folder:
    """What stands in one folder of a directory on disk.

    Attributes:
        path: where it is below the kernel's root; empty for that itself.
        files: the files that introduce names, sorted by name.
        folders: the names of the folders in it, sorted.
    """

    path: str
    files: list["os.DirEntry[str]"]
    folders: list[str]


def folder_at(root: str, path: str) -> Folder:
    """Return what stands in one folder of a directory on disk.

    Raises:
        OSError: it cannot be listed.
    """
    files: list[os.DirEntry[str]] = []
    folders: list[str] = []
    is_deep = path.count("/") >= _MAX_DEPTH
    with os.scandir(f"{root}/{path}") as entries:
        for e in entries:
            if e.is_dir(follow_symlinks=False):
                if e.name not in _NO_FOLDERS and not is_deep:
                    folders.append(e.name)
            elif sort_of(e.name) and not e.is_symlink():
                files.append(e)
    files.sort(key=_name)
    folders.sort()
    return Folder(path, files, folders)


_name = operator.attrgetter("name")


def folders_on_disk(root: str, problems: list[str]) -> Iterator[Folder]:
    """Yield all folders of a directory, each before those in it; links are not followed.

    Args:
        root: the directory.
        problems: is told what could not be listed.
    """
    queue = [""]
    while queue:
        path = queue.pop()
        try:
            here = folder_at(root, path)
        except OSError as e:
            problems.append(str(UnreadableError(f"{e.strerror}", where=path or ".")))
            here = Folder(path, [], [])
        top = f"{path}/" if path else ""
        queue += [f"{top}{name}" for name in here.folders]
        yield here


def _on_disk(root: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    for here in folders_on_disk(root, problems):
        top = f"{here.path}/" if here.path else ""
        for e in here.files:
            yield f"{top}{e.name}", ""


def _stored(tree: StoredTree) -> Iterator[tuple[str, str]]:
    named = isinstance(tree.store, GitStore)
    queue = [("", 0)]
    while queue:
        folder, depth = queue.pop()
        top = f"{folder}/" if folder else ""
        for name, e in tree.store.folder((tree.prefix + folder).rstrip("/")).items():
            if e.kind is EntryKind.DIR:
                if name not in _NO_FOLDERS and depth < _MAX_DEPTH:
                    queue.append((f"{top}{name}", depth + 1))
            elif e.kind in (EntryKind.FILE, EntryKind.EXECUTABLE) and sort_of(name):
                yield f"{top}{name}", e.key if named else ""


def _listed(tree: FileTree) -> Iterator[tuple[str, str]]:
    queue = [("", 0)]
    while queue:
        folder, depth = queue.pop()
        here = tree.listing(folder)
        top = f"{folder}/" if folder else ""
        for name in here.files:
            if sort_of(name) and not tree.is_linked(f"{top}{name}"):
                yield f"{top}{name}", ""
        if depth < _MAX_DEPTH:
            queue += [(f"{top}{n}", depth + 1) for n in here.dirs if n not in _NO_FOLDERS]
