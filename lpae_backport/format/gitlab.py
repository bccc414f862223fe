# SPDX-License-Identifier: GPL-2.0-only
"""GitLab's code quality report, which it shows in a merge request."""

import json
from typing import Any

from lpae_backport.format.escaping import printable
from lpae_backport.format.words import excuse
from lpae_backport.report import Finding, Kind, Report


def render(report: Report, detail: int) -> str:
    """Return one entry a finding."""
    return json.dumps([_entry(f) for f in report.findings], indent=2) + "\n"


def _entry(f: Finding) -> dict[str, Any]:
    text = "; ".join(t for t in (f.message, f.advice, excuse(f)) if t)
    return {
        "description": printable(text),
        "check_name": "waivers" if f.kind is Kind.WAIVER else f"{f.pack}/{f.step}",
        "fingerprint": f.fingerprint,
        "severity": _severity(f),
        "location": {
            "path": printable(f.place.path),
            "lines": {"begin": max(f.place.line, 1)},
        },
    }


def _severity(f: Finding) -> str:
    if not f.fails:
        return "info"
    return "critical" if f.kind is Kind.UNKNOWN else "major"
