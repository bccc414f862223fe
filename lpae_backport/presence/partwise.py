# SPDX-License-Identifier: GPL-2.0-only
"""Judges a hunk function by function, where what it touches has moved apart in a file."""

from collections.abc import Callable
from dataclasses import dataclass

from lpae_backport.mailpatch.model import Line
from lpae_backport.presence.choosing import Choice, Looking
from lpae_backport.presence.claims import Claims
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.parting import brings, is_loose, parted, removes, stands
from lpae_backport.presence.piecewise import Finding, piecewise
from lpae_backport.presence.places import Place, doubled, undone
from lpae_backport.presence.standing import Standing


@dataclass(frozen=True, slots=True)
class PartFinding:
    """What a file has of one function's part of a hunk.

    Attributes:
        image: the part.
        is_done: whether all of it.
        is_sought: whether what it adds was looked for; else only what should not be there was.
        place: where it stands in one piece; `None` where it does not.
        finding: what of it stands in pieces; `None` where that was not asked, or is nothing.
    """

    image: Image
    is_done: bool
    is_sought: bool = False
    place: Place | None = None
    finding: Finding | None = None

    @property
    def present(self) -> list[Line]:
        """The changed lines of it that are in."""
        if self.is_done:
            return list(self.image.hunk.changed)
        f = self.finding
        if f is None or not f.reading.has_some or f.agrees is False:
            return []
        return list(f.present)


class Parts:
    """The parts of a hunk in a file.

    Args:
        image: the hunk.
        file: the file.
        looking: makes what looks for a part.
        claims: the lines that are other hunks'.
    """

    def __init__(
        self,
        image: Image,
        file: Standing,
        looking: Callable[[Image], Looking],
        claims: Claims,
    ) -> None:
        self._file = file
        self._looking = looking
        self._claims = claims
        self.found: list[PartFinding] = []
        for part in parted(image, file.path):
            self.found.append(self._read(part, is_code=image.is_code))

    @property
    def span(self) -> tuple[int, int] | None:
        """The lines of the file from the first to the last that parts were found at."""
        at = [(p.place.core, p.place.core_end) for p in self.found if p.place is not None]
        at += [(p.finding.first, p.finding.last) for p in self.found if p.present and p.finding]
        return (min(a for a, _ in at), max(b for _, b in at)) if at else None

    @property
    def are_done(self) -> bool:
        """Whether all parts are in, one of them by something that tells."""
        told = any(p.is_done and p.is_sought and brings(p.image) for p in self.found)
        return told and all(p.is_done for p in self.found)

    def _read(self, part: Image, *, is_code: bool) -> PartFinding:
        file = self._file
        name = removes(part)
        if name:
            return PartFinding(part, name not in file.names and not stands(part, file))
        if is_code and not part.is_code:
            # Only comments or white space: its code must be there all the same.
            units = part.after(Level.TOKENS).units
            return PartFinding(part, not units or bool(file.layer(Level.TOKENS).find(units)))
        choice = self._chosen(part)
        if choice is None:
            f = piecewise(part, file, self._looking(part).expected.after[-1])
            done = f is not None and f.reading.is_done and f.agrees is not False
            done = done and f is not None and self._claims.are_free(f.added_lines)
            return PartFinding(part, done and not self._is_anywhere(part), True, None, f)
        place, done = choice.place, choice.is_applied
        done = done and not doubled(part, file, place.first, place.last)
        done = done and not undone(part, file, place.last)
        done = done and not any(p.place and place.overlaps(p.place) for p in self.found)
        return PartFinding(part, done and not self._is_anywhere(part), True, place)

    @staticmethod
    def _is_anywhere(part: Image) -> bool:
        return brings(part) and is_loose(part)

    def _chosen(self, part: Image) -> Choice | None:
        looking = self._looking(part)
        for level in part.in_turn():
            choice = looking.whole(level)
            if choice is not None and (choice.is_applied or choice.is_sure):
                return choice
        return None
