# SPDX-License-Identifier: GPL-2.0-only
"""The text report for a terminal: colours and a table that fits its width."""

import sys

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lpae_backport.finding import Checklist, CheckResult, Side, State, StepComparison, Verdict
from lpae_backport.format.text import EXCERPT, heading, row, verdict_of
from lpae_backport.format.words import advice, outcome, printable, summary
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


def show(report: Report, detail: int) -> None:
    """Print the report on the terminal that is standard output."""
    checklist = report.checklist
    console = Console(file=sys.stdout, highlight=False, emoji=False)
    for line in heading(report):
        console.print(Text(line))
    console.print()
    for line in verdict_of(report):
        console.print(Text(line, "bold red" if line.startswith("FAIL") else ""))
    console.print(_table(checklist, console.width))
    console.print()
    if detail:
        for s in checklist.shown:
            _details(console, s)
    console.print(Text(summary(checklist), style="bold"))
    for line in (*checklist.notes, *checklist.problems):
        console.print(Text(f"note: {printable(line)}", style="yellow"))
    if report.gate is not None:
        console.print(Text(outcome(report), "bold red" if report.failing else "bold green"))
        return
    for line in advice(checklist):
        console.print(Text(line))


def _table(checklist: Checklist, width: int) -> Table:
    """Return the table; on a narrow terminal without the reference, so that no path is cut."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    wide = width >= _WIDE
    for name in ("STEP", "VERDICT", "CHECKS", "TARGET", *(("REFERENCE",) if wide else ())):
        table.add_column(name, no_wrap=True, overflow="ignore")
    table.add_column("TITLE", overflow="ellipsis", no_wrap=True)
    for s in checklist.shown:
        step, verdict, checks, target, reference, title = row(s)
        cells = [
            Text(step, "bold"),
            Text(verdict, _STYLE[s.verdict]),
            Text(checks),
            Text(target, "cyan"),
            *((Text(reference, "dim cyan"),) if wide else ()),
            Text(title),
        ]
        table.add_row(*cells)
    return table


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
        lines = printable(e.text).split("\n") if e.text else []
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
