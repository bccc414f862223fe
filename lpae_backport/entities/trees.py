# SPDX-License-Identifier: GPL-2.0-only
"""Compares files of two trees entity by entity, wherever they stand now."""

import posixpath
from dataclasses import dataclass

from lpae_backport.entities.counterpart import Counterpart, counterpart
from lpae_backport.entities.elsewhere import followed
from lpae_backport.entities.files import compare_files
from lpae_backport.entities.rows import Row, Status
from lpae_backport.entities.sources import DEPTH, EntityTree, is_source
from lpae_backport.errors import TreeError, UsageError
from lpae_backport.filetree import FileTree

_IN_FOLDER = 200
"""Most files of a folder that are compared in one run."""


class AbsentError(TreeError):
    """What was asked for is in neither tree."""


@dataclass(frozen=True, slots=True)
class FilePair:
    """One file on both sides.

    Attributes:
        old: its path as it was; `None` where it is new.
        new: its path as it is; `None` where it is gone.
        similarity: how alike both are; `None` where there is only one.
        how: what made them a pair.
    """

    old: str | None
    new: str | None
    similarity: float | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What became of the entities of one file, or of those of one name in it.

    Attributes:
        pair: the file.
        rows: its entities.
        symbol: the name that was asked for; empty where the whole file was.
        trouble: why the file could not be compared, empty where it could.
    """

    pair: FilePair
    rows: tuple[Row, ...]
    symbol: str = ""
    trouble: str = ""

    @property
    def differs(self) -> bool:
        """Tell whether anything is not the same, or could not be judged."""
        moved = self.pair.old != self.pair.new
        return bool(self.trouble) or moved or any(r.status is not Status.SAME for r in self.rows)


@dataclass(frozen=True, slots=True)
class TreeDiff:
    """The differences that were asked for.

    Attributes:
        old: the tree as it was.
        new: the tree as it is.
        threshold: how alike things of different names must be to be one.
        sections: what was compared.
        notes: what could not be read or was left out, one line each.
        absent: those notes that tell what is in neither tree, though asked for.
    """

    old: FileTree
    new: FileTree
    threshold: float
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Tell whether there is any difference, or something that could not be compared."""
        return bool(self.absent) or any(s.differs for s in self.sections)


class TreeComparison:
    """Two trees, read as far as is asked for.

    Args:
        old: the tree as it was.
        new: the tree as it is.
        threshold: how alike things of different names must be to be one, from 0 to 1.
    """

    def __init__(self, old: FileTree, new: FileTree, threshold: float) -> None:
        self.old = EntityTree(old, "OLD")
        self.new = EntityTree(new, "NEW")
        self.threshold = threshold
        self._compared: dict[tuple[str | None, str | None], tuple[Row, ...]] = {}

    def result(self, sections: list[Section], absent: tuple[str, ...] = ()) -> TreeDiff:
        """Return sections with what is to be known about them, and what is in neither tree."""
        notes = tuple(
            f"{t.side} {p}: {why}" for t in (self.old, self.new) for p, why in t.problems.items()
        )
        trees = self.old.tree, self.new.tree
        return TreeDiff(*trees, self.threshold, tuple(sections), absent + notes, absent)

    def path(self, given: str) -> list[Section]:
        """Compare a file, or every file of a folder.

        Raises:
            AbsentError: neither tree has it.
            TreeError: it leads out of the tree, or cannot be read, or is no C text.
        """
        path = posixpath.normpath(given)
        if path.startswith(("/", "..")):
            raise TreeError("leads out of the tree", where=given, hint="a path below the kernel")
        if self.old.has(path) or self.new.has(path):
            if not is_source(path):
                raise TreeError("no C text by its name", where=path, hint=".c, .h, .S or .inc")
            section = self.section(*self.pair(path))
            if section.trouble:
                raise TreeError(section.trouble)
            return [section]
        found = dict.fromkeys([*self.old.sources(path, DEPTH), *self.new.sources(path, DEPTH)])
        if not found:
            raise AbsentError("in neither tree", where=given, hint="a path below the kernel's top")
        if len(found) > _IN_FOLDER:
            text = f"{len(found)} files, at most {_IN_FOLDER} are compared"
            raise UsageError(text, where=given, hint="name a folder below it")
        return self._folder(sorted(found))

    def _folder(self, paths: list[str]) -> list[Section]:
        pairs = {self.pair(p)[:2]: self.pair(p) for p in paths}
        return [self.section(*pair) for pair in pairs.values()]

    def pair(self, path: str) -> tuple[str | None, str | None, Counterpart | None]:
        """Return a file that at least one tree has, on both sides, and what made them a pair."""
        if self.old.has(path):
            found = counterpart(path, self.old, self.new, self.threshold)
            return path, found.path if found else None, found
        found = counterpart(path, self.new, self.old, self.threshold)
        return found.path if found else None, path, found

    def section(
        self, old: str | None, new: str | None, found: Counterpart | None = None
    ) -> Section:
        """Compare two files.

        Args:
            old: the path of one; `None` stands for none.
            new: the path of the other.
            found: what made them a pair.
        """
        pair = FilePair(old, new, found.similarity if found else None, found.how if found else "")
        for tree, p in ((self.old, old), (self.new, new)):
            if p is not None and tree.file(p) is None:
                trouble = f"{tree.side} {p}: {tree.problems.pop(p)}"
                return Section(pair, (), trouble=trouble)
        rows = followed(self.rows(old, new), self.old, self.new, self.threshold)
        return Section(pair, rows)

    def rows(self, old: str | None, new: str | None) -> tuple[Row, ...]:
        """Return what became of the entities of two files; `None` stands for no file."""
        key = (old, new)
        if key not in self._compared:
            before = self.old.file(old) if old is not None else None
            after = self.new.file(new) if new is not None else None
            self._compared[key] = compare_files(before, after, self.threshold)
        return self._compared[key]
