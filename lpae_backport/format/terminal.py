# SPDX-License-Identifier: GPL-2.0-only
"""The text report for a terminal: colours and a table that fits its width."""

import sys

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lpae_backport.finding import Checklist, CheckResult, Side, State, StepComparison, Verdict
from lpae_backport.format.text import row
from lpae_backport.format.words import advice, printable, summary

_STYLE = {
    Verdict.DONE: "green",
    Verdict.PARTIAL: "yellow",
    Verdict.MISSING: "red",
    Verdict.DIFFERS: "magenta",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.UNKNOWN: "bold yellow reverse",
}
_MARK = {State.MET: "[green]✓[/]", State.UNMET: "[red]✗[/]", State.DIFFERS: "[magenta]≈[/]"}
_EXCERPT = 14


def show(checklist: Checklist, detail: int) -> None:
    """Print the checklist on the terminal that is standard output."""
    console = Console(file=sys.stdout, highlight=False, emoji=False)
    for role, info in (("target", checklist.target), ("reference", checklist.reference)):
        console.print(Text(f"{role:<10} {printable(info.root)} (Linux {printable(info.version)})"))
    console.print(_table(checklist))
    if detail:
        for s in checklist.steps:
            _details(console, s)
    console.print(Text(summary(checklist), style="bold"))
    for line in (*checklist.notes, *checklist.problems):
        console.print(Text(f"note: {printable(line)}", style="yellow"))
    for line in advice(checklist):
        console.print(Text(line))


def _table(checklist: Checklist) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("step", "verdict", "checks"):
        table.add_column(name, no_wrap=True)
    for name in ("step title", "target", "reference"):
        table.add_column(name, overflow="fold")
    for s in checklist.steps:
        step, verdict, checks, target, reference, title = row(s)
        cells = (step, verdict, checks, title, target, reference)
        style = ["bold", _STYLE[s.verdict], "", "", "cyan", "dim cyan"]
        table.add_row(*(Text(c, style=st) for c, st in zip(cells, style, strict=True)))
    return table


def _details(console: Console, s: StepComparison) -> None:
    console.rule(Text(f"{s.id} {printable(s.title)}", style=_STYLE[s.verdict]), align="left")
    reference = {c.id: c for c in s.reference.checks}
    for c in s.target.checks:
        console.print(f"{_MARK.get(c.state, '?')} [bold]{c.id}[/]", Text(printable(c.reason)))
        _excerpts(console, Side.TARGET, c)
        if c.id in reference:
            _excerpts(console, Side.REFERENCE, reference[c.id])


def _excerpts(console: Console, side: Side, check: CheckResult) -> None:
    for e in check.evidence:
        console.print(Text(f"  {side.value} {printable(str(e.location))}", style="cyan"))
        if e.text:
            code = "\n".join(printable(e.text).split("\n")[:_EXCERPT])
            console.print(
                Syntax(
                    code,
                    "c",
                    line_numbers=True,
                    start_line=e.location.line,
                    tab_size=8,
                    background_color="default",
                )
            )
