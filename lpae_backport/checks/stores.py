# SPDX-License-Identifier: GPL-2.0-only
"""Checks of what a member holds once a function has set it."""

from collections.abc import Iterator
from dataclasses import dataclass

from lpae_backport.answers import Answer, absent, met, unmet
from lpae_backport.checks.definitions import Definition, judge_all, named, search_in
from lpae_backport.declarations import declared_tag, type_tag
from lpae_backport.guards import Cases
from lpae_backport.layout import Layout
from lpae_backport.logic import Formula, conj, disj, negate, satisfiable
from lpae_backport.paths import branch_condition, path_condition
from lpae_backport.rule import Check
from lpae_backport.search import Search
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node
from lpae_backport.truth import truth


def sets(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Judge what a member holds in the end: the first name under which it is set decides."""
    search = search_in(file, layout)
    assert check.condition is not None
    cases = Cases(check.condition.formula)

    def judge(function: Definition, body: Body) -> Answer:
        stores = _stores(check, search, body)
        if not stores:
            return unmet(file, f"{function.name} never sets {check.name}", function.head)
        held: Formula = False
        for store in stores:
            held = disj([conj([held, negate(store.path)]), conj([store.path, store.after(held)])])
        return _judge_held(check, file, function, cases, held, [store.node for store in stores])

    first: Answer | None = None
    for found in named(check, file):
        answer = judge_all(found, file, judge)
        if any(_stores(check, search, b) for d in found for b in d.bodies):
            return answer
        first = first or answer
    return first or absent(file, check.scope.functions[0], "function")


def _judge_held(
    check: Check,
    file: CodeFile,
    function: Definition,
    cases: Cases,
    held: Formula,
    nodes: list[Node],
) -> Answer:
    condition = check.condition
    assert condition is not None
    spans = [n.span for n in nodes]
    always = not satisfiable(negate(held))
    if cases.is_constant:
        if always:
            return met(file, *spans)
        return unmet(file, f"{check.name} is not always true in {function.name}", *spans)
    rows = cases.reached(held)
    if not rows or rows - cases.allowed:
        text = f"{check.name} in {function.name} does not follow {condition.source}"
        return unmet(file, text, *spans)
    if condition.exactly and cases.allowed - rows:
        text = f"{check.name} in {function.name} not in every case of {condition.source}"
        return unmet(file, text, *spans)
    return met(file, *spans)


@dataclass(frozen=True, slots=True)
class _Store:
    """One place where a member is given a value, alone or with its whole struct."""

    node: Node
    path: Formula
    value: Formula
    operator: str = "="

    def after(self, held: Formula) -> Formula:
        """Return what the member holds after the store, given what it held before."""
        if self.operator == "|=":
            return disj([held, self.value])
        if self.operator == "&=":
            return conj([held, self.value])
        return self.value


def _stores(check: Check, search: Search, body: Body) -> list[_Store]:
    """Return the stores that count, in the order of the text.

    What comes after the member has been used (`until` in the rule) is too late.
    """
    uses = [o.node.start for o in search.occurrences(check.until, body)]
    last = min(uses, default=body.root.end)
    found = []
    objects: set[str] = set()
    for o in search.members(check.name, body):
        value = _stored_value(o.leaf)
        if value is None or not _may_belong(o.leaf, check.owner, o.scope.body):
            continue
        if o.node.start > last or not satisfiable(path_condition(o.leaf, o.scope)):
            continue
        objects.add(_object(o.leaf))
        whole = o.leaf.parent.parent if o.leaf.parent is not None else None
        operator = whole.label if whole is not None and whole.label else "="
        found.append(_Store(o.node, o.path, truth(value, o.scope), operator))
    found += _replaced(check, search, body, objects, last)
    return sorted(found, key=lambda s: s.node.start)


def _object(leaf: Node) -> str:
    """Return the object a member is set in, as far as the text shows."""
    if leaf.parent is not None and leaf.parent.kind == "field_expression":
        return leaf.parent.kids[0].canon
    for n in leaf.ancestors():
        if n.kind == "init_declarator" or n.kind == "assignment_expression":
            return n.kids[0].canon
    return ""


def _replaced(
    check: Check, search: Search, body: Body, objects: set[str], last: int
) -> Iterator[_Store]:
    """Yield the places where the whole struct is given anew, without the member: it is zero."""
    scope = search.scope(body)
    for n in body.by_label.get("=", ()):
        if n.kind != "assignment_expression" or n.kids[0].canon not in objects or n.start > last:
            continue
        if any(k.label == check.name for k in n.kids[-1].walk()):
            continue
        yield _Store(n, branch_condition(n, scope), False)


def _stored_value(leaf: Node) -> Node | None:
    """Return what is stored in the member that `leaf` names: by an initializer or an assignment."""
    parent = leaf.parent
    if leaf.kind != "field_identifier" or parent is None:
        return None
    if parent.kind == "field_designator" and parent.parent is not None:
        return parent.parent.kids[-1]
    if parent.kind == "field_expression" and parent.role == "left" and parent.parent is not None:
        whole = parent.parent
        return whole.kids[-1] if whole.kind == "assignment_expression" else None
    return None


def _may_belong(leaf: Node, owner: str, body: Body) -> bool:
    """Tell whether a member may be one of the struct `owner`, as far as declarations show."""
    if not owner:
        return True
    parent = leaf.parent
    if parent is not None and parent.kind == "field_expression":
        base = parent.kids[0]
        declared = declared_tag(base.label, body) if base.kind == "identifier" else None
        return declared in (None, owner)
    for n in leaf.ancestors():
        if n.kind in ("declaration", "compound_literal_expression"):
            tag = type_tag(n)
            return tag in (None, owner)
    return True
