# SPDX-License-Identifier: GPL-2.0-only
"""What a mailer left alone is left alone; what it took away is told, and only that is mended."""

import pytest

from lpae_backport.filetree import MemoryTree
from lpae_backport.mailpatch.model import Patch
from lpae_backport.mailpatch.reading import parse
from lpae_backport.mailpatch.written import mail_of

PATH = "drivers/toy/toy.c"
HEAD = f"--- a/{PATH}\n+++ b/{PATH}\n"
DIFF = HEAD + (
    "@@ -1,5 +1,5 @@\n \tint a;\n \n-\tint  old = 1;\n+\tint new = 1;\n"
    " \tfoo(aaaaaaaa, bbbbbbb);\n \tint z;\n"
)
ALIGNED = "\tint a;\n\n\tint\told = 1;\n\tfoo(aaaaaaaa,\tbbbbbbb);\n    int z;\n"
"""A tree that has given those lines other white space since."""


def quoted(text: str) -> str:
    """Return a text as an answer quotes it."""
    return "On Monday, A wrote:\n" + "".join(f"> {x}\n" for x in text.splitlines())


def one(text: str, tree: MemoryTree | None = None) -> Patch:
    """Return the only patch of a mail."""
    (patch,) = parse(text.encode(), "t", tree)
    return patch


def rows(patch: Patch) -> list[str]:
    """Return the lines of all hunks, with their marks."""
    return [x.kind.value + x.text for c in patch.changes for h in c.hunks for x in h.lines]


def told(patch: Patch) -> str:
    """Return what is told of the mending of hunks."""
    return "; ".join(r.what for c in patch.changes for h in c.hunks for r in h.repairs)


def test_a_mail_that_kept_its_tabs_keeps_its_white_space() -> None:
    """The tree has been re-indented since: that is no reason to change what was sent."""
    found = one(quoted(DIFF), MemoryTree({PATH: ALIGNED.encode()}))
    assert rows(found) == DIFF.splitlines()[3:]
    assert told(found) == ""
    assert ("\n".join(DIFF.splitlines()[2:]) + "\n").encode() in mail_of(found)


def test_white_space_alone_in_a_mail_that_kept_its_tabs() -> None:
    """A hunk that changes white space alone is believed where nothing shows that any was lost."""
    text = f"{HEAD}@@ -1,3 +1,3 @@\n \tint  a;\n-\tint  c;\n+\tint c;\n \tint b;\n"
    found = one(quoted(text), MemoryTree({PATH: b"\tint\ta;\n\tint\tc;\n\tint b;\n"}))
    assert rows(found) == text.splitlines()[3:]
    assert not found.changes[0].hunks[0].problem


def test_a_wrapped_line_has_the_white_space_of_the_tree() -> None:
    """Where a line was put together again, what it was broken at is known from the tree alone."""
    text = quoted(DIFF).replace("(aaaaaaaa, ", "(aaaaaaaa,\n> ")
    assert text != quoted(DIFF)
    found = one(text, MemoryTree({PATH: ALIGNED.encode()}))
    want = DIFF.splitlines()[3:]
    want[4] = " \tfoo(aaaaaaaa,\tbbbbbbb);"
    assert rows(found) == want
    assert "white space of 1 line as the tree has it" in told(found)


@pytest.mark.parametrize("keeps", [True, False])
def test_white_space_at_the_ends_of_lines(keeps: bool) -> None:
    """It is taken from the tree where the mail shows that lines have lost theirs."""
    text = quoted(DIFF)
    text = text if keeps else "".join(f"{x.rstrip()}\n" for x in text.splitlines())
    tree = DIFF.splitlines()[3:]
    tree = [x[1:] + " \t" * ("int z" in x) for x in tree if x[0] != "+"]
    found = one(text, MemoryTree({PATH: "\n".join(tree).encode()}))
    assert rows(found)[-1] == (" \tint z;" if keeps else " \tint z; \t")


def test_a_mail_without_tabs_has_those_of_the_tree() -> None:
    """Where all tabs are gone, the tree's white space stands in for them."""
    found = one(quoted(DIFF.expandtabs(8)), MemoryTree({PATH: ALIGNED.encode()}))
    assert rows(found)[2:5] == [
        "-\tint\told = 1;",
        "+\tint new = 1;",
        " \tfoo(aaaaaaaa,\tbbbbbbb);",
    ]


def test_a_line_that_the_patch_indents_anew_is_as_the_mail_shows_it() -> None:
    """A tree with the patch has the line elsewhere: how deep it stood is seen from its blanks."""
    old = ["if (x) {", "\tif (y)", "\t\tcall_it(a, b);", "}", "more(c);", "last(d);"]
    new = ["if (x)", "\tcall_it(a, b);", "more(c);", "last(d);"]
    body = [" \tint a;", *(f"-\t{x}" for x in old[:4]), *(f"+\t{x}" for x in new[:2])]
    body += [" \tmore(c);", " \tlast(d);"]
    text = f"{HEAD}@@ -1,7 +1,5 @@\n" + "\n".join(body) + "\n"
    tree = "\n".join(["\tint a;", *(f"\t{x}" for x in new), ""])
    lost = quoted(text.replace("\t", " " * 8))
    assert rows(one(lost, MemoryTree({PATH: tree.encode()}))) == body
