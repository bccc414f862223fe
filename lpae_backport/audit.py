# SPDX-License-Identifier: GPL-2.0-only
"""Runs the steps of a pack on a tree, and pairs two trees into a checklist."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.finding import (
    Checklist,
    StepAudit,
    StepComparison,
    TreeAudit,
    TreeInfo,
    Verdict,
    verdict_of,
)
from lpae_backport.layout import Layout, Resolved
from lpae_backport.matcher import applies, decide
from lpae_backport.rule import Pack, Step

Progress = Callable[[], None]
Parsed = dict[tuple[str, bytes], Resolved]
"""Files that were parsed before, by path and content."""
Selection = list[tuple[Pack, tuple[Step, ...]]]
"""Packs, each with the steps of it that are asked for."""


@dataclass(frozen=True, slots=True)
class PackAudits:
    """What was found in one tree, by pack."""

    info: TreeInfo
    packs: dict[str, TreeAudit]


def audit_step(step: Step, layout: Layout) -> StepAudit:
    """Decide one step in one tree."""
    if not applies(step.applies, layout):
        assert step.applies is not None
        what = " or ".join(step.applies.functions) or " or ".join(layout.paths(step.applies.file))
        return StepAudit(step.id, Verdict.NOT_APPLICABLE, (), f"the tree has no {what}")
    checks = tuple(decide(c, layout) for c in step.checks)
    return StepAudit(step.id, verdict_of(checks), checks)


def audit_tree(
    tree: FileTree,
    pack: Pack,
    steps: tuple[Step, ...],
    progress: Progress,
    parsed: Parsed | None = None,
) -> TreeAudit:
    """Decide steps in one tree.

    Args:
        tree: the tree.
        pack: the pack the steps come from.
        steps: the steps, in the order of the report.
        progress: called after each step.
        parsed: what was parsed before, in whatever tree; more is added to it.
    """
    layout = Layout(tree, pack, parsed)
    audits = []
    for step in steps:
        audits.append(audit_step(step, layout))
        progress()
    return TreeAudit(
        tuple(audits), tuple(layout.problems()), (*layout.notes(), *tree_notes(tree, pack))
    )


def tree_notes(tree: FileTree, pack: Pack) -> Iterator[str]:
    """Yield what is no step but decides whether the steps matter."""
    spec = pack.defconfig
    if spec is None:
        return
    off = f"# CONFIG_{spec.needs} is not set".encode()
    found = []
    for name in tree.listing(spec.under).files:
        try:
            if off in tree.read(f"{spec.under}/{name}"):
                found.append(name)
        except UnreadableError:
            continue
    if found:
        names = ", ".join(found)
        yield f"CONFIG_{spec.needs} is off in {spec.under}: {names}; they build none of this"


def audit_packs(
    tree: FileTree, selected: Selection, progress: Progress, parsed: Parsed | None = None
) -> PackAudits:
    """Decide steps of several packs in one tree.

    Args:
        tree: the tree.
        selected: the packs with the steps asked for.
        progress: called after each step.
        parsed: what was parsed before, in whatever tree; more is added to it.
    """
    audits = {p.id: audit_tree(tree, p, steps, progress, parsed) for p, steps in selected}
    return PackAudits(info_of(tree), audits)


def compare(
    target: FileTree, reference: FileTree, selected: Selection, progress: Progress
) -> Checklist:
    """Audit both trees and pair the results.

    Args:
        target: the old tree.
        reference: the new tree.
        selected: the packs with the steps asked for.
        progress: called after each step of each tree.
    """
    old = audit_packs(target, selected, progress)
    return pair(old, audit_packs(reference, selected, progress), selected)


def pair(old: PackAudits, new: PackAudits | None, selected: Selection) -> Checklist:
    """Pair what was found in a target with what was found in a reference, if there is one."""
    rows: list[StepComparison] = []
    problems: dict[str, None] = {}
    notes: dict[str, None] = {}
    for pack, steps in selected:
        t = old.packs[pack.id]
        r = new.packs[pack.id] if new is not None else None
        rows += _rows(pack, steps, t, r)
        problems |= {f"target {p}": None for p in t.problems}
        problems |= {f"reference {p}": None for p in (r.problems if r else ())}
        notes |= dict.fromkeys(t.notes)
    info = new.info if new is not None else None
    return Checklist(old.info, info, tuple(rows), tuple(problems), tuple(notes))


def _rows(
    pack: Pack, steps: tuple[Step, ...], old: TreeAudit, new: TreeAudit | None
) -> Iterator[StepComparison]:
    beside: dict[str, StepAudit] = {s.id: s for s in new.steps} if new is not None else {}
    for step, t in zip(steps, old.steps, strict=True):
        r = beside.get(step.id)
        manual = None if step.fix else step.manual or "the rules have no fix for it"
        yield StepComparison(step.id, step.title, pack.id, t, r, step.after, manual)


def info_of(tree: FileTree) -> TreeInfo:
    """Return what a report says about a tree."""
    return TreeInfo(tree.path, tree.root, tree.version)
