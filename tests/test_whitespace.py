# SPDX-License-Identifier: GPL-2.0-only
"""Lines are folded, moved and joined the way the kernel's style has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpae_backport.whitespace import (
    continued,
    fit,
    fold,
    line_limit,
    margin,
    open_column,
    realign,
    squeeze,
    width,
)


@given(st.integers(0, 200))
def test_margin_is_as_wide_as_asked(columns: int) -> None:
    """White space of n columns takes n columns, tabs before spaces."""
    assert width(margin(columns)) == columns
    assert " \t" not in margin(columns)


@pytest.mark.parametrize(
    ("line", "limit", "wanted"),
    [
        ("\tf(a, b);", 80, "\tf(a, b);"),
        ("\tcall(first, second, third);", 30, "\tcall(first, second,\n\t     third);"),
        (
            "static void f(int a, int b, int c)",
            24,
            "static void f(int a,\n\t      int b,\n\t      int c)",
        ),
        ("\tx = aaaaaaaaaaaa | bbbbbbbbbbb;", 28, "\tx = aaaaaaaaaaaa |\n\t\tbbbbbbbbbbb;"),
        ('\tprint("a, b, c, d, e, f, g");', 24, '\tprint("a, b, c, d, e, f, g");'),
        ("\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;", 24, "\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;"),
    ],
)
def test_fold(line: str, limit: int, wanted: str) -> None:
    """Behind the open parenthesis, or a tab further in; never within a string."""
    assert fold(line, limit) == wanted


def test_fit_keeps_the_column_of_a_list_that_goes_on() -> None:
    """A line that continues arguments is folded under itself."""
    text = "int f(int aaaaaaaaaa,\n      int bbbbbbbbbb, int cccccccccc)\n"
    assert fit(text, 24) == "int f(int aaaaaaaaaa,\n      int bbbbbbbbbb,\n      int cccccccccc)\n"


def test_fit_leaves_comments_and_macros() -> None:
    """What is no code keeps its lines, however long."""
    text = "/* " + "word, " * 20 + "*/\n#define X \\\n\tf(" + "a, " * 30 + ")\n"
    assert fit(text, 40) == text


def test_realign_moves_what_hangs_from_the_parenthesis() -> None:
    """Continuation lines follow; the statement behind them does not."""
    rest = "\t     two,\n\t     three);\n\tnext(one,\n\t     two);"
    moved = realign("\tcall(one,", "\tlonger(one,", rest)
    assert moved == "\t       two,\n\t       three);\n\tnext(one,\n\t     two);"
    assert realign("\tcall(one,", "\tcast(one,", rest) == rest


def test_backslash_keeps_its_column() -> None:
    """A macro's line that grows gives up white space first."""
    assert continued("\t(1 << x) +\t\t\\", "\t(1ULL << x) +\t\t\\") == "\t(1ULL << x) +\t\t\\"
    assert width(continued("\ta\t\t\t\\", "\tabcdefghij\t\t\t\\")) == width("\ta\t\t\t\\")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a;\n\n\n\nb;\n", "a;\n\nb;\n"),
        ("{\n\n\tb;\n", "{\n\tb;\n"),
        ("a;\n\n}\n", "a;\n}\n"),
        ("a;\n\tb;\n", "a;\n\tb;\n"),
    ],
)
def test_squeeze(text: str, wanted: str) -> None:
    """One empty line at most where something was taken out; none beside a brace."""
    assert squeeze(text, text.index("\n") + 1) == wanted


def test_line_limit_is_that_of_the_file() -> None:
    """A few long lines do not make a wide file."""
    assert line_limit("x\n" * 1000 + "y" * 90 + "\n") == 80
    assert line_limit(("x" * 95 + "\n") * 10) == 100


@given(st.lists(st.sampled_from(["f(", "a", ", ", ")", " + ", "bbbbbbb", "g("]), max_size=30))
def test_folding_changes_white_space_only(parts: list[str]) -> None:
    """Whatever the line, its words stay in their order, and no line ends in a blank."""
    line = "\t" + "".join(parts)
    folded = fold(line, 40)
    assert "".join(folded.split()) == "".join(line.split())
    assert all(ln == ln.rstrip() for ln in folded.split("\n")[:-1])


def test_open_column() -> None:
    """The innermost parenthesis that is still open counts; strings do not."""
    assert open_column('\tf(a, "(", g(') == width('\tf(a, "(", g(')
    assert open_column("\tf(a)") is None
