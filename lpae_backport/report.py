# SPDX-License-Identifier: GPL-2.0-only
"""What a command has to tell: the checklist, and what is to be said against the target.

Every format, for people and for machines, is made from this.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique

from lpae_backport.audit import Selection
from lpae_backport.finding import (
    Checklist,
    CheckResult,
    Evidence,
    State,
    StepComparison,
    Verdict,
)
from lpae_backport.location import Location

_DETAILS = 3
"""Checks of one step that are named in a finding."""


ALLOWED = frozenset((Verdict.DONE, Verdict.NOT_APPLICABLE))
"""The verdicts that will do where nobody says otherwise."""


@unique
class Kind(StrEnum):
    """What can be said against a target; the words of ``fail-on``."""

    WORSE = "worse"
    OPEN = "open"
    UNKNOWN = "unknown"
    REFERENCE = "reference"
    WAIVER = "waiver"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A step that is excused.

    Attributes:
        step: its id, or what several begin with.
        reason: why.
        owner: who answers for it.
        expires: the last day it holds.
        place: where it is written.
    """

    step: str
    reason: str
    owner: str
    expires: date | None
    place: Location


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing said against the target.

    Attributes:
        kind: what it is.
        pack: the pack of the step; empty for a waiver of no step.
        step: the id of the step, or what a waiver calls it.
        title: the title of the step.
        headline: what it comes to, in one line.
        details: the checks that do not hold, a line each.
        place: where, below the top of the repository; line 0 stands for a whole file.
        fails: whether a gate fails on it.
        verdict: of the step.
        others: more places of the same step.
        waiver: what excuses it, or what it is about.
        why: why it does not fail, where no waiver says so.
        fault: what is wrong with a waiver.
        advice: what the reference has there, in one line.
    """

    kind: Kind
    pack: str
    step: str
    title: str
    headline: str
    details: tuple[str, ...]
    place: Location
    fails: bool = True
    verdict: Verdict | None = None
    others: tuple[Location, ...] = ()
    waiver: Waiver | None = None
    why: str = ""
    fault: str = ""
    advice: str = ""

    @property
    def message(self) -> str:
        """Return all of it in one line."""
        return "; ".join([self.headline, *self.details])

    @property
    def fingerprint(self) -> str:
        """Identity that outlives moved lines, reformatting and moved files.

        It is made of what is wrong, not of where: the step, or the waiver and its fault.
        """
        w = self.waiver
        waiver = ("waiver", self.fault, w.owner, str(w.expires)) if w is not None else ()
        what = waiver if self.kind is Kind.WAIVER else ("step",)
        text = "\0".join(("lpae-audit/1", self.pack, self.step, *what))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True)
class GateInfo:
    """What a gate went by.

    Attributes:
        config: where its configuration stands; empty if there is none.
        reference: what it took for the reference, in words.
        base: what it compared with, in words; empty for nothing.
        required: the steps it insists on, as pairs of pack and step.
        notes: what else there is to know.
    """

    config: str = ""
    reference: str = ""
    base: str = ""
    required: frozenset[tuple[str, str]] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything a format may want to know.

    Attributes:
        checklist: the state of every step.
        selected: the rules behind it.
        findings: what is said against the target; those that fail come first.
        prefix: where the kernel is in its repository; empty, or ending in ``/``.
        gate: what a gate went by; `None` for `compare`.
    """

    checklist: Checklist
    selected: Selection
    findings: tuple[Finding, ...]
    prefix: str = ""
    gate: GateInfo | None = None

    @property
    def failing(self) -> tuple[Finding, ...]:
        """Return the findings that fail."""
        return tuple(f for f in self.findings if f.fails)

    def finding(self, step: StepComparison) -> Finding | None:
        """Return what is said against a step."""
        same = (f for f in self.findings if f.kind is not Kind.WAIVER)
        return next((f for f in same if (f.pack, f.step) == (step.pack, step.id)), None)


def compared(checklist: Checklist, selected: Selection, prefix: str) -> Report:
    """Return the report of a plain comparison: every open step fails."""
    return Report(checklist, selected, tuple(_open(checklist, prefix)), prefix)


def _open(checklist: Checklist, prefix: str) -> Iterator[Finding]:
    for s in checklist.steps:
        kind = kind_of(s)
        if kind is not None:
            yield finding_of(s, kind, prefix)


def kind_of(s: StepComparison, allowed: frozenset[Verdict] = ALLOWED) -> Kind | None:
    """Return what is to be said against a step, if anything."""
    if s.verdict is Verdict.UNKNOWN:
        return Kind.UNKNOWN
    if s.verdict not in allowed:
        return Kind.OPEN
    return None if s.holds else Kind.REFERENCE


def finding_of(
    s: StepComparison, kind: Kind, prefix: str, *, before: str = "", gone: str = ""
) -> Finding:
    """Put into words what is said against a step.

    Args:
        s: the step.
        kind: what it is.
        prefix: where the kernel is in its repository.
        before: what it was, for one that got worse.
        gone: the file that it was in, for one of which nothing is left to point at.
    """
    checks = opened_checks(s)
    found = [p for c in checks for p in _placed(c, prefix)]
    if not found and s.target.place is not None and not gone:
        found = [_below(s.target.place, prefix)]
    reasons = [f"{c.id}: {c.reason}" if c.reason else c.id for c in checks[:_DETAILS]]
    if len(checks) > _DETAILS:
        reasons.append(f"and {len(checks) - _DETAILS} more")
    return Finding(
        kind,
        s.pack,
        s.id,
        s.title,
        _headline(s, kind, before),
        (*([s.target.reason] if s.target.reason else ()), *reasons),
        found[0] if found else Location(gone or f"{prefix}Makefile", 0, 0),
        verdict=s.verdict,
        others=tuple(found[1:]),
        advice=_advice(s),
    )


def opened_checks(s: StepComparison) -> list[CheckResult]:
    """Return the checks that keep a step from being done, what cannot be told first."""
    states = (State.UNKNOWN, State.UNMET, State.DIFFERS)
    found = [c for c in s.target.checks if c.state in states]
    return sorted(found, key=lambda c: states.index(c.state))


def _placed(check: CheckResult, prefix: str) -> Iterator[Location]:
    return (_below(e.location, prefix) for e in check.evidence)


def _below(place: Location, prefix: str) -> Location:
    return Location(f"{prefix}{place.path}", place.line, place.end_line)


def _headline(s: StepComparison, kind: Kind, before: str) -> str:
    text = f"{s.id} {s.title}: {s.verdict.value}"
    if s.verdict is Verdict.PARTIAL:
        text += f" ({s.target.met} of {s.target.counted} checks)"
    if kind is Kind.WORSE:
        text += f", {before}"
    if kind is Kind.REFERENCE:
        text += ", but the reference lacks it"
    return text


def _advice(s: StepComparison) -> str:
    """Return where the reference has what the target lacks."""
    if s.reference is None:
        return ""
    ids = [c.id for c in opened_checks(s)]
    beside = {c.id: c for c in s.reference.checks if c.state is State.MET}
    shown: list[Evidence] = [e for i in ids if i in beside for e in beside[i].evidence[:1]]
    return f"the reference has it at {shown[0].location}" if shown else ""
