# SPDX-License-Identifier: GPL-2.0-only
"""A patch with what was said about it, line by line."""

from collections.abc import Iterable, Iterator

from lpae_backport.format.escaping import printable, printable_lines
from lpae_backport.mailpatch.model import Comment, Patch


def discussed(patch: Patch) -> Iterator[str]:
    """Yield the lines of a patch, each with the comments that stand behind it."""
    yield from _said(c for c in patch.comments if not c.path)
    for change in patch.changes:
        mine = [c for c in patch.comments if c.path == change.path or c.path == change.old_path]
        mine = [c for c in mine if c.path]
        yield f"--- {printable(change.old_path or '/dev/null')}"
        yield f"+++ {printable(change.new_path or '/dev/null')}"
        yield from _said(c for c in mine if c.hunk < 0)
        for i, hunk in enumerate(change.hunks):
            here = [c for c in mine if c.hunk == i]
            yield printable(hunk.header)
            yield from _said(c for c in here if c.line < 0)
            for k, line in enumerate(hunk.lines):
                yield f"{line.kind.value}{printable(line.text.expandtabs(8))}"
                yield from _said(c for c in here if c.line == k)
            yield from _said(c for c in here if c.line >= len(hunk.lines))


def _said(comments: Iterable[Comment]) -> Iterator[str]:
    for c in comments:
        who = printable(c.author) or "somebody"
        yield f"    # {who}:"
        yield from (f"    #   {line.rstrip()}".rstrip() for line in printable_lines(c.text))
