# SPDX-License-Identifier: GPL-2.0-only
"""JSON for machines: schemas ``lpae-audit/compare/1`` and ``lpae-audit/gate/1``."""

import json
from typing import Any

from lpae_backport import __version__
from lpae_backport.finding import (
    CheckResult,
    Side,
    State,
    StepAudit,
    StepComparison,
    TreeInfo,
)
from lpae_backport.report import Finding, GateInfo, Report


def render(report: Report, detail: int) -> str:
    """Return the report as JSON; evidence is always in it, whatever `detail` says."""
    checklist, gate = report.checklist, report.gate
    document: dict[str, Any] = {
        "schema": f"lpae-audit/{'compare' if gate is None else 'gate'}/1",
        "version": __version__,
        "target": _tree(checklist.target) | {"prefix": report.prefix},
        "reference": _tree(checklist.reference) if checklist.reference else None,
    }
    if gate is not None:
        document |= _gate(gate, report)
    document |= {
        "findings": [_finding(f) for f in report.findings],
        "steps": [_step(s) for s in checklist.shown],
        "summary": {v.value: n for v, n in checklist.counts().items()}
        | {"total": len(checklist.steps)},
        "problems": list(checklist.problems),
        "notes": list(checklist.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _gate(gate: GateInfo, report: Report) -> dict[str, Any]:
    return {
        "passed": not report.failing,
        "config": gate.config,
        "base": gate.base,
        "required": [s.id for s in report.checklist.steps if (s.pack, s.id) in gate.required],
        "gate_notes": list(gate.notes),
    }


def _finding(f: Finding) -> dict[str, Any]:
    w = f.waiver
    until = w.expires.isoformat() if w is not None and w.expires is not None else None
    return {
        "fingerprint": f.fingerprint,
        "kind": f.kind.value,
        "fails": f.fails,
        "pack": f.pack,
        "step": f.step,
        "message": f.message,
        "why": f.why,
        "file": f.place.path,
        "line": max(f.place.line, 1),
        "end_line": max(f.place.end_line, 1),
        "waiver": {"reason": w.reason, "owner": w.owner, "expires": until} if w else None,
    }


def _tree(info: TreeInfo) -> dict[str, str]:
    return {"path": info.path, "root": info.root, "version": info.version}


def _step(s: StepComparison) -> dict[str, Any]:
    reference = {c.id: c for c in (s.reference.checks if s.reference else ())}
    return {
        "id": s.id,
        "title": s.title,
        "pack": s.pack,
        "status": s.verdict.value,
        "reference": None if s.reference is None else "holds" if s.holds else "lacks",
        "reference_status": s.reference.verdict.value if s.reference else None,
        "met": s.target.met,
        "of": s.target.counted,
        "target_at": _place(s.target),
        "reference_at": _place(s.reference) if s.reference else None,
        "reason": s.target.reason,
        "after": list(s.after),
        "checks": [_check(c, reference.get(c.id)) for c in s.target.checks],
        "manual": s.manual,
    }


def _place(audit: StepAudit) -> str | None:
    return str(audit.place) if audit.place else None


def _check(target: CheckResult, reference: CheckResult | None) -> dict[str, Any]:
    evidence = _evidence(Side.TARGET, target)
    if reference is not None:
        evidence += _evidence(Side.REFERENCE, reference)
    return {
        "id": target.id,
        "met": target.state is State.MET,
        "state": target.state.value,
        "constraint": target.constraint,
        "reason": target.reason,
        "evidence": evidence,
    }


def _evidence(side: Side, check: CheckResult) -> list[dict[str, Any]]:
    return [
        {
            "side": side.value,
            "file": e.location.path,
            "line": max(e.location.line, 1),
            "end_line": max(e.location.end_line, 1),
            "text": e.text,
        }
        for e in check.evidence
    ]
