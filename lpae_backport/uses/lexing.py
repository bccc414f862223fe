# SPDX-License-Identifier: GPL-2.0-only
"""Kernel C as comments, literals, preprocessor lines and braces, and nothing more.

All that is known of a place is which braces are open there. Arms of an ``#if`` each begin with
the braces that were open before it, so that one function with two heads is one function.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from lpae_backport.masking import COMMENT_OR_LITERAL, blank

_ASSEMBLY = re.compile(
    rb"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|//[^\n]*|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"|/\*.*"
    rb"|(?<![^\s])@[ \t][^\n]*|(?<=[ \t])#[ \t][^\n]*"
    rb"|(?<![^\n])#(?![ \t]*(?:include|define|undef|if|ifdef|ifndef|el|endif|error|warn|pragma))"
    rb"[^\n]*",
    re.DOTALL,
)
_EVENT = re.compile(
    rb"^[ \t]*#[ \t]*(\w*)([^\n\\]*(?:\\(?:\r?\n|[^\n])[^\n\\]*)*)|[{}]", re.MULTILINE
)
_CONSTANT = re.compile(rb"\s*\(?\s*([01])\s*\)?\s*\Z")
_MAX_DEPTH = 4000


@dataclass(frozen=True, slots=True)
class Directive:
    """One line of the preprocessor: its range, the word behind ``#``, and where that ends."""

    start: int
    end: int
    word: bytes
    rest: int


@dataclass(slots=True)
class Spot:
    """What is known of one place.

    Attributes:
        braces: offsets of the braces that are open, outermost first.
        directive: the preprocessor line it stands in.
        is_dead: whether it is never compiled.
        is_sure: whether `braces` can be trusted.
    """

    braces: tuple[int, ...]
    directive: Directive | None
    is_dead: bool
    is_sure: bool = True


class Lexed:
    """A file of C, or assembly with a preprocessor.

    Args:
        data: its bytes.
        assembly: whether comments may begin as an assembler has them.
    """

    def __init__(self, data: bytes, *, assembly: bool = False) -> None:
        self.data = data
        self._starts: list[int] = []
        self._ends: list[int] = []
        out: list[bytes] = []
        at = 0
        for m in (_ASSEMBLY if assembly else COMMENT_OR_LITERAL).finditer(data):
            start, end = m.span()
            if not assembly and m[1] is not None:
                continue
            self._starts.append(start)
            self._ends.append(end)
            whole = m[0]
            is_one_line = b"\n" not in whole
            out += (data[at:start], b" " * len(whole) if is_one_line else blank(whole))
            at = end
        out.append(data[at:])
        self.clean = b"".join(out)
        """The text with comments and literals blanked, preprocessor lines left."""
        self.code = self.clean
        """The same with preprocessor lines blanked; see `spots`."""

    def literal_at(self, offset: int) -> bytes:
        """Return the comment or literal that holds a place; nothing where there is none."""
        i = bisect_right(self._starts, offset) - 1
        if i >= 0 and offset < self._ends[i]:
            return self.data[self._starts[i] : self._ends[i]]
        return b""

    def spots(self, offsets: Iterable[int]) -> list[Spot]:
        """Return what is known of some places, which are in order; sets `code` too."""
        wanted = list(offsets)
        walk = _Walk(self.clean, wanted, by_column=False)
        if not walk.is_balanced:
            walk = _Walk(self.clean, wanted, by_column=True)
        self.code = bytes(walk.code)
        return walk.spots


class _Walk:
    """One walk over a file's braces and preprocessor lines.

    Args:
        text: the file without comments and literals.
        wanted: the places that are asked for, in order.
        by_column: whether a closing brace in the first column ends all that is open, as kernel
            style has it, for a file whose braces do not match.
    """

    def __init__(self, text: bytes, wanted: list[int], *, by_column: bool) -> None:
        self.code = bytearray(text)
        self.spots: list[Spot] = []
        self.is_balanced = True
        self._by_column = by_column
        self._open: list[int] = []
        self._arms: list[tuple[list[int], bool, bool]] = []
        self._dead = False
        self._since = 0
        next_wanted = 0
        for m in _EVENT.finditer(text):
            start, end = m.span()
            while next_wanted < len(wanted) and wanted[next_wanted] < start:
                self._note(None)
                next_wanted += 1
            if text[end - 1] == 123 and end - start == 1:
                self._enter(start)
            elif text[end - 1] == 125 and end - start == 1:
                self._leave(start, text)
            else:
                self.code[start:end] = blank(m[0])
                while next_wanted < len(wanted) and wanted[next_wanted] < end:
                    self._note(Directive(start, end, m[1], m.start(2)))
                    next_wanted += 1
                self._turn(m[1], m[2])
        for _ in wanted[next_wanted:]:
            self._note(None)
        if self._open:
            self._doubt()

    def _note(self, directive: Directive | None) -> None:
        self.spots.append(Spot(tuple(self._open), directive, self._dead))

    def _enter(self, at: int) -> None:
        if not self._open:
            self._since = len(self.spots)
        if len(self._open) < _MAX_DEPTH:
            self._open.append(at)

    def _leave(self, at: int, text: bytes) -> None:
        if not self._open:
            self.is_balanced = False
            return
        self._open.pop()
        if self._by_column and self._open and (at == 0 or text[at - 1] == 10):
            self._doubt()
            self._open.clear()

    def _doubt(self) -> None:
        """Trust no longer what was said since the outermost brace."""
        self.is_balanced = False
        for spot in self.spots[self._since :]:
            spot.is_sure = False

    def _turn(self, word: bytes, rest: bytes) -> None:
        """Go from one arm of an ``#if`` to the next."""
        if word in (b"if", b"ifdef", b"ifndef"):
            constant = _CONSTANT.match(rest) if word == b"if" else None
            self._arms.append(
                (list(self._open), self._dead, bool(constant and constant[1] == b"1"))
            )
            self._dead = self._dead or bool(constant and constant[1] == b"0")
        elif word in (b"else", b"elif") and self._arms:
            before, dead, taken = self._arms[-1]
            self._open = list(before)
            self._dead = dead or taken
        elif word == b"endif" and self._arms:
            before, dead, _ = self._arms.pop()
            if self._dead and not dead:
                self._open = before if len(before) != len(self._open) else self._open
            self._dead = dead
