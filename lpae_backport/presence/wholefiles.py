# SPDX-License-Identifier: GPL-2.0-only
"""Judges what a patch does to a file as a whole: its being there, its path, its mode."""

import posixpath
import re

from lpae_backport.filetree import UnreadableError
from lpae_backport.mailpatch.model import FileChange, Hunk
from lpae_backport.presence.image import Image, words_in
from lpae_backport.presence.layers import Level
from lpae_backport.presence.piecewise import piecewise
from lpae_backport.presence.places import is_dead
from lpae_backport.presence.shelf import Shelf
from lpae_backport.presence.standing import Standing
from lpae_backport.presence.summing import summed
from lpae_backport.presence.verdict import FileVerdict, HunkStatus, HunkVerdict

_LEAST = 0.3
"""Which share of a new file a file of its name must have to be that file."""
_TELLING = 30
"""Words that a new file must have to be known again at another path."""
_NEVER = re.compile(rb"^[ \t]*#[ \t]*if[ \t]+\(?[ \t]*0[ \t]*\)?[ \t]*(?:$|/)", re.MULTILINE)
_EXECUTABLE = "100755"
_PLAIN = "100644"
_ABSENT = "the file is not there and would be made"
_GROWN = "all of it is there; the file has grown since"


def created(change: FileChange, shelf: Shelf) -> FileVerdict:
    """Judge a file that a patch makes."""
    path = change.new_path
    if not change.hunks:
        if shelf.has(path):
            return _empty(change, shelf)
        return FileVerdict(change, HunkStatus.APPLICABLE, _ABSENT, ())
    broken = next((h.problem for h in change.hunks if h.problem), "")
    if broken:
        return same(change, HunkStatus.UNKNOWN, f"the hunk is not whole: {broken}")
    image = Image(change.hunks[0], path)
    if not shelf.has(path):
        there = ""
        if words_in(image.lines) >= _TELLING:
            there = shelf.moved(path, image.lines, is_whole=True)
        if there:
            found = _content(change, image, shelf.standing(there))
            is_same = posixpath.basename(there) == posixpath.basename(path)
            if found.status is HunkStatus.APPLIED or (
                is_same and found.status is HunkStatus.PARTLY
            ):
                return FileVerdict(change, found.status, f"the file is {there}", (found,))
        return same(change, HunkStatus.APPLICABLE, _ABSENT)
    try:
        verdict = _content(change, image, shelf.standing(path))
    except UnreadableError as e:
        return same(change, HunkStatus.UNKNOWN, e.message)
    return FileVerdict(change, verdict.status, verdict.why, (verdict,))


def _empty(change: FileChange, shelf: Shelf) -> FileVerdict:
    """Judge a file that a patch makes without content, and that is there."""
    try:
        is_empty = not shelf.standing(change.new_path).raw.strip()
    except UnreadableError:
        is_empty = True  # what is empty is not read
    if is_empty:
        return FileVerdict(change, HunkStatus.APPLIED, "the file is there, and empty", ())
    why = "the file is there, but not empty as the patch makes it"
    return FileVerdict(change, HunkStatus.UNKNOWN, why, ())


def _content(change: FileChange, image: Image, file: Standing) -> HunkVerdict:
    """Compare a file with what a patch would make it."""
    hunk = image.hunk
    if file.problem:
        return HunkVerdict(hunk, HunkStatus.UNKNOWN, f"not to be judged: {file.problem}", file.path)
    at = (1, max(len(file.lines), 1))
    if image.is_c and len(_NEVER.findall(file.raw)) > len(_NEVER.findall(_text(hunk))):
        why = "some of the file is under '#if 0', which the patch does not have"
        return HunkVerdict(hunk, HunkStatus.PARTLY, why, file.path, *at, (), hunk.lines)
    for level, why in (
        (Level.EXACT, "the file is as the patch makes it"),
        (Level.SPACED, "the file is as the patch makes it, white space aside"),
        (Level.TOKENS, "the file is the same C"),
    ):
        if level is Level.TOKENS and not image.is_c:
            continue
        mine = image.after(level).units
        found = file.layer(level).find(mine) if mine else []
        if found and not is_dead(image, file, *at):
            if len(mine) * 2 < file.layer(level).joined.count(b"\n") - 1:
                why = _GROWN
            return HunkVerdict(hunk, HunkStatus.APPLIED, why, file.path, *at, hunk.lines)
    return _in_parts(image, file)


def _text(hunk: Hunk) -> bytes:
    return "\n".join(hunk.after).encode("utf-8", "surrogateescape")


def _in_parts(image: Image, file: Standing) -> HunkVerdict:
    hunk = image.hunk
    found = piecewise(image, file, 1)
    share = found.reading.after if found is not None else 0.0
    if found is None or share < _LEAST or not found.present:
        why = f"another file of that name is there, {share:.0%} alike"
        return HunkVerdict(
            hunk, HunkStatus.CONFLICTS, why, file.path, 1, len(file.lines), (), hunk.lines, share
        )
    at = (found.first, found.last)
    if not found.absent and found.reading.is_done:
        return HunkVerdict(hunk, HunkStatus.APPLIED, _GROWN, file.path, *at, found.present)
    total = len(found.present) + len(found.absent)
    why = f"{len(found.present)} of {total} lines; the others were changed since"
    return HunkVerdict(
        hunk, HunkStatus.PARTLY, why, file.path, *at, found.present, found.absent, share
    )


def removed(change: FileChange, shelf: Shelf, made: frozenset[str]) -> FileVerdict:
    """Judge a file that a patch removes; whether one that is absent ever was is not known yet.

    Args:
        change: what it does to the file.
        shelf: the files of the tree.
        made: the files that the patch makes itself.
    """
    path = change.old_path
    if shelf.has(path):
        try:
            file = shelf.standing(path)
        except UnreadableError as e:
            return same(change, HunkStatus.UNKNOWN, e.message)
        layer = file.layer(Level.SPACED)
        images = [Image(h, path) for h in change.hunks if not h.problem]
        if len(images) == len(change.hunks) and all(
            layer.find(i.before(Level.SPACED).units) for i in images
        ):
            why = "the file is there as the patch has it"
            return same(change, HunkStatus.APPLICABLE, why, path)
        why = "the file is there, but not as the patch has it"
        return same(change, HunkStatus.CONFLICTS, why, path)
    lines = [x for h in change.hunks for x in Image(h, path).lines]
    there = shelf.moved(path, lines, is_whole=True)
    if there and there not in made:
        return same(change, HunkStatus.TARGET_GONE, f"the file is {there} now", there)
    folder = shelf.tree.listing(posixpath.dirname(path))
    if not (folder.files or folder.dirs):
        return same(change, HunkStatus.TARGET_GONE, "there is no such folder")
    return same(change, HunkStatus.APPLIED, "the file is gone, its folder is there")


def same(change: FileChange, status: HunkStatus, why: str, path: str = "") -> FileVerdict:
    """Return a verdict that holds for every hunk of a file alike."""
    is_done = status is HunkStatus.APPLIED
    hunks = tuple(
        HunkVerdict(
            h,
            status,
            why,
            path,
            present=h.changed if is_done else (),
            absent=() if is_done else h.changed,
        )
        for h in change.hunks
    )
    return FileVerdict(change, status, why, hunks)


def moved(change: FileChange, shelf: Shelf) -> tuple[HunkStatus, str] | None:
    """Judge what a patch does to the path of a file; `None` where it does nothing to that."""
    old, new = change.old_path, change.new_path
    if not old or not new or old == new:
        return None
    has_old, has_new = shelf.has(old), shelf.has(new)
    word = "copied" if change.is_copy else "renamed"
    if has_new and (change.is_copy or not has_old):
        return HunkStatus.APPLIED, f"{word} from {old}, by its name"
    if has_old and not has_new:
        return HunkStatus.APPLICABLE, f"not {word} yet: it is {old}"
    if has_old and has_new:
        return HunkStatus.CONFLICTS, f"both {old} and {new} are there"
    return HunkStatus.TARGET_GONE, f"neither {old} nor {new} is there"


def mode(change: FileChange, shelf: Shelf, path: str) -> tuple[HunkStatus, str] | None:
    """Judge what a patch does to the mode of a file; `None` where it does nothing to that."""
    old, new = change.old_mode, change.new_mode
    if not old or not new or old == new or not path:
        return None
    if {old, new} != {_EXECUTABLE, _PLAIN}:
        return HunkStatus.UNKNOWN, f"what becomes of mode {old} to {new} is not judged"
    if shelf.tree.is_executable(path) == (new == _EXECUTABLE):
        return HunkStatus.APPLIED, f"its mode is {new}"
    return HunkStatus.APPLICABLE, f"its mode is not {new} yet"


def together(verdict: FileVerdict, more: list[tuple[HunkStatus, str]]) -> FileVerdict:
    """Return the verdict of a file with what is said of its path and mode."""
    if not more:
        return verdict
    statuses = [*(h.status for h in verdict.hunks), *(s for s, _ in more)]
    why = "; ".join(w for w in (verdict.why, *(w for _, w in more)) if w)
    return FileVerdict(verdict.change, summed(statuses), why, verdict.hunks)
