# SPDX-License-Identifier: GPL-2.0-only
"""Which functions and variables an old tree has, but does not export to modules."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from lpae_backport.catalog.catalog import Place
from lpae_backport.catalog.definitions import Kind
from lpae_backport.needs.entry import entry
from lpae_backport.needs.need import Need, NeedKind, Status
from lpae_backport.needs.relation import Relation

_KINDS = (NeedKind.FUNCTION, NeedKind.VARIABLE)
_BODIES = (Kind.FUNCTION, Kind.VARIABLE)
_MOST = 400
"""Sources of a folder beyond which it is no driver's own."""


class Exports:
    """What code that can be a module needs exported.

    Args:
        trees: the tree that the code is written for, and the one that is to receive it.
        folders: the folders of the code.
    """

    def __init__(self, trees: Relation, folders: set[str]) -> None:
        self._new = trees.new
        self._old = trees.old
        self._folders = folders

    def marked(self, needs: list[Need]) -> list[Need]:
        """Mark what the old tree has and does not export."""
        found = [n for n in needs if n.kind in _KINDS and n.old is not None]
        # What is part of the same driver is linked into the same module.
        asked = {n.name for n in found if n.old and not self._old.is_driver_own(n.old.file)}
        asked = {a for a in asked if self._is_extern(a)}
        exported = self._old.catalog.exporters(asked)
        bare = asked - set(exported)
        bare -= self._linked if bare else frozenset()
        beside = {a for a in bare if self._is_beside(a)}
        rest = bare - beside
        homes = self._old.catalog.places(rest, sources=True) if rest else {}
        inside = beside | {a for a in bare if any(_is_body(p) for p in homes.get(a, ()))}
        return [_hidden(n) if n.name in inside and n.kind in _KINDS else n for n in needs]

    @cached_property
    def _linked(self) -> frozenset[str]:
        """The names that sources beside the code define; their header may stand elsewhere."""
        catalog = self._new.catalog
        found: set[str] = set()
        for path in self._beside():
            outline = catalog.outline(path)
            if outline is not None:
                found |= {d.name for d in outline.definitions if d.kind in _BODIES}
        return frozenset(found)

    def _beside(self) -> Iterator[str]:
        for folder in self._folders:
            names = [n for n in self._new.catalog.tree.listing(folder).files if n.endswith(".c")]
            if len(names) <= _MOST:
                yield from (posixpath.join(folder, posixpath.basename(n)) for n in names)

    def _is_beside(self, name: str) -> bool:
        """Tell whether a source beside the header, of its name, has the body of a function."""
        found = entry(self._old, name, tag=False)
        for p in found.places if found is not None else ():
            outline = self._old.catalog.outline(f"{p.path.removesuffix('.h')}.c")
            for d in outline.definitions if outline is not None else ():
                if d.name == name and d.kind is Kind.FUNCTION:
                    return True
        return False

    def _is_extern(self, name: str) -> bool:
        found = entry(self._old, name, tag=False)
        if found is None:
            return False
        kinds = {p.definition.kind for p in found.places}
        return not kinds & {Kind.FUNCTION, Kind.MACRO}


def _hidden(need: Need) -> Need:
    how = "; ".join(t for t in (need.how, "not exported to modules in the old tree") if t)
    return replace(need, status=Status.CHANGED, how=how, compiles=need.compiles)


def _is_body(place: Place) -> bool:
    return place.definition.kind in _BODIES and place.path.endswith(".c")
