# SPDX-License-Identifier: GPL-2.0-only
"""Markdown: a checklist to paste into a merge request or a plan."""

import re

from lpae_backport.finding import CheckResult, State, StepComparison, Verdict
from lpae_backport.format.escaping import escape, printable_lines
from lpae_backport.format.text import EXCERPT
from lpae_backport.format.words import advice, basis, excuse, how, outcome, place, summary
from lpae_backport.report import Report


def render(report: Report, detail: int) -> str:
    """Return the report as GitHub-flavoured markdown; that of a gate folds up the checklist."""
    checklist, gate = report.checklist, report.gate
    lines = [f"# {outcome(report) if gate else summary(checklist)}", ""]
    lines += [f"- {name}: {_code(text)}" for name, text in basis(report)]
    lines.append("")
    if gate is not None:
        lines += [*_findings(report), f"<details><summary>{summary(checklist)}</summary>", ""]
    for s in checklist.shown:
        lines += _step(s, detail)
    lines += ["", "</details>", ""] if gate is not None else [""]
    notes = gate.notes if gate else ()
    lines += [f"> {escape(p)}  " for p in (*checklist.problems, *checklist.notes, *notes)]
    lines += [f"{escape(a)}  " for a in advice(checklist)] if gate is None else []
    return "\n".join(lines).rstrip() + "\n"


_MARKS = {"error": "❌", "waived": "⚠️", "note": "ℹ️"}


def _findings(report: Report) -> list[str]:
    """Return what a gate fails on, and then what else it found."""
    lines = []
    for f in report.findings:
        lines.append(f"- {_MARKS[how(f)]} **{how(f)}** {_code(str(f.place))} {escape(f.headline)}")
        lines += [f"  - {_code(text)}" for text in f.details]
        lines += [f"  - {escape(text)}" for text in (f.advice, excuse(f)) if text]
    return [*lines, ""] if lines else []


def _code(text: str) -> str:
    """Return `text` as inline code, fenced longer than any run of backticks in it."""
    text = " ".join(printable_lines(text))
    fence = "`" * (max((len(r) for r in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _step(s: StepComparison, detail: int) -> list[str]:
    box = {Verdict.DONE: "x", Verdict.NOT_APPLICABLE: "x"}.get(s.verdict, " ")
    head = f"- [{box}] **{s.id}** {escape(s.title)}: {s.verdict.value}"
    if s.target.counted:
        head += f", {s.target.met} of {s.target.counted} checks"
    where = f"  target {_code(place(s.target))}, reference {_code(place(s.reference))}"
    lines = [head + "  ", where]
    if detail:
        for c in s.target.checks:
            lines += _check(c)
    return lines


def _check(c: CheckResult) -> list[str]:
    mark = "x" if c.state is State.MET else " "
    lines = [
        f"  - [{mark}] {escape(c.id)}: {c.state.value}"
        + (f" ({escape(c.reason)})" if c.reason else "")
    ]
    for e in c.evidence[:1]:
        text = printable_lines(e.text)[:EXCERPT]
        if any(text):
            longest = max((len(r) for t in text for r in re.findall("`+", t)), default=0)
            fence = "`" * max(3, longest + 1)
            lines += ["", f"    {_code(str(e.location))}", "", f"    {fence}c"]
            lines += [f"    {t}" for t in text]
            lines += [f"    {fence}", ""]
    return lines
