# SPDX-License-Identifier: GPL-2.0-only
"""What a patch needs that the new tree does not have yet, or has in part; what is no code."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport.filetree import MemoryTree
from lpae_backport.needs.need import Needs, Status
from lpae_backport.needs.patchcode import patched
from tests.patches import diff, patch
from tests.test_needs import CODE, A, _command, judged, names, need, write

__all__ = ["_command"]

HEADER = "struct s {\n\tint a;\n\tint b;\n};\nstruct s *get(void);\nint f(int a);\nint g(int a);\n"
LACKING = "struct s {\n\tint a;\n};\nstruct s *get(void);\nint g(int a);\n"
BEFORE = """\
#include <linux/a.h>

static int x_one(void)
{
\tint one = 1;

\treturn one;
}

int x_two(struct s *s, int n)
{
\tint two = g(2);

\tif (n)
\t\treturn two;
\treturn 0;
}

int x_last(void)
{
\treturn x_one();
}
"""
AFTER = BEFORE.replace("\tif (n)\n", "\ts->b = f(n);\n\tif (n)\n")
LINE = 1 + AFTER[: AFTER.index("s->b")].count("\n")


def asked(top: Path, text: str, has: str | None, *more: str) -> Needs:
    """Tell what a patch needs if the new tree has some file, and perhaps nothing."""
    new = write(top / "new", {A: HEADER} | ({CODE: has} if has is not None else {}))
    old = write(top / "old", {A: LACKING})
    (top / "a.patch").write_text(text)
    return judged(new, old, str(top / "a.patch"), *more)


STATES = {
    "has it": (AFTER, LINE),
    "has it further down": (AFTER.replace("\nstatic", "\nint more;\n\nstatic"), LINE + 2),
    "lacks it": (BEFORE, LINE),
    "lacks it further down": (BEFORE.replace("\nstatic", "\nint more;\n\nstatic"), LINE + 2),
    "lacks it, with fuzz": (BEFORE.replace("int x_two(struct s *s, int n)\n{", "int x_two(struct s *s, int n)\n{ "), LINE),
}  # fmt: skip


@pytest.mark.parametrize("case", STATES)
def test_patch_is_read_in_its_file(tmp_path: Path, case: str) -> None:
    """Whether the new tree has a patch or not: its lines are read in the file they are for."""
    has, line = STATES[case]
    needs = asked(tmp_path, diff(BEFORE, AFTER, CODE), has)
    assert names(needs) == {"f", "s.b"}
    assert need(needs, "f").status is need(needs, "s.b").status is Status.MISSING
    assert [s.line for s in need(needs, "f").used_at] == [line]
    assert (needs.unresolved, needs.problems) == ((), ())


def test_include_that_a_patch_adds(tmp_path: Path) -> None:
    """What a patch includes counts as well, for itself and for what it calls."""
    text = BEFORE.replace("<linux/a.h>\n", "<linux/a.h>\n#include <linux/b.h>\n")
    text = text.replace("return one;", "return one + h();")
    new = write(tmp_path / "new", {A: HEADER, "include/linux/b.h": "int h(void);\n", CODE: BEFORE})
    old = write(tmp_path / "old", {A: LACKING})
    (tmp_path / "a.patch").write_text(diff(BEFORE, text, CODE))
    needs = judged(new, old, str(tmp_path / "a.patch"))
    assert names(needs) == {"h", "linux/b.h"}
    assert needs.unresolved == needs.problems == ()


def test_hunk_that_does_not_apply(tmp_path: Path) -> None:
    """A hunk that goes nowhere is told; its lines count, with what its file includes."""
    text = AFTER.replace("return x_one();", "return f(x_one());")
    has = BEFORE.replace(
        "two = g(2);\n\n\tif (n)\n\t\treturn two;", "q;\n\tq = 3;\n\n\treturn q;\n"
    )
    needs = asked(tmp_path, diff(BEFORE, text, CODE), has)
    end = has.count("\n")
    assert [s.line > end for s in need(needs, "f").used_at] == [False, True]
    told = [p for p in needs.problems if "a.patch:" in p]
    assert len(told) == 1
    assert "does not apply" in told[0]
    assert "read alone" in told[0]


def test_pieces_do_not_hide_each_other(tmp_path: Path) -> None:
    """What a hunk that goes nowhere opens, a comment or a condition, ends with it."""
    spread = "".join(f"int filler_{i};\n" for i in range(10))
    before = f"int p;\n#ifdef P\nint q;\n/* word\n{spread}*/\n#endif\n{spread}int r;\nint t;\n"
    text = before.replace("int q;", "int q = sizeof(struct s);").replace("r;", "r = sizeof(get());")
    needs = asked(tmp_path, diff(before, text, CODE), BEFORE)
    assert len([p for p in needs.problems if "does not apply" in p]) == 2
    assert not [p for p in needs.problems if "#" in p or "comment" in p]
    found = names(needs) | {u.name for u in needs.unresolved}
    assert {"s", "get"} <= found


def test_hunks_that_go_nowhere_are_bounded() -> None:
    """A great file, and hunks that are nowhere near: the time is bounded."""
    rows = [f"int a_{i % 7};\n" for i in range(50_000)]
    hunks = "".join(
        f"@@ -{i},2 +{i},3 @@\n int a_{(i - 1) % 7};\n+int b;\n int a_{(i + 3) % 7};\n"
        for i in range(10, 3000, 3)
    )
    made = patch(f"diff --git a/{CODE} b/{CODE}\n--- a/{CODE}\n+++ b/{CODE}\n{hunks}")
    start = time.monotonic()
    found = patched([made], "it", MemoryTree({CODE: "".join(rows).encode()}))
    assert time.monotonic() - start < 20
    assert found.is_cut


def test_file_that_the_new_tree_lacks(tmp_path: Path) -> None:
    """The lines of a patch to a file that is not there are read alone, and that is told."""
    needs = asked(tmp_path, diff(BEFORE, AFTER, CODE), None)
    assert [s.line for u in needs.unresolved for s in u.used_at if u.name == "f"] == [LINE]
    assert any("a.patch" in p and f"no {CODE}" in p for p in needs.problems)


@pytest.mark.parametrize("has", [None, BEFORE, AFTER])
def test_new_file(tmp_path: Path, has: str | None) -> None:
    """A patch that makes a file is read as it makes it, whatever the new tree has there."""
    text = diff("", AFTER, CODE).replace(f"--- a/{CODE}", "--- /dev/null")
    needs = asked(tmp_path, text, has)
    assert names(needs) == {"f", "s", "s.b", "g", "linux/a.h"}
    assert needs.problems == ()
    assert [s.line for s in need(needs, "f").used_at] == [LINE]


LATER = AFTER.replace("f(n)", "f(n + g(1))")


@pytest.mark.parametrize("has", [BEFORE, AFTER, LATER])
def test_series(tmp_path: Path, has: str) -> None:
    """Of a series what stands in the end counts, however much of it the new tree has."""
    first, second = diff(BEFORE, AFTER, CODE), diff(AFTER, LATER, CODE)
    head = "From 0 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH {}/2] x\n\n---\n"
    text = head.format(1) + first + "-- \n2.1\n\n" + head.format(2) + second + "-- \n2.1\n"
    needs = asked(tmp_path, text, has)
    assert names(needs) == {"f", "g", "s.b"}
    assert [s.line for s in need(needs, "f").used_at] == [LINE]
    assert needs.problems == ()


def test_rename(tmp_path: Path) -> None:
    """A file that a patch renames is read under its new name."""
    other = "drivers/gpu/x/y.c"
    text = diff(BEFORE, AFTER, CODE).replace(f"b/{CODE}", f"b/{other}")
    text = text.replace(
        "\n---", f"\nsimilarity index 90%\nrename from {CODE}\nrename to {other}\n---", 1
    )
    needs = asked(tmp_path, text, BEFORE)
    assert [(s.file, s.line) for s in need(needs, "f").used_at] == [(other, LINE)]
    assert needs.unresolved == needs.problems == ()


def test_cut_patch(tmp_path: Path, run: Any) -> None:
    """Of a patch that somebody cut, the whole hunks count; the others are told."""
    text = AFTER.replace("return x_one();", "return f(x_one());").replace(
        "int one = 1;", "int one = g(1);"
    )
    whole = diff(BEFORE, text, CODE, context=1)
    cut = whole.replace("+\ts->b = f(n);\n", "")
    needs = asked(tmp_path, cut, BEFORE)
    assert names(needs) == {"f", "g"}
    assert [p for p in needs.problems if "a.patch:" in p and "not whole" in p]
    half = diff(BEFORE, AFTER, CODE).replace("+\ts->b = f(n);\n", "")
    (tmp_path / "a.patch").write_text(half)
    trees = ("--new", tmp_path / "new", "--old", tmp_path / "old")
    done = run("needs", tmp_path / "a.patch", *trees)
    assert (done.status, done.out) == (4, "")
    assert "is no whole patch" in done.err


@pytest.mark.parametrize("name", ["Makefile", "words.txt", "head.S", "table.inc", "noname"])
def test_neither_code_nor_patch(tmp_path: Path, run: Any, name: str) -> None:
    """Words are no C: a file of another name is refused, in the tree and beside it."""
    new = write(tmp_path / "new", {A: HEADER, f"lib/{name}": "ours is the day\n", CODE: BEFORE})
    (tmp_path / f"out-{name}").write_text("ours is the day\n")
    for given_ in (f"lib/{name}", tmp_path / f"out-{name}"):
        done = run("needs", given_, "--new", new, "--old", new)
        assert (done.status, done.out) == (4, "")
        assert "neither C nor a patch" in done.err
        assert run("needs", CODE, given_, "--new", new, "--old", new).status == 4


@pytest.mark.parametrize("arch", ["nosuch", "../../x", "ARM64", "", "a b", "arm64\n", "include"])
def test_architecture_that_is_none(tmp_path: Path, run: Any, arch: str) -> None:
    """An architecture that no kernel has is refused, even where the trees have no arch/."""
    for folder in (None, "arch"):
        new = tmp_path / f"new{folder}"
        (new / CODE).parent.mkdir(parents=True)
        (new / "include/linux").mkdir(parents=True)
        (new / CODE).write_text("int a;\n")
        (new / "Makefile").write_text("VERSION = 4\nPATCHLEVEL = 9\n")
        if folder:
            (new / "arch/arm64/include").mkdir(parents=True)
            (new / "arch/arm64/Makefile").write_text("x := y\n")
        done = run("needs", CODE, "--new", new, "--old", new, "--arch", arch)
        assert (done.status, done.out) == (2, "")
        assert "no architecture" in done.err
        assert run("needs", CODE, "--new", new, "--old", new, "--arch", "arm64").status == 0
        for known in ("x86_64", "riscv") if not folder else ():
            done = run("needs", CODE, "--new", new, "--old", new, "--arch", known)
            assert done.status == 0, done.err


def test_what_could_not_be_read_is_no_need(tmp_path: Path, run: Any) -> None:
    """The exit status says that something is needed, not that something was hard to read."""
    new = write(tmp_path / "new", {A: HEADER, CODE: BEFORE + "int y(void) { return 1 +; }}\n"})
    done = run("needs", CODE, "--new", new, "--old", new)
    assert "Not read as it should be" in done.out
    assert "could not be read or understood" in done.err
    assert done.status == 0
    old = write(tmp_path / "old", {A: LACKING.replace("int g", "int other_g")})
    assert run("needs", CODE, "--new", new, "--old", old).status == 1
    assert run("needs", CODE, "--new", new, "--old", old, "--exit-zero").status == 0


LINES = st.lists(st.sampled_from(["int a;", "int b;", "", "int c;", "}"]), max_size=12)


@settings(max_examples=150, deadline=None)
@given(LINES, LINES, st.booleans(), LINES)
def test_lines_are_those_of_the_patched_file(
    before: list[str], after: list[str], is_in: bool, top: list[str]
) -> None:
    """What is told to be added stands there, in the file as the patch leaves it."""
    old, new = ("".join(f"{x}\n" for x in lines) for lines in (before, after))
    text = diff(old, new, CODE)
    added = sorted(x[1:] for x in text.split("\n")[3:] if x.startswith("+"))
    if not added or not old:
        return
    head = "".join(f"{x}\n" for x in top)
    tree = MemoryTree({CODE: (head + (new if is_in else old)).encode()})
    found = patched([patch(text)], "it", tree)
    rows = found.codes[0].data.decode().split("\n")
    assert sorted(rows[n - 1] for n in found.only[CODE]) == added
    if not top and not is_in and not found.problems:
        assert found.codes[0].data.decode() == new or new in (old, "")
