# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit patch``: exit codes, formats, what is emitted and what git would take."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from lpae_backport.cli import main
from lpae_backport.filetree import MemoryTree, UnreadableError
from lpae_backport.format.patch import FORMATS, PatchReport, Shown
from lpae_backport.mailpatch.model import Comment, FileChange, Hunk, Line, LineKind, Patch
from lpae_backport.presence.judging import judge
from lpae_backport.presence.prerequisites import with_prerequisites
from lpae_backport.presence.trial import tried
from lpae_backport.presence.verdict import FileVerdict, HunkStatus, HunkVerdict, PatchVerdict
from lpae_backport.tree import Tree
from tests.patches import PATH, diff, patch
from tests.test_presence import AFTER, BEFORE, MADE

HEAD = (
    "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
    "From: A Body <a@example.org>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n"
    "Subject: [PATCH] toy: count\n\nCount what is open.\n\n"
    "Signed-off-by: A Body <a@example.org>\n---\n"
)


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """Return a small kernel without the patch, with the patch beside it."""
    root = tmp_path / "linux"
    (root / PATH).parent.mkdir(parents=True)
    (root / "include/linux").mkdir(parents=True)
    (root / "include/linux/toy.h").write_text("int toy_check(struct toy *toy, int mode);\n")
    (root / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n")
    (root / "Kbuild").write_text("obj-y += drivers/\n")
    (root / PATH).write_text(BEFORE)
    (tmp_path / "one.patch").write_text(HEAD + diff(BEFORE, AFTER) + "-- \n2.39.2\n")
    return root


def _run(kernel: Path, *more: str) -> int:
    given = str(kernel.parent / "one.patch")
    return main(["patch", given, "--tree", str(kernel), *more])


def test_exit_codes(kernel: Path, tmp_path: Path, capsys) -> None:
    """0 where all is applied, 1 where not, 4 where there is no patch, 2 for wrong usage."""
    assert _run(kernel) == 1
    assert _run(kernel, "--exit-zero") == 0
    (kernel / PATH).write_text(AFTER)
    assert _run(kernel) == 0
    (tmp_path / "one.patch").write_text("nothing to see\n")
    assert _run(kernel) == 4
    (tmp_path / "one.patch").write_bytes(bytes(range(256)))
    assert _run(kernel) == 4
    assert main(["patch", "--tree", str(kernel)]) == 2
    assert main(["patch", str(tmp_path / "none.patch"), "--tree", str(kernel)]) == 4
    capsys.readouterr()


def test_formats(kernel: Path, capsys) -> None:
    """Each format says what it is about."""
    _run(kernel)
    text = capsys.readouterr().out
    assert "toy: count: applicable (1 hunk)" in text
    assert "must come first" in text
    assert "toy_start_clocked" in text
    _run(kernel, "--format", "markdown")
    assert "| applicable |" in capsys.readouterr().out
    _run(kernel, "--format", "json")
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "lpae-audit/patch/1"
    hunk = data["files"][0]["hunks"][0]
    assert hunk["status"] == "applicable"
    assert hunk["header"].startswith(f"@@ -{hunk['at']['line']},")
    assert data["patches"][0]["subject"] == "toy: count"
    assert [p["name"] for p in data["prerequisites"]] == ["count", "toy_start_clocked"]


def test_emit_is_taken_by_git(kernel: Path, tmp_path: Path, capsys) -> None:
    """What is emitted is what git am and git apply take."""
    out = tmp_path / "out.mbox"
    assert _run(kernel, "--emit", str(out), "--check-apply") == 1
    assert "git apply: exactly" in capsys.readouterr().out
    done = subprocess.run(["git", "apply", "--check", str(out)], cwd=kernel, check=False)
    assert done.returncode == 0


def test_comments(kernel: Path, tmp_path: Path, capsys) -> None:
    """Patch and discussion are shown together, and nothing in them is obeyed by a terminal."""
    mail = "".join(f"> {x}\n" for x in diff(BEFORE, AFTER).splitlines())
    mail = mail.replace("> +\ttoy->count++;\n", "> +\ttoy->count++;\n\nRacy, \x1b[31mno?\n\n")
    head = "From: R <r@example.org>\nSubject: Re: [PATCH] toy: count\n\nOn Monday, A wrote:\n"
    (tmp_path / "one.patch").write_text(head + mail)
    _run(kernel, "--comments")
    lines = capsys.readouterr().out.split("\n")
    at = next(i for i, x in enumerate(lines) if "Racy" in x)
    assert "toy->count++;" in lines[at - 2]
    assert "\x1b" not in "".join(lines)


def test_series_with_holes(kernel: Path, tmp_path: Path, capsys) -> None:
    """Of a series it is told which patches are in, and which are missing before others."""
    later = AFTER.replace("toy_wake(toy)", "toy_wake_up(toy)")
    folder = tmp_path / "series"
    folder.mkdir()
    (folder / "0001.patch").write_text(diff(BEFORE, AFTER))
    (folder / "0002.patch").write_text(diff(AFTER, later))
    (kernel / PATH).write_text(BEFORE.replace("toy_wake(toy)", "toy_wake_up(toy)"))
    assert main(["patch", str(folder), "--tree", str(kernel), "--no-prerequisites"]) == 1
    out = capsys.readouterr().out
    assert "1 of 2 patches are in" in out
    assert "hole: 1 is applicable" in out


def test_renaming_is_named() -> None:
    """A name that the patch has in place of the tree's, again and again, must come first."""
    renamed = BEFORE.replace("struct toy ", "struct toy_device ").replace("toy_check", "toy_verify")
    after = renamed.replace("\ttoy->mode = mode;\n", "\ttoy->mode = mode & TOY_MASK;\n")
    made = patch(diff(renamed, after, context=9))
    small = MemoryTree({PATH: BEFORE.encode()})
    found = with_prerequisites([judge(made, small)], small, None, "arm64")[0]
    names = [p.name for p in found.prerequisites if p.kind == "rename"]
    assert "toy_verify" in " ".join(names)
    assert "toy → toy_device" in names
    whys = [h.why for f in found.files for h in f.hunks]
    assert any(w.startswith("after renaming") for w in whys)


def test_what_a_patch_brings_itself_is_no_prerequisite() -> None:
    """Whether its name stands behind its type or, as in the kernel, on a line of its own."""
    own = "static int\ntoy_own(struct toy *toy)\n{\n\treturn toy_alien(toy);\n}\n\n"
    after = own + BEFORE.replace("\ttoy->mode = mode;\n", "\ttoy->mode = toy_own(toy);\n")
    small = MemoryTree({PATH: BEFORE.encode()})
    found = with_prerequisites([judge(patch(diff(BEFORE, after)), small)], small, None, "arm64")
    assert [p.name for p in found[0].prerequisites] == ["toy_alien"]


def test_trial_goes_in_order() -> None:
    """The second patch is tried on what the first leaves."""
    later = AFTER.replace("toy->count++;", "toy->count += 2;")
    small = MemoryTree({PATH: BEFORE.encode()})
    second = patch(diff(AFTER, later))
    assert [t.fits for t in tried([MADE, second], small)] == [True, True]
    assert [t.fits for t in tried([second], small)] == [False]
    moved = MemoryTree({PATH: ("\n\n" + BEFORE).encode()})
    assert tried([MADE], moved)[0].how == "offset"
    fuzzy = MemoryTree({PATH: BEFORE.replace("\t\treturn ret;\n", "\t\treturn -1;\n").encode()})
    assert [(t.fits, t.how) for t in tried([MADE], fuzzy)] == [(False, "fuzz")]
    other = MemoryTree({PATH: BEFORE.replace("\ttoy->mode = mode;\n", "\tx();\n").encode()})
    assert [(t.fits, t.how) for t in tried([MADE], other)] == [(False, "no")]


def test_a_name_that_no_file_can_have(kernel: Path, tmp_path: Path, capsys) -> None:
    """A zero byte in the name of a file is bad input, and no file has it; no crash."""
    mail = tmp_path / "nul.patch"
    text = diff(BEFORE, AFTER).replace(PATH, "drivers/toy/t\0y.c").replace("diff --git", "")
    mail.write_bytes(text.encode())
    assert main(["patch", str(mail), "--tree", str(kernel)]) == 4
    tree = Tree(str(kernel))
    assert not tree.is_file("drivers/t\0y.c")
    assert not tree.is_executable("drivers/t\0y.c")
    with pytest.raises(UnreadableError):
        tree.read("drivers/t\0y.c")


@pytest.mark.parametrize("option", ["--emit", "-o"])
def test_what_is_read_is_not_written_over(
    kernel: Path, tmp_path: Path, capsys, option: str
) -> None:
    """A report or a mail in place of the patch would lose it."""
    mail = tmp_path / "a.patch"
    mail.write_text(HEAD + diff(BEFORE, AFTER))
    before = mail.read_bytes()
    assert main(["patch", str(mail), "--tree", str(kernel), option, str(mail)]) == 2
    assert mail.read_bytes() == before
    assert "read and written" in capsys.readouterr().err


def test_long_reviews_and_long_hunks_cost_no_time() -> None:
    """A remark behind each line, and a hunk of which half is in, are shown in linear time."""
    count = 20_000
    lines = tuple(Line(LineKind.ADDED, f"x{i}", i) for i in range(count))
    hunk = Hunk(0, 0, 1, count, "", lines)
    change = FileChange("", PATH, (hunk,))
    remarks = tuple(Comment("R", 1, f"no {i}", PATH, 0, i) for i in range(count + 1))
    made = Patch("x", changes=(change,), comments=remarks)
    partly = HunkStatus.PARTLY
    verdict = HunkVerdict(hunk, partly, "some are", present=lines[::2], absent=lines[1::2])
    files = (FileVerdict(change, partly, "", (verdict,)),)
    report = PatchReport(MemoryTree({}), (PatchVerdict(made, partly, files),))
    begun = time.process_time()
    shown = FORMATS["text"](report, Shown(1, True)).split("\n")
    assert time.process_time() - begun < 5
    found = [x.split() for x in shown if x.strip().startswith("is")]
    assert [x[-1] for x in found] == [f"+x{i}" for i in range(count)]
    assert found[:2] == [["is", "in", "+x0"], ["is", "not", "+x1"]]
    at = shown.index("+x7")
    assert [x.strip() for x in shown[at + 1 : at + 4]] == ["# R:", "#   no 7", "+x8"]
    assert shown[-2].strip() == f"#   no {count}"
