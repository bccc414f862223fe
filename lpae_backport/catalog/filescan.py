# SPDX-License-Identifier: GPL-2.0-only
"""Finds what a C or Kconfig file introduces, by one quick scan without a parser.

A whole tree has a hundred times more C than a grammar can read while somebody waits. The scan
takes the preprocessor's lines, then goes from one file-level statement to the next and skips the
bodies of functions; what a name means is then read from the few places that matter.
"""

import re

from lpae_backport.catalog.definitions import Definition, Kind, Outline
from lpae_backport.catalog.statements import statements
from lpae_backport.masking import COMMENT_OR_LITERAL

_DIRECTIVE = re.compile(
    rb"^[ \t]*#[ \t]*(?:define[ \t]+(\w+)|include[ \t]*([^\n\\]*)|(\w*))"
    rb"([^\n\\]*(?:\\(?:\r\n|.)[^\n\\]*)*)",
    re.DOTALL | re.MULTILINE,
)
_NEVER = re.compile(rb"^[ \t]*#[ \t]*if[ \t]+0\b", re.MULTILINE)
_NESTING = re.compile(rb"^[ \t]*#[ \t]*(if|else|elif|endif)", re.MULTILINE)
_HEADER = re.compile(rb"([<\"])([^>\"\n]+)[>\"]")
_EXPORT = re.compile(
    rb"^[ \t]*EXPORT_(?:SYMBOL|PER_CPU_SYMBOL|TRACEPOINT_SYMBOL)\w*\s*\(\s*(\w+)", re.M
)
_CONFIG = re.compile(
    rb"^[ \t]*(?:(?:menu)?config[ \t]+(\w+)"
    rb"|(?:menu|endmenu|choice|endchoice|source|comment|mainmenu|endif)\b)",
    re.MULTILINE,
)
_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb" \n")
_NEAR = 200
"""How far before the name of a header its ``#include`` is looked for."""
_MAX_NAMES = 200_000
"""Most names taken from one file; the largest register header of Linux 6.12 has 60,000."""


def scan(data: bytes) -> Outline:
    """Find what a file introduces at file level.

    Args:
        data: the file, in whatever encoding.

    Returns:
        Its outline. Alternatives under ``#if`` are all told; what stands under ``#if 0`` is not.
    """
    text = quiet(data)
    found: list[Definition] = []
    includes: list[tuple[bool, str]] = []
    if b"#" in text:
        text = _without_directives(text, found, includes)
    found += statements(text)
    exports = frozenset(m[1].decode() for m in _EXPORT.finditer(text)) if b"EXPORT_" in text else ()
    found.sort(key=lambda d: d.start)
    return Outline(tuple(found[:_MAX_NAMES]), tuple(includes), frozenset(exports))


def scan_kconfig(data: bytes) -> Outline:
    """Find the symbols that a Kconfig file defines; the range of each is its whole entry."""
    found = []
    starts = list(_CONFIG.finditer(data))
    for i, m in enumerate(starts):
        end = starts[i + 1].start() if i + 1 < len(starts) else len(data)
        if m[1] is not None:
            name = m[1].decode()
            found.append(Definition(Kind.CONFIG, f"CONFIG_{name}", m.start(), end))
    return Outline(tuple(found), (), frozenset())


def outline_of(path: str, data: bytes) -> Outline:
    """Return what a file introduces, by the kind of file that its name tells."""
    if path.rpartition("/")[2].startswith("Kconfig"):
        return scan_kconfig(data)
    return scan(data)


def quiet(data: bytes) -> bytes:
    """Return the text with comments, and what is in literals, blanked; every byte keeps its place.

    The names of headers stay, for they are no literals.
    """
    if data.startswith(_MARK):
        data = b"   " + data[3:]
    return COMMENT_OR_LITERAL.sub(_blank, data)


def _blank(m: re.Match[bytes]) -> bytes:
    text = m[0]
    if text[0] in b"\"'":
        if m[1] is not None:
            return text
        near = m.string[max(m.start() - _NEAR, 0) : m.start()].rpartition(b"\n")[2]
        if b"#" in near and b"include" in near:
            return text
        return b'"' + b" " * (len(text) - 2) + b'"'
    lines = text.count(b"\n")
    if not lines:
        return b" " * len(text)
    if not _is_directive(m.string, m.start()):
        return b"\n".join(b" " * len(part) for part in text.split(b"\n"))
    # No directive ends within a comment, whether its lines end with a backslash or not.
    return _LINE_END.sub(b"\\\n", b"\n".join(b" " * len(p) for p in text.split(b"\n")))


def _is_directive(text: bytes, at: int) -> bool:
    """Tell whether a comment is in a line of the preprocessor, or in one that continues it."""
    start = text.rfind(b"\n", max(at - _NEAR, 0), at) + 1
    before = text[max(start - 3, 0) : start]
    return before.endswith((b"\\\n", b"\\\r\n")) or text[start:at].lstrip()[:1] == b"#"


def _without_directives(
    text: bytes, found: list[Definition], includes: list[tuple[bool, str]]
) -> bytes:
    """Blank the preprocessor's lines, noting what they define and include."""
    if _NEVER.search(text):
        text = _without_dead(text)
    parts: list[bytes] = []
    at = 0
    for m in _DIRECTIVE.finditer(text):
        start, end = m.span()
        if m[1] is not None:
            found.append(Definition(Kind.MACRO, m[1].decode(), start, end))
        elif m[2] is not None:
            h = _HEADER.match(m[2].lstrip())
            includes.append((h[1] == b"<", h[2].decode("latin-1")) if h else (True, ""))
        parts += (text[at:start], b" " * (end - start))
        at = end
    parts.append(text[at:])
    return b"".join(parts)


def _without_dead(text: bytes) -> bytes:
    """Blank what stands under ``#if 0``, up to its ``#else`` or ``#endif``."""
    out = bytearray(text)
    depth = dead = 0
    start = 0
    for m in _NESTING.finditer(text):
        word = m[1]
        if word == b"if":
            depth += 1
            if not dead and _NEVER.match(text, m.start()):
                dead, start = depth, m.end()
        elif dead == depth and dead:
            out[start : m.start()] = re.sub(rb"[^\n]", b" ", text[start : m.start()])
            dead = 0
        if word == b"endif":
            depth -= 1
    return bytes(out)
