# SPDX-License-Identifier: GPL-2.0-only
"""The answers of the index."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from itertools import count, pairwise
from typing import TypeVar

from lpae_backport.catalog.catalog import Catalog, Place
from lpae_backport.catalog.definitions import Includes, Outline
from lpae_backport.catalog.indexing.database import Database
from lpae_backport.catalog.indexing.packing import DamagedError, Packed, number_of
from lpae_backport.catalog.indexing.place import NoIndexError, remove
from lpae_backport.catalog.indexing.snapshot import Snapshot
from lpae_backport.catalog.treebytes import located, outlined, reader_of
from lpae_backport.catalog.treefiles import Sort, sort_of
from lpae_backport.catalog.unindexed import ScannedCatalog, ordered, told
from lpae_backport.filetree import FileTree, UnreadableError

T = TypeVar("T")


class IndexedCatalog(Catalog):
    """A catalog of a tree as it was when it was opened.

    Args:
        tree: the tree.
        database: the index; this object closes it.
        snapshot: what the files of the tree are.
        check: waits for the answer whether they still are that.
    """

    is_quick = True

    def __init__(
        self,
        tree: FileTree,
        database: Database,
        snapshot: Snapshot,
        check: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(tree)
        self._check = check
        self._instead: Catalog | None = None
        self.problems += snapshot.problems
        self._database = database
        self._snapshot = snapshot
        self._outlines: dict[str, Outline | None] = {}
        self._packed: dict[int, Packed] = {}
        database.pin()  # so that nothing is removed that the snapshot tells of

    def is_current(self) -> bool:
        """Tell whether the tree is what the index has of it; see `Catalog.is_current`."""
        return self._check()

    def outline(self, path: str) -> Outline | None:
        """Return what one file introduces; see `Catalog.outline`."""
        return self._answered(lambda: self._outline(path), lambda c: c.outline(path))

    def includes(self, path: str) -> Includes:
        """Return what one file includes; see `Catalog.includes`."""
        return self._answered(lambda: self._included(path), lambda c: c.includes(path))

    def _included(self, path: str) -> Includes:
        number = self._number(path)
        if number and path not in self._outlines:
            return self._read(number).includes()
        outline = self._outline(path)
        return outline.includes if outline is not None else ()

    def _answered(self, known: Callable[[], T], read: Callable[[Catalog], T]) -> T:
        """Answer from the index, and from the tree itself once the index turns out damaged."""
        if self._instead is None:
            try:
                return known()
            except (DamagedError, NoIndexError):
                self._database.close()
                remove(self._database.path)
                self.is_quick = False
                self._instead = ScannedCatalog(self.tree)
                self._instead.problems = self.problems
        return read(self._instead)

    def _outline(self, path: str) -> Outline | None:
        if path not in self._outlines:
            number = self._number(path)
            if number is not None:
                self._outlines[path] = self._read(number).outline() if number else None
            else:
                self._outlines[path] = self._elsewhere(path)
        return self._outlines[path]

    def _elsewhere(self, path: str) -> Outline | None:
        """Return the outline of what is no file of the index: a link, another kind of name."""
        try:
            where, key = located(self.tree, path)
        except UnreadableError:
            return None
        number = self._number(where)
        if number is not None:
            return self._read(number).outline() if number else None
        try:
            return outlined(where, reader_of(self.tree).read(where, key))
        except UnreadableError as e:
            if str(e) not in self.problems:
                self.problems.append(str(e))
            return None

    def places(self, names: Collection[str], *, sources: bool = False) -> dict[str, list[Place]]:
        """Return where the tree introduces names; see `Catalog.places` and `unindexed.told`."""
        return self._answered(
            lambda: self._places(names, sources), lambda c: c.places(names, sources=sources)
        )

    def _places(self, names: Collection[str], sources: bool) -> dict[str, list[Place]]:
        sorts = (Sort.HEADER, Sort.KCONFIG, Sort.SOURCE)
        holders = self._held((n, number_of(n)) for n in names)
        found = {}
        for name, files in holders.items():
            headers: list[Place] = []
            others: list[Place] = []
            for path, number in files:
                sort = sort_of(path)
                if sort in (sorts if sources else sorts[:2]):
                    new = [Place(path, d) for d in self._read(number).named(name)]
                    (others if sort is Sort.SOURCE else headers).extend(new)
            places = ordered([*told(headers), *others])
            if places:
                found[name] = places
        return found

    def exporters(self, names: Collection[str]) -> dict[str, list[str]]:
        """Return the files that export names; see `Catalog.exporters`."""
        return self._answered(lambda: self._exporters(names), lambda c: c.exporters(names))

    def _exporters(self, names: Collection[str]) -> dict[str, list[str]]:
        holders = self._held((n, number_of(n, exported=True)) for n in names)
        found = {}
        for name, files in holders.items():
            paths = sorted(p for p, n in files if self._read(n).has_export(name))
            if paths:
                found[name] = paths
        return found

    def _held(self, wanted: Iterable[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
        """Return the files that may have names, each with the number of its outline, by name."""
        known = self._last
        asked = {n: {h for h in self._database.holders(i) if h in known} for n, i in wanted}
        files = self._files(set().union(*asked.values()))
        return {
            name: [(path, number) for number in sorted(numbers) for path in files[number]]
            for name, numbers in asked.items()
        }

    def _files(self, numbers: set[int]) -> dict[int, list[str]]:
        """Return the paths of the files that have some outlines."""
        all_of = self._snapshot
        found: dict[int, list[str]] = {}
        for number in numbers:
            paths = found.setdefault(number, [])
            for i in self._indexes.get(number) or (self._last[number],):
                folder = all_of.folders[bisect_right(all_of.ends, i)]
                paths.append(f"{folder}/{all_of.names[i]}" if folder else all_of.names[i])
        return found

    @cached_property
    def _last(self) -> dict[int, int]:
        """The last file that has an outline, by its number."""
        found = dict(zip(self._snapshot.numbers, count(), strict=False))
        found.pop(0, None)
        return found

    @cached_property
    def _indexes(self) -> dict[int, list[int]]:
        """The files that have an outline, by its number, if there are several."""
        numbers = sorted(self._snapshot.numbers)
        found: dict[int, list[int]] = {a: [] for a, b in pairwise(numbers) if a == b}
        found.pop(0, None)
        if found:
            for i, number in enumerate(self._snapshot.numbers):
                if number in found:
                    found[number].append(i)
        return found

    def _number(self, path: str) -> int | None:
        """Return the number of a file's outline; nothing where the index does not have the file."""
        folder, _, name = path.rpartition("/")
        i = self._folders.get(folder)
        if i is None:
            return None
        end = self._snapshot.ends[i]
        start = end - self._snapshot.counts[i]
        try:
            return self._snapshot.numbers[self._snapshot.names.index(name, start, end)]
        except ValueError:
            return None

    @cached_property
    def _folders(self) -> dict[str, int]:
        return {f: i for i, f in enumerate(self._snapshot.folders)}

    def _read(self, number: int) -> Packed:
        if number not in self._packed:
            self._packed[number] = self._database.outline(number)
        return self._packed[number]
