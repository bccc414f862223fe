# SPDX-License-Identifier: GPL-2.0-only
"""All uses of some symbols in one file, whatever it is."""

from collections.abc import Sequence

from lpae_backport.scanned import occurrences
from lpae_backport.uses import texts
from lpae_backport.uses.ccode import CCode, Hit, hits
from lpae_backport.uses.kinds import Symbol, Use

Found = list[tuple[str, Use]]
"""Names of symbols, each with a use of it, in the order of the file."""


class Looker:
    """Finds the uses of some symbols in a file; goes to other processes whole.

    Args:
        symbols: what is looked for.
    """

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._symbols = tuple(symbols)

    def __call__(self, path: str, data: bytes, words: frozenset[bytes]) -> Found:
        """Return the uses in one file.

        Args:
            path: its path below the kernel's root.
            data: its bytes.
            words: which words of the symbols it has.
        """
        wanted = [s for s in self._symbols if words.issuperset(s.words)]
        found = hits(data, wanted)
        if texts.is_kconfig(path):
            found = [*found, *_options(data, self._symbols)]
            found.sort(key=lambda h: (h.start, h.symbol.name))
        if not found:
            return []
        if texts.is_c(path):
            uses = CCode(path, data).uses(found)
        else:
            uses = texts.uses(path, data, [h for h in found if not h.symbol.type])
        return [(s.name, u) for s, u in uses]


def _options(data: bytes, symbols: Sequence[Symbol]) -> list[Hit]:
    """Return the places of ``CONFIG_X`` in a Kconfig file, where it is called ``X``."""
    return [
        Hit(at, at + len(s.option), s)
        for s in symbols
        if s.option
        for at in occurrences(s.option, data)
    ]
