# SPDX-License-Identifier: GPL-2.0-only
"""How alike two texts of C are, by the runs of tokens that both have.

A run is three tokens in a row. Alike is the share of the runs of both that both have, counted as
often as they occur (Jaccard); held is the share of the runs of one that the other has too. An
index by run finds what is alike among thousands without comparing each with each.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

Run = tuple[bytes, ...]

LENGTH = 3
"""Tokens in a run."""
TELLING = 14
"""Runs below which a text is too short to be known again by them."""
_COMMON = 40
"""Texts that a run may occur in and still tell something; ``return 0 ;`` occurs in all."""
_SELF = b"\0self"


@dataclass(frozen=True, eq=False)
class Profile:
    """The runs of tokens of one text.

    Attributes:
        tokens: the tokens.
        own: what the text defines; its name counts as the same wherever it occurs.
    """

    tokens: Sequence[bytes]
    own: bytes = b""

    @cached_property
    def runs(self) -> "Counter[Run]":
        """The runs, each with how often it occurs."""
        return Counter(zip(*(self.plain[i:] for i in range(LENGTH)), strict=False))

    @cached_property
    def plain(self) -> tuple[bytes, ...]:
        """The tokens, with one word for the text's own name."""
        return tuple(_SELF if t == self.own else t for t in self.tokens)

    @cached_property
    def size(self) -> int:
        """How many runs there are."""
        return max(len(self.tokens) - LENGTH + 1, 0)

    @property
    def is_telling(self) -> bool:
        """Tell whether the text is long enough to be known again."""
        return self.size >= TELLING


def shared(a: Profile, b: Profile) -> int:
    """Return how many runs both have."""
    small, large = (a.runs, b.runs) if len(a.runs) <= len(b.runs) else (b.runs, a.runs)
    return sum(min(n, large[run]) for run, n in small.items() if run in large)


def alike(a: Profile, b: Profile) -> float:
    """Return how alike two texts are, from 0 to 1; short ones are judged by single tokens."""
    if not (a.is_telling or b.is_telling):
        some, every = Counter(a.plain) & Counter(b.plain), Counter(a.plain) | Counter(b.plain)
        return some.total() / every.total() if every else 1.0
    if bound(a.size, b.size) == 0:
        return 0.0
    both = shared(a, b)
    return both / (a.size + b.size - both)


def held(part: Profile, whole: Profile) -> float:
    """Return which share of one text the other has."""
    return shared(part, whole) / part.size if part.size else 0.0


def bound(a: int, b: int) -> float:
    """Return how alike two texts of so many runs can be at best."""
    return min(a, b) / max(a, b, 1)


class Index:
    """Texts by the runs that occur in them.

    Args:
        profiles: the texts; what is found is named by its place among them.
    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._profiles = profiles
        self._by_run: dict[Run, list[int]] = {}
        for i, p in enumerate(profiles):
            if p.is_telling:
                for run in p.runs:
                    self._by_run.setdefault(run, []).append(i)

    def near(self, runs: "Counter[Run]", limit: int = 8) -> list[tuple[int, int]]:
        """Return the texts that have most runs in common with one, as place and number of runs.

        Runs that occur in very many texts are not looked at, so the number is a lower bound.

        Args:
            runs: those of the text to look for.
            limit: how many to return at most.
        """
        votes: Counter[int] = Counter()
        for run in runs:
            found = self._by_run.get(run, ())
            if len(found) <= _COMMON:
                votes.update(found)
        return sorted(votes.items(), key=lambda v: (-v[1], v[0]))[:limit]


def best_pairs(
    old: Sequence[Profile], new: Sequence[Profile], threshold: float
) -> list[tuple[int, int, float]]:
    """Pair texts that are alike, most alike first, none twice.

    Args:
        old: texts on one side.
        new: texts on the other.
        threshold: how alike a pair must be at least.

    Returns:
        Place in `old`, place in `new`, and how alike they are.
    """
    found = [(1.0, i, j) for i, j in _identical(old, new)]
    left, right = {i for _, i, _ in found}, {j for _, _, j in found}
    # Looked for from both sides, so that the answer does not depend on which tree comes first.
    likely = {(i, j) for i, j in _likely(old, new, left)}
    likely |= {(i, j) for j, i in _likely(new, old, right)}
    for i, j in likely:
        if i not in left and j not in right and bound(old[i].size, new[j].size) >= threshold:
            ratio = alike(old[i], new[j])
            if ratio >= threshold:
                found.append((ratio, i, j))
    return list(_once(sorted(found, key=_rank)))


def _rank(pair: tuple[float, int, int]) -> tuple[float, int, int, int, int]:
    ratio, i, j = pair
    return -ratio, abs(i - j), min(i, j), max(i, j), i


def _likely(
    texts: Sequence[Profile], among: Sequence[Profile], done: set[int]
) -> Iterable[tuple[int, int]]:
    """Yield the texts worth comparing, as place and place."""
    index = Index(among)
    for i, p in enumerate(texts):
        if p.is_telling and i not in done:
            for j, _ in index.near(p.runs):
                yield i, j


def _identical(old: Sequence[Profile], new: Sequence[Profile]) -> Iterable[tuple[int, int]]:
    """Yield pairs of equal texts, in order; a thousand copies of one pair one by one."""
    waiting: dict[tuple[bytes, ...], list[int]] = {}
    for j in reversed(range(len(new))):
        waiting.setdefault(new[j].plain, []).append(j)
    for i, p in enumerate(old):
        if p.is_telling and waiting.get(p.plain):
            yield i, waiting[p.plain].pop()


def _once(ranked: Iterable[tuple[float, int, int]]) -> Iterable[tuple[int, int, float]]:
    left: set[int] = set()
    right: set[int] = set()
    for ratio, i, j in ranked:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            yield i, j, ratio
