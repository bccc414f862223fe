# SPDX-License-Identifier: GPL-2.0-only
"""Proves drafted steps: in both trees, and on the cases that are written beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

from lpae_backport.audit import audit_step
from lpae_backport.entities.extraction import EntityFile
from lpae_backport.filetree import FileTree, MemoryTree
from lpae_backport.finding import State, StepAudit, Verdict
from lpae_backport.layout import Layout
from lpae_backport.learning.drafting import case_file, reads_back
from lpae_backport.learning.excerpts import LEVELS, config_excerpt, excerpt
from lpae_backport.learning.trial import Parsed
from lpae_backport.rule import Kind, Pack, Step

_OPEN = (Verdict.MISSING, Verdict.PARTIAL, Verdict.DIFFERS)


@dataclass(frozen=True, slots=True)
class Sides:
    """The trees with and without a patch, and the changed files parsed.

    Attributes:
        after: the tree with the patch.
        before: the tree without.
        mine: the changed files with the patch, by path: C parsed, Kconfig as text.
        theirs: the same without.
        parsed: all that was parsed.
    """

    after: FileTree
    before: FileTree
    mine: Mapping[str, EntityFile | str]
    theirs: Mapping[str, EntityFile | str]
    parsed: Parsed


def audits(step: Step, pack: Pack, sides: Sides) -> tuple[StepAudit, StepAudit]:
    """Audit a step in the tree with the patch and in the one without."""
    after = audit_step(step, Layout(sides.after, pack, sides.parsed))
    return after, audit_step(step, Layout(sides.before, pack, sides.parsed))


def unproven(after: StepAudit, before: StepAudit) -> set[str]:
    """Return the checks that do not hold with the patch, or do not fail without."""
    wrong = {c.id for c in after.checks if c.state is not State.MET}
    return wrong | {c.id for c in before.checks if c.state is not State.UNMET}


def cases(step: Step, pack: Pack, sides: Sides) -> tuple[str, set[str]]:
    """Return a file of cases for a step, as small as they prove it.

    Args:
        step: the step.
        pack: its pack.
        sides: both trees.

    Returns:
        The file, or empty text, and the checks for which no case could be made.
    """
    wrong: set[str] = set()
    for level in range(LEVELS):
        mine = _files(step, pack, sides.mine, level, present=True)
        theirs = _files(step, pack, sides.theirs, level, present=False)
        after, before = _audit(step, pack, mine), _audit(step, pack, theirs)
        wrong = unproven(after, before)
        if not wrong and after.verdict is Verdict.DONE and before.verdict in _OPEN:
            text = case_file(
                [
                    ("with-the-patch", Verdict.DONE.value, mine),
                    ("without-the-patch", before.verdict.value, theirs),
                ]
            )
            if reads_back(text):
                return text, set()
            return "", {c.id for c in step.checks}
    return "", wrong or {c.id for c in step.checks}


def _audit(step: Step, pack: Pack, files: Mapping[str, str]) -> StepAudit:
    tree = MemoryTree({k: v.encode("utf-8", "replace") for k, v in files.items()})
    return audit_step(step, Layout(tree, pack))


def _files(
    step: Step, pack: Pack, known: Mapping[str, EntityFile | str], level: int, *, present: bool
) -> dict[str, str]:
    """Return the files of a case."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(c.scope.file for c in step.checks if c.scope.file):
        checks = [c for c in step.checks if c.scope.file == name]
        for path in pack.files[name].paths:
            if path in known:
                file = known[path]
                if isinstance(file, str):
                    text = config_excerpt(file, checks, level)
                else:
                    text = excerpt(file, checks, level)
                if text.strip():
                    found[path] = text
                break
    wanted = Kind.FILE if present else Kind.NO_FILE
    for c in (c for c in step.checks if c.kind is wanted):
        for path in c.paths:
            found.setdefault(path, "/* here */\n")
    return found
