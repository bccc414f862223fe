# SPDX-License-Identifier: GPL-2.0-only
"""Checks of what functions do: calls, code that stands or must not, guards, order."""

from collections.abc import Iterator
from dataclasses import replace

from lpae_backport.answers import Answer, absent, is_lost, met, same_head, unknown, unmet, worst
from lpae_backport.checks.definitions import (
    Definition,
    definitions,
    each_body,
    is_under,
    judge_all,
    named,
    search_in,
    sources,
)
from lpae_backport.finding import State
from lpae_backport.guards import Cases
from lpae_backport.layout import Layout
from lpae_backport.location import Span
from lpae_backport.logic import Formula
from lpae_backport.rule import Check
from lpae_backport.search import Search
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node


def function(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether a function exists, with its parameters and what it mentions."""
    found = definitions(check.name, file)
    if not found:
        return absent(file, check.name, "function")
    for d in found:
        if d.problem is not None:
            return unknown(file, d.problem.span, d.problem.reason)
        for body in d.bodies:
            wrong = _wrong_function(check, file, d, body)
            if wrong is not None:
                return wrong
    return met(file, *(d.head for d in found))


def _wrong_function(check: Check, file: CodeFile, d: Definition, body: Body) -> Answer | None:
    if check.params is not None and len(body.params) != check.params:
        text = f"{d.name} takes {len(body.params)} parameters, not {check.params}"
        return unmet(file, text, d.head)
    if check.head and not same_head(check.head, file, d.head):
        return unmet(file, f"{d.name} is not declared as {check.head}", d.head)
    mentioned = any(p.match(n) is not None for p in check.patterns for n in body.nodes)
    if check.patterns and not mentioned:
        return unmet(file, f"{d.name} does not mention {check.patterns[0].source}", d.head)
    return None


def calls(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether every call of a function has one of the forms of the rule."""
    name = check.patterns[0].root.kids[0].label
    sites: list[Node] = []
    for f in (f for fs in file.functions.values() for f in fs):
        if f.name == name or not f.mentions([name]):
            continue
        if f.problem is not None:
            return unknown(file, f.problem.span, f"{f.problem.reason}; {f.name} calls {name}")
        sites += [n for b in f.bodies for n in _calls_of(name, b)]
    for m in (m for ms in file.source.macros.values() for m in ms):
        body = file.macro_body(m) if m.name != name and name in file.source.text(m.body) else None
        sites += _calls_of(name, body) if body is not None else ()
    sites += [n for top in file.loose_nodes(name) for n in top.walk() if _is_call(n, name)]
    right = [any(p.match(n) is not None for p in check.patterns) for n in sites]
    spans = [n.span for n, ok in zip(sites, right, strict=True) if ok]
    wrong = [n.span for n, ok in zip(sites, right, strict=True) if not ok]
    if wrong:
        text = f"{len(wrong)} of {len(wrong) + len(spans)} calls of {name} have another form"
        return replace(unmet(file, text, *wrong), begun=bool(spans))
    return met(file, *spans) if spans else unmet(file, f"nothing calls {name}")


def _is_call(n: Node, name: str) -> bool:
    return n.kind == "call_expression" and n.kids[0].label == name


def _calls_of(name: str, body: Body) -> Iterator[Node]:
    for leaf in body.by_label.get(name, ()):
        if (
            leaf.parent is not None
            and leaf.parent.kind == "call_expression"
            and leaf.role == "function"
        ):
            yield leaf.parent


def contains(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether functions have such code, and control can get there."""
    search = search_in(file, layout)

    def judge(function: Definition, body: Body) -> Answer:
        live = [
            o for o in search.occurrences(check.patterns, body, check.scope.follow) if o.is_live
        ]
        if live:
            return met(file, *(o.node.span for o in live))
        return unmet(file, f"no {sources(check.patterns)} in {function.name}", function.head)

    answer = each_body(check, file, judge)
    if answer.state is State.UNMET and check.config:
        return _under_option(check, file, search) or answer
    return answer


def _under_option(check: Check, file: CodeFile, search: Search) -> Answer | None:
    """Decide whether code stands in what is compiled under the option of the rule, and no other."""
    found = next(named(check, file), [])
    heads = [file.source.conditions_at(d.head) for d in found]
    for body in (b for d in found for b in d.bodies):
        for o in search.occurrences(check.patterns, body, check.scope.follow):
            around = file.source.conditions_at(o.node.span)
            own = [c for c in around if any(c not in h for h in heads)]
            if o.is_live and own and all(is_under(c, check.config) for c in own):
                return met(file, o.node.span)
    return None


def lacks(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether functions are free of such code."""
    search = search_in(file, layout)

    def judge(function: Definition, body: Body) -> Answer:
        live = [o.node.span for o in search.occurrences(check.patterns, body) if o.is_live]
        if live:
            return unmet(file, f"{sources(check.patterns)} still in {function.name}", *live)
        return met(file, function.head)

    answers = [judge_all(found, file, judge) for found in named(check, file)]
    answers += [
        absent(file, name, "function")
        for name in check.scope.functions
        if name not in file.functions and is_lost(file, name)
    ]
    return worst(answers) if answers else Answer(State.MET, (), "function is not here")


def guard(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether code runs under the condition of the rule."""
    search = search_in(file, layout)
    condition = check.condition
    assert condition is not None
    cases = Cases(condition.formula, condition.named, condition.among)

    def judge(function: Definition, body: Body) -> Answer:
        found = [
            o for o in search.occurrences(check.patterns, body, check.scope.follow) if o.is_live
        ]
        if not found and check.optional:
            return Answer(State.MET, (), "nothing of the kind here")
        if not found:
            return unmet(file, f"no {sources(check.patterns)} in {function.name}", function.head)
        return _judge_guard(
            check, file, function, cases, [(o.node, o.pattern.source, o.path) for o in found]
        )

    return each_body(check, file, judge)


def _judge_guard(
    check: Check,
    file: CodeFile,
    function: Definition,
    cases: Cases,
    found: list[tuple[Node, str, Formula]],
) -> Answer:
    condition = check.condition
    assert condition is not None
    for node, what, path in found:
        if cases.reached(path) - cases.allowed:
            text = f"{what} in {function.name} is not under {condition.source}"
            return unmet(file, text, node.span, *_condition_of(node))
    spans = [s for node, _, _ in found for s in (node.span, *_condition_of(node))]
    if condition.exactly and not cases.covered([path for _, _, path in found]):
        text = f"in {function.name} not in every case of {condition.source}"
        return unmet(file, text, *spans)
    return met(file, *spans)


def _condition_of(node: Node) -> list[Span]:
    """Return the condition that stands nearest above a piece of code, to show with it."""
    child = node
    for n in node.ancestors():
        if n.kind in ("if_statement", "conditional_expression") and child.role != "condition":
            condition = n.kid("condition")
            return [condition.span] if condition is not None else []
        child = n
    return []


def order(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Judge whether pieces of code stand in the order of the rule, the first of each counting."""
    search = search_in(file, layout)

    def judge(function: Definition, body: Body) -> Answer:
        at = -1
        spans = []
        for stage in check.stages:
            live = [o.node for o in search.occurrences(stage, body) if o.is_live]
            if not live:
                return unmet(file, f"no {sources(stage)} in {function.name}", function.head)
            if live[0].start <= at:
                text = f"{sources(stage)} in {function.name} comes too early"
                return unmet(file, text, live[0].span)
            at = live[0].start
            spans.append(live[0].span)
        return met(file, *spans)

    return each_body(check, file, judge)
