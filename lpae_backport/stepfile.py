# SPDX-License-Identifier: GPL-2.0-only
"""Turns the YAML of one step into a checked rule."""

import difflib
import re

from lpae_backport.boolean import expression
from lpae_backport.document import Value, listed, stay_inside
from lpae_backport.logic import Formula, atoms
from lpae_backport.pattern import Pattern, compile_pattern
from lpae_backport.rule import Check, Commit, Condition, FileSpec, Kind, Scope, Step
from lpae_backport.scope import NoLibrary
from lpae_backport.scope import Scope as CodeScope
from lpae_backport.symbols import Body
from lpae_backport.truth import truth

_MAX_CONDITIONS = 6
_SHA = re.compile(r"^[0-9a-f]{12,40}$")
_IDENTIFIER = re.compile(r"^(?:[A-Za-z_]\w*|\*)$")
_STEP_ID = re.compile(r"^[0-9a-z][0-9a-z.-]*$")
_COMMON = ("id", "in", "follow", "requires", "or", "differs")
_KEYS: dict[Kind, tuple[str, ...]] = {
    Kind.ENUMERATOR: ("of", "last"),
    Kind.FIELD: ("of", "head"),
    Kind.MACRO: ("value", "form"),
    Kind.FUNCTION: ("params", "mentions", "head"),
    Kind.CALLS: (),
    Kind.CONTAINS: ("config",),
    Kind.LACKS: (),
    Kind.GUARD: ("when", "only-when", "regardless-of", "among", "optional"),
    Kind.SETS: ("when", "of", "until"),
    Kind.ORDER: (),
    Kind.INCLUDE: (),
    Kind.NO_INCLUDE: ("under",),
    Kind.ENTRY: ("of", "value", "config"),
    Kind.DECLARATION: ("head",),
    Kind.FILE: (),
    Kind.NO_FILE: (),
    Kind.EXPORT: (),
    Kind.KCONFIG: ("implies",),
}
_REQUIRED: dict[Kind, tuple[str, ...]] = {
    Kind.ENUMERATOR: ("in", "of"),
    Kind.FIELD: ("in", "of"),
    Kind.ENTRY: ("in", "of"),
    Kind.SETS: ("in", "when"),
    Kind.KCONFIG: ("in", "implies"),
    Kind.NO_INCLUDE: ("under",),
    Kind.FILE: (),
    Kind.NO_FILE: (),
}
_PATHS = frozenset({Kind.FILE, Kind.NO_FILE, Kind.NO_INCLUDE})
_CODE = frozenset({Kind.CONTAINS, Kind.LACKS, Kind.GUARD, Kind.CALLS})
_IN_FUNCTION = (Kind.GUARD, Kind.CONTAINS, Kind.LACKS, Kind.SETS, Kind.ORDER)


class StepReader:
    """Turns the raw YAML of one step into a checked one."""

    def __init__(self, files: dict[str, FileSpec]) -> None:
        self._files = files

    def step(self, raw: Value) -> Step:
        """Read one step."""
        keys = (
            *("id", "title", "why", "commits", "after", "traps", "applies", "checks"),
            *("fix", "manual"),
        )
        m = raw.mapping(keys, ("id", "title", "why", "checks"))
        step_id = m["id"].text()
        if not _STEP_ID.match(step_id):
            m["id"].fail(
                f"'{step_id}' is no step id", "digits, lower-case letters, dots and dashes"
            )
        checks = tuple(self.check(v) for v in listed(m["checks"]))
        if not checks:
            m["checks"].fail("a step needs at least one check")
        names = [c.id for c in checks]
        for c, v in zip(checks, m["checks"].items(), strict=True):
            if names.count(c.id) > 1:
                v.fail(f"two checks are called '{c.id}'", "give one of them an id of its own")
        if all(c.is_constraint for c in checks):
            m["checks"].fail(
                "every check only forbids", "an empty file would pass; demand something too"
            )
        return Step(
            id=step_id,
            title=m["title"].text(),
            why=m["why"].text(),
            checks=checks,
            file=raw.file,
            commits=tuple(self.commit(v) for v in listed(m.get("commits"))),
            after=m["after"].texts() if "after" in m else (),
            traps=m["traps"].texts() if "traps" in m else (),
            applies=self.scope(m["applies"]) if "applies" in m else None,
        )

    def commit(self, raw: Value) -> Commit:
        """Read one upstream commit."""
        m = raw.mapping(("sha", "subject"), ("sha", "subject"))
        if not _SHA.match(m["sha"].text()):
            m["sha"].fail("a commit is named by 12 to 40 hex digits")
        return Commit(m["sha"].text(), m["subject"].text())

    def scope(self, raw: Value, follow: Value | None = None) -> Scope:
        """Read where a check looks: a logical file, and functions of it."""
        name, _, functions = raw.text().partition(":")
        if name not in self._files:
            close = difflib.get_close_matches(name, self._files, 1)
            raw.fail(
                f"no logical file '{name}' in pack.yaml",
                f"did you mean '{close[0]}'?"
                if close
                else f"known: {', '.join(sorted(self._files))}",
            )
        names = tuple(f.strip() for f in functions.split("|")) if functions else ()
        if not all(_IDENTIFIER.match(n) for n in names):
            raw.fail(f"'{functions}' is no list of functions", "in: file:function|other_name")
        return Scope(name, names, follow.texts() if follow is not None else ())

    def check(self, raw: Value) -> Check:
        """Read one check with its alternatives."""
        kind = _kind_of(raw)
        required = _REQUIRED.get(kind, ("in",))
        m = raw.mapping((kind, *_KEYS[kind], *_COMMON), required)
        head = m[kind]
        if not head.items():
            head.fail(f"'{kind}' is empty")
        if kind in _PATHS:
            stay_inside(head)
        scope = self._place(kind, raw, m)
        return Check(
            id=_check_id(m["id"]) if "id" in m else _slug(kind, head),
            kind=kind,
            name="" if kind in _CODE or kind is Kind.ORDER else head.texts()[0],
            scope=scope,
            patterns=self._patterns(kind, head, m),
            stages=_stages(head) if kind is Kind.ORDER else (),
            until=tuple(read_pattern(v) for v in m["until"].items()) if "until" in m else (),
            condition=self._condition(kind, m, raw),
            owner=m["of"].text() if "of" in m else "",
            last=m["last"].text() if "last" in m else "",
            config=m["config"].text() if "config" in m else "",
            value=m["value"].integer() if "value" in m and kind is Kind.MACRO else None,
            params=m["params"].integer() if "params" in m else None,
            head=m["head"].text() if "head" in m else "",
            paths=_paths(kind, head, m),
            optional=m["optional"].flag() if "optional" in m else False,
            requires=self.scope(m["requires"]) if "requires" in m else None,
            either=tuple(self._form(v) for v in listed(m.get("or"))),
            alternatives=tuple(self._form(v) for v in listed(m.get("differs"))),
        )

    def _form(self, raw: Value) -> Check:
        """Read another form of a check; it has none of its own and applies where the check does."""
        for key in ("or", "differs", "requires"):
            if isinstance(raw.data, dict) and key in raw.data:
                raw.data[key].fail(f"'{key}' has no place in another form of a check")
        return self.check(raw)

    def _place(self, kind: Kind, raw: Value, m: dict[str, Value]) -> Scope:
        """Read where a check looks, and refuse a place in which its kind sees nothing."""
        scope = self.scope(m["in"], m.get("follow")) if "in" in m else Scope("")
        if scope.file and (kind is Kind.KCONFIG) is not self._files[scope.file].is_kconfig:
            m["in"].fail(f"'{kind}' does not look into that kind of file")
        if kind in _IN_FUNCTION and not scope.functions:
            raw.fail(f"'{kind}' needs a function", "in: file:function")
        if kind not in _IN_FUNCTION and scope.functions:
            m["in"].fail(f"'{kind}' looks at the whole file", f"in: {scope.file}")
        if scope.follow and kind not in (Kind.CONTAINS, Kind.GUARD):
            m["follow"].fail(f"'{kind}' follows no function")
        return scope

    def _patterns(self, kind: Kind, head: Value, m: dict[str, Value]) -> tuple[Pattern, ...]:
        source: Value | None = None
        if kind in _CODE:
            source = head
        elif kind is Kind.MACRO:
            source = m.get("form")
        elif kind is Kind.FUNCTION:
            source = m.get("mentions")
        elif kind is Kind.ENTRY:
            source = m.get("value")
        patterns = tuple(read_pattern(v) for v in source.items()) if source is not None else ()
        if kind is Kind.CALLS and not all(_is_plain_call(p) for p in patterns):
            m[kind].fail("a call of a named function expected", "for example f($_, $_)")
        return patterns

    def _condition(self, kind: Kind, m: dict[str, Value], raw: Value) -> Condition | None:
        if kind is Kind.KCONFIG:
            text = m["implies"].text()
            if not text.strip():
                m["implies"].fail("an expression expected", "implies: ARM || ARM64")
            return Condition(text, expression(text), exactly=False)
        if "regardless-of" in m:
            named = read_condition(m["regardless-of"])
            source = f"{m['regardless-of'].text()} or not"
            return Condition(source, formula=True, exactly=True, named=named)
        given = [k for k in ("when", "only-when") if k in m]
        if not given:
            if kind is Kind.GUARD:
                raw.fail("a guard needs its condition", "when: '!$C.coherent_walk'")
            return None
        if len(given) > 1:
            m["only-when"].fail(
                "'when' and 'only-when' exclude each other", "'when' says both directions"
            )
        value = m[given[0]]
        formula = read_condition(value)
        if kind is Kind.GUARD and isinstance(formula, bool):
            value.fail("a guard's condition is no constant", "use 'contains' or 'lacks'")
        if len(atoms(formula)) > _MAX_CONDITIONS:
            value.fail(f"more than {_MAX_CONDITIONS} conditions in one", "split the check")
        among = m["among"].texts() if "among" in m else ()
        return Condition(value.text(), formula, exactly=given[0] == "when", among=among)


def _check_id(value: Value) -> str:
    if not _STEP_ID.match(value.text()):
        value.fail(f"'{value.text()}' is no id", "digits, lower-case letters, dots and dashes")
    return value.text()


def _kind_of(raw: Value) -> Kind:
    if not isinstance(raw.data, dict):
        raw.fail("a check is a mapping", "for example 'field: coherent_walk'")
    kinds = [k for k in Kind if k in raw.data]
    if len(kinds) != 1:
        near = [difflib.get_close_matches(k, list(Kind), 1) for k in raw.data if k not in _COMMON]
        close = [n[0] for n in near if n] if not kinds else []
        hint = f"did you mean '{close[0]}'?" if close else f"one of: {', '.join(Kind)}"
        raw.fail("a check has exactly one kind", hint)
    return kinds[0]


def _paths(kind: Kind, head: Value, m: dict[str, Value]) -> tuple[str, ...]:
    if "under" in m:
        stay_inside(m["under"])
        return m["under"].texts()
    return head.texts() if kind in (Kind.FILE, Kind.NO_FILE) else ()


def _slug(kind: Kind, head: Value) -> str:
    first = head.items()[0].items()[0] if head.items()[0].items() else head
    words = re.findall(r"[A-Za-z_]\w*", first.text())
    word = words[0].lower().strip("_").replace("_", "-") if words else "code"
    return f"{kind}-{word}"


def _stages(value: Value) -> tuple[tuple[Pattern, ...], ...]:
    if len(value.items()) < 2:
        value.fail("an order needs two pieces of code or more")
    return tuple(tuple(read_pattern(v) for v in stage.items()) for stage in value.items())


def _is_plain_call(pattern: Pattern) -> bool:
    callee = pattern.root.kids[0] if pattern.is_call else None
    return callee is not None and callee.kind == "identifier" and callee.label[0] != "$"


def read_pattern(value: Value) -> Pattern:
    """Read a pattern, which must name at least one identifier."""
    pattern = compile_pattern(value.text())
    if pattern is None or pattern.root.kind == "declaration":
        value.fail(
            f"not one expression or statement of C: {value.text()}",
            "$X is any expression, $$$ the rest",
        )
    if not pattern.key:
        value.fail(
            "a pattern of metavariables only matches everything", "name at least one identifier"
        )
    return pattern


def read_condition(value: Value) -> Formula:
    """Read a condition; its leaves become atoms that hold patterns."""
    pattern = compile_pattern(value.text())
    if pattern is None or pattern.root.kind.endswith(("_statement", "declaration")):
        value.fail(f"not a condition of C: {value.text()}", "combine patterns with !, && and ||")
    scope = CodeScope(Body(pattern.root, ()), NoLibrary())
    return truth(pattern.root, scope)
