# SPDX-License-Identifier: GPL-2.0-only
"""Markdown: a checklist to paste into a merge request or a plan."""

import re

from lpae_backport.finding import CheckResult, State, StepComparison, TreeInfo, Verdict
from lpae_backport.format.text import EXCERPT
from lpae_backport.format.words import (
    advice,
    excuse,
    how,
    outcome,
    place,
    printable,
    summary,
    version,
)
from lpae_backport.report import Report

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@!$])")


def render(report: Report, detail: int) -> str:
    """Return the report as GitHub-flavoured markdown."""
    checklist = report.checklist
    lines = [f"# {outcome(report) if report.gate else summary(checklist)}", "", *_trees(report), ""]
    if report.gate and report.findings:
        lines += ["## Findings", "", *_findings(report), "## Steps", ""]
    for s in checklist.shown:
        lines += _step(s, detail)
    lines.append("")
    if report.gate:
        lines += [summary(checklist), ""]
    notes = report.gate.notes if report.gate else ()
    lines += [f"> {escape(p)}" for p in (*checklist.problems, *checklist.notes, *notes)]
    lines += [f"{escape(a)}  " for a in advice(checklist)] if report.gate is None else []
    return "\n".join(lines).rstrip() + "\n"


def _trees(report: Report) -> list[str]:
    target, reference = report.checklist.target, report.checklist.reference
    lines = [f"- target: {_tree(target)}"]
    if report.gate is not None and report.gate.reference:
        lines.append(f"- reference: {escape(report.gate.reference)}")
    elif reference is not None:
        lines.append(f"- reference: {_tree(reference)}")
    if report.gate is not None and report.gate.base:
        lines.append(f"- base: {escape(report.gate.base)}")
    return lines


def _findings(report: Report) -> list[str]:
    """Return what a gate fails on, and then what else it found."""
    lines = []
    for f in report.findings:
        mark = "❌" if f.fails else "⚠️"
        lines.append(f"- {mark} **{how(f)}** {_code(str(f.place))} {escape(f.message)}  ")
        more = (escape(text) for text in (f.advice, excuse(f)) if text)
        lines += [f"  {text}  " for text in more]
    return [*lines, ""]


def escape(text: str) -> str:
    """Return `text` so that markdown and HTML show it as it is."""
    return _SPECIAL.sub(r"\\\1", printable(text)).replace("\n", " ")


def _tree(info: TreeInfo) -> str:
    return f"{_code(info.root)} ({escape(version(info))})"


def _code(text: str) -> str:
    """Return `text` as inline code, fenced longer than any run of backticks in it."""
    text = printable(text).replace("\n", " ")
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
        text = printable(e.text).split("\n")[:EXCERPT]
        if any(text):
            longest = max((len(r) for t in text for r in re.findall("`+", t)), default=0)
            fence = "`" * max(3, longest + 1)
            lines += ["", f"    {_code(str(e.location))}", "", f"    {fence}c"]
            lines += [f"    {t}" for t in text]
            lines += [f"    {fence}", ""]
    return lines
