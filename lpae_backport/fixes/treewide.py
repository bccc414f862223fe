# SPDX-License-Identifier: GPL-2.0-only
"""Edits of more than one file: a header that moves, a flag that changes its name, Kconfig."""

import posixpath
import re

from lpae_backport.errors import RefusedError
from lpae_backport.filetree import UnreadableError
from lpae_backport.fixes.includes import add_include
from lpae_backport.kconfig import config_entry
from lpae_backport.layout import Unreadable
from lpae_backport.location import Span
from lpae_backport.masking import without_comments
from lpae_backport.rewriting import (
    Change,
    line_end,
    text_of,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile
from lpae_backport.workplace import Workplace


def move(edit: Edit, work: Workplace) -> None:
    """Move a header below include/, and rewrite every ``#include`` of it."""
    old, new = edit.names[0], edit.to
    layout = work.draft.layout
    if work.draft.is_file(old):
        if work.draft.is_file(new):
            raise RefusedError(f"{new} is there already; which of the two counts?", where=old)
        header = opened(work, old)
        if any(not i.is_system for i in header.source.includes):
            raise RefusedError("it includes headers beside it, which would not move", where=old)
    users = layout.includers((old,), edit.paths)
    if users.unread:
        raise RefusedError(
            f"{users.unread[0].reason}; it may include {old}", where=users.unread[0].path
        )
    if work.draft.is_file(old):
        work.draft.move(old, new)
    for path in dict.fromkeys(p for p, _ in users.places):
        lines = {n for p, n in users.places if p == path}
        _include_instead(new.removeprefix("include/"), path, lines, work)
    _check_left(posixpath.basename(old), new, work)


def _check_left(name: str, new: str, work: Workplace) -> None:
    """Refuse to leave behind anything in the whole tree that may still mean the old place."""
    header = new.removeprefix("include/").encode()
    for path in work.mentioning(name):
        code = without_comments(work.draft.read(path))
        rest = re.sub(rb"<%b>" % re.escape(header), b"", code)
        if re.search(rb"(?<![\w.-])%b\b" % re.escape(name.encode()), rest):
            line = code[: code.find(name.encode())].count(b"\n") + 1
            raise RefusedError(
                f"names {name} in a way that is not rewritten", where=f"{path}:{line}"
            )


def opened(work: Workplace, path: str) -> CodeFile:
    """Return one file of the target by its path.

    Raises:
        RefusedError: it cannot be read.
    """
    found = work.draft.layout.open(path)
    if isinstance(found, Unreadable):
        raise RefusedError(found.reason, where=path)
    return found


def _include_instead(header: str, path: str, lines: set[int], work: Workplace) -> None:
    file = opened(work, path)
    text = text_of(file)
    starts = [file.source.lines.start_of(n) for n in sorted(lines)]
    changes = [Change(Span(s, line_end(text, s)), "", lines=True) for s in starts]
    only = len(file.source.includes) == len(lines)
    if only:
        changes[0] = Change(changes[0].span, f"#include <{header}>\n", lines=True)
    work.change(file, changes)
    if not only:
        add_include(header, opened(work, path), work)


def kconfig(edit: Edit, work: Workplace) -> None:
    """Replace a word in what a Kconfig symbol depends on."""
    for path in work.draft.layout.plain_paths(edit.scope.file):
        try:
            data = work.draft.read(path)
        except UnreadableError as e:
            raise RefusedError(e.message, where=path) from None
        found = config_entry(data, edit.names[0])
        if found is None:
            continue
        lines = data.decode("latin-1").split("\n")
        hits = 0
        for i in range(found.line - 1, found.end_line):
            if re.match(r"\s*(?:help|---help---)\s*$", lines[i]):
                break
            if lines[i].split()[:2] == ["depends", "on"]:
                lines[i], n = re.subn(rf"\b{edit.to}\b", lambda _: edit.template, lines[i])
                hits += n
        if hits != 1:
            text = f"{edit.to} stands {hits} times in what {edit.names[0]} depends on"
            raise RefusedError(text, where=f"{path}:{found.line}")
        work.draft.write(path, "\n".join(lines))
        return
    raise RefusedError(f"no config {edit.names[0]}")
