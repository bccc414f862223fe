# SPDX-License-Identifier: GPL-2.0-only
"""SARIF 2.1.0 (OASIS), as code scanning services read it."""

import json
from typing import Any
from urllib.parse import quote

from lpae_backport import __version__
from lpae_backport.format.escaping import escape, printable, printable_lines
from lpae_backport.location import Location
from lpae_backport.report import Finding, Kind, Report
from lpae_backport.rule import Pack, Step

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_WAIVERS = "waivers"
"""The rule that what is wrong with a waiver belongs to."""
_DRIVER = {"name": "lpae-audit", "version": __version__, "semanticVersion": __version__}
_WAIVERS_WHY = "A waiver needs a step, a reason, an owner and a date, and a use."


def render(report: Report, detail: int) -> str:
    """Return the report as SARIF: one rule a step, one result a finding."""
    rules = [_rule(pack, step) for pack, steps in report.selected for step in steps]
    rules.append(
        {
            "id": _WAIVERS,
            "name": "waivers are in order",
            "shortDescription": {"text": "waivers are in order"},
            "fullDescription": {"text": _WAIVERS_WHY},
            "help": {"text": _WAIVERS_WHY},
        }
    )
    index = {r["id"]: i for i, r in enumerate(rules)}
    run = {
        "tool": {"driver": {**_DRIVER, "rules": rules}},
        "automationDetails": {"id": f"lpae-audit/{'gate' if report.gate else 'compare'}/"},
        "invocations": [{"executionSuccessful": True, **_notifications(report)}],
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the top of the repository"}}},
        "columnKind": "utf16CodeUnits",
        "results": [_result(f, index) for f in report.findings],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _id(pack: str, step: str) -> str:
    return f"{pack}/{step}"


def _rule(pack: Pack, step: Step) -> dict[str, Any]:
    why = "\n".join(printable_lines(step.why.strip()))
    commits = [f'{c.sha[:12]} ("{printable(c.subject)}")' for c in step.commits]
    text = "\n".join([why, *(f"Trap: {printable(t)}" for t in step.traps), *commits])
    marked = [escape(why), *(f"- {escape(t)}" for t in (*step.traps, *commits))]
    return {
        "id": _id(pack.id, step.id),
        "name": printable(step.title),
        "shortDescription": {"text": printable(step.title)},
        "fullDescription": {"text": why or printable(step.title)},
        "help": {"text": text or printable(step.title), "markdown": "\n\n".join(marked)},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["backport", pack.id]},
    }


def _notifications(report: Report) -> dict[str, Any]:
    notes = report.gate.notes if report.gate else ()
    said = [("warning", p) for p in report.checklist.problems]
    said += [("note", n) for n in (*report.checklist.notes, *notes)]
    if not said:
        return {}
    told = [{"level": level, "message": {"text": printable(text)}} for level, text in said]
    return {"toolExecutionNotifications": told}


def _result(f: Finding, index: dict[str, int]) -> dict[str, Any]:
    rule = _WAIVERS if f.kind is Kind.WAIVER else _id(f.pack, f.step)
    text = "; ".join(t for t in (f.message, f.advice) if t)
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "level": "error" if f.fails else "note",
        "message": {"text": printable(text)},
        "locations": [_location(f.place)],
        "partialFingerprints": {
            # GitHub goes by the second one, and makes it from the line if it is not given.
            "lpaeAudit/v1": f.fingerprint,
            "primaryLocationLineHash": f"{f.fingerprint}:1",
        },
        "properties": {"kind": f.kind.value, "verdict": f.verdict.value if f.verdict else ""},
    }
    if f.others:
        also = {"message": {"text": f"also of {f.step}"}}
        result["relatedLocations"] = [
            _location(p) | also | {"id": n} for n, p in enumerate(f.others, 1)
        ]
    w = f.waiver
    if w is not None and f.kind is not Kind.WAIVER:
        reason = printable(f"{w.reason} ({w.owner}, until {w.expires})")
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": reason}
        ]
    return result


def _location(place: Location) -> dict[str, Any]:
    uri = quote(place.path.encode("utf-8", "surrogateescape"), safe="/")
    region = {"startLine": max(place.line, 1), "endLine": max(place.end_line, place.line, 1)}
    artifact = {"uri": uri, "uriBaseId": "SRCROOT"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
