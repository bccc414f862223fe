# SPDX-License-Identifier: GPL-2.0-only
"""Opens a tree by what the user calls it: a directory, ``REPO@REV[:SUBDIR]``, or an archive."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree
from lpae_backport.gitdir import split_revision
from lpae_backport.tree import Tree

if TYPE_CHECKING:
    from lpae_backport.rule import Pack

Told = Callable[[int], None]
"""Is told now and then how many bytes of an archive have been read."""


def open_tree(given: str, packs: "Iterable[Pack] | None", told: Told) -> FileTree:
    """Open a tree.

    Args:
        given: a directory, ``REPO@REV[:SUBDIR]``, or an archive, ``FILE[:SUBDIR]``.
        packs: what will be looked for, so that an archive keeps just that; `None` keeps all
            sources.
        told: is told how far an archive has been read.

    Raises:
        TreeError: there is no such tree, or it holds no kernel, or several.
    """
    if not given or os.path.isdir(given):
        return Tree(given)
    if os.path.isfile(given):
        return _archive(given, "", given, packs, told)
    repository, revision, folder = split_revision(given)
    if repository:
        return open_revision(repository, revision, folder, given)
    file, _, folder = given.rpartition(":")
    if file and os.path.isfile(file):
        return _archive(file, folder, given, packs, told)
    if os.path.exists(given):
        raise TreeError("neither a directory nor a regular file", where=given)
    hint = "a directory, REPO@REV[:SUBDIR], a .tar.{xz,gz,zst} or a .deb"
    raise TreeError("no such file or directory", where=given, hint=hint)


def open_revision(repository: str, revision: str, folder: str, given: str) -> FileTree:
    """Open a revision of a repository.

    Args:
        repository: a directory of it.
        revision: what git takes for a commit.
        folder: the folder of it to look for the kernel in, below the directory.
        given: what the user calls it, for the report.
    """
    from lpae_backport.objects import GitStore
    from lpae_backport.storedtree import StoredTree

    store = GitStore(repository, revision)
    return StoredTree(given, store, store.below + folder.strip("/"))


def at_revision(tree: FileTree, revision: str, folder: str | None = None) -> FileTree:
    """Open another revision of the repository that a tree belongs to.

    Args:
        tree: a directory, or a revision.
        revision: what git takes for a commit.
        folder: where the kernel is in it; `None` looks where this one is, then everywhere.

    Raises:
        TreeError: it belongs to none, or there is no such revision, or no kernel in it.
    """
    from lpae_backport.objects import GitStore
    from lpae_backport.storedtree import StoredTree

    store = GitStore(_repository(tree), revision)
    given = f"{_repository(tree)}@{revision}"
    if folder is not None:
        return StoredTree(given, store, folder)
    try:
        return StoredTree(given, store, tree.prefix)
    except TreeError:
        return StoredTree(given, store)


def parting(tree: FileTree, revision: str) -> tuple[FileTree, str]:
    """Open the state in which a tree and another revision of its repository parted.

    What the other has gained since then is nothing that the tree has lost.

    Args:
        tree: a directory, which counts as its HEAD, or a revision.
        revision: what git takes for a commit.

    Returns:
        The tree, and what to call it.

    Raises:
        TreeError: as with `at_revision`.
    """
    from lpae_backport.objects import GitStore, merge_base
    from lpae_backport.storedtree import StoredTree

    other = GitStore(_repository(tree), revision)
    if isinstance(tree, StoredTree) and isinstance(tree.store, GitStore):
        own = tree.store.commit
    else:
        own = GitStore(_repository(tree), "HEAD").commit
    common = merge_base(other.git_dir, own, other.commit)
    if common == other.commit:
        return at_revision(tree, revision), revision
    if not common:
        return at_revision(tree, revision), f"{revision} (itself: they parted at no single commit)"
    return at_revision(tree, common), f"{revision} (where they parted, {common[:12]})"


def _repository(tree: FileTree) -> str:
    from lpae_backport.objects import GitStore
    from lpae_backport.storedtree import StoredTree

    if isinstance(tree, StoredTree) and isinstance(tree.store, GitStore):
        return tree.store.repository
    if not tree.directory:
        raise TreeError("has no other revisions", where=tree.path, hint="REPO@REV, or a directory")
    return tree.directory


def _archive(
    file: str, folder: str, given: str, packs: "Iterable[Pack] | None", told: Told
) -> FileTree:
    from lpae_backport.archive import ArchiveStore
    from lpae_backport.footprint import footprint
    from lpae_backport.storedtree import StoredTree

    wanted = footprint(packs) if packs is not None else None
    return StoredTree(given, ArchiveStore(file, wanted, told), folder)
