# SPDX-License-Identifier: GPL-2.0-only
"""Makes a step's edits on a draft, tidies up behind them, and sees whether they hold."""

import re
from collections.abc import Callable

from lpae_backport.draft import Earlier
from lpae_backport.errors import RefusedError
from lpae_backport.finding import State, StepAudit
from lpae_backport.fixes import (
    copies,
    declared,
    includes,
    initializers,
    quirks,
    runs,
    statements,
    treewide,
)
from lpae_backport.fixes.copies import drop_if_unused
from lpae_backport.layout import Unreadable
from lpae_backport.location import Span
from lpae_backport.rewriting import Change, own_lines, text_of
from lpae_backport.rule import Edit, Op, Step
from lpae_backport.soundness import faults, unused_locals
from lpae_backport.symbols import CodeFile, Function
from lpae_backport.syntax import Node
from lpae_backport.workplace import Workplace

_EDITS: dict[Op, Callable[[Edit, Workplace], None]] = {
    Op.ENUMERATOR: declared.enumerator,
    Op.FIELD: declared.field,
    Op.INCLUDE: includes.include,
    Op.FORWARD: includes.forward,
    Op.ENTRY: initializers.entry,
    Op.EXPORT: includes.export,
    Op.COPY: copies.copy,
    Op.DECLARATION: copies.declaration,
    Op.REMOVE: copies.remove,
    Op.REPLACE: statements.replace,
    Op.DELETE: statements.delete,
    Op.BRANCH: statements.branch,
    Op.GUARD: statements.guard,
    Op.STATEMENTS: runs.statements,
    Op.INSERT: statements.insert,
    Op.EXTRACT: runs.extract,
    Op.MOVE: treewide.move,
    Op.KCONFIG: treewide.kconfig,
    Op.CONVERT: quirks.convert,
}
_HARMLESS = re.compile(r"[\w\s&*.,()-]*(?:->[\w\s&*.,()-]*)*")


def make(step: Step, audit: StepAudit, work: Workplace) -> None:
    """Make the edits of one step, as far as what they are for is open.

    Args:
        step: the step.
        audit: its state in the draft as it is.
        work: the draft and where text comes from.

    Raises:
        RefusedError: an edit cannot be made without a guess; the draft is then half changed and
            has to be reset.
    """
    met = {c.id for c in audit.checks if c.state in (State.MET, State.NOT_APPLICABLE)}
    if not step.fix:
        raise RefusedError(step.manual or "the rules have no fix for it")
    for edit in step.fix:
        if edit.checks and met.issuperset(edit.checks):
            continue
        if not work.holds(edit.probes):
            continue
        _EDITS[edit.op](edit, work)
        if edit.why:
            work.notes[edit.why] = None


def excerpt(step: Step, work: Workplace) -> str:
    """Return the text of the reference that a step is about, for whoever has to do it by hand."""
    for edit in step.fix:
        if edit.op is Op.COPY and work.reference.files(edit.scope.file):
            try:
                return copies.text_in_reference(edit, work)
            except RefusedError:
                continue
    return ""


def tidy(before: Earlier, work: Workplace) -> None:
    """Take out functions and locals that the edits left without a use."""
    for name, functions in work.pack.tidy.items():
        found = work.draft.layout.files(name)
        if len(found) == 1 and isinstance(found[0], CodeFile):
            for function, forms in functions.items():
                drop_if_unused(name, function, work, forms)
    for path in before.touched():
        while (change := _idle_local(before.get(path), work, path)) is not None:
            file = work.draft.layout.open(path)
            assert isinstance(file, CodeFile)
            work.change(file, [change])


def _idle_local(before: CodeFile | None, work: Workplace, path: str) -> Change | None:
    """Return the change that drops one local which is no longer used, if there is one."""
    if not work.draft.is_file(path) or not path.endswith((".c", ".h")):
        return None
    file = work.draft.layout.open(path)
    if not isinstance(file, CodeFile):
        return None
    for f in (f for fs in file.functions.values() for f in fs):
        old = before.functions.get(f.name, []) if before is not None else []
        if any(_same(f, o) for o in old):
            continue
        known = {_name(d) for o in old for _, d in unused_locals(o)}
        for declaration, declarator in unused_locals(f):
            if _name(declarator) not in known:
                return _without(text_of(file), declaration, declarator)
    return None


def _same(a: Function, b: Function) -> bool:
    return (
        a.file.source.data[a.span.start : a.span.end]
        == b.file.source.data[b.span.start : b.span.end]
    )


def _name(declarator: Node) -> str:
    return next(n.label for n in declarator.walk() if n.kind == "identifier")


def _without(text: str, declaration: Node, declarator: Node) -> Change:
    """Return the change that drops a declarator, or the declaration if it is all of it."""
    if declarator.kind == "init_declarator":
        value = text[declarator.kids[-1].start : declarator.kids[-1].end]
        if not _HARMLESS.fullmatch(value):
            raise RefusedError(f"{_name(declarator)} is no longer used, but set to {value}")
    others = [k for k in declaration.kids if k.role == "declarator"]
    if len(others) == 1:
        return Change(own_lines(text, declaration.span), "", lines=True)
    at = others.index(declarator)
    if at == 0:
        return Change(Span(declarator.start, others[1].start), "")
    return Change(Span(others[at - 1].end, declarator.end), "")


def check_sound(before: Earlier, work: Workplace) -> None:
    """Refuse a draft that a compiler would not take, or that cannot be parsed as well as before.

    Raises:
        RefusedError: naming the first fault and its file.
    """
    for path in before.touched():
        if not work.draft.is_file(path) or not path.endswith((".c", ".h")):
            continue
        file = work.draft.layout.open(path)
        if isinstance(file, Unreadable):
            raise RefusedError(file.reason, where=path)
        old = before.get(path)
        if len(file.source.problems) > (len(old.source.problems) if old is not None else 0):
            problem = file.source.problems[0]
            raise RefusedError(f"the result would be broken: {problem.reason}", where=path)
        if old is not None and old.source.data == file.source.data:
            continue
        found = faults(old, file, work.vocabulary(file))
        if found:
            raise RefusedError(found[0], where=path)
