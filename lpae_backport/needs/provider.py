# SPDX-License-Identifier: GPL-2.0-only
"""What could bring missing APIs into an old tree, as data."""

from dataclasses import dataclass
from enum import Enum

from lpae_backport.needs.need import Needs

BACKPORT = "backport"
"""The way to close a gap that brings what a provider needs itself into play."""


class Form(Enum):
    """What a provider is to the old tree."""

    NEW = "new"
    """Its files are not there: they can be brought as they are."""
    GROWN = "grown"
    """Its files are there, but older: single functions and types would have to be brought."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to close a gap.

    Attributes:
        way: ``backport``, ``shim`` or ``adapt``.
        cost: what it takes, in words.
        lines: how many lines that is.
        places: how many places of the code it touches.
    """

    way: str
    cost: str
    lines: int
    places: int


@dataclass(frozen=True, slots=True)
class Provider:
    """Files of the new tree that have what some code needs and the old tree lacks.

    Attributes:
        name: what it is called by: the stem of its header.
        form: what it is to the old tree.
        files: its files in the new tree, headers first.
        lines: how many lines they have; of a grown one, those that are missing.
        depth: how many providers lie between it and the code; 1 is what the code itself needs.
        names: what is needed of it.
        satisfies: how many uses in the code itself it would satisfy.
        after: the providers that have to be there first.
        lacks: how many names it needs that the old tree lacks, those of other providers included.
        choices: the ways to close the gap, the suggested one first.
        is_followed: whether its own needs were looked at; not beyond the depth or the budget.
        only_for: the providers that need it, where it is needed only if one of them is brought
            whole, which is not what is suggested of any; nothing of what is needed in any case.
    """

    name: str
    form: Form
    files: tuple[str, ...]
    lines: int
    depth: int
    names: tuple[str, ...]
    satisfies: int
    after: tuple[str, ...]
    lacks: int
    choices: tuple[Choice, ...]
    is_followed: bool
    only_for: tuple[str, ...] = ()

    @property
    def way(self) -> str:
        """What is suggested: ``backport``, ``shim`` or ``adapt``."""
        return self.choices[0].way if self.choices else BACKPORT


@dataclass(frozen=True)
class Closure:
    """What some code needs, and what would bring it.

    Attributes:
        needs: what the code itself needs.
        providers: in the order to bring them in.
        cycles: providers that need each other.
        left: names that no file could be found for.
        cut: why not everything was followed, where it was not.
    """

    needs: Needs
    providers: tuple[Provider, ...]
    cycles: tuple[tuple[str, ...], ...] = ()
    left: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
