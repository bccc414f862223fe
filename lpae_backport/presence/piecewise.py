# SPDX-License-Identifier: GPL-2.0-only
"""Looks for what a file has of a hunk that is not in it whole."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from lpae_backport.mailpatch.model import Line, LineKind
from lpae_backport.presence.alignment import likely_starts
from lpae_backport.presence.blocks import Blocks
from lpae_backport.presence.chunks import Chunks, chunked, telling
from lpae_backport.presence.heads import entry_in, name_in, same_head
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.linewise import told
from lpae_backport.presence.pieces import function_pieces, pieces_of
from lpae_backport.presence.places import agrees, is_dead
from lpae_backport.presence.reading import Reading
from lpae_backport.presence.standing import Standing
from lpae_backport.uses.texts import is_kconfig

_ROOM = 40
"""Pieces of the file that are looked at before and behind a hunk."""
_BEFORE = 3
"""Pieces above the head of a function that a hunk may have as context."""
_LARGE = 20_000
"""Pieces of a hunk beyond which it is not judged piece by piece."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a file has of a hunk.

    Attributes:
        reading: what was found.
        first: the first line of the file that belongs to it.
        last: the last of them.
        core: the first line and the last one of what the hunk changes.
        agrees: whether that is in what the hunk changes; `None` where that is not told.
        present: the changed lines whose change is there.
        absent: those whose change is not.
        forms: where lines stand in another form: the line of the file, and what it is.
    """

    reading: Reading
    first: int
    last: int
    core: tuple[int, int]
    agrees: bool | None
    present: tuple[Line, ...]
    absent: tuple[Line, ...]
    forms: tuple[tuple[int, str], ...]

    @property
    def added_lines(self) -> range:
        """The lines that decided, if something is added; empty where lines are just gone."""
        is_added = any(x.kind is LineKind.ADDED for x in (*self.present, *self.absent))
        return range(self.core[0], self.core[1] + 1) if is_added else range(0)


def blocks_of(image: Image) -> tuple[Blocks, bool]:
    """Return the changed pieces of a hunk, and whether they are taken as text."""
    as_text = not image.is_c or image.levels[-1] is not Level.TOKENS
    level = Level.SPACED if as_text else Level.TOKENS
    sides = image.before(level), image.after(level)
    before, after = (chunked(s.units, s.owner, is_c=not as_text) for s in sides)
    kinds = [x.kind for x in image.hunk.lines]
    added = image.said(level, LineKind.ADDED)
    text = b" %b " % b" ".join(sides[1].units)
    removed = [
        x for x in image.said(level, LineKind.REMOVED) if telling(x) and b" %b " % x not in text
    ]
    return Blocks(
        before, after, kinds, (added, removed, image.said(level, LineKind.CONTEXT)), as_text=as_text
    ), as_text


def piecewise(image: Image, file: Standing, expected: int) -> Finding | None:
    """Return what a file has of a hunk, in the stretch that has most of it.

    Args:
        image: the hunk.
        file: the file.
        expected: the line it should begin at.
    """
    blocks, as_text = blocks_of(image)
    if not blocks.blocks or max(len(blocks.before), len(blocks.after)) > _LARGE:
        return None
    pieces, where = pieces_of(file, as_text=as_text)
    found: list[Finding] = []
    for lo, hi in _stretches(image, file, blocks, (pieces, where), expected):
        reading = blocks.read(pieces.keys[lo:hi])
        if reading.first >= 0:
            found.append(_finding(image, file, reading, pieces, lo))
    best = max(found, key=_rank, default=None)
    if best is not None and any(_is_rival(f, best) for f in found if f is not best):
        best.reading.is_done = False
    if best is not None and is_dead(image, file, *best.core):
        best.reading.is_done = best.reading.has_some = False
    return best


def _stretches(
    image: Image,
    file: Standing,
    blocks: Blocks,
    text: tuple[Chunks, dict[bytes, list[int]]],
    expected: int,
) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a file to look in, as indexes of pieces."""
    pieces, where = text
    said = [x.rstrip() for x in image.lines if x.strip()]
    inside = image.name and not any(x in (b"}", b"};") for x in said[:-1])
    for lo, hi in function_pieces(image.name, file, pieces) if inside else ():
        yield max(lo - _BEFORE, 0), hi
    near = bisect_left(pieces.first, expected)
    length = max(len(blocks.before), len(blocks.after))
    for start in likely_starts((blocks.before.keys, blocks.after.keys), where, near):
        yield max(start - _ROOM, 0), start + length + 2 * _ROOM


def _is_rival(f: Finding, best: Finding) -> bool:
    """Tell whether the text before stands elsewhere as well as the text after does here."""
    apart = f.last < best.first or best.last < f.first
    as_it_was = f.reading.gain <= 0 and f.reading.before >= best.reading.after
    return apart and as_it_was and f.agrees is not False


def _rank(f: Finding) -> tuple[bool, float]:
    return f.agrees is not False, max(f.reading.after, f.reading.before)


def _finding(image: Image, file: Standing, reading: Reading, pieces: Chunks, lo: int) -> Finding:
    first, last = pieces.first[lo + reading.first], pieces.last[lo + reading.last]
    lines = image.hunk.lines
    changed = {i for i, x in enumerate(lines) if x.kind is not LineKind.CONTEXT}
    present, absent = told(image, file, reading, pieces, lo)
    core = (pieces.first[lo + reading.core[0]], pieces.first[lo + reading.core[1]])
    forms = tuple(_shown(file, pieces, lo + j) for _, j in reading.notes)
    return Finding(
        reading,
        first,
        last,
        (core[0], max(core[0], pieces.last[lo + reading.core[1]])),
        _stands_in(image, file, *core),
        tuple(lines[i] for i in sorted(present & changed)),
        tuple(lines[i] for i in sorted(absent & changed)),
        forms,
    )


def _shown(file: Standing, pieces: Chunks, i: int) -> tuple[int, str]:
    """Return the first line of a piece, and the text of its lines."""
    first, last = pieces.first[i], pieces.last[i]
    text = b" ".join(b" ".join(file.lines[first - 1 : last]).split())
    return first, text.decode("utf-8", "replace")


def _stands_in(image: Image, file: Standing, first: int, last: int) -> bool | None:
    """Tell whether what decided, from its first line to its last, is of what the hunk changes."""
    if is_kconfig(file.path) and entry_in(image.section):
        return agrees(image, file, first + 1)
    if not image.is_c or not image.name:
        return None
    begin, end = file.head(first + 1), file.head(last + 1)
    names = {image.name, image.last_names[1], image.also} - {b""}
    here = name_in(begin) in names or (not image.has_head and same_head(image.section, begin))
    return here and (begin == end or name_in(end) in names)
