# SPDX-License-Identifier: GPL-2.0-only
"""Hunks that only remove: that what stood around has met is not enough."""

import pytest

from lpae_backport.filetree import MemoryTree
from lpae_backport.presence.judging import judge
from tests.patches import PATH, diff, patch, verdict

BODY = "{\n\tint err;\n\n\terr = toy_get(toy);\n\tif (err)\n\t\treturn err;\n\n"
RUN = (
    f"int toy_run(struct toy *toy)\n{BODY}\ttoy_prepare(toy);\n\tmutex_lock(&toy->lock);\n"
    "\ttoy_count(toy);\n\ttoy_flush(toy);\n\ttoy_done(toy);\n\treturn 0;\n}\n"
)
LOCK = "\tmutex_lock(&toy->lock);\n"
OLD = f"static int toy_old(struct toy *toy)\n{BODY}\treturn toy_more(toy);\n}}\n\n"
FLAG = "#define TOYS 1\n\n"


def _statuses(before: str, after: str, now: str, path: str = PATH) -> str:
    return verdict(patch(diff(before, after, path)), now, path).status.value


def test_a_line_that_was_only_moved() -> None:
    """It is in the function yet."""
    after = RUN.replace(LOCK, "")
    moved = after.replace("\terr = toy_get", f"{LOCK}\terr = toy_get")
    assert _statuses(RUN, after, after) == "applied"
    assert _statuses(RUN, after, FLAG + after) == "applied"
    assert _statuses(RUN, after, moved) == "conflicts"


def test_a_line_that_stands_in_another_function() -> None:
    """That was never to go."""
    after = RUN.replace(LOCK, "")
    other = RUN.replace("toy_run", "toy_walk")
    assert (
        _statuses(RUN + "\n" + other, after + "\n" + other, FLAG + after + "\n" + other)
        == "applied"
    )


FIRST = "static int toy_first(void)\n{\n\treturn toy_init();\n}\n\n"


@pytest.mark.parametrize(
    "now",
    [
        FLAG + FIRST + RUN + "\n" + OLD,
        FIRST + RUN + "\n" + OLD,
        FLAG + FIRST + RUN + "\n" + OLD.replace("toy_more(toy)", "toy_more(toy, 1, 2)"),
    ],
)
def test_a_function_that_is_there_yet(now: str) -> None:
    """Lower down, or with another body: its name is defined."""
    before, after = FIRST + OLD + RUN, FIRST + RUN
    assert verdict(patch(diff(before, after)), after).files[0].hunks[0].why == "as the patch has it"
    assert _statuses(before, after, FLAG + after) == "applied"
    hunk = verdict(patch(diff(before, after)), now).files[0].hunks[0]
    assert hunk.status.value == "conflicts"
    assert "yet" in hunk.why


def test_what_is_off_is_counted_from_the_header() -> None:
    """Lines that go from the start of a hunk are none of its text after."""
    found = verdict(patch(diff(OLD + RUN, RUN)), RUN).files[0].hunks[0]
    assert (found.status.value, found.why) == ("applied", "as the patch has it")


def test_a_source_of_kconfig() -> None:
    """In a file without functions all of the file counts."""
    lines = [f'source "fs/toy{n}/Kconfig"\n' for n in range(9)]
    before, after = "".join(lines), "".join(lines[:4] + lines[5:])
    assert _statuses(before, after, "# toys\n" + after, "fs/Kconfig") == "applied"
    assert _statuses(before, after, lines[4] + "# toys\n" + after, "fs/Kconfig") == "conflicts"


def test_another_part_of_the_patch_that_is_in_takes_the_doubt() -> None:
    """Lines of a kind stand in many places; what else the patch did is there."""
    after = RUN.replace(LOCK, "")
    moved = after.replace("\terr = toy_get", f"{LOCK}\terr = toy_get")
    other = "drivers/toy/more.c"
    added = diff("int toy_a;\nint toy_b;\n", "int toy_a;\nint toy_n;\nint toy_b;\n", other)
    made = patch(diff(RUN, after), added)
    tree = MemoryTree({PATH: moved.encode(), other: b"int toy_a;\nint toy_n;\nint toy_b;\n"})
    assert judge(made, tree).status.value == "applied"


def test_the_entry_that_the_header_of_a_kconfig_hunk_names() -> None:
    """The same lines in another entry are not it."""
    entry = "config {}\n\ttristate\n\tdepends on PCI\n\tdepends on OF\n\tselect TOY_A\n\thelp\n\t  Toys.\n\n"
    before = entry.format("TOY_ONE") + entry.format("TOY_TWO")
    at = before.rindex("\thelp")
    after = f"{before[:at]}\tselect TOY_N\n{before[at:]}"
    text = diff(before, after, "drivers/toy/Kconfig")
    header = next(x for x in text.splitlines() if x.startswith("@@"))
    made = patch(
        text.replace(
            header, header.rsplit("@@")[0] + "@@" + header.split("@@")[1] + "@@ config TOY_TWO"
        )
    )
    only = entry.format("TOY_ONE").replace("\thelp", "\tselect TOY_N\n\thelp")
    assert verdict(made, after, "drivers/toy/Kconfig").status.value == "applied"
    assert verdict(made, only, "drivers/toy/Kconfig").status.value != "applied"


def test_an_error_path_whose_sister_has_the_line() -> None:
    """Nothing that tells the path is there: the line is another path's."""
    paths = "".join(
        f'\tret = toy_{n}(toy);\n\tif (ret) {{\n\t\tdev_err(toy->dev, "{n} failed\\n");\n'
        "\t\treturn ret;\n\t}\n\n"
        for n in ("one", "two", "three")
    )
    before = f"static int toy_probe(struct toy *toy)\n{{\n\tint ret;\n\n{paths}\treturn 0;\n}}\n"
    free = '"{} failed\\n");\n'
    three, two = free.format("three"), free.format("two")
    after = before.replace(three, three + "\t\tkfree(toy->buf);\n")
    start = before.index("\tret = toy_three")
    now = before[:start].replace(two, two + "\t\tkfree(toy->buf);\n") + "\treturn 0;\n}\n"
    assert _statuses(before, after, after) == "applied"
    assert _statuses(before, after, now) != "applied"
