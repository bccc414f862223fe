# SPDX-License-Identifier: GPL-2.0-only
"""What the formats for people say in the same words."""

import re

from lpae_backport.finding import Checklist, StepAudit, Verdict

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return `text` with control characters (and what turns text around) shown, not obeyed."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if m[0] != "\r" else "", text)


def place(audit: StepAudit) -> str:
    """Return the most telling place of a step in one tree, or what stands in for it."""
    if audit.place is not None:
        return printable(str(audit.place))
    return "-"


def summary(checklist: Checklist) -> str:
    """Return the summary in one line."""
    counts = checklist.counts()
    parts = [f"{n} {v.value}" for v, n in counts.items() if n]
    steps = "1 step" if len(checklist.steps) == 1 else f"{len(checklist.steps)} steps"
    return f"{steps}: {', '.join(parts) or 'none'}"


def lacking(checklist: Checklist) -> list[str]:
    """Return the steps that the reference does not have."""
    return [s.id for s in checklist.steps if not s.holds]


def next_steps(checklist: Checklist) -> list[str]:
    """Return the open steps that nothing open comes before: where to begin."""
    open_ids = {s.id for s in checklist.steps if s.verdict.is_open}
    return [s.id for s in checklist.steps if s.id in open_ids and not open_ids & set(s.after)]


def advice(checklist: Checklist) -> list[str]:
    """Return what to do next, one line each."""
    lines = []
    unknown = [s.id for s in checklist.steps if s.verdict is Verdict.UNKNOWN]
    if unknown:
        lines.append(f"unknown: {', '.join(unknown)} (what they look at could not be read; see -v)")
    absent = lacking(checklist)
    if absent:
        lines.append(f"the reference itself lacks {', '.join(absent)}: is it the right tree?")
    first = [i for i in next_steps(checklist) if i not in unknown]
    if first:
        lines.append(f"next: {', '.join(first)} (nothing open comes before them)")
        lines.append(f"why and how: lpae-audit explain {first[0]}")
    if not lines:
        lines.append("nothing remains to be done")
    return lines
