# SPDX-License-Identifier: GPL-2.0-only
"""The types of expressions, as far as declarations tell them."""

import re
from collections.abc import Mapping

from lpae_backport.masking import plain_c
from lpae_backport.needs.ctype import CType, declared, named, parameter_type, pointer_to
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.meaning import MacroText
from lpae_backport.syntax import Node, fragment

_MAX_DEPTH = 24
_TYPE_OF = "typeof_"
_TAGGED = re.compile(r"(struct|union|enum)_(\w+)\Z")
_TYPEOF = re.compile(r"typeof(?:__)? \( (\*? ?)\(* ?(\w+)")
Scope = Mapping[str, "CType | Bound"]
"""What names stand for in a function, or in the text of a macro."""


class Bound:
    """An argument of a macro: an expression, and the scope it is written in.

    Args:
        node: the expression.
        scope: what names stand for in it.
    """

    def __init__(self, node: Node, scope: Scope) -> None:
        self.node = node
        self.scope = scope


class Expressions:
    """Tells the types of expressions.

    Args:
        interface: the tree the code is written for.
        own: the macros of the code itself.
        globals_: the types of the code's own functions and objects.
    """

    def __init__(
        self,
        interface: Interface,
        own: Mapping[str, MacroText],
        globals_: Mapping[str, CType],
    ) -> None:
        self._interface = interface
        self._own = own
        self._globals = globals_
        self._bodies: dict[MacroText, Node | None] = {}

    def macro(self, name: str) -> MacroText | None:
        """Return the macro that a name stands for in the code."""
        return self._own.get(name) or self._interface.macro(name)

    def type_of(self, node: Node, scope: Scope, depth: int = 0) -> CType | None:
        """Return the type of an expression; nothing where the declarations do not tell.

        Args:
            node: the expression.
            scope: what its names stand for.
            depth: how many expressions and macros it is in.
        """
        method = _BY_KIND.get(node.kind)
        if method is None or depth > _MAX_DEPTH:
            return None
        return method(self, node, scope, depth + 1)

    def owner(self, node: Node, scope: Scope) -> CType | None:
        """Return the struct or union that a field access looks into."""
        base = self.type_of(node.kids[0], scope) if node.kids else None
        if base is None:
            return None
        t = self._interface.resolved(base)
        return self._interface.resolved(t.of) if t.pointed is not None and t.of else t

    def type_named(self, node: Node, scope: Scope, depth: int = 0) -> CType | None:
        """Return the type that an argument of a macro names, such as ``struct x`` in offsetof.

        Masking has made one word of it.
        """
        if node.kind == "identifier" or node.kind == "type_identifier":
            bound = scope.get(node.label)
            if isinstance(bound, Bound):
                return self.type_named(bound.node, bound.scope, depth + 1)
            if node.label.startswith(_TYPE_OF):
                return self._type_of(node.label, scope, depth + 1)
            m = _TAGGED.match(node.label)
            return named(f"{m[1]} {m[2]}") if m else named(node.label)
        if node.kind in ("type_descriptor", "cast_expression", "sizeof_expression"):
            inner = node.kid("type") if node.kind != "type_descriptor" else node
            return self._described(inner, scope, depth) if inner is not None else None
        if node.kind == "call_expression" and node.kids and "typeof" in node.kids[0].label:
            arguments = node.kids[-1].kids
            return self.type_of(arguments[0], scope, depth + 1) if arguments else None
        return self.type_of(node, scope, depth + 1)

    def _type_of(self, name: str, scope: Scope, depth: int) -> CType | None:
        """Return the type that masking wrote as ``typeof_x`` or, for ``*x``, ``typeof_$x``."""
        inner = name.removeprefix(_TYPE_OF)
        t = self._named(inner.lstrip("$"), scope, depth)
        if t is None or not inner.startswith("$"):
            return t
        return self._interface.resolved(t).pointed

    def _described(self, node: Node, scope: Scope, depth: int) -> CType | None:
        """Return the type of a cast; a parameter of a macro may stand for it."""
        t = parameter_type(node)
        if t.inner.name.startswith(_TYPE_OF):
            real = self._type_of(t.inner.name, scope, depth + 1)
            return _replaced(t, real) if real is not None else None
        bound = scope.get(t.inner.name) if t.inner.kind == "name" else None
        if not isinstance(bound, Bound):
            m = _TAGGED.match(t.inner.name)
            return _replaced(t, named(f"{m[1]} {m[2]}")) if m and t.inner.kind == "name" else t
        real = self.type_named(bound.node, bound.scope, depth + 1)
        return _replaced(t, real) if real is not None else None

    def _identifier(self, node: Node, scope: Scope, depth: int) -> CType | None:
        return self._named(node.label, scope, depth)

    def _named(self, name: str, scope: Scope, depth: int) -> CType | None:
        """Return the type of what a name stands for."""
        found = scope.get(name)
        if isinstance(found, Bound):
            return self.type_of(found.node, found.scope, depth) if depth < _MAX_DEPTH else None
        if found is not None:
            return found
        if name in self._globals:
            return self._globals[name]
        macro = self.macro(name)
        if macro is not None:
            body = self._body(macro) if macro.parameters is None else None
            return self.type_of(body, {}, depth) if body is not None else None
        return self._interface.declared(name)

    def _field(self, node: Node, scope: Scope, depth: int) -> CType | None:
        base = self.type_of(node.kids[0], scope, depth)
        name = node.kid("field")
        if base is None or name is None:
            return None
        t = self._interface.resolved(base)
        if t.pointed is not None and t.of is not None:
            t = self._interface.resolved(t.of)
        found = self._interface.member(t, name.label)
        return found[1] if found is not None else None

    def _call(self, node: Node, scope: Scope, depth: int) -> CType | None:
        callee = node.kids[0]
        arguments = node.kids[-1].kids
        if callee.kind == "identifier" and callee.label not in scope:
            macro = self.macro(callee.label)
            if macro is not None and macro.parameters is not None:
                return self._expanded(macro, arguments, scope, depth)
        t = self.type_of(callee, scope, depth)
        if t is None:
            return None
        signature = self._interface.resolved(t).signature
        if signature is None and t.pointed is not None and t.of is not None:
            signature = self._interface.resolved(t.of).signature
        return signature.of if signature is not None else None

    def _expanded(
        self, macro: MacroText, arguments: list[Node], scope: Scope, depth: int
    ) -> CType | None:
        names = [p.removesuffix("...").strip() or "__VA_ARGS__" for p in macro.parameters or ()]
        inner = {p: Bound(a, scope) for p, a in zip(names, arguments, strict=False)}
        body = self._body(macro)
        if body is not None:
            t = self.type_of(body, inner, depth)
            if t is not None:
                return t
        m = _TYPEOF.search(" ".join(macro.tokens))
        bound = inner.get(m[2]) if m else None
        if bound is None:
            return None
        t = self.type_of(bound.node, bound.scope, depth)
        return t.of if t is not None and m is not None and m[1] and t.of is not None else t

    def _body(self, macro: MacroText) -> Node | None:
        """Return the expression that a macro stands for."""
        if macro not in self._bodies:
            self._bodies[macro] = None
            root = fragment(plain_c(" ".join(macro.tokens).rstrip("; ").encode()))
            if root is not None and len(root.kids) >= 1:
                first = root.kids[0]
                if first.kind == "expression_statement" and first.kids:
                    self._bodies[macro] = first.kids[0]
                elif first.kind == "compound_statement":
                    self._bodies[macro] = first
        return self._bodies[macro]

    def _block(self, node: Node, scope: Scope, depth: int) -> CType | None:
        """Return the type of ``({ … })``: that of its last statement."""
        inner: dict[str, CType | Bound] = dict(scope)
        for k in node.kids:
            if k.kind == "declaration":
                for name, t, at in declared(k):
                    real = self.local(t, at, inner, depth)
                    if real is not None:
                        inner[name] = real
        last = node.kids[-1] if node.kids else None
        if last is None or last.kind != "expression_statement" or not last.kids:
            return None
        return self.type_of(last.kids[0], inner, depth)

    def local(self, t: CType, at: Node, scope: Scope, depth: int = 0) -> CType | None:
        """Return the type of a local of a macro's block; ``typeof`` takes that of its value."""
        if t.inner.name.startswith(_TYPE_OF):
            real = self._type_of(t.inner.name, scope, depth + 1)
            return _replaced(t, real) if real is not None else self._given(at, scope, depth)
        bound = scope.get(t.inner.name) if t.inner.kind == "name" else None
        if isinstance(bound, Bound):
            real = self.type_named(bound.node, bound.scope, depth + 1)
            return _replaced(t, real) if real is not None else None
        return t

    def _given(self, at: Node, scope: Scope, depth: int) -> CType | None:
        """Return the type of the value that a declaration gives to its name."""
        parent = at.parent
        while parent is not None and parent.kind.endswith("declarator"):
            if parent.kind == "init_declarator":
                value = parent.kid("value")
                return self.type_of(value, scope, depth) if value is not None else None
            parent = parent.parent
        return None

    def _subscript(self, node: Node, scope: Scope, depth: int) -> CType | None:
        t = self.type_of(node.kids[0], scope, depth)
        return self._interface.resolved(t).pointed if t is not None else None

    def _pointer(self, node: Node, scope: Scope, depth: int) -> CType | None:
        t = self.type_of(node.kids[0], scope, depth) if node.kids else None
        if t is None:
            return None
        if node.label == "&":
            return pointer_to(t)
        t = self._interface.resolved(t)
        return t if t.kind == "function" else t.pointed

    def _cast(self, node: Node, scope: Scope, depth: int) -> CType | None:
        described = node.kid("type")
        return self._described(described, scope, depth) if described is not None else None

    def _choice(self, node: Node, scope: Scope, depth: int) -> CType | None:
        for k in node.kids[1:]:
            t = self.type_of(k, scope, depth)
            if t is not None and not (t.kind == "pointer" and t.inner.name == "void"):
                return t
        return None

    def _sides(self, node: Node, scope: Scope, depth: int) -> CType | None:
        if node.label in ("==", "!=", "<", ">", "<=", ">=", "&&", "||"):
            return named("int")
        found = [self.type_of(k, scope, depth) for k in node.kids]
        return next((t for t in found if t is not None and t.pointed is not None), None) or next(
            (t for t in found if t is not None), None
        )

    def _first(self, node: Node, scope: Scope, depth: int) -> CType | None:
        return self.type_of(node.kids[0], scope, depth) if node.kids else None

    def _last(self, node: Node, scope: Scope, depth: int) -> CType | None:
        return self.type_of(node.kids[-1], scope, depth) if node.kids else None

    def _number(self, node: Node, scope: Scope, depth: int) -> CType | None:
        return named("int")

    def _string(self, node: Node, scope: Scope, depth: int) -> CType | None:
        return pointer_to(named("char"))


def _replaced(t: CType, inner: CType) -> CType:
    """Put another type in the place of the innermost one."""
    if t.kind in ("pointer", "array") and t.of is not None:
        return CType(t.kind, of=_replaced(t.of, inner))
    return inner


_BY_KIND = {
    "identifier": Expressions._identifier,
    "field_expression": Expressions._field,
    "call_expression": Expressions._call,
    "subscript_expression": Expressions._subscript,
    "pointer_expression": Expressions._pointer,
    "cast_expression": Expressions._cast,
    "compound_literal_expression": Expressions._cast,
    "conditional_expression": Expressions._choice,
    "assignment_expression": Expressions._first,
    "update_expression": Expressions._first,
    "unary_expression": Expressions._first,
    "binary_expression": Expressions._sides,
    "comma_expression": Expressions._last,
    "parenthesized_expression": Expressions._first,
    "compound_statement": Expressions._block,
    "number_literal": Expressions._number,
    "char_literal": Expressions._number,
    "string_literal": Expressions._string,
    "concatenated_string": Expressions._string,
    "sizeof_expression": Expressions._number,
}
