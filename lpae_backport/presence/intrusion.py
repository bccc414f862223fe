# SPDX-License-Identifier: GPL-2.0-only
"""What came between the pieces of a hunk, or went from among them, that may undo what it does.

Its pieces may all be there in order, and yet be under another condition, behind a return, in
another block or on the wrong side of each other.
"""

from collections.abc import Collection, Sequence
from itertools import accumulate

from lpae_backport.presence.chunks import Chunks, telling

_JUMPS = frozenset(b"return goto break continue case default else do asm".split())
_HEADS = frozenset(b"if for while switch".split())
_LINES = frozenset(
    b"if ifdef ifndef ifeq ifneq else endif define endef config menuconfig menu endmenu choice "
    b"endchoice comment source undefine override".split()
)
"""Words that begin a line of a Makefile or Kconfig which what follows is under."""
_PLAIN = frozenset((b"include", b"define", b"pragma"))
_ENDS = (b";", b"{", b"}", b",", b":")
_STOPS = (b";", b"{", b"}")
_BRACES = (b"{", b"}")
_AROUND = 8
"""Pieces before and behind a hunk that are searched for what was moved away from it."""


def intrusion(
    after: Chunks,
    blocks: Sequence[tuple[int, int]],
    new: dict[int, int],
    stretch: Sequence[bytes],
    *,
    as_text: bool,
) -> str:
    """Return why a hunk does not count though all that it adds is there; empty if it does.

    Args:
        after: its pieces as they become.
        blocks: for each run of changed pieces its first one and the one behind it.
        new: which of them are which of the stretch.
        stretch: the pieces of the file.
        as_text: whether pieces are lines, not code.
    """
    if not new:
        return ""
    keys, have = after.keys, _with_ends(after.keys, new, stretch)
    there = frozenset(have.values())
    end = _end(keys, blocks, have)
    lo, hi = min(there), max(at for i, at in have.items() if i <= end)
    more = [j for j in range(lo, hi + 1) if j not in there]
    lost = [i for i in range(min(len(keys), end + 1)) if i not in have]
    own = _in_own_blocks(stretch, more)
    for key in [stretch[j] for j in more if j not in own] + [keys[i] for i in lost]:
        if _turns(key, as_text=as_text):
            return f"among its lines '{_shown(key)}' came or went"
    if not _is_level(keys, have, stretch) or _leaves(stretch, more):
        return "its lines are not in the same blocks"
    near = range(max(lo - _AROUND, 0), min(hi + 1 + _AROUND, len(stretch)))
    loose = {stretch[j] for j in near if j not in there}
    moved = next((keys[i] for i in lost if _is_among(keys[i], loose)), None)
    if moved is not None:
        return f"'{_shown(moved)}' is on another side of its lines"
    added = {keys[i] for a, b in blocks for i in range(a, b) if telling(keys[i])}
    twice = next((stretch[j] for j in more if stretch[j] in added), None)
    if twice is not None:
        return f"'{_shown(twice)}' is there twice"
    if as_text and (node := next((keys[i] for i in lost if keys[i].endswith(b"{")), None)):
        return f"'{_shown(node)}' that it is in is not there"
    return _apart(keys, blocks, have)


def _end(keys: Sequence[bytes], blocks: Sequence[tuple[int, int]], have: dict[int, int]) -> int:
    """Return the last piece that matters: the first one found behind all statements that change.

    What comes below that cannot keep the changes from being reached.
    """
    last = max((b for _, b in blocks), default=0)
    while 0 < last < len(keys) and not keys[last - 1].endswith(_STOPS):
        last += 1
    return min((i for i in have if i >= last), default=max(have))


def _is_among(key: bytes, loose: Collection[bytes]) -> bool:
    """Tell whether a piece, or what begins it, is among others."""
    if key in loose:
        return key not in _BRACES
    # A line of the preprocessor cuts what it came into.
    return any(telling(x) and key.startswith(x + b" ") for x in loose)


def _with_ends(
    keys: Sequence[bytes], new: dict[int, int], stretch: Sequence[bytes]
) -> dict[int, int]:
    """Return what is matched with the pieces that the hunk has but the end or the begin of."""
    have, last = dict(new), len(keys) - 1
    low, high = min(new), max(new)
    at = new[low] - low
    if low > 0 and at >= 0 and stretch[at].endswith(b" " + keys[0]):
        have[0] = at
    at = new[high] + last - high
    is_open = not keys[last].endswith(_ENDS)
    if high < last and at < len(stretch) and is_open and stretch[at].startswith(keys[last]):
        have[last] = at
    return have


def _in_own_blocks(stretch: Sequence[bytes], more: Sequence[int]) -> frozenset[int]:
    """Return which heads of blocks have all of their block among what came with them."""
    found = []
    opened: list[int] = []
    before = -1
    for j in more:
        opened = opened if j == before + 1 else []
        before = j
        key = stretch[j]
        if key.endswith(b"{"):
            opened.append(j)
        elif key == b"}" and opened:
            head = opened.pop()
            if stretch[head].split()[0] in _HEADS:
                found.append(head)
    return frozenset(found)


def _turns(key: bytes, *, as_text: bool) -> bool:
    """Tell whether a piece takes others under it, or leaves what they are in."""
    words = key.split()
    if not words:
        return False
    if words[0].startswith(b"#") and not as_text:
        return len(words) < 2 or words[1] not in _PLAIN
    if as_text:
        return words[0] in _LINES
    if not _JUMPS.isdisjoint(words):
        return True
    if words[-1] == b":" and b"?" not in words:
        return True
    return words[0] in _HEADS and words[-1] != b";"


def _is_level(keys: Sequence[bytes], have: dict[int, int], stretch: Sequence[bytes]) -> bool:
    """Tell whether all pieces are as deep in braces, against each other, as in the hunk."""
    mine, theirs = _depths(keys), _depths(stretch)
    return len({theirs[j] - mine[i] for i, j in have.items()}) < 2


def _leaves(stretch: Sequence[bytes], more: Sequence[int]) -> bool:
    """Tell whether what came ends a block that it did not begin: a function, say, or one side."""
    depth, before = 0, -1
    for j in more:
        depth = depth if j == before + 1 else 0
        before = j
        depth += 1 if stretch[j].endswith(b"{") else -stretch[j].startswith(b"}")
        if depth < 0:
            return True
    return False


def _depths(keys: Sequence[bytes]) -> list[int]:
    return [0, *accumulate(k.count(b"{") - k.count(b"}") for k in keys)]


def _apart(keys: Sequence[bytes], blocks: Sequence[tuple[int, int]], have: dict[int, int]) -> str:
    """Tell whether runs of added pieces stand together, and each between context of its own."""
    edges = [0, *(x for b in blocks for x in b), len(keys)]
    for n, (a, b) in enumerate(blocks):
        at = [have[i] for i in range(a, b) if i in have]
        if at and at[-1] - at[0] + 1 != len(at):
            return "more stands among what it adds"
        for side in (range(edges[2 * n], a), range(b, edges[2 * n + 3])):
            told = [i for i in side if keys[i] not in _BRACES] or list(side)
            if told and not any(i in have for i in told):
                return "what it has around is gone on one side"
    return ""


def _shown(key: bytes) -> str:
    text = key.decode("utf-8", "replace")
    return text if len(text) <= 40 else f"{text[:39]}…"
