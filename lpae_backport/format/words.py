# SPDX-License-Identifier: GPL-2.0-only
"""What the formats for people say in the same words."""

from lpae_backport.finding import Checklist, StepAudit, Verdict
from lpae_backport.format.escaping import printable, version
from lpae_backport.report import Finding, Kind, Report


def place(audit: StepAudit | None) -> str:
    """Return the most telling place of a step in one tree, or what stands in for it."""
    if audit is not None and audit.place is not None:
        return printable(str(audit.place))
    return "-"


def summary(checklist: Checklist) -> str:
    """Return the summary in one line; steps that are not shown count too."""
    counts = checklist.counts()
    parts = [f"{n} {v.value}" for v, n in counts.items() if n]
    steps = "1 step" if len(checklist.steps) == 1 else f"{len(checklist.steps)} steps"
    hidden = f" ({len(checklist.shown)} shown)" if checklist.only else ""
    return f"{steps}: {', '.join(parts)}{hidden}"


def next_steps(checklist: Checklist) -> list[str]:
    """Return the open steps that nothing open (and nothing left out) comes before."""
    closed = {s.id for s in checklist.steps if not s.verdict.is_open}
    known = [s for s in checklist.steps if s.verdict is not Verdict.UNKNOWN]
    return [s.id for s in known if s.verdict.is_open and set(s.after) <= closed]


def outcome(report: Report) -> str:
    """Return what a gate came to, in one line."""
    failing = len(report.failing)
    parts = ["gate passed" if not failing else f"gate failed: {count(failing, 'finding')}"]
    words = [how(f) for f in report.findings]
    parts += [f"{words.count(w)} {t}" for w, t in _REST.items() if w in words]
    return ", ".join(parts)


_REST = {"waived": "waived", "note": "noted"}


def count(n: int, word: str) -> str:
    """Return a number with its word."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def how(finding: Finding) -> str:
    """Return what a gate makes of a finding, in the word that compilers use."""
    if finding.fails:
        return "error"
    if finding.waiver is not None and finding.kind is not Kind.WAIVER:
        return "waived"
    return "note"


def excuse(finding: Finding) -> str:
    """Return why a finding does not fail, in one line; nothing where it does."""
    w = finding.waiver
    if w is None or finding.kind is Kind.WAIVER:
        return printable(finding.why) if not finding.fails else ""
    until = f", until {w.expires.isoformat()}" if w.expires is not None else ""
    return printable(f"waived: {w.reason} ({w.owner}{until})")


def basis(report: Report) -> list[tuple[str, str]]:
    """Return which trees were audited and what a gate went by, as names and words."""
    target, reference, gate = report.checklist.target, report.checklist.reference, report.gate
    lines = [("target", f"{target.root} ({version(target)})")]
    if gate is None:
        if reference is not None:
            lines.append(("reference", f"{reference.root} ({version(reference)})"))
        return lines
    lines.append(("reference", gate.reference or "none"))
    lines.append(("config", gate.config or "none found; every step of every pack is required"))
    return [*lines, *([("base", gate.base)] if gate.base else [])]


def advice(checklist: Checklist) -> list[str]:
    """Return what to do next, one line each."""
    lines = []
    unknown = [s.id for s in checklist.steps if s.verdict is Verdict.UNKNOWN]
    if unknown:
        lines.append(f"unknown: {', '.join(unknown)} (what they look at could not be read; see -v)")
    if checklist.lacking:
        ids = ", ".join(checklist.lacking)
        lines.append(f"the reference itself lacks {ids}: are the two trees swapped?")
    first = next_steps(checklist)
    open_ids = [s.id for s in checklist.steps if s.verdict.is_open and s.id not in unknown]
    if first:
        lines.append(f"next: {', '.join(first)} (nothing open comes before them)")
    if open_ids:
        lines.append(f"why and how: {checklist.explain} {(first or open_ids)[0]}")
    if not lines:
        lines.append("nothing remains to be done")
    return lines
