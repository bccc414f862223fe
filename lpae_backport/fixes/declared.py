# SPDX-License-Identifier: GPL-2.0-only
"""Edits of what a header declares: enumerators, and fields with their kernel-doc."""

import re

from lpae_backport.declarations import enumerators
from lpae_backport.errors import RefusedError
from lpae_backport.location import Span
from lpae_backport.rewriting import (
    Change,
    line_end,
    line_start,
    own_lines,
    text_of,
    with_comment,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile, label_of
from lpae_backport.syntax import Node
from lpae_backport.whitespace import indent_of
from lpae_backport.workplace import Workplace


def enumerator(edit: Edit, work: Workplace) -> None:
    """Insert an enumerator before or after another one."""
    file = work.file(edit.scope.file)
    found = file.type_nodes("enum", edit.owner)
    if len(found) != 1:
        raise RefusedError(f"{len(found)} definitions of enum {edit.owner}", where=file.path)
    named = {label_of(e.kid("name")) or e.kids[0].label: e for e in enumerators(found[0])}
    if edit.names[0] in named:
        raise RefusedError(f"{edit.names[0]} is there, but not where it belongs", where=file.path)
    anchors = [named[n] for n in (*edit.before, *edit.after) if n in named]
    if not anchors:
        wanted = " or ".join((*edit.before, *edit.after))
        raise RefusedError(f"enum {edit.owner} has no {wanted}", where=file.path)
    text = text_of(file)
    conditions = file.source.conditions_at
    where = work.place(file, anchors[0].start)
    if conditions(anchors[0].span) != conditions(Span(found[0].start, found[0].start + 1)):
        raise RefusedError("preprocessor lines stand in the enum", where=where)
    if len(anchors[0].kids) > 1:
        raise RefusedError(f"{anchors[0].kids[0].label} has a value of its own", where=where)
    at = with_comment(text, anchors[0].start)
    indent = indent_of(text[line_start(text, anchors[0].start) :])
    if text[line_start(text, anchors[0].start) : anchors[0].start].strip():
        work.change(file, [Change(Span(anchors[0].start, anchors[0].start), f"{edit.names[0]}, ")])
        return
    work.change(file, [Change(Span(at, at), f"{indent}{edit.names[0]},\n", lines=True)])


def field(edit: Edit, work: Workplace) -> None:
    """Copy a field of a struct from the reference, with its line of kernel-doc."""
    file = work.file(edit.scope.file)
    here = _struct(file, edit.owner)
    for source in work.files_of_reference(edit.scope.file):
        if source.type_nodes("struct", edit.owner):
            break
    there = _struct(source, edit.owner)
    name = edit.names[0]
    wanted = _declaring(there, name)
    if wanted is None or wanted.parent is None:
        raise RefusedError(f"the reference's struct {edit.owner} has no {name}", where=source.path)
    if _declaring(here, name) is not None:
        return
    siblings = wanted.parent.kids
    at = siblings.index(wanted)
    theirs, ours = text_of(source), text_of(file)
    lines = own_lines(theirs, wanted.span)
    block = theirs[with_comment(theirs, lines.start) : lines.end]
    change = _beside(_plain_fields(here, file), siblings, at, block, ours, theirs)
    if change is None:
        raise RefusedError(
            f"nothing around {name} in the reference is in struct {edit.owner}", where=file.path
        )
    doc = _documented(ours, theirs, here, there, name, siblings[:at])
    work.change(file, [change, *doc])
    work.copied[name] = None


def _struct(file: CodeFile, tag: str) -> Node:
    found = file.type_nodes("struct", tag)
    if len(found) != 1:
        raise RefusedError(f"{len(found)} definitions of struct {tag}", where=file.path)
    return found[0]


def _field_names(declaration: Node) -> list[str]:
    names: list[str] = []
    for d in (k for k in declaration.kids if k.role == "declarator"):
        names += [n.label for n in d.walk() if n.kind == "field_identifier"][:1]
    return names


def _declaring(struct: Node, name: str) -> Node | None:
    """Return the member's declaration, in the struct or an unnamed one of its members."""
    for n in struct.walk():
        if n.kind == "field_declaration" and name in _field_names(n):
            return n
    return None


def _plain_fields(struct: Node, file: CodeFile) -> dict[str, Node]:
    """Return the fields that stand under no condition of their own, by name."""
    conditions = file.source.conditions_at
    usual = conditions(Span(struct.start, struct.start + 1))
    found: dict[str, Node] = {}
    for n in struct.walk():
        if n.kind == "field_declaration" and conditions(n.span) == usual:
            found |= dict.fromkeys(_field_names(n), n)
    return found


def _beside(
    here: dict[str, Node], siblings: list[Node], at: int, block: str, ours: str, theirs: str
) -> Change | None:
    """Return the change that puts a member beside the nearest one that both trees have."""
    for other in reversed(siblings[:at]):
        near = [here[n] for n in _field_names(other) if n in here]
        if near:
            end = own_lines(ours, near[-1].span).end
            gap = "\n" if _gap(theirs, siblings[at]) else ""
            return Change(Span(end, end), gap + block, lines=True)
    for other in siblings[at + 1 :]:
        near = [here[n] for n in _field_names(other) if n in here]
        if near:
            start = with_comment(ours, own_lines(ours, near[0].span).start)
            return Change(Span(start, start), block, lines=True)
    return None


def _gap(text: str, member: Node) -> bool:
    start = with_comment(text, line_start(text, member.start))
    return not text[line_start(text, max(start - 1, 0)) : start].strip()


def _documented(
    ours: str, theirs: str, here: Node, there: Node, name: str, above: list[Node]
) -> list[Change]:
    """Return the change to the struct's kernel-doc, where both sides have one."""
    line = _doc_lines(theirs, there).get(name)
    known = _doc_lines(ours, here)
    if line is None or not known or name in known:
        return []
    block = re.sub(rf"(@{name})(?!:)(\s)", r"\1:", theirs[line.start : line.end], count=1)
    for other in reversed(above):
        for n in reversed(_field_names(other)):
            if n in known:
                return [Change(Span(known[n].end, known[n].end), block, lines=True)]
    return []


def _doc_lines(text: str, struct: Node) -> dict[str, Span]:
    """Return the lines of kernel-doc above a struct by the member they tell of."""
    first = with_comment(text, struct.start)
    end = line_start(text, struct.start)
    found: dict[str, Span] = {}
    name, start = "", 0
    at = first
    while at < end:
        after = line_end(text, at)
        m = re.match(r"\s*\*\s*@(\w+)", text[at:after])
        blank = re.fullmatch(r"\s*(?:\*|\*/)?\s*", text[at:after])
        if name and (m or blank):
            found[name] = Span(start, at)
            name = ""
        if m:
            name, start = m[1], at
        at = after
    return found
