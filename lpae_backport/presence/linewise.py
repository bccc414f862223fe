# SPDX-License-Identifier: GPL-2.0-only
"""Tells line by line what a file has of a hunk that is there in part.

Pieces tell best whether a hunk is in; a reader looks for its lines. One that says something is in
the function or it is not, wherever in it the pieces were laid.
"""

from lpae_backport.mailpatch.model import LineKind
from lpae_backport.presence.chunks import Chunks, telling
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.pieces import function_pieces
from lpae_backport.presence.reading import Reading
from lpae_backport.presence.standing import Standing

_TELLING = 2
"""Telling words of a line that is known wherever in its function it stands."""


def told(
    image: Image, file: Standing, reading: Reading, pieces: Chunks, lo: int
) -> tuple[set[int], set[int]]:
    """Return the changed lines whose change a file has, and the others, as indexes.

    Args:
        image: the hunk.
        file: the file.
        reading: what its pieces came to.
        pieces: the pieces of the file.
        lo: the first of them that was read.
    """
    level = Level.TOKENS if image.is_c and image.levels[-1] is Level.TOKENS else Level.SPACED
    place = (lo + reading.first, lo + reading.last + 1)
    near = _text(pieces, [place])
    names = {image.name, image.last_names[1], image.also} - {b""}
    functions = (at for name in names for at in function_pieces(name, file, pieces))
    wide = _text(pieces, [place, *functions])
    after = b" %b " % b" ".join(image.after(level).units)
    present, absent = set(reading.present), set(reading.absent)
    for i, line in image.said_by(level, LineKind.ADDED).items():
        sought = b" %b " % line
        is_in = sought in wide if telling(line) >= _TELLING else i in present and sought in near
        _move(i, *((absent, present) if is_in else (present, absent)))
    for i, line in image.said_by(level, LineKind.REMOVED).items():
        if not reading.has_some or not telling(line):
            continue
        sought = b" %b " % line
        stands = wide.count(sought) > after.count(sought)
        _move(i, *((present, absent) if stands else (absent, present)))
    return present, absent


def _move(i: int, source: set[int], target: set[int]) -> None:
    source.discard(i)
    target.add(i)


def _text(pieces: Chunks, ranges: list[tuple[int, int]]) -> bytes:
    """Return some pieces as one text; what overlaps is there once."""
    found: list[bytes] = []
    end = 0
    for lo, hi in sorted(ranges):
        found.append(b" ".join(pieces.keys[max(lo, end) : hi]))
        end = max(end, hi)
    return b" %b " % b" \0 ".join(found)
