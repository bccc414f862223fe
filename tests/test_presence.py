# SPDX-License-Identifier: GPL-2.0-only
"""Is this patch in this tree: cases that are easy to get wrong."""

import pytest

from lpae_backport.filetree import MemoryTree
from lpae_backport.presence.judging import judge
from lpae_backport.presence.verdict import HunkStatus
from tests.patches import PATH, diff, patch, statuses, verdict

BEFORE = """\
#include <linux/toy.h>

static int toy_open(struct toy *toy, int mode)
{
\tint ret;

\tret = toy_check(toy, mode);
\tif (ret)
\t\treturn ret;

\ttoy->mode = mode;
\ttoy_start(toy);
\treturn 0;
}

static int toy_resume(struct toy *toy, int mode)
{
\tint ret;

\tret = toy_check(toy, mode);
\tif (ret)
\t\treturn ret;

\ttoy->mode = mode;
\ttoy_wake(toy);
\treturn 0;
}

static void toy_close(struct toy *toy)
{
\ttoy_stop(toy);
\ttoy_release(toy->clock);
\tkfree(toy->name);
\tkfree(toy);
}
"""
AFTER = BEFORE.replace(
    "\ttoy_start(toy);\n", "\ttoy->count++;\n\ttoy_start_clocked(toy, toy->clock);\n"
)
MADE = patch(diff(BEFORE, AFTER))


def _applied(text: str) -> bool:
    return verdict(MADE, text).status is HunkStatus.APPLIED


def test_before_and_after() -> None:
    """The tree before could take it, the tree after has it."""
    assert statuses(verdict(MADE, BEFORE)) == ["applicable"]
    assert statuses(verdict(MADE, AFTER)) == ["applied"]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\t", "    "),
        lambda t: "\n\n/* more */\n" * 9 + t,
        lambda t: t.replace("toy->count++;", "toy->count++; /* one more */"),
        lambda t: t.replace("(toy, toy->clock)", "(toy,\n\t\t\t  toy->clock)"),
        lambda t: t.replace("\tint ret;\n", "\tint ret;\n\tint more = 0;\n"),
        lambda t: t.replace("\ttoy->mode = mode;\n", "\ttoy->mode = mode | 4;\n", 1),
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t[t.index("static void toy_close") :] + t[: t.index("static void toy_close")],
    ],
)
def test_what_comes_later_hides_nothing(change) -> None:
    """Comments, white space, line breaks, moves and edits around leave a hunk applied."""
    assert _applied(change(AFTER))
    assert not _applied(change(BEFORE))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\ttoy->count++;\n", ""),
        lambda t: t.replace("toy->count++", "toy->count--"),
        lambda t: t.replace("toy_start_clocked(toy, toy->clock)", "toy_start_clocked(toy, clock)"),
        lambda t: t.replace("\ttoy->count++;\n", "\ttoy->count++;\n\ttoy_start(toy);\n"),
        lambda t: t.replace("\ttoy->count++;\n", "\t/* toy->count++; */\n"),
        lambda t: t.replace("\ttoy->count++;\n", "#if 0\n\ttoy->count++;\n").replace(
            "clock);\n\treturn", "clock);\n#endif\n\treturn", 1
        ),
        lambda t: t.replace("\tint ret;\n", "\tint ret;\n/*\n", 1).replace(
            "\treturn 0;\n}\n", "*/\n\treturn 0;\n}\n", 1
        ),
    ],
)
def test_half_of_it_is_not_applied(change) -> None:
    """What lacks a line, has a removed one yet, or is never compiled, is not applied."""
    assert not _applied(change(AFTER))


def test_partly_tells_lines() -> None:
    """Which lines are in and which are not is told."""
    found = verdict(MADE, AFTER.replace("\ttoy->count++;\n", "")).files[0].hunks[0]
    assert found.status is HunkStatus.PARTLY
    assert [x.text.strip() for x in found.absent] == ["toy->count++;"]
    assert "toy_start_clocked(toy, toy->clock);" in [x.text.strip() for x in found.present]


def test_right_function() -> None:
    """Lines in another function that looks the same are no evidence."""
    other = BEFORE.replace(
        "\ttoy_wake(toy);\n", "\ttoy->count++;\n\ttoy_start_clocked(toy, toy->clock);\n"
    )
    assert statuses(verdict(MADE, other)) == ["applicable"]
    assert not _applied(other.replace("\ttoy_start(toy);\n", "\ttoy_begin(toy);\n"))


def test_absence_is_no_proof() -> None:
    """A removal is applied where its neighbours have come together, not where nothing is."""
    made = patch(diff(BEFORE, BEFORE.replace("\ttoy_release(toy->clock);\n", "")))
    assert statuses(verdict(made, BEFORE)) == ["applicable"]
    gone = BEFORE.replace("\ttoy_release(toy->clock);\n", "")
    assert statuses(verdict(made, gone)) == ["applied"]
    assert statuses(verdict(made, gone.replace("\t", "  "))) == ["applied"]
    reworded = BEFORE.replace("toy_release(toy->clock)", "toy_release(toy->clk)")
    assert statuses(verdict(made, reworded)) == ["conflicts"]
    without = BEFORE[: BEFORE.index("static void toy_close")]
    assert statuses(verdict(made, without)) in (["target-gone"], ["conflicts"])


def test_removal_before_a_comment() -> None:
    """A comment is no context among tokens: what stands before it must have been seen."""
    before = BEFORE.replace(
        "\ttoy->mode = mode;\n\ttoy_start",
        "\ttoy->mode = mode;\n\n\tif (!space)\n\t\treturn 0;\n\n\t/* now */\n\t/* it */\n\ttoy_start",
    )
    made = patch(diff(before, before.replace("\tif (!space)\n\t\treturn 0;\n\n", ""), context=2))
    assert statuses(verdict(made, before.replace("!space", "!other"))) == ["conflicts"]


def test_identical_hunks_claim_places_of_their_own() -> None:
    """Of two hunks with one text each needs a place: one place is not two."""
    body = "{\n\tlock(toy);\n\twork(toy, 1);\n\tunlock(toy);\n}\n\n"
    head = "static void toy_%s(struct toy *toy)\n"
    before = "".join(head % n + body for n in ("one", "two", "three"))
    after = before.replace("\twork(toy, 1);\n", "\twork(toy, 1);\n\twork_more(toy, 2);\n")
    made = patch(diff(before, after, context=1))
    assert statuses(verdict(made, after)) == ["applied"] * 3
    assert statuses(verdict(made, before)) == ["applicable"] * 3
    once = before.replace("\twork(toy, 1);\n", "\twork(toy, 1);\n\twork_more(toy, 2);\n", 1)
    assert statuses(verdict(made, once)) == ["applied", "applicable", "applicable"]
    at = before.rindex("\tunlock")
    last = before[:at] + "\twork_more(toy, 2);\n" + before[at:]
    assert statuses(verdict(made, last)) == ["applicable", "applicable", "applied"]


def test_moved_line() -> None:
    """A line that is removed here and added there is in where it was put."""
    after = BEFORE.replace("\tkfree(toy->name);\n", "").replace(
        "\ttoy_stop(toy);\n", "\tkfree(toy->name);\n\ttoy_stop(toy);\n"
    )
    made = patch(diff(BEFORE, after))
    assert statuses(verdict(made, after.replace("\t", "  "))) == ["applied"]
    assert "applied" not in statuses(verdict(made, BEFORE.replace("\t", "  ")))


@pytest.mark.parametrize(
    ("old", "new"),
    [("\ttoy_stop(toy);", "        toy_stop(toy);"), ("\ttoy_stop", "\t/* stop it */\n\ttoy_stop")],
)
def test_white_space_and_comments_are_judged_as_text(old: str, new: str) -> None:
    """A patch that changes no token is decided on the text."""
    after = BEFORE.replace(old, new)
    made = patch(diff(BEFORE, after))
    assert statuses(verdict(made, BEFORE)) == ["applicable"]
    assert statuses(verdict(made, after)) == ["applied"]


def test_new_file() -> None:
    """A new file is in if its content is, here or where it has moved."""
    text = diff("", AFTER).replace(f"--- a/{PATH}", "--- /dev/null")
    made = patch(text.replace("\n---", "\nnew file mode 100644\n---", 1))
    other = {"drivers/toy/Makefile": b"obj-y += toy.o\n"}
    assert judge(made, MemoryTree(other)).status is HunkStatus.APPLICABLE
    assert _whole(made, PATH, AFTER) == "applied"
    assert _whole(made, PATH, AFTER.replace("\t", "  ") + "\nint more;\n") == "applied"
    assert _whole(made, PATH, AFTER.replace("\ttoy->count++;\n", "")) == "partly"
    assert _whole(made, PATH, "int other;\n" * 9) == "conflicts"


def _whole(made, path: str, text: str) -> str:
    return judge(made, MemoryTree({path: text.encode()})).status.value


def test_removed_file() -> None:
    """A file that a patch removes is gone only where something shows that the tree was there."""
    text = diff(AFTER, "").replace(f"+++ b/{PATH}", "+++ /dev/null")
    made = patch(text.replace("\n---", "\ndeleted file mode 100644\n---", 1))
    beside = {"drivers/toy/other.c": b"int other;\n"}
    assert judge(made, MemoryTree({PATH: AFTER.encode()})).status is HunkStatus.APPLICABLE
    # A tree that never had it looks the same, as long as nothing else of the patch is there.
    assert judge(made, MemoryTree(beside)).status is HunkStatus.UNKNOWN
    other = diff("int other;\n", "int another;\n", "drivers/toy/other.c")
    changed = {"drivers/toy/other.c": b"int another;\n"}
    whole = text.replace("\n---", "\ndeleted file mode 100644\n---", 1)
    assert judge(patch(whole, other), MemoryTree(changed)).status is HunkStatus.APPLIED
    assert judge(made, MemoryTree({"a/b.c": b"int x;\n"})).status is HunkStatus.TARGET_GONE
    more = {"drivers/toy/old/toy.c": AFTER.encode(), **beside}
    assert judge(made, MemoryTree(more)).status is not HunkStatus.APPLIED
    both = patch(text, diff("int other;\n", "int another;\n", "drivers/toy/other.c"))
    assert judge(both, MemoryTree(beside)).status is not HunkStatus.APPLIED


def test_renamed_file_and_mode() -> None:
    """A pure rename is in where the new path is and the old is not."""
    head = f"diff --git a/{PATH} b/drivers/toy/core.c\nsimilarity index 100%\n"
    made = patch(f"{head}rename from {PATH}\nrename to drivers/toy/core.c\n")
    new, old = {"drivers/toy/core.c": BEFORE.encode()}, {PATH: BEFORE.encode()}
    assert judge(made, MemoryTree(new)).status is HunkStatus.APPLIED
    assert judge(made, MemoryTree(old)).status is HunkStatus.APPLICABLE
    assert judge(made, MemoryTree(new | old)).status is HunkStatus.CONFLICTS
    assert judge(made, MemoryTree({"x": b"y z\n"})).status is HunkStatus.TARGET_GONE


def test_file_in_another_place() -> None:
    """A file that moved is found by its name or its text."""
    for path in ("drivers/misc/toy/toy.c", "drivers/toy/toy-core.c"):
        assert statuses(verdict(MADE, AFTER, path)) == ["applied"]
        assert statuses(verdict(MADE, BEFORE, path)) == ["applicable"]
    assert statuses(verdict(MADE, "int x;\n", "lib/x.c")) == ["target-gone"]


def test_function_in_another_file() -> None:
    """A function that moved to a file beside is followed."""
    at, end = AFTER.index("static int toy_open"), AFTER.index("static int toy_resume")
    files = {PATH: AFTER[:at] + AFTER[end:], "drivers/toy/toy-open.c": AFTER[at:end]}
    found = judge(MADE, MemoryTree({k: v.encode() for k, v in files.items()}))
    assert statuses(found) == ["applied"]
    assert "toy-open.c" in found.files[0].hunks[0].why


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        (
            "drivers/toy/Kconfig",
            'config TOY\n\tbool "toy"\n\tdepends on ARM\n\tselect CLK\n\n'
            'config TOYS\n\tbool "toys"\n\tdepends on ARM\n\tselect CLK\n',
            "\tdepends on ARM\n",
            "\tdepends on ARM\n\tdepends on OF\n",
        ),
        (
            "drivers/toy/Makefile",
            "obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_B) += b.o\n",
            "B) += b",
            "C) += c",
        ),
        (
            "arch/arm64/boot/dts/toy.dts",
            "/ {\n\tsoc {\n\t\ttoy@1 {\n\t\t\treg = <1 2>;\n\t\t};\n\t};\n};\n",
            "<1 2>",
            "<1 4>",
        ),
    ],
)
def test_other_languages(path: str, before: str, old: str, new: str) -> None:
    """What is no C is judged by its words."""
    after = before.replace(old, new, 1)
    made = patch(diff(before, after, path))
    for change in (str, lambda t: t.replace("\t", "    ")):
        assert statuses(verdict(made, change(after), path)) == ["applied"]
        assert statuses(verdict(made, change(before), path)) == ["applicable"]


def test_paths_and_what_cannot_be_judged() -> None:
    """Conflict markers and binaries are unknown; nothing outside of the tree is read."""
    torn = AFTER + "<<<<<<< one\nint a;\n=======\nint b;\n>>>>>>> two\n"
    assert statuses(verdict(MADE, torn)) == ["unknown"]
    binary = f"diff --git a/{PATH} b/{PATH}\nindex 1234567..89abcde 100644\n"
    made = patch(f"{binary}Binary files a/{PATH} and b/{PATH} differ\n")
    assert verdict(made, AFTER).status is HunkStatus.UNKNOWN


def test_known_to_be_before() -> None:
    """A file with the blob that the patch starts from is never taken for the one after."""
    import hashlib

    data = AFTER.encode()
    blob = hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
    text = diff(BEFORE, AFTER).replace("\n---", f"\nindex {blob[:12]}..123456789abc 100644\n---", 1)
    assert statuses(verdict(patch(text), AFTER)) != ["applied"]


def test_function_beside_that_is_alike() -> None:
    """What decides must stand in the right function, though lines around stand in both."""
    body = (
        "{\n\tprepare(toy);\n\tif (mode >= FIRST &&\n\t    mode < LAST)\n\t\tset(toy, mode);\n}\n\n"
    )
    head = "static void toy_%s(struct toy *toy, int mode)\n"
    text = head % "one" + body + head % "two" + body
    new = text.replace("mode >= FIRST &&\n\t    mode < LAST", "mode < LAST")
    made = patch(diff(text, new))
    assert statuses(verdict(made, new)) == ["applied"] * len(made.changes[0].hunks)
    at = new.index("mode < LAST")
    half = new[:at] + "mode < LAST_X" + new[at + len("mode < LAST") :]
    assert statuses(verdict(made, half))[0] != "applied"


def test_altered_token_of_an_added_line() -> None:
    """A token of an added line that the removed one had too must be there as well."""
    after = BEFORE.replace("toy_check(toy, mode);", "toy_check(toy, toy->clock, mode);", 1)
    made = patch(diff(BEFORE, after))
    assert statuses(verdict(made, after.replace("\t", "  "))) == ["applied"]
    other = after.replace("toy->clock, mode);", "toy->clock, mode_of(toy));")
    assert statuses(verdict(made, other)) != ["applied"]


def test_two_functions_in_one_hunk_move_apart() -> None:
    """A hunk that touches two functions is looked for in each."""
    before = BEFORE.replace(
        "\treturn 0;\n}\n\nstatic int toy_resume", "\treturn toy->x;\n}\n\nstatic int toy_resume"
    )
    after = before.replace("return toy->x;", "return toy_result(toy);").replace(
        "static int toy_resume(struct toy *toy, int mode)",
        "static int toy_resume(struct toy *toy, int mode, int more)",
    )
    made = patch(diff(before, after))
    assert len(made.changes[0].hunks) == 1
    between = after.replace(
        "static int toy_resume",
        "static int later(void)\n{\n\treturn 1;\n}\n\nstatic int toy_resume",
    )
    assert statuses(verdict(made, between)) == ["applied"]
    half = between.replace("int mode, int more)", "int mode)")
    assert statuses(verdict(made, half)) != ["applied"]


def test_absence_amid_other_context_counts_only_beside_more() -> None:
    """Lines that are gone amid changed context may never have been, if nothing else is in."""
    with_line = BEFORE.replace("\ttoy_stop(toy);\n", "\ttoy_stop(toy);\n\ttoy_log(toy->name);\n")
    both = AFTER.replace("\tkfree(toy);\n", "\tkfree(toy);\n\ttoy_last();\n")
    made = patch(diff(with_line, AFTER))
    assert len(made.changes[0].hunks) == 2
    context = ("\tkfree(toy->name);\n", "\tkfree(toy->label);\n")
    assert statuses(verdict(made, both.replace(*context)))[0] == "applied"
    assert "applied" not in statuses(verdict(made, BEFORE.replace(*context)))


def test_a_line_that_is_there_in_part_is_not_in() -> None:
    """Of what `partly` tells, a line counts as in only if all of it is there."""
    before = "int toy_go(struct toy *t)\n{\n\tint a = 1;\n\n\tget(t);\n\treturn a;\n}\n"
    after = before.replace("\tget(t);\n", "\tint b = t->two;\n\n\tput(t, NULL, true);\n")
    since = after.replace("put(t, NULL, true)", 'put(t, NULL, false, "why")')
    hunk = verdict(patch(diff(before, after)), since).files[0].hunks[0]
    assert hunk.status is HunkStatus.PARTLY
    assert "\tint b = t->two;" in [x.text for x in hunk.present]
    assert "\tput(t, NULL, true);" in [x.text for x in hunk.absent]


def test_new_file_under_if_0_or_not_empty() -> None:
    """What is never compiled is not there, nor is an empty file that has content."""
    text = "int toy_one(void)\n{\n\treturn 1;\n}\n"
    made = patch(diff("", text).replace(f"--- a/{PATH}", "--- /dev/null"))
    assert judge(made, MemoryTree({PATH: text.encode()})).status is HunkStatus.APPLIED
    never = f"#if 0\n{text}#endif\n"
    assert judge(made, MemoryTree({PATH: never.encode()})).status is HunkStatus.PARTLY
    inside = text.replace("\treturn 1;\n", "#if 0\n\treturn 1;\n#endif\n")
    assert judge(made, MemoryTree({PATH: inside.encode()})).status is not HunkStatus.APPLIED


def test_a_line_of_a_call_that_has_changed_since_is_not_in() -> None:
    """Not even where a piece of it, up to a comma, is still there."""
    before = (
        "static int *toy_go(struct toy *t)\n{\n\tmmu = get(t);\n\n\tif (!mmu)\n\t\treturn NULL;\n\n"
        '\treturn make(mmu,\n\t\t"toy", 0x100,\n\t\tsize_of(t));\n}\n'
    )
    first, last = '\treturn make(t->dev, mmu, "toy", 0x100,', "\t\t    size_of(t), true);"
    start = before.index("\treturn make")
    after = f"{before[:start]}{first}\n{last}\n}}\n"
    made = patch(diff(before, after))
    for now, left in (("0x100", [first]), ("true", [last])):
        hunk = verdict(made, after.replace(now, "TOY_NOW")).files[0].hunks[0]
        assert hunk.status is HunkStatus.PARTLY
        assert [x.text for x in hunk.absent] == left
    both = verdict(made, after.replace("0x100", "TOY_NOW").replace("true", "managed"))
    assert [x.text for x in both.files[0].hunks[0].absent] == [first, last]


KCONFIG = "drivers/toy/Kconfig"
ENTRY = (
    "config TOY\n\ttristate\n\tdepends on PCI\n\tselect TOY_A\n\tselect TOY_C\n\thelp\n\t  Toys.\n\n"
    "config TOY_DEBUG\n\tbool\n\tdepends on TOY\n\thelp\n\t  More.\n"
)


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (ENTRY.replace("\tselect TOY_A\n", "\tselect TOY_A\n\tselect TOY_A2\n"), "conflicts"),
        (
            ENTRY.replace(
                "\tdepends on PCI\n\tselect TOY_A\n", "\tselect TOY_B\n\tdepends on OF\n"
            ),
            "applied",
        ),
        (
            ENTRY.replace("\tdepends on PCI\n\tselect TOY_A\n", "\tdepends on OF\n").replace(
                "depends on TOY", "depends on TOY\n\tselect TOY_B"
            ),
            "conflicts",
        ),
        (
            ENTRY.replace("\tdepends on PCI\n\tselect TOY_A\n", "\tdepends on OF\n").replace(
                "Toys.", "Toys.\n\tselect TOY_B"
            ),
            "conflicts",
        ),
    ],
)
def test_kconfig_lines_that_mean_the_same_anywhere(now: str, status: str) -> None:
    """In the entry and above its help text, and nowhere else."""
    after = ENTRY.replace("\tselect TOY_A\n", "\tselect TOY_A\n\tselect TOY_B\n")
    made = patch(diff(ENTRY, after, KCONFIG))
    assert verdict(made, after, KCONFIG).status.value == "applied"
    assert verdict(made, now, KCONFIG).status.value == status


def test_kconfig_line_that_went_and_stays() -> None:
    """One that the patch takes away must be gone from the entry."""
    after = ENTRY.replace("select TOY_A", "select TOY_B")
    made = patch(diff(ENTRY, after, KCONFIG))
    moved = ENTRY.replace("\tdepends on PCI\n\tselect TOY_A\n", "\tselect TOY_B\n\tdepends on OF\n")
    assert verdict(made, moved, KCONFIG).status.value == "applied"
    both = moved.replace("\tselect TOY_C\n", "\tselect TOY_C\n\tselect TOY_A\n")
    assert verdict(made, both, KCONFIG).status.value != "applied"


GONE_ON = BEFORE.replace("toy_start(toy);", "toy->rate = toy->clock;")
"""A function with a line that the next patches change, and change again."""


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("toy->rate = toy->base.clk.rate;", "applied"),
        ("toy->rate = toy->clk.rate;", "partly"),
        ("toy->rate = toy->base.clk.rate + toy->more;", "partly"),
        ("toy->rate = toy->clocks[0];", "conflicts"),
        ("toy->rate = toy->clk.rate * toy->clock;", "conflicts"),
    ],
)
def test_a_line_that_grew_since(line: str, status: str) -> None:
    """In part, if it has most of what the patch brought and nothing of what it took away."""
    made = patch(diff(GONE_ON, GONE_ON.replace("= toy->clock;", "= toy->base.clk.rate;")))
    found = verdict(made, GONE_ON.replace("toy->rate = toy->clock;", line))
    assert found.status.value == status
    if status == "partly":
        hunk = found.files[0].hunks[0]
        assert [x.text.strip() for x in hunk.absent] == ["toy->rate = toy->base.clk.rate;"]
        assert f"line 12 is now '{line}'" in hunk.why


def test_a_call_that_gained_an_argument_more() -> None:
    """What it was before the patch is gone, what the patch made of it is not there."""
    before = GONE_ON.replace("toy->rate = toy->clock;", "toy_stop(toy, true);")
    made = patch(diff(before, before.replace("(toy, true)", "(toy, NULL, true)")))
    since = before.replace("(toy, true)", '(toy, NULL, false, "open")')
    hunk = verdict(made, since).files[0].hunks[0]
    assert hunk.status is HunkStatus.PARTLY
    assert [x.text.strip() for x in hunk.present] == ["toy_stop(toy, true);"]


def test_one_function_of_a_hunk_is_in_and_the_other_was_made_anew() -> None:
    """What the one has is told, though nothing else of the hunk fits."""
    one = "static int toy_a(struct toy *t)\n{\n\treturn toy_read(t, 1);\n}\n"
    two = "static int toy_b(struct toy *t)\n{\n\treturn toy_read(t, 2);\n}\n"
    after = (one + "\n" + two).replace("toy_read(t, ", "toy_fetch(t->base, ")
    made = patch(diff(one + "\n" + two, after))
    other = "static void toy_b(void)\n{\n\tpr_info(NAME);\n}\n"
    gap = "".join(f"int toy_{i};\n" for i in range(60))
    now = other + gap + after.split("\n\n")[0] + "\n"
    hunk = verdict(made, now).files[0].hunks[0]
    assert hunk.status is HunkStatus.PARTLY
    assert [x.text.strip() for x in hunk.present] == [
        "return toy_read(t, 1);",
        "return toy_fetch(t->base, 1);",
        "return toy_read(t, 2);",
    ]


def test_a_function_that_is_in_the_hunk_and_gone_from_the_file() -> None:
    """The hunk shows its head itself: its header names the one above."""
    text = BEFORE.replace("\tif (ret)\n\t\treturn ret;\n\n", "")
    made = patch(diff(text, text.replace("toy_wake(toy)", "toy_up(toy, 1)"), context=9))
    hunk = verdict(made, "int toy_count;\n\nint toy_close(void);\n").files[0].hunks[0]
    assert (hunk.status, hunk.why) == (HunkStatus.TARGET_GONE, "toy_resume is not in the file")


def test_rows_of_a_table_where_what_was_before_stands_at_its_old_line() -> None:
    """The hunk above is in, so the text before would stand as much further down."""
    row = "\t{\n\t\tTOY_ROW,\n\t\tTOY_MASK,\n\t\tTOY_KIND << 8,\n\t\t0x00,\n\t},\n"
    other = row.replace("0x00", "0x11")
    before = "static int toys[] = {\n" + row * 12 + "};\n"
    after = "static int toys[] = {\n" + other * 3 + row * 6 + other * 3 + row * 6 + "};\n"
    made = patch(diff(before, after))
    assert len(made.changes[0].hunks) > 1
    assert statuses(verdict(made, after)) == ["applied"] * len(made.changes[0].hunks)
    assert statuses(verdict(made, before)) == ["applicable"] * len(made.changes[0].hunks)


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("int toy;\n", "applied"),
        ("int toy;", "applicable"),
        ("int boy;\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_only_the_newline_at_the_end(now: str, status: str) -> None:
    """It is a change, though no line says anything else."""
    head = f"diff --git a/{PATH} b/{PATH}\n--- a/{PATH}\n+++ b/{PATH}\n"
    made = patch(f"{head}@@ -1 +1 @@\n-int toy;\n\\ No newline at end of file\n+int toy;\n")
    assert verdict(made, now).status.value == status


def test_a_sister_is_not_the_file() -> None:
    """Files of one kind have much in common; only one of the same name has moved."""
    lines = "".join(f"CONFIG_TOY_{i}_OPTION=y\n" for i in range(80))
    here, there = "arch/toy/configs/toy_defconfig", "arch/toy/configs/big_toy_defconfig"
    tree = MemoryTree({there: (lines + "CONFIG_BIG=y\n").encode()})
    rows = "".join(f"+{x}\n" for x in lines.splitlines())
    made = patch(
        f"diff --git a/{here} b/{here}\nnew file mode 100644\n--- /dev/null\n+++ b/{here}\n"
        f"@@ -0,0 +1,80 @@\n{rows}"
    )
    assert judge(made, tree).status is HunkStatus.APPLICABLE
    gone = patch(
        f"diff --git a/{here} b/{here}\ndeleted file mode 100644\n--- a/{here}\n+++ /dev/null\n"
        f"@@ -1,80 +0,0 @@\n{rows.replace('+CONFIG', '-CONFIG')}"
    )
    assert judge(gone, tree).status is not HunkStatus.TARGET_GONE
    moved = MemoryTree({"arch/toy/old/toy_defconfig": lines.encode()})
    assert judge(made, moved).status is HunkStatus.APPLIED


def test_a_removed_line_that_stands_is_told_as_such() -> None:
    """Beside an added line that is in; each line is looked for in all of its function."""
    before = GONE_ON.replace("\ttoy->rate =", "\ttoy_log(toy, mode);\n\ttoy->rate =")
    after = before.replace("\ttoy_log(toy, mode);\n", "").replace(
        "toy->clock;", "toy->base.clk.rate;"
    )
    now = before.replace("toy->clock;", "toy->base.clk.rate;")
    hunk = verdict(patch(diff(before, after)), now).files[0].hunks[0]
    assert hunk.status is HunkStatus.PARTLY
    assert [x.text.strip() for x in hunk.absent] == ["toy_log(toy, mode);"]
    assert [x.text.strip() for x in hunk.present] == [
        "toy->rate = toy->clock;",
        "toy->rate = toy->base.clk.rate;",
    ]
