# SPDX-License-Identifier: GPL-2.0-only
"""Recognises that a patch speaks of things by names that the tree does not know yet.

Where hunks do not fit, the text before is lined up with the place that comes nearest. An
identifier that stands there in place of another again and again is the same thing by another
name: an earlier patch has renamed it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lpae_backport.mailpatch.model import LineKind
from lpae_backport.masking import without_comments
from lpae_backport.presence.image import Image
from lpae_backport.presence.nearest import nearest
from lpae_backport.presence.shelf import Shelf
from lpae_backport.presence.verdict import (
    FileVerdict,
    HunkStatus,
    HunkVerdict,
    PatchVerdict,
    Prerequisite,
)

_IDENTIFIER = re.compile(rb"[A-Za-z_]\w+\Z")
_LEAST = 2
_MOST = 40
"""Most renamings of one patch, the most frequent first."""
_OFTEN = 5
"""Places from which on a name may be another that is not like it, without a proof."""
_SHARE = 0.6
"""Which share of the places of a name must have the same other one there."""
_WIDE = 2000
"""Columns of a line beyond which it is no code that somebody wrote."""
_KEYWORDS = frozenset(
    b"auto bool break case char const continue default do double else enum extern float for goto"
    b" if inline int long register return short signed sizeof static struct switch typedef union"
    b" unsigned void volatile while".split()
)
_LONG = 5
"""Letters below which a name is a local one, and tells nothing of the tree."""
_SIMILAR = 0.4


@dataclass(frozen=True, slots=True)
class Renaming:
    """A name of the patch that is another in the tree.

    Attributes:
        old: what the tree says.
        new: what the patch says.
        count: at how many places.
        is_tag: whether the tree's word stands for something else too, as in ``struct x *x``, so
            that only the tag is another.
    """

    old: bytes
    new: bytes
    count: int
    is_tag: bool = False

    def __str__(self) -> str:
        tag = "struct " if self.is_tag else ""
        return f"{tag}{self.old.decode('latin-1')} → {tag}{self.new.decode('latin-1')}"


def renamings(verdict: PatchVerdict, shelf: Shelf) -> list[Renaming]:
    """Return the names of a patch that the tree has others for, the most frequent first."""
    pairs, kept = _pairs(verdict, shelf)
    mine_all: Counter[bytes] = Counter()
    theirs_all: Counter[bytes] = Counter()
    for (mine, theirs), n in pairs.items():
        mine_all[mine] += n
        theirs_all[theirs] += n
    text = Words(_text(verdict))
    order = sorted(pairs.items(), key=lambda p: (-p[1], p[0]))
    every = [Renaming(t, m, n, t in kept and m in text.tags) for (m, t), n in order]
    able = [r for r in every if not text.has(r)]
    best: dict[bytes, Renaming] = {}
    for r in able:
        least = max(_LEAST, _SHARE * mine_all[r.new], _SHARE * theirs_all[r.old])
        if r.count >= least:
            best.setdefault(r.new, r)
    ways = {_parts(r.old, r.new) for r in best.values()}
    for r in able:
        if _parts(r.old, r.new) in ways:
            best.setdefault(r.new, r)
    return list(best.values())[:_MOST]


def _pairs(
    verdict: PatchVerdict, shelf: Shelf
) -> tuple[Counter[tuple[bytes, bytes]], frozenset[bytes]]:
    """Return how often which name of a patch stands for which of the tree, and what is the same."""
    pairs: Counter[tuple[bytes, bytes]] = Counter()
    kept: set[bytes] = set()
    for file, hunk in _stuck(verdict):
        found = nearest(Image(hunk.hunk, file.change.path), shelf.standing(hunk.path))
        if found is None or found.similarity < _SIMILAR:
            continue
        for pair in found.pairs:
            if pair[0] != pair[1] and all(map(_is_name, pair)):
                pairs[pair] += 1
        kept |= found.kept
    return pairs, frozenset(kept)


def _is_name(word: bytes) -> bool:
    return _IDENTIFIER.match(word) is not None and word not in _KEYWORDS


def _text(verdict: PatchVerdict) -> bytes:
    """Return the lines of a patch, without comments and strings."""
    rows = [
        x.text
        for f in verdict.files
        for h in f.hunks
        for x in h.hunk.lines
        if len(x.text) <= _WIDE and not x.text.lstrip().startswith("* ")
    ]
    data = "\n".join(rows).encode("utf-8", "surrogateescape")
    return re.sub(rb'"(?:\\.|[^"\\\n])*"', b'""', without_comments(data))


class Words:
    """The words of a text.

    Args:
        text: the text.
    """

    def __init__(self, text: bytes) -> None:
        self.all = frozenset(re.findall(rb"\w+", text))
        self.tags = frozenset(re.findall(rb"struct (\w+)", text))

    def has(self, r: Renaming) -> bool:
        """Tell whether there is something that a renaming turns."""
        return r.old in (self.tags if r.is_tag else self.all)


def _parts(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """Return the parts of two names that differ: of ``toy_area_get, toy_vm_get``, area and vm.

    Names that are others in the same way as one that is so again and again are so once, too.
    """
    a, b = old.split(b"_"), new.split(b"_")
    while len(a) > 1 and len(b) > 1 and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while len(a) > 1 and len(b) > 1 and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    return b"_".join(a), b"_".join(b)


def _stuck(verdict: PatchVerdict) -> list[tuple[FileVerdict, HunkVerdict]]:
    states = (HunkStatus.CONFLICTS, HunkStatus.TARGET_GONE, HunkStatus.PARTLY)
    return [(f, h) for f in verdict.files for h in f.hunks if h.status in states and h.path]


def known(found: Sequence[Renaming], absent: frozenset[bytes]) -> list[Renaming]:
    """Return those that are likely without a proof.

    The name in the patch is nowhere in the tree, and is like the old one or stands for it often.

    Args:
        found: renamings.
        absent: the names that are nowhere in the tree.
    """
    return [r for r in found if r.new in absent and (r.count >= _OFTEN or _are_akin(r))]


def _are_akin(r: Renaming) -> bool:
    return not {*r.old.split(b"_")}.isdisjoint({*r.new.split(b"_")} - {b""})


def candidates(found: Sequence[Renaming]) -> list[bytes]:
    """Return the names of the patch that are worth looking for in the whole tree."""
    return [r.new for r in found if len(r.new) >= _LONG and r.old != r.new]


def prerequisite(r: Renaming, verdict: PatchVerdict, *, is_proven: bool) -> Prerequisite:
    """Return a renaming as what must come first.

    Args:
        r: the renaming.
        verdict: what is said of the patch.
        is_proven: whether some hunk applies after it and others, and not without.
    """
    word = re.compile(rf"\b{re.escape(r.new.decode('latin-1'))}\b")
    lines = tuple(
        x.at
        for f in verdict.files
        for h in f.hunks
        for x in h.hunk.lines
        if x.kind is not LineKind.ADDED and word.search(x.text)
    )
    old, new = r.old.decode("latin-1"), r.new.decode("latin-1")
    places = "1 place" if r.count == 1 else f"{r.count} places"
    why = f"the patch has {new} at {places} where the tree has {old}"
    why += "" if is_proven else "; likely: no hunk applies with it yet"
    return Prerequisite(f"{old} → {new}", "rename", why, lines)
