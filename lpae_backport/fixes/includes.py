# SPDX-License-Identifier: GPL-2.0-only
"""Edits of the lines around the code of a file: includes, forward declarations, exports."""

import re

from lpae_backport.errors import RefusedError
from lpae_backport.location import Span
from lpae_backport.rewriting import (
    Change,
    line_end,
    text_of,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile
from lpae_backport.workplace import Workplace

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>[^\n]*\n", re.MULTILINE)
_ANY_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*\n", re.MULTILINE)


def include(edit: Edit, work: Workplace) -> None:
    """Include a header of the system, in order among the others of its folder."""
    file = work.file(edit.scope.file)
    add_include(edit.names[0], file, work)


def add_include(header: str, file: CodeFile, work: Workplace) -> None:
    """Insert ``#include <header>`` unless the file has it.

    Raises:
        RefusedError: the file includes nothing, so there is no place for it.
    """
    text = text_of(file)
    if any(i.header == header and i.is_system for i in file.source.includes):
        return
    plain = [m for m in _INCLUDE.finditer(text) if not _conditional(file, m)]
    near = [m for m in plain if m[1].split("/")[0] == header.split("/")[0]]
    if not near:
        others = [m for m in _ANY_INCLUDE.finditer(text) if not _conditional(file, m)]
        at = others[0].start() if others else _head_end(text, file)
    else:
        later = [m for m in near if m[1] > header]
        ordered = [m[1] for m in near] == sorted(m[1] for m in near)
        at = later[0].start() if later and (ordered or later[0] is near[0]) else near[-1].end()
        if later and not ordered and later[0] is not near[0]:
            at = near[near.index(later[0])].start()
    work.change(file, [Change(Span(at, at), f"#include <{header}>\n", lines=True)])


def _conditional(file: CodeFile, m: re.Match[str]) -> bool:
    guards = file.source.conditions_at(Span(m.start(), m.start() + 1))
    return any(not re.fullmatch(r"!defined\(\w+\)", g) for g in guards) or file.source.is_dead(
        m.start()
    )


def forward(edit: Edit, work: Workplace) -> None:
    """Declare a struct ahead of its use, behind the includes of a header."""
    file = work.file(edit.scope.file)
    line = f"struct {edit.names[0]};"
    text = text_of(file)
    if re.search(rf"^struct {edit.names[0]};$", text, re.MULTILINE):
        return
    at = _head_end(text, file)
    behind = text[at : line_end(text, at)].strip()
    new = f"\n{line}\n" + ("\n" if behind else "")
    work.change(file, [Change(Span(at, at), new, lines=True)])


def _head_end(text: str, file: CodeFile) -> int:
    """Return the offset behind the includes of a header, or behind its guard if it has none.

    Raises:
        RefusedError: it has neither.
    """
    includes = [m for m in _ANY_INCLUDE.finditer(text) if not _conditional(file, m)]
    if includes:
        return includes[-1].end()
    guard = re.search(r"^#ifndef[ \t]+(\w+)[ \t]*\n#define[ \t]+\1[ \t]*\n", text, re.MULTILINE)
    if guard is None:
        raise RefusedError("no #include to put something beside", where=file.path)
    return guard.end()


def export(edit: Edit, work: Workplace) -> None:
    """Export functions to modules, under the GPL as their users are."""
    for name in edit.names:
        file = work.file(edit.scope.file)
        if name in file.exports:
            continue
        found = file.functions.get(name, [])
        if len(found) != 1:
            raise RefusedError(f"{len(found)} definitions of {name}", where=file.path)
        end = line_end(text_of(file), found[0].span.end - 1)
        new = Change(Span(end, end), f"EXPORT_SYMBOL_GPL({name});\n", lines=True)
        work.change(file, [new])
