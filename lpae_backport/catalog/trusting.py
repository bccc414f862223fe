# SPDX-License-Identifier: GPL-2.0-only
"""Work on indexed trees that does not wait until every file of them has been looked at.

To look at a hundred thousand files takes as long as the work itself. So the trees are taken for
what they were while another process looks; what was worked out is only used if it finds nothing.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from lpae_backport.catalog.catalog import Catalog
from lpae_backport.filetree import FileTree

T = TypeVar("T")


def worked_out(
    trees: Sequence[FileTree],
    opened: Callable[[FileTree, bool], Catalog],
    work: Callable[[Sequence[Catalog]], T],
) -> T:
    """Return what comes of some work on trees, as they are.

    Args:
        trees: the trees.
        opened: opens a tree; told whether to trust its index for now.
        work: what to do; it is done again if a tree turns out to have changed.
    """
    catalogs = [opened(t, True) for t in trees]
    try:
        found = work(catalogs)
    except Exception:
        # A file that is not as the index has it may make any trouble at all.
        if _are_current(catalogs):
            raise
    else:
        if _are_current(catalogs):
            return found
    return work([opened(t, False) for t in trees])


def _are_current(catalogs: Sequence[Catalog]) -> bool:
    return all(c.is_current() for c in catalogs)
