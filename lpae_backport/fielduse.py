# SPDX-License-Identifier: GPL-2.0-only
"""The fields that code uses: behind ``.`` and ``->``, in initializers, as arguments of macros."""

from collections.abc import Iterator
from dataclasses import dataclass

from lpae_backport.code import Code
from lpae_backport.ctype import CType, declared, parameter_type
from lpae_backport.expressions import Bound, Expressions
from lpae_backport.interface import Interface
from lpae_backport.macroshape import Shapes
from lpae_backport.symbols import Body
from lpae_backport.syntax import Node, fragment

_MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One place that names a field.

    Attributes:
        name: the field.
        start: where it stands in its file.
        path: what it is in the tree, ``struct.field``; empty where its owner is not known.
        owner: the struct or union that it was looked for in, if known.
    """

    name: str
    start: int
    path: str
    owner: str


class FieldUses:
    """Finds the fields that one file of the code uses.

    Args:
        code: the file.
        interface: the tree that it is written for.
        expressions: tells the types.
        shapes: tells which arguments of macros are fields.
    """

    def __init__(
        self, code: Code, interface: Interface, expressions: Expressions, shapes: Shapes
    ) -> None:
        self._code = code
        self._interface = interface
        self._expressions = expressions
        self._shapes = shapes
        self._scopes: dict[int, dict[str, CType | Bound]] = {}

    def found(self) -> Iterator[FieldUse]:
        """Yield the uses in the syntax; those in the arguments of macros are asked for apart."""
        seen: set[int] = set()
        for f in self._code.functions:
            for body in f.bodies:
                scope = self._scope_of(body)
                self._scopes.setdefault(f.span.start, scope)
                for use in self._in(body.nodes, scope):
                    if use.start not in seen:
                        seen.add(use.start)
                        yield use
        for node in self._code.file.declared_nodes():
            for use in self._in(list(node.walk()), {}):
                if use.start not in seen:
                    seen.add(use.start)
                    yield use

    def in_arguments(self, name: str, start: int) -> Iterator[FieldUse]:
        """Yield the fields among the arguments of a macro call.

        Args:
            name: the macro.
            start: where the call begins.
        """
        shape = self._shapes.of(name)
        if shape is None or not shape.fields:
            return
        given = self._code.arguments(start)
        f = self._code.function_at(start)
        scope = self._scopes.get(f.span.start, {}) if f is not None else {}
        for i, (mode, at) in shape.fields.items():
            if i >= len(given) or at >= len(given):
                continue
            text = self._code.data[given[i][0] : given[i][1]].decode("latin-1")
            owner = self._argument_type(given[at], mode, scope)
            field = text.split(".")[0].split("[")[0].strip()
            if field.isidentifier():
                yield self._use(field, given[i][0], owner)

    def _argument_type(
        self, given: tuple[int, int], mode: str, scope: dict[str, CType | Bound]
    ) -> CType | None:
        root = fragment(self._code.file.source.masked[given[0] : given[1]], given[0])
        node = root.kids[0] if root is not None and root.kids else None
        if mode == "type":
            text = self._code.text[given[0] : given[1]].decode("latin-1").split()
            if len(text) == 2 and text[0] in ("struct", "union"):
                return CType("name", " ".join(text))
        if node is not None and node.kind == "expression_statement" and node.kids:
            node = node.kids[0]
        if node is None:
            return None
        if mode == "type":
            return self._expressions.type_named(node, scope)
        t = self._expressions.type_of(node, scope)
        if t is None:
            return None
        t = self._interface.resolved(t)
        return t.of if t.pointed is not None else t

    def _scope_of(self, body: Body) -> dict[str, CType | Bound]:
        scope: dict[str, CType | Bound] = {}
        root = body.root
        head = root.kid("declarator")
        for n in head.walk() if head is not None else ():
            if n.kind == "parameter_declaration":
                scope |= {name: t for name, t, _ in declared(n) if name}
        for n in body.nodes:
            if n.kind != "declaration":
                continue
            for name, t, at in declared(n):
                real = self._expressions.local(t, at, scope)
                if real is not None and (name not in scope or isinstance(scope[name], Bound)):
                    scope[name] = real
        return scope

    def _in(self, nodes: list[Node], scope: dict[str, CType | Bound]) -> Iterator[FieldUse]:
        for n in nodes:
            if n.kind == "field_expression":
                name = n.kid("field")
                if name is not None:
                    owner = self._expressions.owner(n, scope)
                    yield self._use(name.label, name.start, owner)
            elif n.kind == "declaration":
                for d in n.kids:
                    value = d.kid("value") if d.kind == "init_declarator" else None
                    if value is not None and value.kind == "initializer_list":
                        for _, t, at in declared(n):
                            if at.parent is not None and _holds(d, at):
                                yield from self._initialized(value, t, 0)
            elif n.kind == "compound_literal_expression":
                described, value = n.kid("type"), n.kid("value")
                if described is not None and value is not None:
                    yield from self._initialized(value, parameter_type(described), 0)

    def _initialized(self, values: Node, t: CType | None, depth: int) -> Iterator[FieldUse]:
        """Yield the fields that a list of initializers names."""
        real = self._interface.resolved(t) if t is not None else None
        for k in values.kids if depth < _MAX_DEPTH else ():
            if k.kind == "initializer_list":
                yield from self._initialized(
                    k, real.pointed if real is not None else None, depth + 1
                )
            if k.kind != "initializer_pair":
                continue
            inner = real
            for d in (d for d in k.kids if d.role == "designator"):
                if d.kind == "subscript_designator" or not d.kids:
                    inner = inner.pointed if inner is not None else None
                elif d.kids[0].kind == "field_identifier":
                    field = d.kids[0]
                    yield self._use(field.label, field.start, inner)
                    found = self._interface.member(inner, field.label) if inner else None
                    inner = found[1] if found is not None else None
                inner = self._interface.resolved(inner) if inner is not None else None
            value = k.kid("value")
            if value is not None and value.kind == "initializer_list":
                yield from self._initialized(value, inner, depth + 1)

    def _use(self, name: str, start: int, owner: CType | None) -> FieldUse:
        found = self._interface.member(owner, name) if owner is not None else None
        if found is None and owner is not None and owner.pointed is not None:
            found = self._interface.member(self._interface.resolved(owner.inner), name)
        spelled = owner.spelled() if owner is not None else ""
        return FieldUse(name, start, found[0] if found is not None else "", spelled)


def _holds(outer: Node, inner: Node) -> bool:
    return outer is inner or any(a is outer for a in inner.ancestors())
