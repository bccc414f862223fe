# SPDX-License-Identifier: GPL-2.0-only
"""Workflow commands of GitHub Actions, which it shows at the lines of a pull request."""

from lpae_backport.finding import Verdict
from lpae_backport.format.escaping import printable
from lpae_backport.format.words import excuse, outcome, summary
from lpae_backport.report import Finding, Kind, Report


def render(report: Report, detail: int) -> str:
    """Return one annotation a finding: errors for what fails, notices for what is excused."""
    lines = [_annotation(f) for f in report.findings if f.fails or f.waiver or _is_unclear(f)]
    notes = report.gate.notes if report.gate else ()
    lines += [f"::warning::{_data(text)}" for text in (*report.checklist.problems, *notes)]
    lines.append(outcome(report) if report.gate else summary(report.checklist))
    return "\n".join(lines) + "\n"


def _is_unclear(f: Finding) -> bool:
    return f.verdict is Verdict.UNKNOWN


def _annotation(f: Finding) -> str:
    level = "error" if f.fails else "notice"
    place = f.place
    values = {"file": place.path, "line": str(max(place.line, 1))}
    if place.end_line > place.line > 0:
        values["endLine"] = str(place.end_line)
    values["title"] = f"waiver of {f.step}" if f.kind is Kind.WAIVER else f"{f.step} {f.title}"
    head = ",".join(f"{k}={_property(v)}" for k, v in values.items())
    text = "%0A".join(_data(t) for t in (f.message, f.advice, excuse(f)) if t)
    return f"::{level} {head}::{text}"


def _data(text: str) -> str:
    """Escape as the runner's own toolkit does; without it a line could be a command of its own."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
