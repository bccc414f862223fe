# SPDX-License-Identifier: GPL-2.0-only
"""The line, column and text of a place in a file."""

from lpae_backport.masking import decode

MAX_TEXT = 400
"""Most bytes of a line that are told; generated tables have lines of megabytes."""


class Lines:
    """Tells lines of one file; places are asked for from its beginning to its end.

    Args:
        data: its bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._line = 1

    def at(self, offset: int) -> tuple[int, int, str]:
        """Return the line and column of a place, both counted from 1, and the line's text.

        A line that is too long is cut around the place.
        """
        if offset < self._at:
            self._at, self._line = 0, 1
        self._line += self._data.count(b"\n", self._at, offset)
        self._at = offset
        start = self._data.rfind(b"\n", 0, offset) + 1
        end = self._data.find(b"\n", offset)
        end = len(self._data) if end < 0 else end
        if end - start > MAX_TEXT:
            first = max(start, offset - MAX_TEXT // 2)
            text = self._data[first : min(end, first + MAX_TEXT)]
        else:
            text = self._data[start:end]
        return self._line, offset - start + 1, decode(text).rstrip("\r")
