# SPDX-License-Identifier: GPL-2.0-only
"""JSON for machines: schema ``lpae-audit/compare/1``."""

import json
from typing import Any

from lpae_backport import __version__
from lpae_backport.finding import (
    Checklist,
    CheckResult,
    Side,
    State,
    StepAudit,
    StepComparison,
    TreeInfo,
)

SCHEMA = "lpae-audit/compare/1"


def render(checklist: Checklist, detail: int) -> str:
    """Return the checklist as JSON; evidence is always in it, whatever `detail` says."""
    document = {
        "schema": SCHEMA,
        "version": __version__,
        "target": _tree(checklist.target),
        "reference": _tree(checklist.reference),
        "steps": [_step(s) for s in checklist.shown],
        "summary": {v.value: n for v, n in checklist.counts().items()}
        | {"total": len(checklist.steps)},
        "problems": list(checklist.problems),
        "notes": list(checklist.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _tree(info: TreeInfo) -> dict[str, str]:
    return {"path": info.path, "root": info.root, "version": info.version}


def _step(s: StepComparison) -> dict[str, Any]:
    reference = {c.id: c for c in s.reference.checks}
    return {
        "id": s.id,
        "title": s.title,
        "pack": s.pack,
        "status": s.verdict.value,
        "reference": "holds" if s.holds else "lacks",
        "reference_status": s.reference.verdict.value,
        "met": s.target.met,
        "of": s.target.counted,
        "target_at": _place(s.target),
        "reference_at": _place(s.reference),
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
