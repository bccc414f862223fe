# SPDX-License-Identifier: GPL-2.0-only
"""The statement around a name, and the parentheses in it."""

import re
from dataclasses import dataclass

from lpae_backport.uses.headings import Frame, before

AHEAD = 300
"""Bytes behind a name, or before it, that are enough to tell what is next to it."""
FAR = 20_000
"""Most bytes of a list of parameters."""
KEYWORDS = frozenset(
    b"return else goto case sizeof do if while for switch default break continue in typeof".split()
)
"""Words that neither begin a declaration nor are called."""


@dataclass(frozen=True, slots=True)
class Around:
    """The statement around a name.

    Attributes:
        head: the statement up to the name.
        tail: what follows the name, white space at its beginning left out.
        depth: how many parentheses are open.
        code: the whole text, comments, literals and preprocessor lines blanked.
        start: the offset of the name.
        end: the offset behind it.
    """

    head: bytes
    tail: bytes
    depth: int
    code: bytes
    start: int
    end: int


def around(code: bytes, start: int, end: int) -> Around:
    """Return the statement around a name."""
    head = before(code, start)
    tail = code[end : end + AHEAD].lstrip(b" \t\r\n\\")
    return Around(head, tail, head.count(b"(") - head.count(b")"), code, start, end)


def closing(code: bytes, at: int) -> int:
    """Return where the parenthesis at a place is closed; -1 where it is not, nearby."""
    depth = 0
    for m in re.finditer(rb"[()]", code[at : at + FAR]):
        depth += 1 if m[0] == b"(" else -1
        if depth == 0:
            return at + m.start()
    return -1


def role(a: Around, frame: Frame | None) -> str:
    """Return which argument of which call a name is, or which field it initializes."""
    if a.depth > 0:
        depth = commas = 0
        for at in range(len(a.head) - 1, -1, -1):
            c = a.head[at]
            if c == 41:
                depth += 1
            elif c == 44 and depth == 0:
                commas += 1
            elif c == 40:
                depth -= 1
                if depth < 0:
                    callee = re.search(rb"([A-Za-z_]\w*)\s*\Z", a.head[:at])
                    if callee and callee[1] not in KEYWORDS:
                        return f"argument {commas + 1} of {callee[1].decode()}"
                    depth = commas = 0
    if frame is Frame.VALUES:
        near = a.code[max(0, a.start - AHEAD) : a.start]
        field = re.search(rb"\.\s*(\w+)\s*=[^,{}]*\Z", near)
        return f"value of .{field[1].decode()}" if field else ""
    return ""


def arguments(a: Around) -> tuple[str, ...]:
    """Return what a call passes, each argument without white space."""
    start = a.code.find(b"(", a.end)
    close = closing(a.code, start) if start >= 0 else -1
    if close < 0 or close - start > 2000:
        return ()
    found: list[str] = []
    depth, at = 0, start + 1
    for m in re.finditer(rb"[(),\[\]{}]", a.code[start + 1 : close]):
        if m[0] in b"([{":
            depth += 1
        elif m[0] in b")]}":
            depth -= 1
        elif depth == 0:
            found.append(_squeezed(a.code[at : start + 1 + m.start()]))
            at = start + 2 + m.start()
    found.append(_squeezed(a.code[at:close]))
    return tuple(found) if found != [""] else ()


def _squeezed(text: bytes) -> str:
    return b"".join(text.split()).decode("latin-1")[:100]
