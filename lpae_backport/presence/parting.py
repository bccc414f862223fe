# SPDX-License-Identifier: GPL-2.0-only
"""A hunk in parts, one for each function it touches: what stands side by side may move apart."""

from dataclasses import replace

from lpae_backport.mailpatch.model import Hunk, Line, LineKind
from lpae_backport.presence.chunks import telling
from lpae_backport.presence.heads import is_head, name_in
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level
from lpae_backport.presence.standing import Standing

_TELLING = 3
"""Telling words of a line that is known again in another function."""
_CLOSING = (b"}", b"};")


def parted(image: Image, path: str) -> list[Image]:
    """Return the parts of a hunk of C that change something, each within its own function.

    Args:
        image: the hunk.
        path: the file it changes.

    Returns:
        The parts in order; none where the hunk is of one piece already.
    """
    if not image.is_c:
        return []
    lines = image.hunk.lines
    cuts = [0, *(i + 1 for i in range(len(lines) - 1) if _ends(image, i)), len(lines)]
    found = []
    for a, b in zip(cuts, cuts[1:], strict=False):
        if any(x.kind is not LineKind.CONTEXT for x in lines[a:b]):
            found.append(Image(_part(image.hunk, a, b), path, image.also if a == 0 else b""))
    is_whole = len(found) == 1 and len(found[0].lines) == len(lines)
    return [] if is_whole else found


def _ends(image: Image, i: int) -> bool:
    """Tell whether a function ends with a line, or another begins behind it."""
    line, following = image.lines[i], image.lines[i + 1]
    if line.rstrip() in _CLOSING:
        return True
    return not line.strip() and (is_head(following) or following.startswith(b"/*"))


def _part(hunk: Hunk, a: int, b: int) -> Hunk:
    old = _count(hunk.lines[:a], LineKind.ADDED)
    new = _count(hunk.lines[:a], LineKind.REMOVED)
    return replace(
        hunk,
        old_start=hunk.old_start + old,
        new_start=hunk.new_start + new,
        old_count=_count(hunk.lines[a:b], LineKind.ADDED),
        new_count=_count(hunk.lines[a:b], LineKind.REMOVED),
        section=hunk.section if a == 0 else "",
        lines=hunk.lines[a:b],
    )


def _count(lines: tuple[Line, ...], without: LineKind) -> int:
    return sum(x.kind is not without for x in lines)


def removes(image: Image) -> bytes:
    """Return the name of the function that a part takes away whole; empty if it does not."""
    if any(x.kind is not LineKind.REMOVED and x.text.strip() for x in image.hunk.lines):
        return b""
    if not any(x.rstrip() in _CLOSING for x in image.lines):
        return b""
    return next((name_in(x) for x in image.lines if is_head(x)), b"")


def stands(image: Image, file: Standing) -> bool:
    """Tell whether something telling of a part that is taken away stands in a file yet."""
    layer = file.layer(Level.TOKENS)
    lines = image.said(Level.TOKENS, LineKind.REMOVED)
    return any(telling(x) >= _TELLING and layer.find(x.split(b" ")) for x in lines)


def brings(image: Image) -> bool:
    """Tell whether a part adds something that tells it is there."""
    level = image.levels[-1]
    new, old = (set(x.units) for x in (image.after(level), image.before(level)))
    return telling(b" ".join(new - old)) > 0


def is_loose(image: Image) -> bool:
    """Tell whether a part has neither code around its changes nor a whole block among them.

    Such lines may stand anywhere, and what stands around them then counts.
    """
    side = image.after(image.levels[-1])
    return not (side.first > 0 or side.last < len(side.units) or b"}" in side.units)
