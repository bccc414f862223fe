# SPDX-License-Identifier: GPL-2.0-only
"""Decides what a gate fails on: what is required and not met, or what got worse."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from lpae_backport.finding import (
    UNDER,
    Checklist,
    CheckResult,
    State,
    StepComparison,
    Verdict,
)
from lpae_backport.report import ALLOWED, Finding, Kind, Waiver, finding_of, kind_of
from lpae_backport.ruleset import fits

_RANK = {
    Verdict.DONE: 0,
    Verdict.NOT_APPLICABLE: 0,
    Verdict.DIFFERS: 1,
    Verdict.PARTIAL: 2,
    Verdict.MISSING: 3,
    Verdict.UNKNOWN: 4,
}
_NOT_DONE = tuple(v for v in Verdict if v not in (Verdict.DONE, Verdict.UNKNOWN))
_NO_OPTIONS = frozenset(("1", "defined(__KERNEL__)", "!defined(__ASSEMBLY__)"))
"""Conditions that hold wherever a driver is compiled."""


@dataclass(frozen=True)
class Terms:
    """What a gate insists on.

    Attributes:
        require: the steps, by id or what several begin with; empty for all.
        allow: the verdicts that will do.
        fail_on: the kinds of findings it fails on.
        waivers: the steps that are excused.
    """

    require: tuple[str, ...] = ()
    allow: frozenset[Verdict] = ALLOWED
    fail_on: frozenset[Kind] = frozenset(Kind)
    waivers: tuple[Waiver, ...] = ()

    def requires(self, step: str) -> bool:
        """Tell whether a step is one that it insists on."""
        return not self.require or any(fits(step, r) for r in self.require)

    def with_base(self, before: "Terms") -> "Terms":
        """Return what a state is held to that comes from another: to no less than that was."""
        everything = not self.require or not before.require
        return Terms(
            () if everything else (*self.require, *before.require),
            self.allow & before.allow,
            self.fail_on | before.fail_on,
            self.waivers,
        )


@dataclass(frozen=True, slots=True)
class Before:
    """What a step was: its verdict, and the checks that held and were more than vacuous."""

    verdict: Verdict
    held: frozenset[str] = frozenset()
    options: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What each of them hung on, by check."""
    file: str = ""
    """The file that it was decided in, below the top of the repository."""


@dataclass(frozen=True)
class Base:
    """The state that a gate compares with.

    Attributes:
        name: what to call it.
        steps: what each step was, by pack and step.
        waivers: the fingerprints of what was wrong with waivers then.
        problems: what could not be read of it.
    """

    name: str
    steps: Mapping[tuple[str, str], Before]
    waivers: frozenset[str] = field(default_factory=frozenset)
    problems: tuple[str, ...] = ()


def base_of(
    checklist: Checklist, name: str, prefix: str = "", waivers: Iterable[Finding] = ()
) -> Base:
    """Return a state to compare with."""
    steps = {(s.pack, s.id): before_of(s, prefix) for s in checklist.steps}
    faults = frozenset(f.fingerprint for f in waivers)
    return Base(name, steps, faults, checklist.problems)


def before_of(s: StepComparison, prefix: str) -> Before:
    """Return what is to be remembered of a step."""
    place = s.target.place
    return remembered(s.verdict, s.target.checks, f"{prefix}{place.path}" if place else "")


def remembered(verdict: Verdict, checks: Iterable[CheckResult], file: str = "") -> Before:
    """Return what is to be remembered of a verdict and the checks behind it.

    In a step that is missing, what is merely not forbidden holds nothing.
    """
    vacuous = verdict is Verdict.MISSING
    held = [c for c in checks if c.state is State.MET and not (vacuous and c.constraint)]
    options = {c.id: options_of(c.reason) for c in held}
    return Before(verdict, frozenset(options), options, file)


def options_of(reason: str) -> frozenset[str]:
    """Return the conditions under which what a check found is compiled, by its reason."""
    if not reason.startswith(UNDER):
        return frozenset()
    return frozenset(reason.removeprefix(UNDER).split(" and ")) - _NO_OPTIONS


def judge(
    checklist: Checklist, terms: Terms, base: Base | None, prefix: str, today: date
) -> tuple[Finding, ...]:
    """Return all that is to be said against a target; what fails comes first.

    Args:
        checklist: the state of its steps.
        terms: what is insisted on.
        base: with one, only what got worse since then fails.
        prefix: where the kernel is in its repository.
        today: the day that waivers are held against.
    """
    valid = [w for w in terms.waivers if not _fault(w, checklist, today)]
    used: set[str] = set()
    found = []
    for s in checklist.steps:
        finding = _said(s, terms, base, prefix)
        if finding is None:
            continue
        waiver = next((w for w in valid if fits(s.id, w.step)), None)
        if waiver is not None:
            used.add(waiver.step)
            finding = replace(finding, waiver=waiver, fails=False)
        found.append(finding)
    for f in waiver_faults(checklist, terms, used, today):
        is_new = base is None or f.fingerprint not in base.waivers
        why = "" if is_new else "no worse than in the base"
        if base is not None and f.fault == "unused":
            why = "whoever mends a step makes its waiver idle"
        if Kind.WAIVER not in terms.fail_on:
            why = "waiver is not in fail-on"
        found.append(replace(f, fails=not why, why=why))
    return tuple(sorted(found, key=lambda f: not f.fails))


def _said(s: StepComparison, terms: Terms, base: Base | None, prefix: str) -> Finding | None:
    kind = kind_of(s, terms.allow)
    if base is not None:
        before = base.steps.get((s.pack, s.id))
        change = _change(base, before, s)
        if change:
            gone = before.file if before is not None else ""
            found = finding_of(s, Kind.WORSE, prefix, before=change, gone=gone)
            fails = bool({Kind.WORSE, kind} & terms.fail_on) and terms.requires(s.id)
            why = "not in fail-on" if terms.requires(s.id) else "not required"
            return replace(found, fails=fails, why=why)
    if kind is None:
        return None
    why = ""
    if base is not None:
        why = f"no worse than in {base.name}"
    elif not terms.requires(s.id):
        why = "not required"
    elif kind not in terms.fail_on:
        why = f"{kind.value} is not in fail-on"
    return replace(finding_of(s, kind, prefix), fails=not why, why=why)


def _change(base: Base, before: Before | None, s: StepComparison) -> str:
    """Return how a step got worse, in words; nothing if it did not."""
    if before is None:
        return f"and not in {base.name}" if s.verdict.is_open else ""
    was = f"was {before.verdict.value} in {base.name}"
    if before.verdict is Verdict.UNKNOWN:
        # Nobody knows whether it is worse: that must not pass for an answer.
        return f"and {was}" if s.verdict in _NOT_DONE else ""
    if _RANK[s.verdict] > _RANK[before.verdict]:
        return was
    if before.verdict is Verdict.DONE and s.verdict is Verdict.NOT_APPLICABLE:
        return was
    if _RANK[s.verdict] < _RANK[before.verdict]:
        return ""
    gone = (State.UNMET, State.DIFFERS, State.UNKNOWN)
    checks = s.target.checks
    lost = [c.id for c in checks if c.state in gone and c.id in before.held]
    lost += [
        f"{c.id} ({c.reason})"
        for c in checks
        if c.state is State.MET and c.id in before.options
        if options_of(c.reason) - before.options[c.id]
    ]
    return f"and lost {', '.join(lost)} since {base.name}" if lost else ""


def waiver_faults(
    checklist: Checklist, terms: Terms, used: Iterable[str], today: date
) -> Iterator[Finding]:
    """Yield what is wrong with waivers, those that excuse nothing included."""
    seen = set(used)
    for w in terms.waivers:
        fault, text = _fault(w, checklist, today) or ("", "")
        if not fault and w.step not in seen:
            fault, text = "unused", "is not needed"
        if fault:
            message = f"the waiver of {w.step} {text}"
            yield Finding(
                Kind.WAIVER, "", w.step, "waivers", message, (), w.place, waiver=w, fault=fault
            )


def _says_something(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _fault(w: Waiver, checklist: Checklist, today: date) -> tuple[str, str] | None:
    """Return what makes a waiver void, as a word and in words."""
    if not any(fits(s.id, w.step) for s in checklist.steps):
        return "unknown-step", "names no step of these packs"
    if not _says_something(w.reason):
        return "no-reason", "gives no reason"
    if not _says_something(w.owner):
        return "no-owner", "names no owner"
    if w.expires is None:
        return "no-expiry", "does not say when it expires"
    if w.expires < today:
        return "expired", f"expired on {w.expires.isoformat()} (owner: {w.owner})"
    return None
