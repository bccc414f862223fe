# SPDX-License-Identifier: GPL-2.0-only
"""Which place of a file belongs to which hunk, where several could be of several.

Tables, cases of a switch and error paths repeat themselves: the same text is what one hunk would
make and what another has made. All hunks of a file are laid out together, so that each stands as
far below the one above as in the patch, and no place is taken for two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.places import Place, places
from lpae_backport.presence.standing import Standing

_SEVERAL = 2
_MOST = 12
"""Places of a hunk that are weighed, those nearest to where it says."""
_STATES = 24
"""Layouts that are followed at a time."""
_FAR = 5_000
"""Lines beyond which a place is no farther off."""
_NOWHERE = 100_000
"""What it costs, in lines, that a hunk has no place."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The places of the first hunks: each with the index of its hunk, and all they cost."""

    cost: int
    places: tuple[tuple[int, Place], ...]


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
    layouts = [_Layout(0, ())]
    for i, image in enumerate(images):
        layouts = _continued(layouts, i, _candidates(image, file), images)
    return dict(layouts[0].places)


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
    more = [_Layout(x.cost + (_NOWHERE if candidates else 0), x.places) for x in layouts]
    for layout in layouts:
        for p in candidates:
            if any(_excludes(p, i, q, j, images) for j, q in layout.places[-_STATES:]):
                continue
            cost = layout.cost + _cost(p, i, layout, images)
            more.append(_Layout(cost, (*layout.places, (i, p))))
    # What comes costs the same behind all that end alike: the best of those is enough.
    best: dict[Place | None, _Layout] = {}
    for x in sorted(more, key=lambda x: x.cost):
        best.setdefault(x.places[-1][1] if x.places else None, x)
    return list(best.values())[:_STATES]


def _excludes(p: Place, i: int, q: Place, j: int, images: Sequence[Image]) -> bool:
    """Tell whether two hunks of a function would share a line, or stand in another order."""
    if p.core_lines.start < q.core_lines.stop and q.core_lines.start < p.core_lines.stop:
        return True
    return p.first < q.first and images[i].name == images[j].name != b""


def _cost(p: Place, i: int, layout: _Layout, images: Sequence[Image]) -> int:
    """Return how many lines a place is off, seen from the one before."""
    if not layout.places:
        return min(p.distance, _FAR)
    j, q = layout.places[-1]
    here, above = images[i].hunk, images[j].hunk
    gap = here.old_start - (above.old_start + above.old_count)
    return min(abs(p.first - (q.last + 1 + gap)), _FAR)
