# SPDX-License-Identifier: GPL-2.0-only
"""Judges the hunks of one file of a patch in one file of a tree."""

from collections.abc import Sequence
from dataclasses import replace

from lpae_backport.mailpatch.model import FileChange, Hunk, Line, LineKind
from lpae_backport.presence.already import already, squeezed
from lpae_backport.presence.attributes import in_entries
from lpae_backport.presence.choosing import Choice, Expected, Looking
from lpae_backport.presence.claims import Claims
from lpae_backport.presence.heads import is_head, name_in
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.nearest import nearest
from lpae_backport.presence.partwise import Parts
from lpae_backport.presence.piecewise import Finding, piecewise
from lpae_backport.presence.places import Place, doubled, undone
from lpae_backport.presence.reserving import reserved
from lpae_backport.presence.standing import Standing
from lpae_backport.presence.verdict import HunkStatus, HunkVerdict

_HOW = {Level.EXACT: "", Level.SPACED: "white space aside", Level.TOKENS: "as the same C"}
_GONE = 0.5
"""How alike the nearest place may be where the function of a hunk counts as gone."""
_SHOWN = 3


class FileHunks:
    """The hunks of one file.

    Args:
        change: what the patch does to it.
        file: the file in the tree.
        is_before: whether the file is known to be as it was before the patch.
    """

    def __init__(self, change: FileChange, file: Standing, *, is_before: bool = False) -> None:
        self._file = file
        self._is_before = is_before
        self._images = _images(change)
        self._unnamed = _unnamed(self._images)
        self._drift = 0
        self._is_done: bool | None = None
        self._moved = frozenset(
            squeezed(x)
            for image in self._images
            for x, h in zip(image.lines, image.hunk.lines, strict=True)
            if h.kind is not LineKind.ADDED
        )
        self._claims = Claims(reserved(self._images, file) if not file.problem else {})

    def verdicts(self) -> list[HunkVerdict]:
        """Return what is said of each hunk, in order."""
        found = []
        for i, image in enumerate(self._images):
            self._claims.turn(i)
            found.append(self._verdict(image))
        return found

    def _verdict(self, image: Image) -> HunkVerdict:
        hunk = image.hunk
        if hunk.problem:
            return self._said(hunk, HunkStatus.UNKNOWN, f"the hunk is not whole: {hunk.problem}")
        if self._file.problem:
            return self._said(hunk, HunkStatus.UNKNOWN, f"not to be judged: {self._file.problem}")
        if image.is_empty:
            return self._said(hunk, HunkStatus.UNKNOWN, "it changes nothing")
        looking = Looking(image, self._file, self._expected(hunk), self._claims, self._unnamed)
        whole = self._whole(image, looking)
        if whole is not None and whole.status is HunkStatus.APPLIED:
            return whole
        found = self._anywhere(image) or whole or self._in_parts(image, looking)
        if found.status is not HunkStatus.APPLICABLE or self._is_before:
            return found
        return self._already(image) or found

    def _already(self, image: Image) -> HunkVerdict | None:
        """Return a verdict where the hunk would apply, and add what is there already."""
        there, line = already(image, self._file, self._moved)
        if not there:
            return None
        changed = _changed(image.hunk)
        absent = [x for x in changed if not any(x is y for y in there)]
        why = f"{len(there)} of the lines it adds are in the file already; it would add them again"
        return self._said(image.hunk, HunkStatus.PARTLY, why, (line, line), there, absent)

    def _expected(self, hunk: Hunk) -> Expected:
        """Return where its text after and that before should begin, as the hunk above tells."""
        old, new = hunk.old_start, hunk.new_start
        here = (new if self._is_done else old) + self._drift
        if self._is_done is None:
            return Expected((new,), (old,))
        return Expected((new, here), (here,) if self._is_done else (old, here))

    def _anywhere(self, image: Image) -> HunkVerdict | None:
        """Return a verdict where the hunk is done by lines whose place does not matter."""
        at = None if self._is_before else in_entries(image, self._file)
        if at is None:
            return None
        why = "its lines are elsewhere in the entry, where they mean the same"
        return self._said(image.hunk, HunkStatus.APPLIED, why, at, _changed(image.hunk))

    def _whole(self, image: Image, looking: Looking) -> HunkVerdict | None:
        """Return a verdict where the hunk stands in one piece, done or not."""
        self._left: Choice | None = None
        for level in image.in_turn():
            choice = looking.whole(level)
            if choice is None:
                continue
            if choice.is_applied and not self._is_before:
                return self._applied(image, choice)
            if not choice.is_applied and choice.is_sure:
                return self._applicable(image, choice)
            self._left = self._left or (None if choice.is_applied else choice)
        return None

    def _in_parts(self, image: Image, looking: Looking) -> HunkVerdict:
        """Return a verdict where it does not."""
        left = self._left
        found = piecewise(image, self._file, image.hunk.new_start + self._drift)
        good = found is not None and found.agrees is not False and not self._is_before
        is_done = found is not None and good and found.reading.is_done
        if found is not None and is_done and self._claims.are_free(found.added_lines):
            return self._done(image, found)
        parts = self._parts(image)
        if parts is not None and parts.are_done:
            return self._done_apart(image, parts)
        if left is None and image.is_c and not self._is_before:
            for level in (Level.EXACT, Level.SPACED):
                if (dead := looking.dead(level)) is not None:
                    return self._dead(image, dead)
        if left is not None:
            return self._applicable(image, left)
        has_some = found is not None and good and found.reading.has_some
        if found is not None and has_some and any(x.kind is LineKind.ADDED for x in found.present):
            return self._partly(image, found)  # what has some of it cannot take it again
        for level in (Level.EXACT, Level.SPACED):
            if (fuzzy := looking.fuzzy(level)) is not None:
                return self._applicable(image, fuzzy)
        if found is not None and has_some and found.present:
            return self._partly(image, found)
        if parts is not None and any(p.is_sought and p.present for p in parts.found):
            return self._partly_apart(image, parts)
        return self._conflict(image, found)

    def _parts(self, image: Image) -> Parts | None:
        if self._is_before:
            return None
        return Parts(image, self._file, self._expected, self._claims, self._unnamed)

    def _applied(self, image: Image, choice: Choice) -> HunkVerdict:
        p = choice.place
        self._drift = p.first - image.hunk.new_start - _lead(image, p.level)
        self._is_done = True
        self._claims.take(p.core_lines)
        end = max(p.core, p.core_end)
        parts = [w for w in (_HOW[p.level], _moved(p.distance)) if w]
        why = ", ".join(parts) or "as the patch has it"
        lines = _changed(image.hunk)
        gone, twice = undone(image, self._file, end), doubled(image, self._file, p.first, p.last)
        if gone:
            why = (
                f"all its lines are there, but {gone.decode('utf-8', 'replace')} is undefined again"
            )
            return self._said(image.hunk, HunkStatus.PARTLY, why, (p.core, end), lines)
        if twice:
            why += f"; '{twice.decode('utf-8', 'replace')[:40]}' is there twice"
        return self._said(image.hunk, HunkStatus.APPLIED, why, (p.core, end), lines)

    def _dead(self, image: Image, p: Place) -> HunkVerdict:
        """Return a verdict where the hunk stands whole, but not as code."""
        why = "all its lines are there, but never compiled: commented out, or under '#if 0'"
        at = (p.core, max(p.core, p.core_end))
        return self._said(image.hunk, HunkStatus.PARTLY, why, at, _changed(image.hunk))

    def _applicable(self, image: Image, choice: Choice) -> HunkVerdict:
        p = choice.place
        self._drift = p.first - image.hunk.old_start - _lead(image, p.level) * (not choice.fuzz)
        self._is_done = False
        if not choice.fuzz:
            self._claims.take(p.core_lines)
        how = {Level.EXACT: "exactly", Level.SPACED: "after repair of white space"}
        words = [how.get(p.level, "but for comments and line breaks")]
        words += [_moved(p.distance)] if p.distance and not choice.fuzz else []
        words += [f"with fuzz {choice.fuzz}"] if choice.fuzz else []
        words += ["not in what the hunk names"] if p.agrees is False else []
        why = ", ".join(w for w in words if not (w == "exactly" and len(words) > 1))
        at = (p.first, p.last)
        return self._said(
            image.hunk, HunkStatus.APPLICABLE, f"applies {why}", at, absent=_changed(image.hunk)
        )

    def _done(self, image: Image, f: Finding) -> HunkVerdict:
        self._claims.take(f.added_lines)
        why = "all its changes are there; what stands around them was changed"
        at = (f.first, f.last)
        verdict = self._said(image.hunk, HunkStatus.APPLIED, why, at, _changed(image.hunk))
        return replace(verdict, is_weak=not any(x.kind is LineKind.ADDED for x in image.hunk.lines))

    def _partly(self, image: Image, f: Finding) -> HunkVerdict:
        total = len(f.present) + len(f.absent)
        why = f"{len(f.present)} of {total} changed lines"
        if not f.absent:
            what = "its changed line is" if total == 1 else f"all {total} changed lines are"
            why = f"{what} there, but not among what the hunk has around"
        if f.reading.flaw:
            why = f"all its lines are there, but {f.reading.flaw}"
        if f.forms:
            line, form = f.forms[0]
            why += f"; line {line} is now '{form}'"
        return self._said(image.hunk, HunkStatus.PARTLY, why, f.core, f.present, f.absent)

    def _done_apart(self, image: Image, parts: Parts) -> HunkVerdict:
        """Return a verdict where each function of the hunk has its part."""
        why = "all its changes are there; what they are in was moved apart"
        at = parts.span or (image.hunk.new_start, image.hunk.new_start)
        return self._said(image.hunk, HunkStatus.APPLIED, why, at, _changed(image.hunk))

    def _partly_apart(self, image: Image, parts: Parts) -> HunkVerdict:
        """Return a verdict where some functions of the hunk have something of it."""
        changed = _changed(image.hunk)
        there = {id(x) for p in parts.found for x in p.present}
        present = [x for x in changed if id(x) in there]
        absent = [x for x in changed if id(x) not in there]
        why = f"{len(present)} of {len(changed)} changed lines"
        at = parts.span or (0, 0)
        return self._said(image.hunk, HunkStatus.PARTLY, why, at, present, absent)

    def _conflict(self, image: Image, f: Finding | None) -> HunkVerdict:
        near = nearest(image, self._file)
        changed = _changed(image.hunk)
        at = (near.first, near.last) if near is not None else (0, 0)
        score = near.similarity if near is not None else 0.0
        name = image.home
        gone = bool(name) and name not in self._file.names and name not in self._unnamed
        if gone and score < _GONE:
            why = f"{name.decode('utf-8', 'replace')} is not in the file"
            return self._said(
                image.hunk, HunkStatus.TARGET_GONE, why, absent=changed, similarity=score
            )
        if near is not None and near.similarity == 1 and not image.is_code and image.is_c:
            why = "it changes no code, and the text around has changed: no telling"
            return self._said(image.hunk, HunkStatus.UNKNOWN, why, at, absent=changed)
        if near is None:
            why = "nothing in the file is like it"
        else:
            why = f"nearest place is {score:.0%} alike"
            if near.differs:
                why += f"; {near.differs}"
        return self._said(
            image.hunk, HunkStatus.CONFLICTS, why, at, absent=changed, similarity=score
        )

    def _said(
        self,
        hunk: Hunk,
        status: HunkStatus,
        why: str,
        at: tuple[int, int] = (0, 0),
        present: Sequence[Line] = (),
        absent: Sequence[Line] = (),
        similarity: float = 0.0,
    ) -> HunkVerdict:
        return HunkVerdict(
            hunk, status, why, self._file.path, *at, tuple(present), tuple(absent), similarity
        )


def _images(change: FileChange) -> list[Image]:
    """Return the hunks of a file; each is told what hunks before it make of its function."""
    found: list[Image] = []
    before = after = b""
    for hunk in change.hunks:
        image = Image(hunk, change.path)
        section = name_in(image.section)
        if section and section == before != after:
            image = Image(hunk, change.path, after)
        found.append(image)
        last = image.last_names
        after = last[1] or (after if section == before else section)
        before = last[0] or section
    return found


def _changed(hunk: Hunk) -> tuple[Line, ...]:
    return tuple(x for x in hunk.lines if x.kind is not LineKind.CONTEXT)


def _lead(image: Image, level: Level) -> int:
    """Return how many lines of the hunk come before its first unit."""
    owner = image.after(level).owner
    return owner[0] if owner else 0


def _moved(distance: int) -> str:
    return f"{distance} lines off" if distance > 1 else "1 line off" if distance else ""


def _unnamed(images: Sequence[Image]) -> frozenset[bytes]:
    """Return the names whose heads a patch takes away or gives another name."""
    gone: set[bytes] = set()
    come: set[bytes] = set()
    for image in images:
        for line, x in zip(image.lines, image.hunk.lines, strict=True):
            if x.kind is not LineKind.CONTEXT and is_head(line):
                (gone if x.kind is LineKind.REMOVED else come).add(name_in(line))
    return frozenset(gone - come)
