# SPDX-License-Identifier: GPL-2.0-only
"""The fields that code uses, compared in two trees."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lpae_backport.catalog.catalog import Place
from lpae_backport.catalog.definitions import Kind
from lpae_backport.catalog.filescan import quiet
from lpae_backport.needs.alteration import of_types
from lpae_backport.needs.ctype import CType
from lpae_backport.needs.entry import Entry, entry, site
from lpae_backport.needs.externals import Spot
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.need import Need, NeedKind, Site, Status
from lpae_backport.needs.relation import Relation


class FieldComparison:
    """Compares fields in the tree that code is written for and in another.

    Args:
        trees: the two.
    """

    def __init__(self, trees: Relation) -> None:
        self._trees = trees
        self._new = trees.new
        self._old = trees.old

    def field(self, path: str, used_at: Iterable[Spot]) -> Need | None:
        """Compare a field.

        Args:
            path: what names it, ``struct.field``, or longer where structs are defined in place.
            used_at: the places that use it.
        """
        root, *names = path.split(".")
        mine = self._root(self._new, root)
        if mine is None:
            return None
        t = self._followed(self._new, mine.type, names)
        need = Need(
            path,
            NeedKind.FIELD,
            Status.MISSING,
            _site(self._new, mine.entry.place, names[-1]),
            None,
            "",
            compiles=False,
            used_at=tuple(used_at),
        )
        theirs = self._root(self._old, root)
        if theirs is None:
            return replace(need, how=f"the old tree has no {mine.type.name}")
        return self._field(need, t, mine, theirs, names)

    def _field(
        self, need: Need, new: CType | None, mine: "Root", theirs: "Root", names: list[str]
    ) -> Need:
        old = self._followed(self._old, theirs.type, names)
        there = _site(self._old, theirs.entry.place, names[-1])
        if old is None:
            where = self._nested(theirs.type, names[-1])
            if where is None:
                how = f"{theirs.type.name} of the old tree has no such field"
                return replace(need, how=how)
            return replace(need, status=Status.CHANGED, old=there, how=f"moved to {where}")
        found = of_types(new, old, "it", self._trees.fits) if new is not None else []
        note, moved, reached = self._trees.moved(mine.entry, theirs.entry, theirs.entry.place)
        status = Status.MOVED if moved else Status.SAME
        return replace(
            need,
            status=Status.CHANGED if found else status,
            old=there,
            how="; ".join([*(a.how for a in found), *([note] if note else [])]),
            compiles=reached and all(a.compiles for a in found),
        )

    @staticmethod
    def _root(interface: Interface, name: str) -> "Root | None":
        """Find the struct, or the typedef of one, that a path begins with."""
        found = entry(interface, name, tag=True) or entry(interface, name, tag=False)
        if found is None:
            return None
        place = found.place
        if place.definition.kind is Kind.STRUCT:
            return Root(CType("name", f"struct {name}"), found)
        if place.definition.kind is Kind.UNION:
            return Root(CType("name", f"union {name}"), found)
        if place.definition.kind is Kind.TYPEDEF:
            return Root(CType("name", name), found)
        return None

    @staticmethod
    def _followed(interface: Interface, t: CType, names: list[str]) -> CType | None:
        for name in names:
            found = interface.member(interface.resolved(t.inner), name)
            if found is None:
                return None
            t = found[1]
        return t

    def _nested(self, t: CType, name: str) -> str | None:
        """Look for a field one struct deeper than it was."""
        found = self._old.members(t)
        for outer, inner in found[1].fields.items() if found is not None else ():
            # A struct of a name of its own is another thing with a field of that name.
            if inner.kind == "body" and self._old.member(inner, name) is not None:
                return f"{outer}.{name}"
        return None


def _site(interface: Interface, place: Place, name: str) -> Site:
    """Return where a struct has a field; where that is not seen, where the struct begins."""
    d = place.definition
    text = quiet(interface.data(place.path)[d.start : d.end])
    m = re.search(rb"\b%b\b\s*[;:,)\[=]" % re.escape(name.encode()), text)
    start = site(interface, place)
    if m is None:
        return start
    return Site(place.path, interface.data(place.path).count(b"\n", 0, d.start + m.start()) + 1)


@dataclass(frozen=True)
class Root:
    """The struct, or the typedef of one, that the path of a field begins with."""

    type: CType
    entry: Entry
