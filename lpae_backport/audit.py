# SPDX-License-Identifier: GPL-2.0-only
"""Runs the steps of a pack on a tree, and pairs two trees into a checklist."""

from collections.abc import Callable, Iterator

from lpae_backport.finding import (
    Checklist,
    StepAudit,
    StepComparison,
    TreeAudit,
    TreeInfo,
    Verdict,
    verdict_of,
)
from lpae_backport.layout import Layout
from lpae_backport.matcher import applies, decide
from lpae_backport.rule import Pack, Step
from lpae_backport.tree import FileTree, UnreadableError

Progress = Callable[[], None]


def audit_step(step: Step, layout: Layout) -> StepAudit:
    """Decide one step in one tree."""
    if not applies(step.applies, layout):
        assert step.applies is not None
        what = " or ".join(step.applies.functions) or " or ".join(layout.paths(step.applies.file))
        return StepAudit(step.id, Verdict.NOT_APPLICABLE, (), f"the tree has no {what}")
    checks = tuple(decide(c, layout) for c in step.checks)
    return StepAudit(step.id, verdict_of(checks), checks)


def audit_tree(
    tree: FileTree, pack: Pack, steps: tuple[Step, ...], progress: Progress
) -> TreeAudit:
    """Decide steps in one tree.

    Args:
        tree: the tree.
        pack: the pack the steps come from.
        steps: the steps, in the order of the report.
        progress: called after each step.
    """
    layout = Layout(tree, pack)
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


def compare(
    target: FileTree,
    reference: FileTree,
    selected: list[tuple[Pack, tuple[Step, ...]]],
    progress: Progress,
) -> Checklist:
    """Audit both trees and pair the results.

    Args:
        target: the old tree.
        reference: the new tree.
        selected: the packs with the steps asked for.
        progress: called after each step of each tree.
    """
    rows: list[StepComparison] = []
    problems: dict[str, None] = {}
    notes: dict[str, None] = {}
    for pack, steps in selected:
        old = audit_tree(target, pack, steps, progress)
        new = audit_tree(reference, pack, steps, progress)
        rows += _rows(pack, steps, old, new)
        problems |= {f"target {p}": None for p in old.problems}
        problems |= {f"reference {p}": None for p in new.problems}
        notes |= dict.fromkeys(old.notes)
    return Checklist(_info(target), _info(reference), tuple(rows), tuple(problems), tuple(notes))


def _rows(
    pack: Pack, steps: tuple[Step, ...], old: TreeAudit, new: TreeAudit
) -> Iterator[StepComparison]:
    for step, t, r in zip(steps, old.steps, new.steps, strict=True):
        manual = None if step.fix else step.manual or "the rules have no fix for it"
        yield StepComparison(step.id, step.title, pack.id, t, r, step.after, manual)


def _info(tree: FileTree) -> TreeInfo:
    return TreeInfo(tree.path, tree.root, tree.version)
