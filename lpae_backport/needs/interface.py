# SPDX-License-Identifier: GPL-2.0-only
"""What one tree offers to some code: names by where its includes find them, and what they mean."""

from collections.abc import Collection, Iterable
from functools import cached_property

from lpae_backport.catalog.catalog import Catalog, Place
from lpae_backport.catalog.definitions import Kind, Outline
from lpae_backport.filetree import UnreadableError
from lpae_backport.needs.ctype import CType, Parameter
from lpae_backport.needs.includes import Reach, SearchPath
from lpae_backport.needs.meaning import (
    MacroText,
    Members,
    definition_node,
    macro_text,
    members,
    slice_of,
    type_of_name,
)
from lpae_backport.needs.membermacro import spelled_out

_TAGS = {"struct": Kind.STRUCT, "union": Kind.UNION, "enum": Kind.ENUM}
_TAG_KINDS = (*_TAGS.values(), Kind.FORWARD)
_CALLABLE = (Kind.FUNCTION, Kind.PROTOTYPE)
_MAX_DEPTH = 20


class Interface:
    """What a tree offers to some code.

    Args:
        catalog: the tree.
        search: where its includes look.
        reach: the headers the code reaches.
        folders: the folders of the code itself; what is private there is its own.
        is_complete: whether the code is whole and of this tree, so that it has from its headers
            whatever it uses, and a header it does not reach tells of something else.
    """

    def __init__(
        self,
        catalog: Catalog,
        search: SearchPath,
        reach: Reach,
        folders: Collection[str],
        *,
        is_complete: bool = False,
    ) -> None:
        self.catalog, self.search, self.reach = catalog, search, reach
        self._is_complete = is_complete
        self._folders = tuple(f"{f}/" for f in folders)
        self._places: dict[str, list[Place]] = {}
        self.admitted: set[str] = set()
        """Private headers that count all the same."""
        self._own: dict[str, list[Place]] = {}
        self._offered: dict[str, list[Place]] = {}
        self._data: dict[str, bytes] = {}
        self._members: dict[str, Members | None] = {}
        self._types: dict[Place, CType | None] = {}
        self._macros: dict[Place, MacroText] = {}

    def adopt(self, path: str, data: bytes, outline: Outline) -> None:
        """Take a file of the code itself in: what it introduces comes before all else."""
        self._data[path] = data
        self._offered.clear()
        for d in outline.definitions:
            self._own.setdefault(d.name, []).append(Place(path, d))

    def is_own(self, name: str, *, tag: bool = False) -> bool:
        """Tell whether the code itself introduces a name."""
        return any(
            p.definition.kind.is_tag == tag
            and p.definition.kind not in (Kind.GENERATED, Kind.FORWARD)
            for p in self._own.get(name, ())
        )

    def is_generated(self, name: str) -> bool:
        """Tell whether the code hands a name to a macro at file level that may declare it."""
        return any(p.definition.kind is Kind.GENERATED for p in self._own.get(name, ()))

    def learn(self, names: Iterable[str]) -> None:
        """Look names up in the whole tree, beyond what the code reaches."""
        new = {n for n in names if n not in self._places}
        found = self.catalog.places(new) if new else {}
        for name in new:
            self._offered.pop(name, None)
            # Where a public header has a name, the catalog tells of no private one.
            both = {*found.get(name, ()), *self._private.get(name, ())}
            self._places[name] = sorted(both, key=self._rank)

    def everywhere(self, name: str) -> list[Place]:
        """Return every place that introduces a name, those that are reached first.

        Without an index, what is not reached is known only after `learn`.
        """
        if name not in self._places:
            if not self.catalog.is_quick:
                return self._reached.get(name, [])
            self.learn([name])
        return self._places[name]

    @cached_property
    def _reached(self) -> dict[str, list[Place]]:
        return self.catalog.introduced(self.reach.order)

    @cached_property
    def _private(self) -> dict[str, list[Place]]:
        paths = (p for p in self.reach.order if not self.search.is_public(p))
        return self.catalog.introduced(paths)

    def places(self, name: str) -> list[Place]:
        """Return the places of a name that count for the code, the best first."""
        if name not in self._offered:
            found = [p for p in self.everywhere(name) if self.offers(p.path)]
            self._offered[name] = [*self._own.get(name, ()), *found]
        return self._offered[name]

    def admit(self, path: str) -> None:
        """Let a private header count all the same."""
        self.admitted.add(path)
        self._offered.clear()

    def general(self, name: str) -> list[Place]:
        """Return the places of a name that is no tag."""
        return [p for p in self.places(name) if p.definition.kind not in _TAG_KINDS]

    def opaque(self, name: str) -> list[Place]:
        """Return the places that only say that there is a ``struct name``."""
        return [p for p in self.places(name) if p.definition.kind is Kind.FORWARD]

    def tagged(self, name: str) -> list[Place]:
        """Return the places that define a tag, or the one a macro has for it (``rcu_head``)."""
        found = [p for p in self.places(name) if p.definition.kind.is_tag]
        macro = self.macro(name) if not found else None
        if macro is not None and macro.parameters is None and len(macro.tokens) == 1:
            found = [p for p in self.places(macro.tokens[0]) if p.definition.kind.is_tag]
        return found

    def offers(self, path: str) -> bool:
        """Tell whether a file is part of what the code may use."""
        return (
            path in self.reach
            or path in self.admitted
            or path.startswith(self._folders)
            or (not self._is_complete and self.search.is_public(path))
            or self._is_generic(path)
        )

    def is_driver_own(self, path: str) -> bool:
        """Tell whether a file belongs to the driver that the code is part of."""
        return path.startswith(self._folders)

    def _is_generic(self, path: str) -> bool:
        if not path.startswith(("include/asm-generic/", "include/uapi/asm-generic/")):
            return False
        name = path.rpartition("asm-generic/")[2]
        return self.search.find("", True, f"asm/{name}") == path

    def _rank(self, place: Place) -> tuple[int, int, str, int, int]:
        """Order places: reached headers, then public ones, then the others."""
        reached = self.reach.order.get(place.path)
        kind = place.definition.kind
        weak = 1 if kind is Kind.GENERATED else 0
        if reached is not None:
            return (0, weak, "", reached, place.definition.start)
        level = 1 if self.offers(place.path) else 2
        return (level, weak, place.path, 0, place.definition.start)

    def data(self, path: str) -> bytes:
        """Return the bytes of a file; nothing where it cannot be read."""
        if path not in self._data:
            try:
                self._data[path] = self.catalog.tree.read(path)
            except UnreadableError as e:
                self.catalog.problems.append(f"{path}: {e.message}")
                self._data[path] = b""
        return self._data[path]

    def line(self, place: Place) -> int:
        """Return the line a declaration begins in."""
        data = self.data(place.path)
        text = data[place.definition.start : place.definition.end]
        at = text.find(place.definition.name.encode())
        return data.count(b"\n", 0, place.definition.start + max(at, 0)) + 1

    def type_at(self, place: Place) -> CType | None:
        """Return the type that a declaration gives to its name."""
        if place not in self._types:
            d = place.definition
            self._types[place] = type_of_name(slice_of(self.data(place.path), d), d.name)
        return self._types[place]

    def macro_at(self, place: Place) -> MacroText:
        """Return what a macro stands for."""
        if place not in self._macros:
            d = place.definition
            self._macros[place] = macro_text(self.data(place.path)[d.start : d.end])
        return self._macros[place]

    def macro(self, name: str) -> MacroText | None:
        """Return what a name stands for, if it is a macro for the code."""
        for p in self.general(name):
            if p.definition.kind is Kind.MACRO:
                return self.macro_at(p)
            if p.definition.kind in _CALLABLE:
                return None
        return None

    def declared(self, name: str) -> CType | None:
        """Return the type of a function, variable or typedef."""
        for p in self.general(name):
            if p.definition.kind not in (Kind.MACRO, Kind.ENUMERATOR, Kind.GENERATED):
                t = self.type_at(p)
                if t is not None:
                    return t
        return None

    def resolved(self, t: CType) -> CType:
        """Look through typedefs."""
        for _ in range(_MAX_DEPTH):
            if t.kind != "name" or " " in t.name:
                return t
            found = None
            for p in self.general(t.name):
                if p.definition.kind is Kind.TYPEDEF:
                    found = self.type_at(p)
                    break
            if found is None:
                return t
            t = CType("body", t.name, body=found.body) if found.kind == "body" else found
        return t

    def settled(self, t: CType) -> CType:
        """Look through typedefs, those of what is pointed to and passed among them."""
        t = self.resolved(t) if t.kind == "name" else t
        of = self.settled(t.of) if t.of is not None else None
        parameters = tuple(Parameter(p.name, self.settled(p.type)) for p in t.parameters)
        return CType(t.kind, t.name, of, parameters, t.is_variadic, t.body, t.const)

    def members(self, t: CType) -> tuple[str, Members] | None:
        """Return the fields of a struct or union, and the path they are named by."""
        t = self.resolved(t)
        if t.kind == "body" and t.body is not None:
            return t.name, members(t.body, t.name)
        keyword, _, tag = t.name.partition(" ")
        if t.kind != "name" or keyword not in ("struct", "union"):
            return None
        if t.name not in self._members:
            self._members[t.name] = self._tagged_members(_TAGS[keyword], tag)
        found = self._members[t.name]
        return (tag, found) if found is not None else None

    def _tagged_members(self, kind: Kind, tag: str) -> Members | None:
        """Return the fields of all definitions of a tag: there may be one for each option."""
        found: Members | None = None
        home = ""
        for p in self.tagged(tag):
            if p.definition.kind is not kind or (found is not None and p.path != home):
                continue
            d = p.definition
            text = spelled_out(self.data(p.path)[d.start : d.end], self.macro)
            node = definition_node(text, kind, d.name)
            if node is not None:
                more = members(node, tag)
                home = p.path
                found = (
                    more
                    if found is None
                    else Members(more.fields | found.fields, (*found.unnamed, *more.unnamed))
                )
        return found

    def _through(self, t: CType, names: list[str]) -> tuple[str, CType] | None:
        """Follow the fields that a macro names one after the other."""
        found: tuple[str, CType] | None = None
        for name in names:
            found = self.member(t, name, 1)
            if found is None:
                return None
            t = self.resolved(found[1].inner)
        return found

    def member(self, t: CType, name: str, depth: int = 0) -> tuple[str, CType] | None:
        """Find a field.

        Args:
            t: the struct or union.
            name: the field.
            depth: how many unnamed structs it was looked for in.

        Returns:
            The path it is named by, ``struct.field``, and its type; nothing where there is none.
        """
        found = self.members(t)
        if found is None or depth > _MAX_DEPTH:
            return None
        path, inner = found
        macro = self.macro(name) if name not in inner.fields and not depth else None
        if macro is not None and macro.parameters is None and "." in macro.tokens:
            return self._through(t, [w for w in macro.tokens if w.isidentifier()])
        if name in inner.fields:
            return f"{path}.{name}", inner.fields[name]
        for u in inner.unnamed:
            below = self.member(u, name, depth + 1)
            if below is not None:
                return below
        return None
