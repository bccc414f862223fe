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
from lpae_backport.syntax import Node, fragment

_MAX_DEPTH = 6
_MAX_ENUMERATORS = 2000
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


def value_of(interface: Interface, name: str, depth: int = 0) -> int | None:
    """Return what a name is worth as a constant, if it is one.

    Args:
        interface: the tree.
        name: a macro or an enumerator.
        depth: how many names deep this is.
    """
    if depth > _MAX_DEPTH:
        return None
    found = entry(interface, name, tag=False)
    if found is None:
        return None
    if found.kind is NeedKind.ENUMERATOR:
        return _enumerator(interface, found.place, depth)
    if found.kind is not NeedKind.MACRO:
        return None
    macro = interface.macro_at(found.place)
    if macro.parameters is not None or not macro.tokens:
        return None
    return _evaluated(interface, " ".join(macro.tokens), depth)


def _evaluated(interface: Interface, text: str, depth: int) -> int | None:
    root = fragment(plain_c(text.encode()))
    if root is None or len(root.kids) != 1:
        return None
    return constant_value(root.kids[0], lambda n: value_of(interface, n, depth + 1))


def _enumerator(interface: Interface, place: Place, depth: int) -> int | None:
    d = place.definition
    text = interface.data(place.path)[d.start : d.end]
    node = definition_node(text, Kind.ENUMERATOR, d.name)
    if node is None:
        return None
    known: dict[str, int] = {}
    value: int | None = -1
    for e in enumerator_nodes(node)[:_MAX_ENUMERATORS]:
        given = e.kid("value")
        if given is not None:
            value = constant_value(given, lambda n: _named(interface, n, known, depth))
        elif value is not None:
            value += 1
        label = label_of(e.kid("name"))
        if value is not None:
            known[label] = value
        if label == d.name:
            return value
    return None


def _named(
    interface: Interface, name: str, known: dict[str, int], depth: int
) -> "Node | int | None":
    if name in known:
        return known[name]
    return value_of(interface, name, depth + 1)
