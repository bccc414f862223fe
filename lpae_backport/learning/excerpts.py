# SPDX-License-Identifier: GPL-2.0-only
"""Cuts from a file what a check looks at: the small trees of a rule's cases."""

import re
from collections.abc import Iterable

from lpae_backport.entities.extraction import EntityFile
from lpae_backport.learning.notcode import config_blocks
from lpae_backport.masking import decode
from lpae_backport.rule import Check, Kind

_WORD = re.compile(rb"[A-Za-z_]\w*")
LEVELS = 3
"""How much is cut: what is named, what that names too, all of the file."""
_LARGEST = 60_000


def excerpt(file: EntityFile, checks: Iterable[Check], level: int) -> str:
    """Return the part of a file that checks look at.

    Args:
        file: the file.
        checks: the checks.
        level: how much; see `LEVELS`.

    Returns:
        The text; empty where the file has nothing of it, or where all of it is too much.
    """
    if level == LEVELS - 1:
        text = decode(file.source.data)
        return text if len(text) <= _LARGEST else ""
    wanted = {w for c in checks for w in _named_by(c)}
    chosen = {i for i, e in enumerate(file.entities) if _is_wanted(e.kind, e.name, e.also, wanted)}
    if level == 1:
        words = {decode(w) for i in chosen for w in _words(file, i)}
        near = ("function", "macro")
        chosen |= {i for i, e in enumerate(file.entities) if e.kind in near and e.name in words}
    parts = ["\n".join(file.entities[i].lines) for i in sorted(chosen)]
    return "\n".join(parts).replace("\r\n", "\n")


def config_excerpt(text: str, checks: Iterable[Check], level: int) -> str:
    """Return the part of a Kconfig file that checks look at; see `excerpt`."""
    if level == LEVELS - 1:
        return text if len(text) <= _LARGEST else ""
    wanted = {c.name for c in checks}
    return "\n".join(body for name, body in config_blocks(text) if name in wanted)


def _words(file: EntityFile, index: int) -> list[bytes]:
    span = file.entities[index].span
    return _WORD.findall(file.live[span.start : span.end])


def _is_wanted(kind: str, name: str, also: frozenset[str], wanted: set[str]) -> bool:
    if kind == "include":
        return f"<{name}>" in wanted
    if kind == "other":
        return any(w in name for w in wanted if w.startswith("("))
    return name in wanted or bool(also & wanted)


def _named_by(check: Check) -> set[str]:
    """Return the names of what a check looks at; an include is put into ``<>``."""
    if check.kind is Kind.INCLUDE:
        return {f"<{check.name}>"}
    if check.kind is Kind.EXPORT:
        return {check.name, f"({check.name})"}
    names = {*check.scope.functions, check.owner}
    if check.kind in (Kind.MACRO, Kind.FUNCTION, Kind.DECLARATION):
        names.add(check.name)
    return names - {""}
