# SPDX-License-Identifier: GPL-2.0-only
"""A lock: what was found in a reference, so that a gate needs no second tree."""

import posixpath
import textwrap
from typing import Any

from lpae_backport import __version__
from lpae_backport.audit import PackAudits, Selection
from lpae_backport.document import Value, dump_yaml, listed
from lpae_backport.finding import (
    CheckResult,
    Evidence,
    State,
    StepAudit,
    TreeAudit,
    TreeInfo,
    Verdict,
    verdict_of,
)
from lpae_backport.location import Location
from lpae_backport.rule import Pack
from lpae_backport.ruleset import digest

SCHEMA = "lpae-audit/lock/1"
_HEAD = """\
# What lpae-audit found in a reference tree, so that a gate needs no second tree.
# Made by: lpae-audit lock NEW -o FILE. Do not edit; make it anew when the rules change.
"""
_AGAIN = "lpae-audit lock NEW -o FILE"
_LINES = 6
_PLACES = 2


def lock_text(audits: PackAudits, selected: Selection) -> str:
    """Return a lock.

    Args:
        audits: what was found in the reference.
        selected: the packs, whole.
    """
    info = audits.info
    document = {
        "schema": SCHEMA,
        "version": __version__,
        "reference": {"name": posixpath.basename(info.root), "version": info.version},
        "packs": [
            {
                "id": pack.id,
                "rules": digest(pack.folder),
                "steps": [_step(s) for s in audits.packs[pack.id].steps],
            }
            for pack, _ in selected
        ],
    }
    return _HEAD + dump_yaml(document)


def _step(s: StepAudit) -> dict[str, Any]:
    found: dict[str, Any] = {"id": s.id, "status": s.verdict.value}
    if s.reason:
        found["reason"] = s.reason
    if s.checks:
        found["checks"] = [_check(c) for c in s.checks]
    return found


def _check(c: CheckResult) -> dict[str, Any]:
    found: dict[str, Any] = {"id": c.id, "state": c.state.value}
    if c.reason:
        found["reason"] = c.reason
    if c.evidence:
        found["evidence"] = [_evidence(e) for e in c.evidence[:_PLACES]]
    return found


def _evidence(e: Evidence) -> dict[str, Any]:
    place = e.location
    lines = [ln.expandtabs(8).rstrip() for ln in e.text.splitlines()[:_LINES]]
    found: dict[str, Any] = {"file": place.path, "line": place.line, "end": place.end_line}
    text = textwrap.dedent("\n".join(lines)).strip("\n")
    return found | ({"text": text} if text else {})


def read_lock(raw: Value, packs: list[Pack]) -> PackAudits:
    """Check a lock, and return what it says of some packs.

    Raises:
        RuleError: it is no lock, has mistakes, or was made with other rules.
    """
    m = raw.mapping(("schema", "version", "reference", "packs"), ("schema", "reference", "packs"))
    if m["schema"].text() != SCHEMA:
        m["schema"].fail(f"not {SCHEMA}", _AGAIN)
    info = m["reference"].mapping(("name", "version"), ("name", "version"))
    name, version = info["name"].text(), info["version"].text()
    known = {}
    for value in listed(m["packs"]):
        p = value.mapping(("id", "rules", "steps"), ("id", "rules", "steps"))
        if p["id"].text() in known:
            p["id"].fail(f"pack {p['id'].text()} given twice", _AGAIN)
        known[p["id"].text()] = p
    audits = {}
    for pack in packs:
        if pack.id not in known:
            raw.fail(f"the lock has no pack {pack.id}", _AGAIN)
        p = known[pack.id]
        if p["rules"].text() != digest(pack.folder):
            text = f"the lock was made with other rules of {pack.id}; they have changed since"
            p["rules"].fail(text, _AGAIN)
        audits[pack.id] = TreeAudit(tuple(_read_step(s) for s in listed(p["steps"])))
        _check_whole(p["steps"], pack, audits[pack.id])
    return PackAudits(TreeInfo(name, name, version), audits)


def _check_whole(value: Value, pack: Pack, audit: TreeAudit) -> None:
    """Refuse a lock from which steps or checks have been lost, as in a bad merge."""
    found = {s.id: s for s in audit.steps}
    wanted = {s.id: {c.id for c in s.checks} for s in pack.steps}
    lacks = [i for i in wanted if i not in found]
    if lacks or len(found) != len(audit.steps) or set(found) - set(wanted):
        value.fail(f"the lock does not have just the steps of {pack.id}", _AGAIN)
    for i, checks in wanted.items():
        ids = [c.id for c in found[i].checks]
        if found[i].verdict is not Verdict.NOT_APPLICABLE and sorted(ids) != sorted(checks):
            value.fail(f"the lock does not have just the checks of {i}", _AGAIN)
        # What a constraint is, a lock does not say; it matters only where something is begun.
        is_plain = found[i].verdict not in (Verdict.MISSING, Verdict.PARTIAL)
        if found[i].checks and is_plain and verdict_of(found[i].checks) is not found[i].verdict:
            value.fail(f"the lock contradicts itself over {i}", _AGAIN)


def _read_step(value: Value) -> StepAudit:
    m = value.mapping(("id", "status", "reason", "checks"), ("id", "status"))
    if m["status"].text() not in set(Verdict):
        m["status"].fail(f"no verdict '{m['status'].text()}'", _AGAIN)
    checks = tuple(_read_check(c) for c in listed(m.get("checks")))
    reason = m["reason"].text() if "reason" in m else ""
    return StepAudit(m["id"].text(), Verdict(m["status"].text()), checks, reason)


def _read_check(value: Value) -> CheckResult:
    m = value.mapping(("id", "state", "reason", "evidence"), ("id", "state"))
    if m["state"].text() not in set(State):
        m["state"].fail(f"no state '{m['state'].text()}'", _AGAIN)
    evidence = tuple(_read_evidence(e) for e in listed(m.get("evidence")))
    reason = m["reason"].text() if "reason" in m else ""
    return CheckResult(m["id"].text(), State(m["state"].text()), evidence, reason)


def _read_evidence(value: Value) -> Evidence:
    m = value.mapping(("file", "line", "end", "text"), ("file", "line", "end"))
    place = Location(m["file"].text(), m["line"].integer(), m["end"].integer())
    return Evidence(place, m["text"].text() if "text" in m else "")
