# SPDX-License-Identifier: GPL-2.0-only
"""No-break spaces that a mailer made of blanks become blanks again; those of a file stay."""

import time

import pytest

from lpae_backport.mailpatch.model import Patch
from lpae_backport.mailpatch.reading import parse

HEAD = "--- a/toy.c\n+++ b/toy.c\n@@ -1,3 +1,4 @@\n"
MADE = "no-break spaces made spaces"


def one(text: str) -> Patch:
    """Return the only patch of a mail."""
    return parse(text.encode(), "t")[0]


def rows(patch: Patch) -> list[str]:
    """Return the lines of all hunks, with their marks."""
    return [x.kind.value + x.text for c in patch.changes for h in c.hunks for x in h.lines]


@pytest.mark.parametrize("quote", ["", "> "])
@pytest.mark.parametrize("blank", ["\xa0", "\xa0 ", " \xa0", "\xa0\xa0"])
@pytest.mark.parametrize("line", ["#define TOY_MIN{}4", "int{}x;", "#include{}<linux/x.h>"])
def test_code_has_none(line: str, blank: str, quote: str) -> None:
    """In C, none can stand between two words."""
    want = line.format(blank.replace("\xa0", " "))
    text = f"{HEAD} int a;\n+{line.format(blank)}\n \n int b;\n"
    found = one("".join(f"{quote}{x}\n" for x in text.splitlines()))
    assert rows(found) == [" int a;", f"+{want}", " ", " int b;"]
    assert [r.what for r in found.repairs] == [MADE]


def test_all_lines_where_one_shows_it() -> None:
    """Where indentation became no-break spaces, so did the blanks within lines."""
    lines = [" \xa0 int a;", "+#define\xa0TOY\xa0\xa0 \\", "+\xa0 0 /*\xa0none */", " int b;", " x"]
    found = one(HEAD.replace(",3 +1,4", ",3 +1,5") + "\n".join(lines) + "\n")
    assert "\xa0" not in "".join(rows(found))


@pytest.mark.parametrize(
    "line",
    [
        '\tpr_info("a\xa0b");',
        "/*\xa0words */",
        " *\xa0words;",
        "\tx();\t/* a\xa0b",
        "words\xa0here",
    ],
)
def test_what_a_file_has_stays(line: str) -> None:
    """Words and comments may have them."""
    found = one(f"{HEAD} \tint a;\n+{line}\n \n \tint b;\n")
    assert rows(found)[1] == f"+{line}"
    assert not found.repairs


def test_tabs_show_that_blanks_are_as_they_were() -> None:
    """In a mail that has kept its tabs, only lines that cannot be meant so are mended."""
    lines = [" \tint a;", "+#define\xa0TOY 1", "+/*\xa0words */", " int b;", " x"]
    found = one(HEAD.replace(",3 +1,4", ",3 +1,5") + "\n".join(lines) + "\n")
    assert rows(found)[1:3] == ["+#define TOY 1", "+/*\xa0words */"]


@pytest.mark.parametrize("piece", ['"\\"', "> ", "/*", "\xa0", '"', "#\xa0"])
def test_hostile_lines_cost_no_time(piece: str) -> None:
    """Time is linear in what a line has."""
    begun = time.process_time()
    one(f"{HEAD} int a;\n+{piece * 200_000}\xa0\n \n int b;\n")
    assert time.process_time() - begun < 5
