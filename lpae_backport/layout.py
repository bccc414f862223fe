# SPDX-License-Identifier: GPL-2.0-only
"""Which file of this tree is the one a rule means?

A BSP moves files, keeps old copies and renames drivers. What is built decides, not what lies
around: the Makefile's word on a Kconfig symbol, and for a header the file that includes it.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lpae_backport.filetree import EmptyError, FileTree, OutsideError, UnreadableError
from lpae_backport.kconfig import Kbuild
from lpae_backport.masking import decode, without_comments
from lpae_backport.rule import FileSpec, Pack
from lpae_backport.source import Source
from lpae_backport.symbols import CodeFile

_SEARCH_DEPTH = 3
_INCLUDE_DEPTH = 6
_HEADER_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is there but could not be read, and why."""

    path: str
    reason: str


Resolved = CodeFile | Unreadable


@dataclass(frozen=True, slots=True)
class Includers:
    """The lines that include a header, as pairs of path and line, and what could not be read."""

    places: tuple[tuple[str, int], ...]
    unread: tuple[Unreadable, ...]


def _parsed(path: str, data: bytes) -> Resolved:
    if b"\r" in data and b"\n" not in data:
        return Unreadable(path, "its lines end in CR alone")
    return CodeFile(Source(path, data))


class Layout:
    """One tree seen through a pack's logical files.

    Args:
        tree: the tree.
        pack: the pack whose file names are to be resolved.
        parsed: files that were parsed before, by path and content; more are added to it.
    """

    def __init__(
        self,
        tree: FileTree,
        pack: Pack,
        parsed: dict[tuple[str, bytes], Resolved] | None = None,
    ) -> None:
        self.tree = tree
        self._parsed = parsed if parsed is not None else {}
        self._specs = pack.files
        self.known_functions = pack.known_functions()
        self._makefiles = pack.makefiles
        self._read: dict[str, Resolved] = {}
        self._resolved: dict[str, tuple[str, ...]] = {}
        self.consulted: set[str] = set()
        """The files that were asked for, whether they could be read or not."""
        self._includers: dict[tuple[tuple[str, ...], tuple[str, ...]], Includers] = {}

    @property
    def header_names(self) -> list[str]:
        """The logical files that are found by being included."""
        return [s.name for s in self._specs.values() if s.included_by]

    def plain_paths(self, name: str) -> list[str]:
        """Return the places of a logical file that is no C (a Kconfig), as far as they exist."""
        return [p for p in self._specs[name].paths if self.tree.is_file(p)]

    @cached_property
    def kbuild(self) -> Kbuild:
        """The Makefiles of the pack's top directory."""
        return Kbuild(self.tree, self._makefiles)

    def problems(self) -> list[str]:
        """Return one line for each file that could not be read so far."""
        files = [f"{r.path}: {r.reason}" for r in self._read.values() if isinstance(r, Unreadable)]
        return files + (self.kbuild.problems if self._makefiles else [])

    def notes(self) -> list[str]:
        """Return one line for each driver that a Makefile builds but the tree does not have.

        Its steps are not applicable here; whether the checkout is whole only its owner knows.
        """
        found = []
        for spec in self._specs.values():
            if not spec.config or self._resolved.get(spec.name) != ():
                continue
            gone = [p for p in self.kbuild.sources(spec.config) if not self.tree.is_file(p)]
            under = [
                d for d in self.kbuild.absent if any(p.startswith(f"{d}/") for p in spec.paths)
            ]
            found += [f"a Makefile builds {p}, which is not here" for p in (gone or under)[:1]]
        return found

    def files(self, name: str) -> list[Resolved]:
        """Return what the logical file `name` is in this tree.

        Usually one file; none where the tree has no such driver; several where nothing tells
        which of two copies is built, and then all of them have to satisfy a check.
        """
        if name not in self._resolved:
            self._resolved[name] = tuple(self._resolve(self._specs[name]))
        return [self.open(p) for p in self._resolved[name]]

    def paths(self, name: str) -> tuple[str, ...]:
        """Return where the logical file stands, or could stand, for a message."""
        return self._resolved.get(name) or self._specs[name].paths

    def open(self, path: str) -> Resolved:
        """Return one file by its path, parsed once."""
        self.consulted.add(path)
        if path not in self._read:
            try:
                data = self.tree.read(path)
                if (path, data) not in self._parsed:
                    self._parsed[path, data] = _parsed(path, data)
                self._read[path] = self._parsed[path, data]
            except UnreadableError as e:
                self._read[path] = Unreadable(path, e.message)
            except RecursionError:
                self._read[path] = Unreadable(path, "nested too deeply to be read")
        return self._read[path]

    def private_headers(self, file: CodeFile) -> list[CodeFile]:
        """Return the headers beside a file that it includes by their bare names."""
        here = posixpath.dirname(file.path)
        names = [i.header for i in file.source.includes if not i.is_system and "/" not in i.header]
        paths = [posixpath.join(here, n) for n in names]
        opened = [self.open(p) for p in paths if self.tree.is_file(p)]
        return [h for h in opened if isinstance(h, CodeFile)]

    def _resolve(self, spec: FileSpec) -> list[str]:
        present = [p for p in spec.paths if self.tree.is_file(p)]
        if spec.included_by:
            return self._included(spec, present)
        if spec.config and self._makefiles:
            built = [p for p in self.kbuild.sources(spec.config) if self.tree.is_file(p)]
            chosen = [p for p in built if p in present or self._defines(p, spec.defines)]
            if chosen:
                return chosen
        if self._makefiles and self.kbuild.found and (len(present) > 1 or spec.otherwise):
            named = [p for p in present if self.kbuild.is_built(p)]
            present = named if spec.otherwise else named or present
        if not present and spec.otherwise:
            return [f.path for f in self.files(spec.otherwise)]
        if spec.under and not any(self.kbuild.is_built(p) for p in present):
            # Not what is built: look for a renamed driver that is.
            present = self._search(spec) or present
        return present

    def _included(self, spec: FileSpec, present: list[str]) -> list[str]:
        """Choose the header that the including file really gets."""
        names = {posixpath.basename(p) for p in spec.paths}
        found: dict[str, None] = {}
        for user in self.files(spec.included_by):
            if isinstance(user, CodeFile):
                found |= dict.fromkeys(self._reached(user, names, _HEADER_DEPTH))
        return list(found) or present[:1]

    def _reached(self, file: CodeFile, names: set[str], depth: int) -> list[str]:
        """Return the headers of these names that `file` includes, through others if need be."""
        includes = [(i.header, i.is_system) for i in file.source.includes]
        direct = [
            path
            for header, system in includes
            if posixpath.basename(header) in names
            for path in [self._header(file.path, header, system)]
            if path is not None and path != file.path
        ]
        onward = [p for d in direct for p in self._forwarded(d, names, depth)]
        if direct or depth == 0:
            return onward
        for header, system in includes:
            path = None if system else self._header(file.path, header, system)
            opened = self.open(path) if path is not None else None
            if isinstance(opened, CodeFile):
                onward += self._reached(opened, names, depth - 1)
        return onward

    def _forwarded(self, path: str, names: set[str], depth: int) -> list[str]:
        """Return the header itself, or the one of the same name that it only passes on."""
        opened = self.open(path)
        if isinstance(opened, CodeFile) and depth > 0:
            return self._reached(opened, names, 0) or [path]
        return [path]

    def _header(self, user: str, header: str, system: bool) -> str | None:
        """Return where an ``#include`` leads, if that is in this tree."""
        for base in (() if system else (posixpath.dirname(user),)) + ("include",):
            path = posixpath.normpath(posixpath.join(base, header))
            if not path.startswith("..") and self.tree.is_file(path):
                return path
        return None

    def _defines(self, path: str, word: str) -> bool:
        if not word:
            return False
        try:
            return (
                re.search(rb"\b%b\b" % re.escape(word.encode()), self.tree.read(path)) is not None
            )
        except UnreadableError:
            return False

    def _search(self, spec: FileSpec) -> list[str]:
        """Look for a renamed driver by what it defines."""
        found = [
            p
            for p in self.tree.walk(spec.under, _SEARCH_DEPTH)
            if p.endswith(".c") and self._defines(p, spec.defines)
        ]
        return [p for p in found if self.kbuild.is_built(p)] if self.kbuild.found else found[:1]

    def includers(self, headers: tuple[str, ...], folders: tuple[str, ...]) -> Includers:
        """Find the lines that include one of `headers`, by a path that leads to that very file.

        Args:
            headers: paths below the kernel's root.
            folders: directories to look in; sources in them and below are read as bytes only.

        Returns:
            The lines, and the sources that might have such a line but could not be read.
        """
        key = (headers, folders)
        if key not in self._includers:
            unread: list[Unreadable] = []
            places = tuple(self._scan(headers, folders, unread))
            self._includers[key] = Includers(places, tuple(unread))
        return self._includers[key]

    def _sources(self, folders: tuple[str, ...], unread: list[Unreadable]) -> Iterator[str]:
        for folder in folders:
            try:
                for path in self.tree.walk(folder, _INCLUDE_DEPTH):
                    if path.endswith((".c", ".h")):
                        yield path
            except UnreadableError as e:
                unread.append(Unreadable(folder, e.message))

    def _scan(
        self, headers: tuple[str, ...], folders: tuple[str, ...], unread: list[Unreadable]
    ) -> Iterator[tuple[str, int]]:
        names = [posixpath.basename(h).encode() for h in headers]
        line = re.compile(
            rb"^[ \t]*#[ \t]*include[ \t]*[\"<]([^\">\n]*(?:%b))[\">]"
            % b"|".join(map(re.escape, names)),
            re.MULTILINE,
        )
        for path in self._sources(folders, unread):
            try:
                data = self.tree.read(path)
            except OutsideError:
                continue
            except UnreadableError as e:
                # Placeholder headers are left empty; a driver is empty where a checkout broke off.
                if not (isinstance(e, EmptyError) and path.endswith(".h")):
                    unread.append(Unreadable(path, e.message))
                continue
            if not any(n in data for n in names):
                continue
            for m in line.finditer(without_comments(data)):
                written = decode(m[1])
                beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), written))
                # A bare name with no such file beside it can only come by a -I.
                stray = "/" not in written and not self.tree.is_file(beside)
                if beside in headers or stray:
                    yield path, data.count(b"\n", 0, m.start()) + 1
