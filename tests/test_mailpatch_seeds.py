# SPDX-License-Identifier: GPL-2.0-only
"""The two review mails that the tool was asked for; they are no part of the repository."""

import os
import subprocess
from pathlib import Path

import pytest

from lpae_backport.mailpatch.model import LineKind, Patch
from lpae_backport.mailpatch.reading import parse, patches_of
from lpae_backport.mailpatch.written import mail_of
from lpae_backport.tree import Tree
from tests.trees import real_tree

_SEEDS = os.environ.get("LPAE_AUDIT_SEEDS", "")
_TREE = real_tree("LPAE_AUDIT_REFERENCE_612")
pytestmark = pytest.mark.skipif(not _SEEDS, reason="LPAE_AUDIT_SEEDS names no folder of mails")


def _mail(number: str, *, with_tree: bool = False) -> tuple[Patch, str]:
    (path,) = Path(_SEEDS).glob(f"{number}_*")
    tree = Tree(str(_TREE)) if with_tree and _TREE is not None else None
    (patch,) = patches_of(str(path), tree)
    return patch, path.read_text()


def _count(patch: Patch, kind: LineKind) -> int:
    return sum(x.kind is kind for c in patch.changes for h in c.hunks for x in h.lines)


def test_all_of_003_is_recovered() -> None:
    """Each of twelve files comes to what the diffstat says of it."""
    patch, _ = _mail("003")
    sums = {
        c.path: sum(x.kind is not LineKind.CONTEXT for h in c.hunks for x in h.lines)
        for c in patch.changes
    }
    assert sums == dict(patch.stats)
    assert (len(sums), _count(patch, LineKind.ADDED), _count(patch, LineKind.REMOVED)) == (
        12,
        268,
        134,
    )
    assert not [h for c in patch.changes for h in c.hunks if h.problem]
    assert [(c.hunk, c.line) for c in patch.comments] == [(8, 74)]


def test_004_has_what_the_reviewer_left_of_it() -> None:
    """The reviewer cut the mail off within the fourth file; that is told, hunk and file."""
    patch, _ = _mail("004")
    sums = {
        c.path: sum(x.kind is not LineKind.CONTEXT for h in c.hunks for x in h.lines)
        for c in patch.changes
    }
    assert len(patch.stats) == 7
    assert [p for p, n in patch.stats.items() if sums.get(p) == n] == list(patch.stats)[:3]
    broken = [h for c in patch.changes for h in c.hunks if h.problem]
    assert [h.problem for h in broken] == ["has -50 +335 lines where its header says -53 +339"]
    assert broken[0] is patch.changes[3].hunks[-1]
    assert sum("not in the diff" in p.what for p in patch.problems) == 3


def test_comments_of_004_stand_where_they_were_said() -> None:
    """Each stands behind the line of the mail that it was written below."""
    patch, raw = _mail("004")
    rows = raw.split("\n")
    assert {c.author for c in patch.comments if c.depth} == {"Boris Brezillon", "Steven Price"}
    inside = [c for c in patch.comments if c.line >= 0]
    assert len(inside) > 15
    for comment in inside:
        (change,) = [c for c in patch.changes if c.path == comment.path]
        line = change.hunks[comment.hunk].lines[comment.line]
        between = rows[line.at : comment.at - 1]
        assert not [r for r in between if r.startswith(">>> +")], comment


@pytest.mark.parametrize("number", ["003", "004"])
@pytest.mark.parametrize("with_tree", [False, True])
def test_no_line_is_made_up(number: str, with_tree: bool) -> None:
    """White space and quoting aside, each line stands in the mail."""
    patch, raw = _mail(number, with_tree=with_tree)
    depth = {"003": 1, "004": 3}[number]
    rows = [
        r.lstrip(">").removeprefix(" ") if r.startswith(">" * depth) else r for r in raw.split("\n")
    ]
    for change in patch.changes:
        for hunk in change.hunks:
            for x in hunk.lines:
                text = "".join(rows[x.at - 1 : x.at + 3])
                assert "".join(text.split()).startswith("".join((x.kind.value + x.text).split())), x


@pytest.mark.parametrize("number", ["003", "004"])
def test_git_reads_what_is_written(number: str, tmp_path: Path) -> None:
    """``git mailinfo`` and ``git apply`` read the mail, and so do we; half a hunk git refuses."""
    patch, _ = _mail(number, with_tree=True)
    mail = mail_of(patch)
    subprocess.run(
        ["git", "mailinfo", "m", "p"], cwd=tmp_path, input=mail, capture_output=True, check=True
    )
    done = subprocess.run(
        ["git", "apply", "--numstat", "p"], cwd=tmp_path, capture_output=True, text=True
    )
    broken = [h.problem for c in patch.changes for h in c.hunks if h.problem]
    assert ("corrupt patch" in done.stderr) == bool(broken), done.stderr
    assert broken or len(done.stdout.splitlines()) == len(patch.changes)
    (again,) = parse(mail, "x")
    assert [h.problem for c in again.changes for h in c.hunks if h.problem] == broken
    assert [(c.path, len(c.hunks)) for c in again.changes] == [
        (c.path, len(c.hunks)) for c in patch.changes
    ]
