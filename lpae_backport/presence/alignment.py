# SPDX-License-Identifier: GPL-2.0-only
"""Lines up the pieces of a hunk with those of a stretch of a file, in order, the telling first."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

from lpae_backport.presence.chunks import telling

_CELLS = 60_000
"""Pairs of pieces beyond which a coarser way is taken."""
MOST_PAIRS = 2_000_000
"""Pairs of equal pieces beyond which texts are not lined up: nobody writes such code."""
_TOGETHER = 2
"""What it is worth that two pieces follow each other on both sides."""
_MANY = 40
"""Places of one piece beyond which it says nothing of where a hunk stands."""
_BUCKET = 24


def pairs_of(part: Sequence[bytes], whole: Sequence[bytes]) -> int:
    """Return how many pairs of equal pieces there are: what it takes to line up two texts."""
    one, other = Counter(part), Counter(whole)
    return sum(n * other[k] for k, n in one.items())


def weight(key: bytes) -> int:
    """Return what it is worth to find a piece."""
    return 1 + 2 * min(telling(key), 4)


def aligned(part: Sequence[bytes], whole: Sequence[bytes]) -> dict[int, int]:
    """Return which pieces of a hunk are which of a stretch, as indexes, in order.

    Args:
        part: the pieces of the hunk.
        whole: those of the stretch.
    """
    if len(part) * len(whole) > _CELLS:
        if pairs_of(part, whole) > MOST_PAIRS:
            return {}
        found = SequenceMatcher(None, part, whole, autojunk=False).get_matching_blocks()
        return {m.a + k: m.b + k for m in found for k in range(m.size)}
    worth = {k: weight(k) for k in set(part)}
    columns = range(len(whole))
    best = [[0] * (len(whole) + 1)]
    run = [[0] * (len(whole) + 1)]
    for key in part:
        above, runs = best[-1], run[-1]
        row, line = [0], [0]
        for j in columns:
            ending = 0
            if whole[j] == key:
                joined = runs[j] + _TOGETHER if runs[j] else 0
                ending = worth[key] + max(above[j], joined)
            line.append(ending)
            row.append(max(ending, above[j + 1], row[j]))
        best.append(row)
        run.append(line)
    return _path(best, run)


def _path(best: list[list[int]], run: list[list[int]]) -> dict[int, int]:
    """Walk back through the table of what each pair is worth."""
    found: dict[int, int] = {}
    i, j = len(best) - 1, len(best[0]) - 1
    must = False
    while i > 0 and j > 0:
        ending = run[i][j]
        if ending and (must or ending == best[i][j]):
            found[i - 1] = j - 1
            must = run[i - 1][j - 1] > 0 and run[i - 1][j - 1] + _TOGETHER >= best[i - 1][j - 1]
            i, j = i - 1, j - 1
        elif best[i - 1][j] >= best[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found


def likely_starts(
    parts: Sequence[Sequence[bytes]], where: dict[bytes, list[int]], near: int
) -> list[int]:
    """Return where in a file the pieces of a hunk mostly stand, best first.

    Args:
        parts: its texts, before and after.
        where: the indexes at which each piece stands in the file.
        near: the index at which it should begin; breaks ties.

    Returns:
        Indexes that the hunk would begin at, three at most.
    """
    votes: Counter[int] = Counter()
    for part in parts:
        for i, key in enumerate(part):
            at = where.get(key, ())
            if len(at) > _MANY:
                continue
            worth = telling(key) * 8 // max(len(at), 1) + 1
            for p in at:
                votes[(p - i) // _BUCKET] += worth
    merged: defaultdict[int, int] = defaultdict(int)
    for bucket, n in votes.items():
        merged[bucket] += n
        merged[bucket - 1] += n
    middle = near // _BUCKET
    ranked = sorted(merged, key=lambda b: (-merged[b], abs(b - middle), b))
    found: list[int] = []
    for bucket in ranked:
        if all(abs(bucket - f) > 1 for f in found):
            found.append(bucket)
        if len(found) == 3:
            break
    return [f * _BUCKET for f in found]
