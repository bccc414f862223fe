# SPDX-License-Identifier: GPL-2.0-only
"""What declarations say: the members of structs, enumerators, the types of names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lpae_backport.location import Span
from lpae_backport.symbols import Body, label_of
from lpae_backport.syntax import Node

_TYPE_DEPTH = 6
Lookup = Callable[[str, str], list[Node]]
"""From ``struct`` or ``union`` and a tag to the definitions, such as `CodeFile.type_nodes`."""


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a struct or union, with its dotted path below the named type."""

    path: str
    node: Node


def members(node: Node, lookup: Lookup, prefix: str = "", depth: int = 0) -> Iterator[Member]:
    """Yield the fields of a struct or union node; those of unnamed members count as its own.

    Args:
        node: the definition.
        lookup: finds a type that is defined apart and used here by its tag.
        prefix: what the fields are reached by.
        depth: how many types deep this is; no type of C holds itself, broken text may.
    """
    for f in (k for b in node.kids if b.kind == "field_declaration_list" for k in b.kids):
        inner = next((k for k in f.kids if k.kind in ("struct_specifier", "union_specifier")), None)
        names = [
            n
            for d in f.kids
            if d.role == "declarator"
            for n in d.walk()
            if n.kind == "field_identifier"
        ]
        for n in names:
            yield Member(prefix + n.label, n)
        if inner is None or depth > _TYPE_DEPTH or _is_pointer(f):
            continue
        definitions = [inner]
        if inner.kid("body") is None:
            keyword = inner.kind.removesuffix("_specifier")
            definitions = lookup(keyword, label_of(inner.kid("name")))
        for definition in definitions[:1]:
            if not names:
                yield from members(definition, lookup, prefix, depth + 1)
            for n in names:
                yield from members(definition, lookup, f"{prefix}{n.label}.", depth + 1)


def whole_of(member: Node) -> Span:
    """Return the range of the declaration that a field's name is part of."""
    whole = next((n for n in member.ancestors() if n.kind == "field_declaration"), member)
    return whole.span


def _is_pointer(declaration: Node) -> bool:
    return any(d.kind == "pointer_declarator" for d in declaration.kids)


def enumerators(node: Node) -> list[Node]:
    """Return the enumerators of an enum node in order."""
    return [
        k
        for b in node.kids
        if b.kind == "enumerator_list"
        for k in b.kids
        if k.kind == "enumerator"
    ]


def type_tag(node: Node) -> str | None:
    """Return the tag of the struct or union that a declaration (or literal) is of, if any."""
    for n in node.walk():
        if n.kind in ("struct_specifier", "union_specifier"):
            return label_of(n.kid("name"))
        if n.kind in ("initializer_list", "compound_statement"):
            break
    return None


def declared_tag(name: str, body: Body) -> str | None:
    """Return the tag of the struct that a local or parameter is declared with, if it shows."""
    for leaf in body.by_label.get(name, ()):
        for n in leaf.ancestors():
            if n.kind in ("declaration", "parameter_declaration") and leaf.role == "declarator":
                return type_tag(n)
            if not n.kind.endswith("declarator") and n.kind != "parameter_declaration":
                break
    return None
