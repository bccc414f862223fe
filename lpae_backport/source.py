# SPDX-License-Identifier: GPL-2.0-only
"""Kernel C before the parser sees it.

Preprocessor lines are read here, line by line, because they follow their own grammar and may cut
across braces; comments and conflicts are set apart; what remains goes through `masking`.
"""

import re
from collections.abc import Iterator
from functools import cached_property

from lpae_backport.location import LineIndex, Location, Span
from lpae_backport.masking import (
    blank,
    decode,
    plain_c,
    without_bare_macros,
    without_comments,
)
from lpae_backport.preprocessor import Branch, Conditional, Include, Macro, Problem

_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(\w*)((?:[^\n\\]|\\\r?\n|\\[^\n])*)", re.MULTILINE)
_INCLUDE = re.compile(rb"\s*([<\"])([^>\"\n]+)[>\"]")
_DEFINE = re.compile(rb"\s*([A-Za-z_]\w*)(\(([^)]*)\))?((?:.|\n)*)", re.MULTILINE)
_MARKER = re.compile(rb"^(?:<{7}|={7}|\|{7}|>{7})(?=[ \t\r\n])[^\n]*", re.MULTILINE)
_MAX_READINGS = 4
_MAX_CONDITIONALS = 2000


class Source:
    """One C file, read once.

    Args:
        path: the file's path in its tree, for reports.
        data: its bytes, in whatever encoding and with whatever line ends.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.problems: list[Problem] = []
        self.includes: list[Include] = []
        self.macros: dict[str, list[Macro]] = {}
        self.conditionals: list[Conditional] = []
        self.quiet = without_comments(self._without_conflicts(data))
        """The text without comments (and without conflict markers), otherwise as it stands."""
        self._note_unterminated()
        self._dead: list[Span] = []
        self.code = self.quiet
        """As `quiet`, with preprocessor lines and what is never compiled blanked."""
        self.masked = self._mask()
        """As `code`, rewritten byte for byte into C that a grammar understands."""

    @cached_property
    def lines(self) -> LineIndex:
        """The file's line index."""
        return LineIndex(self.data)

    def location(self, span: Span) -> Location:
        """Return the lines that `span` covers."""
        first = self.lines.line(span.start)
        return Location(
            self.path, first, max(first, self.lines.line(max(span.start, span.end - 1)))
        )

    def text(self, span: Span) -> str:
        """Return what stands at `span`, decoded for display (UTF-8, else latin-1)."""
        return decode(self.data[span.start : span.end])

    def is_dead(self, offset: int) -> bool:
        """Tell whether `offset` lies under ``#if 0`` or the like."""
        return any(d.start <= offset < d.end for d in self._dead)

    def dead_within(self, span: Span) -> list[Span]:
        """Return the stretches of `span` that are never compiled."""
        return [d for d in self._dead if d.overlaps(span)]

    def problem_at(self, span: Span) -> Problem | None:
        """Return the first stretch within `span` that could not be read, if any."""
        return next((p for p in self.problems if p.span.overlaps(span)), None)

    def conditions_at(self, span: Span) -> tuple[str, ...]:
        """Return the preprocessor conditions that `span` stands under, outermost first."""
        return tuple(
            b.condition for c in self.conditionals for b in c.branches if b.span.contains(span)
        )

    def inner_conditionals(self, span: Span) -> list[Conditional]:
        """Return the conditionals that begin within `span`."""
        return [c for c in self.conditionals if span.start <= c.span.start < span.end]

    def _without_conflicts(self, data: bytes) -> bytes:
        """Blank conflict markers and the second side; note the stretch as a problem."""
        if b"<<<<<<<" not in data and b">>>>>>>" not in data:
            return data
        text = bytearray(data)
        start = middle = None
        for m in _MARKER.finditer(data):
            kind = m[0][:1]
            if kind == b"<":
                start, middle = m.start(), None
            elif start is None:
                if kind != b">":
                    continue
                self.problems.append(Problem(Span(m.start(), m.end()), "conflict marker"))
            elif kind in b"=|" and middle is None:
                middle = m.start()
            elif kind == b">":
                self.problems.append(Problem(Span(start, m.end()), "unresolved merge conflict"))
                text[middle or start : m.end()] = blank(data[middle or start : m.end()])
                start = middle = None
            text[m.start() : m.end()] = blank(m[0])
        if start is not None:
            self.problems.append(Problem(Span(start, len(data)), "unresolved merge conflict"))
        return bytes(text)

    def _note_unterminated(self) -> None:
        """Note a comment that never ends: all behind it is lost to the compiler too."""
        start = self.data.find(b"/*", self.data.rfind(b"*/") + 1)
        if start != -1 and self.quiet[start : start + 2] != b"/*":
            self.problems.append(Problem(Span(start, len(self.data)), "comment never ends"))

    def _mask(self) -> bytes:
        text = bytearray(self.quiet)
        stack: list[Conditional] = []
        for m in _DIRECTIVE.finditer(self.quiet):
            self._directive(m, stack)
            text[m.start() : m.end()] = blank(m[0])
        if len(self.conditionals) > _MAX_CONDITIONALS:
            self.problems.append(Problem(Span(0, len(text)), "too many #if to be read"))
            self.conditionals.clear()
        for c in stack:
            self.problems.append(Problem(Span(c.span.start, len(text)), "#if without #endif"))
        self.conditionals.sort(key=lambda c: c.span)
        self._bury(text)
        self._drop_dead()
        self.code = bytes(text)
        return without_bare_macros(plain_c(self.code))

    def _directive(self, m: re.Match[bytes], stack: list[Conditional]) -> None:
        word, rest = m[1], m[2]
        span = Span(m.start(), m.end())
        if word == b"include":
            if inc := _INCLUDE.match(rest):
                self.includes.append(Include(decode(inc[2]), inc[1] == b"<", span))
        elif word == b"define":
            self._define(rest, m.start(2), span)
        elif word == b"undef":
            self.macros.pop(decode(rest).strip(), None)
        elif word in (b"if", b"ifdef", b"ifndef"):
            stack.append(
                Conditional(span, [Branch(_condition(word, rest), Span(m.end(), m.end()))])
            )
        elif word in (b"elif", b"else", b"endif"):
            self._arm(word, rest, span, stack)

    def _arm(self, word: bytes, rest: bytes, span: Span, stack: list[Conditional]) -> None:
        if not stack:
            self.problems.append(Problem(span, f"#{word.decode()} without #if"))
            return
        cond = stack[-1]
        last = cond.branches[-1]
        last.span = Span(last.span.start, span.start)
        if word == b"endif":
            cond.span = Span(cond.span.start, span.end)
            self.conditionals.append(stack.pop())
            return
        earlier = tuple(b.own for b in cond.branches)
        own = _condition(b"if", rest) if word == b"elif" else ""
        cond.branches.append(Branch(own, Span(span.end, span.end), earlier))

    def _define(self, rest: bytes, at: int, span: Span) -> None:
        m = _DEFINE.match(rest)
        if not m:
            return
        params = None
        if m[2] is not None:
            params = tuple(
                p.strip().rstrip(".") for p in decode(m[3]).replace("\\", " ").split(",")
            )
            params = tuple(p for p in params if p)
        body = Span(at + m.start(4), at + m.end(4))
        name = decode(m[1])
        self.macros.setdefault(name, []).append(Macro(name, params, body, span))

    def _bury(self, text: bytearray) -> None:
        """Blank arms that are never compiled, and arms that cut across braces but the first."""
        for c in self.conditionals:
            arms = c.branches
            taken = False
            for b in arms:
                if taken or b.constant is False:
                    self._dead.append(b.span)
                    text[b.span.start : b.span.end] = blank(bytes(text[b.span.start : b.span.end]))
                elif b.own and b.constant is True:
                    taken = True
            if len(arms) > 1 and any(_balance(text, b.span) for b in arms):
                kept = _arms(c)[0]
                for b in (b for b in arms if b is not kept):
                    text[b.span.start : b.span.end] = blank(bytes(text[b.span.start : b.span.end]))

    def _drop_dead(self) -> None:
        if not self._dead:
            return
        self.includes = [i for i in self.includes if not self.is_dead(i.span.start)]
        for name, found in list(self.macros.items()):
            live = [m for m in found if not self.is_dead(m.span.start)]
            if live:
                self.macros[name] = live
            else:
                del self.macros[name]


def _condition(word: bytes, rest: bytes) -> str:
    text = " ".join(decode(rest).replace("\\\n", " ").split())
    if word == b"if":
        return text
    return f"defined({text})" if word == b"ifdef" else f"!defined({text})"


def _balance(text: bytearray, span: Span) -> int:
    return text.count(b"{", span.start, span.end) - text.count(b"}", span.start, span.end)


def variants(source: Source, span: Span) -> Iterator[bytes]:
    """Yield the masked text of `span` once per way its inner conditionals can go.

    Not every combination is tried: in the first reading each conditional takes its first arm, in
    the second its second, so that every line is seen with and without its alternative.

    Args:
        source: the file.
        span: the entity, which must lie within the file.
    """
    inner = [(c, _arms(c)) for c in source.inner_conditionals(span)]
    count = min(max((len(arms) for _, arms in inner), default=1), _MAX_READINGS)
    if not inner:
        yield source.masked[span.start : span.end]
        return
    for reading in range(count):
        text = bytearray(_unburied(source, span))
        for c, arms in inner:
            kept = arms[min(reading, len(arms) - 1)]
            for b in c.branches:
                if b is not kept:
                    lo, hi = b.span.start - span.start, min(b.span.end, span.end) - span.start
                    text[lo:hi] = blank(bytes(text[lo:hi]))
        yield bytes(text)


def _arms(c: Conditional) -> list[Branch | None]:
    """Return the arms that can be compiled; `None` stands for none of them."""
    found: list[Branch | None] = []
    for b in c.branches:
        if b.constant is False:
            continue
        found.append(b)
        if b.constant is True:
            return found
    return [*found, None]


def _unburied(source: Source, span: Span) -> bytes:
    """Return `span` of the text with directives blanked but both arms of conditionals standing."""
    text = bytearray(source.quiet[span.start : span.end])
    for m in _DIRECTIVE.finditer(source.quiet, span.start, span.end):
        text[m.start() - span.start : m.end() - span.start] = blank(m[0])
    for d in source.dead_within(span):
        lo, hi = max(d.start, span.start) - span.start, min(d.end, span.end) - span.start
        text[lo:hi] = blank(bytes(text[lo:hi]))
    return plain_c(bytes(text))
