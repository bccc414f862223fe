# SPDX-License-Identifier: GPL-2.0-only
"""Is this patch in this tree? Each of its hunks is judged on its own, then all together.

Nothing is said to be applied where that could be wrong: what a hunk adds has to stand in the
function that the hunk names, between the lines that it was added between.
"""

import hashlib
import re
from dataclasses import replace
from weakref import WeakKeyDictionary

from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.mailpatch.model import FileChange, Patch
from lpae_backport.mailpatch.naming import leads_out
from lpae_backport.presence.hunks import FileHunks
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.shelf import Shelf
from lpae_backport.presence.standing import Standing
from lpae_backport.presence.summing import summed
from lpae_backport.presence.verdict import FileVerdict, HunkStatus, HunkVerdict, PatchVerdict
from lpae_backport.presence.wholefiles import created, mode, moved, removed, same, together

_BLOB = re.compile(r"[0-9a-f]{7,40}\Z")
_SHELVES: "WeakKeyDictionary[FileTree, Shelf]" = WeakKeyDictionary()
_DEFINERS = 8
_THERE = (HunkStatus.APPLIED, HunkStatus.PARTLY)


def shelf_of(tree: FileTree) -> Shelf:
    """Return the files of a tree, the same for every patch."""
    if tree not in _SHELVES:
        _SHELVES[tree] = Shelf(tree)
    return _SHELVES[tree]


def judge(patch: Patch, tree: FileTree) -> PatchVerdict:
    """Tell whether a patch is in a tree.

    Args:
        patch: the patch.
        tree: the tree; its files are kept for the next patch.
    """
    shelf = shelf_of(tree)
    made = frozenset(c.new_path for c in patch.changes if c.new_path != c.old_path)
    files = _settled([_file(c, shelf, made) for c in patch.changes])
    return PatchVerdict(patch, summed(f.status for f in files), tuple(files))


def _file(change: FileChange, shelf: Shelf, made: frozenset[str]) -> FileVerdict:
    for path in (change.old_path, change.new_path):
        if leads_out(path):
            return same(change, HunkStatus.UNKNOWN, "its path leads out of the tree")
    if change.is_binary:
        return same(change, HunkStatus.UNKNOWN, "it is no text")
    if not change.old_path:
        return created(change, shelf)
    if not change.new_path:
        return removed(change, shelf, made)
    more = [m for m in (moved(change, shelf),) if m is not None]
    path, why = _placed(change, shelf)
    if not change.hunks:
        found = [*more, *([m] if (m := mode(change, shelf, path)) else [])]
        if not found:
            return same(change, HunkStatus.UNKNOWN, "it changes nothing")
        return together(FileVerdict(change, HunkStatus.UNKNOWN, "", ()), found)
    if not path:
        return same(change, HunkStatus.TARGET_GONE, why)
    if more and why:
        more = []  # neither path is there, but the file is, elsewhere
    try:
        file = shelf.standing(path)
    except UnreadableError as e:
        return same(change, HunkStatus.UNKNOWN, e.message, path)
    hunks = FileHunks(change, file, is_before=_is(file, change.blobs[0], change)).verdicts()
    hunks = [_elsewhere(h, change, shelf) for h in hunks]
    verdict = FileVerdict(change, summed(h.status for h in hunks), why, tuple(hunks))
    more += [m] if (m := mode(change, shelf, path)) else []
    return together(verdict, more)


def _placed(change: FileChange, shelf: Shelf) -> tuple[str, str]:
    """Return where the file of a change is, and why there; empty where it is nowhere."""
    for path in (change.new_path, change.old_path):
        if shelf.has(path):
            return path, ""
    images = [Image(h, change.path) for h in change.hunks]
    before = [x for i in images for x in i.before(Level.EXACT).units]
    after = [x for i in images for x in i.after(Level.EXACT).units]
    there = shelf.moved(change.new_path, before, after, is_whole=False)
    if not there and change.old_path != change.new_path:
        there = shelf.moved(change.old_path, before, after, is_whole=False)
    if there:
        return there, f"the file is {there}"
    return "", "the file is not there"


def _is(file: Standing, blob: str, change: FileChange) -> bool:
    """Tell whether a file is the one that git's id stands for, before the patch."""
    if not _BLOB.match(blob) or change.blobs[0] == change.blobs[1]:
        return False
    head = b"blob %d\0" % len(file.raw)
    return hashlib.sha1(head + file.raw, usedforsecurity=False).hexdigest().startswith(blob)


def _elsewhere(verdict: HunkVerdict, change: FileChange, shelf: Shelf) -> HunkVerdict:
    """Look for a hunk whose function is gone from its file in the files beside it."""
    if verdict.status not in (HunkStatus.TARGET_GONE, HunkStatus.CONFLICTS):
        return verdict
    image = Image(verdict.hunk, change.path)
    if not image.name:
        return verdict
    file = shelf.standing(verdict.path)
    if image.name in file.names:
        return verdict
    homes = shelf.definers(image.name, verdict.path)[:_DEFINERS]
    alone = replace(change, hunks=(verdict.hunk,))
    best = verdict
    for home in homes:
        found = FileHunks(alone, shelf.standing(home)).verdicts()[0]
        why = f"{image.name.decode('utf-8', 'replace')} is in {home} now"
        if found.status in _THERE:
            return replace(found, why=f"{why}: {found.why}")
        if best is verdict:
            how = f"; there it is: {found.status.value} ({found.why})"
            best = replace(verdict, status=HunkStatus.TARGET_GONE, why=why + how)
    return best


def _settled(files: list[FileVerdict]) -> list[FileVerdict]:
    """Doubt what is called applied only because something is absent.

    A file or a line that is not there may never have been, unless something else of the patch is.
    """
    firm = [h for f in files if f.change.new_path for h in f.hunks if not h.is_weak]
    others = [f.status for f in files if f.change.new_path and not f.hunks]
    if any(s in _THERE for s in (*others, *(h.status for h in firm))):
        return files
    return [_doubted(f) if f.status in _THERE else f for f in files]


def _doubted(f: FileVerdict) -> FileVerdict:
    if not f.change.new_path:
        why = "the file is not there, but nothing else of the patch is: it may never have been"
        return same(f.change, HunkStatus.UNKNOWN, why)
    hunks = tuple(_doubted_hunk(h) if h.is_weak else h for h in f.hunks)
    return replace(f, status=summed(h.status for h in hunks), hunks=hunks)


def _doubted_hunk(h: HunkVerdict) -> HunkVerdict:
    why = "its lines are not there, but nothing else of the patch is: they may never have been"
    why = h.doubt or why
    return replace(h, status=HunkStatus.CONFLICTS, why=why, present=(), absent=h.present)
