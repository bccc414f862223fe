# SPDX-License-Identifier: GPL-2.0-only
"""A stored report as the state that a gate compares with."""

import json
import os
from pathlib import Path
from typing import Any

from lpae_backport.errors import RuleError
from lpae_backport.finding import CheckResult, State, Verdict
from lpae_backport.gating import Base, Before, remembered
from lpae_backport.report import Kind

_SCHEMAS = ("lpae-audit/compare/1", "lpae-audit/gate/1")
_MAX_SIZE = 16 * 1024 * 1024
_HINT = "a report of compare or gate with --format json"


def read_baseline(path: Path) -> Base:
    """Read a report that was stored as JSON.

    Raises:
        RuleError: it cannot be read, or is none.
    """
    try:
        if not path.is_file():
            raise RuleError("no such file", where=str(path), hint=_HINT)
        with open(path, "rb") as f:
            raw = f.read(_MAX_SIZE + 1)
    except OSError as e:
        raise RuleError(f"cannot be read: {e.strerror}", where=str(path)) from None
    if len(raw) > _MAX_SIZE:
        raise RuleError("too large for a report", where=str(path))
    try:
        document = json.loads(raw)
        if document["schema"] not in _SCHEMAS:
            raise RuleError("not a report of this program", where=str(path), hint=_HINT)
        steps = {_key(s): _before(s) for s in document["steps"]}
        found = [f for f in document.get("findings", ()) if f["kind"] == Kind.WAIVER]
        problems = tuple(map(str, list(document.get("problems", []))))
        waivers = frozenset(str(f["fingerprint"]) for f in found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RuleError("not a report", where=str(path), hint=_HINT) from None
    return Base(os.fspath(path), steps, waivers, problems)


def _key(step: dict[str, Any]) -> tuple[str, str]:
    return str(step["pack"]), str(step["id"])


def _before(step: dict[str, Any]) -> Before:
    checks = [
        CheckResult(
            str(c["id"]),
            State(c["state"]),
            reason=str(c.get("reason", "")),
            constraint=bool(c.get("constraint", False)),
        )
        for c in step["checks"]
    ]
    return remembered(Verdict(step["status"]), checks)
