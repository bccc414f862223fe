# SPDX-License-Identifier: GPL-2.0-only
"""Where a tree introduces a name: the question behind `needs`, however it is answered."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lpae_backport.catalog.definitions import Definition, Includes, Outline
from lpae_backport.filetree import FileTree


@dataclass(frozen=True, slots=True)
class Place:
    """A file that introduces a name, and how."""

    path: str
    definition: Definition


class Catalog(ABC):
    """What the files of a tree introduce at file level.

    Args:
        tree: the tree.

    Attributes:
        problems: what could not be read, and why: one line a file.
    """

    is_quick = False
    """Whether one name is looked up without reading the whole tree."""

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        self.problems: list[str] = []

    def is_current(self) -> bool:
        """Tell whether the answers so far are those of the tree as it was when it was opened."""
        return True

    @abstractmethod
    def outline(self, path: str) -> Outline | None:
        """Return what one file introduces; nothing where it is not there or cannot be read."""

    def includes(self, path: str) -> Includes:
        """Return what one file includes; nothing where it cannot be read."""
        outline = self.outline(path)
        return outline.includes if outline is not None else ()

    @abstractmethod
    def places(self, names: Collection[str], *, sources: bool = False) -> dict[str, list[Place]]:
        """Return where the headers of the whole tree introduce names, by name, in path order.

        Of a name that a header below ``include`` really defines, only the places there and in
        ``arch/*/include`` are told: what a driver's own header calls so is another thing.

        Args:
            names: what to look for; symbols of Kconfig with ``CONFIG_`` before them.
            sources: whether to look into sources (.c) too.
        """

    def introduced(self, paths: Iterable[str]) -> dict[str, list[Place]]:
        """Return what some files introduce, by name, in the order of the files."""
        found: dict[str, list[Place]] = {}
        for path in paths:
            outline = self.outline(path)
            for d in outline.definitions if outline is not None else ():
                found.setdefault(d.name, []).append(Place(path, d))
        return found

    @abstractmethod
    def exporters(self, names: Collection[str]) -> dict[str, list[str]]:
        """Return the files that export names to modules, by name."""
