# SPDX-License-Identifier: GPL-2.0-only
"""A file of a tree as patches are looked for in it: read once, each reading made when needed."""

import re
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate

from lpae_backport.location import Span
from lpae_backport.presence.chunks import Chunks
from lpae_backport.presence.heads import head_above, is_head, macro_in, name_in
from lpae_backport.presence.image import is_c, too_wide
from lpae_backport.presence.layers import Layer, Level, layer_of, squeezed, units_of
from lpae_backport.source import Source

RUN = 3
"""Words of a run."""
_NEAR = 120
"""Lines above one that are looked at for a head before all of them are."""
_DEAD = re.compile(rb"^[ \t]*#[ \t]*if[ \t]+[01]\b", re.MULTILINE)
_UNDEF = re.compile(rb"^[ \t]*#[ \t]*undef[ \t]+(\w+)", re.MULTILINE)
_CONFLICT = re.compile(rb"^(?:<{7}|>{7})[ \t\r\n]", re.MULTILINE)


class Standing:
    """A file of a tree.

    Args:
        path: its path in the tree.
        data: its bytes.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.raw = data
        self.data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
        self._layers: dict[Level, Layer] = {}
        self.pieces: dict[bool, tuple[Chunks, dict[bytes, list[int]]]] = {}
        """What it consists of, once somebody has cut it up."""

    @cached_property
    def lines(self) -> list[bytes]:
        """Its lines, without their ends."""
        lines = self.data.split(b"\n")
        return lines[:-1] if lines[-1] == b"" else lines

    @cached_property
    def where(self) -> dict[bytes, int]:
        """Where each of its lines stands first, white space squeezed, counted from 1."""
        found: dict[bytes, int] = {}
        for i, line in enumerate(self.lines, 1):
            found.setdefault(squeezed(line), i)
        return found

    @cached_property
    def is_c(self) -> bool:
        """Whether it is C, and written by people."""
        return is_c(self.path) and not too_wide(self.lines)

    @cached_property
    def problem(self) -> str:
        """Why it cannot be judged; empty where it can."""
        if (b"<<<<<<<" in self.data or b">>>>>>>" in self.data) and _CONFLICT.search(self.data):
            return "an unresolved merge conflict"
        if b"\r" in self.data and b"\n" not in self.data:
            return "its lines end in CR alone"
        return ""

    def layer(self, level: Level) -> Layer:
        """Return it as units of one level."""
        if level not in self._layers:
            if level is Level.EXACT:
                end = b"" if self.data.endswith(b"\n") else b"\n"
                self._layers[level] = Layer(b"\n" + self.data + end, None)
            elif level is Level.TOKENS:
                units, at = self.tokens
                self._layers[level] = Layer(b"\n" + b"\n".join(units) + b"\n", at)
            else:
                self._layers[level] = layer_of(self.lines, level)
        return self._layers[level]

    @cached_property
    def tokens(self) -> tuple[list[bytes], list[int]]:
        """Its tokens (its lines, if it is no C), and for each its line, counted from 1."""
        level = Level.TOKENS if self.is_c else Level.SPACED
        units, owner = units_of(self.lines, level, is_part=False)
        return units, [i + 1 for i in owner]

    @cached_property
    def words(self) -> tuple[list[bytes], list[int]]:
        """Its tokens (the words of its lines, if it is no C), and for each its line."""
        units, at = self.tokens
        if self.is_c:
            return units, at
        split = [(word, line) for u, line in zip(units, at, strict=True) for word in u.split(b" ")]
        return [word for word, _ in split], [line for _, line in split]

    @cached_property
    def runs(self) -> dict[tuple[bytes, ...], list[int]]:
        """Where each run of `RUN` of its words stands."""
        words, _ = self.words
        found: dict[tuple[bytes, ...], list[int]] = {}
        for i in range(len(words) - RUN + 1):
            found.setdefault(tuple(words[i : i + RUN]), []).append(i)
        return found

    def code(self, first: int, last: int) -> list[bytes]:
        """Return the tokens of some lines, comments left out as the whole file tells them."""
        units, at = self.tokens
        return units[bisect_left(at, first) : bisect_right(at, last)]

    def may_be_quiet(self, line: int) -> bool:
        """Tell whether a line may stand in a comment; `False` only where it surely does not."""
        at = self._offset(line)
        opened, closed = self.data.rfind(b"/*", 0, at), self.data.rfind(b"*/", 0, at)
        return opened >= 0 and opened + 1 >= closed  # "/*/" opens one, and closes none

    def is_dead(self, first: int, last: int) -> bool:
        """Tell whether some of the lines are never compiled (``#if 0``)."""
        if not self.is_c or b"#" not in self.data:
            return False
        end = self._offset(last + 1)
        if end <= self._dead:
            return False
        return bool(self.source.dead_within(Span(self._offset(first), end)))

    @cached_property
    def _dead(self) -> int:
        """Where the first line is that may keep something from being compiled."""
        found = _DEAD.search(self.data)
        return found.start() if found is not None else len(self.data)

    @cached_property
    def defined(self) -> dict[bytes, list[int]]:
        """The lines that define each of its macros, counted from 1."""
        found: dict[bytes, list[int]] = {}
        for number, line in enumerate(self.lines, 1):
            if b"#" in line and (name := macro_in(line)):
                found.setdefault(name, []).append(number)
        return found

    @cached_property
    def undefined(self) -> frozenset[bytes]:
        """The macros that it takes back somewhere."""
        return frozenset(_UNDEF.findall(self.data))

    @cached_property
    def source(self) -> Source:
        """It, as C with its conditions."""
        return Source(self.path, self.data)

    def head(self, line: int) -> bytes:
        """Return the head of what a line stands in; empty where there is none."""
        near = max(min(line - 1, len(self.lines)) - _NEAR, 0)
        found = head_above(self.lines[near : line - 1], _NEAR + 1)
        if found or near == 0:
            return found
        at = bisect_left(self._heads, near)
        return self.lines[self._heads[at - 1]] if at else b""

    def extents(self, name: bytes) -> list[tuple[int, int]]:
        """Return the lines of what has a name, from its head to the next one, counted from 1."""
        return self._extents.get(name, [])

    @cached_property
    def _extents(self) -> dict[bytes, list[tuple[int, int]]]:
        heads = [*self._heads, len(self.lines)]
        found: dict[bytes, list[tuple[int, int]]] = {}
        for a, b in zip(heads, heads[1:], strict=False):
            found.setdefault(name_in(self.lines[a]), []).append((a + 1, b))
        return found

    @cached_property
    def _heads(self) -> list[int]:
        return [i for i, x in enumerate(self.lines) if is_head(x)]

    @cached_property
    def names(self) -> frozenset[bytes]:
        """The names in its heads."""
        return frozenset(name_in(x) for x in self.lines if is_head(x))

    def _offset(self, line: int) -> int:
        if line - 1 >= len(self._starts):
            return len(self.data)
        return self._starts[max(line - 1, 0)]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(x) + 1 for x in self.lines)]
