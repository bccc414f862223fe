# SPDX-License-Identifier: GPL-2.0-only
"""Edits of runs of statements: put over one from the reference, or moved to a function."""

import re

from lpae_backport.errors import RefusedError
from lpae_backport.fixes.adaptation import adapted_block, piece
from lpae_backport.fixes.losses import lost_units
from lpae_backport.location import Span
from lpae_backport.pattern import Pattern
from lpae_backport.rewriting import (
    Change,
    bodies,
    own_lines,
    sites,
    statement_of,
    text_of,
    with_comment,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node
from lpae_backport.whitespace import indent_of, reindent
from lpae_backport.workplace import Workplace

_LEAVING = frozenset({"return_statement", "goto_statement"})
_LOOPS = frozenset({"for_statement", "while_statement", "do_statement", "switch_statement"})


_STORING = frozenset({"assignment_expression", "update_expression", "pointer_expression"})


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
            raise RefusedError(
                "preprocessor lines stand between", where=work.place(file, over[0].start)
            )
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
