# SPDX-License-Identifier: GPL-2.0-only
"""What an audit says: verdicts, evidence, and the checklist they add up to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique

from lpae_backport.location import Location


@unique
class Verdict(StrEnum):
    """The state of one step in one tree."""

    DONE = "done"
    PARTIAL = "partial"
    MISSING = "missing"
    DIFFERS = "differs"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        """Tell whether work (or a look) remains; `unknown` never counts as done."""
        return self not in (Verdict.DONE, Verdict.NOT_APPLICABLE)


UNDER = "only under "
"""How the reason of a check begins that holds, but in what is compiled only under an option."""


@unique
class State(StrEnum):
    """The outcome of one check."""

    MET = "met"
    UNMET = "unmet"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


@unique
class Side(StrEnum):
    """Which of the two trees a piece of evidence comes from."""

    TARGET = "target"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a check was decided, and the text that stands there."""

    location: Location
    text: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check in one tree."""

    id: str
    state: State
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    constraint: bool = False
    """A constraint (something that must be absent) is no sign that a step was begun."""
    begun: bool = False
    """Though it does not hold, part of it does: some of the call sites, say."""


@dataclass(frozen=True, slots=True)
class StepAudit:
    """One step in one tree."""

    id: str
    verdict: Verdict
    checks: tuple[CheckResult, ...]
    reason: str = ""

    @property
    def met(self) -> int:
        """Return how many checks hold as the rule asks.

        In a step that is missing, what is merely not forbidden is no progress and does not count.
        """
        missing = self.verdict is Verdict.MISSING
        return sum(c.state is State.MET and not (missing and c.constraint) for c in self.checks)

    @property
    def counted(self) -> int:
        """Return how many checks apply to this tree."""
        return sum(c.state is not State.NOT_APPLICABLE for c in self.checks)

    @property
    def place(self) -> Location | None:
        """Return the most telling place: of the first check that is open, else of any."""
        ordered = sorted(self.checks, key=lambda c: c.state is State.MET)
        return next((c.evidence[0].location for c in ordered if c.evidence), None)


@dataclass(frozen=True, slots=True)
class TreeInfo:
    """What a report says about a tree; the version is shown, never decided on."""

    path: str
    root: str
    version: str


@dataclass(frozen=True, slots=True)
class TreeAudit:
    """All steps in one tree, with what could not be read on the way."""

    steps: tuple[StepAudit, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepComparison:
    """One line of the checklist: a step in the target, beside the reference."""

    id: str
    title: str
    pack: str
    target: StepAudit
    reference: StepAudit | None
    after: tuple[str, ...] = ()
    manual: str | None = None
    """Why the rules have no fix for it, where they have none."""

    @property
    def verdict(self) -> Verdict:
        """Return the target's verdict."""
        return self.target.verdict

    @property
    def holds(self) -> bool:
        """Tell whether the reference has the step (or has nothing it could apply to).

        Where there is no reference, there is nothing to be said against the step.
        """
        return self.reference is None or not self.reference.verdict.is_open


@dataclass(frozen=True, slots=True)
class Checklist:
    """The state of every step in a target, beside a reference if there is one."""

    target: TreeInfo
    reference: TreeInfo | None
    steps: tuple[StepComparison, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    only: frozenset[Verdict] = frozenset()
    """The verdicts to show; empty shows all. What is hidden still counts."""
    explain: str = "lpae-audit explain"
    """The command that tells more about a step."""

    @property
    def shown(self) -> tuple[StepComparison, ...]:
        """Return the steps to show."""
        return tuple(s for s in self.steps if not self.only or s.verdict in self.only)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the steps that the reference does not have."""
        return tuple(s.id for s in self.steps if not s.holds)

    @property
    def is_done(self) -> bool:
        """Tell whether no step remains; a step the reference lacks proves nothing."""
        return not self.lacking and not any(s.verdict.is_open for s in self.steps)

    def counts(self) -> dict[Verdict, int]:
        """Return how many steps have each verdict, in the order of `Verdict`."""
        return {v: sum(s.verdict is v for s in self.steps) for v in Verdict}


def verdict_of(checks: Iterable[CheckResult]) -> Verdict:
    """Add up the checks of one step.

    Args:
        checks: the results; those that do not apply are left out of the sum.

    Returns:
        `unknown` as soon as one check is; `done` if all hold; `differs` if the rest hold in an
        older form; `missing` if nothing of it is present; else `partial`. A constraint that
        holds (nothing forbidden stands there) is not by itself a sign that work was begun.
    """
    counted = [c for c in checks if c.state is not State.NOT_APPLICABLE]
    states = {c.state for c in counted}
    if not counted:
        return Verdict.NOT_APPLICABLE
    if State.UNKNOWN in states:
        return Verdict.UNKNOWN
    if states == {State.MET}:
        return Verdict.DONE
    if State.UNMET not in states:
        return Verdict.DIFFERS
    begun = any(
        c.begun or (c.state in (State.MET, State.DIFFERS) and not c.constraint) for c in counted
    )
    return Verdict.PARTIAL if begun else Verdict.MISSING
