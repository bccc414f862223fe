# SPDX-License-Identifier: GPL-2.0-only
"""Addresses that an archive masks are taken from the tree or told; white space that is lost, too."""

import re
import time

import pytest

from lpae_backport.filetree import MemoryTree
from lpae_backport.mailpatch.masked import is_surely_masked, pattern_of
from lpae_backport.mailpatch.model import Hunk
from tests.test_mailpatch_rests import hunk_of, says

HEAD = "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
REAL = "jane.doe@example.org"


def tree(*lines: str) -> MemoryTree:
    """Return a tree of one file."""
    return MemoryTree({"a.c": "".join(f"{x}\n" for x in lines).encode()})


@pytest.mark.parametrize(
    "shown",
    [
        "[email protected]",
        "[email\xa0protected]",
        "jane....@example.org",
        "jane.doe@...",
        "jane.doe@xxxxxxxxxxx",
        "jane.doe at example.org",
        "jane.doe () example ! org",
    ],
)
def test_masks_of_archives(shown: str) -> None:
    """Every way to mask an address is known; what is left of it must agree."""
    text = f' * Copyright Jane Doe <{shown}> and "others"'
    pattern = pattern_of(text)
    assert pattern is not None
    assert is_surely_masked(text)
    assert pattern.fullmatch(re.sub(r"\s", "", f' * Copyright Jane Doe <{REAL}> and "others"'))
    assert not pattern.fullmatch(re.sub(r"\s", "", f' * Copyright Jane Roe <{REAL}> and "others"'))
    if "protected" not in shown:
        other = ' * Copyright Jane Doe <john@example.com> and "others"'
        assert not pattern.fullmatch(re.sub(r"\s", "", other))


@pytest.mark.parametrize("text", ["int a;", f"x <{REAL}>", "@a = b", "look at this", "f(...)", ""])
def test_what_is_not_masked(text: str) -> None:
    """Code and whole addresses are none of these."""
    assert pattern_of(text) is None


def test_words_are_not_surely_masked() -> None:
    """``look at foo.c`` may be words: nothing is said of it."""
    assert not is_surely_masked(" * look at foo.c")


def test_masks_are_looked_for_in_linear_time() -> None:
    """A hostile line does not take long."""
    start = time.perf_counter()
    for text in (
        "a" * 60000,
        "a.." * 20000 + "@",
        "a at " * 12000,
        "x@" + "x" * 60000,
        "a () " * 9,
        "[email protected]" + "a;" * 4_000_000,
    ):
        pattern_of(text)
        is_surely_masked(text[:2000])
    assert time.perf_counter() - start < 2


def added(line: str, where: MemoryTree | None) -> Hunk:
    """Return the hunk that adds a line between two others."""
    text = f"{HEAD}@@ -1,2 +1,3 @@\n int a;\n+{line}\n int b;\n"
    return hunk_of(text, where)


def test_address_of_the_tree() -> None:
    """Where the tree has all of the hunk, it has the address."""
    hunk = added('M("[email protected]");', tree("int a;", f'M("{REAL}");', "int b;"))
    assert hunk.lines[1].text == f'M("{REAL}");'
    assert [(r.at, "masked" in r.what) for r in hunk.repairs] == [(6, True)]


@pytest.mark.parametrize("where", [None, tree("int a;", "int b;", f'M("{REAL}");')])
def test_address_that_nobody_tells(where: MemoryTree | None) -> None:
    """Without the hunk the tree names somebody else: the line stays as it is, and is told."""
    hunk = added('M("[email protected]");', where)
    assert hunk.lines[1].text == 'M("[email protected]");'
    assert [(r.at, "masked" in r.what) for r in hunk.repairs] == [(6, True)]


def test_rest_of_an_address_is_enough() -> None:
    """What is left of an address tells it from all others of the file."""
    where = tree("int x;", 'M("john@example.org");', f'M("{REAL}");')
    assert added('M("jane....@example.org");', where).lines[1].text == f'M("{REAL}");'


def test_changed_address_is_not_taken_for_the_old_one() -> None:
    """A patch that changes an address does not become one that changes nothing, silently."""
    text = f"{HEAD}@@ -1,3 +1,4 @@\n int a;\n-// [email protected]\n+// [email protected]\n+int c;\n int b;\n"
    hunk = hunk_of(text, tree("int a;", "// old@example.org", "int b;"))
    assert [x.text for x in hunk.lines][1:3] == ["// old@example.org", "// [email protected]"]
    assert says(hunk, "masked")


def blank(old: str, new: str, where: MemoryTree) -> Hunk:
    """Return the hunk that changes the white space of one line, in a quoted mail."""
    text = f"{HEAD}@@ -1,3 +1,3 @@\n \tint a;\n-{old}\n+{new}\n \tint b;\n"
    return hunk_of("".join(f"> {x}\n" for x in text.splitlines()), where)


def test_white_space_that_the_tree_has() -> None:
    """A hunk that changes white space alone keeps it, on either side of it."""
    for mine in ("\tint  c;", "\tint c;"):
        hunk = blank("\tint  c;", "\tint c;", tree("\tint a;", mine, "\tint b;"))
        assert [x.text for x in hunk.lines][1:3] == ["\tint  c;", "\tint c;"]
        assert not hunk.problem


def test_white_space_that_was_lost() -> None:
    """Where it was lost, it is said."""
    text = f"{HEAD}@@ -1,3 +1,3 @@\n         int a;\n-        int  c;\n+        int c;\n         int b;\n"
    where = tree("\tint a;", "\tint\tc;", "\tint b;")
    hunk = hunk_of("".join(f"> {x}\n" for x in text.splitlines()), where)
    assert "white space" in hunk.problem
