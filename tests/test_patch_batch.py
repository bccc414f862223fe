# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit patch`` with several inputs of which one is bad: the others are reported."""

import json
from pathlib import Path

import pytest

from lpae_backport.cli import main
from tests.patches import PATH, diff
from tests.test_presence import AFTER, BEFORE

BAD = {
    "half.eml": f"> --- a/{PATH}\n> +++ b/{PATH}\n",
    "out.patch": diff(BEFORE, AFTER, "../../etc/passwd"),
    "empty.patch": "",
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a folder with a tree that has the patch, the patch, and inputs that are none."""
    root = tmp_path / "linux"
    (root / PATH).parent.mkdir(parents=True)
    (root / "include/linux").mkdir(parents=True)
    (root / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n")
    (root / "Kbuild").write_text("obj-y += drivers/\n")
    (root / PATH).write_text(AFTER)
    (tmp_path / "good.patch").write_text(diff(BEFORE, AFTER))
    for name, text in BAD.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _run(work: Path, *more: str) -> int:
    given = [x if x.startswith("-") else str(work / x) for x in more]
    return main(["patch", *given, "--tree", str(work / "linux"), "--no-prerequisites"])


@pytest.mark.parametrize("bad", list(BAD))
def test_others_are_reported(work: Path, capsys, bad: str) -> None:
    """The bad one is named in one line, whichever place it has, and the status tells."""
    for names in ((bad, "good.patch"), ("good.patch", bad), ("good.patch", "none", "--exit-zero")):
        assert _run(work, *names) == 4
        shown = capsys.readouterr()
        assert "good.patch: applied (" in shown.out
        (line,) = shown.err.splitlines()
        assert line.startswith(f"lpae-audit: error: {work}/{bad if bad in names else 'none'}")
        assert "not read: " in shown.out
    assert _run(work, bad, "none") == 4
    shown = capsys.readouterr()
    assert [x.partition(":")[0] for x in shown.out.splitlines()] == ["not read"] * 2
    assert len(shown.err.splitlines()) == 2


@pytest.mark.parametrize("form", ["json", "text", "markdown"])
@pytest.mark.parametrize("bad", [*BAD, "none"])
def test_nothing_that_is_a_patch(work: Path, capsys, bad: str, form: str) -> None:
    """There is a report all the same, on standard output and in a file: it names what it is."""
    out = work / "report"
    assert _run(work, bad, f"--format={form}") == 4
    shown = capsys.readouterr()
    assert _run(work, bad, f"--format={form}", f"-o{out}", "--exit-zero") == 4
    again = capsys.readouterr()
    assert out.read_text() == shown.out
    assert not again.out
    assert again.err == shown.err
    assert len(shown.err.splitlines()) == 1
    if form == "json":
        data = json.loads(shown.out)
        assert (data["schema"], data["patches"]) == ("lpae-audit/patch/1", [])
        assert [u["where"].partition(":")[0] for u in data["unread"]] == [f"{work}/{bad}"]
    else:
        assert len(shown.out.splitlines()) == 1
        assert shown.out.lower().startswith("not read: ")


def test_formats_stay_whole(work: Path, capsys) -> None:
    """JSON is JSON, and has what could not be read; so has markdown."""
    assert _run(work, "half.eml", "good.patch", "--format=json") == 4
    data = json.loads(capsys.readouterr().out)
    assert [p["status"] for p in data["patches"]] == ["applied"]
    (unread,) = data["unread"]
    assert unread["where"] == f"{work}/half.eml:2"
    assert "half a patch" in unread["what"]
    assert _run(work, "half.eml", "good.patch", "--format=markdown") == 4
    assert "Not read: " in capsys.readouterr().out


def test_emit_is_all_or_nothing(work: Path, capsys) -> None:
    """A series with a patch left out is not written."""
    out = work / "out.mbox"
    assert _run(work, "good.patch", "half.eml", f"--emit={out}") == 4
    assert not out.exists()
    assert f"{out}: not written" in capsys.readouterr().err
    assert _run(work, "good.patch", f"--emit={out}") == 0
    assert out.exists()


def test_one_bad_mail_of_many(work: Path, capsys) -> None:
    """A mail of a mailbox, or a file of a folder, that leads out of the tree leaves the others."""
    head = "From x Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nSubject: [PATCH] {}\n\n"
    good, bad = diff(BEFORE, AFTER), BAD["out.patch"]
    mails = [head.format("good") + good, head.format("bad") + bad]
    (work / "all.mbox").write_text("\n".join(mails))
    (work / "series").mkdir()
    for i, mail in enumerate(mails):
        (work / f"series/{i}.patch").write_text(mail)
    for name, where in (("all.mbox", "all.mbox#2:"), ("series", "series/1.patch:")):
        assert _run(work, name) == 4
        shown = capsys.readouterr()
        assert "good: applied" in shown.out
        assert f"error: {work}/{where}" in shown.err


def test_binary_files_are_not_tried(work: Path, capsys) -> None:
    """Git takes a binary patch that this program cannot try: it is no 'no'."""
    binary = (
        "diff --git a/x.bin b/x.bin\nnew file mode 100644\nindex 0000000..f76dd23\n"
        "GIT binary patch\nliteral 2\nJcmZPo000311ONa4\n\nliteral 0\nHcmV?d00001\n\n"
    )
    back = diff(AFTER, BEFORE)
    (work / "bin.patch").write_text(binary)
    (work / "mixed.patch").write_text(back + binary)
    (work / "bad.patch").write_text(back.replace("-\t", "-\tno") + binary)
    assert _run(work, "bin.patch", "mixed.patch", "bad.patch", "--check-apply") == 1
    lines = [x.strip() for x in capsys.readouterr().out.splitlines() if "git apply" in x]
    assert lines[:2] == [
        "git apply: not checked: x.bin is binary",
        "git apply: not checked: x.bin is binary; all else: exactly",
    ]
    assert lines[2].startswith(f"git apply: no: {PATH}")
    _run(work, "mixed.patch", "--check-apply", "--format=json")
    apply = json.loads(capsys.readouterr().out)["patches"][0]["apply"]
    assert (apply["fits"], apply["how"]) == (None, "unchecked")
    out = work / "out.mbox"
    _run(work, "mixed.patch", f"--emit={out}")
    assert "what x.bin has is binary and not written" in capsys.readouterr().err


def test_a_cover_letter_is_no_repair(work: Path, capsys) -> None:
    """Nothing is broken in a mail without a patch: that it was skipped is a note."""
    head = "From x Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nSubject: [PATCH {}/1] it\n\n"
    mails = [head.format(0) + "Words.\n", head.format(1) + diff(BEFORE, AFTER)]
    (work / "all.mbox").write_text("\n".join(mails))
    assert _run(work, "all.mbox") == 0
    out = capsys.readouterr().out
    assert "repair" not in out
    assert "1 note on what else was given" in out
    _run(work, "all.mbox", "-v")
    out = capsys.readouterr().out
    assert "mended" not in out
    assert ": cover letter without a patch skipped: " in out
    _run(work, "all.mbox", "--format=json")
    (patch,) = json.loads(capsys.readouterr().out)["patches"]
    assert patch["repairs"] == []
    assert "cover letter" in patch["notes"][0]["what"]


def test_the_commit_of_a_mail_is_told(work: Path, capsys) -> None:
    """Each mail of format-patch says what commit it was made of; what says so otherwise does not."""
    shas = ("0123456789" * 4, "89abcdef01" * 4, "0" * 40)
    body = "From: A <a@example.org>\nSubject: [PATCH] {}\n\n{}"
    later = AFTER.replace("toy->count++", "toy->count += 2")
    diffs = (diff(BEFORE, AFTER), diff(AFTER, later), diff(later, AFTER))
    mails = [
        f"From {sha} Mon Sep 17 00:00:00 2001\n{body.format(i, made)}"
        for i, (sha, made) in enumerate(zip(shas, diffs, strict=True))
    ]
    (work / "all.mbox").write_text("\n".join(mails))
    _run(work, "all.mbox", "good.patch", "--format=json")
    told = [p["commit"] for p in json.loads(capsys.readouterr().out)["patches"]]
    assert told == [shas[0], shas[1], None, None]
