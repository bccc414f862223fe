# SPDX-License-Identifier: GPL-2.0-only
"""Judges a hunk piece by piece in a stretch of a file where it is not whole.

A run of changed pieces is done where all that is added stands between the pieces it was added
between, nothing of what is removed stands there, and nothing like it either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from lpae_backport.mailpatch.model import LineKind
from lpae_backport.presence.alignment import MOST_PAIRS, aligned, pairs_of, weight
from lpae_backport.presence.chunks import Chunks, telling
from lpae_backport.presence.forms import grown_forms, is_heir, left_forms
from lpae_backport.presence.intrusion import intrusion
from lpae_backport.presence.reading import Reading

_BRACES = frozenset((b"{", b"}"))
_BETWEEN = 6
"""Pieces that may have come between two of a hunk since."""
_KNOWN = 2
"""Telling words of a line of context that does not stand everywhere."""
_SEVERAL = 2
"""Such lines that a hunk must show to be known by them."""
_REACH = 4
"""Pieces of context that are looked at for a neighbour."""
_AROUND = 0.85
"""How much of the context must be there where only lines that are gone can tell."""
_ALONE = 6
"""Telling words with which added pieces are known without a neighbour."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A run of changed pieces: where it is in the text before, and in the text after."""

    old: tuple[int, int]
    new: tuple[int, int]


class Blocks:
    """The changed pieces of a hunk.

    Args:
        before: the pieces as they were; `first` and `last` are indexes of the hunk's lines.
        after: the pieces as they become.
        kinds: the marks of the hunk's lines.
        lines: what added lines say, what removed lines say that the text after does not, and
            what lines of context say.
        as_text: whether pieces are lines, not code.
    """

    def __init__(
        self,
        before: Chunks,
        after: Chunks,
        kinds: Sequence[LineKind],
        lines: tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]],
        *,
        as_text: bool,
    ) -> None:
        self.lines = lines
        self.as_text = as_text
        self.before = before
        self.after = after
        self._added = _touching(after, kinds, LineKind.ADDED)
        gone = _touching(before, kinds, LineKind.REMOVED)
        self._removed = frozenset(before.keys[i] for i in gone) - _BRACES
        self.blocks: list[_Block] = []
        if pairs_of(before.keys, after.keys) <= MOST_PAIRS:
            codes = SequenceMatcher(None, before.keys, after.keys, autojunk=False).get_opcodes()
            self.blocks = [_Block((a, b), (c, d)) for tag, a, b, c, d in codes if tag != "equal"]
        self.fresh = frozenset(after.keys) - frozenset(before.keys)

    def read(self, stretch: Sequence[bytes]) -> Reading:
        """Judge a stretch of a file, given as its pieces."""
        new, old = aligned(self.after.keys, stretch), aligned(self.before.keys, stretch)
        out = Reading(after=_share(self.after, new), before=_share(self.before, old))
        laid = _Laid(new, old, stretch, frozenset(new.values()))
        judged = [_BlockReading(self, b, laid, out) for b in self.blocks]
        done = [b.judge() for b in judged]
        core = [at for b in judged for at in b.places]
        out.gain = _worth(self.after, new) - _worth(self.before, old)
        only_less = all(b.new[0] == b.new[1] for b in self.blocks)
        done += [all(i in new for i in self._added), self._has_lines(new, stretch)]
        if only_less and out.after < _AROUND:
            out.has_some = False
        is_gain = out.gain > 0 or (only_less and not out.gain and out.after >= _AROUND)
        out.is_done = bool(self.blocks) and all(done) and is_gain
        if out.is_done:
            runs = [b.new for b in self.blocks]
            out.flaw = intrusion(self.after, runs, new, stretch, as_text=self.as_text)
            out.flaw = out.flaw or self._unplaced(new, stretch)
            out.is_done = not out.flaw
        places = [*new.values(), *old.values()]
        out.first, out.last = min(places, default=-1), max(places, default=-1)
        out.core = (min(core, default=out.first), max(core, default=out.last))
        out.present -= out.absent
        return out

    def _unplaced(self, new: dict[int, int], stretch: Sequence[bytes]) -> str:
        """Tell whether no line of context is left that could tell a place from others like it."""
        known = [x for x in self.lines[2] if telling(x) >= _KNOWN]
        lo, hi = max(min(new.values()) - _BETWEEN, 0), max(new.values()) + _BETWEEN
        text = b" %b " % b" ".join(stretch[lo : hi + 1])
        if len(known) < _SEVERAL or any(b" %b " % x in text for x in known):
            return ""
        return "none of the lines around that could tell its place is left"

    def _has_lines(self, new: dict[int, int], stretch: Sequence[bytes]) -> bool:
        """Tell whether all added lines stand in a stretch in one piece, and no removed one does."""
        at = frozenset(new.values())
        if not at:
            return False
        around = range(max(min(at) - 1, 0), min(max(at) + 2, len(stretch)))
        if any(stretch[j] in self._removed for j in around if j not in at):
            return False
        text = b" %b " % b" ".join(stretch[around.start : around.stop])
        if any(b" %b " % line in text for line in self.lines[1]):
            return False
        return all(b" %b " % line in text for line in self.lines[0])


def _touching(text: Chunks, kinds: Sequence[LineKind], kind: LineKind) -> list[int]:
    """Return the pieces of a text that have something of lines of a kind."""
    lines = zip(text.first, text.last, strict=True)
    return [i for i, (a, b) in enumerate(lines) if kind in kinds[a : b + 1]]


def _share(text: Chunks, found: dict[int, int]) -> float:
    whole = sum(map(weight, text.keys))
    return _worth(text, found) / whole if whole else 0.0


def _worth(text: Chunks, found: dict[int, int]) -> int:
    return sum(weight(text.keys[i]) for i in found)


@dataclass(frozen=True, slots=True)
class _Laid:
    """A hunk laid upon a stretch.

    Attributes:
        new: which pieces of the text after are which of the stretch.
        old: which of the text before are.
        stretch: the pieces of the file.
        explained: those that the text after has.
    """

    new: dict[int, int]
    old: dict[int, int]
    stretch: Sequence[bytes]
    explained: frozenset[int]


class _BlockReading:
    """One run of changed pieces in one stretch."""

    def __init__(self, hunk: Blocks, block: _Block, laid: _Laid, out: Reading) -> None:
        self._hunk = hunk
        self._block = block
        self._new = laid.new
        self._old = laid.old
        self._stretch = laid.stretch
        self._explained = laid.explained
        self._out = out
        self._left = self._neighbour(range(block.new[0] - 1, block.new[0] - 1 - _REACH, -1))
        self._right = self._neighbour(range(block.new[1], block.new[1] + _REACH))

    def judge(self) -> bool:
        """Tell whether it is done, and note which lines are."""
        b, keys = self._block, self._hunk.after.keys
        added = range(*b.new)
        here = [i for i in added if i in self._new and self._is_anchored(i)]
        there = [i for i in range(*b.old) if self._is_left(i)]
        forms, has_heir = self._forms(there, here)
        all_added = len(here) == len(added)
        placed = (
            self._is_removal() if not added else all_added and self._is_placed(here, whole=True)
        )
        done = placed and not there and not forms
        is_placed = self._is_placed(here, whole=False)
        have, left = frozenset(here), {*there, *forms}
        for i in added:
            self._mark(self._hunk.after, i, i in have and is_placed)
        for i in range(*b.old):
            gone = i not in left and (done or bool(here) or has_heir)
            self._mark(self._hunk.before, i, gone)
        fresh = any(keys[i] in self._hunk.fresh and telling(keys[i]) for i in here)
        if done or has_heir or (fresh and is_placed):
            self._out.has_some = True
        return done

    @property
    def places(self) -> list[int]:
        """Return where its added pieces are, or its neighbours if it has none."""
        at = [self._new[i] for i in range(*self._block.new) if i in self._new]
        return at or [n[1] for n in (self._left, self._right) if n is not None]

    def _mark(self, text: Chunks, i: int, is_there: bool) -> None:
        lines = range(text.first[i], text.last[i] + 1)
        (self._out.present if is_there else self._out.absent).update(lines)

    def _neighbour(self, indexes: range) -> tuple[int, int] | None:
        """Return the nearest piece of context that is in the stretch: its index, and where."""
        for i in indexes:
            if i in self._new:
                return i, self._new[i]
        return None

    def _is_anchored(self, i: int) -> bool:
        """Tell whether an added piece is where it belongs: next to another, or telling itself."""
        if telling(self._hunk.after.keys[i]) >= 2:
            return True
        at = self._new[i]
        return any(self._new.get(i + d) == at + d for d in (-1, 1))

    def _is_placed(self, here: list[int], *, whole: bool) -> bool:
        """Tell whether added pieces stand together, by a neighbour that they were added to.

        Args:
            here: the pieces, as indexes.
            whole: whether no neighbour may be far; else one that is near is enough.
        """
        if not here:
            return False
        at = [self._new[i] for i in here]
        if any(b - a > _BETWEEN for a, b in zip(at, at[1:], strict=False)):
            return False
        keys = self._hunk.after.keys
        near = []
        for side, gap in ((self._left, 1), (self._right, -1)):
            if side is None:
                continue
            distance = at[0] - side[1] if gap == 1 else side[1] - at[-1]
            if distance <= 0 or (whole and distance > _BETWEEN):
                return False
            if distance <= _BETWEEN:
                near.append(side[0])
        told = sum(telling(keys[i]) for i in here if keys[i] in self._hunk.fresh)
        if not near:
            return told >= _ALONE
        return told >= 2 or sum(telling(keys[i]) for i in near) >= 2 or len(near) == 2

    def _is_removal(self) -> bool:
        """Tell whether the two neighbours of what is removed have come together."""
        at = self._block.new[0]
        if self._left is None or self._right is None:
            return False
        if self._left[0] != at - 1 or self._right[0] != at:
            return False
        keys = self._hunk.after.keys
        known = telling(keys[at - 1]) + telling(keys[at]) >= 2
        return known and self._meet(keys[at - 1], keys[at])

    def _meet(self, left: bytes, right: bytes) -> bool:
        """Tell whether two pieces stand side by side where one of them was found."""
        if self._left is None or self._right is None:
            return False
        behind, before = self._left[1] + 1, self._right[1] - 1
        if behind == self._right[1]:
            return True
        # One of them may have been laid elsewhere: a brace is like any other brace.
        if right in _BRACES:
            return behind < len(self._stretch) and self._stretch[behind] == right
        return left in _BRACES and before >= 0 and self._stretch[before] == left

    def _is_left(self, i: int) -> bool:
        """Tell whether a removed piece still stands there, and is none that the text after has."""
        at = self._old.get(i)
        if at is None or at in self._explained:
            return False
        lo = self._left[1] if self._left is not None else at - _BETWEEN
        hi = self._right[1] if self._right is not None else at + _BETWEEN
        return lo - 1 <= at <= hi + 1

    def _forms(self, there: list[int], here: list[int]) -> tuple[list[int], bool]:
        """Return removed pieces that stand there in another form, which is none of the added.

        Returns:
            They, and whether an added piece stands there as it was made into later.
        """
        lo = self._left[1] + 1 if self._left is not None else None
        hi = self._right[1] if self._right is not None else None
        if lo is None and hi is None:
            return [], False
        lo = lo if lo is not None else max((hi or 0) - _BETWEEN, 0)
        hi = hi if hi is not None else min(lo + _BETWEEN, len(self._stretch))
        unknown = (j for j in range(lo, hi) if j not in self._explained)
        at = list(islice(unknown, 4 * _BETWEEN))
        loose = [self._stretch[j] for j in at]
        old, new = self._block.old, self._block.new
        removed, added = self._hunk.before.keys[slice(*old)], self._hunk.after.keys[slice(*new)]
        left = [old[0] + i for i in left_forms(removed, added, loose)]
        grown = [(k, j) for k, j in grown_forms(added, loose) if new[0] + k not in here]
        self._out.notes += [(self._hunk.after.first[new[0] + k], at[j]) for k, j in grown]
        has_heir = any(is_heir(loose[j], added[k], removed) for k, j in grown)
        return [i for i in left if i not in there], has_heir and not left and not there
