# SPDX-License-Identifier: GPL-2.0-only
"""What code needs of a tree, and whether another tree has it: as data."""

from dataclasses import dataclass, field
from enum import Enum

from lpae_backport.finding import TreeInfo
from lpae_backport.needs.externals import Spot


class Status(Enum):
    """What the old tree has of a need; the worst first."""

    MISSING = "missing"
    CHANGED = "changed"
    MOVED = "moved"
    SAME = "same"


class NeedKind(Enum):
    """What a need is."""

    FUNCTION = "function"
    MACRO = "macro"
    TYPE = "type"
    FIELD = "field"
    ENUMERATOR = "enumerator"
    VARIABLE = "variable"
    HEADER = "header"
    KCONFIG = "kconfig"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a tree has something."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Need:
    """One identifier that code takes from outside itself.

    Attributes:
        name: the identifier; a field is ``struct.field``.
        kind: what it is in the new tree.
        status: what the old tree has of it.
        new: where the new tree has it.
        old: where the old tree has it.
        how: what differs, or what stands in its place.
        compiles: whether a compiler would take the use as it stands.
        used_at: the places that use it.
        alternatives: how many other definitions of the name were considered in either tree.
        is_sibling: whether it comes from the folder of the code itself.
    """

    name: str
    kind: NeedKind
    status: Status
    new: Site | None
    old: Site | None
    how: str
    compiles: bool
    used_at: tuple[Spot, ...]
    alternatives: int = 0
    is_sibling: bool = False


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A name of which nothing could be told, and why."""

    name: str
    reason: str
    used_at: tuple[Spot, ...]


@dataclass(frozen=True)
class Needs:
    """What some code needs.

    Attributes:
        paths: the files of the code.
        new: the tree that it is written for.
        old: the tree that is to receive it.
        arch: the architecture that counts.
        needs: sorted by kind and name.
        unresolved: what could not be told.
        problems: what could not be read.
    """

    paths: tuple[str, ...]
    new: TreeInfo
    old: TreeInfo
    arch: str
    needs: tuple[Need, ...]
    unresolved: tuple[Unresolved, ...] = ()
    problems: tuple[str, ...] = field(default=())

    def count(self, kind: NeedKind, status: Status) -> int:
        """Return how many needs are of a kind and status."""
        return sum(n.kind is kind and n.status is status for n in self.needs)

    @property
    def is_met(self) -> bool:
        """Tell whether the old tree has whatever the code takes, as far as it could be read."""
        return all(n.status is Status.SAME for n in self.needs)
