# SPDX-License-Identifier: GPL-2.0-only
"""The text report for a terminal: colours and a table that fits its width."""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from lpae_backport.finding import CheckResult, Side, State, StepComparison, Verdict
from lpae_backport.format.escaping import printable, printable_lines
from lpae_backport.format.text import EXCERPT, closing, heading, row, tabled, verdict_of
from lpae_backport.format.words import summary
from lpae_backport.report import Report

_STYLE = {
    Verdict.DONE: "green",
    Verdict.PARTIAL: "yellow",
    Verdict.MISSING: "red",
    Verdict.DIFFERS: "magenta",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.UNKNOWN: "bold yellow reverse",
}
_MARK = {
    State.MET: Text("✓", "green"),
    State.UNMET: Text("✗", "red"),
    State.DIFFERS: Text("≈", "magenta"),
}
_WIDE = 150
"""Columns from which the reference's places fit on the same line."""
_TITLE = 8
"""Columns below which a piece of a title says nothing."""


def show(report: Report, detail: int) -> None:
    """Print the report on the terminal that is standard output."""
    checklist = report.checklist
    console = Console(file=sys.stdout, highlight=False, emoji=False)
    for line in heading(report):
        console.print(Text(line))
    console.print()
    for line in verdict_of(report):
        console.print(Text(line, "bold red" if ": error: " in line else ""))
    steps = tabled(report, detail)
    for text in _table(steps, console.width):
        console.print(text, no_wrap=True, overflow="ignore", crop=False)
    console.print()
    if detail:
        for s in steps:
            _details(console, s)
    console.print(Text(summary(checklist), style="bold"))
    for line in (*checklist.notes, *checklist.problems):
        console.print(Text(f"note: {printable(line)}", style="yellow"))
    *lines, last = closing(report)
    for line in lines:
        console.print(Text(line))
    style = "" if report.gate is None else "bold red" if report.failing else "bold green"
    console.print(Text(last, style))


def _table(steps: tuple[StepComparison, ...], width: int) -> Iterator[Text]:
    """Yield the lines of the table: whole in all columns but the last, the title.

    On a narrow terminal the reference is left out, and what is left of the title; no place is cut.
    """
    if not steps:
        return
    count = 5 if width >= _WIDE else 4
    rows = [("STEP", "VERDICT", "CHECKS", "TARGET", "REFERENCE", "TITLE"), *map(row, steps)]
    widths = [max(len(r[i]) for r in rows) for i in range(count)]
    room = width - sum(widths) - 2 * count
    for i, r in enumerate(rows):
        verdict = _STYLE[steps[i - 1].verdict] if i else "bold"
        styles = ("bold", verdict, "", "cyan", "dim cyan") if i else ("bold",) * 5
        line = Text()
        for cell, size, style in zip(r, widths, styles, strict=False):
            line.append(cell.ljust(size), style)
            line.append("  ")
        title = r[-1] if len(r[-1]) <= room else r[-1][: max(room - 1, 0)] + "…"
        if room > _TITLE:
            line.append(title, "" if i else "bold")
        line.rstrip()
        yield line


def _details(console: Console, s: StepComparison) -> None:
    console.rule(Text(f"{s.id} {printable(s.title)}", style=_STYLE[s.verdict]), align="left")
    if s.target.reason:
        console.print(Text(printable(s.target.reason)))
    reference = {c.id: c for c in (s.reference.checks if s.reference else ())}
    for c in s.target.checks:
        mark = _MARK.get(c.state, Text("?"))
        console.print(mark, Text(c.id, "bold"), Text(printable(c.reason)))
        _excerpts(console, Side.TARGET, c)
        if c.id in reference:
            _excerpts(console, Side.REFERENCE, reference[c.id])


def _excerpts(console: Console, side: Side, check: CheckResult) -> None:
    for e in check.evidence:
        console.print(Text(f"  {side.value} {printable(str(e.location))}", style="cyan"))
        lines = printable_lines(e.text)
        if lines:
            first = e.location.line
            code = "\n".join(lines[:EXCERPT])
            console.print(
                Syntax(
                    code,
                    "c",
                    line_numbers=True,
                    start_line=first,
                    tab_size=8,
                    background_color="default",
                )
            )
        if len(lines) > EXCERPT:
            console.print(Text(f"        ({len(lines) - EXCERPT} more lines)", "dim"))
