# SPDX-License-Identifier: GPL-2.0-only
"""A patch with what was said about it, line by line."""

from collections.abc import Iterable, Iterator

from lpae_backport.format.escaping import printable, printable_lines
from lpae_backport.mailpatch.model import Comment, Patch


def discussed(patch: Patch) -> Iterator[str]:
    """Yield the lines of a patch, each with the comments that stand behind it."""
    by_path: dict[str, list[Comment]] = {}
    for c in patch.comments:
        by_path.setdefault(c.path, []).append(c)
    yield from _said(by_path.pop("", ()))
    for change in patch.changes:
        paths = dict.fromkeys((change.old_path, change.path))
        mine = [c for p in paths for c in by_path.get(p, ())]
        by_line: dict[tuple[int, int], list[Comment]] = {}
        for c in (c for c in mine if 0 <= c.hunk < len(change.hunks)):
            last = len(change.hunks[c.hunk].lines) - 1
            by_line.setdefault((c.hunk, max(min(c.line, last), -1)), []).append(c)
        yield f"--- {printable(change.old_path or '/dev/null')}"
        yield f"+++ {printable(change.new_path or '/dev/null')}"
        yield from _said(c for c in mine if c.hunk < 0)
        for i, hunk in enumerate(change.hunks):
            yield printable(hunk.header)
            yield from _said(by_line.get((i, -1), ()))
            for k, line in enumerate(hunk.lines):
                yield f"{line.kind.value}{printable(line.text.expandtabs(8))}"
                yield from _said(by_line.get((i, k), ()))


def _said(comments: Iterable[Comment]) -> Iterator[str]:
    for c in comments:
        who = printable(c.author) or "somebody"
        yield f"    # {who}:"
        yield from (f"    #   {line.rstrip()}".rstrip() for line in printable_lines(c.text))
