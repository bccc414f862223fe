# SPDX-License-Identifier: GPL-2.0-only
"""What a series consists of: patches, steps left to a person, and how a tree stands around it."""

from dataclasses import dataclass, field

from lpae_backport.finding import StepAudit
from lpae_backport.rule import Pack, Step


@dataclass(frozen=True)
class Patch:
    """One patch of a series.

    Attributes:
        subject: its first line, in the style of the subsystem.
        steps: what it makes.
        made: the steps that it turns to done, those of other patches included.
        notes: what was adapted to the target.
        copied: what was taken from the reference, by name.
        completes: part of it was there before.
        body: why, where the pack has words of its own for it; else the steps say so.
        files: the content of each file it touches behind it, as on disk; `None` for one that
            is gone.
    """

    subject: str
    steps: tuple[Step, ...]
    made: tuple[str, ...]
    notes: tuple[str, ...]
    copied: tuple[str, ...]
    completes: bool
    body: str
    files: dict[str, bytes | None]


@dataclass(frozen=True)
class Manual:
    """A step that is left to a person.

    Attributes:
        step: the step.
        reason: why.
        place: where in the target.
        line: what stands there.
        reference: where in the reference.
        text: what stands there in the reference, to look at.
    """

    step: Step
    reason: str
    place: str
    line: str
    reference: str
    text: str


@dataclass
class Plan:
    """A series, and how the target stands before and behind it."""

    pack: Pack
    before: dict[str, StepAudit]
    reference: dict[str, StepAudit]
    patches: list[Patch] = field(default_factory=list)
    manual: list[Manual] = field(default_factory=list)
    after: dict[str, StepAudit] = field(default_factory=dict)
    original: dict[str, bytes | None] = field(default_factory=dict)
    """The files the series touches, as they are in the target."""
    notes: tuple[str, ...] = ()
    """What is no step but decides whether the steps matter, such as a defconfig."""
    versions: tuple[str, str] = ("", "")
    """What the Makefiles of target and reference claim, for display."""
    start: int = 1
    """The number of the first patch."""

    @property
    def lacking(self) -> list[str]:
        """Return the steps that the reference does not have."""
        return [s for s, a in self.reference.items() if a.verdict.is_open]

    @property
    def open(self) -> list[str]:
        """Return the steps that are still open behind the series, in the order of the pack."""
        return [s for s, a in self.after.items() if a.verdict.is_open]
