# SPDX-License-Identifier: GPL-2.0-only
"""Which place of a file belongs to which hunk, where several could be of several.

Tables, cases of a switch and error paths repeat themselves: the same text is what one hunk would
make and what another has made. All hunks of a file are laid out together, so that each stands as
far below the one above as in the patch, and no place is taken for two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.places import Place, places
from lpae_backport.presence.standing import Standing

_SEVERAL = 2
_MOST = 12
"""Places of a hunk that are weighed, those nearest to where it says."""
_STATES = 24
"""Layouts that are followed at a time."""
_BACK = 24
"""Hunks above one that it is held against."""
_FAR = 5_000
"""Lines beyond which a place is no farther off."""
_NOWHERE = 100_000
"""What it costs, in lines, that a hunk has no place."""


@dataclass(frozen=True, eq=False, slots=True)
class _Layout:
    """Where the first hunks stand.

    Attributes:
        cost: what all their places cost.
        index: the last hunk that has a place; -1 for none.
        place: its place.
        above: the layout of those above it.
    """

    cost: int
    index: int = -1
    place: Place | None = None
    above: "_Layout | None" = None

    def upward(self) -> Iterator[tuple[int, Place]]:
        """Yield the hunks that have a place, the last one first, each with that."""
        layout: _Layout | None = self
        while layout is not None and layout.place is not None:
            yield layout.index, layout.place
            layout = layout.above


def reserved(images: Sequence[Image], file: Standing) -> dict[int, Place]:
    """Return the places that belong to hunks, by their index.

    Args:
        images: the hunks of a file, in order.
        file: the file.

    Returns:
        A place for each hunk that stands in one piece, done or not; none for a hunk that is alone.
    """
    if len(images) < _SEVERAL:
        return {}
    layouts = [_Layout(0)]
    for i, image in enumerate(images):
        layouts = _continued(layouts, i, _candidates(image, file), images)
    return dict(reversed(list(layouts[0].upward())))


def _candidates(image: Image, file: Standing) -> list[Place]:
    if image.hunk.problem or image.is_empty:
        return []
    for level in (Level.EXACT, Level.SPACED):
        after = places(image, image.after(level), level, file, (image.hunk.new_start,))
        before = places(image, image.before(level), level, file, (image.hunk.old_start,))
        if after or before:
            found = [p for p in (*after, *before) if p.agrees is not False]
            return sorted(found, key=lambda p: (p.distance, -p.size))[:_MOST]
    return []


def _continued(
    layouts: Sequence[_Layout], i: int, candidates: Sequence[Place], images: Sequence[Image]
) -> list[_Layout]:
    """Return the best layouts with one more hunk."""
    more = [replace(x, cost=x.cost + (_NOWHERE if candidates else 0)) for x in layouts]
    for layout in layouts:
        above = list(islice(layout.upward(), _BACK))
        for p in candidates:
            if not any(_excludes(p, i, q, j, images) for j, q in above):
                cost = layout.cost + _cost(p, i, layout, images)
                more.append(_Layout(cost, i, p, layout))
    # What comes costs the same behind all that end alike: the best of those is enough.
    best: dict[Place | None, _Layout] = {}
    for x in sorted(more, key=lambda x: x.cost):
        best.setdefault(x.place, x)
    return list(best.values())[:_STATES]


def _excludes(p: Place, i: int, q: Place, j: int, images: Sequence[Image]) -> bool:
    """Tell whether two hunks of a function would share a line, or stand in another order."""
    if p.core <= q.core_last and q.core <= p.core_last:
        return True
    return p.first < q.first and images[i].name == images[j].name != b""


def _cost(p: Place, i: int, layout: _Layout, images: Sequence[Image]) -> int:
    """Return how many lines a place is off, seen from the one before."""
    q = layout.place
    if q is None:
        return min(p.distance, _FAR)
    here, above = images[i].hunk, images[layout.index].hunk
    gap = here.old_start - (above.old_start + above.old_count)
    return min(abs(p.first - (q.last + 1 + gap)), _FAR)
