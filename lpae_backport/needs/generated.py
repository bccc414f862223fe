# SPDX-License-Identifier: GPL-2.0-only
"""Names that no declaration spells out, because a macro at file level puts them together."""

import re
from collections.abc import Iterator

from lpae_backport.catalog.catalog import Place
from lpae_backport.catalog.definitions import Kind
from lpae_backport.masking import decode
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.macroshape import Shapes, calls
from lpae_backport.needs.meaning import tokens

_PART = re.compile(r"_+|[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_MAX_PARTS = 14
_MAX_PLACES = 40


class Generated:
    """Finds such names in the headers that the code reaches.

    Args:
        interface: the tree.
    """

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        self._shapes = Shapes(interface.macro)

    def place(self, name: str) -> Place | None:
        """Return the macro call that makes a name (``ATOMIC_OP(or)`` makes ``atomic_or``)."""
        for part in _parts(name):
            found = [
                p
                for p in self._interface.everywhere(part)
                if p.definition.kind is Kind.GENERATED and p.path in self._interface.reach
            ]
            for p in found[:_MAX_PLACES]:
                if self._makes(p, part, name):
                    return p
        return None

    def _makes(self, place: Place, part: str, name: str) -> bool:
        d = place.definition
        text = decode(self._interface.data(place.path)[d.start : d.end])
        for macro, arguments in calls(tokens(text))[:1]:
            shape = self._shapes.of(macro)
            for i, words in enumerate(arguments):
                if shape is None or words != (part,):
                    continue
                if any(a + part + b == name for a, b in shape.pasted.get(i, ())):
                    return True
        return False


def _parts(name: str) -> Iterator[str]:
    """Yield the beginnings and ends of a name that may be an argument, the longest first."""
    parts = _PART.findall(name)[:_MAX_PARTS]
    for size in range(len(parts) - 1, 0, -1):
        for word in ("".join(parts[-size:]), "".join(parts[:size])):
            if word.strip("_"):
                yield word
