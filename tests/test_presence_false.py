# SPDX-License-Identifier: GPL-2.0-only
"""Trees that have all lines of a patch, and not the patch: never said to be applied."""

import pytest

from tests.patches import PATH, diff, patch, verdict
from tests.test_presence import AFTER, BEFORE

COUNT = "\ttoy->count++;\n"
START = "\ttoy_start_clocked(toy, toy->clock);\n"
ADDED = COUNT + START
MODE = "\ttoy->mode = mode;\n"
END = f"{MODE}{ADDED}\treturn 0;\n"
MADE = patch(diff(BEFORE, AFTER))


def _status(text: str) -> str:
    assert text != AFTER
    return verdict(MADE, text).status.value


@pytest.mark.parametrize(
    "now",
    [
        f"{MODE}\tif (0) {{\n{ADDED}\t}}\n\treturn 0;\n",
        f"\tif (0) {{\n{MODE}{ADDED}\t\treturn 0;\n\t}}\n\treturn 0;\n".replace("\t\tr", "\tr"),
        f"{MODE}\treturn 0;\n{ADDED}\treturn 0;\n",
        f"{MODE}\tgoto out;\n{ADDED}\treturn 0;\n",
        f"{MODE}\tif (mode)\n\t\treturn 0;\n{ADDED}\treturn 0;\n",
        f"{MODE}#ifdef TOY\n{ADDED}#endif\n\treturn 0;\n",
        f"{MODE}#if 0\n{ADDED}#endif\n\treturn 0;\n",
        f"{MODE}\twhile (mode) {{\n{ADDED}\t}}\n\treturn 0;\n",
        f"{MODE}out:\n{ADDED}\treturn 0;\n",
        f"{ADDED}{MODE}\treturn 0;\n",
        f"{MODE}\treturn 0;\n{ADDED}",
        f"{MODE}{COUNT}\ttoy->count--;\n{START}\treturn 0;\n",
        f"{MODE}{COUNT}{COUNT}{START}\treturn 0;\n",
        f"{COUNT}{MODE}{START}\treturn 0;\n",
    ],
)
def test_what_came_between_its_lines_or_around_them(now: str) -> None:
    """A condition, a jump, a label, another order: its lines do not do what they did."""
    assert _status(AFTER.replace(END, now)) != "applied"


def test_a_condition_among_its_context_that_was_changed() -> None:
    """What it was added behind must be what it was."""
    before = BEFORE.replace("\ttoy->mode = mode;\n\ttoy_start", "\ttoy_start")
    after = before.replace("\ttoy_start(toy);\n", ADDED)
    made = patch(diff(before, after))
    at = after.index("if (ret)", after.index("toy_open"))
    assert verdict(made, after).status.value == "applied"
    now = after[:at] + "if (!ret)" + after[at + 8 :]
    assert verdict(made, now).status.value != "applied"


def test_what_is_said_of_it() -> None:
    """It is there in part, and what came is named."""
    found = verdict(MADE, AFTER.replace(END, f"{MODE}\tgoto out;\n{ADDED}\treturn 0;\n"))
    hunk = found.files[0].hunks[0]
    assert hunk.status.value == "partly"
    assert "goto out ;" in hunk.why


@pytest.mark.parametrize(
    "now",
    [
        f"{MODE}\tpr_info(name);\n{ADDED}\treturn 0;\n",
        f"\ttoy->mode = mode | 4;\n{ADDED}\treturn 0;\n",
        f"{MODE}\tif (mode)\n\t\tpr_info(name);\n{ADDED}\treturn 0;\n",
        f"{MODE}\tif (mode) {{\n\t\tpr_info(name);\n\t}}\n{ADDED}\treturn 0;\n",
    ],
)
def test_what_stands_on_its_own_beside_it_does_not_matter(now: str) -> None:
    """Other statements between context and what is added leave it applied."""
    assert _status(AFTER.replace(END, now)) == "applied"


def test_white_space_in_quotes_is_text() -> None:
    """A string with more blanks is another string."""
    after = AFTER.replace(COUNT, '\ttoy_say("a  b");\n')
    made = patch(diff(BEFORE, after))
    assert verdict(made, after.replace("\t", "    ")).status.value == "applied"
    assert verdict(made, after.replace("a  b", "a b")).status.value != "applied"


def test_dead_code_though_the_hunk_has_a_condition() -> None:
    """A condition of the hunk is not one that keeps it from being compiled."""
    before = BEFORE.replace(MODE, f"{MODE}#ifdef TOY\n", 1)
    before = before.replace("\ttoy_start(toy);\n", "\ttoy_start(toy);\n#endif\n")
    after = before.replace("\ttoy_start(toy);\n", ADDED)
    made = patch(diff(before, after))
    head = "static int toy_open"
    dead = after.replace(head, f"#if 0\n{head}").replace(
        "static int toy_r", "#endif\nstatic int toy_r"
    )
    assert verdict(made, after).status.value == "applied"
    assert verdict(made, dead).status.value != "applied"


def test_a_declaration_is_not_followed_across_others() -> None:
    """Without code around it in its own block of lines, it counts only where it was put."""
    before = "#ifdef TOY\n#include <toy.h>\n\n#endif\nint toy_a(void);\n\nint toy_b(void);\n"
    after = before.replace("\n\n#endif", "\n\nint toy_more(struct toy *toy);\n\n#endif")
    now = f"{before}\nint toy_more(struct toy *toy);\n"
    made = patch(diff(before, after))
    assert verdict(made, after).status.value == "applied"
    assert verdict(made, now).status.value != "applied"


def test_a_line_that_is_part_of_another() -> None:
    """A head that something was put before is another head."""
    after = BEFORE.replace("static int toy_open", "int toy_open")
    made = patch(diff(BEFORE, after))
    assert verdict(made, after).status.value == "applied"
    assert (
        verdict(made, after.replace("int toy_open", "inline int toy_open")).status.value
        != "applied"
    )


def test_a_new_file_with_a_return_among_its_lines() -> None:
    """It has all lines of the patch, but what is behind the return never runs."""
    made = patch(diff("", AFTER).replace(f"--- a/{PATH}", "--- /dev/null"))
    assert verdict(made, AFTER).status.value == "applied"
    now = AFTER.replace(MODE, f"\treturn 0;\n{MODE}", 1)
    assert verdict(made, now).status.value != "applied"


def test_a_macro_that_is_undefined_again() -> None:
    """What is taken back behind the hunk is not there."""
    after = BEFORE.replace("toy.h>\n", "toy.h>\n#define TOY_MORE 4\n")
    made = patch(diff(BEFORE, after))
    assert verdict(made, after).status.value == "applied"
    now = after.replace("TOY_MORE 4\n", "TOY_MORE 4\n#undef TOY_MORE\n")
    assert verdict(made, now).status.value != "applied"
    assert verdict(made, after + "#undef TOY_MORE\n").status.value != "applied"
    for use in ("int toy_a = TOY_MORE;\n", "#include <linux/toys.h>\n"):
        assert verdict(made, after + use + "#undef TOY_MORE\n").status.value == "applied"


def test_a_list_of_macros_that_is_expanded_twice() -> None:
    """Each expansion is under a definition of its own; one that nothing is under counts not."""
    before = "#define TOYS EM(1) EM(2)\n\n#define TOY_LAST 3\n"
    after = before.replace("\n#define TOY_L", "\n#define EM(x) x,\n#define TOY_L")
    made = patch(diff(before, after, "include/linux/toys.h"))
    again = "#undef EM\n#define EM(x) #x,\nTOYS;\n"
    for between, status in (("TOYS;\n", "applied"), ("", "partly")):
        found = verdict(made, after + between + again, "include/linux/toys.h")
        assert found.status.value == status


def test_a_format_that_is_made_anew_below() -> None:
    """No line of the file uses pr_fmt: the macros that print do."""
    before = "#include <linux/toy.h>\n\nint toy_a;\nint toy_b;\n"
    made = patch(
        diff(before, before.replace("\nint toy_a", '#define pr_fmt(x) "toy: " x\n\nint toy_a'))
    )
    after = before.replace("\nint toy_a", '#define pr_fmt(x) "toy: " x\n\nint toy_a')
    more = after + '#undef pr_fmt\n#define pr_fmt(x) "toys: " x\n'
    assert verdict(made, more).status.value == "applied"


def test_lines_that_are_there_twice() -> None:
    """The hunk stands whole, and that its line stands beside it again is said."""
    before = "int toy_a;\nint toy_b;\n"
    made = patch(diff(before, before + "int toy_more(struct toy *toy);\n"))
    hunk = verdict(made, before + 2 * "int toy_more(struct toy *toy);\n").files[0].hunks[0]
    assert hunk.status.value == "applied"
    assert "twice" in hunk.why


def test_a_condition_that_went_into_a_head() -> None:
    """A piece of context that is torn by what was added is not what it was."""
    head = "static int toy_resume(struct toy *toy, int mode)\n"
    after = BEFORE.replace(head, f"#ifdef TOY\n{head}")
    made = patch(diff(BEFORE, after))
    assert verdict(made, after).status.value == "applied"
    assert verdict(made, BEFORE.replace(head, f"{head}#ifdef TOY\n")).status.value != "applied"


def test_the_end_of_a_function_among_its_lines() -> None:
    """What it adds stands in the next function."""
    now = f"{MODE}}}\n\nstatic int toy_next(struct toy *toy)\n{{\n{ADDED}\treturn 0;\n"
    assert _status(AFTER.replace(END, now)) != "applied"


OWN = BEFORE.replace(MODE, f"#if 0\n{MODE}#else\n{COUNT}#endif\n")


@pytest.mark.parametrize(
    "now",
    [
        f"#if 0\n{OWN}#endif\n",
        OWN.replace("#if 0", "#if 0\n#if 0").replace("#endif", "#endif\n#endif"),
    ],
)
def test_a_dead_place_for_a_hunk_that_has_dead_code_of_its_own(now: str) -> None:
    """What is around it counts, whatever it keeps from being compiled itself."""
    made = patch(diff(BEFORE, OWN))
    assert verdict(made, OWN).status.value == "applied"
    assert verdict(made, f"#if 1\n{OWN}#endif\n").status.value == "applied"
    assert verdict(made, now).status.value != "applied"


def test_dead_code_that_the_context_ends() -> None:
    """Only what a hunk changes has to be compiled, not what stands above it."""
    before = BEFORE.replace(MODE, f"#if 0\n\ttoy_log(toy);\n{COUNT}{COUNT}#endif\n{MODE}", 1)
    after = before.replace(f"#endif\n{MODE}", f"#endif\n{START}{MODE}")
    made = patch(diff(before, after))
    assert made.changes[0].hunks[0].before[0] == COUNT.rstrip("\n")
    assert verdict(made, after).status.value == "applied"


def test_code_that_stands_there_and_is_never_compiled() -> None:
    """It is told so, and not that the patch would apply nearby."""
    lines = f"{MODE}{ADDED}\treturn 0;\n"
    for now in (f"#if 0\n{lines}#endif\n", f"\t/*\n{lines}\t*/\n"):
        hunk = verdict(MADE, AFTER.replace(END, now)).files[0].hunks[0]
        assert hunk.status.value != "applied"
    dead = AFTER.replace("#include <linux/toy.h>\n", "#include <linux/toy.h>\n#if 0\n") + "#endif\n"
    hunk = verdict(MADE, dead).files[0].hunks[0]
    assert (hunk.status.value, len(hunk.present)) == ("partly", 3)
    assert "never compiled" in hunk.why


@pytest.mark.parametrize(
    ("was", "now", "status"),
    [
        ("   We are the toys. Do not\n   play.\n", "   We are the toys.\n", "applied"),
        ("\ttoy_stop(toy);\n", "\ttoy_halt(toy);\n", "partly"),
    ],
)
def test_a_hunk_whose_lines_are_all_in_a_comment(was: str, now: str, status: str) -> None:
    """Prose is there if it stands there; code was commented out."""
    text = f"/*\n   Toys of the house,\n   for all who play.\n\n{was}\n   That is all\n   there is to say.\n*/\n"
    after = text.replace(was, now)
    made = patch(diff(text + BEFORE, after + BEFORE))
    assert verdict(made, after + BEFORE).status.value == "applied"
    assert verdict(made, f"int toys;\n{after}{BEFORE}").status.value == status


def test_a_file_that_has_nothing() -> None:
    """Functions that are gone tell nothing where no other part of the hunk is there."""
    lines = "\tif (ret)\n\t\treturn ret;\n\ttoy_lock(toy, 1);\n\ti++;\n"
    two = "static int toy_b(struct toy *toy)\n{\n"
    made = patch(
        f"diff --git a/{PATH} b/{PATH}\n--- a/{PATH}\n+++ b/{PATH}\n@@ -1,11 +1,3 @@\n"
        + "".join(f" {x}\n" for x in ("\tif (toy->start)", "\t\ttoy_stop(toy);", "}"))
        + "-\n"
        + "".join(f"-{x}\n" for x in (two + lines + "}").splitlines())
    )
    hunk = verdict(made, "").files[0].hunks[0]
    assert (hunk.status.value, hunk.hunk.problem) == ("conflicts", "")


def test_a_hunk_of_dead_code_at_its_very_line() -> None:
    """Nothing came above it: it was dead code that the patch changed."""
    dead = f"#if 0\n{BEFORE}#endif\n"
    made = patch(diff(dead, f"#if 0\n{AFTER}#endif\n"))
    assert verdict(made, f"#if 0\n{AFTER}#endif\n").status.value == "applied"
    assert verdict(made, f"int toys;\n#if 0\n{AFTER}#endif\n").status.value == "partly"


def test_a_statement_whose_end_alone_is_context_stands_below_another() -> None:
    """The rest of its own line is not what it was added above."""
    was = "\ttoy_erase(toy, base, mode);\n"
    before = BEFORE.replace(MODE, f"{was}{MODE}", 1)
    made = patch(diff(before, before.replace("toy, base, mode", "toy, &base->root, mode")))
    now = before.replace(was, "").replace(MODE, MODE + was.replace("base", "&base->root"), 1)
    assert verdict(made, now).status.value != "applied"
    first = "\ttoy->next = toy->first_of_all;\n"
    rest = "\tif (toy->next)\n\t\ttoy->next->prev = toy;\n\ttoy->last = NULL;\n}\n"
    head = "static void toy_unlink(struct toy *toy, struct base *base)\n{\n\tstruct toy *next;\n\n"
    new = was.replace("base", "&base->root")
    made = patch(diff(head + was + first + rest, head + new + first + rest))
    assert verdict(made, head + new + first + rest).status.value == "applied"
    assert verdict(made, head + first + new + rest).status.value != "applied"


@pytest.mark.parametrize("below", ["\tif (mode > 3)\n\t\treturn 0;\n", "\tgoto out;\n"])
def test_what_came_below_all_that_changes_does_not_matter(below: str) -> None:
    """It cannot keep the changes from being reached."""
    after = BEFORE.replace(f"\n{MODE}", f"\n{ADDED}{MODE}", 1)
    made = patch(diff(BEFORE, after))
    now = after.replace(MODE, MODE + below, 1)
    assert verdict(made, now).status.value == "applied"


def test_a_comment_that_begins_with_a_slash_behind_the_star() -> None:
    """``/*/`` opens a comment and does not close it."""
    now = AFTER.replace(END, f"/*/\n{END}/**/\n")
    assert _status(now) != "applied"
    assert _status("int toys;\n/*/\n" + AFTER + "/**/\n") != "applied"
