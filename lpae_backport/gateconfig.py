# SPDX-License-Identifier: GPL-2.0-only
"""Reads ``.lpae-audit.yaml``, the configuration of a gate."""

from dataclasses import dataclass, field
from datetime import date

from lpae_backport.document import Value, listed
from lpae_backport.finding import Verdict
from lpae_backport.gating import Terms
from lpae_backport.location import Location
from lpae_backport.report import ALLOWED, Kind, Waiver

SCHEMA = 1
_KEYS = (
    *("schema", "kernel", "packs", "rules", "require", "allow", "fail-on"),
    *("lock", "reference", "waivers"),
)


@dataclass(frozen=True)
class Config:
    """A gate's configuration.

    Attributes:
        packs: the packs it is for; empty for all.
        required: the steps it insists on, as written.
        terms: what it insists on.
        kernel: the folder of the kernel that it is for.
        rules: where packs of the fork's own are.
        lock: the file with what was recorded from a reference.
        reference: the reference, as a folder of the fork or a revision (``@REV``) of it.
    """

    packs: tuple[Value, ...] = ()
    required: tuple[Value, ...] = ()
    terms: Terms = field(default_factory=Terms)
    kernel: Value | None = None
    rules: Value | None = None
    lock: Value | None = None
    reference: Value | None = None


def read_config(raw: Value) -> Config:
    """Check a configuration.

    Raises:
        RuleError: a mistake, with file:line:column and a hint.
    """
    m = raw.mapping(_KEYS)
    if "schema" not in m:
        raw.fail("key 'schema' is missing", f"schema: {SCHEMA}")
    for key in ("require", "allow", "fail-on", "packs"):
        if key in m and not m[key].items():
            m[key].fail(f"{key} is empty", "leave it out for the default")
    if m["schema"].text() != str(SCHEMA):
        m["schema"].fail(f"schema {m['schema'].text()} is not supported", f"schema: {SCHEMA}")
    if "lock" in m and "reference" in m:
        m["lock"].fail("both a lock and a reference", "one of them is enough")
    terms = Terms(
        m["require"].texts() if "require" in m else (),
        _allowed(m["allow"]) if "allow" in m else ALLOWED,
        _kinds(m["fail-on"]) if "fail-on" in m else frozenset(Kind),
        tuple(_waiver(w) for w in listed(m.get("waivers"))),
    )
    packs = tuple(m["packs"].items()) if "packs" in m else ()
    required = tuple(m["require"].items()) if "require" in m else ()
    return Config(
        packs, required, terms, m.get("kernel"), m.get("rules"), m.get("lock"), m.get("reference")
    )


def _allowed(value: Value) -> frozenset[Verdict]:
    for v in value.items():
        if v.text() not in set(Verdict):
            v.fail(f"no verdict '{v.text()}'", f"known: {', '.join(Verdict)}")
        if v.text() == Verdict.UNKNOWN:
            v.fail("unknown never counts as done", "leave unknown out of fail-on instead")
    return frozenset(Verdict(t) for t in value.texts())


def _kinds(value: Value) -> frozenset[Kind]:
    for v in value.items():
        if v.text() not in set(Kind):
            v.fail(f"no kind of finding '{v.text()}'", f"known: {', '.join(Kind)}")
    return frozenset(Kind(t) for t in value.texts())


def _waiver(value: Value) -> Waiver:
    """Read a waiver; what it lacks is a finding, so that the report says it beside the rest."""
    m = value.mapping(("step", "reason", "owner", "expires"), ("step",))
    expires = None
    if "expires" in m:
        try:
            expires = date.fromisoformat(m["expires"].text())
        except ValueError:
            m["expires"].fail(f"'{m['expires'].text()}' is no date", "for example 2027-03-31")
    return Waiver(
        m["step"].text(),
        m["reason"].text() if "reason" in m else "",
        m["owner"].text() if "owner" in m else "",
        expires,
        Location(str(value.file), value.line, value.line),
    )
