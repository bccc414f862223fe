# SPDX-License-Identifier: GPL-2.0-only
"""Edits of statements and expressions, made by pattern in the target's own text."""

from lpae_backport.errors import RefusedError
from lpae_backport.fixes.adaptation import adapted_block
from lpae_backport.location import Span
from lpae_backport.pattern import Pattern
from lpae_backport.rewriting import (
    Change,
    Site,
    is_alone,
    own_lines,
    sites,
    statement_of,
    text_of,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node
from lpae_backport.template import block_of, deleted, replaced
from lpae_backport.whitespace import fit, fold, indent_of, line_limit, margin, width
from lpae_backport.workplace import Workplace

_LEAVING = frozenset({"return_statement", "goto_statement"})


def replace(edit: Edit, work: Workplace) -> None:
    """Put a template in place of everything a pattern matches in the scope."""
    file = work.file(edit.scope.file)
    filler = work.template(file)
    found = _held(edit, _outermost(sites(file, edit.scope.functions, edit.patterns)))
    if edit.guarding:
        found = [s for s in found if _decides(s.node, edit.guarding)]
    if _missing(edit, found, file):
        return
    work.change(file, [replaced(file, s, edit.template, filler) for s in found])


def delete(edit: Edit, work: Workplace) -> None:
    """Take out the statements that a pattern matches, with the comment above them."""
    file = work.file(edit.scope.file)
    found = _held(edit, _outermost(sites(file, edit.scope.functions, edit.patterns)))
    for s in found:
        block = statement_of(s.node).parent
        if block is None or block.parent is None or block.parent.kind != "function_definition":
            where = work.place(file, s.node.start)
            raise RefusedError("the statement to go stands under a condition", where=where)
    if not _missing(edit, found, file):
        work.change(file, [deleted(text_of(file), statement_of(s.node)) for s in found])


def insert(edit: Edit, work: Workplace) -> None:
    """Put a template behind the one statement that a pattern matches."""
    file = work.file(edit.scope.file)
    site = _sole(edit, file, work)
    if site is None:
        return
    text = text_of(file)
    statement = statement_of(site.node)
    lines = own_lines(text, statement.span)
    _check_alone(statement)
    indent = indent_of(text[lines.start : lines.end])
    new = block_of(work.template(file).fill(edit.template, site), text, indent) + "\n"
    work.change(file, [Change(Span(lines.end, lines.end), new, lines=True)])


def _sole(edit: Edit, file: CodeFile, work: Workplace) -> Site | None:
    """Return the one place an edit is for, or nothing if there is none and need not be."""
    found = _held(edit, sites(file, edit.scope.functions, edit.patterns))
    if _missing(edit, found, file):
        return None
    if len(found) > 1:
        where = work.place(file, found[1].node.start)
        raise RefusedError("more than one statement could be meant", where=where)
    return found[0]


def _check_alone(statement: Node) -> None:
    if not is_alone(statement):
        raise RefusedError("the statement has no braces around it")


def _missing(edit: Edit, found: list[Site], file: CodeFile) -> bool:
    """Tell whether there is nothing to do; refuse where there should have been something."""
    if found:
        return False
    if edit.optional:
        return True
    what = " or ".join(p.source for p in edit.patterns)
    where = " or ".join(edit.scope.functions) or file.path
    raise RefusedError(f"no {what} in {where}", where=_head(edit, file))


def _head(edit: Edit, file: CodeFile) -> str:
    """Return where the scope of an edit begins, for a message."""
    spans = [f.span for n in edit.scope.functions for f in file.functions.get(n, ())]
    return f"{file.path}:{file.source.lines.line(spans[0].start)}" if spans else file.path


def _held(edit: Edit, found: list[Site]) -> list[Site]:
    """Keep the sites whose statement holds what the edit wants it to hold."""
    if not edit.holding:
        return found
    return [s for s in found if _holds(statement_of(s.node), edit.holding)]


def _holds(node: Node, patterns: tuple[Pattern, ...]) -> bool:
    return any(p.match(n) is not None for n in node.walk() for p in patterns)


def _decides(node: Node, patterns: tuple[Pattern, ...]) -> bool:
    """Tell whether a node is (of) a condition on which such code hangs.

    It does if it stands below the ``if``, or behind one that leaves the block.
    """
    child = node
    for n in node.ancestors():
        if n.kind == "if_statement" and child.role == "condition":
            if _holds(n, patterns):
                return True
            block = n.parent.kids if n.parent is not None else []
            leaves = any(k.kind in _LEAVING for k in n.walk())
            behind = block[block.index(n) + 1 :] if n in block else []
            return leaves and any(_holds(b, patterns) for b in behind)
        child = n
    return False


def _outermost(found: list[Site]) -> list[Site]:
    """Leave out what stands within another match."""
    kept: list[Site] = []
    for s in sorted(found, key=lambda s: (s.node.start, -s.node.end)):
        if not kept or s.node.start >= kept[-1].node.end:
            kept.append(s)
    return kept


def branch(edit: Edit, work: Workplace) -> None:
    """Make a statement the one arm of a condition, and an adapted copy of it the other."""
    file = work.file(edit.scope.file)
    site = _sole(edit, file, work)
    if site is None:
        return
    text = text_of(file)
    statement = statement_of(site.node)
    if file.source.inner_conditionals(statement.span):
        raise RefusedError("preprocessor lines cut through it", where=_head(edit, file))
    lines = own_lines(text, statement.span)
    _check_alone(statement)
    indent = indent_of(text[lines.start : lines.end])
    own = _shifted(text[lines.start : statement.end], line_limit(text))
    other = adapted_block(own, edit.adapt, work, require=True)
    condition = work.template(file).fill(edit.template, site)
    new = f"{indent}if ({condition}) {{\n{own}\n{indent}}} else {{\n{other}\n{indent}}}\n"
    work.change(file, [Change(lines, new, lines=True)])


def guard(edit: Edit, work: Workplace) -> None:
    """Put the one statement that a pattern matches under a condition."""
    file = work.file(edit.scope.file)
    site = _sole(edit, file, work)
    if site is None:
        return
    text = text_of(file)
    statement = statement_of(site.node)
    _check_alone(statement)
    lines = own_lines(text, statement.span)
    indent = indent_of(text[lines.start : lines.end])
    condition = work.template(file).fill(edit.template, site)
    block = text[lines.start : lines.end].rstrip("\n").split("\n")
    moved = [margin(width(indent_of(b)) + 8) + b.lstrip(" \t") for b in block]
    body = "\n".join(fold(m, line_limit(text)) for m in moved)
    work.change(file, [Change(lines, f"{indent}if ({condition})\n{body}\n", lines=True)])


def _shifted(block: str, limit: int) -> str:
    """Indent an assignment of several lines by one more tab.

    Where that makes it too wide, its value goes to lines of its own.
    """
    lines = block.split("\n")
    moved = [
        margin(width(indent_of(line)) + 8) + line.lstrip(" \t") if line.strip() else ""
        for line in lines
    ]
    if len(lines) == 1 or max(map(width, moved)) <= limit:
        return fit("\n".join(moved), limit)
    target, _, value = lines[0].partition(" = ")
    if not value:
        return fit("\n".join(moved), limit)
    inner = indent_of(block) + "\t\t"
    values = [inner + v.strip() for v in (value, *lines[1:])]
    return "\n".join([f"\t{target} =", *values])
