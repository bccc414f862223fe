# SPDX-License-Identifier: GPL-2.0-only
"""A file is known though a reviewer cut hunks out below its name, or a mailer wrapped the name."""

import pytest

from lpae_backport.mailpatch.model import Patch
from lpae_backport.mailpatch.reading import parse

PATH = "drivers/toy/toy.c"
HUNKS = (
    "@@ -1,3 +1,3 @@\n int a;\n-int b;\n+int c;\n int d;\n",
    "@@ -11,3 +11,3 @@\n int e;\n-int f;\n+int g;\n int h;\n",
)
ROWS = [" int a;", "-int b;", "+int c;", " int d;"]


def one(text: str) -> Patch:
    """Return the only patch of a mail, of which nothing is in doubt."""
    (patch,) = parse(text.encode(), "t")
    assert not any(h.problem for c in patch.changes for h in c.hunks)
    return patch


def shape(patch: Patch) -> list[tuple[str, list[list[str]]]]:
    """Return the files of a patch and the lines of their hunks."""
    return [
        (c.path, [[x.kind.value + x.text for x in h.lines] for h in c.hunks]) for c in patch.changes
    ]


@pytest.mark.parametrize("said", ["> [...]", "> ...", "> [snip]", "> [...]\n>", "[...]", "Nit:"])
@pytest.mark.parametrize(
    "git", ["", f"diff --git a/{PATH} b/{PATH}\nindex 012345..6789ab 100644\n"]
)
def test_hunks_cut_out_behind_the_name(said: str, git: str) -> None:
    """The hunk that is left is whole, and of that file."""
    head = f"{git}--- a/{PATH}\n+++ b/{PATH}\n"
    head = "".join(f"> {x}\n" for x in head.splitlines())
    hunk = "".join(f"> {x}\n" for x in HUNKS[0].splitlines())
    text = f"On Monday, A wrote:\n[...]\n{head}{said}\n{hunk}> [...]\n\nNo.\n"
    assert shape(one(text)) == [(PATH, [ROWS])]
    twice = f"On Monday, A wrote:\n{head.replace('toy.c', 'x.c')}{hunk}{head}{said}\n{hunk}"
    found = shape(one(twice))
    assert found == [(PATH.replace("toy.c", "x.c"), [ROWS]), (PATH, [ROWS])]


@pytest.mark.parametrize("space", [" ", ""])
@pytest.mark.parametrize("old", [f"a/{PATH}", "/dev/null"])
def test_names_that_were_wrapped(space: str, old: str) -> None:
    """They stand on the line behind their marks, below the rule of the message or a hunk."""
    head = f"---{space}\n{old}\n+++{space}\nb/{PATH}\n"
    hunk = HUNKS[0]
    if old == "/dev/null":
        hunk = "@@ -0,0 +1 @@\n+int c;\n"
    other = f"--- a/x.c\n+++ b/x.c\n{HUNKS[1]}"
    found = one(f"Subject: [PATCH] toy: it\n\nWords.\n---\n{other}{head}{hunk}")
    assert found.message == "Words."
    assert [c.path for c in found.changes] == ["x.c", PATH]
    assert found.changes[1].old_path == (PATH if old[0] == "a" else "")
    alone = one(f"Subject: [PATCH] toy: it\n\nWords.\n---\n{head}{hunk}")
    assert shape(alone) == shape(found)[1:]


def test_lines_of_a_hunk_that_look_like_names() -> None:
    """What is removed and added may begin so, with a blank line or a header behind it."""
    body = "@@ -1,3 +1,3 @@\n int a;\n--- old one\n+++ new one\n \n"
    other = "@@ -9,2 +9,3 @@\n int e;\n+int g;\n int h;\n"
    found = one(f"--- a/{PATH}\n+++ b/{PATH}\n{body}{other}")
    assert shape(found)[0][1][0] == [" int a;", "--- old one", "+++ new one", " "]
    assert len(found.changes) == 1


def test_dots_that_are_a_line_of_the_file() -> None:
    """A document in YAML ends in three dots: marked, they are context."""
    body = ["@@ -1,4 +1,4 @@", " a: 1", "", "-b: 2", "+b: 3", " ..."]
    text = "\n".join(["--- a/x.yaml", "+++ b/x.yaml", *body])
    quoted = "".join(f"> {x}\n" for x in text.splitlines())
    assert shape(one(quoted))[0][1] == [[" a: 1", " ", "-b: 2", "+b: 3", " ..."]]
