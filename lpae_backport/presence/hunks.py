# SPDX-License-Identifier: GPL-2.0-only
"""Judges the hunks of one file of a patch in one file of a tree."""

from collections.abc import Sequence
from dataclasses import replace

from lpae_backport.mailpatch.model import FileChange, Hunk, LineKind
from lpae_backport.presence import saying
from lpae_backport.presence.already import already, in_function, redefined
from lpae_backport.presence.attributes import in_entries
from lpae_backport.presence.choosing import Choice, Expected, Looking
from lpae_backport.presence.claims import Claims
from lpae_backport.presence.heads import is_head, name_in
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level, squeezed
from lpae_backport.presence.leftover import leftover, stands_whole
from lpae_backport.presence.partwise import Parts
from lpae_backport.presence.piecewise import Finding, piecewise
from lpae_backport.presence.reserving import reserved
from lpae_backport.presence.standing import Standing
from lpae_backport.presence.verdict import HunkStatus, HunkVerdict


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
        self._moved = self._lines(without=LineKind.ADDED)
        self._kept = self._lines(without=LineKind.REMOVED)
        self._claims = Claims(reserved(self._images, file) if not file.problem else {})

    def _lines(self, *, without: LineKind) -> frozenset[bytes]:
        """Return the lines of all hunks but those of a kind, squeezed."""
        return frozenset(
            squeezed(x)
            for image in self._images
            for x, h in zip(image.lines, image.hunk.lines, strict=True)
            if h.kind is not without
        )

    def verdicts(self) -> list[HunkVerdict]:
        """Return what is said of each hunk, in order."""
        found = []
        for i, image in enumerate(self._images):
            self._claims.turn(i)
            verdict = self._verdict(image)
            if verdict.status is HunkStatus.APPLIED and not image.adds:
                verdict = self._unless_left(image, verdict)
            found.append(verdict)
        return found

    def _unless_left(self, image: Image, found: HunkVerdict) -> HunkVerdict:
        """Doubt that a hunk that only removes is in, where what it removes is there yet."""
        at_its_line = found.why == saying.EXACTLY
        if at_its_line and not stands_whole(image, self._file, LineKind.REMOVED):
            return found
        line = leftover(image, self._file, self._kept)
        return saying.left(found, self._file, line) if line else found

    def _verdict(self, image: Image) -> HunkVerdict:
        hunk, file = image.hunk, self._file
        if hunk.problem:
            why = f"the hunk is not whole: {hunk.problem}"
            return saying.said(hunk, file, HunkStatus.UNKNOWN, why)
        if file.problem:
            return saying.said(hunk, file, HunkStatus.UNKNOWN, f"not to be judged: {file.problem}")
        if image.is_empty:
            return _ended(hunk, file)
        looking = self._looking(image)
        whole, left = self._whole(image, looking)
        if whole is not None and whole.status is HunkStatus.APPLIED:
            return whole
        if self._is_before:
            return whole or self._as_it_was(image, looking, left)
        at = in_entries(image, file)
        if at is not None:
            return saying.anywhere(image, file, at)
        found = whole or self._in_parts(image, looking, left)
        return found if found.status is not HunkStatus.APPLICABLE else self._not_again(image, found)

    def _looking(self, image: Image) -> Looking:
        """Return what looks for a hunk, or a part of one, where the hunk above says."""
        expected = self._expected(image.hunk)
        return Looking(image, self._file, expected, self._claims, self._unnamed)

    def _expected(self, hunk: Hunk) -> Expected:
        """Return where its text after and that before should begin, as the hunk above tells."""
        old, new = hunk.old_start, hunk.new_start
        here = (new if self._is_done else old) + self._drift
        if self._is_done is None:
            return Expected((new,), (old,))
        return Expected((new, here), (here,) if self._is_done else (old, here))

    def _whole(self, image: Image, looking: Looking) -> tuple[HunkVerdict | None, Choice | None]:
        """Judge a hunk that stands in one piece, done or not.

        Returns:
            The verdict, if there is no doubt; else where the hunk could be applied, if anywhere.
        """
        left: Choice | None = None
        for level in image.in_turn():
            choice = looking.whole(level)
            if choice is None:
                continue
            if choice.is_applied and not self._is_before:
                return self._applied(image, choice), None
            if not choice.is_applied and choice.is_sure:
                return self._applicable(image, choice), None
            left = left or (None if choice.is_applied else choice)
        return None, left

    def _as_it_was(self, image: Image, looking: Looking, left: Choice | None) -> HunkVerdict:
        """Return a verdict where the file is known not to have the patch."""
        left = left or self._fuzzy(looking)
        if left is not None:
            return self._applicable(image, left)
        return saying.conflict(image, self._file, self._unnamed)

    def _in_parts(self, image: Image, looking: Looking, left: Choice | None) -> HunkVerdict:
        """Return a verdict where it does not stand in one piece for sure."""
        file = self._file
        found = piecewise(image, file, image.hunk.new_start + self._drift)
        if found is not None and found.agrees is False:
            found = None
        if found is not None and found.reading.is_done and self._is_free(found):
            self._claims.take(found.added_lines)
            return saying.done(image, file, found)
        parts = Parts(image, file, self._looking, self._claims)
        if parts.are_done:
            return saying.done_apart(image, file, parts)
        place = looking.dead(Level.EXACT) or looking.dead(Level.SPACED) if left is None else None
        if place is not None and image.is_c:
            return saying.dead(image, file, place)
        if left is not None and left.place.agrees is not False:
            return self._applicable(image, left)
        some = found if found is not None and found.reading.has_some else None
        if some is not None and any(x.kind is LineKind.ADDED for x in some.present):
            return saying.partly(image, file, some)  # what has some of it cannot take it again
        there, line = in_function(image, file)
        if there:
            why = f"{image.name.decode('utf-8', 'replace')} has what it adds, among other lines"
            return saying.in_part(image, file, there, line, why)
        left = left or self._fuzzy(looking)
        if left is not None:
            return self._applicable(image, left)
        if some is not None and some.present:
            return saying.partly(image, file, some)
        if any(p.is_sought and p.present for p in parts.found):
            return saying.partly_apart(image, file, parts)
        return saying.conflict(image, file, self._unnamed)

    def _not_again(self, image: Image, found: HunkVerdict) -> HunkVerdict:
        """Return a verdict, unless the hunk would add what is there already."""
        there, line = already(image, self._file, self._moved)
        if there:
            why = f"{len(there)} of the lines it adds are in the file already"
            return saying.in_part(image, self._file, there, line, f"{why}; it would add them again")
        name, at = redefined(image, self._file, self._moved)
        if not name:
            return found
        text = name.decode("utf-8", "replace")
        return replace(found, why=f"{found.why}; but line {at} has {text} already")

    def _is_free(self, f: Finding) -> bool:
        return self._claims.are_free(f.added_lines)

    @staticmethod
    def _fuzzy(looking: Looking) -> Choice | None:
        return looking.fuzzy(Level.EXACT) or looking.fuzzy(Level.SPACED)

    def _applied(self, image: Image, choice: Choice) -> HunkVerdict:
        p = choice.place
        self._drift = p.first - image.hunk.new_start - saying.lead(image, p.level, is_after=True)
        self._is_done = True
        self._claims.take(p.core_lines)
        return saying.applied(image, self._file, p)

    def _applicable(self, image: Image, choice: Choice) -> HunkVerdict:
        p = choice.place
        above = 0 if choice.fuzz else saying.lead(image, p.level, is_after=False)
        self._drift = p.first - image.hunk.old_start - above
        self._is_done = False
        if not choice.fuzz:
            self._claims.take(p.core_lines)
        return saying.applicable(image, self._file, choice)


def _ended(hunk: Hunk, file: Standing) -> HunkVerdict:
    """Judge a hunk that changes no line: whether the file ends with a newline, or nothing."""
    ends = {x.kind: x.is_unended for x in hunk.changed}
    was, is_now = ends.get(LineKind.REMOVED, False), ends.get(LineKind.ADDED, False)
    if was == is_now or not file.data:
        return saying.said(hunk, file, HunkStatus.UNKNOWN, "it changes nothing")
    at = (len(file.lines), len(file.lines))
    last = next(x.text for x in reversed(hunk.lines) if x.kind is LineKind.ADDED)
    if file.lines[-1].rstrip(b"\r") != last.encode("utf-8", "surrogateescape").rstrip(b"\r"):
        return saying.said(hunk, file, HunkStatus.UNKNOWN, "only the newline at its end changes")
    is_unended = not file.data.endswith(b"\n")
    if is_unended is is_now:
        why = f"the file ends {'without' if is_now else 'with'} a newline"
        return saying.said(hunk, file, HunkStatus.APPLIED, why, at, hunk.changed)
    return saying.said(
        hunk, file, HunkStatus.APPLICABLE, "applies exactly", at, absent=hunk.changed
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


def _unnamed(images: Sequence[Image]) -> frozenset[bytes]:
    """Return the names whose heads a patch takes away or gives another name."""
    gone: set[bytes] = set()
    come: set[bytes] = set()
    for image in images:
        for line, x in zip(image.lines, image.hunk.lines, strict=True):
            if x.kind is not LineKind.CONTEXT and is_head(line):
                (gone if x.kind is LineKind.REMOVED else come).add(name_in(line))
    return frozenset(gone - come)
