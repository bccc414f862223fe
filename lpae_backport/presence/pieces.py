# SPDX-License-Identifier: GPL-2.0-only
"""The pieces of a file, and those of one function of it."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator

from lpae_backport.presence.chunks import Chunks, chunked
from lpae_backport.presence.layers import Level
from lpae_backport.presence.standing import Standing

_EXTENTS = 4
"""Most places that a name stands at which are looked at: a definition, a declaration."""
_LARGE = 20_000
"""Pieces of a function beyond which it is not looked at."""


def pieces_of(file: Standing, *, as_text: bool) -> tuple[Chunks, dict[bytes, list[int]]]:
    """Return the pieces of a file, and where each stands; both are kept with the file.

    Args:
        file: the file.
        as_text: whether its lines are taken as text though it is C.
    """
    kept = file.pieces
    if as_text not in kept:
        if as_text or not file.is_c:
            layer = file.layer(Level.SPACED)
            units = layer.joined[1:-1].split(b"\n") if layer.joined.strip() else []
            found = Chunks(units, at := [layer.line(i) for i in range(len(units))], at)
        else:
            found = chunked(*file.tokens, is_c=True)
        where: dict[bytes, list[int]] = defaultdict(list)
        for i, key in enumerate(found.keys):
            where[key].append(i)
        kept[as_text] = (found, dict(where))
    return kept[as_text]


def function_pieces(name: bytes, file: Standing, pieces: Chunks) -> Iterator[tuple[int, int]]:
    """Yield the pieces of what has a name: the first one and the one behind the last, as indexes.

    Args:
        name: the name.
        file: the file.
        pieces: its pieces.
    """
    for first, last in file.extents(name)[:_EXTENTS]:
        lo, hi = bisect_left(pieces.first, first), bisect_right(pieces.first, last)
        if hi - lo <= _LARGE:
            yield lo, hi
