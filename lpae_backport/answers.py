# SPDX-License-Identifier: GPL-2.0-only
"""What a check comes to in one file, and the evidence for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lpae_backport.entities.extraction import tokens_of
from lpae_backport.finding import UNDER, Evidence, State
from lpae_backport.location import Location, Span
from lpae_backport.symbols import CodeFile, Function

MAX_EVIDENCE = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check came to in one file."""

    state: State
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    begun: bool = False


def worst(answers: Iterable[Answer]) -> Answer:
    """Where a thing stands in several forms, the one furthest from done counts."""
    order = (State.UNMET, State.UNKNOWN, State.DIFFERS, State.MET)
    return min(answers, key=lambda a: order.index(a.state))


def evidence(file: CodeFile, spans: Iterable[Span]) -> tuple[Evidence, ...]:
    """Return what stands on the lines of some spans, the first few of them."""
    found = []
    for span in spans:
        place = file.source.location(span)
        end = file.source.data.find(b"\n", max(span.start, span.end - 1))
        last = end if end != -1 else len(file.source.data)
        lines = Span(file.source.lines.start_of(place.line), last)
        found.append(Evidence(place, file.source.text(lines).rstrip()))
        if len(found) == MAX_EVIDENCE:
            break
    return tuple(found)


def head_of(function: Function) -> Span:
    """Return the part of a definition before its body, as evidence for the whole."""
    body = function.file.source.masked.find(b"{", function.span.start, function.span.end)
    end = body if body > function.span.start else function.span.end
    return Span(function.span.start, len(function.file.source.data[:end].rstrip()))


def same_head(text: str, file: CodeFile, span: Span) -> bool:
    """Tell whether what stands at `span` is declared as `text`.

    White space, an initializer and the final semicolon do not count.
    """
    return _head(text.encode()) == _head(file.source.quiet[span.start : span.end])


def _head(text: bytes) -> list[bytes]:
    return list(tokens_of(text.partition(b"=")[0].rstrip(b"; \t\r\n")))


def unmet(file: CodeFile, reason: str, *spans: Span) -> Answer:
    """Answer that a check does not hold, with the places that show it."""
    return Answer(State.UNMET, evidence(file, spans) or whole(file), reason)


def whole(file: CodeFile) -> tuple[Evidence, ...]:
    """Return evidence that names a file and no line of it."""
    return (Evidence(Location(file.path, 0, 0), ""),)


def met(file: CodeFile, *spans: Span) -> Answer:
    """Answer that a check holds, with the places that show it and the options they hang on."""
    found = [file.source.conditions_at(s) for s in spans]
    conditions = {c for cs in found for c in cs if not _is_include_guard(file, c)}
    reason = f"{UNDER}{' and '.join(sorted(conditions))}" if conditions else ""
    return Answer(State.MET, evidence(file, spans), reason)


def _is_include_guard(file: CodeFile, condition: str) -> bool:
    name = condition.removeprefix("!defined(").removesuffix(")")
    return name != condition and name in file.source.macros


def unknown(file: CodeFile, span: Span, reason: str) -> Answer:
    """Answer that a place could not be read or decided."""
    return Answer(State.UNKNOWN, evidence(file, [span]), f"{file.source.location(span)}: {reason}")


def is_lost(file: CodeFile, name: str) -> bool:
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


def absent(file: CodeFile, name: str, what: str) -> Answer:
    """Answer for a thing that was not found: missing, unless broken text may hide it."""
    if is_lost(file, name):
        p = file.source.problems[0]
        return unknown(file, p.span, f"{p.reason}; {what} {name} may stand there")
    return unmet(file, f"no {what} {name} in {file.path}")


def readable(file: CodeFile, span: Span) -> Answer:
    """Answer for a thing that was found, unless what it stands in could not be read."""
    p = file.source.problem_at(span)
    return met(file, span) if p is None else unknown(file, p.span, p.reason)
