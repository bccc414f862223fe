# SPDX-License-Identifier: GPL-2.0-only
"""What code of a new tree needs that an old tree lacks, or has in another form."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lpae_backport.admission import why_missing
from lpae_backport.alteration import Alteration, of_functions, of_macros, of_types
from lpae_backport.catalog import Place
from lpae_backport.ctype import CType
from lpae_backport.definitions import Kind
from lpae_backport.entry import Entry, entry, site, value_of
from lpae_backport.externals import Spot
from lpae_backport.interface import Interface
from lpae_backport.need import Need, NeedKind, Status


class Comparison:
    """Compares what code needs in the tree that it is written for and in another.

    Args:
        new: the tree that the code is written for.
        old: the tree that is to receive it.
        is_module: whether the code can be a module, so that it needs what is exported.
    """

    def __init__(self, new: Interface, old: Interface, *, is_module: bool) -> None:
        self._new = new
        self._old = old
        self._is_module = is_module

    def name(self, name: str, used_at: Iterable[Spot], *, tag: bool = False) -> Need | None:
        """Compare a name that is no field.

        Args:
            name: the name.
            used_at: the places that use it.
            tag: whether it is that of a struct, union or enum.

        Returns:
            What became of it; nothing where the new tree does not define it either.
        """
        mine = entry(self._new, name, tag=tag)
        if mine is None:
            return None
        need = Need(
            name,
            mine.kind,
            Status.MISSING,
            site(self._new, mine.place),
            None,
            "",
            compiles=False,
            used_at=tuple(used_at),
            alternatives=len(mine.places) + mine.others - 1,
        )
        theirs = entry(self._old, name, tag=tag)
        if theirs is None:
            return replace(need, how=why_missing(self._old, name, tag=tag))
        return self._present(need, mine, theirs)

    def _present(self, need: Need, mine: Entry, theirs: Entry) -> Need:
        best: tuple[list[Alteration], Place] | None = None
        for p in theirs.places:
            for q in mine.places:
                found = list(self._alterations(q, p))
                if best is None or len(found) < len(best[0]):
                    best = (found, p)
                if not found:
                    break
            if best is not None and not best[0]:
                break
        assert best is not None
        alterations, place = best
        status = Status.CHANGED if alterations else Status.SAME
        notes = [a.how for a in alterations]
        compiles = all(a.compiles for a in alterations)
        note, reached = self._moved(mine.place, place, theirs)
        if note:
            notes.append(note)
            compiles = compiles and reached
            status = Status.MOVED if status is Status.SAME else status
        count = need.alternatives + len(theirs.places) + theirs.others - 1
        return replace(
            need,
            status=status,
            old=site(self._old, place),
            how="; ".join(notes),
            compiles=compiles,
            alternatives=count,
        )

    def _moved(self, new: Place, old: Place, theirs: Entry) -> tuple[str, bool]:
        """Say that a definition is in another header, and tell whether the code reaches it."""
        here = self._new.search.name(new.path)
        if any(self._old.search.name(p.path) == here for p in theirs.places):
            return "", True
        reached = old.path in self._old.reach
        if old.path in self._old.admitted:
            return f"in {old.path}, which is private to its folder", False
        return f"in {old.path}" + ("" if reached else ", which the code does not reach"), reached

    def _alterations(self, new: Place, old: Place) -> Iterator[Alteration]:
        """Compare two definitions of one name."""
        mine, theirs = new.definition.kind, old.definition.kind
        functions = (Kind.FUNCTION, Kind.PROTOTYPE)
        name = new.definition.name
        if mine in functions and theirs in functions:
            a, b = self._new.type_at(new), self._old.type_at(old)
            if a is None or b is None:
                return
            yield from of_functions(a, b)
        elif mine is Kind.MACRO and theirs is Kind.MACRO:
            values = value_of(self._new, name), value_of(self._old, name)
            yield from of_macros(self._new.macro_at(new), self._old.macro_at(old), values)
        elif {mine, theirs} <= {Kind.MACRO, Kind.ENUMERATOR}:
            yield from self._values(name)
        elif Kind.MACRO in (mine, theirs):
            yield self._rewritten(new, old)
        elif mine.is_tag or theirs.is_tag:
            if mine is not theirs:
                text = f"{mine.name.lower()}, in the old tree {theirs.name.lower()}"
                yield Alteration(text, compiles=False)
        elif mine is theirs:
            a, b = self._new.type_at(new), self._old.type_at(old)
            if a is not None and b is not None:
                yield from of_types(a, b, "it")
        else:
            text = f"{_word(mine)}, in the old tree {_word(theirs)}"
            yield Alteration(text, compiles=False)

    def _values(self, name: str) -> Iterator[Alteration]:
        a, b = value_of(self._new, name), value_of(self._old, name)
        if a is not None and b is not None and a != b:
            yield Alteration(f"value {a}, in the old tree {b}", compiles=True)

    def _rewritten(self, new: Place, old: Place) -> Alteration:
        """Compare a macro with what is none."""
        is_macro = new.definition.kind is Kind.MACRO
        macro = self._new.macro_at(new) if is_macro else self._old.macro_at(old)
        t = self._old.type_at(old) if is_macro else self._new.type_at(new)
        other = old.definition.kind if is_macro else new.definition.kind
        text = f"macro, in the old tree {_word(other)}"
        if not is_macro:
            text = f"{_word(other)}, in the old tree a macro"
        fits = t is None or _same_count(macro.parameters, t)
        return Alteration(text, compiles=fits)

    def exports(self, needs: list[Need]) -> list[Need]:
        """Mark functions and variables that the old tree does not export to modules."""
        if not self._is_module:
            return needs
        kinds = (NeedKind.FUNCTION, NeedKind.VARIABLE)
        asked = {n.name for n in needs if n.kind in kinds and n.old is not None}
        asked = {a for a in asked if self._is_extern(a)}
        exported = self._old.catalog.exporters(asked)
        bare = asked - set(exported)
        homes = self._old.catalog.places(bare, sources=True) if bare else {}
        inside = {a for a in bare if any(_is_body(p) for p in homes.get(a, ()))}
        return [self._hidden(n) if n.name in inside and n.kind in kinds else n for n in needs]

    def _is_extern(self, name: str) -> bool:
        found = entry(self._old, name, tag=False)
        if found is None:
            return False
        kinds = {p.definition.kind for p in found.places}
        return not kinds & {Kind.FUNCTION, Kind.MACRO}

    @staticmethod
    def _hidden(need: Need) -> Need:
        how = "; ".join(t for t in (need.how, "not exported to modules in the old tree") if t)
        return replace(need, status=Status.CHANGED, how=how, compiles=need.compiles)

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
        t = self._followed(self._new, mine[0], names)
        need = Need(
            path,
            NeedKind.FIELD,
            Status.MISSING,
            site(self._new, mine[1]),
            None,
            "",
            compiles=False,
            used_at=tuple(used_at),
        )
        theirs = self._root(self._old, root)
        if theirs is None:
            return replace(need, how=f"the old tree has no {mine[0].name}")
        return self._field(need, t, theirs, names)

    def _field(
        self, need: Need, new: CType | None, root: tuple[CType, Place], names: list[str]
    ) -> Need:
        old = self._followed(self._old, root[0], names)
        if old is None:
            moved = self._nested(root[0], names[-1])
            if moved is None:
                return replace(need, how=f"{root[0].name} of the old tree has no such field")
            where, _ = moved
            text = f"moved to {where}"
            there = site(self._old, root[1])
            return replace(need, status=Status.CHANGED, old=there, how=text)
        there = site(self._old, root[1])
        found = of_types(new, old, "it") if new is not None else []
        if not found:
            return replace(need, status=Status.SAME, old=there, compiles=True)
        return replace(
            need,
            status=Status.CHANGED,
            old=there,
            how="; ".join(a.how for a in found),
            compiles=all(a.compiles for a in found),
        )

    def _root(self, interface: Interface, name: str) -> tuple[CType, Place] | None:
        """Find the struct, or the typedef of one, that a path begins with."""
        found = entry(interface, name, tag=True) or entry(interface, name, tag=False)
        if found is None:
            return None
        place = found.place
        if place.definition.kind is Kind.STRUCT:
            return CType("name", f"struct {name}"), place
        if place.definition.kind is Kind.UNION:
            return CType("name", f"union {name}"), place
        if place.definition.kind is Kind.TYPEDEF:
            return CType("name", name), place
        return None

    @staticmethod
    def _followed(interface: Interface, t: CType, names: list[str]) -> CType | None:
        for name in names:
            found = interface.member(interface.resolved(t.inner), name)
            if found is None:
                return None
            t = found[1]
        return t

    def _nested(self, t: CType, name: str) -> tuple[str, CType] | None:
        """Look for a field one struct deeper than it was."""
        found = self._old.members(t)
        for outer, inner in found[1].fields.items() if found is not None else ():
            if inner.kind in ("body", "name"):
                below = self._old.member(inner, name)
                if below is not None and inner.inner.name.startswith(("struct ", "union ")):
                    return f"{outer}.{name}", below[1]
        return None


def _same_count(parameters: tuple[str, ...] | None, t: CType) -> bool:
    signature = t.signature
    if signature is None or parameters is None:
        return parameters is None
    if parameters and parameters[-1].endswith("..."):
        return True
    return len(parameters) == len(signature.parameters)


def _word(kind: Kind) -> str:
    if kind in (Kind.FUNCTION, Kind.PROTOTYPE):
        return "function"
    return kind.name.lower()


def _is_body(place: Place) -> bool:
    return place.definition.kind in (Kind.FUNCTION, Kind.VARIABLE) and place.path.endswith(".c")
