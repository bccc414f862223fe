# SPDX-License-Identifier: GPL-2.0-only
"""Finding code in a function, through macros and wrappers, with what it runs under."""

from collections.abc import Iterator
from dataclasses import dataclass

from lpae_backport.logic import Formula, conj, disj, satisfiable
from lpae_backport.paths import branch_condition, path_condition
from lpae_backport.pattern import Pattern
from lpae_backport.scope import LOOPS, Scope
from lpae_backport.shapes import expression_of, is_small, only_read, use_of
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node
from lpae_backport.truth import truth

_FOLLOW_DEPTH = 4
_LEAVING = frozenset({"return_statement", "goto_statement"})


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
    wrapped: bool = False
    """Tell whether it stands in a wrapper that no rule knows."""

    @property
    def is_live(self) -> bool:
        """Tell whether control can get there at all."""
        return satisfiable(self.path)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that names a member, and the condition the branches around it make.

    `node` lies in the function looked at: for a place inside a macro or wrapper it is the call.
    """

    node: Node
    leaf: Node
    scope: Scope
    path: Formula


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
        return Scope(body, self)

    def occurrences(
        self, patterns: tuple[Pattern, ...], body: Body, follow: tuple[str, ...] = ()
    ) -> list[Occurrence]:
        """Return every place where one of `patterns` stands in `body`.

        Args:
            patterns: alternatives.
            body: the function.
            follow: functions of the same file whose body counts as part of the caller's.

        Function-like macros are always looked into. So are a vendor's small wrappers of a call;
        but where the function itself has such calls, only wrappers of the very same call count.
        """
        found = list(self._in_scope(patterns, self.scope(body), follow, 0))
        direct = {o.pattern.source for o in found if not o.wrapped}
        return [
            o
            for o in found
            if not o.wrapped or not direct or (o.pattern.is_call and o.pattern.source in direct)
        ]

    def members(self, name: str, body: Body) -> Iterator[Mention]:
        """Yield the places that name the member `name`, in `body` and a vendor's small wrappers.

        The path is the condition of the branches around it; early exits do not count, since the
        question is what a function that runs to its end has done.
        """
        yield from self._members(name, self.scope(body), 0)

    def _members(self, name: str, scope: Scope, depth: int) -> Iterator[Mention]:
        for leaf in scope.body.by_label.get(name, ()):
            if leaf.kind == "field_identifier":
                yield Mention(leaf, leaf, scope, branch_condition(leaf, scope))
        for callee, leaves in scope.body.by_label.items() if depth < _FOLLOW_DEPTH else ():
            if not self._may_hide(callee, ()):
                continue
            for n, args in (use_of(leaf) for leaf in leaves):
                if n is None:
                    continue
                for inner in self._setters(callee, args, scope, name):
                    outer = branch_condition(n, scope)
                    for o in self._members(name, inner, depth + 1):
                        yield Mention(n, o.leaf, o.scope, conj([outer, o.path]))

    def _setters(self, callee: str, args: list[Node], scope: Scope, name: str) -> list[Scope]:
        functions = [f for f in self._file.functions.get(callee, []) if f.mentions([name])]
        bodies = [b for f in functions for b in f.bodies] or self._macro_bodies(callee)
        return [
            self._enter(b, args, scope)
            for b in bodies
            if b is not scope.body and name in b.by_label
        ]

    def _in_scope(
        self, patterns: tuple[Pattern, ...], scope: Scope, follow: tuple[str, ...], depth: int
    ) -> Iterator[Occurrence]:
        seen: set[int] = set()
        for p in patterns:
            for n in self._candidates(p, scope.body):
                if id(n) not in seen and p.match(n) is not None:
                    seen.add(id(n))
                    yield Occurrence(n, n, p, scope, path_condition(n, scope))
        if depth < _FOLLOW_DEPTH:
            yield from self._inside_calls(patterns, scope, follow, depth)

    def _candidates(self, pattern: Pattern, body: Body) -> Iterator[Node]:
        """Climb from each place the pattern's key word stands to nodes of the pattern's kind."""
        kind = pattern.root.kind
        for leaf in body.by_label.get(pattern.key, ()):
            if leaf.kind == "field_identifier" and kind == "identifier":
                continue
            n: Node | None = leaf
            while n is not None:
                if kind == "identifier" and only_read(n):
                    break
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
            wrapper = name not in follow and name in self._file.functions
            for leaf in leaves:
                n, args = use_of(leaf)
                if n is None:
                    continue
                for inner in self._callee(name, args, scope, follow, patterns):
                    for o in self._in_scope(patterns, inner, follow, depth + 1):
                        path = conj([path_condition(n, scope), o.path])
                        yield Occurrence(n, o.found, o.pattern, o.scope, path, wrapper or o.wrapped)

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
            words = [p.key for p in patterns]
            near = [f for f in functions if f.is_short and f.mentions(words)]
            bodies = [b for f in near for b in f.bodies if is_small(b)]
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
        return Scope(body, self, bound, outer.depth + 1)

    def predicate(self, use: Node, scope: Scope) -> Formula | None:
        """Look through a call, or a bare macro, in a condition; see `scope.Library`."""
        if use.kind == "call_expression":
            name, args = use.kids[0].label, use.kids[-1].kids
        else:
            name, args = use.label, []
        bodies = self._function_bodies(name) if use.kind == "call_expression" else []
        bodies = bodies or [b for b in self._macro_bodies(name) if bool(b.params) == bool(args)]
        if len(bodies) != 1 or not is_small(bodies[0]):
            return None
        inner = self._enter(bodies[0], args, scope)
        if bodies[0].root.kind == "function_definition":
            return _returned(inner)
        value = expression_of(bodies[0].root)
        return truth(value, inner) if value is not None else None

    def statements(self, call: Node, scope: Scope) -> Scope | None:
        """Look through a macro that may leave the function; see `scope.Library`."""
        bodies = self._macro_bodies(call.kids[0].label)
        if len(bodies) != 1 or not any(n.kind in _LEAVING for n in bodies[0].nodes):
            return None
        return self._enter(bodies[0], call.kids[-1].kids, scope)

    def expansion(self, name: str) -> Node | None:
        """Look through a macro for a value; see `scope.Library`."""
        bodies = [b for b in self._macro_bodies(name) if not b.params]
        return expression_of(bodies[0].root) if len(bodies) == 1 else None

    def _function_bodies(self, name: str) -> list[Body]:
        for file in (self._file, *self._headers):
            if name in file.functions:
                short = [f for f in file.functions[name] if f.is_short]
                return [b for f in short for b in f.bodies]
        return []


def _returned(scope: Scope) -> Formula | None:
    """Return the condition under which a small function gives a true value."""
    answers = [n for n in scope.body.nodes if n.kind == "return_statement"]
    if not answers or any(not n.kids for n in answers):
        return None
    if any(n.kind in LOOPS for n in scope.body.nodes):
        return None
    return disj(conj([path_condition(n, scope), truth(n.kids[0], scope)]) for n in answers)
