# SPDX-License-Identifier: GPL-2.0-only
"""Decides between the places where a hunk is done and those where it could be.

A hunk is never said to be applied where that could be wrong: a place counts only in the function
that the hunk names, and not if the text before stands as near.
"""

from dataclasses import dataclass

from lpae_backport.presence.claims import Claims
from lpae_backport.presence.image import Image, Side, words_in
from lpae_backport.presence.layers import Level
from lpae_backport.presence.places import Place, is_live, places
from lpae_backport.presence.standing import Standing

_TELLING = 6
"""Words that a text must have at least to be known again away from its line."""
_ALONE = 4
"""Words that it must have at least if it stands in one place only."""
_CLOSE = 2
"""Lines of context that a place must have to be a rival."""
_SIDE = 80
"""Units beside a place without context that are searched for what should be gone."""
FUZZ = 2
"""Lines of context that may differ at either end for a hunk to apply, as with patch(1)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a search on one level came to.

    Attributes:
        is_applied: whether the tree has the hunk there; else it could have.
        place: where.
        is_sure: whether nothing that forgives more could say otherwise.
        fuzz: how many lines of context had to be left out.
    """

    is_applied: bool
    place: Place
    is_sure: bool
    fuzz: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """The lines that the two texts of a hunk should begin at; the last one is the likeliest."""

    after: tuple[int, ...]
    before: tuple[int, ...]


class Looking:
    """Looks for one hunk in one file.

    Args:
        image: the hunk.
        file: the file.
        expected: where it should be.
        claims: the lines that are other hunks'.
        unnamed: heads that the patch itself takes away.
    """

    def __init__(
        self,
        image: Image,
        file: Standing,
        expected: Expected,
        claims: Claims,
        unnamed: frozenset[bytes] = frozenset(),
    ) -> None:
        self._image = image
        self._file = file
        self._claims = claims
        self._unnamed = unnamed
        self.expected = expected

    def whole(self, level: Level) -> Choice | None:
        """Look for both texts in one piece."""
        after = self._live(self._image.after(level), level, is_after=True)
        before = self._live(self._image.before(level), level, is_after=False)
        return self._chosen(after, before)

    def dead(self, level: Level) -> Place | None:
        """Look for the text after where it is never compiled, or in a comment."""
        side = self._image.after(level)
        found = places(self._image, side, level, self._file, self.expected.after)
        good = [p for p in found if p.agrees is not False and not self._is_taken(p)]
        good = [p for p in good if self._is_closed(side, level, p)]
        return good[0] if len(good) == 1 and words_in(side.units) >= _TELLING else None

    def fuzzy(self, level: Level) -> Choice | None:
        """Look for the text before with less context."""
        side = self._image.before(level)
        if side.first == side.last and not side.units:
            return None
        for fuzz in range(1, FUZZ + 1):
            before, behind = self._context()
            keep = (max(before - fuzz, 0), max(behind - fuzz, 0))
            if not any(keep):
                return None
            found = self._live(side.trimmed(*self._units(side, keep)), level, is_after=False)
            good = [p for p in found if p.agrees is not False]
            if good and (len(good) == 1 or good[0].distance < good[1].distance):
                return Choice(False, good[0], False, fuzz)
        return None

    def _context(self) -> tuple[int, int]:
        """Return how many lines of context the hunk has before and behind its changes."""
        lo, hi = self._image.changed
        return lo, len(self._image.lines) - 1 - hi

    def _units(self, side: Side, lines: tuple[int, int]) -> tuple[int, int]:
        """Return how many units so many lines of context are."""
        lo, hi = self._image.changed
        before = sum(lo - lines[0] <= i < lo for i in side.owner)
        return before, sum(hi < i <= hi + lines[1] for i in side.owner)

    def _live(self, side: Side, level: Level, *, is_after: bool) -> list[Place]:
        expected = self.expected.after if is_after else self.expected.before
        found = places(self._image, side, level, self._file, expected)
        kept = [p for p in found if not self._is_taken(p)]
        if is_after:
            kept = [p for p in kept if self._is_closed(side, level, p)]
            kept = [p for p in kept if is_live(self._image, side, p, self._file)]
        return kept

    def _is_closed(self, side: Side, level: Level, p: Place) -> bool:
        """Tell whether lines that are gone would have been seen, had they been there.

        Without context behind them (a comment is none among tokens) they could stand there yet,
        unless the file ends.
        """
        image, layer = self._image, self._file.layer(level)
        for is_first in (True, False):
            context = side.first if is_first else len(side.units) - side.last
            if context > 0:
                continue
            beside = layer.around(p.unit, p.unit + p.size, -_SIDE if is_first else _SIDE)
            if not beside:
                continue
            if not image.is_seen(side, first=is_first) or image.gone_in(level, beside, is_first):
                return False
        return True

    def _is_taken(self, p: Place) -> bool:
        return not self._claims.are_free(p.core_lines)

    def _chosen(self, after: list[Place], before: list[Place]) -> Choice | None:
        """Decide; of two places that overlap the longer one explains more."""
        done = [a for a in after if not any(a.overlaps(b) and b.size > a.size for b in before)]
        left = [b for b in before if not any(b.overlaps(a) and a.size >= b.size for a in after)]
        mine = next((a for a in done if self._counts(a, done)), None)
        is_near = mine is not None and (not left or self._is_nearer(mine, left[0]))
        if mine is not None and is_near and (mine.distance == 0 or not self._rivals(mine)):
            return Choice(True, mine, True)
        if left:
            first = left[0]
            words = words_in(self._image.before(first.level).units)
            is_sure = first.agrees is True and words >= 2 * _TELLING
            is_sure = is_sure or (first.distance == 0 and first.agrees is not False)
            return Choice(False, first, is_sure)
        return None

    def _counts(self, p: Place, every: list[Place]) -> bool:
        """Tell whether a place of the text after may be taken for it."""
        if p.distance == 0 and p.level is Level.EXACT:
            return True
        words = words_in(self._image.after(p.level).units)
        if words < (_ALONE if len(every) == 1 else _TELLING):
            return False
        if p.agrees:
            return True
        if p.agrees is None or self._image.name in self._unnamed:
            return len(every) == 1
        return False

    @staticmethod
    def _is_nearer(done: Place, left: Place) -> bool:
        if bool(done.agrees) != bool(left.agrees):
            return bool(done.agrees)
        return done.distance == 0 and left.distance > 0

    def _rivals(self, mine: Place) -> bool:
        """Tell whether the text before stands elsewhere nearer, but for some of its context."""
        for level in self._image.levels:
            if level is Level.EXACT:
                continue
            side = self._image.before(level)
            close = side.trimmed(*self._units(side, (_CLOSE, _CLOSE)))
            if words_in(close.units) < _TELLING:
                continue
            for p in self._live(close, level, is_after=False):
                is_near = p.agrees is not False and p.distance <= mine.distance
                if is_near and not p.overlaps(mine):
                    return True
        return False
