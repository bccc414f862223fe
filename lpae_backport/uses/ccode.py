# SPDX-License-Identifier: GPL-2.0-only
"""The uses of names in a file of C."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lpae_backport.masking import decode
from lpae_backport.scanned import occurrences
from lpae_backport.uses.around import arguments, around, role
from lpae_backport.uses.fields import belongs
from lpae_backport.uses.headings import Frame, Heading, heading
from lpae_backport.uses.kinds import Kind, Symbol, Use
from lpae_backport.uses.lexing import Directive, Lexed, Spot
from lpae_backport.uses.lines import Lines
from lpae_backport.uses.statement import classify

_DEFINED = re.compile(rb"\s*([A-Za-z_]\w*)(\([^)]*\))?")
_DIRECTIVES = frozenset(
    b"if ifdef ifndef elif else endif undef define include include_next import pragma error warning"
    b" line ident".split()
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place at which the word of a symbol stands."""

    start: int
    end: int
    symbol: Symbol


def hits(data: bytes, symbols: Sequence[Symbol]) -> list[Hit]:
    """Return the places of some symbols' words in a text, in order."""
    found = [Hit(at, at + len(s.word), s) for s in symbols for at in occurrences(s.word, data)]
    found.sort(key=lambda h: (h.start, h.symbol.name))
    return found


class CCode:
    """A file of C and the places in it that are asked for.

    Args:
        path: its path below the kernel's root.
        data: its bytes.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self._path = path
        self._data = data
        self._lines = Lines(data)
        self._lexed = Lexed(data)
        self._headings: dict[int, Heading] = {}

    def uses(self, found: Sequence[Hit]) -> list[tuple[Symbol, Use]]:
        """Return what is used at some places; a field of another type is none."""
        spots = self._lexed.spots(h.start for h in found)
        uses = ((h, self._use(h, spot)) for h, spot in zip(found, spots, strict=True))
        return [(h.symbol, u) for h, u in uses if u is not None]

    def _use(self, hit: Hit, spot: Spot) -> Use | None:
        literal = self._lexed.literal_at(hit.start)
        frames = self._frames(spot.braces)
        if spot.directive is not None:
            kind, inside = self._in_directive(hit, spot.directive, literal)
            return None if hit.symbol.type else self._made(hit, kind, inside, spot)
        inside = next((f.name for f in frames if f.name), "") if spot.is_sure else ""
        if literal:
            if hit.symbol.type:
                return None
            kind = Kind.COMMENT if literal[:1] == b"/" else Kind.STRING
            return self._made(hit, kind, inside, spot)
        return self._in_code(hit, spot, frames, inside)

    def _in_code(self, hit: Hit, spot: Spot, frames: list[Heading], inside: str) -> Use | None:
        a = around(self._lexed.code, hit.start, hit.end)
        frame = frames[-1].frame if frames else None
        kind = classify(a, frame)
        certain = True
        if hit.symbol.type:
            answer = belongs(hit.symbol.type, self._lexed.code, a, kind, frames)
            if answer is False:
                return None
            certain = answer is True
        if not spot.is_sure and kind not in (Kind.CALL, Kind.FIELD, Kind.EXPORT):
            kind = Kind.UNKNOWN
        passed = arguments(a) if kind is Kind.CALL else ()
        return self._made(hit, kind, inside, spot, role(a, frame), passed, certain)

    def _made(
        self,
        hit: Hit,
        kind: Kind,
        inside: str,
        spot: Spot,
        what: str = "",
        passed: tuple[str, ...] = (),
        certain: bool = True,
    ) -> Use:
        line, column, text = self._lines.at(hit.start)
        return Use(
            self._path, line, column, kind, inside, text, what, passed, spot.is_dead, certain
        )

    def _frames(self, braces: tuple[int, ...]) -> list[Heading]:
        frames: list[Heading] = []
        for brace in braces:
            if brace not in self._headings:
                outer = frames[-1].frame if frames else None
                if outer in (Frame.TRANSPARENT, Frame.OTHER):
                    outer = None
                self._headings[brace] = heading(self._lexed.code, brace, outer)
            frames.append(self._headings[brace])
        return frames

    def _in_directive(self, hit: Hit, directive: Directive, literal: bytes) -> tuple[Kind, str]:
        if literal[:1] == b"/":
            return Kind.COMMENT, ""
        if directive.word.startswith(b"include"):
            return Kind.INCLUDE, ""
        if directive.word == b"define":
            return self._in_macro(hit, directive, literal)
        if directive.word in (b"error", b"warning"):
            return Kind.STRING, ""
        known = directive.word in _DIRECTIVES
        return (Kind.CONDITION if known else Kind.OTHER), ""

    def _in_macro(self, hit: Hit, directive: Directive, literal: bytes) -> tuple[Kind, str]:
        name = _DEFINED.match(self._data, directive.rest, directive.end)
        if name is None:
            return Kind.CONDITION, ""
        inside = decode(name[1])
        if hit.start == name.start(1):
            return Kind.DEFINITION, ""
        if literal:
            return Kind.STRING, inside
        if name[2] is not None and hit.start < name.end(2):
            return Kind.LOCAL, inside
        return Kind.MACRO_BODY, inside
