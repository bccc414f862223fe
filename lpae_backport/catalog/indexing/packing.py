# SPDX-License-Identifier: GPL-2.0-only
"""An outline as bytes of which one name can be read without the others.

After a check sum and the lengths come the names, a NUL around each, then kinds, starts and ends
as arrays, then the includes and the symbols that are exported. Numbers are little-endian.
"""

import struct
import sys
import zlib
from array import array

from lpae_backport.catalog.definitions import Definition, Includes, Kind, Outline
from lpae_backport.errors import AuditError

_HEAD = struct.Struct("<IIIII")
_KINDS = {ord(k.value): k for k in Kind}
_EXPORT = b"export "


class DamagedError(AuditError):
    """Something in the index is not as it was written; it has to be made anew."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the index is damaged: {what}")


def number_of(name: str, *, exported: bool = False) -> int:
    """Return the 32 bits that a name is looked up by; whoever finds one reads the name itself."""
    data = name.encode("utf-8", "surrogateescape")
    return zlib.crc32(_EXPORT + data if exported else data)


def numbers(values: list[int]) -> bytes:
    """Return numbers of 32 bits as bytes."""
    return little(array("I", values)).tobytes()


def little(values: "array[int]") -> "array[int]":
    """Turn an array of this machine's numbers into little-endian ones, or back."""
    if sys.byteorder == "big":
        values.byteswap()
    return values


def pack(outline: Outline) -> bytes:
    """Return an outline as bytes."""
    found = outline.definitions
    names = _joined([d.name for d in found])
    includes = _joined([("<" if s else '"') + h for s, h in outline.includes])
    exports = _joined(sorted(outline.exports))
    body = b"".join(
        (
            names,
            bytes([ord(d.kind.value) for d in found]),
            numbers([d.start for d in found]),
            numbers([d.end for d in found]),
            includes,
            exports,
        )
    )
    sizes = (len(found), len(names), len(includes), len(exports))
    return _HEAD.pack(zlib.crc32(body, sizes[0]), *sizes) + body


def entries(outline: Outline) -> set[int]:
    """Return the numbers that an outline is found by."""
    found = {number_of(d.name) for d in outline.definitions}
    return found | {number_of(e, exported=True) for e in outline.exports}


class Packed:
    """An outline as bytes.

    Args:
        data: what `pack` made.

    Raises:
        DamagedError: it is not.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEAD.size:
            raise DamagedError("an outline is cut off")
        check, self._count, names, includes, exports = _HEAD.unpack_from(data)
        if len(data) != _HEAD.size + names + 9 * self._count + includes + exports:
            raise DamagedError("an outline is cut off")
        if check != zlib.crc32(memoryview(data)[_HEAD.size :], self._count):
            raise DamagedError("an outline has another check sum")
        self._data = data
        self._kinds = _HEAD.size + names
        self._includes = self._kinds + 9 * self._count
        self._exports = self._includes + includes

    def named(self, name: str) -> list[Definition]:
        """Return the definitions of one name."""
        word = b"\0%b\0" % name.encode("utf-8", "surrogateescape")
        found = []
        at, index = _HEAD.size, 0
        while (place := self._data.find(word, at, self._kinds)) != -1:
            index += self._data.count(b"\0", at, place)
            found.append(self._definition(index, name))
            at = place + 1
            index += 1
        return found

    def has_export(self, name: str) -> bool:
        """Tell whether a symbol is exported to modules."""
        word = b"\0%b\0" % name.encode("utf-8", "surrogateescape")
        return self._data.find(word, self._exports) != -1

    def includes(self) -> Includes:
        """Return what the file includes."""
        found = _split(self._data[self._includes : self._exports])
        return tuple((h[0] == "<", h[1:]) for h in found)

    def outline(self) -> Outline:
        """Return the whole outline."""
        names = _split(self._data[_HEAD.size : self._kinds])
        starts, ends = (self._column(i) for i in range(2))
        kinds = self._data[self._kinds : self._kinds + self._count]
        try:
            definitions = tuple(
                Definition(_KINDS[k], n, s, e)
                for k, n, s, e in zip(kinds, names, starts, ends, strict=True)
            )
        except (KeyError, ValueError):
            raise DamagedError("an outline has unknown kinds") from None
        exports = frozenset(_split(self._data[self._exports :]))
        return Outline(definitions, self.includes(), exports)

    def _definition(self, index: int, name: str) -> Definition:
        if index >= self._count:
            raise DamagedError("an outline has more names than definitions")
        at = self._kinds + self._count + 4 * index
        start, end = (int.from_bytes(self._at(at + 4 * self._count * i), "little") for i in (0, 1))
        kind = _KINDS.get(self._data[self._kinds + index])
        if kind is None:
            raise DamagedError("an outline has unknown kinds")
        return Definition(kind, name, start, end)

    def _at(self, place: int) -> bytes:
        return self._data[place : place + 4]

    def _column(self, index: int) -> "array[int]":
        start = self._kinds + self._count * (1 + 4 * index)
        return little(array("I", self._data[start : start + 4 * self._count]))


def _joined(words: list[str]) -> bytes:
    """Return words with a NUL before, between and behind them."""
    if not words:
        return b""
    return b"\0%b\0" % "\0".join(words).encode("utf-8", "surrogateescape")


def _split(data: bytes) -> list[str]:
    return data[1:-1].decode("utf-8", "surrogateescape").split("\0") if data else []
