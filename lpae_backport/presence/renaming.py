# SPDX-License-Identifier: GPL-2.0-only
"""Recognises that a patch speaks of things by names that the tree does not know yet.

Where hunks do not fit, the text before is lined up with the place that comes nearest. An
identifier that stands there in place of another again and again is the same thing by another
name: an earlier patch has renamed it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lpae_backport.filetree import UnreadableError
from lpae_backport.mailpatch.model import Hunk, LineKind
from lpae_backport.presence.hunks import FileHunks
from lpae_backport.presence.image import Image
from lpae_backport.presence.nearest import nearest
from lpae_backport.presence.shelf import Shelf
from lpae_backport.presence.standing import Standing
from lpae_backport.presence.verdict import (
    FileVerdict,
    HunkStatus,
    HunkVerdict,
    PatchVerdict,
    Prerequisite,
)

_IDENTIFIER = re.compile(rb"[A-Za-z_]\w+\Z")
_LEAST = 2
_SHARE = 0.6
"""Which share of the places of a name must have the same other one there."""
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


def renamings(verdict: PatchVerdict, shelf: Shelf) -> list[Renaming]:
    """Return the names of a patch that the tree has others for, the most frequent first."""
    pairs: Counter[tuple[bytes, bytes]] = Counter()
    every: Counter[bytes] = Counter()
    kept: set[bytes] = set()
    for file, hunk in _stuck(verdict):
        found = nearest(Image(hunk.hunk, file.change.path), shelf.standing(hunk.path))
        if found is None or found.similarity < _SIMILAR:
            continue
        for mine, theirs in found.pairs:
            if mine != theirs and _IDENTIFIER.match(mine) and _IDENTIFIER.match(theirs):
                pairs[mine, theirs] += 1
                every[mine] += 1
        kept |= found.kept
    best: dict[bytes, Renaming] = {}
    for (mine, theirs), n in sorted(pairs.items(), key=lambda p: (-p[1], p[0])):
        if n >= _LEAST and n >= _SHARE * every[mine] and mine not in best:
            best[mine] = Renaming(theirs, mine, n, theirs in kept)
    return list(best.values())


def _stuck(verdict: PatchVerdict) -> list[tuple[FileVerdict, HunkVerdict]]:
    states = (HunkStatus.CONFLICTS, HunkStatus.TARGET_GONE, HunkStatus.PARTLY)
    return [(f, h) for f in verdict.files for h in f.hunks if h.status in states and h.path]


def known(found: Sequence[Renaming], absent: frozenset[bytes]) -> list[Renaming]:
    """Return those whose name in the patch is nowhere in the tree.

    Args:
        found: renamings.
        absent: the names that are nowhere in the tree.
    """
    return [r for r in found if r.new in absent]


def candidates(found: Sequence[Renaming]) -> list[bytes]:
    """Return the names of the patch that are worth looking for in the whole tree."""
    return [r.new for r in found if len(r.new) >= _LONG and r.old != r.new]


def prerequisite(r: Renaming, verdict: PatchVerdict) -> Prerequisite:
    """Return a renaming as what must come first."""
    word = re.compile(rf"\b{re.escape(r.new.decode('latin-1'))}\b")
    lines = tuple(
        x.at
        for f in verdict.files
        for h in f.hunks
        for x in h.hunk.lines
        if x.kind is not LineKind.ADDED and word.search(x.text)
    )
    old, new = r.old.decode("latin-1"), r.new.decode("latin-1")
    why = f"the patch has {new} at {r.count} places where the tree has {old}"
    return Prerequisite(f"{old} → {new}", "rename", why, lines)


def renamed(
    verdict: PatchVerdict, found: Sequence[Renaming], told: Sequence[Renaming], shelf: Shelf
) -> PatchVerdict:
    """Say of hunks in conflict whether they would apply if names were as the patch has them.

    Args:
        verdict: what is said of the patch.
        found: all renamings, those of local names too.
        told: those that are told of.
        shelf: the files of the tree.
    """
    if not told:
        return verdict
    names = f"{told[0].old.decode('latin-1')} to {told[0].new.decode('latin-1')}"
    names += f" and {len(told) - 1} more" if told[1:] else ""
    files = []
    for f in verdict.files:
        marks = [h.status is HunkStatus.CONFLICTS for h in f.hunks]
        hunks = list(f.hunks)
        if any(marks):
            after = _again(f, found, shelf)
            for i, fits in enumerate(marks):
                if fits and after.get(id(hunks[i].hunk)) is HunkStatus.APPLICABLE:
                    why = f"after renaming {names} it would apply; {hunks[i].why}"
                    hunks[i] = replace(hunks[i], why=why)
        files.append(replace(f, hunks=tuple(hunks)))
    return replace(verdict, files=tuple(files))


def _again(f: FileVerdict, found: Sequence[Renaming], shelf: Shelf) -> dict[int, HunkStatus]:
    """Judge the hunks of a file again, with the names of the file turned into the patch's."""
    by_path: defaultdict[str, list[Hunk]] = defaultdict(list)
    for h in f.hunks:
        by_path[h.path].append(h.hunk)
    out: dict[int, HunkStatus] = {}
    for path, hunks in by_path.items():
        try:
            file = shelf.standing(path)
        except UnreadableError:
            continue
        data = _with_names(file.raw, found)
        change = replace(f.change, hunks=tuple(hunks))
        for v in FileHunks(change, Standing(path, data)).verdicts():
            out[id(v.hunk)] = v.status
    return out


def _with_names(data: bytes, found: Sequence[Renaming]) -> bytes:
    """Return text with the names of the patch in place of the tree's."""
    for are_tags in (True, False):
        words = {r.old: r.new for r in reversed(found) if r.is_tag is are_tags}
        if words:
            head = rb"(?<=struct )" if are_tags else rb"\b"
            data = _turned(data, head + rb"(?:%b)\b" % b"|".join(map(re.escape, words)), words)
    return data


def _turned(data: bytes, shape: bytes, words: dict[bytes, bytes]) -> bytes:
    return re.sub(shape, lambda m: words[m[0]], data)
