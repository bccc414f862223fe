# SPDX-License-Identifier: GPL-2.0-only
"""What one C file consists of, as data that can be compared: functions, types, macros, objects.

Every token of the file belongs to one entity, so that files of equal entities are equal. Comments,
white space and what is never compiled (``#if 0``) are no tokens; the conditions an entity stands
under are told apart from its text, and the guard of a header counts for nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lpae_backport.entities.naming import named
from lpae_backport.location import Location, Span
from lpae_backport.masking import blank, decode
from lpae_backport.source import Source
from lpae_backport.symbols import CodeFile

Tokens = tuple[bytes, ...]

_DIRECTIVE = rb"^[ \t]*\#(?:[^\n\\]|\\\r?\n|\\[^\n])*"
_WORD = (
    rb"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    rb"|[A-Za-z_$][\w$]*|\.?\d(?:[eEpP][+-]|[\w.])*"
    rb"|->|\+\+|--|<<=|>>=|<<|>>|[<>=!+\-*/%&|^]=|&&|\|\||\.\.\.|\#\#"
    rb"|[^\s\\]|\\(?!\r?\n)"
)
_TOKEN = re.compile(_DIRECTIVE + b"|" + _WORD, re.MULTILINE)
_WORDS = re.compile(_WORD)
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*\Z")
_CALL = re.compile(rb"\b[A-Za-z_]\w*+(?=\s*\()")
_CONDITIONAL = re.compile(rb"^[ \t]*\#[ \t]*(?:if|ifdef|ifndef|elif|else|endif)\b[^\n]*")
_PIECE = re.compile(rb"^[ \t]*\#(?:[^\n\\]|\\\r?\n|\\[^\n])*|[^;#]+;?|;|\#", re.MULTILINE)
_FOREIGN = re.compile(
    rb"(?:(?<=->)|(?<=\.)|(?<=struct )|(?<=union )|(?<=enum ))\s*[A-Za-z_]\w*|\b[A-Z][A-Z0-9_]+\b"
)
_KEYWORDS = frozenset(
    b"if else for while do switch case default break continue return goto sizeof typeof struct "
    b"union enum static extern inline const volatile void int char short long unsigned signed "
    b"bool float double register typedef".split()
)
_TOLD = re.compile(rb"\s*(?:EXPORT|MODULE)_\w+\s*\(")
"""What says something of a name and introduces none."""
_UNREAD = ("merge conflict", "conflict marker", "comment never ends", "#if without #endif")
_NAME_WIDTH = 60


@dataclass(frozen=True, eq=False)
class Entity:
    """One thing that a file defines, declares or includes.

    Attributes:
        kind: ``function``, ``macro``, ``struct``, ``union``, ``enum``, ``typedef``, ``object``,
            ``declaration``, ``include`` or ``other`` (what a macro of the file level stands for).
        name: what it is called.
        span: where it stands, whole lines as far as they are its own.
        file: the file it is from.
        conditions: the preprocessor conditions around it, outermost first.
        also: other names it can be asked for by (the tag of a typedef, enumerators).
    """

    kind: str
    name: str
    span: Span
    file: "EntityFile" = field(repr=False)
    conditions: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()

    @property
    def place(self) -> Location:
        """Return the lines it covers."""
        return self.file.source.location(self.span)

    @cached_property
    def tokens(self) -> Tokens:
        """The C text as tokens, comments left out."""
        text = self.file.live[self.span.start : self.span.end]
        if self.kind == "macro":
            head = b"#define(" if _is_called(text) else b"#define"
            return (head, *(t for t in _WORDS.findall(text)[2:]))
        return tuple(tokens_of(text))

    @cached_property
    def calls(self) -> frozenset[bytes]:
        """What is called, or looks so: identifiers before a parenthesis; its own name is none."""
        text = self.file.live[self.span.start : self.span.end]
        return frozenset(_CALL.findall(text)) - _KEYWORDS - {self.name.encode()}

    @cached_property
    def words(self) -> frozenset[bytes]:
        """The identifiers within, keywords of C and its own name left out."""
        found = {t for t in self.tokens if _IDENTIFIER.match(t)}
        return frozenset(found - _KEYWORDS - {self.name.encode()})

    @cached_property
    def outside(self) -> frozenset[bytes]:
        """What it uses that is not its own: calls, fields, types and constants; no locals."""
        text = self.file.live[self.span.start : self.span.end]
        return (frozenset(_FOREIGN.findall(text)) & self.words) | (self.calls & self.words)

    @property
    def trouble(self) -> str:
        """Return why its text cannot be judged, empty where it can."""
        return next((r for s, r in self.file.unread if s.overlaps(self.span)), "")

    @property
    def lines(self) -> list[str]:
        """Return its text line by line, without line ends."""
        return self.file.source.text(self.span).replace("\r\n", "\n").split("\n")

    @property
    def code_lines(self) -> list[bytes]:
        """Return its lines as tokens with a blank between, in step with `lines`."""
        text = self.file.live[self.span.start : self.span.end]
        return [b" ".join(_WORDS.findall(line)) for line in text.split(b"\n")]


class EntityFile:
    """A file with what it consists of, in the order of its text.

    Args:
        path: its path in its tree.
        data: its bytes.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.code = CodeFile(Source(path, data))
        self.source = self.code.source
        self.unread = [
            (p.span, p.reason) for p in self.source.problems if any(u in p.reason for u in _UNREAD)
        ]

    @cached_property
    def live(self) -> bytes:
        """The text without comments and without what is never compiled, offsets unchanged."""
        text = bytearray(self.source.quiet)
        for d in self.source.dead_within(Span(0, len(text))):
            text[d.start : d.end] = blank(bytes(text[d.start : d.end]))
        return bytes(text)

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """All entities in order; no two overlap."""
        guard = _guard(self.source)
        found = [
            p
            for p in _widened(sorted(self._parts()), self.live)
            if not guard or p[1:3] != ("macro", guard)
        ]
        rest = bytearray(self.live)
        for span, *_ in found:
            rest[span.start : span.end] = blank(self.live[span.start : span.end])
        found += _rest(bytes(rest), guard)
        found.sort(key=lambda p: p[0])
        spans = [p[0] for p in found]
        return tuple(
            Entity(kind, name, span, self, conditions, also)
            for (span, kind, name, also), conditions in zip(
                found, _conditions(self.source, spans, guard), strict=True
            )
        )

    def named(self, name: str) -> list[Entity]:
        """Return the entities that answer to a name."""
        own, also = self._by_name
        return own.get(name) or also.get(name, [])

    @cached_property
    def _by_name(self) -> tuple[dict[str, list[Entity]], dict[str, list[Entity]]]:
        own: dict[str, list[Entity]] = {}
        also: dict[str, list[Entity]] = {}
        for e in self.entities:
            if e.kind not in ("include", "other"):
                own.setdefault(e.name, []).append(e)
            for name in e.also:
                also.setdefault(name, []).append(e)
        return own, also

    def _parts(self) -> "Iterator[_Part]":
        text = self.source.masked
        heads = {}
        for name, found in self.code.functions.items():
            for f in found:
                heads[f.span] = name  # of two names for one the second is the telling one
        for span, name in heads.items():
            yield span, "function", name, frozenset()
        for macros in self.source.macros.values():
            for m in macros:
                yield m.span, "macro", m.name, frozenset()
        for inc in self.source.includes:
            yield inc.span, "include", inc.header, frozenset()
        for span, syntax in self.code.others():
            kind, name, also = named(text[span.start : span.end], syntax)
            if name and not _TOLD.match(self.live, span.start):
                yield span, kind, name, also


_Part = tuple[Span, str, str, frozenset[str]]


def tokens_of(text: bytes) -> Iterator[bytes]:
    """Yield the tokens of C text without comments; a directive ends with a token of its own."""
    for token in _TOKEN.findall(text):
        head = token.lstrip()
        if head[:1] == b"#" and len(head) > 1 and head != b"##":
            yield from _WORDS.findall(head)
            yield b"\n"
        else:
            yield token


def _is_called(text: bytes) -> bool:
    """Tell whether a ``#define`` takes arguments."""
    return re.match(rb"\s*\#\s*define\s+\w+\(", text) is not None


def _widened(parts: list[_Part], text: bytes) -> Iterator[_Part]:
    """Yield parts that do not overlap, each with what stands on its first and last line."""
    kept: list[_Part] = []
    within: list[set[str]] = []
    for p in parts:
        if not kept or p[0].start >= kept[-1][0].end:
            kept.append(p)
            within.append(set(p[3]))
        else:
            within[-1].add(p[2])  # a macro that is defined within a struct, say
    before = 0
    for i, (span, kind, name, _) in enumerate(kept):
        line = text.rfind(b"\n", 0, span.start) + 1
        start = max(line, before)
        start += len(text[start : span.start]) - len(text[start : span.start].lstrip())
        end = text.find(b"\n", span.end)
        end = len(text) if end == -1 else end
        if i + 1 < len(kept):
            end = min(end, kept[i + 1][0].start)
        end = span.end + len(text[span.end : end].rstrip())
        before = end
        yield Span(start, end), kind, name, frozenset(within[i] - {name})


def _rest(text: bytes, guard: str) -> Iterator[_Part]:
    """Yield what is no entity of its own: macros of the file level, ``#undef``, stray code."""
    for m in _PIECE.finditer(text):
        piece = m[0].strip()
        if not piece or _CONDITIONAL.match(piece) or piece == b";":
            continue
        words = _WORDS.findall(piece)
        name = decode(b"".join(words[:1]) + b" " * (words[:1] == [b"#"]) + b"".join(words[1:]))
        if guard and name in (f"# define{guard}", f"# undef{guard}"):
            continue
        start = m.start() + len(m[0]) - len(m[0].lstrip())
        yield Span(start, start + len(piece)), "other", _short(name), frozenset()


def _short(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"


def _guard(source: Source) -> str:
    """Return the name that keeps a header from being read twice, empty where there is none."""
    outer = min(source.conditionals, key=lambda c: c.span.start, default=None)
    if outer is None or len(outer.branches) != 1:
        return ""
    m = re.fullmatch(r"!\s*defined\s*\(?\s*(\w+)\s*\)?", outer.branches[0].own)
    around = source.quiet[: outer.span.start] + source.quiet[outer.span.end :]
    return m[1] if m and m[1] in source.macros and not around.strip() else ""


def _conditions(source: Source, spans: list[Span], guard: str) -> Iterator[tuple[str, ...]]:
    """Yield what each of some stretches stands under; both are walked once, in order."""
    arms = sorted(
        ((b.span, b.condition) for c in source.conditionals for b in c.branches),
        key=lambda a: (a[0].start, -a[0].end),
    )
    around: list[tuple[Span, str]] = []
    at = 0
    for span in spans:
        while at < len(arms) and arms[at][0].start <= span.start:
            while around and around[-1][0].end <= arms[at][0].start:
                around.pop()
            around.append(arms[at])
            at += 1
        found = tuple(text for arm, text in around if arm.contains(span))
        yield found[1:] if guard else found
