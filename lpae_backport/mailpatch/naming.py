# SPDX-License-Identifier: GPL-2.0-only
"""The paths that a patch names: quoted, dated, with or without ``a/`` and ``b/``."""

import re
from collections.abc import Callable

from lpae_backport.errors import TreeError

NOTHING = "/dev/null"
_SIDES = ("a/", "b/", "i/", "w/", "c/", "o/")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.S)
_LETTERS = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_DATED = re.compile(
    r"(\S+)\s+(?:\d{4}-\d\d-\d\d|[A-Z][a-z]{2} [A-Z][a-z]{2} |\(revision|\(working)"
)


def unquoted(text: str) -> str:
    """Return a path as it is, from how git writes it: C-quoted, non-ASCII bytes in octal."""
    text = text.strip()
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    raw = _ESCAPE.sub(_unescaped, text[1:-1])
    try:
        return raw.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return raw


def _unescaped(m: re.Match[str]) -> str:
    code = m[1]
    return chr(int(code, 8) & 0xFF) if len(code) == 3 else _LETTERS.get(code, code)


def quoted(path: str) -> str:
    """Return a path as git writes it."""
    raw = path.encode("utf-8", "surrogateescape")
    if all(0x20 <= c < 0x7F and c not in b'"\\' for c in raw):
        return path
    names = {ord(v): k for k, v in _LETTERS.items()}
    out = []
    for c in raw:
        if c in names:
            out.append(f"\\{names[c]}")
        elif c in b'"\\':
            out.append(f"\\{chr(c)}")
        else:
            out.append(chr(c) if 0x20 <= c < 0x7F else f"\\{c:03o}")
    return '"' + "".join(out) + '"'


def named(text: str) -> str:
    """Return the path in what follows ``---`` or ``+++``: without a date behind it."""
    text = text.split("\t", 1)[0]
    m = _DATED.match(text)
    return unquoted(m[1] if m is not None else text)


def both(text: str) -> tuple[str, str]:
    """Return the two paths of a ``diff --git`` line; both are empty if it has not got two."""
    text = text.strip()
    m = re.fullmatch(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)', text)
    if m is not None:
        return unquoted(m[1]), unquoted(m[2])
    half = len(text) // 2
    if len(text) % 2 and text[half] == " " and text[1:half] == text[half + 2 :]:
        return text[:half], text[half + 1 :]
    return "", ""


def stripped(old: str, new: str, is_file: Callable[[str], bool]) -> tuple[str, str]:
    """Return two paths without what stands before the kernel's root.

    Args:
        old: the path before; empty or ``/dev/null`` if there is none.
        new: the path after.
        is_file: tells whether the tree has a file.
    """
    sides = [p for p in (old, new) if p not in ("", NOTHING)]
    if sides and all(p.startswith(_SIDES) for p in sides) and not any(map(is_file, sides)):
        return _cut(old, 1), _cut(new, 1)
    for count in range(6):
        if any(is_file(_cut(p, count)) for p in sides):
            return _cut(old, count), _cut(new, count)
    if len(sides) == 2 and old != new and _cut(old, 1) == _cut(new, 1) != "":
        return _cut(old, 1), _cut(new, 1)
    return _cut(old, 0), _cut(new, 0)


def _cut(path: str, count: int) -> str:
    if path in ("", NOTHING):
        return ""
    parts = path.split("/", count)
    return parts[count] if len(parts) > count else ""


def leads_out(path: str) -> bool:
    """Tell whether a path is none below a folder."""
    return path.startswith("/") or ".." in path.split("/") or "\0" in path


def check(path: str, where: str) -> None:
    """Refuse a path that leads out of a tree.

    Raises:
        TreeError: it does.
    """
    if leads_out(path) or ".git" in path.split("/") or "\n" in path:
        shown = path.encode("ascii", "backslashreplace").decode()
        shown = "".join(c if c.isprintable() else "?" for c in shown)[:200]
        raise TreeError(f"changes '{shown}', which is outside a tree", where=where)
