# SPDX-License-Identifier: GPL-2.0-only
"""Is most of what a hunk would add in the file already, though the place for it is free?

A new function leaves the lines on either side of it as they were: where a later patch has changed
it, the hunk still applies above or below, and makes it twice.
"""

import re
from collections.abc import Collection

from lpae_backport.mailpatch.model import Line, LineKind
from lpae_backport.presence.chunks import telling, telling_in
from lpae_backport.presence.heads import is_head, macro_in, name_in
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import Level, squeezed
from lpae_backport.presence.leftover import stands_whole
from lpae_backport.presence.standing import Standing

_AGGREGATE = re.compile(rb"(?:typedef[ \t]+)?(?:struct|union|enum)\b[^;()]*\{")
_ENUMERATOR = re.compile(rb"[ \t]+(\w+)[ \t]*(?:=[^,;]*)?,")
_FIELD = re.compile(rb"[ \t]+[A-Za-z_][\w \t*]*?[ \t*](\w+)(?:\[[^];]*\])?[ \t]*(?::[ \t]*\d+)?;")
_TELLING = 2
"""Telling words of a line that counts."""
_LEAST = 2
"""Lines that must count for a hunk to be known by them."""
_MOST = 0.7
"""The share of them that the file must have."""


def in_function(image: Image, file: Standing) -> tuple[list[Line], int]:
    """Return the lines of C that a hunk adds if the function it names has all, and where that is.

    Args:
        image: the hunk.
        file: the file.
    """
    added = image.said_by(Level.TOKENS, LineKind.ADDED) if image.is_code else {}
    if sum(telling(x) for x in added.values()) < _TELLING:
        return [], 0
    before = b" %b " % b" ".join(image.before(Level.TOKENS).units)
    for first, last in file.extents(image.name):
        text = b" %b " % b" ".join(file.code(first, last))
        sought = (b" %b " % x for x in added.values())
        if all(text.count(x) > before.count(x) for x in sought):
            return [image.hunk.lines[i] for i in added], first
    return [], 0


def redefined(image: Image, file: Standing, moved: Collection[bytes]) -> tuple[bytes, int]:
    """Return a macro or member that a hunk adds and a file has in another way, and where.

    Args:
        image: the hunk.
        file: the file.
        moved: lines of the file that the patch takes away or shows, squeezed.
    """
    rows = zip(image.lines, image.hunk.lines, strict=True)
    added = [x for x, h in rows if h.kind is LineKind.ADDED]
    macros = sorted(n for x in added for n in file.defined.get(macro_in(x), ()))
    members = {m for x in added if (m := _member(x))} if file.is_c else set()
    extents = file.extents(image.home) if members else []
    inside = (n for a, b in extents if _AGGREGATE.match(file.lines[a - 1]) for n in range(a, b + 1))
    for number in (*macros, *inside):
        line = file.lines[number - 1]
        name = macro_in(line) or _member(line)
        if squeezed(line) not in moved and (number in macros or name in members):
            return name, number
    return b"", 0


def _member(line: bytes) -> bytes:
    """Return the enumerator or field that a line within a type declares; empty if it is none."""
    found = _ENUMERATOR.match(line) or _FIELD.match(line)
    return found[1] if found is not None else b""


def already(image: Image, file: Standing, moved: Collection[bytes]) -> tuple[list[Line], int]:
    """Return the added lines that a file has, if it has most of them, and where the first is.

    Args:
        image: the hunk.
        file: the file.
        moved: lines that the patch takes from somewhere in the file, squeezed.
    """
    lines = zip(image.lines, image.hunk.lines, strict=True)
    added = [(squeezed(x), x, h) for x, h in lines if h.kind is LineKind.ADDED]
    added = [a for a in added if a[0] not in moved]
    counted = [a for a in added if telling_in(a[0]) >= _TELLING]
    heads = [x for x, raw, _ in added if is_head(raw) and name_in(raw)]
    where = file.where
    if not heads or not all(x in where for x in heads):
        return [], 0  # code is like other code: only what has a name is known again
    if stands_whole(image, file, LineKind.ADDED):
        return [h for _, _, h in added], where[heads[0]]
    there = [h for x, _, h in counted if x in where]
    is_most = len(counted) >= _LEAST and len(there) >= _MOST * len(counted)
    return (there, where[heads[0]]) if is_most else ([], 0)
