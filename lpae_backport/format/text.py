# SPDX-License-Identifier: GPL-2.0-only
"""Plain text: the same bytes for the same input, one line a step, for pipes and for grep."""

from collections.abc import Iterator

from lpae_backport.finding import CheckResult, Evidence, Side, StepComparison, Verdict
from lpae_backport.format.escaping import printable, printable_lines
from lpae_backport.format.words import advice, basis, excuse, how, outcome, place, summary
from lpae_backport.report import Report

EXCERPT = 14


def render(report: Report, detail: int) -> str:
    """Return the report as plain text; a gate says first what it fails on."""
    checklist = report.checklist
    lines = [*heading(report), "", *verdict_of(report)]
    steps = tabled(report, detail)
    rows = [("STEP", "VERDICT", "CHECKS", "TARGET", "REFERENCE", "TITLE")]
    rows += [row(s) for s in steps]
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]) - 1)]
    for i, r in enumerate(rows if steps else ()):
        line = "  ".join([*(c.ljust(w) for c, w in zip(r, widths, strict=False)), r[-1]])
        lines.append(line.rstrip())
        if detail and i:
            lines += details(steps[i - 1])
    lines += [*([""] if steps else []), summary(checklist)]
    lines += [f"note: {printable(n)}" for n in checklist.notes]
    lines += [f"note: {printable(p)}" for p in checklist.problems]
    return "\n".join([*lines, *closing(report)]) + "\n"


def tabled(report: Report, detail: int) -> tuple[StepComparison, ...]:
    """Return the steps that the table shows; a gate leaves out those that are done."""
    if report.gate is None or detail:
        return report.checklist.shown
    return tuple(s for s in report.checklist.shown if s.verdict is not Verdict.DONE)


def closing(report: Report) -> list[str]:
    """Return the last lines: what to do next, and what a gate came to."""
    if report.gate is None:
        return advice(report.checklist)
    first = next((f.step for f in report.failing if f.pack), None)
    how_to = [f"why and how: {report.checklist.explain} {first}"] if first else []
    return [*how_to, outcome(report)]


def row(s: StepComparison) -> tuple[str, str, str, str, str, str]:
    """Return one line of the checklist, column by column."""
    checks = f"{s.target.met}/{s.target.counted}" if s.target.counted else "-"
    reference = "lacks it" if not s.holds else place(s.reference)
    return s.id, s.verdict.value, checks, place(s.target), reference, printable(s.title)


def heading(report: Report) -> list[str]:
    """Return the lines that say which trees were audited, and what a gate went by."""
    return [f"{name:<10} {printable(text)}" for name, text in basis(report)]


def verdict_of(report: Report) -> list[str]:
    """Return what a gate fails on, as compilers say it, and then what else it found."""
    if report.gate is None:
        return []
    lines = []
    for f in report.findings:
        lines.append(f"{printable(str(f.place))}: {how(f)}: {printable(f.headline)}")
        more = (*map(printable, f.details), printable(f.advice), excuse(f))
        lines += [f"    {line}" for line in more if line]
    lines += [f"note: {printable(n)}" for n in report.gate.notes]
    return [*lines, ""] if lines else []


def details(s: StepComparison) -> Iterator[str]:
    """Yield the lines of ``-v``: every check with what decided it, on both sides."""
    if s.target.reason:
        yield f"      {printable(s.target.reason)}"
    reference = {c.id: c for c in (s.reference.checks if s.reference else ())}
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
    lines = printable_lines(e.text)
    for n, line in enumerate(lines[:EXCERPT], e.location.line):
        yield f"        {n:>5} | {line.expandtabs(8)}".rstrip()
    if len(lines) > EXCERPT:
        yield f"              ({len(lines) - EXCERPT} more lines)"
