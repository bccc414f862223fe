# SPDX-License-Identifier: GPL-2.0-only
"""The place of a file that comes nearest to what a hunk changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from lpae_backport.presence.alignment import MOST_PAIRS, pairs_of
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.standing import RUN, Standing

_BUCKET = 32
_MANY = 60
_LARGE = 3_000
"""Tokens of a hunk beyond which only the first are compared."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest place.

    Attributes:
        first: its first line.
        last: its last line.
        similarity: how alike it is to the text before, from 0 to 1.
        differs: what differs first; empty if nothing does.
        pairs: tokens of the hunk that are others there, each pair as often as it occurs.
        kept: tokens that are the same in both.
    """

    first: int
    last: int
    similarity: float
    differs: str
    pairs: tuple[tuple[bytes, bytes], ...]
    kept: frozenset[bytes]


def nearest(image: Image, file: Standing) -> Nearest | None:
    """Find the place of a file that is most like the text before of a hunk."""
    level = Level.TOKENS if image.is_c else Level.SPACED
    side = image.before(level)
    mine = [t for u in side.units[:_LARGE] for t in u.split(b" ")]
    theirs, at = file.words
    if not mine or not theirs:
        return None
    start = _start(mine, file)
    if start is None:
        return None
    lo = max(start - _BUCKET, 0)
    stretch = theirs[lo : start + len(mine) + 2 * _BUCKET]
    if pairs_of(mine, stretch) > MOST_PAIRS:
        return None
    blocks = [
        b
        for b in SequenceMatcher(None, mine, stretch, autojunk=False).get_matching_blocks()
        if b[2]
    ]
    if not blocks:
        return None
    first, end = blocks[0].b, blocks[-1].b + blocks[-1].size
    both = sum(b.size for b in blocks)
    similarity = 2 * both / (len(mine) + end - first)
    codes = SequenceMatcher(None, mine, stretch[first:end], autojunk=False).get_opcodes()
    pairs = []
    for tag, a, b, c, d in codes:
        if tag == "replace" and b - a == d - c:
            pairs += list(zip(mine[a:b], stretch[first + c : first + d], strict=True))
    return Nearest(
        at[lo + first],
        at[lo + end - 1],
        min(similarity, 1.0),
        _difference(codes, mine, stretch[first:end], at[lo + first : lo + end]),
        tuple(pairs),
        frozenset(t for tag, a, b, _, _ in codes if tag == "equal" for t in mine[a:b]),
    )


def _start(mine: Sequence[bytes], file: Standing) -> int | None:
    """Return where most runs of words say that the hunk begins."""
    votes: Counter[int] = Counter()
    for i in range(len(mine) - RUN + 1):
        found = file.runs.get(tuple(mine[i : i + RUN]), ())
        if len(found) <= _MANY:
            for p in found:
                bucket = (p - i) // _BUCKET
                votes[bucket] += 2
                votes[bucket - 1] += 1
                votes[bucket + 1] += 1
    if not votes:
        return None
    best = max(votes, key=lambda b: (votes[b], -b))
    return max(best * _BUCKET, 0)


def _difference(
    codes: Sequence[tuple[str, int, int, int, int]],
    mine: Sequence[bytes],
    theirs: Sequence[bytes],
    at: Sequence[int],
) -> str:
    """Say what differs first."""
    for tag, a, b, c, d in codes:
        if tag == "equal":
            continue
        line = at[min(c, len(at) - 1)]
        wanted, there = _shown(mine[a:b]), _shown(theirs[c:d])
        if tag == "replace":
            return f"line {line} has '{there}' where the patch has '{wanted}'"
        if tag == "insert":
            return f"line {line} has '{there}' that the patch does not know"
        return f"line {line} lacks '{wanted}'"
    return ""


def _shown(tokens: Sequence[bytes]) -> str:
    text = b" ".join(tokens[:8]).decode("utf-8", "replace")
    return f"{text} …" if len(tokens) > 8 else text
