# SPDX-License-Identifier: GPL-2.0-only
"""Where a tree introduces names, found by reading it: the answers of an index without one."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from lpae_backport.catalog.catalog import Catalog, Place
from lpae_backport.catalog.definitions import Definition, Kind, Outline
from lpae_backport.catalog.filescan import scan_kconfig
from lpae_backport.catalog.treebytes import Reader, is_shared, located, outlined, reader_of
from lpae_backport.catalog.treefiles import Sort, files_of, sort_of
from lpae_backport.catalog.wanted import Wanted, words_of
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.workers import spread

_CHUNK = 256
_EXPORT = re.compile(rb"EXPORT_(?:SYMBOL|PER_CPU_SYMBOL|TRACEPOINT_SYMBOL)\w*\s*(?:\(\s*(\w+))?")
_CONFIG = "CONFIG_"

_TELLING = (Sort.HEADER, Sort.KCONFIG)
_SHARED = re.compile(r"include/|arch/[^/]+/include/")
_WEAK = (Kind.FORWARD, Kind.GENERATED)

_File = tuple[str, str]


def told(places: list[Place]) -> list[Place]:
    """Return those places of a name, in order, that a catalog tells.

    A name that a header below ``include`` defines is that of an API: what other headers than
    those of the kernel and its architectures call so is not told. It would have to be looked for
    in all drivers, and is nothing that other code could mean.

    Symbols of Kconfig are told wherever they are.

    Args:
        places: the places in headers, all of one name.
    """
    if any(map(_is_public, places)):
        places = [p for p in places if _shared(p.path)]
    return ordered(places)


def _is_public(place: Place) -> bool:
    d = place.definition
    is_real = d.kind not in _WEAK and not d.name.startswith(_CONFIG)
    return is_real and place.path.startswith("include/")


def _shared(path: str) -> bool:
    return _SHARED.match(path) is not None


def ordered(places: list[Place]) -> list[Place]:
    """Return places in the order of their paths, and of the text of each."""
    return sorted(places, key=lambda p: (p.path, p.definition.start))


class ScannedCatalog(Catalog):
    """A catalog of a tree that is read anew for each question, by as many processes as help.

    Args:
        tree: the tree.
        processes: how many to use at most; `None` stands for the number of processors.
    """

    def __init__(self, tree: FileTree, processes: int | None = None) -> None:
        super().__init__(tree)
        self._reader = reader_of(tree)
        self._processes = processes if is_shared(self._reader) else 1
        self._outlines: dict[str, Outline | None] = {}
        self._files: list[_File] = []
        self._exporting: set[str] = set()
        self._is_told = False  # whether all headers that export are known
        self._headers: dict[str, list[Place]] = {}
        self._sources: dict[str, list[Place]] = {}
        self._exporters: dict[str, list[str]] = {}

    def outline(self, path: str) -> Outline | None:
        """Return what one file introduces; see `Catalog.outline`."""
        if path not in self._outlines:
            self._outlines[path] = None
            try:
                where, key = located(self.tree, path)
            except UnreadableError:
                return None  # not there, or no part of the tree
            try:
                self._outlines[path] = outlined(path, self._reader.read(where, key))
            except UnreadableError as e:
                self._complain([str(e)])
        return self._outlines[path]

    def places(self, names: Collection[str], *, sources: bool = False) -> dict[str, list[Place]]:
        """Return where the tree introduces names; see `Catalog.places` and `told`."""
        todo = frozenset(n for n in names if n not in self._headers)
        if todo and all(n.startswith(_CONFIG) for n in todo):
            self._headers.update(self._places(todo, lambda p: sort_of(p) is Sort.KCONFIG))
        elif todo:
            self._headers.update(
                self._places(todo, lambda p: sort_of(p) in _TELLING and _shared(p))
            )
            rest = frozenset(n for n in todo if not any(map(_is_public, self._headers[n])))
            if rest:
                more = self._places(rest, lambda p: sort_of(p) in _TELLING and not _shared(p))
                for name, places in more.items():
                    self._headers[name] = ordered([*self._headers[name], *places])
                self._is_told = True
        found = {n: self._headers[n] for n in names}
        if sources:
            todo = frozenset(n for n in names if n not in self._sources)
            if todo:
                self._sources.update(self._places(todo, lambda p: sort_of(p) is Sort.SOURCE))
            found = {n: ordered([*found[n], *self._sources[n]]) for n in found}
        return {n: p for n, p in found.items() if p}

    def _places(
        self, names: frozenset[str], where: Callable[[str], bool]
    ) -> dict[str, list[Place]]:
        found: dict[str, list[Place]] = {n: [] for n in names}
        for part in self._search(_Search(self._reader, names, exports=False), where):
            for path, definition in part.definitions:
                found[definition.name].append(Place(path, definition))
            self._exporting.update(part.exporting)
        return {n: ordered(p) for n, p in found.items()}

    def exporters(self, names: Collection[str]) -> dict[str, list[str]]:
        """Return the files that export names; see `Catalog.exporters`."""
        todo = frozenset(n for n in names if n not in self._exporters)
        if todo:
            found: dict[str, list[str]] = {n: [] for n in todo}
            for part in self._search(_Search(self._reader, todo, exports=True), self._may_export):
                for name, path in part.exports:
                    found[name].append(path)
            self._exporters.update((n, sorted(p)) for n, p in found.items())
        return {n: self._exporters[n] for n in names if self._exporters[n]}

    def _may_export(self, path: str) -> bool:
        sort = sort_of(path)
        if sort is Sort.HEADER and self._is_told:
            return path in self._exporting
        return sort is not Sort.KCONFIG

    def _search(self, search: "_Search", where: Callable[[str], bool]) -> Iterator["_Part"]:
        """Search some of the files."""
        if not self._files:
            self._files = sorted(files_of(self.tree, self.problems))
        files = [f for f in self._files if where(f[0])]
        count = max(1, -(-len(files) // _CHUNK))
        # Every n-th file, so that each chunk has its share of the large ones.
        chunks = (files[i::count] for i in range(count))
        for part in spread(search, chunks, self._processes):
            self._complain(part.problems)
            yield part

    def _complain(self, problems: list[str]) -> None:
        self.problems += [p for p in problems if p not in self.problems]


@dataclass(slots=True)
class _Part:
    """What some files came to."""

    definitions: list[tuple[str, Definition]] = field(default_factory=list)
    exports: list[tuple[str, str]] = field(default_factory=list)
    exporting: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _Search:
    """Looks for names in some files; goes to other processes whole."""

    def __init__(self, reader: Reader, names: frozenset[str], *, exports: bool) -> None:
        self._reader = reader
        self._names = names
        self.exports = exports
        self._wanted = Wanted(names)
        self._symbols = frozenset(
            n.removeprefix(_CONFIG).encode("utf-8", "surrogateescape")
            for n in names
            if n.startswith(_CONFIG)
        )

    def __call__(self, files: list[_File]) -> _Part:
        """Search some files."""
        part = _Part()
        for path, key in files:
            try:
                data = self._reader.read(path, key)
                if self.exports:
                    part.exports += [(n, path) for n in self._exported(path, data)]
                else:
                    part.definitions += [(path, d) for d in self._introduced(path, data)]
                    if b"EXPORT_" in data:
                        part.exporting.append(path)
            except UnreadableError as e:
                part.problems.append(str(e))
        return part

    def _introduced(self, path: str, data: bytes) -> list[Definition]:
        words = words_of(data)
        if sort_of(path) is Sort.KCONFIG:
            if self._symbols.isdisjoint(words):
                return []
            return [d for d in scan_kconfig(data).definitions if d.name in self._names]
        return [] if self._wanted.names.isdisjoint(words) else self._wanted.introduced(data)

    def _exported(self, path: str, data: bytes) -> frozenset[str]:
        if b"EXPORT_" not in data:
            return frozenset()
        # An empty one has a comment or a line's end where the name should be.
        found = frozenset(_EXPORT.findall(data))
        if b"" not in found and self._wanted.names.isdisjoint(found):
            return frozenset()
        return outlined(path, data).exports & self._names
