# SPDX-License-Identifier: GPL-2.0-only
"""Turns the YAML of a fix into checked edits."""

import difflib
import re
from collections.abc import Mapping

from lpae_backport.document import Value, listed, stay_inside
from lpae_backport.pattern import Pattern, compile_pattern
from lpae_backport.rule import Adaptation, Edit, Op, PatchSpec, Probe, Reach, Risk, Scope
from lpae_backport.stepfile import StepReader

_COMMON = ("in", "for", "when", "unless", "optional", "why")
_KEYS: dict[Op, tuple[str, ...]] = {
    Op.ENUMERATOR: ("of", "before", "after"),
    Op.FIELD: ("of",),
    Op.COPY: ("replacing", "loses", "supersedes", "adapt"),
    Op.REMOVE: (),
    Op.INCLUDE: (),
    Op.FORWARD: (),
    Op.ENTRY: ("of", "value", "after"),
    Op.DECLARATION: (),
    Op.EXPORT: (),
    Op.REPLACE: ("with", "holding", "guarding"),
    Op.DELETE: ("holding",),
    Op.BRANCH: ("holding", "if", "else"),
    Op.GUARD: ("holding", "if"),
    Op.STATEMENTS: ("over", "until", "adapt", "with", "supersedes"),
    Op.INSERT: ("behind",),
    Op.EXTRACT: ("until", "as", "call"),
    Op.MOVE: ("to", "under"),
    Op.KCONFIG: ("replace-token", "with"),
    Op.CONVERT: ("to", "under", "of"),
}
_REQUIRED: dict[Op, tuple[str, ...]] = {
    Op.ENUMERATOR: ("in", "of"),
    Op.FIELD: ("in", "of"),
    Op.ENTRY: ("in", "of", "value"),
    Op.REPLACE: ("in", "with"),
    Op.BRANCH: ("in", "if", "else"),
    Op.GUARD: ("in", "if"),
    Op.STATEMENTS: ("in", "until"),
    Op.INSERT: ("in", "behind"),
    Op.EXTRACT: ("in", "until", "as", "call"),
    Op.MOVE: ("to", "under"),
    Op.KCONFIG: ("in", "replace-token", "with"),
    Op.CONVERT: ("in", "to", "under", "of"),
}
_PATTERNS = frozenset({Op.GUARD, Op.REPLACE, Op.DELETE, Op.BRANCH, Op.STATEMENTS, Op.EXTRACT})
_IN_FUNCTION = frozenset({Op.INSERT, Op.BRANCH, Op.GUARD, Op.STATEMENTS, Op.EXTRACT})
_HOLE = re.compile(r"\$([A-Z][A-Z0-9_]*)")


class FixReader:
    """Turns raw YAML into edits.

    Args:
        steps: reads scopes and checks, which edits use as probes.
        reach: the names that stand for something wherever they are used.
    """

    def __init__(self, steps: StepReader, reach: Mapping[str, tuple[Reach, ...]]) -> None:
        self._steps = steps
        self._reach = reach

    def fix(self, raw: Value | None) -> tuple[Edit, ...]:
        """Read the edits of one step, in the order they are made."""
        return tuple(self.edit(v) for v in listed(raw))

    def edit(self, raw: Value) -> Edit:
        """Read one edit."""
        op = _op_of(raw)
        m = raw.mapping((op, *_KEYS[op], *_COMMON), _REQUIRED.get(op, ("in",)))
        patterns = read_patterns(m[op]) if op in _PATTERNS else ()
        if op is Op.INSERT:
            patterns = read_patterns(m["behind"])
        if op is Op.MOVE:
            stay_inside(m[op])
            stay_inside(m["to"])
        if "under" in m:
            stay_inside(m["under"])
        if op is Op.STATEMENTS and ("with" in m) is ("over" in m):
            raw.fail("statements come from the reference 'over' others, or from 'with'")
        return Edit(
            op=op,
            names=() if op in _PATTERNS or op is Op.INSERT else m[op].texts(),
            scope=self._scope(op, raw, m),
            patterns=patterns,
            template=self._template(op, m, patterns),
            until=read_patterns(m["until"]) if "until" in m else (),
            over=read_patterns(m["over"]) if "over" in m else (),
            holding=read_patterns(m["holding"]) if "holding" in m else (),
            owner=m["of"].text() if "of" in m else "",
            before=m["before"].texts() if "before" in m else (),
            after=m["after"].texts() if "after" in m else (),
            to=_to(op, m),
            paths=m["under"].texts() if "under" in m else (),
            replacing=m["replacing"].flag() if "replacing" in m else False,
            superseded=read_patterns(m["supersedes"]) if "supersedes" in m else (),
            guarding=read_patterns(m["guarding"]) if "guarding" in m else (),
            loses=m["loses"].texts() if "loses" in m else (),
            adapt=self.adaptations(m.get("adapt") or m.get("else")),
            checks=m["for"].texts() if "for" in m else (),
            probes=self.probes(m),
            optional=m["optional"].flag() if "optional" in m else False,
            why=m["why"].text() if "why" in m else "",
        )

    def _scope(self, op: Op, raw: Value, m: dict[str, Value]) -> Scope:
        if "in" not in m:
            return Scope("")
        scope = self._steps.scope(m["in"])
        if op in _IN_FUNCTION and not scope.functions:
            raw.fail(f"'{op}' needs a function", "in: file:function")
        return scope

    def _template(self, op: Op, m: dict[str, Value], patterns: tuple[Pattern, ...]) -> str:
        keys = {
            Op.ENTRY: "value",
            Op.BRANCH: "if",
            Op.GUARD: "if",
            Op.EXTRACT: "call",
            Op.INSERT: "insert",
        }
        key = keys.get(op, "with")
        if key not in m:
            return ""
        self._check_holes(m[key], patterns)
        return m[key].text().rstrip("\n")

    def _check_holes(self, value: Value, patterns: tuple[Pattern, ...]) -> None:
        """Refuse a template with a metavariable that nothing gives a value to."""
        bound = {f"${n}" for n in self._reach}
        for p in patterns:
            bound |= {n.label for n in p.root.walk() if n.label.startswith("$")}
        for m in _HOLE.finditer(value.text()):
            if m[0] not in bound:
                value.fail(f"nothing gives {m[0]} a value", f"known: {', '.join(sorted(bound))}")

    def adaptations(self, raw: Value | None) -> tuple[Adaptation, ...]:
        """Read a list of adaptations."""
        return tuple(self._adaptation(v) for v in listed(raw))

    def _adaptation(self, raw: Value) -> Adaptation:
        keys = ("replace", "with", "delete", "drop-parameter", "when", "unless", "why")
        m = raw.mapping(keys)
        kinds = [k for k in ("replace", "delete", "drop-parameter") if k in m]
        if len(kinds) != 1:
            raw.fail("an adaptation is one of 'replace', 'delete', 'drop-parameter'")
        if (kinds[0] == "replace") is not ("with" in m):
            raw.fail("'replace' and 'with' belong together")
        parameter = m["drop-parameter"].text() if kinds[0] == "drop-parameter" else ""
        patterns = () if parameter else read_patterns(m[kinds[0]])
        if "with" in m:
            self._check_holes(m["with"], patterns)
        return Adaptation(
            patterns,
            m["with"].text().rstrip("\n") if "with" in m else "",
            parameter,
            self.probes(m),
            m["why"].text() if "why" in m else "",
        )

    def probes(self, m: dict[str, Value]) -> tuple[Probe, ...]:
        """Read what must hold, or must not, in the target."""
        given = [(v, k == "when") for k in ("when", "unless") if k in m for v in m[k].items()]
        return tuple(Probe(self._steps.check(v), wanted) for v, wanted in given)

    def series(self, raw: Value | None, known: set[str]) -> tuple[PatchSpec, ...]:
        """Read the patches of a series, in the order in which each builds."""
        found = []
        for v in listed(raw):
            m = v.mapping(("steps", "subject", "body", "when", "unless"), ("steps", "subject"))
            _known_steps(m["steps"], known)
            body = m["body"].text() if "body" in m else ""
            found.append(PatchSpec(m["steps"].texts(), m["subject"].text(), self.probes(m), body))
        return tuple(found)


def read_risks(raw: Value | None, known: set[str]) -> tuple[Risk, ...]:
    """Read what a cover letter warns of, and with which steps."""
    found = []
    for v in listed(raw):
        m = v.mapping(("steps", "text"), ("steps", "text"))
        _known_steps(m["steps"], known)
        found.append(Risk(m["steps"].texts(), m["text"].text()))
    return tuple(found)


def _known_steps(value: Value, known: set[str]) -> None:
    for s in value.items():
        if s.text() not in known:
            s.fail(f"no step '{s.text()}' in this pack")


def read_reach(raw: Value | None) -> dict[str, tuple[Reach, ...]]:
    """Read what can be got at from a variable in scope, by the name templates use for it."""
    if raw is None:
        return {}
    found = {}
    for name, value in raw.mapping(raw.data or ()).items():
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            value.fail(f"'{name}' is no name of a metavariable", "capitals, as in CFG")
        ways = []
        for v in listed(value):
            m = v.mapping(("struct", "as"), ("struct", "as"))
            ways.append(Reach(m["struct"].text(), m["as"].text()))
        found[name] = tuple(ways)
    return found


def _op_of(raw: Value) -> Op:
    if not isinstance(raw.data, dict):
        raw.fail("an edit is a mapping", "for example 'copy: a_function'")
    ops = [o for o in Op if o in raw.data]
    if Op.KCONFIG in ops:
        return Op.KCONFIG
    if len(ops) != 1:
        near = [difflib.get_close_matches(k, list(Op), 1) for k in raw.data if k not in _COMMON]
        close = [n[0] for n in near if n] if not ops else []
        hint = f"did you mean '{close[0]}'?" if close else f"one of: {', '.join(Op)}"
        raw.fail("an edit has exactly one kind", hint)
    return ops[0]


def _to(op: Op, m: dict[str, Value]) -> str:
    key = {Op.EXTRACT: "as", Op.KCONFIG: "replace-token"}.get(op, "to")
    return m[key].text() if key in m else ""


def read_patterns(value: Value) -> tuple[Pattern, ...]:
    """Read one pattern or a list of them."""
    found = []
    for v in value.items():
        pattern = compile_pattern(v.text())
        if pattern is None:
            v.fail(f"not one expression or statement of C: {v.text()}", "$X is any expression")
        found.append(pattern)
    return tuple(found)
