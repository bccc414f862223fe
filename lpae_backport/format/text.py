# SPDX-License-Identifier: GPL-2.0-only
"""Plain text: the same bytes for the same input, one line a step, for pipes and for grep."""

from collections.abc import Iterator

from lpae_backport.finding import Checklist, CheckResult, Evidence, Side, StepComparison
from lpae_backport.format.words import advice, place, printable, summary, version

EXCERPT = 14


def render(checklist: Checklist, detail: int) -> str:
    """Return the checklist as plain text."""
    lines = [*heading(checklist), ""]
    rows = [("STEP", "VERDICT", "CHECKS", "TARGET", "REFERENCE", "TITLE")]
    rows += [row(s) for s in checklist.shown]
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]) - 1)]
    for i, r in enumerate(rows):
        line = "  ".join([*(c.ljust(w) for c, w in zip(r, widths, strict=False)), r[-1]])
        lines.append(line.rstrip())
        if detail and i:
            lines += details(checklist.shown[i - 1])
    lines += ["", summary(checklist)]
    lines += [f"note: {printable(n)}" for n in checklist.notes]
    lines += [f"note: {printable(p)}" for p in checklist.problems]
    lines += advice(checklist)
    return "\n".join(lines) + "\n"


def row(s: StepComparison) -> tuple[str, str, str, str, str, str]:
    """Return one line of the checklist, column by column."""
    checks = f"{s.target.met}/{s.target.counted}" if s.target.counted else "-"
    reference = place(s.reference) if s.holds else "lacks it"
    return s.id, s.verdict.value, checks, place(s.target), reference, printable(s.title)


def heading(checklist: Checklist) -> list[str]:
    """Return the lines that say which trees were audited."""
    trees = (("target", checklist.target), ("reference", checklist.reference))
    return [f"{role:<10} {printable(t.root)} ({version(t)})" for role, t in trees]


def details(s: StepComparison) -> Iterator[str]:
    """Yield the lines of ``-v``: every check with what decided it, on both sides."""
    if s.target.reason:
        yield f"      {printable(s.target.reason)}"
    reference = {c.id: c for c in s.reference.checks}
    for c in s.target.checks:
        reason = f": {printable(c.reason)}" if c.reason else ""
        yield f"    [{c.state.value}] {c.id}{reason}"
        yield from _excerpts(Side.TARGET, c)
        if c.id in reference:
            yield from _excerpts(Side.REFERENCE, reference[c.id])
    yield ""


def _excerpts(side: Side, check: CheckResult) -> Iterator[str]:
    for e in check.evidence:
        yield f"      {side.value} {printable(str(e.location))}"
        yield from excerpt(e)


def excerpt(e: Evidence) -> Iterator[str]:
    """Yield the numbered lines of a piece of evidence, cut where it is long."""
    lines = printable(e.text).split("\n") if e.text else []
    for n, line in enumerate(lines[:EXCERPT], e.location.line):
        yield f"        {n:>5} | {line.expandtabs(8)}".rstrip()
    if len(lines) > EXCERPT:
        yield f"              ({len(lines) - EXCERPT} more lines)"
