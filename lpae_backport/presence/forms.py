# SPDX-License-Identifier: GPL-2.0-only
"""Pieces of a hunk that stand in a file in another form: as they were, nearly, or as they grew."""

from collections import Counter
from collections.abc import Sequence

from lpae_backport.presence.chunks import likeness, telling

_ALIKE = 0.6
"""How alike a piece must be to count as another form of one."""
_KIN = 0.4
"""How alike a removed piece must be to an added one to be what that was made of."""
_MOST = 200
"""Pieces of one run that another form is looked for of."""


def nearest_form(key: bytes, loose: Sequence[bytes]) -> int:
    """Return which of some pieces is another form of one; -1 where none is."""
    best = max(range(len(loose)), key=lambda j: likeness(key, loose[j]), default=-1)
    if best < 0 or likeness(key, loose[best]) < _ALIKE:
        return -1
    words = {w for w in key.split(b" ") if telling(w)}
    both = words.intersection(loose[best].split(b" "))
    return best if 2 * len(both) >= len(words) else -1


def left_forms(
    removed: Sequence[bytes], added: Sequence[bytes], loose: Sequence[bytes]
) -> list[int]:
    """Return which removed pieces stand among others in a form that is none of the added.

    Args:
        removed: the removed pieces of a run.
        added: the added ones.
        loose: the pieces that stand there and are none of the hunk.
    """
    found = []
    for i, key in enumerate(removed[:_MOST]):
        best = nearest_form(key, loose)
        if best < 0:
            continue
        others = (likeness(x, loose[best]) for x in added[:_MOST])
        if likeness(key, loose[best]) >= max(others, default=0.0):
            found.append(i)
    return found


def grown_forms(added: Sequence[bytes], loose: Sequence[bytes]) -> list[tuple[int, int]]:
    """Return which added pieces stand among others in another form, each with which that is."""
    found = ((k, nearest_form(key, loose)) for k, key in enumerate(added[:_MOST]))
    return [(k, j) for k, j in found if j >= 0]


def is_heir(now: bytes, added: bytes, removed: Sequence[bytes]) -> bool:
    """Tell whether a piece is what an added one was made into later.

    It has at least half of the words that the added one brought in, and none that it took away.

    Args:
        now: the piece.
        added: the added one.
        removed: the removed pieces of its run.
    """
    was = max(removed, key=lambda x: likeness(added, x), default=b"")
    if likeness(added, was) < _KIN:
        return False
    old, new, has = (Counter(x.split(b" ")) for x in (was, added, now))
    brought = [w for w in (new - old) if telling(w)]
    if not brought or (has - new) & (old - new):
        return False
    return 2 * sum(w in has for w in brought) >= len(brought)
