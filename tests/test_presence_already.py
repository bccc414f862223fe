# SPDX-License-Identifier: GPL-2.0-only
"""A hunk that would still apply, to a file that has what it adds."""

import pytest

from tests.patches import diff, patch, verdict

ABOVE = "static int toy_a(struct toy *toy)\n{\n\treturn toy_read(toy, 1);\n}\n\n"
BELOW = "static int toy_z(struct toy *toy)\n{\n\treturn toy_read(toy, 9);\n}\n"
NEW = (
    "static int toy_make(struct toy *toy, int mode)\n{\n\tstruct maker *maker = toy->maker;\n"
    "\tint ret;\n\n\tret = maker_open(maker, mode);\n\tif (ret)\n\t\treturn ret;\n"
    "\tmaker_count(maker, toy);\n\treturn maker_close(maker);\n}\n\n"
)
MADE = patch(diff(ABOVE + BELOW, ABOVE + NEW + BELOW))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("\tmaker_count(maker, toy);\n", "\tmaker_count(maker, toy);\n\tmaker_log(maker);\n"),
        ("maker_open(maker, mode)", "maker_open(maker, mode, 0)"),
    ],
)
def test_a_new_function_that_was_changed_since(was: str, now: str) -> None:
    """The lines on either side of it are as they were, and it must not be added again."""
    hunk = verdict(MADE, ABOVE + NEW.replace(was, now) + BELOW).files[0].hunks[0]
    assert hunk.status.value == "partly"
    assert hunk.present


def test_a_function_that_the_patch_itself_moves() -> None:
    """What it takes from elsewhere in the file is no sign of it."""
    before = NEW + "int toys[9];\n" * 9 + ABOVE + BELOW
    after = "int toys[9];\n" * 9 + ABOVE + NEW + BELOW
    made = patch(diff(before, after))
    assert {h.status.value for h in verdict(made, before).files[0].hunks} == {"applicable"}


def test_a_function_like_another_one() -> None:
    """Its lines are like those of its sister; its name is its own."""
    sister = NEW.replace("toy_make(", "toy_remake(")
    assert verdict(MADE, sister + ABOVE + BELOW).status.value == "applicable"


CHECK = "\tif (mode > TOY_MAX)\n\t\treturn -EINVAL;\n\n"
OPEN = (
    "static int toy_open(struct toy *toy, int mode)\n{\n\tint ret;\n\n\ttoy_lock(toy);\n"
    "\tret = toy_check(toy);\n\tif (ret)\n\t\tgoto out;\n\n\ttoy->mode = mode;\n"
    "out:\n\ttoy_unlock(toy);\n\treturn ret;\n}\n"
)


@pytest.mark.parametrize(
    "now",
    [
        "\tif (mode > TOY_MAX) {\n\t\treturn -EINVAL;\n\t}\n\n",
        '\tif (mode > TOY_MAX) {\n\t\tpr_err("far");\n\t\treturn -EINVAL;\n\t}\n\n',
        "#define TOY_CHECK \\\n\tif (mode > TOY_MAX) \\\n\t\treturn -EINVAL;\n",
    ],
)
def test_a_function_that_has_the_lines_in_another_shape(now: str) -> None:
    """It is not applicable with fuzz, and the body of a macro that nobody uses is not code."""
    made = patch(diff(OPEN, OPEN.replace("\ttoy_lock", f"{CHECK}\ttoy_lock")))
    hunk = verdict(made, OPEN.replace("\ttoy_lock", f"{now}\ttoy_lock")).files[0].hunks[0]
    assert hunk.status.value == "partly"
    assert {x.text.strip() for x in hunk.present} == {"if (mode > TOY_MAX)", "return -EINVAL;"}


def test_a_macro_that_has_another_value() -> None:
    """The hunk applies, and the file then defines the macro twice: that is told."""
    before = "#define TOY_A 1\n#define TOY_B 2\n\nint toys;\n"
    made = patch(diff(before, before.replace("\nint", "#define TOY_C 3\n\nint")))
    hunk = verdict(made, before + "\n#define TOY_C 9\n").files[0].hunks[0]
    assert (hunk.status.value, hunk.why) == (
        "applicable",
        "applies exactly; but line 6 has TOY_C already",
    )
    changed = patch(diff(before, before.replace("TOY_B 2", "TOY_B 4")))
    assert verdict(changed, before).files[0].hunks[0].why == "applies exactly"


def test_a_small_function_that_stands_elsewhere() -> None:
    """Too little of it tells; all of it does."""
    new = "int toy_n(int x)\n{\n\tif (x)\n\t\treturn 2;\n\treturn 3;\n}\n\n"
    made = patch(diff(ABOVE + BELOW, ABOVE + new + BELOW))
    hunk = verdict(made, ABOVE + BELOW + "\n" + new).files[0].hunks[0]
    assert hunk.status.value == "partly"
    assert hunk.present[0].text == "int toy_n(int x)"
    assert verdict(made, ABOVE + BELOW).status.value == "applicable"


@pytest.mark.parametrize(
    ("kind", "line", "other"),
    [
        ("enum", "\tTOY_X,\n", "\tTOY_X = 9,\n"),
        ("struct", "\tbool coherent;\n", "\tunsigned int coherent : 1;\n"),
    ],
)
def test_a_member_that_the_type_has_elsewhere(kind: str, line: str, other: str) -> None:
    """The hunk applies, and the type then has it twice: that is told, for this type alone."""
    ends = "\tTOY_{},\n" if kind == "enum" else "\tint toy_{};\n"
    body = [ends.format(x) for x in "abcdefgh"]
    before = f"{kind} toys {{\n{''.join(body)}}};\n"
    after = before.replace(body[2], body[2] + line)
    made = patch(diff(before, after))
    assert verdict(made, before).files[0].hunks[0].why == "applies exactly"
    now = before.replace(body[7], body[7] + other)
    hunk = verdict(made, now).files[0].hunks[0]
    assert (hunk.status.value, "already" in hunk.why) == ("applicable", True)
    elsewhere = before + f"\n{kind} others {{\n{other}}};\n"
    assert verdict(made, elsewhere).files[0].hunks[0].why == "applies exactly"
