# SPDX-License-Identifier: GPL-2.0-only
"""Opens the trees that a command was given, with a bar where that takes a while."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lpae_backport.filetree import FileTree
from lpae_backport.opening import open_tree
from lpae_backport.output import Progress

if TYPE_CHECKING:
    from lpae_backport.rule import Pack


def opened(given: str, packs: "Iterable[Pack] | None") -> FileTree:
    """Open a tree; see `open_tree`.

    Args:
        given: what the user calls it.
        packs: what will be looked for; `None` stands for any source.
    """
    size = os.path.getsize(given) if os.path.isfile(given) else 1
    with Progress(size, f"reading {os.path.basename(given)}") as bar:
        return open_tree(given, packs, bar.reach)
