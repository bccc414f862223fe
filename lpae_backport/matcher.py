# SPDX-License-Identifier: GPL-2.0-only
"""Decides checks: sends each to the function of its kind, and weighs its alternatives."""

from collections.abc import Callable
from dataclasses import replace

from lpae_backport.answers import Answer, is_lost, worst
from lpae_backport.checks.code import calls, contains, function, guard, lacks, order
from lpae_backport.checks.declared import (
    declaration,
    entry,
    enumerator,
    export,
    field,
    include,
    macro,
)
from lpae_backport.checks.stores import sets
from lpae_backport.checks.treewide import file_absent, file_present, kconfig, no_include
from lpae_backport.errors import UndecidableError
from lpae_backport.finding import CheckResult, State
from lpae_backport.layout import Layout, Unreadable
from lpae_backport.rule import Check, Kind, Scope
from lpae_backport.symbols import CodeFile

_FILE_KINDS: dict[Kind, Callable[[Check, CodeFile, Layout], Answer]] = {
    Kind.ENUMERATOR: enumerator,
    Kind.FIELD: field,
    Kind.MACRO: macro,
    Kind.FUNCTION: function,
    Kind.CALLS: calls,
    Kind.CONTAINS: contains,
    Kind.LACKS: lacks,
    Kind.GUARD: guard,
    Kind.SETS: sets,
    Kind.ORDER: order,
    Kind.INCLUDE: include,
    Kind.ENTRY: entry,
    Kind.DECLARATION: declaration,
    Kind.EXPORT: export,
}
TREE_KINDS: dict[Kind, Callable[[Check, Layout], Answer]] = {
    Kind.FILE: file_present,
    Kind.NO_FILE: file_absent,
    Kind.NO_INCLUDE: no_include,
    Kind.KCONFIG: kconfig,
}


def decide(check: Check, layout: Layout) -> CheckResult:
    """Decide one check in one tree.

    Args:
        check: the check.
        layout: the tree.

    Returns:
        The result; `unknown` wherever what matters could not be read, parsed or decided.
    """
    if check.requires is not None and not _exists(check.requires, layout):
        return CheckResult(
            check.id, State.NOT_APPLICABLE, reason=f"no {_shown(check.requires)} here"
        )
    answer = _answer(check, layout)
    if answer.state is State.UNMET:
        answer = _else(answer, check.either, State.MET, layout)
    if answer.state is State.UNMET:
        answer = _else(answer, check.alternatives, State.DIFFERS, layout)
    return CheckResult(
        check.id,
        answer.state,
        answer.evidence,
        answer.reason,
        check.is_constraint,
        answer.begun,
    )


def _else(answer: Answer, others: tuple[Check, ...], state: State, layout: Layout) -> Answer:
    """Look for another form that holds; one that cannot be decided keeps the check from `unmet`."""
    undecided: Answer | None = None
    for other in others:
        found = _answer(other, layout)
        if found.state is State.MET:
            reason = f"older form: {other.id}" if state is State.DIFFERS else ""
            return replace(found, state=state, reason=reason)
        if found.state is State.UNKNOWN:
            undecided = undecided or found
    return undecided or answer


def applies(scope: Scope | None, layout: Layout) -> bool:
    """Tell whether a step has anything to apply to in this tree."""
    return scope is None or _exists(scope, layout)


def _shown(scope: Scope) -> str:
    return (
        f"{'|'.join(scope.functions)} in {scope.file}"
        if scope.functions
        else f"{scope.file} driver"
    )


def _exists(scope: Scope, layout: Layout) -> bool:
    files = layout.files(scope.file)
    if not scope.functions:
        return bool(files)
    return any(
        isinstance(f, Unreadable) or any(n in f.functions or is_lost(f, n) for n in scope.functions)
        for f in files
    )


def _answer(check: Check, layout: Layout) -> Answer:
    try:
        if check.kind in TREE_KINDS:
            return TREE_KINDS[check.kind](check, layout)
        return _in_files(check, layout)
    except UndecidableError as e:
        return Answer(State.UNKNOWN, reason=e.message)
    except RecursionError:
        return Answer(State.UNKNOWN, reason="nested too deeply to be decided")


def _in_files(check: Check, layout: Layout) -> Answer:
    files = layout.files(check.scope.file)
    if not files:
        if check.kind is Kind.LACKS:
            return Answer(State.MET, reason="file is not here")
        return Answer(State.UNMET, reason=f"no {' or '.join(layout.paths(check.scope.file))}")
    answers = []
    for f in files:
        if isinstance(f, Unreadable):
            answers.append(Answer(State.UNKNOWN, reason=f"{f.path}: {f.reason}"))
        else:
            answers.append(_FILE_KINDS[check.kind](check, f, layout))
    return worst(answers)
