# SPDX-License-Identifier: GPL-2.0-only
"""Finding code in a function, through macros and wrappers, with what it runs under."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from lpae_backport.conditions import Scope, path_condition
from lpae_backport.logic import Atom, Formula, assign, atoms, conj, satisfiable
from lpae_backport.pattern import Pattern, unify
from lpae_backport.symbols import Body, CodeFile, Function
from lpae_backport.syntax import Node

_DEPTH = 4
_WRAPPER_STATEMENTS = 8
_MAX_CHOICES = 64


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place where a pattern stands, and the condition under which control gets there.

    `node` lies in the function looked at: for code inside a macro or wrapper it is the call.
    """

    node: Node
    found: Node
    pattern: Pattern
    scope: Scope
    path: Formula

    @property
    def is_live(self) -> bool:
        """Tell whether control can get there at all."""
        return satisfiable(self.path)


class Search:
    """Searches the functions of one file.

    Args:
        file: the file.
        headers: other files whose macros are in force.
        known: functions that rules name; their bodies never count as part of a caller's.
    """

    def __init__(
        self,
        file: CodeFile,
        headers: tuple[CodeFile, ...] = (),
        known: frozenset[str] = frozenset(),
    ) -> None:
        self._file = file
        self._headers = headers
        self._known = known

    def scope(self, body: Body) -> Scope:
        """Return the scope of a body that is looked at for itself."""
        return Scope(body, self._predicate)

    def occurrences(
        self, patterns: tuple[Pattern, ...], body: Body, follow: tuple[str, ...]
    ) -> list[Occurrence]:
        """Return every place where one of `patterns` stands in `body`.

        Args:
            patterns: alternatives.
            body: the function.
            follow: functions of the same file whose body counts as part of the caller's;
                function-like macros always do, and where that finds nothing, small wrappers
                of the vendor's own.
        """
        found = list(self.in_text(patterns, body)) if not follow else []
        return found or list(self._in_scope(patterns, self.scope(body), follow, 0))

    def in_text(self, patterns: tuple[Pattern, ...], body: Body) -> Iterator[Occurrence]:
        """Yield the places in `body` itself and in the macros it uses, not in other functions."""
        plain = Search(self._file, self._headers, frozenset(self._file.functions) | self._known)
        return plain._in_scope(patterns, plain.scope(body), (), 0)

    def _in_scope(
        self, patterns: tuple[Pattern, ...], scope: Scope, follow: tuple[str, ...], depth: int
    ) -> Iterator[Occurrence]:
        seen: set[int] = set()
        for p in patterns:
            for n in self._candidates(p, scope.body):
                if id(n) not in seen and p.match(n) is not None:
                    seen.add(id(n))
                    yield Occurrence(n, n, p, scope, path_condition(n, scope))
        if depth < _DEPTH:
            yield from self._inside_calls(patterns, scope, follow, depth)

    def _candidates(self, pattern: Pattern, body: Body) -> Iterator[Node]:
        """Climb from each place the pattern's key word stands to nodes of the pattern's kind."""
        kind = pattern.root.kind
        for leaf in body.by_label.get(pattern.key, ()):
            if (
                _names_a_member(leaf)
                and pattern.root is not leaf
                and pattern.root.kind == "identifier"
            ):
                continue
            n: Node | None = leaf
            while n is not None:
                if n.kind == kind:
                    yield n
                if n.kind.endswith("_statement") and not kind.endswith("statement"):
                    break
                n = n.parent

    def _inside_calls(
        self, patterns: tuple[Pattern, ...], scope: Scope, follow: tuple[str, ...], depth: int
    ) -> Iterator[Occurrence]:
        for name, leaves in scope.body.by_label.items():
            if not self._may_hide(name, follow):
                continue
            for leaf in leaves:
                n, args = _use(leaf)
                if n is None:
                    continue
                for inner in self._callee(name, args, scope, follow, patterns):
                    for o in self._in_scope(patterns, inner, follow, depth + 1):
                        outer = path_condition(n, scope)
                        yield Occurrence(n, o.found, o.pattern, o.scope, conj([outer, o.path]))

    def _may_hide(self, name: str, follow: tuple[str, ...]) -> bool:
        """Tell whether a name may stand for code written elsewhere."""
        if name in follow:
            return True
        if name in self._known:
            return False
        return name in self._file.functions or any(
            name in f.source.macros for f in (self._file, *self._headers)
        )

    def _callee(
        self,
        name: str,
        args: list[Node],
        scope: Scope,
        follow: tuple[str, ...],
        patterns: tuple[Pattern, ...],
    ) -> list[Scope]:
        functions = self._file.functions.get(name, [])
        bodies = [b for f in functions for b in f.bodies] if name in follow else []
        if not functions:
            bodies = [b for b in self._macro_bodies(name) if b.params or self._holds(patterns, b)]
        elif name not in follow:
            calls = tuple(p for p in patterns if p.root.kind == "call_expression")
            bodies = [
                b for f in functions for b in f.bodies if _is_small(b) and self._holds(calls, b)
            ]
        if any(b is scope.body for b in bodies):
            return []
        return [self._enter(b, args, scope) for b in bodies]

    @staticmethod
    def _holds(patterns: tuple[Pattern, ...], body: Body) -> bool:
        return any(p.key in body.by_label for p in patterns)

    def _macro_bodies(self, name: str) -> list[Body]:
        found = []
        for file in (self._file, *self._headers):
            for m in file.source.macros.get(name, []):
                body = file.macro_body(m)
                if body is not None:
                    found.append(body)
        return found

    def _enter(self, body: Body, args: list[Node], outer: Scope) -> Scope:
        bound = {p: (a, outer) for p, a in zip(body.params, args, strict=False) if p}
        return Scope(body, self._predicate, bound, outer.depth + 1)

    def _predicate(self, call: Node, scope: Scope) -> tuple[Scope, Node] | None:
        """Look through a call in a condition if all the callee does is return an expression."""
        name, args = call.kids[0].label, call.kids[-1].kids
        functions = self._file.functions.get(name, [])
        bodies = [b for f in functions for b in f.bodies] or self._macro_bodies(name)
        if len(bodies) != 1:
            return None
        value = _returned(bodies[0].root)
        return (self._enter(bodies[0], args, scope), value) if value is not None else None


def _use(leaf: Node) -> tuple[Node | None, list[Node]]:
    """Return the call (or the bare name) that a leaf stands for, with its arguments."""
    if leaf.kind != "identifier":
        return None, []
    call = leaf.parent
    if call is not None and call.kind == "call_expression" and leaf.role == "function":
        return call, call.kids[-1].kids
    return leaf, []


def _is_small(body: Body) -> bool:
    """Tell a wrapper from a function with a life of its own."""
    return sum(n.kind.endswith("_statement") for n in body.nodes) <= _WRAPPER_STATEMENTS


def _names_a_member(leaf: Node) -> bool:
    return leaf.kind == "field_identifier"


def _returned(root: Node) -> Node | None:
    """Return the one expression a body evaluates to, if that is all it does."""
    block = root.kid("body") if root.kind == "function_definition" else root
    stmts = [s for s in (block.kids if block is not None else []) if s.kids]
    if len(stmts) != 1 or stmts[0].kind not in ("return_statement", "expression_statement"):
        return None
    if root.kind == "function_definition" and stmts[0].kind != "return_statement":
        return None
    return stmts[0].kids[0]


def is_stub(function: Function) -> bool:
    """Tell whether a definition does nothing: the other arm of an ``#ifdef`` around a feature."""
    for b in function.bodies:
        block = b.root.kid("body")
        stmts = [s for s in (block.kids if block is not None else []) if s.kids]
        if len(stmts) > 1 or (stmts and stmts[0].kind != "return_statement"):
            return False
    return True


class Cases:
    """A wanted condition, laid out as the truth assignments of its named parts.

    Args:
        wanted: a formula over atoms that hold patterns.
    """

    def __init__(self, wanted: Formula) -> None:
        self._names = list(atoms(wanted).values())
        keys = [a.key for a in self._names]
        self._rows = list(product((True, False), repeat=len(keys)))
        self.allowed = frozenset(
            r
            for r in self._rows
            if self._consistent(r) and assign(wanted, dict(zip(keys, r, strict=True))) is True
        )

    def _consistent(self, row: tuple[bool, ...]) -> bool:
        true = [a for a, v in zip(self._names, row, strict=True) if v and a.subject]
        return len({(a.subject, a.value) for a in true}) == len({a.subject for a in true})

    def reached(self, path: Formula) -> frozenset[tuple[bool, ...]]:
        """Return the cases in which control can take `path`.

        Each named part may be any of the conditions in `path` that match its pattern; the choice
        that fits the wanted condition best is taken.
        """
        present = list(atoms(path).values())
        choices: list[list[Atom | None]] = [
            [*_candidates(n, present)] or [None] for n in self._names
        ]
        best: frozenset[tuple[bool, ...]] | None = None
        for i, pick in enumerate(product(*choices)):
            if i >= _MAX_CHOICES:
                break
            rows = frozenset(r for r in self._rows if self._possible(path, pick, r))
            if best is None or len(rows - self.allowed) < len(best - self.allowed):
                best = rows
            if not best - self.allowed:
                break
        return best or frozenset()

    def _possible(
        self, path: Formula, pick: tuple[Atom | None, ...], row: tuple[bool, ...]
    ) -> bool:
        values: dict[Atom, bool] = {}
        for atom, value in zip(pick, row, strict=True):
            if atom is not None and values.setdefault(atom, value) is not value:
                return False
        return self._consistent(row) and satisfiable(path, values)


def _matches(named: Atom, atom: Atom) -> bool:
    """Tell whether a condition found in the code is one that the rule names."""
    if named.node[0] != atom.node[0]:
        return False
    want, have = named.node[1:], atom.node[1:]
    if _unify_all(want, have):
        return True
    return named.node[0] == "==" and _unify_all(want, have[::-1])


def _candidates(named: Atom, present: list[Atom]) -> Iterator[Atom]:
    """Yield the conditions of a path that a named one may stand for.

    A test of equality need not be in the path itself: where the path compares the same subject
    with another enumerator, that rules this one out.
    """
    seen = set()
    for a in present:
        if _matches(named, a):
            seen.add(a.subject)
            yield a
    if not named.subject or named.node[1].kind != "field_expression":
        return
    for a in present:
        if a.subject and a.subject not in seen and _unify_all(named.node[1:2], a.node[1:2]):
            seen.add(a.subject)
            key = f"{a.subject}=={named.value}"
            yield Atom(key, a.subject, named.value, node=("==", a.node[1], named.node[2]))


def _unify_all(patterns: tuple[Node, ...], nodes: tuple[Node, ...]) -> bool:
    bound: dict[str, Node] = {}
    return all(unify(p, n, bound) for p, n in zip(patterns, nodes, strict=True))
