# SPDX-License-Identifier: GPL-2.0-only
"""What code of a new tree needs that an old tree lacks, or has in another form."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lpae_backport.catalog.catalog import Place
from lpae_backport.catalog.definitions import Kind
from lpae_backport.needs.admission import why_missing
from lpae_backport.needs.alteration import Alteration, of_functions, of_macros, of_types
from lpae_backport.needs.compiler import by_compiler
from lpae_backport.needs.ctype import CType
from lpae_backport.needs.entry import Entry, entry, site, value_of
from lpae_backport.needs.externals import Spot
from lpae_backport.needs.generated import Generated
from lpae_backport.needs.need import Need, NeedKind, Site, Status
from lpae_backport.needs.relation import Relation


class Comparison:
    """Compares what code needs in the tree that it is written for and in another.

    Args:
        trees: the tree that the code is written for, and the one that is to receive it.
    """

    def __init__(self, trees: Relation) -> None:
        self._trees = trees
        self._new = trees.new
        self._old = trees.old
        self._generated = Generated(trees.old)
        self._made = Generated(trees.new)

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
            return self._both_made(name, tuple(used_at)) if not tag else None
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
        includer = "" if tag else by_compiler(self._old, name)
        if includer and (theirs is None or theirs.place.path not in self._old.reach):
            how = f"of the compiler's own header, which {includer} includes"
            return replace(need, status=Status.SAME, old=Site(includer, 1), how=how, compiles=True)
        made = self._generated.place(name) if theirs is None and not tag else None
        if made is not None:
            how = "made by a macro; what it takes was not compared"
            at = site(self._old, made)
            return replace(need, status=Status.SAME, old=at, how=how, compiles=True)
        if theirs is None:
            return replace(need, how=why_missing(self._old, name, tag=tag))
        return self._present(need, mine, theirs)

    def _both_made(self, name: str, used_at: tuple[Spot, ...]) -> Need | None:
        """Compare a name that macros of the new tree put together (``trace_x``)."""
        mine = self._made.place(name)
        if mine is None:
            return None
        at = site(self._new, mine)
        how = "made by a macro; what it takes was not compared"
        need = Need(name, NeedKind.FUNCTION, Status.MISSING, at, None, "", False, used_at)
        theirs = entry(self._old, name, tag=False)
        there = theirs.place if theirs is not None else self._generated.place(name)
        if there is None:
            return need
        home = site(self._old, there)
        return replace(need, status=Status.SAME, old=home, how=how, compiles=True)

    def opaque(self, tag: str, used_at: Iterable[Spot]) -> Need | None:
        """Compare a struct that headers only say to exist; such ones are the same, or missing.

        Args:
            tag: its tag.
            used_at: the places that use it.
        """
        mine = self._new.opaque(tag)
        if not mine:
            return None
        at = site(self._new, mine[0])
        spots = tuple(used_at)
        need = Need(tag, NeedKind.TYPE, Status.MISSING, at, None, "", False, spots)
        theirs = [*self._old.opaque(tag), *self._old.tagged(tag)]
        theirs.sort(key=lambda p: p.path not in self._old.reach)
        if not theirs:
            return need
        return replace(need, status=Status.SAME, old=site(self._old, theirs[0]), compiles=True)

    def _present(self, need: Need, mine: Entry, theirs: Entry) -> Need:
        best: tuple[list[Alteration], Place, Place] | None = None
        for p in theirs.places:
            for q in mine.places:
                found = list(self._alterations(q, p))
                if best is None or len(found) < len(best[0]):
                    best = (found, p, q)
                if not found:
                    break
            if best is not None and not best[0]:
                break
        assert best is not None
        alterations, place, here = best
        status = Status.CHANGED if alterations else Status.SAME
        notes = [a.how for a in alterations]
        compiles = all(a.compiles for a in alterations)
        note, moved, reached = self._trees.moved(mine, theirs, place)
        if note:
            notes.append(note)
        compiles = compiles and reached
        if moved and status is Status.SAME:
            status = Status.MOVED
        count = need.alternatives + len(theirs.places) + theirs.others - 1
        return replace(
            need,
            status=status,
            new=site(self._new, here),
            old=site(self._old, place),
            how="; ".join(notes),
            compiles=compiles,
            alternatives=count,
        )

    def _alterations(self, new: Place, old: Place) -> Iterator[Alteration]:
        """Compare two definitions of one name."""
        mine, theirs = new.definition.kind, old.definition.kind
        functions = (Kind.FUNCTION, Kind.PROTOTYPE)
        name = new.definition.name
        if mine in functions and theirs in functions:
            a, b = self._new.type_at(new), self._old.type_at(old)
            if a is None or b is None:
                return
            yield from of_functions(a, b, self._trees.fits)
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
            if a is None or b is None:
                return
            if mine is Kind.TYPEDEF:
                a, b = self._new.resolved(a), self._old.resolved(b)
            yield from of_types(a, b, "it", self._trees.fits)
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
