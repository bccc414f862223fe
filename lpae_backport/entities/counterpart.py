# SPDX-License-Identifier: GPL-2.0-only
"""Which file of the other tree is this one? By its path, else its name, else its text.

A file of the same path is the one. Else those of the same name are looked for, first near where
the file was, then below ``include``, then everywhere, and their tokens decide between them. Last
come files near by that only the other tree has, which must be as alike as the threshold asks.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from lpae_backport.entities.similarity import alike, held
from lpae_backport.entities.sources import EntityTree, folder_of

_NEAR = 3
_FAR = 12
_COMPARED = 24
"""Most files whose text is compared with one."""
SAME_NAME = 0.2
"""How much of the smaller of two files of one name the other must have."""

_LEAST = 0.05
"""How alike the two must be all the same; a toy version of an allocator is not its counterpart."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A file of the other tree that one file has become, or was.

    Attributes:
        path: its path.
        similarity: how alike the two texts are.
        how: ``same path``, ``same name`` or ``similar text``.
    """

    path: str
    similarity: float
    how: str


def counterpart(
    path: str, here: EntityTree, there: EntityTree, threshold: float
) -> Counterpart | None:
    """Find the file of another tree that is this one.

    Args:
        path: the file, which `here` has.
        here: its tree.
        there: the other tree.
        threshold: how alike a file of another name must be.
    """
    if there.has(path):
        return Counterpart(path, _score(path, path, here, there), "same path")
    for candidates in _same_name(path, there):
        fresh = [p for p in candidates if not here.has(p)]
        best = _best(path, fresh, here, there)
        if best is not None and (best[0] >= threshold or _common(path, best[1], here, there)):
            return Counterpart(best[1], best[0], "same name")
    fresh = [p for p in there.sources(folder_of(path), 0) if not here.has(p)]
    suffix = posixpath.splitext(path)[1]
    best = _best(path, [p for p in fresh if p.endswith(suffix)], here, there)
    if best is not None and best[0] >= threshold:
        return Counterpart(best[1], best[0], "similar text")
    return None


def _same_name(path: str, there: EntityTree) -> Iterator[list[str]]:
    """Yield the files of the same name, a wider circle each time."""
    name = _plain(path)
    folder = folder_of(path)
    seen: set[str] = set()
    circles = [(folder, _NEAR), (folder_of(folder), _NEAR)]
    circles += [("include", _FAR)] if path.endswith(".h") else []
    for where, depth in [*circles, ("", _FAR)]:
        if where or depth == _FAR:
            fresh = [p for p in there.sources(where, depth) if _plain(p) == name and p not in seen]
            seen.update(fresh)
            if fresh:
                yield fresh


def _plain(path: str) -> str:
    return posixpath.basename(path).replace("-", "_").lower()


def _best(
    path: str, candidates: list[str], here: EntityTree, there: EntityTree
) -> tuple[float, str] | None:
    """Return the candidate that is most alike; those of about the same size are tried first."""
    size = len(here.data(path) or b"")
    near = sorted(candidates, key=lambda p: (abs(len(there.data(p) or b"") - size), p))
    scored = [(_score(path, p, here, there), p) for p in near[:_COMPARED]]
    return min(scored, key=lambda s: (-s[0], s[1]), default=None)


def _score(path: str, other: str, here: EntityTree, there: EntityTree) -> float:
    return alike(here.profile(path), there.profile(other))


def _common(path: str, other: str, here: EntityTree, there: EntityTree) -> bool:
    """Tell whether two files of one name have enough in common to be one file, grown."""
    a, b = here.profile(path), there.profile(other)
    return max(held(a, b), held(b, a)) >= SAME_NAME and alike(a, b) >= _LEAST
