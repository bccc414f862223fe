# SPDX-License-Identifier: GPL-2.0-only
"""Makes patches of two texts, and small trees to look for them in."""

import difflib

from lpae_backport.filetree import MemoryTree
from lpae_backport.mailpatch.model import Patch
from lpae_backport.mailpatch.reading import parse
from lpae_backport.presence.heads import is_head
from lpae_backport.presence.judging import judge
from lpae_backport.presence.verdict import PatchVerdict

PATH = "drivers/toy/toy.c"


def diff(before: str, after: str, path: str = PATH, context: int = 3) -> str:
    """Return a diff as git writes it, with what each hunk stands in."""
    old, new = before.splitlines(True), after.splitlines(True)
    rows = list(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", n=context))
    for i, row in enumerate(rows):
        if row.startswith("@@"):
            start = int(row.split("-")[1].split(",")[0].split(" ")[0])
            heads = [x for x in old[: start - 1] if is_head(x.encode())]
            rows[i] = row.rstrip("\n") + (f" {heads[-1].rstrip()[:80]}\n" if heads else "\n")
    return f"diff --git a/{path} b/{path}\n" + "".join(rows)


def patch(*pieces: str) -> Patch:
    """Return the patch that some diffs make."""
    return parse("".join(pieces).encode(), "test")[0]


def verdict(made: Patch, text: str, path: str = PATH) -> PatchVerdict:
    """Judge a patch in a tree of one file."""
    return judge(made, MemoryTree({path: text.encode()}))


def statuses(found: PatchVerdict) -> list[str]:
    """Return the statuses of all hunks."""
    return [h.status.value for f in found.files for h in f.hunks]
