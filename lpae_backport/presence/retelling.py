# SPDX-License-Identifier: GPL-2.0-only
"""Says what becomes of hunks in conflict when names are as the patch has them, and proves it."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lpae_backport.filetree import UnreadableError
from lpae_backport.mailpatch.model import Hunk, LineKind
from lpae_backport.presence.hunks import FileHunks
from lpae_backport.presence.renaming import Renaming, Words
from lpae_backport.presence.shelf import Shelf
from lpae_backport.presence.standing import Standing
from lpae_backport.presence.verdict import FileVerdict, HunkStatus, HunkVerdict, PatchVerdict

_OPEN = (HunkStatus.CONFLICTS, HunkStatus.TARGET_GONE)
"""What a name may be the cause of."""


def renamed(
    verdict: PatchVerdict, found: Sequence[Renaming], shelf: Shelf
) -> tuple[PatchVerdict, list[Renaming]]:
    """Say of hunks in conflict what becomes of them if names are as the patch has them.

    The names are turned in the whole file, in memory, and its hunks are judged again.

    Args:
        verdict: what is said of the patch.
        found: all renamings, those of local names too.
        shelf: the files of the tree.

    Returns:
        What is said of the patch then, and those of the renamings that let a hunk apply.
    """
    if not found:
        return verdict, []
    files = []
    used: set[Renaming] = set()
    for f in verdict.files:
        hunks = list(f.hunks)
        if any(h.status in _OPEN for h in hunks):
            after = _again(f, found, shelf)
            hunks = [_retold(h, after.get(id(h.hunk)), used) for h in hunks]
        files.append(replace(f, hunks=tuple(hunks)))
    return replace(verdict, files=tuple(files)), [r for r in found if r in used]


def _retold(h: HunkVerdict, again: "_Again | None", used: set[Renaming]) -> HunkVerdict:
    """Say of a hunk what renaming makes of it; note what lets it apply."""
    if h.status not in _OPEN or again is None or not again.names:
        return h
    names = ", ".join(map(str, again.names))
    if again.status in (HunkStatus.APPLICABLE, HunkStatus.APPLIED):
        used.update(again.names)
        is_done = again.status is HunkStatus.APPLIED
        what = f"counts as applied ({again.why})" if is_done else again.why
        why = f"after renaming {names} in this file it {what}; as it is: {h.why}"
    elif again.status in _OPEN and again.similarity > h.similarity:
        why = f"{h.why}; renaming {names} in this file is not enough: {again.why}"
    else:
        return h
    return replace(h, why=why)


@dataclass(frozen=True, slots=True)
class _Again:
    """What is said of a hunk after renaming.

    Attributes:
        status: whether it would apply.
        why: how, or what is left in the way.
        similarity: for a conflict, how alike the nearest place is then.
        names: the renamings that change something where it would go.
    """

    status: HunkStatus
    why: str
    similarity: float
    names: tuple[Renaming, ...]


def _again(f: FileVerdict, found: Sequence[Renaming], shelf: Shelf) -> dict[int, _Again]:
    """Judge the hunks of a file again, with the names of the file turned into the patch's."""
    by_path: defaultdict[str, list[Hunk]] = defaultdict(list)
    for h in f.hunks:
        by_path[h.path].append(h.hunk)
    out: dict[int, _Again] = {}
    for path, hunks in by_path.items():
        try:
            file = shelf.standing(path)
        except UnreadableError:
            continue
        fit = _fitting(found, hunks)
        change = replace(f.change, hunks=tuple(hunks))
        lines = file.raw.split(b"\n")
        for v in FileHunks(change, Standing(path, _with_names(file.raw, fit))).verdicts():
            place = Words(b"\n".join(lines[max(v.line - 1, 0) : v.end]))
            names = tuple(r for r in fit if place.has(r))
            if v.is_weak:
                continue
            out[id(v.hunk)] = _Again(v.status, v.why, v.similarity, names)
    return out


def _fitting(found: Sequence[Renaming], hunks: Sequence[Hunk]) -> list[Renaming]:
    """Return the renamings of names that the hunks of a file do not have themselves, before.

    A file that is to have the old name still cannot be one where all of them have been turned.
    """
    rows = [x.text for h in hunks for x in h.lines if x.kind is not LineKind.ADDED]
    before = Words("\n".join(rows).encode("utf-8", "surrogateescape"))
    return [r for r in found if not before.has(r)]


def _with_names(data: bytes, found: Sequence[Renaming]) -> bytes:
    """Return text with the names of the patch in place of the tree's."""
    for are_tags in (True, False):
        some = [r for r in found if r.is_tag is are_tags]
        if some:
            data = _turned(data, _shape(some), {r.old: r.new for r in reversed(some)})
    return data


def _shape(some: Sequence[Renaming]) -> bytes:
    """Return the pattern of what renamings turn, which are all of tags or all of names."""
    head = rb"(?<=struct )" if some[0].is_tag else rb"(?<!\w)"
    return head + rb"(?:%b)(?!\w)" % b"|".join(re.escape(r.old) for r in some)


def _turned(data: bytes, shape: bytes, words: dict[bytes, bytes]) -> bytes:
    return re.sub(shape, lambda m: words[m[0]], data)
