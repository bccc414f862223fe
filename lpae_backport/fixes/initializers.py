# SPDX-License-Identifier: GPL-2.0-only
"""Edits of designated initializers."""

import re

from lpae_backport.declarations import type_tag
from lpae_backport.errors import RefusedError
from lpae_backport.location import Span
from lpae_backport.rewriting import (
    Change,
    Site,
    bodies,
    line_end,
    line_start,
    own_lines,
    text_of,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node
from lpae_backport.whitespace import width
from lpae_backport.workplace import Workplace


def entry(edit: Edit, work: Workplace) -> None:
    """Insert an entry into a designated initializer, dressed like those before it."""
    file = work.file(edit.scope.file)
    name = edit.names[0]
    value, pairs = _initializer(edit, file, work)
    text = text_of(file)
    for p in (p for p in pairs if _designator(p) == name):
        other = text[p.kids[-1].start : p.kids[-1].end]
        raise RefusedError(
            f"{name} is initialized to {other}, not {value}", where=work.place(file, p.start)
        )
    chosen = [p for p in pairs if _designator(p) in edit.after] or pairs
    anchor = chosen[-1]
    lines = own_lines(text, Span(anchor.start, text.find(",", anchor.end) + 1 or anchor.end))
    if text[anchor.end : lines.end].strip()[:1] != ",":
        lines = Span(line_start(text, anchor.start), line_end(text, anchor.end))
        bare = text[lines.start : anchor.end] + "," + text[anchor.end : lines.end]
    else:
        bare = text[lines.start : lines.end]
    new = dressed(text[lines.start : lines.end], name, value)
    work.change(file, [Change(lines, bare + new, lines=True)])


def _initializer(edit: Edit, file: CodeFile, work: Workplace) -> tuple[str, list[Node]]:
    """Return the value to put in, and the entries that are there."""
    filler = work.template(file)
    lists: list[tuple[Node, str]] = []
    for node in file.object_nodes(edit.owner):
        lists += [(n, edit.template) for n in node.walk() if n.kind == "initializer_list"][:1]
    for function, body in bodies(file, edit.scope.functions) if edit.scope.functions else ():
        for n in body.nodes:
            if n.kind == "initializer_list" and _is_of(n, edit.owner):
                lists.append((n, filler.fill(edit.template, Site(function, body, n, {}))))
    unique = {n.start: (n, v) for n, v in lists}
    if len(unique) != 1:
        where = " or ".join(edit.scope.functions) or file.path
        raise RefusedError(
            f"{len(unique)} initializers of {edit.owner} in {where}", where=file.path
        )
    node, value = next(iter(unique.values()))
    pairs = [p for p in node.kids if p.kind == "initializer_pair"]
    if not pairs:
        raise RefusedError(
            f"the initializer of {edit.owner} names no field", where=work.place(file, node.start)
        )
    return value, pairs


def _is_of(initializer: Node, tag: str) -> bool:
    for n in initializer.ancestors():
        if n.kind in ("declaration", "compound_literal_expression"):
            return type_tag(n) == tag
        if n.kind in ("initializer_list", "compound_statement"):
            return False
    return False


def _designator(pair: Node) -> str:
    d = pair.kids[0]
    word = next((n.label for n in d.walk() if n.kind in ("field_identifier", "identifier")), "")
    return f"[{word}]" if d.kind == "subscript_designator" else f".{word}"


def dressed(line: str, name: str, value: str) -> str:
    """Return an entry aligned like the one of `line`."""
    m = re.match(r"([ \t]*)(\.\w+|\[\w+\])([ \t]*)=([ \t]*)", line)
    if m is None:
        raise RefusedError("the entry before it has another form")
    head = m[1] + name
    column = width(m[1] + m[2] + m[3])
    if len(m[3]) > 1 and "\t" not in m[3]:
        head += " " * (column - width(head))
    if "\t" not in m[3] and not head.endswith(" "):
        return f"{head} ={m[4] or ' '}{value},\n"
    while "\t" in m[3] and (width(head) < column or not head.endswith("\t")):
        head += "\t"
    return f"{head}={m[4]}{value},\n"
