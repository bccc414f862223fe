# SPDX-License-Identifier: GPL-2.0-only
"""Edits of the lines around the code of a file: includes, forward declarations, exports."""

import re

from lpae_backport.errors import RefusedError
from lpae_backport.location import Span
from lpae_backport.preprocessor import Include
from lpae_backport.rewriting import (
    Change,
    line_end,
    text_of,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile
from lpae_backport.workplace import Workplace


def include(edit: Edit, work: Workplace) -> None:
    """Include a header of the system, in order among the others of its folder."""
    file = work.file(edit.scope.file)
    add_include(edit.names[0], file, work)


def add_include(header: str, file: CodeFile, work: Workplace) -> None:
    """Insert ``#include <header>`` unless the file has it.

    Raises:
        RefusedError: the file includes nothing, so there is no place for it.
    """
    if any(i.header == header and i.is_system for i in file.source.includes):
        return
    head = _head(file)
    near = [i for i in head if i.is_system and i.header.split("/")[0] == header.split("/")[0]]
    text = text_of(file)
    if near:
        names = [i.header for i in near]
        later = [i for i in near if i.header > header]
        before = (
            later[0].span if later and (names == sorted(names) or later[0] is near[0]) else None
        )
        at = before.start if before is not None else line_end(text, near[-1].span.end - 1)
    else:
        at = head[0].span.start if head else _head_end(text, file)
    work.change(file, [Change(Span(at, at), f"#include <{header}>\n", lines=True)])


def _head(file: CodeFile) -> list[Include]:
    """Return the includes above all code that stand under no condition but the header's guard."""
    code = [span.start for span, _ in file.others()]
    code += [f.span.start for fs in file.functions.values() for f in fs]
    first = min(code, default=len(file.source.data))
    return [
        i for i in file.source.includes if i.span.start < first and not _conditional(file, i.span)
    ]


def _conditional(file: CodeFile, span: Span) -> bool:
    guards = file.source.conditions_at(span)
    return any(not re.fullmatch(r"!defined\(\w+\)", g) for g in guards)


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
    includes = _head(file)
    if includes:
        return line_end(text, includes[-1].span.end - 1)
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
