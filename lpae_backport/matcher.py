# SPDX-License-Identifier: GPL-2.0-only
"""Decides checks: one function per kind, each from a check and a tree to a result."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from lpae_backport.conditions import branch_condition, path_condition, truth
from lpae_backport.errors import UndecidableError
from lpae_backport.finding import CheckResult, Evidence, State
from lpae_backport.guards import Cases, Search, is_stub
from lpae_backport.kconfig import config_entry
from lpae_backport.layout import Layout, Unreadable
from lpae_backport.location import Location, Span
from lpae_backport.logic import Formula, conj, disj, negate, satisfiable
from lpae_backport.numbers import constant_value
from lpae_backport.pattern import Pattern
from lpae_backport.rule import Check, Kind, Scope
from lpae_backport.source import Macro, Problem
from lpae_backport.symbols import (
    Body,
    CodeFile,
    Function,
    declared_tag,
    enumerators,
    members,
    type_tag,
)
from lpae_backport.syntax import Node
from lpae_backport.tree import UnreadableError

_EVIDENCE = 6
_INCLUDED_DIRS = ("drivers/iommu",)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check came to in one file."""

    state: State
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    begun: bool = False


def decide(check: Check, layout: Layout) -> CheckResult:
    """Decide one check in one tree.

    Args:
        check: the check.
        layout: the tree.

    Returns:
        The result; `unknown` wherever what matters could not be read, parsed or decided.
    """
    if check.requires is not None and not _exists(check.requires, layout):
        return CheckResult(
            check.id, State.NOT_APPLICABLE, reason=f"no {_shown(check.requires)} here"
        )
    answer = _answer(check, layout)
    if answer.state is State.UNMET:
        others = (_answer(o, layout) for o in check.either)
        answer = next((a for a in others if a.state is State.MET), answer)
    if answer.state is State.UNMET:
        for other in check.alternatives:
            older = _answer(other, layout)
            if older.state in (State.MET, State.UNKNOWN):
                state = State.DIFFERS if older.state is State.MET else State.UNKNOWN
                answer = Answer(
                    state,
                    older.evidence,
                    f"older form: {other.id}" if older.state is State.MET else older.reason,
                )
                break
    return CheckResult(
        check.id,
        answer.state,
        answer.evidence,
        answer.reason,
        check.is_constraint,
        answer.begun,
    )


def applies(scope: Scope | None, layout: Layout) -> bool:
    """Tell whether a step has anything to apply to in this tree."""
    return scope is None or _exists(scope, layout)


def _shown(scope: Scope) -> str:
    return (
        f"{'|'.join(scope.functions)} in {scope.file}"
        if scope.functions
        else f"{scope.file} driver"
    )


def _exists(scope: Scope, layout: Layout) -> bool:
    files = layout.files(scope.file)
    if not scope.functions:
        return bool(files)
    return any(
        isinstance(f, Unreadable)
        or any(n in f.functions or _is_lost(f, n) for n in scope.functions)
        for f in files
    )


def _answer(check: Check, layout: Layout) -> Answer:
    try:
        if check.kind in _TREE_KINDS:
            return _TREE_KINDS[check.kind](check, layout)
        return _in_files(check, layout)
    except UndecidableError as e:
        return Answer(State.UNKNOWN, reason=e.message)
    except RecursionError:
        return Answer(State.UNKNOWN, reason="nested too deeply to be decided")


def _in_files(check: Check, layout: Layout) -> Answer:
    files = layout.files(check.scope.file)
    if not files:
        if check.kind is Kind.LACKS:
            return Answer(State.MET, reason="file is not here")
        return Answer(State.UNMET, reason=f"no {' or '.join(layout.paths(check.scope.file))}")
    answers = []
    for f in files:
        if isinstance(f, Unreadable):
            answers.append(Answer(State.UNKNOWN, reason=f"{f.path}: {f.reason}"))
        else:
            answers.append(_FILE_KINDS[check.kind](check, f, layout))
    return _worst(answers)


def _worst(answers: Iterable[Answer]) -> Answer:
    """Where a thing stands in several forms, the one furthest from done counts."""
    order = (State.UNMET, State.UNKNOWN, State.DIFFERS, State.MET)
    return min(answers, key=lambda a: order.index(a.state))


# Evidence


def _evidence(file: CodeFile, spans: Iterable[Span]) -> tuple[Evidence, ...]:
    found = []
    for span in spans:
        place = file.source.location(span)
        lines = Span(file.source.lines.start_of(place.line), span.end)
        found.append(Evidence(place, file.source.text(lines).rstrip()))
        if len(found) == _EVIDENCE:
            break
    return tuple(found)


def _head(function: Function) -> Span:
    """Return the part of a definition before its body, as evidence for the whole."""
    body = function.file.source.masked.find(b"{", function.span.start, function.span.end)
    end = body if body > function.span.start else function.span.end
    return Span(function.span.start, len(function.file.source.data[:end].rstrip()))


def _unmet(file: CodeFile, reason: str, *spans: Span) -> Answer:
    return Answer(State.UNMET, _evidence(file, spans) or _whole(file), reason)


def _whole(file: CodeFile) -> tuple[Evidence, ...]:
    return (Evidence(Location(file.path, 1, 1), ""),)


def _met(file: CodeFile, *spans: Span) -> Answer:
    return Answer(State.MET, _evidence(file, spans))


def _unknown(file: CodeFile, span: Span, reason: str) -> Answer:
    return Answer(State.UNKNOWN, _evidence(file, [span]), f"{file.source.location(span)}: {reason}")


def _is_lost(file: CodeFile, name: str) -> bool:
    """Tell whether `name` may be hidden in what could not be parsed."""
    if not file.source.problems:
        return False
    word = re.compile(rb"\b%b\b" % re.escape(name.encode()))
    return any(
        file.source.problem_at(_line_of(file, m.start())) or _in_broken_function(file, m.start())
        for m in word.finditer(file.source.data)
    )


def _line_of(file: CodeFile, at: int) -> Span:
    end = file.source.data.find(b"\n", at)
    return Span(
        file.source.data.rfind(b"\n", 0, at) + 1, end if end > at else len(file.source.data)
    )


def _in_broken_function(file: CodeFile, at: int) -> bool:
    return any(
        f.span.start < at < f.span.end and f.problem is not None
        for fs in file.functions.values()
        for f in fs
        if file.source.data[at : at + len(f.name)] != f.name.encode()
    )


def _absent(file: CodeFile, name: str, what: str) -> Answer:
    """Answer for a thing that was not found: missing, unless broken text may hide it."""
    if _is_lost(file, name):
        p = file.source.problems[0]
        return _unknown(file, p.span, f"{p.reason}; {what} {name} may stand there")
    return _unmet(file, f"no {what} {name} in {file.path}")


# Types, macros, objects


def _enumerator(check: Check, file: CodeFile, layout: Layout) -> Answer:
    enums = file.type_nodes("enum", check.owner)
    if not enums:
        return _absent(file, check.owner, "enum")
    for enum in enums:
        if p := file.source.problem_at(enum.span):
            return _unknown(file, p.span, p.reason)
        wrong = _wrong_enumerator(check, [e.kids[0].label for e in enumerators(enum)])
        if wrong:
            return _unmet(file, wrong, enum.span)
    node = next(e for e in enumerators(enums[0]) if e.kids[0].label == check.name)
    return _met(file, node.span)


def _wrong_enumerator(check: Check, names: list[str]) -> str:
    """Say what is wrong with an enum given by its names, if anything is."""
    if check.name not in names:
        return f"enum {check.owner} has no {check.name}"
    if not check.before:
        return ""
    if check.before not in names or names[-1] != check.before:
        return f"{check.before} is not the last of enum {check.owner}"
    return ""


def _field(check: Check, file: CodeFile, layout: Layout) -> Answer:
    structs = file.type_nodes("struct", check.owner) + file.type_nodes("union", check.owner)
    if not structs:
        return _absent(file, check.owner, "struct")
    spans = []
    for struct in structs:
        if p := file.source.problem_at(struct.span):
            return _unknown(file, p.span, p.reason)
        found = [m.node.span for m in members(struct, file.type_nodes) if m.path == check.name]
        if not found:
            return _unmet(file, f"struct {check.owner} has no {check.name}", struct.kids[0].span)
        spans += found
    return _met(file, *spans)


def _macro(check: Check, file: CodeFile, layout: Layout) -> Answer:
    file = _defining(check.name, file, layout)
    found = file.source.macros.get(check.name, [])
    if not found:
        return _absent(file, check.name, "macro")
    for m in found:
        if p := file.source.problem_at(m.span):
            return _unknown(file, p.span, p.reason)
        wrong = _wrong_value(check, file, m) or _wrong_form(check, file, m)
        if wrong is not None:
            return wrong
    return _met(file, *(m.span for m in found))


def _defining(macro: str, file: CodeFile, layout: Layout) -> CodeFile:
    """Return the file itself, or the private header beside it that defines a macro."""
    if macro in file.source.macros:
        return file
    for header in layout.private_headers(file):
        if macro in header.source.macros:
            return header
    return file


def _wrong_value(check: Check, file: CodeFile, macro: Macro) -> Answer | None:
    if check.value is None:
        return None
    value = constant_value(file.source.text(macro.body), file.source)
    if value is None:
        return _unknown(file, macro.span, f"value of {check.name} cannot be computed")
    if value != check.value:
        return _unmet(file, f"{check.name} is {value:#x}, not {check.value:#x}", macro.span)
    return None


def _wrong_form(check: Check, file: CodeFile, macro: Macro) -> Answer | None:
    if not check.patterns:
        return None
    body = file.macro_body(macro)
    if body is None:
        return _unknown(file, macro.span, f"replacement of {check.name} is not C on its own")
    whole = [n for s in body.root.kids for n in s.kids]
    if not any(p.match(n) is not None for p in check.patterns for n in whole):
        return _unmet(file, f"{check.name} has another form", macro.span)
    return None


def _entry(check: Check, file: CodeFile, layout: Layout) -> Answer:
    nodes = file.object_nodes(check.owner)
    if not nodes:
        return _absent(file, check.owner, "object")
    spans = []
    for node in nodes:
        if p := file.source.problem_at(node.span):
            return _unknown(file, p.span, p.reason)
        pairs = [n for n in node.walk() if n.kind == "initializer_pair"]
        pairs = [n for n in pairs if _designates(n, check.name)]
        if not pairs:
            text = f"{check.owner} has no entry {check.name}"
            return _unmet(file, text, node.kids[0].span)
        wrong = _wrong_entry(check, file, pairs)
        if wrong is not None:
            return wrong
        spans.append(pairs[-1].span)
    return _met(file, *spans)


def _wrong_entry(check: Check, file: CodeFile, pairs: list[Node]) -> Answer | None:
    """Judge the last entry of each arm of a conditional: in C the last one counts."""
    arms = {file.source.conditions_at(p.span): p for p in pairs}
    for conditions, pair in arms.items():
        value = pair.kids[-1]
        if check.patterns and not any(p.match(value) is not None for p in check.patterns):
            text = f"entry {check.name} of {check.owner} has another value"
            return _unmet(file, text, pair.span)
        strange = [c for c in conditions if check.config and check.config not in c]
        if strange:
            return _unmet(file, f"entry {check.name} stands under {strange[0]}", pair.span)
    return None


def _designates(pair: Node, name: str) -> bool:
    """Tell whether an initializer pair is for ``[INDEX]`` or ``.field`` as the rule writes it."""
    designators = [k for k in pair.kids if k.kind in ("subscript_designator", "field_designator")]
    if len(designators) != 1 or not designators[0].kids:
        return False
    word = designators[0].kids[0].canon
    return (
        f"[{word}]" == name if designators[0].kind == "subscript_designator" else f".{word}" == name
    )


def _declaration(check: Check, file: CodeFile, layout: Layout) -> Answer:
    spans = file.declarations(check.name)
    return _readable(file, spans[0]) if spans else _absent(file, check.name, "declaration of")


def _export(check: Check, file: CodeFile, layout: Layout) -> Answer:
    span = file.exports.get(check.name)
    if span is not None:
        return _readable(file, span)
    if _is_lost(file, check.name):
        return _absent(file, check.name, "export of")
    defined = [_head(f) for f in file.functions.get(check.name, [])]
    return _unmet(file, f"{check.name} is not exported to modules", *defined)


def _include(check: Check, file: CodeFile, layout: Layout) -> Answer:
    spans = [i.span for i in file.source.includes if i.header == check.name]
    if spans:
        return _readable(file, spans[0])
    if _is_lost(file, check.name.rpartition("/")[2].removesuffix(".h")):
        return _absent(file, check.name, "include of")
    return _unmet(file, f"does not include {check.name}", *_first_include(file))


def _readable(file: CodeFile, span: Span) -> Answer:
    """Answer for a thing that was found, unless what it stands in could not be read."""
    p = file.source.problem_at(span)
    return _met(file, span) if p is None else _unknown(file, p.span, p.reason)


def _first_include(file: CodeFile) -> list[Span]:
    return [i.span for i in file.source.includes[:1]]


# Functions


@dataclass(frozen=True)
class _Definition:
    """A function, or a function-like macro in its place, with all its readings."""

    name: str
    head: Span
    problem: Problem | None
    bodies: tuple[Body, ...]


def _definitions(name: str, file: CodeFile) -> list[_Definition]:
    """Return the definitions of a name, stubs left out where there is a real one."""
    functions = file.functions.get(name, [])
    functions = [f for f in functions if not is_stub(f)] or functions
    if functions:
        return [_as_definition(f) for f in functions]
    found = []
    for m in file.source.macros.get(name, []):
        body = file.macro_body(m)
        if m.params is not None:
            bodies = (body,) if body is not None else ()
            found.append(_Definition(name, m.span, file.source.problem_at(m.span), bodies))
    return found


def _as_definition(f: Function) -> _Definition:
    return _Definition(f.name, _head(f), f.problem, f.bodies)


def _candidates(check: Check, file: CodeFile) -> Iterator[list[_Definition]]:
    """Yield the definitions of each of the scope's names that exists."""
    for name in check.scope.functions:
        if name == "*":
            found = [_as_definition(f) for f in _with_word(check, file)]
        else:
            found = _definitions(name, file)
        if found:
            yield found


def _with_word(check: Check, file: CodeFile) -> list[Function]:
    """Return the functions, whatever they are called, that name what the check is about."""
    words = [p.key for p in check.patterns] or [check.name]
    pattern = re.compile("|".join(rf"\b{re.escape(w)}\b" for w in words).encode())
    return [
        f
        for fs in file.functions.values()
        for f in fs
        if pattern.search(file.source.masked, f.span.start, f.span.end)
    ]


def _function(check: Check, file: CodeFile, layout: Layout) -> Answer:
    definitions = _definitions(check.name, file)
    if not definitions:
        return _absent(file, check.name, "function")
    for d in definitions:
        if d.problem is not None:
            return _unknown(file, d.problem.span, d.problem.reason)
        for body in d.bodies:
            wrong = _wrong_function(check, file, d, body)
            if wrong is not None:
                return wrong
    return _met(file, *(d.head for d in definitions))


def _wrong_function(check: Check, file: CodeFile, d: _Definition, body: Body) -> Answer | None:
    if check.params is not None and len(body.params) != check.params:
        text = f"{d.name} takes {len(body.params)} parameters, not {check.params}"
        return _unmet(file, text, d.head)
    mentioned = any(p.match(n) is not None for p in check.patterns for n in body.nodes)
    if check.patterns and not mentioned:
        return _unmet(file, f"{d.name} does not mention {check.patterns[0].source}", d.head)
    return None


def _calls(check: Check, file: CodeFile, layout: Layout) -> Answer:
    name = check.patterns[0].root.kids[0].label
    spans: list[Span] = []
    wrong: list[Span] = []
    for f in (f for fs in file.functions.values() for f in fs):
        if f.name == name or name.encode() not in file.source.masked[f.span.start : f.span.end]:
            continue
        if f.problem is not None:
            return _unknown(file, f.problem.span, f"{f.problem.reason}; {f.name} calls {name}")
        for b in f.bodies:
            for n in _calls_of(name, b):
                (spans if any(p.match(n) is not None for p in check.patterns) else wrong).append(
                    n.span
                )
    for macros in file.source.macros.values():
        for m in macros:
            body = (
                file.macro_body(m) if m.name != name and name in file.source.text(m.body) else None
            )
            for n in _calls_of(name, body) if body is not None else ():
                (spans if any(p.match(n) is not None for p in check.patterns) else wrong).append(
                    n.span
                )
    if wrong:
        text = f"{len(wrong)} of {len(wrong) + len(spans)} calls of {name} have another form"
        return replace(_unmet(file, text, *wrong), begun=bool(spans))
    return _met(file, *spans) if spans else _unmet(file, f"nothing calls {name}")


def _calls_of(name: str, body: Body) -> Iterator[Node]:
    for leaf in body.by_label.get(name, ()):
        if (
            leaf.parent is not None
            and leaf.parent.kind == "call_expression"
            and leaf.role == "function"
        ):
            yield leaf.parent


Judge = Callable[[_Definition, Body], Answer]


def _each_body(check: Check, file: CodeFile, judge: Judge) -> Answer:
    """Judge every reading of every definition of the first name that exists."""
    found = next(_candidates(check, file), None)
    if found is None:
        return _absent(file, check.scope.functions[0], "function")
    return _judge_all(found, file, judge)


def _judge_all(found: list[_Definition], file: CodeFile, judge: Judge) -> Answer:
    """All readings have to satisfy a check."""
    answers = []
    for d in found:
        if d.problem is not None:
            answers.append(_unknown(file, d.problem.span, f"{d.problem.reason} in {d.name}"))
        elif not d.bodies:
            answers.append(_unknown(file, d.head, f"body of {d.name} not understood"))
        else:
            answers += [judge(d, b) for b in d.bodies]
    return _worst(answers)


def _search(file: CodeFile, layout: Layout) -> Search:
    headers = (
        [h for h in layout.files("header") if isinstance(h, CodeFile)]
        if "header" in layout.names
        else []
    )
    return Search(file, tuple(headers), layout.known_functions)


def _sources(patterns: tuple[Pattern, ...]) -> str:
    return " or ".join(p.source for p in patterns)


def _contains(check: Check, file: CodeFile, layout: Layout) -> Answer:
    search = _search(file, layout)

    def judge(function: _Definition, body: Body) -> Answer:
        live = [
            o for o in search.occurrences(check.patterns, body, check.scope.follow) if o.is_live
        ]
        if live:
            return _met(file, *(o.node.span for o in live))
        return _unmet(file, f"no {_sources(check.patterns)} in {function.name}", function.head)

    return _each_body(check, file, judge)


def _lacks(check: Check, file: CodeFile, layout: Layout) -> Answer:
    search = _search(file, layout)

    def judge(function: _Definition, body: Body) -> Answer:
        live = [
            o.node.span
            for o in search.occurrences(check.patterns, body)
            if o.is_live and (o.pattern.is_call or not o.wrapped)
        ]
        if live:
            return _unmet(file, f"{_sources(check.patterns)} still in {function.name}", *live)
        return _met(file, function.head)

    answers = [_judge_all(found, file, judge) for found in _candidates(check, file)]
    answers += [
        _absent(file, name, "function")
        for name in check.scope.functions
        if name not in file.functions and _is_lost(file, name)
    ]
    return _worst(answers) if answers else Answer(State.MET, (), "function is not here")


def _guard(check: Check, file: CodeFile, layout: Layout) -> Answer:
    search = _search(file, layout)
    condition = check.condition
    assert condition is not None
    cases = Cases(condition.formula)

    def judge(function: _Definition, body: Body) -> Answer:
        found = [
            o for o in search.occurrences(check.patterns, body, check.scope.follow) if o.is_live
        ]
        if not found and check.optional:
            return Answer(State.MET, (), "nothing of the kind here")
        if not found:
            return _unmet(file, f"no {_sources(check.patterns)} in {function.name}", function.head)
        return _judge_guard(
            check, file, function, cases, [(o.node, o.pattern.source, o.path) for o in found]
        )

    return _each_body(check, file, judge)


def _judge_guard(
    check: Check,
    file: CodeFile,
    function: _Definition,
    cases: Cases,
    found: list[tuple[Node, str, Formula]],
) -> Answer:
    condition = check.condition
    assert condition is not None
    for node, what, path in found:
        if cases.reached(path) - cases.allowed:
            text = f"{what} in {function.name} is not under {condition.source}"
            return _unmet(file, text, node.span)
    spans = [node.span for node, _, _ in found]
    if condition.exactly and not cases.covered([path for _, _, path in found]):
        text = f"in {function.name} not in every case of {condition.source}"
        return _unmet(file, text, *spans)
    return _met(file, *spans)


def _order(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Judge whether pieces of code stand in the order of the rule, the first of each counting."""
    search = _search(file, layout)

    def judge(function: _Definition, body: Body) -> Answer:
        at = -1
        spans = []
        for stage in check.stages:
            live = [o.node for o in search.occurrences(stage, body) if o.is_live]
            if not live:
                return _unmet(file, f"no {_sources(stage)} in {function.name}", function.head)
            if live[0].start <= at:
                text = f"{_sources(stage)} in {function.name} comes too early"
                return _unmet(file, text, live[0].span)
            at = live[0].start
            spans.append(live[0].span)
        return _met(file, *spans)

    return _each_body(check, file, judge)


def _sets(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Judge what a member holds in the end: the first name under which it is set decides."""
    search = _search(file, layout)
    assert check.condition is not None
    cases = Cases(check.condition.formula)

    def judge(function: _Definition, body: Body) -> Answer:
        stores = _stores(check, search, body)
        if not stores:
            return _unmet(file, f"{function.name} never sets {check.name}", function.head)
        held: Formula = False
        for store in stores:
            held = disj([conj([held, negate(store.path)]), conj([store.path, store.after(held)])])
        return _judge_held(check, file, function, cases, held, [store.node for store in stores])

    first: Answer | None = None
    for found in _candidates(check, file):
        answer = _judge_all(found, file, judge)
        if answer.state is not State.UNMET or not answer.reason.endswith(f"sets {check.name}"):
            return answer
        first = first or answer
    return first or _absent(file, check.scope.functions[0], "function")


def _judge_held(
    check: Check,
    file: CodeFile,
    function: _Definition,
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
            return _met(file, *spans)
        return _unmet(file, f"{check.name} is not always true in {function.name}", *spans)
    rows = cases.reached(held)
    if not rows or rows - cases.allowed:
        text = f"{check.name} in {function.name} does not follow {condition.source}"
        return _unmet(file, text, *spans)
    if condition.exactly and cases.allowed - rows:
        text = f"{check.name} in {function.name} not in every case of {condition.source}"
        return _unmet(file, text, *spans)
    return _met(file, *spans)


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


# The tree as a whole


def _file(check: Check, layout: Layout) -> Answer:
    for path in check.paths:
        if layout.tree.is_file(path):
            opened = layout.open(path)
            if isinstance(opened, Unreadable):
                return Answer(State.UNKNOWN, reason=f"{path}: {opened.reason}")
            return Answer(State.MET, (Evidence(Location(path, 1, 1), ""),))
    return Answer(State.UNMET, reason=f"no {' or '.join(check.paths)}")


def _no_file(check: Check, layout: Layout) -> Answer:
    for path in check.paths:
        if layout.tree.is_file(path):
            return Answer(
                State.UNMET, (Evidence(Location(path, 1, 1), ""),), f"{path} is still there"
            )
    return Answer(State.MET)


def _no_include(check: Check, layout: Layout) -> Answer:
    found = layout.includers((check.name,), check.paths)
    places = tuple(
        Evidence(Location(p, n, n), f"#include of {check.name}") for p, n in found[:_EVIDENCE]
    )
    if found:
        return Answer(State.UNMET, places, f"{len(found)} files still include {check.name}")
    return Answer(State.MET)


def _kconfig(check: Check, layout: Layout) -> Answer:
    assert check.condition is not None
    for path in layout.plain_paths(check.scope.file):
        try:
            entry = config_entry(layout.tree.read(path), check.name)
        except UnreadableError as e:
            return Answer(State.UNKNOWN, reason=f"{path}: {e.message}")
        if entry is None:
            continue
        place = (Evidence(Location(path, entry.line, entry.end_line), f"config {check.name}"),)
        if satisfiable(conj([entry.depends, negate(check.condition.formula)])):
            return Answer(
                State.UNMET, place, f"{check.name} can be on without {check.condition.source}"
            )
        return Answer(State.MET, place)
    return Answer(State.UNMET, reason=f"no config {check.name}")


_FILE_KINDS: dict[Kind, Callable[[Check, CodeFile, Layout], Answer]] = {
    Kind.ENUMERATOR: _enumerator,
    Kind.FIELD: _field,
    Kind.MACRO: _macro,
    Kind.FUNCTION: _function,
    Kind.CALLS: _calls,
    Kind.CONTAINS: _contains,
    Kind.LACKS: _lacks,
    Kind.GUARD: _guard,
    Kind.SETS: _sets,
    Kind.ORDER: _order,
    Kind.INCLUDE: _include,
    Kind.ENTRY: _entry,
    Kind.DECLARATION: _declaration,
    Kind.EXPORT: _export,
}
_TREE_KINDS: dict[Kind, Callable[[Check, Layout], Answer]] = {
    Kind.FILE: _file,
    Kind.NO_FILE: _no_file,
    Kind.NO_INCLUDE: _no_include,
    Kind.KCONFIG: _kconfig,
}
