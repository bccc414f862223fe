# SPDX-License-Identifier: GPL-2.0-only
"""What a C file introduces at file level, as data: names, kinds and places."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a name stands for; the letters are those of ctags where it has one."""

    MACRO = "d"
    ENUMERATOR = "e"
    FUNCTION = "f"
    ENUM = "g"
    PROTOTYPE = "p"
    STRUCT = "s"
    TYPEDEF = "t"
    UNION = "u"
    VARIABLE = "v"
    FORWARD = "w"
    """A struct, union or enum that is only said to exist."""
    CONFIG = "K"
    """A symbol of Kconfig."""
    GENERATED = "G"
    """An argument of a file-level macro call, such as ``DEFINE_MUTEX(name)``."""

    @property
    def is_tag(self) -> bool:
        """Tell whether C reaches it by a keyword and a tag."""
        return self in (Kind.ENUM, Kind.STRUCT, Kind.UNION)


@dataclass(frozen=True, slots=True)
class Definition:
    """One name a file introduces, with the range of bytes that says what it is."""

    kind: Kind
    name: str
    start: int
    end: int


Includes = tuple[tuple[bool, str], ...]
"""Whether as ``<…>``, and the name; a computed one stands with an empty name."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What one file says to others.

    Attributes:
        definitions: the names it introduces, in the order of the text.
        includes: the headers it includes.
        exports: the symbols it exports to modules.
    """

    definitions: tuple[Definition, ...]
    includes: Includes
    exports: frozenset[str]
