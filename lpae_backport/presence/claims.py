# SPDX-License-Identifier: GPL-2.0-only
"""Which lines of a file are of which hunk, so that none is evidence for two."""

from collections.abc import Iterable, Mapping

from lpae_backport.presence.places import Place


class Claims:
    """The lines of a file that hunks of a patch have, or will have.

    Args:
        reserved: the places that are kept for hunks, by the index of each.
    """

    def __init__(self, reserved: Mapping[int, Place]) -> None:
        self._owner = {line: i for i, p in reserved.items() for line in p.core_lines}
        self._turn = 0

    def turn(self, hunk: int) -> None:
        """Let it be the turn of a hunk, given as its index."""
        self._turn = hunk

    def take(self, lines: Iterable[int]) -> None:
        """Give lines to the hunk whose turn it is."""
        self._owner.update(dict.fromkeys(lines, self._turn))

    def are_free(self, lines: Iterable[int]) -> bool:
        """Tell whether no line is another hunk's."""
        return all(self._owner.get(line, self._turn) == self._turn for line in lines)
