# SPDX-License-Identifier: GPL-2.0-only
"""Which facts of a patch are written down: the most telling few that cover what it changes."""

from collections.abc import Iterable, Iterator
from enum import IntEnum

from lpae_backport.learning.lesson import Fact, Goal, Rank
from lpae_backport.learning.trial import Trial

MOST = 40
"""Checks of one pack."""
_GROUPS = {"new functions": 4, "new macros": 3, "new declarations": 2, "exports": 3}
"""Checks of things that are new in one file."""
_TYPE = 3
"""Checks of one struct or enum."""
_FUNCTION = 2
"""Checks of what one function has; one more may tell what it has not."""
_ATTEMPTS = 40
"""Goals of one function that are tried for one more fact."""
_LAST = 200
"""Goals that are tried for the first."""
_DECLARED = "declaration "
_WEAK = frozenset({"new declarations", "the file", "includes"})
"""What is written only where the file shows nothing better."""


class Fate(IntEnum):
    """What became of an entity that has goals; the lower, the more was found out."""

    FOUND = 0
    """Some check tells of it."""
    HELD = 1
    """None of its checks does."""
    UNTRIED = 2
    """So many were run for others that not all of its own were."""
    SPARED = 3
    """It tells little, and its file shows something better."""


class Choice:
    """The facts chosen, and what of the patch they tell of.

    Args:
        trial: runs checks.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self._found: list[tuple[int, int, Fact]] = []
        self._same: dict[str, set[tuple[str, str]]] = {}
        self.fates: dict[tuple[str, str], Fate] = {}
        """What became of each entity, by file and name."""

    def choose(self, goals: Iterable[Goal]) -> None:
        """Choose among the goals of one file."""
        by_entity: dict[tuple[str, str], list[Goal]] = {}
        for g in goals:
            by_entity.setdefault((g.path, g.entity), []).append(g)
        number = 0
        ordered = sorted(
            by_entity.items(), key=lambda e: (_weakness(e[0][1]), min(g.rank for g in e[1]))
        )
        for entity, found in ordered:
            if number and _weakness(entity[1]):
                self.fates[entity] = Fate.SPARED
            elif self._entity(entity, found, number):
                number += 1

    @property
    def facts(self) -> list[Fact]:
        """The facts, where there are too many those that cover the most: each file, each entity."""
        first: dict[str, int] = {}
        for i, (_, _, fact) in enumerate(self._found):
            first.setdefault(_key(fact), i)
        kept = sorted(first.values(), key=lambda i: (*self._found[i][:2], i))[:MOST]
        return [self._found[i][2] for i in sorted(kept)]

    def entities_of(self, facts: Iterable[Fact]) -> set[tuple[str, str]]:
        """Return what some facts tell of; two entities may be told by one and the same check."""
        return set().union(*(self._same.get(_key(f), set()) for f in facts))

    def _entity(self, entity: tuple[str, str], goals: list[Goal], number: int) -> bool:
        chosen = list(self._best(entity[1], goals))
        self._found += [(i, number, f) for i, f in enumerate(chosen)]
        for fact in chosen:
            self._same.setdefault(_key(fact), set()).add(entity)
        missed = Fate.UNTRIED if self.trial.is_spent else Fate.HELD
        self.fates[entity] = Fate.FOUND if chosen else missed
        return bool(chosen)

    def _best(self, name: str, goals: list[Goal]) -> Iterator[Fact]:
        present = sorted(
            (g for g in goals if g.rank is not Rank.ABSENCE), key=lambda g: (g.rank, -g.weight)
        )
        most = _quota(name)
        places: set[int] = set()
        known: set[str] = set()
        count = 0
        for number, goal in enumerate(present[:_LAST]):
            if count == most or (count and (number > _ATTEMPTS or goal.rank > Rank.STORE)):
                break
            if goal.place and goal.place in places:
                continue
            fact = self.trial.fact(goal)
            # Two places may differ in what no check sees: one check for both is all there is.
            if fact is not None and _key(fact) not in known:
                count += 1
                known.add(_key(fact))
                places.add(goal.place)
                yield fact
        yield from self._absence(goals)

    def _absence(self, goals: list[Goal]) -> Iterator[Fact]:
        for goal in [g for g in goals if g.rank is Rank.ABSENCE][:_ATTEMPTS]:
            fact = self.trial.fact(goal)
            if fact is not None:
                yield fact
                return


def _key(fact: Fact) -> str:
    """Return what a check asks, whatever it is called."""
    return repr({k: v for k, v in fact.raw.items() if k != "id"})


def _weakness(name: str) -> int:
    """Return how little an entity tells where the file shows something better."""
    if name in _WEAK:
        return 1 + (name == "includes")
    return int(name.startswith(_DECLARED))


def _quota(name: str) -> int:
    if name in _GROUPS:
        return _GROUPS[name]
    if name.startswith(("struct ", "union ", "enum ", "object ")):
        return _TYPE
    return _FUNCTION if name.endswith("()") else 1
