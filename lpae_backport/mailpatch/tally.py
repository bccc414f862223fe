# SPDX-License-Identifier: GPL-2.0-only
"""Hunk arithmetic: which lines of a mail are lines of a hunk, so that its counts come out.

A mailer wraps lines, loses marks and the space of an empty line, and people write in between. The
counts in the hunk's header say how many lines there were; the cheapest reading that comes to
them is taken, and if there are several, all are returned.

What the rest of a region costs at least, whatever the counts, is known beforehand: so the search
goes no way that must become dearer than the best one, however long the hunk is.
"""

from dataclasses import dataclass

from lpae_backport.mailpatch.costs import MORE, NOTE, PIECES, TALK, Costs, Known
from lpae_backport.mailpatch.sheet import Sheet

_BOUNDS = (2, 8, 28, 100, 10_000)
_BEAM = 300
_WAYS = 3
_NEAR = 1
_MISSING = 9
"""What it costs to suppose that a part of the hunk has been cut out; less than lines made up."""
_STAYS = (TALK, MORE, NOTE)
"""What a line may be when the hunk has all of its lines."""

_Node = tuple["_Node | None", str]
_Ways = list[tuple[int, _Node | None]]
_State = tuple[int, int, int]
_Least = list[tuple[tuple[int, int], ...]]


@dataclass(slots=True)
class Work:
    """How much may still be done for an input; hostile ones ask for more than they are worth."""

    left: int = 100_000

    @classmethod
    def on(cls, data: bytes) -> "Work":
        """Return what an input is worth, by its size."""
        return cls(100_000 + len(data) // 2)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lines of a region are.

    Attributes:
        roles: one for each line.
        old: how many lines of the file before that makes.
        new: how many of the file after.
        cost: how much had to be supposed for it.
    """

    roles: str
    old: int
    new: int
    cost: int


def readings(
    sheet: Sheet, first: int, end: int, counts: tuple[int, int], known: Known, work: Work
) -> list[Reading]:
    """Return the best readings of a region.

    Args:
        sheet: the mail.
        first: the line behind the first of the hunk's header.
        end: the line behind the last that could belong to the hunk.
        counts: how many lines the header says there are, before and after.
        known: what the tree knows.
        work: how much may be done; no hunk takes more than half of it.

    Returns:
        Those that come to the counts at the least cost; if none does, one that comes near; none
        at all if that was too much work.
    """
    costs = Costs(sheet, first, end, known)
    least = _least(costs)
    keep = work.left // 2
    found: list[Reading] = []
    for slack in _BOUNDS:
        bound = min(least[0][1]) + slack
        found = _Search(costs, counts, least, work, keep, bound).run()
        if work.left <= keep or (found and found[0].cost + _NEAR <= bound):
            return found
    return found


def _least(costs: Costs) -> _Least:
    """Return what the lines from each one on cost at least, counts aside.

    For each line, and for how many pieces stand before it: while the hunk lacks lines, and when
    it has them all.
    """
    after = ((_MISSING + 1, 0),) * (PIECES + 1)
    found = [after]
    for row in range(costs.end - 1, costs.first - 1, -1):
        here = []
        for piece in range(PIECES + 1):
            done = min(
                m.cost + after[m.piece][1]
                for m in costs.moves(row, piece, True)
                if m.role in _STAYS
            )
            lacks = min(m.cost + min(after[m.piece]) for m in costs.moves(row, piece, False))
            here.append((lacks, done))
        after = tuple(here)
        found.append(after)
    found.reverse()
    return found


class _Search:
    """One search, among readings that cost no more than a bound."""

    def __init__(
        self,
        costs: Costs,
        counts: tuple[int, int],
        least: _Least,
        work: Work,
        keep: int,
        bound: int,
    ) -> None:
        self.costs, self.least, self.work, self.keep, self.bound = costs, least, work, keep, bound
        self.old, self.new = counts

    def run(self) -> list[Reading]:
        states: dict[_State, _Ways] = {(0, 0, 1): [(0, None)]}
        for row in range(self.costs.first, self.costs.end):
            states = self._step(row, states)
            self.work.left -= len(states)
            if self.work.left <= self.keep:
                return []
        return self._best(states)

    def _step(self, row: int, states: dict[_State, _Ways]) -> dict[_State, _Ways]:
        after: dict[_State, _Ways] = {}
        least = self.least[row + 1 - self.costs.first]
        for (o, n, piece), ways in states.items():
            is_done = o == self.old and n == self.new
            for role, cost, old, new, now in self.costs.moves(row, piece, is_done):
                target = (o + old, n + new, now)
                if target[0] > self.old or target[1] > self.new:
                    continue
                done = target[0] == self.old and target[1] == self.new
                room = self.bound - cost - least[now][done]
                if ways[0][0] > room:
                    continue
                there = after.setdefault(target, [])
                there += [(c + cost, (node, role)) for c, node in ways if c <= room]
        for ways in after.values():
            if len(ways) > 1:
                ways.sort(key=_cost)
                del ways[_WAYS:]
        if len(after) > _BEAM:
            kept = sorted(after, key=lambda s: after[s][0][0] + least[s[2]][0])[:_BEAM]
            after = {s: after[s] for s in kept}
        return after

    def _best(self, states: dict[_State, _Ways]) -> list[Reading]:
        found = []
        for (o, n, _), ways in states.items():
            missing = self.old - o + self.new - n
            for cost, node in ways:
                lost = _MISSING + min(missing, 3) if missing else 0
                found.append((cost + lost, o, n, node))
        found.sort(key=lambda f: f[0])
        # A reading that costs hardly more is as likely.
        near = [f for f in found if f[0] <= found[0][0] + _NEAR][:8]
        return [Reading(_roles(node), o, n, cost) for cost, o, n, node in near]


def _cost(found: tuple[int, _Node | None]) -> int:
    return found[0]


def _roles(node: _Node | None) -> str:
    roles = []
    while node is not None:
        node, role = node
        roles.append(role)
    return "".join(reversed(roles))
