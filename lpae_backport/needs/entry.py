# SPDX-License-Identifier: GPL-2.0-only
"""One name in one tree: which of its definitions counts, and what that is worth."""

from dataclasses import dataclass

from lpae_backport.catalog.catalog import Place
from lpae_backport.catalog.definitions import Kind
from lpae_backport.masking import plain_c
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.meaning import definition_node, enumerator_nodes
from lpae_backport.needs.need import NeedKind, Site
from lpae_backport.numbers import constant_value
from lpae_backport.symbols import label_of
from lpae_backport.syntax import fragment

_MAX_DEPTH = 6
_MAX_ENUMERATORS = 2000
_MAX_NAMES = 200
"""Names that one value is made of, each looked up; those of one enum are read together."""
_WORTH = {
    Kind.FUNCTION: 0,
    Kind.PROTOTYPE: 0,
    Kind.TYPEDEF: 0,
    Kind.ENUMERATOR: 0,
    Kind.CONFIG: 0,
    Kind.MACRO: 1,
    Kind.VARIABLE: 1,
    Kind.GENERATED: 3,
}
_KINDS = {
    Kind.FUNCTION: NeedKind.FUNCTION,
    Kind.PROTOTYPE: NeedKind.FUNCTION,
    Kind.TYPEDEF: NeedKind.TYPE,
    Kind.STRUCT: NeedKind.TYPE,
    Kind.UNION: NeedKind.TYPE,
    Kind.ENUM: NeedKind.TYPE,
    Kind.FORWARD: NeedKind.TYPE,
    Kind.ENUMERATOR: NeedKind.ENUMERATOR,
    Kind.MACRO: NeedKind.MACRO,
    Kind.VARIABLE: NeedKind.VARIABLE,
    Kind.GENERATED: NeedKind.VARIABLE,
    Kind.CONFIG: NeedKind.KCONFIG,
}


@dataclass(frozen=True)
class Entry:
    """The definitions of one name that count in one tree.

    Attributes:
        places: the definitions that are as good as each other, the first one to be shown.
        others: how many more there are that do not count.
    """

    places: tuple[Place, ...]
    others: int

    @property
    def place(self) -> Place:
        """The definition to be shown."""
        return self.places[0]

    @property
    def kind(self) -> NeedKind:
        """What the name is."""
        return _KINDS[self.place.definition.kind]


def entry(interface: Interface, name: str, *, tag: bool) -> Entry | None:
    """Choose among the definitions of a name.

    Headers that the code reaches win over those that it could include; in those, a definition
    wins over a macro that only says that the name is defined. Alternatives under ``#if``, in one
    header or in several that are reached, are as good as each other.

    Args:
        interface: the tree.
        name: the name.
        tag: whether it is that of a struct, union or enum.

    Returns:
        What counts; nothing where the code could not use any.
    """
    found = interface.tagged(name) if tag else interface.general(name)
    found = [p for p in found if not _is_alias(interface, p)]
    if not found:
        return None
    reached = [p for p in found if p.path in interface.reach]
    pool = reached or found
    best = min(_WORTH.get(p.definition.kind, 2) for p in pool)
    if best == _WORTH[Kind.GENERATED]:
        return None
    lead = next(p for p in pool if _WORTH.get(p.definition.kind, 2) == best)
    near = [p for p in pool if p.path == lead.path and p is not lead]
    # Headers that are reached are alternatives of each other, whatever kind of thing they have.
    near += [
        p
        for p in pool
        if p.path != lead.path and (reached or p.definition.kind is lead.definition.kind)
    ]
    near = [p for p in near if p.definition.kind is not Kind.GENERATED]
    return Entry((lead, *near), len(found) - 1 - len(near))


def _is_alias(interface: Interface, place: Place) -> bool:
    """Tell whether a macro only says that its name is defined (``#define name name``)."""
    if place.definition.kind is not Kind.MACRO:
        return False
    macro = interface.macro_at(place)
    return macro.tokens == (place.definition.name,)


def site(interface: Interface, place: Place) -> Site:
    """Return where a definition stands."""
    return Site(place.path, interface.line(place))


def value_of(interface: Interface, name: str) -> int | None:
    """Return what a name is worth as a constant, if it is one.

    Args:
        interface: the tree.
        name: a macro or an enumerator.
    """
    return _Values(interface).of(name, 0)


class _Values:
    """What one name is worth, and the names that it is made of, each worked out once."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        self._known: dict[str, int | None] = {}
        self._left = _MAX_NAMES

    def of(self, name: str, depth: int) -> int | None:
        """Return what a name is worth that is `depth` names deep."""
        if name not in self._known and depth <= _MAX_DEPTH and self._left:
            self._left -= 1
            self._known[name] = None  # what is made of itself has no value
            self._known[name] = self._computed(name, depth)
        return self._known.get(name)

    def _computed(self, name: str, depth: int) -> int | None:
        found = entry(self._interface, name, tag=False)
        if found is None:
            return None
        if found.kind is NeedKind.ENUMERATOR:
            self._enumerate(found.place, depth)
            return self._known[name]
        if found.kind is not NeedKind.MACRO:
            return None
        macro = self._interface.macro_at(found.place)
        if macro.parameters is not None or not macro.tokens:
            return None
        root = fragment(plain_c(" ".join(macro.tokens).encode()))
        if root is None or len(root.kids) != 1:
            return None
        return constant_value(root.kids[0], lambda n: self.of(n, depth + 1))

    def _enumerate(self, place: Place, depth: int) -> None:
        """Work out an enumerator, and with it the others of its enum."""
        d = place.definition
        text = self._interface.data(place.path)[d.start : d.end]
        node = definition_node(text, Kind.ENUMERATOR, d.name)
        found = enumerator_nodes(node)[:_MAX_ENUMERATORS] if node is not None else []
        labels = {label_of(e.kid("name")) for e in found}
        self._known |= dict.fromkeys(labels)  # what comes later has no value yet
        value: int | None = -1
        for e in found:
            given = e.kid("value")
            if given is not None:
                value = constant_value(given, lambda n: self.of(n, depth + 1))
            elif value is not None:
                value += 1
            label = label_of(e.kid("name"))
            if label in labels:  # the first of alternatives counts
                labels.remove(label)
                self._known[label] = value
