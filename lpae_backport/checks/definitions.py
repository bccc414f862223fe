# SPDX-License-Identifier: GPL-2.0-only
"""The functions a check looks into, with all their readings."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lpae_backport.answers import Answer, absent, head_of, unknown, worst
from lpae_backport.layout import Layout
from lpae_backport.location import Span
from lpae_backport.pattern import Pattern
from lpae_backport.preprocessor import Problem
from lpae_backport.rule import Check
from lpae_backport.search import Search
from lpae_backport.shapes import is_stub
from lpae_backport.symbols import Body, CodeFile, Function

_WORD = re.compile(r"[A-Za-z_]\w*")
_ASKING = frozenset(("defined", "IS_ENABLED", "IS_BUILTIN", "IS_MODULE", "IS_REACHABLE"))


@dataclass(frozen=True)
class Definition:
    """A function, or what else code stands in (a macro, an object), with all its readings."""

    name: str
    head: Span
    problem: Problem | None
    bodies: tuple[Body, ...]


def definitions(name: str, file: CodeFile) -> list[Definition]:
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
            found.append(Definition(name, m.span, file.source.problem_at(m.span), bodies))
    return found


def _tables(name: str, file: CodeFile) -> list[Definition]:
    """Return the objects of a name that have an initializer."""
    return [
        Definition(name, n.span, file.source.problem_at(n.span), (Body(n, ()),))
        for n in file.object_nodes(name)
    ]


def is_under(condition: str, config: str) -> bool:
    """Tell whether a condition of the preprocessor asks for one option, and for nothing else.

    Args:
        condition: the condition.
        config: the option, with or without ``CONFIG_``.
    """
    option = f"CONFIG_{config.removeprefix('CONFIG_')}"
    asked = set(_WORD.findall(condition)) - _ASKING
    return bool(asked) and asked <= {option, f"{option}_MODULE"} and "!" not in condition


def _as_definition(f: Function) -> Definition:
    return Definition(f.name, head_of(f), f.problem, f.bodies)


def named(check: Check, file: CodeFile) -> Iterator[list[Definition]]:
    """Yield the definitions of each of the scope's names that exists."""
    for name in check.scope.functions:
        if name == "*":
            found = [_as_definition(f) for f in _with_word(check, file)]
        else:
            found = definitions(name, file) or _tables(name, file)
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


Judge = Callable[[Definition, Body], Answer]
"""From a definition and one of its readings to the answer for that reading."""


def each_body(check: Check, file: CodeFile, judge: Judge) -> Answer:
    """Judge every reading of every definition of the first name that exists."""
    found = next(named(check, file), None)
    if found is None:
        return absent(file, check.scope.functions[0], "function")
    return judge_all(found, file, judge)


def judge_all(found: list[Definition], file: CodeFile, judge: Judge) -> Answer:
    """All readings have to satisfy a check."""
    answers = []
    for d in found:
        if d.problem is not None:
            answers.append(unknown(file, d.problem.span, f"{d.problem.reason} in {d.name}"))
        elif not d.bodies:
            answers.append(unknown(file, d.head, f"body of {d.name} not understood"))
        else:
            answers += [judge(d, b) for b in d.bodies]
    return worst(answers)


def search_in(file: CodeFile, layout: Layout) -> Search:
    """Return a search of a file, with the macros of the pack's headers in force."""
    headers = [h for n in layout.header_names for h in layout.files(n)]
    return Search(
        file, tuple(h for h in headers if isinstance(h, CodeFile)), layout.known_functions
    )


def sources(patterns: tuple[Pattern, ...]) -> str:
    """Return alternatives as a rule writes them."""
    return " or ".join(p.source for p in patterns)
