# SPDX-License-Identifier: GPL-2.0-only
"""Puts into words what was found of a hunk in a file."""

from collections.abc import Sequence
from dataclasses import replace

from lpae_backport.mailpatch.model import Hunk, Line, LineKind
from lpae_backport.presence.choosing import Choice
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.nearest import nearest
from lpae_backport.presence.partwise import Parts
from lpae_backport.presence.piecewise import Finding
from lpae_backport.presence.places import Place, doubled, undone
from lpae_backport.presence.standing import Standing
from lpae_backport.presence.verdict import HunkStatus, HunkVerdict

_DONE = {Level.EXACT: "", Level.SPACED: "white space aside", Level.TOKENS: "as the same C"}
_TO_DO = {Level.EXACT: "exactly", Level.SPACED: "after repair of white space"}
EXACTLY = "as the patch has it"
"""What is said of a hunk that stands to the letter at its very line."""
_LIKE = 0.5
"""How alike a place must be to be where a function that is gone may be now."""
_SHOWN = 40


def said(
    hunk: Hunk,
    file: Standing,
    status: HunkStatus,
    why: str,
    at: tuple[int, int] = (0, 0),
    present: Sequence[Line] = (),
    absent: Sequence[Line] = (),
    similarity: float = 0.0,
) -> HunkVerdict:
    """Return a verdict in one file; see `HunkVerdict` for what it has."""
    return HunkVerdict(hunk, status, why, file.path, *at, tuple(present), tuple(absent), similarity)


def lead(image: Image, level: Level, *, is_after: bool) -> int:
    """Return how many lines one text of a hunk has before its first unit."""
    side = image.after(level) if is_after else image.before(level)
    without = LineKind.REMOVED if is_after else LineKind.ADDED
    above = image.hunk.lines[: side.owner[0]] if side.owner else ()
    return sum(x.kind is not without for x in above)


def applied(image: Image, file: Standing, p: Place) -> HunkVerdict:
    """Return the verdict of a hunk that stands in one piece."""
    hunk, end = image.hunk, p.core_last
    gone, twice = undone(image, file, end), doubled(image, file, p.first, p.last)
    if gone:
        why = f"all its lines are there, but {_text(gone)} is undefined again"
        return said(hunk, file, HunkStatus.PARTLY, why, (p.core, end), hunk.changed)
    off = _off(p.first - lead(image, p.level, is_after=True) - hunk.new_start)
    why = ", ".join(w for w in (_DONE[p.level], off) if w) or EXACTLY
    if twice:
        why += f"; '{_text(twice)[:_SHOWN]}' is there twice"
    return said(hunk, file, HunkStatus.APPLIED, why, (p.core, end), hunk.changed)


def applicable(image: Image, file: Standing, choice: Choice) -> HunkVerdict:
    """Return the verdict of a hunk that would apply."""
    p, hunk = choice.place, image.hunk
    words = [_TO_DO.get(p.level, "but for comments and line breaks")]
    if choice.fuzz:
        words.append(f"with fuzz {choice.fuzz}")
    elif off := _off(p.first - lead(image, p.level, is_after=False) - hunk.old_start):
        words.append(off)
    if p.agrees is False:
        words.append("not in what the hunk names")
    why = ", ".join(w for w in words if not (w == "exactly" and len(words) > 1))
    at = (p.first, p.last)
    return said(hunk, file, HunkStatus.APPLICABLE, f"applies {why}", at, absent=hunk.changed)


def anywhere(image: Image, file: Standing, at: tuple[int, int]) -> HunkVerdict:
    """Return the verdict of a hunk whose lines mean the same elsewhere."""
    why = "its lines are elsewhere in the entry, where they mean the same"
    return said(image.hunk, file, HunkStatus.APPLIED, why, at, image.hunk.changed)


def left(found: HunkVerdict, file: Standing, line: int) -> HunkVerdict:
    """Return a verdict with the doubt that something which goes stands in a line."""
    there = _text(b" ".join(file.lines[line - 1].split()))[:_SHOWN]
    doubt = f"it only removes, and line {line} has '{there}' yet"
    return replace(found, is_weak=True, doubt=doubt)


def dead(image: Image, file: Standing, p: Place) -> HunkVerdict:
    """Return the verdict of a hunk that stands whole, but not as code."""
    why = "all its lines are there, but never compiled: commented out, or under '#if 0'"
    at = (p.core, p.core_last)
    return said(image.hunk, file, HunkStatus.PARTLY, why, at, image.hunk.changed)


def done(image: Image, file: Standing, f: Finding) -> HunkVerdict:
    """Return the verdict of a hunk that is in piece by piece."""
    why = "all its changes are there; what stands around them was changed"
    lines = image.hunk.changed
    verdict = said(image.hunk, file, HunkStatus.APPLIED, why, (f.first, f.last), lines)
    return replace(verdict, is_weak=not any(x.kind is LineKind.ADDED for x in lines))


def done_apart(image: Image, file: Standing, parts: Parts) -> HunkVerdict:
    """Return the verdict of a hunk each function of which has its part."""
    why = "all its changes are there; what they are in was moved apart"
    at = parts.span or (image.hunk.new_start, image.hunk.new_start)
    return said(image.hunk, file, HunkStatus.APPLIED, why, at, image.hunk.changed)


def partly(image: Image, file: Standing, f: Finding) -> HunkVerdict:
    """Return the verdict of a hunk of which some lines are in."""
    total = len(f.present) + len(f.absent)
    why = f"{len(f.present)} of {total} changed lines"
    if not f.absent:
        what = "its changed line is" if total == 1 else f"all {total} changed lines are"
        why = f"{what} there, but what the hunk has around is not"
    if f.reading.flaw:
        why = f"all its lines are there, but {f.reading.flaw}"
    if f.forms:
        line, form = f.forms[0]
        why += f"; line {line} is now '{form}'"
    return said(image.hunk, file, HunkStatus.PARTLY, why, f.core, f.present, f.absent)


def partly_apart(image: Image, file: Standing, parts: Parts) -> HunkVerdict:
    """Return the verdict of a hunk of which some functions have something."""
    lines = image.hunk.changed
    there = {id(x) for p in parts.found for x in p.present}
    present = [x for x in lines if id(x) in there]
    absent = [x for x in lines if id(x) not in there]
    why = f"{len(present)} of {len(lines)} changed lines"
    return said(image.hunk, file, HunkStatus.PARTLY, why, parts.span or (0, 0), present, absent)


def in_part(
    image: Image, file: Standing, there: Sequence[Line], line: int, why: str
) -> HunkVerdict:
    """Return the verdict of a hunk that adds lines which are there already, the first at `line`."""
    absent = [x for x in image.hunk.changed if not any(x is y for y in there)]
    return said(image.hunk, file, HunkStatus.PARTLY, why, (line, line), there, absent)


def conflict(image: Image, file: Standing, unnamed: frozenset[bytes]) -> HunkVerdict:
    """Return the verdict of a hunk that is not in and does not apply.

    Args:
        image: the hunk.
        file: the file.
        unnamed: names whose heads the patch takes away itself.
    """
    hunk, lines = image.hunk, image.hunk.changed
    near = nearest(image, file)
    score = near.similarity if near is not None else 0.0
    at = (near.first, near.last) if near is not None and score >= _LIKE else (0, 0)
    name = image.home
    if name and name not in file.names and name not in unnamed:
        why = f"{_text(name)} is not in the file"
        why += f"; line {at[0]} is {score:.0%} like what the patch has of it" if at[0] else ""
        return said(hunk, file, HunkStatus.TARGET_GONE, why, at, absent=lines, similarity=score)
    if near is None:
        why = "nothing in the file is like it"
        return said(hunk, file, HunkStatus.CONFLICTS, why, absent=lines)
    at = (near.first, near.last)
    if near.similarity == 1 and not image.is_code and image.is_c:
        why = "it changes no code, and the text around has changed: no telling"
        return said(hunk, file, HunkStatus.UNKNOWN, why, at, absent=lines)
    why = f"nearest place is {score:.0%} alike" + (f"; {near.differs}" if near.differs else "")
    return said(hunk, file, HunkStatus.CONFLICTS, why, at, absent=lines, similarity=score)


def _off(lines: int) -> str:
    return f"{abs(lines)} line{'s' * (abs(lines) > 1)} off" if lines else ""


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
