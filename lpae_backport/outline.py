# SPDX-License-Identifier: GPL-2.0-only
"""What a file defines, in the order of its text, each with the comment above it.

The order tells where something copied from one tree belongs in another: behind what stands before
it there.
"""

import re
from dataclasses import dataclass

from lpae_backport.location import Span
from lpae_backport.rewriting import line_end, line_start, text_of, with_comment
from lpae_backport.symbols import CodeFile

_TYPE = re.compile(r"\b(struct|union|enum)\s+(\w+)\s*\{")
_TYPEDEF = re.compile(r"(\w+)\s*;\s*$")
_OBJECT = re.compile(r"(\w+)\s*(?:\[[^=]*\])*\s*=")
_PROTOTYPE = re.compile(r"(\w+)\s*\(")
_PLAIN = re.compile(r"(\w+)\s*(?:\[[^\]]*\])*\s*(?:__\w+\s*)*;\s*$")


@dataclass(frozen=True, order=True)
class Item:
    """One thing that a file defines or declares.

    Attributes:
        span: whole lines, the comment above included.
        name: what it is called.
        kind: ``function``, ``macro``, ``object``, ``type`` or ``declaration``.
    """

    span: Span
    name: str
    kind: str


def outline(file: CodeFile) -> list[Item]:
    """Return what a file defines, in order; what could not be named is left out."""
    text = text_of(file)
    found = []
    for fs in file.functions.values():
        found += [_item(text, f.span, f.name, "function") for f in fs]
    for ms in file.source.macros.values():
        found += [_item(text, m.span, m.name, "macro") for m in ms]
    for span, kind in file.others():
        name, what = _named(file.source.masked[span.start : span.end].decode("latin-1"), kind)
        if name:
            found.append(_item(text, span, name, what))
    return sorted(set(found))


def _item(text: str, span: Span, name: str, kind: str) -> Item:
    first = len(text[: span.start]) + len(text[span.start :]) - len(text[span.start :].lstrip())
    start = with_comment(text, first)
    end = line_end(text, max(span.end - 1, span.start))
    return Item(Span(start, end), name, kind)


def _named(text: str, kind: str) -> tuple[str, str]:
    if kind == "type_definition":
        m = _TYPEDEF.search(text)
        return (m[1], "type") if m else ("", "")
    if m := _TYPE.search(text):
        return m[2], "type"
    if kind != "declaration":
        return "", ""
    if m := _OBJECT.search(text):
        return m[1], "object"
    if m := _PROTOTYPE.search(text):
        return m[1], "declaration"
    if m := _PLAIN.search(text):
        return m[1], "declaration" if text.lstrip().startswith("extern") else "object"
    return "", ""


def find(items: list[Item], name: str) -> Item | None:
    """Return the definition of `name`, or a declaration where it is only declared."""
    named = [i for i in items if i.name == name]
    return next((i for i in named if i.kind != "declaration"), named[0] if named else None)


def blank_before(text: str, item: Item) -> bool:
    """Tell whether an empty line stands above an item."""
    return text[line_start(text, max(item.span.start - 1, 0)) : item.span.start].strip() == ""


def blank_after(text: str, item: Item) -> bool:
    """Tell whether an empty line stands below an item."""
    return text[item.span.end : line_end(text, item.span.end)].strip() == ""
