# SPDX-License-Identifier: GPL-2.0-only
"""A text in pieces that stay the same when it is broken into lines in another way.

A piece of C ends with ``;``, ``,``, ``:``, a brace, or a line of the preprocessor; of other text
each line is one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(rb"\w+")
_ENDS = frozenset((b";", b"{", b"}", b",", b":"))
_COMMON = frozenset(
    b"if else for while do switch case default break continue return goto sizeof struct union enum "
    b"static const int void unsigned long char bool u8 u16 u32 u64 ret err rc i NULL true false "
    b"out dev 0 1".split()
)


@dataclass(frozen=True, eq=False)
class Chunks:
    """A text in pieces.

    Attributes:
        keys: the pieces, their tokens with a blank between.
        first: for each, what its first token is from: a line, or the index of one.
        last: the same of its last token.
    """

    keys: list[bytes]
    first: list[int]
    last: list[int]

    def __len__(self) -> int:
        return len(self.keys)


def chunked(units: Sequence[bytes], owner: Sequence[int], *, is_c: bool) -> Chunks:
    """Cut a text into pieces.

    Args:
        units: its tokens, or its lines if it is no C.
        owner: for each what it is from, never less than before.
        is_c: whether it is C.
    """
    if not is_c:
        return Chunks(list(units), list(owner), list(owner))
    keys: list[bytes] = []
    starts: list[int] = []
    ends: list[int] = []
    begin = 0
    in_directive = False
    for i, token in enumerate(units):
        is_new = i == 0 or owner[i] != owner[i - 1]
        if is_new and i > begin and (token == b"#" or in_directive):
            _cut(units, owner, begin, i, (keys, starts, ends))
            begin = i
        if is_new:
            in_directive = token == b"#"
        if token in _ENDS:
            _cut(units, owner, begin, i + 1, (keys, starts, ends))
            begin = i + 1
    if begin < len(units):
        _cut(units, owner, begin, len(units), (keys, starts, ends))
    return Chunks(keys, starts, ends)


def _cut(
    units: Sequence[bytes],
    owner: Sequence[int],
    begin: int,
    end: int,
    out: tuple[list[bytes], list[int], list[int]],
) -> None:
    out[0].append(b" ".join(units[begin:end]))
    out[1].append(owner[begin])
    out[2].append(owner[end - 1])


def telling(key: bytes) -> int:
    """Return how much a piece tells: its words that do not stand everywhere."""
    return sum(t[:1].isalnum() or t[:1] in (b"_", b'"') for t in set(key.split(b" ")) - _COMMON)


def telling_in(line: bytes) -> int:
    """Return how much a line tells, its words taken apart from what stands around them."""
    return telling(_WORD.sub(rb" \g<0> ", line))


def likeness(one: bytes, other: bytes) -> float:
    """Return how alike two pieces are by their words, from 0 to 1."""
    a = [t for t in one.split(b" ") if t not in _ENDS]
    b = [t for t in other.split(b" ") if t not in _ENDS]
    if not a or not b:
        return float(one == other)
    rest = list(b)
    both = 0
    for t in a:
        if t in rest:
            rest.remove(t)
            both += 1
    return 2 * both / (len(a) + len(b))
