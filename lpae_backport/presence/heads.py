# SPDX-License-Identifier: GPL-2.0-only
"""Which function, type or table does a line stand in? As git's hunk headers say it."""

import re
from collections.abc import Sequence

_WIDE = 400
"""Columns of a head that are looked at."""
_LABEL = re.compile(rb"\w+\s*:(?!:)")
_TAG = re.compile(rb"\b(?:struct|union|enum)\s+([A-Za-z_]\w*)\s*\{")
_BARE = re.compile(rb"(?:typedef\s+)?(?:struct|union|enum)\s+([A-Za-z_]\w*)\Z")
_BEFORE = re.compile(rb"([A-Za-z_]\w*)\s*(?:\(|\[|=|;)")
_DEFINE = re.compile(rb"[ \t]*#[ \t]*define[ \t]+(\w+)")
_ENTRY = re.compile(rb"[ \t]*(?:menu)?config[ \t]+(\w+)[ \t]*\Z")
_MACRO = re.compile(rb"\b(?:SYSCALL|COMPAT_SYSCALL)_DEFINE\w*\s*\(\s*(\w+)")


def is_head(line: bytes) -> bool:
    """Tell whether a line begins a function or the like: it begins in the first column."""
    first = line[:1]
    return (first.isalpha() or first in (b"_", b"$")) and _LABEL.match(line) is None


def head_above(lines: Sequence[bytes], line: int) -> bytes:
    """Return the nearest head above a line; empty where there is none.

    Args:
        lines: the file.
        line: a line of it, counted from 1.
    """
    for i in range(min(line - 1, len(lines)) - 1, -1, -1):
        if is_head(lines[i]):
            return lines[i]
    return b""


def name_in(head: bytes) -> bytes:
    """Return what a head gives a name to; empty where it tells none."""
    text = head[:_WIDE].split(b"/*")[0].strip()
    macro = _MACRO.search(text)
    if macro is not None:
        return macro[1]
    found = _BEFORE.search(text)
    tag = _TAG.search(text) or _BARE.match(text)
    if tag is not None and (found is None or tag.start() < found.start()):
        return tag[1]
    return found[1] if found is not None else b""


def macro_in(line: bytes) -> bytes:
    """Return the macro that a line defines; empty if it defines none."""
    found = _DEFINE.match(line)
    return found[1] if found is not None else b""


def entry_in(line: bytes) -> str:
    """Return the symbol of the Kconfig entry that a line begins; empty where it begins none."""
    found = _ENTRY.match(line)
    return found[1].decode("ascii", "replace") if found is not None else ""


def same_head(section: bytes, head: bytes) -> bool:
    """Tell whether two heads are of the same thing; the section of a hunk may be cut off."""
    one, other = b" ".join(section.split()), b" ".join(head.split())
    if not one or not other:
        return one == other
    if other.startswith(one) or one.startswith(other):
        return True
    return name_in(one) == name_in(other) != b""
