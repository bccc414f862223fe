# SPDX-License-Identifier: GPL-2.0-only
"""Reads packs of rules; the only importer of yaml.

YAML is kept with its positions until every key has been looked at, so that each mistake can be
shown at file:line:column with a hint. Input is untrusted: aliases, depth and size are bounded.
"""

import difflib
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from lpae_backport.boolean import expression
from lpae_backport.conditions import NoLibrary, truth
from lpae_backport.conditions import Scope as CodeScope
from lpae_backport.errors import RuleError
from lpae_backport.logic import Formula, atoms
from lpae_backport.pattern import Pattern, compile_pattern
from lpae_backport.rule import (
    Check,
    Commit,
    Condition,
    DefconfigSpec,
    FileSpec,
    Kind,
    Pack,
    Scope,
    Step,
)
from lpae_backport.symbols import Body

SCHEMA = 1
_MAX_SIZE = 256 * 1024
_MAX_DEPTH = 12
_MAX_CONDITIONS = 6
_TAGS = frozenset(
    f"tag:yaml.org,2002:{t}"
    for t in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
_SHA = re.compile(r"^[0-9a-f]{12,40}$")
_IDENTIFIER = re.compile(r"^(?:[A-Za-z_]\w*|\*)$")
_STEP_ID = re.compile(r"^[0-9a-z][0-9a-z.-]*$")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Value:
    """A YAML value that still knows where it stands.

    `data` is a `str`, a list of values, or a dict of values by key.
    """

    data: Any
    file: Path
    line: int
    column: int

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Raise a `RuleError` that points here."""
        raise RuleError(message, where=f"{self.file}:{self.line}:{self.column}", hint=hint)

    def text(self) -> str:
        """Return the scalar here."""
        if not isinstance(self.data, str):
            self.fail(
                "text expected", "quote it if it holds ': ' or begins with a special character"
            )
        return self.data

    def integer(self) -> int:
        """Return the integer here, in any base C knows."""
        try:
            return int(self.text(), 0)
        except ValueError:
            self.fail(f"number expected, not '{self.text()}'", "for example 0x88")

    def flag(self) -> bool:
        """Return the truth value here."""
        if self.text() not in ("true", "false"):
            self.fail(f"true or false expected, not '{self.text()}'")
        return self.text() == "true"

    def items(self) -> list["Value"]:
        """Return the list here; a single scalar counts as a list of one."""
        if isinstance(self.data, list):
            return self.data
        return [self]

    def texts(self) -> tuple[str, ...]:
        """Return the scalars of the list here."""
        return tuple(v.text() for v in self.items())

    def mapping(self, known: Iterable[str], required: Iterable[str] = ()) -> dict[str, "Value"]:
        """Return the mapping here after checking its keys."""
        if not isinstance(self.data, dict):
            self.fail("a mapping (key: value) expected")
        names = sorted(known)
        for key, value in self.data.items():
            if key not in names:
                close = difflib.get_close_matches(key, names, 1)
                value.fail(
                    f"unknown key '{key}'",
                    f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}",
                )
        for key in required:
            if key not in self.data:
                self.fail(f"key '{key}' is missing")
        return self.data


def load_yaml(path: Path) -> Value:
    """Read one YAML file, keeping positions.

    Raises:
        RuleError: it cannot be read, is no YAML, or uses what rules may not (aliases, tags,
            duplicate keys, deep nesting).
    """
    raw = _read(path)
    if len(raw) > _MAX_SIZE:
        raise RuleError("too large for a rule", where=str(path), hint=f"limit is {_MAX_SIZE} bytes")
    try:
        node = _compose(raw.decode("utf-8"))
    except UnicodeDecodeError as e:
        raise RuleError(f"not UTF-8 at byte {e.start}", where=str(path)) from None
    except RecursionError:
        raise RuleError("nested too deeply", where=str(path)) from None
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        at = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise RuleError(
            f"not YAML: {e.problem or e.context}", where=at, hint="check indentation and quotes"
        ) from None
    except yaml.YAMLError as e:
        text = " ".join(str(e).split())
        raise RuleError(f"not YAML: {text}", where=str(path)) from None
    if node is None:
        raise RuleError(
            "file is empty", where=f"{path}:1:1", hint="a rule needs at least id, title and checks"
        )
    return _value(node, path, 0, set())


def _read(path: Path) -> bytes:
    """Read a regular file, and no more of it than may be."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as f:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise RuleError("not a regular file", where=str(path))
            return f.read(_MAX_SIZE + 1)
    except OSError as e:
        raise RuleError(f"cannot be read: {e.strerror}", where=str(path)) from None


def _compose(text: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _value(node: Any, path: Path, depth: int, seen: set[int]) -> Value:
    mark = node.start_mark
    here = Value(None, path, mark.line + 1, mark.column + 1)
    if depth > _MAX_DEPTH:
        here.fail("nested too deeply")
    if id(node) in seen:
        here.fail("aliases are not allowed in rules", "write the value out")
    seen.add(id(node))
    if node.tag not in _TAGS:
        here.fail(f"tag {node.tag} is not allowed in rules", "quote the text if it begins with '!'")
    data: Any
    if isinstance(node, yaml.MappingNode):
        data = {}
        for k, v in node.value:
            key = _value(k, path, depth + 1, seen).text()
            if key in data:
                Value(None, path, k.start_mark.line + 1, k.start_mark.column + 1).fail(
                    f"key '{key}' given twice"
                )
            data[key] = _value(v, path, depth + 1, seen)
    elif isinstance(node, yaml.SequenceNode):
        data = [_value(v, path, depth + 1, seen) for v in node.value]
    else:
        data = node.value
    return Value(data, path, here.line, here.column)


_COMMON = ("id", "in", "follow", "requires", "or", "differs")
_KEYS: dict[Kind, tuple[str, ...]] = {
    Kind.ENUMERATOR: ("of", "before"),
    Kind.FIELD: ("of",),
    Kind.MACRO: ("value", "form"),
    Kind.FUNCTION: ("params", "mentions"),
    Kind.CALLS: (),
    Kind.CONTAINS: (),
    Kind.LACKS: (),
    Kind.GUARD: ("when", "only-when", "optional"),
    Kind.SETS: ("when", "of", "until"),
    Kind.ORDER: (),
    Kind.INCLUDE: (),
    Kind.NO_INCLUDE: ("under",),
    Kind.ENTRY: ("of", "value", "config"),
    Kind.DECLARATION: (),
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


class _StepReader:
    """Turns the raw YAML of one step into a checked one."""

    def __init__(self, files: dict[str, FileSpec]) -> None:
        self._files = files

    def step(self, raw: Value) -> Step:
        keys = ("id", "title", "why", "commits", "after", "traps", "applies", "checks")
        m = raw.mapping(keys, ("id", "title", "why", "checks"))
        step_id = m["id"].text()
        if not _STEP_ID.match(step_id):
            m["id"].fail(
                f"'{step_id}' is no step id", "digits, lower-case letters, dots and dashes"
            )
        checks = tuple(self.check(v) for v in _list(m["checks"]))
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
            commits=tuple(self.commit(v) for v in _list(m.get("commits"))),
            after=m["after"].texts() if "after" in m else (),
            traps=m["traps"].texts() if "traps" in m else (),
            applies=self.scope(m["applies"]) if "applies" in m else None,
        )

    def commit(self, raw: Value) -> Commit:
        m = raw.mapping(("sha", "subject", "version"), ("sha", "subject"))
        if not _SHA.match(m["sha"].text()):
            m["sha"].fail("a commit is named by 12 to 40 hex digits")
        return Commit(
            m["sha"].text(), m["subject"].text(), m["version"].text() if "version" in m else ""
        )

    def scope(self, raw: Value, follow: Value | None = None) -> Scope:
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
        if not isinstance(raw.data, dict):
            raw.fail("a check is a mapping", "for example 'field: coherent_walk'")
        kinds = [k for k in Kind if k in raw.data]
        if len(kinds) != 1:
            listed = ", ".join(Kind)
            raw.fail("a check has exactly one kind", f"one of: {listed}")
        kind = kinds[0]
        required = _REQUIRED.get(kind, ("in",))
        m = raw.mapping((kind, *_KEYS[kind], *_COMMON), required)
        head = m[kind]
        if not head.items():
            head.fail(f"'{kind}' is empty")
        if kind in _PATHS:
            _inside(head)
        scope = self.scope(m["in"], m.get("follow")) if "in" in m else Scope("")
        if scope.file and (kind is Kind.KCONFIG) is not self._files[scope.file].is_kconfig:
            m["in"].fail(f"'{kind}' does not look into that kind of file")
        if kind in _IN_FUNCTION and not scope.functions:
            raw.fail(f"'{kind}' needs a function", "in: file:function")
        return Check(
            id=m["id"].text() if "id" in m else _slug(kind, head),
            kind=kind,
            name="" if kind in _CODE or kind is Kind.ORDER else head.texts()[0],
            scope=scope,
            patterns=self._patterns(kind, head, m),
            stages=_stages(head) if kind is Kind.ORDER else (),
            until=tuple(_pattern(v) for v in m["until"].items()) if "until" in m else (),
            condition=self._condition(kind, m, raw),
            owner=m["of"].text() if "of" in m else "",
            before=m["before"].text() if "before" in m else "",
            config=m["config"].text() if "config" in m else "",
            value=m["value"].integer() if "value" in m and kind is Kind.MACRO else None,
            params=m["params"].integer() if "params" in m else None,
            paths=m["under"].texts()
            if "under" in m
            else head.texts()
            if kind in (Kind.FILE, Kind.NO_FILE)
            else (),
            optional=m["optional"].flag() if "optional" in m else False,
            requires=self.scope(m["requires"]) if "requires" in m else None,
            either=tuple(self.check(v) for v in _list(m.get("or"))),
            alternatives=tuple(self.check(v) for v in _list(m.get("differs"))),
        )

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
        patterns = tuple(_pattern(v) for v in source.items()) if source is not None else ()
        if kind is Kind.CALLS and not all(_is_plain_call(p) for p in patterns):
            m[kind].fail("a call of a named function expected", "for example f($_, $_)")
        return patterns

    def _condition(self, kind: Kind, m: dict[str, Value], raw: Value) -> Condition | None:
        if kind is Kind.KCONFIG:
            text = m["implies"].text()
            if not text.strip():
                m["implies"].fail("an expression expected", "implies: ARM || ARM64")
            return Condition(text, expression(text), exactly=False)
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
        formula = _formula(value)
        if kind is Kind.GUARD and isinstance(formula, bool):
            value.fail("a guard's condition is no constant", "use 'contains' or 'lacks'")
        if len(atoms(formula)) > _MAX_CONDITIONS:
            value.fail(f"more than {_MAX_CONDITIONS} conditions in one", "split the check")
        return Condition(value.text(), formula, exactly=given[0] == "when")


def _list(value: Value | None) -> list[Value]:
    if value is None:
        return []
    if not isinstance(value.data, list):
        value.fail("a list expected", "begin each item with '- '")
    return value.items()


def _slug(kind: Kind, head: Value) -> str:
    first = head.items()[0].items()[0] if head.items()[0].items() else head
    words = re.findall(r"[A-Za-z_]\w*", first.text())
    return f"{kind}-{words[0] if words else 'code'}".strip("-")


def _stages(value: Value) -> tuple[tuple[Pattern, ...], ...]:
    if len(value.items()) < 2:
        value.fail("an order needs two pieces of code or more")
    return tuple(tuple(_pattern(v) for v in stage.items()) for stage in value.items())


def _is_plain_call(pattern: Pattern) -> bool:
    callee = pattern.root.kids[0] if pattern.is_call else None
    return callee is not None and callee.kind == "identifier" and callee.label[0] != "$"


def _inside(value: Value) -> None:
    """Refuse paths that lead out of a tree."""
    for v in value.items():
        if not v.text() or v.text().startswith("/") or ".." in v.text().split("/"):
            v.fail("a path stays below the kernel's root")


def _pattern(value: Value) -> Pattern:
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


def _formula(value: Value) -> Formula:
    """Read a condition; its leaves become atoms that hold patterns."""
    pattern = compile_pattern(value.text())
    if pattern is None or pattern.root.kind.endswith(("_statement", "declaration")):
        value.fail(f"not a condition of C: {value.text()}", "combine patterns with !, && and ||")
    scope = CodeScope(Body(pattern.root, ()), NoLibrary())
    return truth(pattern.root, scope)


def pack_folders(folder: Path) -> list[Path]:
    """Return the packs below a folder of rules (or the folder itself, if it is a pack)."""
    if (folder / "pack.yaml").is_file():
        return [folder]
    if not folder.is_dir():
        raise RuleError("no such folder of rules", where=str(folder))
    found = sorted(p.parent for p in folder.glob("*/pack.yaml"))
    if not found:
        raise RuleError(
            "no pack here", where=str(folder), hint="a pack is a folder with a pack.yaml"
        )
    return found


def load_pack(folder: Path, *, on_error: Callable[[RuleError], None] | None = None) -> Pack:
    """Load and check one pack.

    Args:
        folder: the folder with ``pack.yaml`` and ``steps/``.
        on_error: called with every mistake in a step, which is then left out; without it the
            first mistake is raised.

    Raises:
        RuleError: a mistake, with file:line:column and a hint.
    """
    raw = load_yaml(folder / "pack.yaml")
    m = raw.mapping(
        ("schema", "id", "title", "makefiles", "defconfig", "files"),
        ("schema", "id", "title", "files"),
    )
    if m["schema"].text() != str(SCHEMA):
        m["schema"].fail(
            f"schema {m['schema'].text()} is not supported", f"this version reads schema {SCHEMA}"
        )
    for key in ("makefiles",):
        if key in m:
            _inside(m[key])
    files = {k: _file_spec(k, v) for k, v in m["files"].mapping(m["files"].data or ()).items()}
    for name, spec in files.items():
        for key, other in (("included-by", spec.included_by), ("otherwise", spec.otherwise)):
            if other and (other not in files or other == name):
                m["files"].data[name].data[key].fail(f"no other logical file '{other}'")
    reader = _StepReader(files)
    steps: list[Step] = []
    for path in sorted((folder / "steps").glob("*.yaml")):
        try:
            steps.append(_step(reader, path))
        except RuleError as e:
            if on_error is None:
                raise
            on_error(e)
    _check_steps(steps, folder)
    _check_order(steps, folder)
    return Pack(
        id=m["id"].text(),
        title=m["title"].text(),
        folder=folder,
        makefiles=m["makefiles"].text() if "makefiles" in m else "",
        files=files,
        defconfig=_defconfig(m["defconfig"]) if "defconfig" in m else None,
        steps=tuple(sorted(steps, key=lambda s: step_order(s.id))),
    )


def _step(reader: _StepReader, path: Path) -> Step:
    try:
        return reader.step(load_yaml(path))
    except RecursionError:
        raise RuleError("nested too deeply", where=str(path)) from None


def _defconfig(raw: Value) -> DefconfigSpec:
    m = raw.mapping(("needs", "under"), ("needs", "under"))
    _inside(m["under"])
    return DefconfigSpec(m["needs"].text(), m["under"].text())


def _file_spec(name: str, raw: Value) -> FileSpec:
    m = raw.mapping(("paths", "config", "defines", "under", "included-by", "otherwise"), ("paths",))
    if not m["paths"].items():
        m["paths"].fail("at least one path expected")
    for key in ("paths", "under"):
        if key in m:
            _inside(m[key])

    def get(key: str) -> str:
        return m[key].text() if key in m else ""

    return FileSpec(
        name,
        m["paths"].texts(),
        get("config"),
        get("defines"),
        get("under"),
        get("included-by"),
        get("otherwise"),
    )


def _check_steps(steps: list[Step], folder: Path) -> None:
    if not steps:
        raise RuleError("pack has no steps", where=str(folder / "steps"))
    seen: dict[str, Path] = {}
    for s in steps:
        if s.id in seen:
            raise RuleError(f"step '{s.id}' is also in {seen[s.id].name}", where=f"{s.file}:1:1")
        seen[s.id] = s.file
    for s in steps:
        for a in s.after:
            if a not in seen:
                raise RuleError(
                    f"step '{s.id}' comes after '{a}', which does not exist", where=f"{s.file}:1:1"
                )


def _check_order(steps: list[Step], folder: Path) -> None:
    """Refuse a pack whose steps come after each other in a circle.

    Raises:
        RuleError: naming the circle.
    """
    after = {s.id: s.after for s in steps}
    done: set[str] = set()

    def visit(step: str, path: tuple[str, ...]) -> None:
        if step in path:
            circle = " → ".join([*path[path.index(step) :], step])
            raise RuleError(f"steps come after each other in a circle: {circle}", where=str(folder))
        if step not in done:
            for before in after.get(step, ()):
                visit(before, (*path, step))
            done.add(step)

    for step in after:
        visit(step, ())


def step_order(step_id: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts step ids as people count: 1.2 before 1.10, 1.6.2a before 1.6.2b."""
    parts = re.findall(r"\d+|[a-z-]+", step_id)
    return tuple((1, 0, p) if not p.isdigit() else (0, int(p), "") for p in parts)
