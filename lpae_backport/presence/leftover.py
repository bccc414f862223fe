# SPDX-License-Identifier: GPL-2.0-only
"""Does what a hunk takes away stand in the file yet, though the lines around it have met?

Where a hunk only removes, its text after is what stood around: that alone is found in many places,
and what was to go may stand a little lower, or at the place that was meant.
"""

from collections.abc import Collection, Iterator
from itertools import groupby

from lpae_backport.mailpatch.model import LineKind
from lpae_backport.presence.chunks import telling_in
from lpae_backport.presence.heads import is_head, name_in
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level, squeezed, units_of
from lpae_backport.presence.standing import Standing

_TELLING = 2
"""Telling words of a line that counts."""
_MANY = 3
"""Lines that must count for most of them to be enough."""
_MOST = 0.5


def stands_whole(image: Image, file: Standing, kind: LineKind) -> bool:
    """Tell whether a run of lines of a kind, of some length, stands in a file in one piece."""
    rows = zip(image.lines, image.hunk.lines, strict=True)
    for is_kind, run in groupby(rows, key=lambda r: r[1].kind is kind):
        lines = [squeezed(x) for x, _ in run if x.strip()]
        if not is_kind or len(lines) < _MANY or sum(map(telling_in, lines)) < 2 * _TELLING:
            continue
        if file.layer(Level.SPACED).find(units_of(lines, Level.SPACED, is_part=True)[0]):
            return True
    return False


def leftover(image: Image, file: Standing, kept: Collection[bytes]) -> int:
    """Return the line of a file where something stands that a hunk takes away; 0 if none does.

    Args:
        image: a hunk that adds nothing.
        file: the file.
        kept: the lines that the patch adds to the file, or shows in it, squeezed.
    """
    removed = [
        x
        for x, h in zip(image.lines, image.hunk.lines, strict=True)
        if h.kind is LineKind.REMOVED and squeezed(x) not in kept
    ]
    heads = [x for x in removed if is_head(x) and name_in(x) and not _ends(x)]
    for name in map(name_in, heads):
        for first, _ in file.extents(name):
            if not _ends(file.lines[first - 1]):
                return first
    if heads:
        return 0  # lines of one function are like those of others
    counted = {x: squeezed(x) for x in removed if telling_in(x) >= _TELLING}
    there = dict(_standing(image, file, set(counted.values())))
    if not there:
        return 0
    is_all = len(there) == len(set(counted.values()))
    is_most = len(counted) >= _MANY and len(there) >= _MOST * len(set(counted.values()))
    return min(there.values()) if is_all or is_most else 0


def _ends(line: bytes) -> bool:
    """Tell whether a line at the margin declares something, and begins nothing."""
    return line.rstrip().endswith(b";")


def _standing(
    image: Image, file: Standing, sought: Collection[bytes]
) -> Iterator[tuple[bytes, int]]:
    """Yield lines that stand in the function of a hunk, or in the file, and where."""
    extents = file.extents(image.name) if image.name else []
    for first, last in extents or [(1, len(file.lines))]:
        for number in range(first, last + 1):
            line = squeezed(file.lines[number - 1])
            if line in sought:
                yield line, number
