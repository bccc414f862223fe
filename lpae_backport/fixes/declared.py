# SPDX-License-Identifier: GPL-2.0-only
"""Edits of what a file declares: enumerators, fields, initializers, includes, exports."""

import re

from lpae_backport.declarations import enumerators, type_tag
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
    with_comment,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile, label_of
from lpae_backport.syntax import Node
from lpae_backport.whitespace import indent_of, width
from lpae_backport.workplace import Workplace

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>[^\n]*\n", re.MULTILINE)
_ANY_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*\n", re.MULTILINE)


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
    at = line_start(text, anchors[0].start)
    indent = indent_of(text[at:])
    if text[at : anchors[0].start].strip():
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
    change = _beside(here, siblings, at, block, ours, theirs)
    if change is None:
        raise RefusedError(
            f"nothing around {name} in the reference is in struct {edit.owner}", where=file.path
        )
    doc = _documented(ours, theirs, here, there, name, siblings[:at])
    work.change(file, [change, *doc])


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


def _beside(
    here: Node, siblings: list[Node], at: int, block: str, ours: str, theirs: str
) -> Change | None:
    """Return the change that puts a member beside the nearest one that both trees have."""
    for other in reversed(siblings[:at]):
        near = [f for n in _field_names(other) if (f := _declaring(here, n)) is not None]
        if near:
            end = own_lines(ours, near[-1].span).end
            gap = "\n" if _gap(theirs, siblings[at]) else ""
            return Change(Span(end, end), gap + block, lines=True)
    for other in siblings[at + 1 :]:
        near = [f for n in _field_names(other) if (f := _declaring(here, n)) is not None]
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


def entry(edit: Edit, work: Workplace) -> None:
    """Insert an entry into a designated initializer, dressed like those before it."""
    file = work.file(edit.scope.file)
    name = edit.names[0]
    value, pairs = _initializer(edit, file, work)
    if any(_designator(p) == name for p in pairs):
        raise RefusedError(
            f"{name} is initialized to something else", where=work.place(file, pairs[0].start)
        )
    text = text_of(file)
    chosen = [p for p in pairs if _designator(p) in edit.after] or pairs
    anchor = chosen[-1]
    lines = own_lines(text, Span(anchor.start, text.find(",", anchor.end) + 1 or anchor.end))
    if text[anchor.end : lines.end].strip()[:1] != ",":
        lines = Span(line_start(text, anchor.start), line_end(text, anchor.end))
        bare = text[lines.start : anchor.end] + "," + text[anchor.end : lines.end]
    else:
        bare = text[lines.start : lines.end]
    new = _dressed(text[lines.start : lines.end], name, value)
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


def _dressed(line: str, name: str, value: str) -> str:
    """Return an entry aligned like the one of `line`."""
    m = re.match(r"([ \t]*)(\.\w+|\[\w+\])([ \t]*)=([ \t]*)", line)
    if m is None:
        raise RefusedError("the entry before it has another form")
    head = m[1] + name
    if "\t" not in m[3]:
        return f"{head} ={m[4] or ' '}{value},\n"
    column = width(m[1] + m[2] + m[3])
    head += "\t"
    while width(head) < column:
        head += "\t"
    return f"{head}={m[4]}{value},\n"


def include(edit: Edit, work: Workplace) -> None:
    """Include a header of the system, in order among the others of its folder."""
    file = work.file(edit.scope.file)
    add_include(edit.names[0], file, work)


def add_include(header: str, file: CodeFile, work: Workplace) -> None:
    """Insert ``#include <header>`` unless the file has it.

    Raises:
        RefusedError: the file includes nothing, so there is no place for it.
    """
    text = text_of(file)
    if any(i.header == header and i.is_system for i in file.source.includes):
        return
    plain = [m for m in _INCLUDE.finditer(text) if not _conditional(file, m)]
    near = [m for m in plain if m[1].split("/")[0] == header.split("/")[0]]
    if not near:
        others = [m for m in _ANY_INCLUDE.finditer(text) if not _conditional(file, m)]
        at = others[0].start() if others else _head_end(text, file)
    else:
        later = [m for m in near if m[1] > header]
        ordered = [m[1] for m in near] == sorted(m[1] for m in near)
        at = later[0].start() if later and (ordered or later[0] is near[0]) else near[-1].end()
        if later and not ordered and later[0] is not near[0]:
            at = near[near.index(later[0])].start()
    work.change(file, [Change(Span(at, at), f"#include <{header}>\n", lines=True)])


def _conditional(file: CodeFile, m: re.Match[str]) -> bool:
    guards = file.source.conditions_at(Span(m.start(), m.start() + 1))
    return any(not re.fullmatch(r"!defined\(\w+\)", g) for g in guards) or file.source.is_dead(
        m.start()
    )


def forward(edit: Edit, work: Workplace) -> None:
    """Declare a struct ahead of its use, behind the includes of a header."""
    file = work.file(edit.scope.file)
    line = f"struct {edit.names[0]};"
    text = text_of(file)
    if re.search(rf"^struct {edit.names[0]};$", text, re.MULTILINE):
        return
    at = _head_end(text, file)
    behind = text[at : line_end(text, at)].strip()
    new = f"\n{line}\n" + ("\n" if behind else "")
    work.change(file, [Change(Span(at, at), new, lines=True)])


def _head_end(text: str, file: CodeFile) -> int:
    """Return the offset behind the includes of a header, or behind its guard if it has none.

    Raises:
        RefusedError: it has neither.
    """
    includes = [m for m in _ANY_INCLUDE.finditer(text) if not _conditional(file, m)]
    if includes:
        return includes[-1].end()
    guard = re.search(r"^#ifndef[ \t]+(\w+)[ \t]*\n#define[ \t]+\1[ \t]*\n", text, re.MULTILINE)
    if guard is None:
        raise RefusedError("no #include to put something beside", where=file.path)
    return guard.end()


def export(edit: Edit, work: Workplace) -> None:
    """Export functions to modules, under the GPL as their users are."""
    for name in edit.names:
        file = work.file(edit.scope.file)
        if name in file.exports:
            continue
        found = file.functions.get(name, [])
        if len(found) != 1:
            raise RefusedError(f"{len(found)} definitions of {name}", where=file.path)
        end = line_end(text_of(file), found[0].span.end - 1)
        new = Change(Span(end, end), f"EXPORT_SYMBOL_GPL({name});\n", lines=True)
        work.change(file, [new])
