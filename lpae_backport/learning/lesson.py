# SPDX-License-Identifier: GPL-2.0-only
"""What is learned from a patch: facts that a tree with it has and one without it has not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from lpae_backport.finding import CheckResult, TreeInfo, Verdict
from lpae_backport.rule import Check

Raw = dict[str, Any]
"""A check as a step file writes it, without an id."""


class Rank(IntEnum):
    """How telling a fact is; the lower, the more."""

    DEFINED = 0
    CALL = 1
    GUARD = 2
    STORE = 3
    FORM = 4
    ORDER = 5
    HEAD = 6
    LINE = 7
    ABSENCE = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One file that a patch changes, as it was and as it is.

    Attributes:
        path: where it is now; where it was, if it is gone.
        old_path: where it was, if elsewhere; else the same.
        before: its bytes without the patch; `None` for a file that the patch makes.
        after: its bytes with the patch; `None` for a file that the patch takes away.
        patch_path: where the patch has it, if NEW has it elsewhere; else empty.
    """

    path: str
    old_path: str
    before: bytes | None
    after: bytes | None
    patch_path: str = ""

    @property
    def is_c(self) -> bool:
        """Whether it holds C, by its name."""
        return self.path.endswith((".c", ".h"))

    @property
    def is_kconfig(self) -> bool:
        """Whether it holds Kconfig, by its name."""
        return self.path.rpartition("/")[2].startswith("Kconfig") and not self.is_c


@dataclass(frozen=True, slots=True)
class Goal:
    """Something a patch does that a check may tell.

    Attributes:
        path: the file.
        entity: what of the file it is about: ``f()``, ``struct s``, ``include`` …
        rank: how telling it is.
        forms: checks that tell it, the most general first; one of them is enough.
        place: where in the entity it is; two goals of one place tell much the same.
        weight: how often the patch names it, to choose among equals.
    """

    path: str
    entity: str
    rank: Rank
    forms: tuple[Raw, ...]
    place: int = 0
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """A check that holds with the patch and does not without.

    Attributes:
        goal: what it tells.
        raw: the check as it is written, with its id.
        check: the same, read.
        after: what it came to in the tree with the patch.
        before: what it came to in the tree without.
    """

    goal: Goal
    raw: Raw
    check: Check
    after: CheckResult
    before: CheckResult


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a patch does that no check of the pack tells.

    Attributes:
        path: the file.
        what: the entity or hunk.
        why: why not.
        line: its line in the file; 0 for none.
    """

    path: str
    what: str
    why: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class StepProof:
    """What one step came to in each tree.

    Attributes:
        id: the step.
        title: what it is called.
        facts: its checks.
        after: its verdict in the tree with the patch.
        before: its verdict in that tree without it.
        old: its verdict in OLD; `None` where none was given.
    """

    id: str
    title: str
    facts: tuple[Fact, ...]
    after: Verdict
    before: Verdict
    old: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned.

    Attributes:
        origin: where the patch comes from.
        title: its subject.
        pack: the id of the pack.
        new: the tree with the patch.
        old: the tree without it, if one was given.
        steps: the steps, with their proof.
        gaps: what could not be told.
        files: the pack, as text by path below its folder; empty where nothing could be told.
        moved: files that NEW has elsewhere than the patch: where that has them, and where it is.
        tried: how many checks were run on both trees.
        held: how many of them held without the patch too, and so were left out.
    """

    origin: str
    title: str
    pack: str
    new: TreeInfo
    old: TreeInfo | None
    steps: tuple[StepProof, ...] = ()
    gaps: tuple[Gap, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    moved: tuple[tuple[str, str], ...] = ()
    tried: int = 0
    held: int = 0

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All checks."""
        return tuple(f for s in self.steps for f in s.facts)
