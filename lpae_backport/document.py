# SPDX-License-Identifier: GPL-2.0-only
"""YAML that knows where each value stands; the only importer of yaml.

Positions are kept until every key has been looked at, so that each mistake can be shown at
file:line:column with a hint. Input is untrusted: aliases, tags, depth and size are bounded.
"""

import difflib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from lpae_backport.errors import RuleError

_MAX_SIZE = 256 * 1024
_MAX_DEPTH = 12
_PLAIN = 1000
"""Brackets in a file, and characters in a line, below which it nests no deeper than is safe."""
_WIDTH = 100
_TAGS = frozenset(
    f"tag:yaml.org,2002:{t}"
    for t in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
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


def load_yaml(path: Path, limit: int = _MAX_SIZE) -> Value:
    """Read one YAML file, keeping positions; see `parse_yaml`."""
    return parse_yaml(_read_file(path, limit), path, limit)


def dump_yaml(data: Any) -> str:
    """Return plain data as YAML that people can read: keys in their order, text in blocks.

    What was no UTF-8 where it came from is a question mark: YAML has no escape for it.
    """
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block."""


def _as_block(dumper: yaml.SafeDumper, text: str) -> Any:
    plain = text.encode("utf-8", "replace").decode()
    style = "|" if "\n" in plain else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", plain, style=style)


_Dumper.add_representer(str, _as_block)


def parse_yaml(raw: bytes, path: Path, limit: int = _MAX_SIZE) -> Value:
    """Read YAML, keeping positions.

    Args:
        raw: the text.
        path: where it is from, for messages.
        limit: how large it may be, in bytes.

    Raises:
        RuleError: it cannot be read, is no YAML, or uses what it may not (aliases, tags,
            duplicate keys, deep nesting).
    """
    if len(raw) > limit:
        raise RuleError("too large", where=str(path), hint=f"limit is {limit} bytes")
    try:
        text = raw.decode("utf-8")
        _check_nesting(text, path)
        node = _compose(text)
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
            "file is empty", where=f"{path}:1:1", hint="see the README for what belongs in it"
        )
    return _value(node, path, 0, set())


def _read_file(path: Path, limit: int) -> bytes:
    """Read a regular file, and no more of it than may be."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as f:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise RuleError("not a regular file", where=str(path))
            return f.read(limit + 1)
    except OSError as e:
        raise RuleError(f"cannot be read: {e.strerror}", where=str(path)) from None


def _check_nesting(text: str, path: Path) -> None:
    """Refuse what would take the parser's stack, which has no bound of its own.

    Brackets, and indicators on one line, are all that can nest without a line for each level.
    """
    longest = max(map(len, text.split("\n")))
    if text.count("[") + text.count("{") < _PLAIN and longest < _PLAIN:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH + 1:
            raise RuleError("nested too deeply", where=str(path))


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
        here.fail("aliases are not allowed", "write the value out")
    seen.add(id(node))
    if node.tag not in _TAGS:
        here.fail(f"tag {node.tag} is not allowed", "quote the text if it begins with '!'")
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


def listed(value: Value | None) -> list[Value]:
    """Return the items of a list; an absent one has none."""
    if value is None:
        return []
    if not isinstance(value.data, list):
        value.fail("a list expected", "begin each item with '- '")
    return value.items()


def stay_inside(value: Value) -> None:
    """Refuse paths that lead out of a tree."""
    for v in value.items():
        if not v.text() or v.text().startswith("/") or ".." in v.text().split("/"):
            v.fail("a path stays below the kernel's root")
