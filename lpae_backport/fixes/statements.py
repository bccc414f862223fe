# SPDX-License-Identifier: GPL-2.0-only
"""Edits of statements and expressions, made by pattern in the target's own text."""

import re

from lpae_backport.errors import RefusedError
from lpae_backport.fixes.adaptation import adapted_block, piece
from lpae_backport.fixes.losses import lost_units
from lpae_backport.location import Span
from lpae_backport.pattern import Pattern
from lpae_backport.rewriting import (
    Change,
    Site,
    bodies,
    is_alone,
    own_lines,
    sites,
    statement_of,
    text_of,
    with_comment,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node
from lpae_backport.template import block_of, deleted, replaced
from lpae_backport.whitespace import fold, indent_of, line_limit, margin, reindent, width
from lpae_backport.workplace import Workplace

_LEAVING = frozenset({"return_statement", "goto_statement"})
_STORING = frozenset({"assignment_expression", "update_expression", "pointer_expression"})
_LOOPS = frozenset({"for_statement", "while_statement", "do_statement", "switch_statement"})


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
    if not _missing(edit, found, file):
        work.change(file, [deleted(text_of(file), statement_of(s.node)) for s in found])


def insert(edit: Edit, work: Workplace) -> None:
    """Put a template behind the one statement that a pattern matches."""
    file = work.file(edit.scope.file)
    found = _held(edit, sites(file, edit.scope.functions, edit.patterns))
    if _missing(edit, found, file):
        return
    _only(found, file, work)
    text = text_of(file)
    statement = statement_of(found[0].node)
    lines = own_lines(text, statement.span)
    if not is_alone(statement):
        raise RefusedError("the statement has no braces around it")
    indent = indent_of(text[lines.start : lines.end])
    new = block_of(work.template(file).fill(edit.template, found[0]), text, indent) + "\n"
    work.change(file, [Change(Span(lines.end, lines.end), new, lines=True)])


def _only(found: list[Site], file: CodeFile, work: Workplace) -> None:
    if len(found) > 1:
        where = work.place(file, found[1].node.start)
        raise RefusedError("more than one statement could be meant", where=where)


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
    found = _held(edit, sites(file, edit.scope.functions, edit.patterns))
    if _missing(edit, found, file):
        return
    _only(found, file, work)
    text = text_of(file)
    site = found[0]
    if file.source.inner_conditionals(statement_of(site.node).span):
        raise RefusedError("preprocessor lines cut through it", where=_head(edit, file))
    statement = statement_of(site.node)
    lines = own_lines(text, statement.span)
    if not is_alone(statement):
        raise RefusedError("the statement has no braces around it")
    indent = indent_of(text[lines.start : lines.end])
    own = _shifted(text[lines.start : statement.end], line_limit(text))
    other = adapted_block(own, edit.adapt, work, require=True)
    condition = work.template(file).fill(edit.template, site)
    new = f"{indent}if ({condition}) {{\n{own}\n{indent}}} else {{\n{other}\n{indent}}}\n"
    work.change(file, [Change(lines, new, lines=True)])


def guard(edit: Edit, work: Workplace) -> None:
    """Put the one statement that a pattern matches under a condition."""
    file = work.file(edit.scope.file)
    found = _held(edit, sites(file, edit.scope.functions, edit.patterns))
    if _missing(edit, found, file):
        return
    _only(found, file, work)
    text = text_of(file)
    statement = statement_of(found[0].node)
    if not is_alone(statement):
        raise RefusedError("the statement has no braces around it")
    lines = own_lines(text, statement.span)
    indent = indent_of(text[lines.start : lines.end])
    condition = work.template(file).fill(edit.template, found[0])
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
        return "\n".join(fold(m, limit) for m in moved)
    target, _, value = lines[0].partition(" = ")
    if not value:
        return "\n".join(fold(m, limit) for m in moved)
    inner = indent_of(block) + "\t\t"
    values = [inner + v.strip() for v in (value, *lines[1:])]
    return "\n".join([f"\t{target} =", *values])


def run_of(
    file: CodeFile, function: str, first: tuple[Pattern, ...], until: tuple[Pattern, ...]
) -> list[Node]:
    """Return the statements of one block from the first that matches up to another.

    Raises:
        RefusedError: one of the two is not there, or they are not in one block.
    """
    start = sites(file, (function,), first)
    stop = sites(file, (function,), until)
    what = f"{first[0].source} … {until[0].source}"
    for s in start:
        head = statement_of(s.node)
        block = head.parent.kids if head.parent is not None else []
        ends = [statement_of(e.node) for e in stop if e.node.start > head.end]
        end = next((e for e in ends if e in block), None)
        if end is not None:
            return block[block.index(head) : block.index(end)]
    raise RefusedError(f"no {what} in one block of {function}", where=file.path)


def statements(edit: Edit, work: Workplace) -> None:
    """Put statements of the reference's function, or a template, in place of the target's."""
    file = work.file(edit.scope.file)
    function = _present(edit, file)
    over = run_of(file, function, edit.over or edit.patterns, edit.until)
    text = text_of(file)
    lines = own_lines(text, Span(over[0].start, over[-1].end))
    indent = indent_of(text[lines.start : lines.end])
    if edit.template:
        new = reindent(edit.template, indent)
    else:
        if file.source.inner_conditionals(lines):
            raise RefusedError("preprocessor lines stand between", where=_head(edit, file))
        new = _from_reference(edit, work, function, file)
        _check_losses(edit, over, new, file, work)
        work.copied[f"part of {function}"] = None
    work.change(file, [Change(lines, new.rstrip("\n") + "\n", lines=True)])


def _check_losses(edit: Edit, over: list[Node], new: str, file: CodeFile, work: Workplace) -> None:
    """Refuse to put a run of statements over one with something of the target's own in it."""
    made = piece(f"void f_(void)\n{{\n{new}\n}}\n").functions["f_"][0].entity.node()
    lost = lost_units(over, [made], (*edit.over, *edit.superseded), file)
    if lost:
        text = f"the reference's form would lose: {', '.join(lost[:4])}"
        raise RefusedError(text, where=work.place(file, over[0].start))


def _present(edit: Edit, file: CodeFile) -> str:
    for name in edit.scope.functions:
        if name in file.functions:
            return name
    raise RefusedError(f"no {' or '.join(edit.scope.functions)}", where=file.path)


def _from_reference(edit: Edit, work: Workplace, function: str, file: CodeFile) -> str:
    """Return the reference's statements, its locals replaced by what they were set to."""
    source = work.files_of_reference(edit.scope.file)[0]
    run = run_of(source, function, edit.patterns, edit.until)
    text = text_of(source)
    lines = own_lines(text, Span(run[0].start, run[-1].end))
    known: set[str] = set()
    for _, body in bodies(file, (function,)):
        known |= {*body.params, *body.locals}
    block = _without_locals(text[lines.start : lines.end], source, function, known)
    return adapted_block(block, (*edit.adapt, *work.pack.adapt), work)


def _without_locals(block: str, source: CodeFile, function: str, known: set[str]) -> str:
    """Put initial values in place of locals that the target's function does not have."""
    text = text_of(source)
    for _, body in bodies(source, (function,)):
        for n in body.nodes:
            if n.kind != "init_declarator" or n.kids[0].kind != "identifier":
                continue
            name, value = n.kids[0].label, text[n.kids[-1].start : n.kids[-1].end]
            if name not in known:
                block = re.sub(rf"(?<![\w.>]){name}\b", value.replace("\\", r"\\"), block)
    return block


def extract(edit: Edit, work: Workplace) -> None:
    """Move a run of statements into a function of its own, and call that in their place.

    The locals it uses are declared in the new function as they were; parameters go by their names.
    """
    file = work.file(edit.scope.file)
    function = _present(edit, file)
    run = run_of(file, function, edit.patterns, edit.until)
    text = text_of(file)
    lines = own_lines(text, Span(run[0].start, run[-1].end))
    _, body = next(iter(bodies(file, (function,))))
    _check_movable(run, body, work, file)
    block = text[lines.start : lines.end].rstrip("\n")
    carried = [_declaration(text, d) for d in _declarations(body.root) if _used(d, run)]
    new = f"{edit.to}\n{{\n{''.join(carried)}\n{block}\n}}\n\n"
    at = with_comment(text, file.functions[function][0].span.start)
    call = indent_of(block) + edit.template + "\n"
    work.change(file, [Change(Span(at, at), new, lines=True), Change(lines, call, lines=True)])


def _check_movable(run: list[Node], body: Body, work: Workplace, file: CodeFile) -> None:
    """Refuse to move statements that jump, or that use a local which was changed before them."""
    for n in (n for s in run for n in s.walk()):
        looped = any(a.kind in _LOOPS for a in n.ancestors() if run[0].start <= a.start)
        jumps = n.kind in _LEAVING or (n.kind == "break_statement" and not looped)
        if jumps or (n.kind == "continue_statement" and not looped):
            where = work.place(file, n.start)
            raise RefusedError("the statements to be moved leave the function", where=where)
    carried = {x for d in _declarations(body.root) if _used(d, run) for x in _declared(d)}
    for n in body.nodes:
        target = n.kids[0] if n.kind in _STORING and n.kids else None
        if target is not None and target.label in carried and n.end <= run[0].start:
            text = f"{target.label} is changed before the statements that would be moved"
            raise RefusedError(text, where=work.place(file, n.start))


def _declared(declaration: Node) -> set[str]:
    return {
        next((n.label for n in k.walk() if n.kind == "identifier"), "")
        for k in declaration.kids
        if k.role == "declarator"
    }


def _declarations(function: Node) -> list[Node]:
    block = function.kid("body")
    return [k for k in block.kids if k.kind == "declaration"] if block is not None else []


def _used(declaration: Node, run: list[Node]) -> bool:
    names = {
        n.label
        for k in declaration.kids
        if k.role == "declarator"
        for n in k.walk()
        if n.kind == "identifier"
    }
    return any(n.label in names for s in run for n in s.walk() if n.kind == "identifier")


def _declaration(text: str, declaration: Node) -> str:
    lines = own_lines(text, declaration.span)
    return text[lines.start : lines.end]
