# SPDX-License-Identifier: GPL-2.0-only
"""The fields that code uses: behind ``.`` and ``->``, in initializers, as arguments of macros."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from lpae_backport.needs.code import Code
from lpae_backport.needs.ctype import CType, declared, parameter_type
from lpae_backport.needs.expressions import Bound, Expressions, Scope
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.macroshape import Shapes
from lpae_backport.preprocessor import Macro
from lpae_backport.symbols import Body
from lpae_backport.syntax import Node, fragment

_MAX_DEPTH = 12
_CAST = len("(struct t_)")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_TYPEOF = re.compile(rb"\b(?:__)?typeof(?:__)?\s*(?=\()")
_FIELD = re.compile(rb"(?:\A|(?<=[.,(\s]))([A-Za-z_]\w*)(?=\s*(?:[.\[,)]|\Z))")


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One place that names a field.

    Attributes:
        name: the field.
        file: the file of the code that names it.
        start: where it stands there.
        path: what it is in the tree, ``struct.field``; empty where its owner is not known.
        owner: the struct or union that it was looked for in, if known.
    """

    name: str
    file: str
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
        taken: the places that have been told of, in all files.
        macros: the macros of all files, by name.
    """

    def __init__(
        self,
        code: Code,
        interface: Interface,
        expressions: Expressions,
        shapes: Shapes,
        taken: set[tuple[str, int]],
        macros: Mapping[str, list[tuple[Code, Macro]]],
    ) -> None:
        self._code = code
        self._interface = interface
        self._expressions = expressions
        self._shapes = shapes
        self._taken = taken
        self._macros = macros
        self._scopes = {
            f.span.start: [(b, self._scope_of(b)) for b in f.bodies] for f in code.functions
        }

    def found(self) -> Iterator[FieldUse]:
        """Yield the uses in the syntax, but for those that `in_arguments` has told of."""
        for scopes in self._scopes.values():
            for body, scope in scopes:
                yield from self._new(self._in(body.nodes, scope))
        for node in self._code.file.declared_nodes():
            yield from self._new(self._in(list(node.walk()), {}))
        for m in _TYPEOF.finditer(self._code.text):
            yield from self._new(u for u in self._in_typeof(m.start()) if u.path)

    def _in_typeof(self, start: int) -> Iterator[FieldUse]:
        """Yield the fields in ``typeof(…)``, which the syntax has no place for."""
        f = self._code.function_at(start)
        scopes = self._scopes.get(f.span.start, []) if f is not None else []
        for a, b in self._code.arguments(start):
            # Masking has blanked it: the parser gets what stands there.
            node = fragment(self._code.text[a:b], a)
            if node is not None:
                yield from self._in(list(node.walk()), scopes[0][1] if scopes else {})

    def _new(self, uses: Iterable[FieldUse]) -> Iterator[FieldUse]:
        for use in uses:
            if (use.file, use.start) not in self._taken:
                self._taken.add((use.file, use.start))
                yield use

    def in_arguments(self, name: str, start: int) -> Iterator[FieldUse]:
        """Yield the fields among the arguments of a macro call.

        Args:
            name: the macro.
            start: where the call begins.
        """
        macros = self._macros.get(name, [])
        shape = self._shapes.of(name)
        if not macros and (shape is None or not shape.fields):
            return
        given = self._code.arguments(start)
        f = self._code.function_at(start)
        scopes = self._scopes.get(f.span.start, []) if f is not None else []
        scope = scopes[0][1] if scopes else {}
        inside = self._code.macro_parameters(start)
        for home, m in macros if given and not inside else ():
            bound = {
                p: Bound(n, scope)
                for p, n in zip(m.params or (), map(self._parsed, given), strict=False)
                if n is not None
            }
            yield from self._new(u for u in self._expanded(home, m, bound, 0) if u.path)
        if shape is None:
            return
        for i, (mode, at) in shape.fields.items():
            if (
                i < len(given)
                and at < len(given)
                and not self._mentions(given[i], given[at], inside)
            ):
                owner = self._argument_type(given[at], mode, scope)
                yield from self._new(self._followed(given[i], owner))

    def _mentions(
        self, field: tuple[int, int], owner: tuple[int, int], names: frozenset[str]
    ) -> bool:
        """Tell whether arguments have parameters of a macro in them, which a call will tell."""
        text = self._code.text[slice(*field)] + b" " + self._code.text[slice(*owner)]
        return bool(names) and any(w.decode() in names for w in _WORD.findall(text))

    def _expanded(
        self, home: Code, macro: Macro, bound: Mapping[str, Bound], depth: int
    ) -> Iterator[FieldUse]:
        """Yield the fields in the text of a macro of the code, as one call of it tells them."""
        body = home.file.macro_body(macro)
        if body is None or depth > _MAX_DEPTH:
            return
        inner: dict[str, CType | Bound] = dict(bound)
        for n in body.nodes:
            for name, t, at in declared(n) if n.kind == "declaration" else ():
                real = self._expressions.local(t, at, inner)
                if real is not None:
                    inner[name] = real
        yield from self._in(body.nodes, inner, home.path)
        for n in body.nodes:
            if n.kind != "call_expression":
                continue
            for place, m in self._macros.get(n.kids[0].label, ()):
                given = {
                    p: Bound(a, inner)
                    for p, a in zip(m.params or (), n.kids[-1].kids, strict=False)
                }
                yield from self._expanded(place, m, given, depth + 1)

    def _parsed(self, given: tuple[int, int]) -> Node | None:
        """Return an argument as an expression."""
        root = fragment(self._code.file.source.masked[given[0] : given[1]], given[0])
        node = root.kids[0] if root is not None and root.kids else None
        if node is not None and node.kind == "expression_statement" and node.kids:
            return node.kids[0]
        return node

    def _followed(self, given: tuple[int, int], owner: CType | None) -> Iterator[FieldUse]:
        """Yield the fields that an argument names one after the other (``as.lru_node``)."""
        for m in _FIELD.finditer(self._code.text, *given):
            use = self._use(m[1].decode(), m.start(1), owner)
            yield use
            found = self._interface.member(owner, use.name) if owner is not None else None
            owner = self._interface.resolved(found[1].inner) if found is not None else None

    def _argument_type(self, given: tuple[int, int], mode: str, scope: Scope) -> CType | None:
        node = self._parsed(given)
        if mode == "type":
            text = self._code.text[given[0] : given[1]].decode("latin-1").split()
            if len(text) == 2 and text[0] in ("struct", "union"):
                return CType("name", " ".join(text))
        if node is None:
            return None
        if mode == "type":
            return self._expressions.type_named(node, scope)
        t = self._expressions.type_of(node, scope)
        if t is None:
            return None
        t = self._interface.resolved(t)
        return t.of if t.pointed is not None else t

    def _scope_of(self, body: Body) -> Scope:
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

    def _in(self, nodes: list[Node], scope: Scope, file: str = "") -> Iterator[FieldUse]:
        for n in nodes:
            if n.kind == "field_expression":
                name = n.kid("field")
                if name is None:
                    continue
                bound = scope.get(name.label)
                home = file
                while isinstance(bound, Bound):
                    # A parameter of a macro stands for the field.
                    name, home = bound.node, ""
                    bound = bound.scope.get(name.label)
                yield self._use(name.label, name.start, self._expressions.owner(n, scope), home)
            elif n.kind == "declaration":
                for d in n.kids:
                    value = d.kid("value") if d.kind == "init_declarator" else None
                    for _, t, at in declared(n) if value is not None else ():
                        if at.parent is None or not _holds(d, at) or value is None:
                            continue
                        if value.kind == "initializer_list":
                            yield from self._initialized(value, t, 0)
                        else:
                            yield from self._in_macro(value, self._interface.resolved(t), 0)
            elif n.kind == "compound_literal_expression":
                described, value = n.kid("type"), n.kid("value")
                if described is not None and value is not None:
                    yield from self._initialized(value, parameter_type(described), 0)

    def _initialized(self, values: Node, t: CType | None, depth: int) -> Iterator[FieldUse]:
        """Yield the fields that a list of initializers names."""
        real = self._interface.resolved(t) if t is not None else None
        for k in values.kids if depth < _MAX_DEPTH else ():
            if k.kind in ("call_expression", "identifier"):
                yield from self._in_macro(k, real.pointed if real is not None else None, depth)
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
            elif value is not None:
                yield from self._in_macro(value, inner, depth)

    def _in_macro(self, value: Node, t: CType | None, depth: int) -> Iterator[FieldUse]:
        """Yield the fields in a macro of the code that stands for ``{ .field = … }``."""
        name = value.kids[0].label if value.kind == "call_expression" else value.label
        if t is None or depth > _MAX_DEPTH:
            return
        for home, m in self._macros.get(name, ()):
            text = home.text[m.body.start : m.body.end].replace(b"\\", b" ").replace(b"#", b" ")
            text = text.rstrip()
            start = len(text) - len(text.lstrip())
            if text[start : start + 1] != b"{":
                continue
            root = fragment(b"(struct t_)" + text[start:], m.body.start + start - _CAST)
            for n in root.walk() if root is not None else ():
                if n.kind == "initializer_list":
                    uses = self._initialized(n, t, depth + 1)
                    yield from (replace(u, file=home.path) for u in uses)
                    break

    def _use(self, name: str, start: int, owner: CType | None, file: str = "") -> FieldUse:
        found = self._interface.member(owner, name) if owner is not None else None
        if found is None and owner is not None and owner.pointed is not None:
            found = self._interface.member(self._interface.resolved(owner.inner), name)
        spelled = owner.spelled() if owner is not None else ""
        path = found[0] if found is not None else ""
        return FieldUse(name, file or self._code.path, start, path, spelled)


def _holds(outer: Node, inner: Node) -> bool:
    return outer is inner or any(a is outer for a in inner.ancestors())
