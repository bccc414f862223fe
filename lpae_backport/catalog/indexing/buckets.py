# SPDX-License-Identifier: GPL-2.0-only
"""Tables that lead from the number of a name to outlines.

An entry is the number of a name times 2^32, and that of an outline. Entries whose names begin with
the same bits share a table; a table is pieces one behind the other, each with its own check sum.
"""

import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator

from lpae_backport.catalog.indexing.packing import DamagedError, little

BUCKETS = 16384
"""How many tables there are; each is read whole, and some hundreds are for one question."""
_SHIFT = 18
_PIECE = struct.Struct("<II")


def bucket_of(number: int) -> int:
    """Return the table that a name belongs to."""
    return number >> _SHIFT


def by_bucket(entries: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield sorted entries by the table they belong to."""
    at = 0
    while at < len(entries):
        bucket = entries[at] >> 32 + _SHIFT
        end = bisect_left(entries, bucket + 1 << 32 + _SHIFT, at)
        yield bucket, entries[at:end]
        at = end


def packed(entries: list[int], bucket: int) -> bytes:
    """Return entries as a piece of a table."""
    data = little(array("Q", entries)).tobytes()
    return _PIECE.pack(zlib.crc32(data, bucket), len(data)) + data if entries else b""


def holders(data: bytes, number: int) -> set[int]:
    """Return the outlines that a table has for the number of a name.

    Raises:
        DamagedError: the table is not as it was written.
    """
    found: set[int] = set()
    for piece in pieces(data, bucket_of(number)):
        start = bisect_left(piece, number << 32)
        end = bisect_left(piece, number + 1 << 32, start)
        found.update(v & 0xFFFFFFFF for v in piece[start:end])
    return found


def pieces(data: bytes, bucket: int) -> Iterator["array[int]"]:
    """Yield the pieces of a table, each sorted.

    Raises:
        DamagedError: they are not as they were written.
    """
    at = 0
    while at < len(data):
        if len(data) - at < _PIECE.size:
            raise DamagedError("a table of names is cut off")
        check, size = _PIECE.unpack_from(data, at)
        at += _PIECE.size
        piece = data[at : at + size]
        if zlib.crc32(piece, bucket) != check or len(piece) != size:
            raise DamagedError("a table of names has another check sum")
        yield little(array("Q", piece))
        at += size
