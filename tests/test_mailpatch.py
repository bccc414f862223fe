# SPDX-License-Identifier: GPL-2.0-only
"""Patches are read in all the forms in which they arrive."""

import base64
import contextlib
import os
import quopri
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unidiff.patch import PatchSet

from lpae_backport.errors import TreeError
from lpae_backport.filetree import MemoryTree
from lpae_backport.mailpatch.assembling import Subject
from lpae_backport.mailpatch.bundle import Sent, chosen
from lpae_backport.mailpatch.model import FileChange, Hunk, Line, LineKind, Patch
from lpae_backport.mailpatch.reading import parse, patches_of
from lpae_backport.mailpatch.written import mail_of
from tests.git import commit, git
from tests.test_mailpatch_mangled import patches

HEAD = """From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: A U Thor <author@example.org>
Date: Thu, 1 Feb 2024 10:00:00 +0000
Subject: [PATCH v2 2/3] drm/foo: keep the count

It was lost.

Signed-off-by: A U Thor <author@example.org>
---
"""
STAT = """ drivers/foo/foo.c | 4 +++-
 1 file changed, 3 insertions(+), 1 deletion(-)

"""
DIFF = """diff --git a/drivers/foo/foo.c b/drivers/foo/foo.c
index 1234567..89abcde 100644
--- a/drivers/foo/foo.c
+++ b/drivers/foo/foo.c
@@ -10,6 +10,8 @@ static int foo_init(struct foo *foo)
 \tint ret;
\x20
 \tfoo->count = 0;
-\tret = foo_start(foo);
+\tret = foo_start(foo, foo->count);
+\tif (ret)
+\t\treturn ret;
\x20
 \treturn 0;
"""
TAIL = "-- \n2.43.0\n\n"
MAIL = HEAD + STAT + DIFF + TAIL


def one(text: str | bytes, tree: MemoryTree | None = None) -> Patch:
    """Return the one patch in a text."""
    (patch,) = parse(text.encode() if isinstance(text, str) else text, "x", tree)
    return patch


def lines(patch: Patch) -> list[str]:
    """Return all lines of a patch's hunks, with their marks."""
    return [x.kind.value + x.text for c in patch.changes for h in c.hunks for x in h.lines]


EXPECTED = [x for x in DIFF.split("\n")[5:] if x]


def test_clean_mail() -> None:
    """All that a mail of git's says is read, and nothing needs to be mended."""
    patch = one(MAIL)
    assert patch.author == "A U Thor <author@example.org>"
    assert patch.date == "Thu, 1 Feb 2024 10:00:00 +0000"
    assert patch.subject == "drm/foo: keep the count"
    assert patch.position == (2, 3)
    assert patch.message == "It was lost.\n\nSigned-off-by: A U Thor <author@example.org>"
    assert patch.stats == {"drivers/foo/foo.c": 4}
    assert lines(patch) == EXPECTED
    change = patch.changes[0]
    assert (change.path, change.blobs, change.new_mode) == (
        "drivers/foo/foo.c",
        ("1234567", "89abcde"),
        "100644",
    )
    assert change.hunks[0].header == DIFF.split("\n")[4]
    assert [x.at for x in change.hunks[0].lines] == list(range(18, 27))
    assert (patch.repairs, patch.problems, patch.comments) == ((), (), ())


def _mime(body: bytes, encoding: str, more: str = "") -> bytes:
    head = HEAD.split("\n\n")[0].split("\n", 1)[1]
    return (
        f"{head}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8{more}\n"
        f"Content-Transfer-Encoding: {encoding}\n\n"
    ).encode() + body


BODY = MAIL.split("\n\n", 1)[1].encode()
_FORMS = {
    "base64": _mime(base64.encodebytes(BODY), "base64"),
    "quoted-printable": _mime(quopri.encodestring(BODY), "quoted-printable"),
    "crlf": MAIL.replace("\n", "\r\n").encode(),
    "flowed": _mime(
        "\n".join(
            f" {x}" if x[:1] in (" ", ">") else x for x in BODY.decode().split("\n")
        ).encode(),
        "8bit",
        "; format=flowed",
    ),
    "diff alone": DIFF.encode(),
    "no git head": "\n".join(DIFF.split("\n")[2:]).encode(),
    "-p0": "\n".join(DIFF.split("\n")[2:]).replace(" a/", " ").replace(" b/", " ").encode(),
    "Index:": ("Index: foo/drivers/foo/foo.c\n" + "=" * 67 + "\n" + "\n".join(DIFF.split("\n")[2:]))
    .replace("--- a/", "--- foo.orig/")
    .replace("+++ b/", "+++ foo/")
    .encode(),
    "dated": DIFF.replace("foo.c\n@@", "foo.c\t2024-01-01 10:00:00.000000000 +0100\n@@").encode(),
    "quoted": "".join(f"> {x}\n" for x in MAIL.split("\n")[5:]).encode(),
    "quoted without a space": "".join(f">{x}\n" for x in DIFF.split("\n")).encode(),
    "trailing space lost": DIFF.replace("\n \n", "\n\n").encode(),
    "HTML": "".join(f"> {x}\n" for x in DIFF.split("\n"))
    .replace("&", "&amp;")
    .replace(">", "&gt;")
    .encode(),
    "UTF-16": MAIL.encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + DIFF.replace("\n", "\r\n").encode("utf-16-be"),
    "UTF-16 in base64": _mime(
        base64.encodebytes(BODY.decode().encode("utf-16-le")), "base64"
    ).replace(b"=utf-8", b"=utf-16le"),
    "byte order mark": b"\xef\xbb\xbf" + DIFF.encode(),
    "no-break spaces": DIFF.replace("\n ", "\n\xa0").encode(),
    "git show": (
        "commit 0123456789012345678901234567890123456789\nAuthor: A U Thor <author@example.org>\n"
        f"Date:   Thu Feb 1 10:00:00 2024 +0000\n\n    drm/foo: keep the count\n\n{DIFF}"
    ).encode(),
}


@pytest.mark.parametrize("form", _FORMS)
def test_forms(form: str) -> None:
    """The same diff comes out of every form that it may be in."""
    patch = one(_FORMS[form])
    assert lines(patch) == EXPECTED
    assert patch.changes[0].path == "drivers/foo/foo.c"
    assert not any(h.problem for c in patch.changes for h in c.hunks)
    assert not patch.problems


def test_attachment() -> None:
    """An attached diff belongs to the words of its mail; an attached mail stands alone."""
    head = "From: A U Thor <author@example.org>\nSubject: [PATCH] foo: attached\n"
    parts = [("text/plain", "Why.\n"), ("text/x-patch; name=a.patch", DIFF)]
    body = "".join(f"--b\nContent-Type: {t}\n\n{x}\n" for t, x in parts) + "--b--\n"
    patch = one(f"{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{body}")
    assert (patch.subject, patch.message, lines(patch)) == ("foo: attached", "Why.", EXPECTED)
    parts[1] = ("text/x-patch; name=a.patch", MAIL)
    body = "".join(f"--b\nContent-Type: {t}\n\n{x}\n" for t, x in parts) + "--b--\n"
    patch = one(f"{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{body}")
    assert (patch.subject, lines(patch)) == ("drm/foo: keep the count", EXPECTED)


def test_latin_1() -> None:
    """Bytes of another character set come through, told or not."""
    text = DIFF.replace("int ret;", "int r\xe9t;")
    assert (
        "r\xe9t"
        in lines(one(_mime(text.encode("latin-1"), "8bit").replace(b"utf-8", b"latin-1")))[0]
    )
    assert b"r\xe9t" in mail_of(one(text.encode("latin-1")))


_REVIEW = """On 12/01/2026 14:17, One Person wrote:
> On Mon, 12 Jan 2026 12:06:17 +0000
> Two Person <[email\xa0protected]> wrote:
>
>> On 09/01/2026 13:07, One Person wrote:
>>> Words of the patch.
>>>
>>> Signed-off-by: One Person <one...@example.org>
>>> ---
>>>  drivers/foo/foo.c | 4 +++-
>>>  1 file changed, 3 insertions(+), 1 deletion(-)
>>
>> A word before.
>>>
>>> diff --git a/drivers/foo/foo.c
>>> b/drivers/foo/foo.c
>>> --- a/drivers/foo/foo.c
>>> +++ b/drivers/foo/foo.c
>>> @@ -10,6 +10,8 @@ static int foo_init(struct foo_with_a_long_name *foo, int
>>> count)
>>>     int ret;
>>>
>>>     foo->count = 0;
>>> -   ret = foo_start(foo);
>>> +   ret = foo_start(foo, foo->count);\x20\x20
>>
>> Is that right?
> - yes
> - it is

Hm.

>>> +   if (ret)
>>> +           return ret;
>>>
>>>     return 0;

Thanks,
Three

Reply via email to
"""


def test_review() -> None:
    """A review comes apart into the patch and what was said, by whom and where."""
    patch = one(_REVIEW)
    assert lines(patch) == EXPECTED
    assert patch.author == "One Person <one...@example.org>"
    assert any("masked" in p.what for p in patch.problems)
    assert patch.message.startswith("Words of the patch.")
    assert "tabs" in " ".join(r.what for r in patch.changes[0].hunks[0].repairs)
    said = [(c.author, c.depth, c.text, c.hunk, c.line) for c in patch.comments]
    assert said == [
        ("Two Person", 2, "A word before.", -1, -1),
        ("Two Person", 2, "Is that right?", 0, 4),
        ("One Person", 1, "- yes\n- it is", 0, 4),
        ("", 0, "Hm.", 0, 4),
        ("", 0, "Thanks,\nThree", 0, 8),
    ]
    assert [c.path for c in patch.comments][:2] == ["", "drivers/foo/foo.c"]
    assert patch.changes[0].hunks[0].section.endswith("int count)")


def test_tree_has_the_last_word_on_white_space() -> None:
    """Context has the tree's white space; what nobody can know is left alone."""
    source = (
        b"\n" * 9 + b"\tint ret;\n\n\tfoo->count\t=  0;\n\tret = foo_start(foo);\n\n\treturn 0;\n"
    )
    tree = MemoryTree({"drivers/foo/foo.c": source})
    assert " \tfoo->count\t=  0;" in lines(one(_REVIEW, tree))
    assert " \tfoo->count\t=  0;" not in lines(one(_REVIEW))


@pytest.mark.parametrize("token", ["[...]", "[snip]", "..."])
def test_cut_hunk_is_told(token: str) -> None:
    """Where a reviewer cut lines out, the hunk says so, and no line is made up."""
    quoted = [f"> {x}" for x in DIFF.rstrip("\n").split("\n")]
    text = "\n".join([*quoted[:6], token, *quoted[9:], "", "A remark.", ""])
    hunk = one(text).changes[0].hunks[0]
    assert "header says -6 +8" in hunk.problem
    assert "cut out at line 7" in hunk.problem
    assert all(x.kind.value + x.text in EXPECTED for x in hunk.lines)


def test_truncated_hunk_is_told_though_lines_were_wrapped() -> None:
    """The rest of a wrapped line is no line of context that would make a cut hunk whole."""
    wrapped = ["> +\tif (ret && some_long_condition(foo, foo->count) && another_condition_of(foo, "]
    quoted = [f"> {x}" for x in DIFF.rstrip("\n").split("\n")]
    text = "\n".join([*quoted[:9], *wrapped, "> ret))", *quoted[11:13], ""])
    hunk = one(text).changes[0].hunks[0]
    assert "header says" in hunk.problem
    assert not any(x.text == "ret))" for x in hunk.lines)


def test_wrapped_behind_its_quoting() -> None:
    """A mailer that wraps quoted lines leaves the rest without quoting; a remark stays one."""
    long = "\tret = foo_with_a_name_that_is_long(foo, foo->count, another_argument,"
    body = [" \tint ret;", *(f"+{long}|\t\t%d);" % i for i in range(4)), " ", " \treturn 0;"]
    head = ["--- a/x.c", "+++ b/x.c", "@@ -1,3 +1,7 @@"]
    text = "\n".join(f"> {x}" for x in [*head, *body])
    wrapped = text.replace("|\t\t", "\n") + "\n\nA remark.\n"
    patch = one(wrapped)
    assert [x.replace(", ", ",").replace("\t\t", "") for x in lines(patch)[1:5]] == [
        f"+{long}{i});".replace(", ", ",") for i in range(4)
    ]
    assert not patch.changes[0].hunks[0].problem
    assert [c.text for c in patch.comments] == ["A remark."]
    narrow = one(text.replace("|\t\t2", "\n2").replace("|\t\t", " "))
    assert lines(narrow)[3].endswith("argument, 2);")
    assert "or a remark" in narrow.changes[0].hunks[0].repairs[0].what


def test_byte_order_mark_hides_no_head() -> None:
    """What a mail's first line says is read behind it; UTF-16 is told, a mark is nothing."""
    for encoding in ("utf-8-sig", "utf-16"):
        patch = one(MAIL.encode(encoding))
        assert (patch.subject, patch.position) == ("drm/foo: keep the count", (2, 3))
        assert [r.what for r in patch.repairs] == ["UTF-16 read as UTF-8"] * (encoding == "utf-16")


def test_delsp() -> None:
    """With ``DelSp`` the space at the end of a wrapped line is the mailer's own."""
    long = "+\t/* a line that is certainly long enough for any mailer to wrap it in its middle */"
    diff = DIFF.replace("+\tif (ret)", long)
    at = long.index("to wrap")
    body = diff.replace(long, f"{long[:at]} \n{long[at:]}")
    body = "\n".join(f" {x}" if x.startswith(" ") else x for x in body.split("\n"))
    patch = one(_mime(body.encode(), "8bit", "; format=flowed; DelSp=yes"))
    assert long in lines(patch)
    assert not patch.changes[0].hunks[0].problem


def test_kinds_of_changes() -> None:
    """New, deleted, moved, copied, binary files, changed modes, quoted names, missing newlines."""
    text = (
        'diff --git "a/d/\\303\\251.c" "b/d/\\303\\251.c"\nnew file mode 100755\nindex 000..123\n--- /dev/null\n'
        '+++ "b/d/\\303\\251.c"\n@@ -0,0 +1 @@\n+int a;\n\\ No newline at end of file\n'
        "diff --git a/gone.c b/gone.c\ndeleted file mode 100644\n--- a/gone.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "diff --git a/old.c b/new.c\nsimilarity index 100%\nrename from old.c\nrename to new.c\n"
        "diff --git a/one.c b/two.c\nsimilarity index 100%\ncopy from one.c\ncopy to two.c\n"
        "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
        "diff --git a/p.bin b/p.bin\nindex 1234567..89abcde 100644\nBinary files a/p.bin and b/p.bin differ\n"
    )
    patch = one(text)
    seen = [
        (c.old_path, c.new_path, c.old_mode, c.new_mode, c.is_copy, c.is_binary)
        for c in patch.changes
    ]
    assert seen == [
        ("", "d/\xe9.c", "", "100755", False, False),
        ("gone.c", "", "100644", "", False, False),
        ("old.c", "new.c", "", "", False, False),
        ("one.c", "two.c", "", "", True, False),
        ("run", "run", "100644", "100755", False, False),
        ("p.bin", "p.bin", "100644", "100644", False, True),
    ]
    assert patch.changes[0].hunks[0].lines[0].is_unended
    again = one(mail_of(patch))
    assert [(c.old_path, c.new_path, c.is_copy, c.is_binary) for c in again.changes] == [
        (c.old_path, c.new_path, c.is_copy, c.is_binary) for c in patch.changes
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"int a;\n", "is no patch"),
        (b"\x7fELF\0\0", "binary"),
        (b"int a;\n<<<<<<< HEAD\nint b;\n>>>>>>> other\n", "conflict markers"),
        ("int \xe4;\n".encode("utf-16"), r"is no patch \("),
        ("int a;\0\n".encode("utf-16"), "binary"),
        (b"@@ -1,2 +1,2 @@\n a\n-b\n+c\n", "a hunk without its file"),
        (b"diff --git a/a.c b/a.c\nindex 1234567..89abcde 100644\n", "a file without hunks"),
        (b"--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", "outside a tree"),
        (b"--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n+b\n", "outside a tree"),
        (
            b"diff --git a/.git/config b/.git/config\n--- a/.git/config\n+++ b/.git/config\n@@ -1 +1 @@\n-a\n+b\n",
            "outside a tree",
        ),
    ],
)
def test_no_patch(data: bytes, message: str) -> None:
    """What is no patch is told so in a line, with its place where it has one."""
    with pytest.raises(TreeError, match=message) as e:
        parse(data, "x")
    assert e.value.exit_code == 4


def test_mailbox(tmp_path: Path) -> None:
    """Of a mailbox the last version counts, in order; remarks in answers are joined to it."""
    cover = (
        MAIL.replace("[PATCH v2 2/3] drm/foo: keep the count", "[PATCH v2 0/3] foo").split("---\n")[
            0
        ]
        + "\n"
    )
    old = MAIL.replace("v2 2/3", "2/3").replace("return ret", "return 1")
    third = MAIL.replace("2/3] drm/foo: keep the count", "3/3] drm/foo: third")
    first = MAIL.replace("2/3] drm/foo: keep the count", "1/3] drm/foo: first\n >From here")
    quoted = "\n".join(f"> {x}" for x in DIFF.split("\n")[:-1])
    answer = (
        "From x Mon Sep 17 00:00:00 2001\nFrom: Re Viewer <re@example.org>\n"
        f"Subject: Re: [PATCH v2 2/3] drm/foo: keep the count\n\nOn a day, A U Thor wrote:\n{quoted}\n\nNo.\n\n"
    )
    box = tmp_path / "box"
    box.write_text(old + cover + third + MAIL + answer + first)
    found = patches_of(str(box))
    assert [p.position[0] for p in found] == [1, 2, 3]
    assert [x for p in found for x in lines(p) if "return 1" in x] == []
    assert [(c.author, c.text, c.line) for c in found[1].comments] == [("Re Viewer", "No.", 8)]
    words = " ".join(r.what for r in found[0].notes)
    assert "cover letter" in words
    assert "older version" in words
    maildir = tmp_path / "maildir"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    (maildir / "cur/1:2,S").write_text(MAIL.split("\n", 1)[1])
    (maildir / "new/2").write_text(first.split("\n", 1)[1])
    assert [p.position[0] for p in patches_of(str(maildir))] == [1, 2]


def test_folder(tmp_path: Path) -> None:
    """A folder has its patches in the order of their names, or of its ``series``."""
    (tmp_path / "0000-cover-letter.patch").write_text(HEAD.replace("2/3", "0/3"))
    (tmp_path / "0001-a.patch").write_text(MAIL.replace("2/3", "1/3"))
    (tmp_path / "0002-b.patch").write_text(MAIL)
    (tmp_path / "README").write_text("nothing\n")
    found = patches_of(str(tmp_path))
    assert [p.position[0] for p in found] == [1, 2]
    assert any("0000-cover-letter.patch" in r.what for r in found[0].notes)
    (tmp_path / "series").write_text("0002-b.patch -p1\n# no\n0001-a.patch\n")
    assert [p.position[0] for p in patches_of(str(tmp_path))] == [2, 1]
    (tmp_path / "series").write_text("../x.patch\n")
    with pytest.raises(TreeError, match="outside"):
        patches_of(str(tmp_path))


def test_commits_of_a_repository_that_holds_more_than_the_kernel(tmp_path: Path) -> None:
    """Only what is changed in the kernel's folder counts, by its path there."""
    kernel = tmp_path / "linux"
    for folder in ("drivers", "include/linux", "arch", "kernel"):
        (kernel / folder).mkdir(parents=True)
        (kernel / folder / "a.h").write_text("int a;\n")
    (kernel / "Makefile").write_text("VERSION = 4\nPATCHLEVEL = 9\nSUBLEVEL = 0\n")
    (tmp_path / "Makefile").write_text("all:\n")
    commit(tmp_path, "first")
    (kernel / "drivers/a.h").write_text("int a;\nint b;\n")
    (tmp_path / "Makefile").write_text("all: kernel\n")
    commit(tmp_path, "both")
    (tmp_path / "Makefile").write_text("all: kernel boot\n")
    commit(tmp_path, "other")
    (patch,) = patches_of(f"{tmp_path}@HEAD~1")
    assert [c.path for c in patch.changes] == ["drivers/a.h"]
    with pytest.raises(TreeError, match="changes nothing in linux"):
        patches_of(f"{tmp_path}@HEAD")


@pytest.mark.parametrize("box", [False, True])
def test_folder_that_cannot_be_listed(
    box: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, in one line."""

    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    if box:
        (tmp_path / "cur").mkdir()
    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(TreeError, match="cannot be read: Permission denied"):
        patches_of(str(tmp_path))


def test_commits(tmp_path: Path) -> None:
    """A commit is the patch against its first parent; a range is one for each."""
    (tmp_path / "a.c").write_text("int a;\n")
    commit(tmp_path, "first")
    (tmp_path / "a.c").write_text("int a;\nint b;\n")
    (tmp_path / ".gitattributes").write_text("*.c diff=evil\n")
    git(tmp_path, "config", "diff.evil.command", "touch evil; false")
    commit(tmp_path, "foo: second\n\nWith words.\n\nSigned-off-by: Test <test@example.org>")
    (tmp_path / "a.c").write_text("int b;\n")
    commit(tmp_path, "third")
    (patch,) = patches_of(f"{tmp_path}@HEAD~1")
    assert (patch.subject, patch.author) == ("foo: second", "Test <test@example.org>")
    assert patch.message == "With words.\n\nSigned-off-by: Test <test@example.org>"
    assert "+int b;" in lines(patch)
    assert [p.subject for p in patches_of(f"{tmp_path}@HEAD~2..HEAD")] == ["foo: second", "third"]
    (root,) = patches_of(f"{tmp_path}@HEAD~2")
    assert lines(root) == ["+int a;"]
    assert not (tmp_path / "evil").exists()
    with pytest.raises(TreeError, match="no revision"):
        patches_of(f"{tmp_path}@nothing")
    with pytest.raises(TreeError, match="changes nothing"):
        patches_of(f"{tmp_path}@HEAD..HEAD")


def test_merges_of_a_range(tmp_path: Path) -> None:
    """They are left out as git leaves them out; what was merged is there, commit by commit."""
    (tmp_path / "a.c").write_text("int a;\n")
    start = commit(tmp_path, "first")
    git(tmp_path, "checkout", "--quiet", "-b", "side")
    (tmp_path / "b.c").write_text("int b;\n")
    commit(tmp_path, "side")
    git(tmp_path, "checkout", "--quiet", "main")
    (tmp_path / "a.c").write_text("int c;\n")
    commit(tmp_path, "straight")
    git(tmp_path, "merge", "--quiet", "--no-edit", "side")
    (tmp_path / "a.c").write_text("int d;\n")
    commit(tmp_path, "last")
    found = patches_of(f"{tmp_path}@{start}..main")
    theirs = git(tmp_path, "format-patch", "--stdout", f"{start}..main").count("\nSubject: ")
    assert len(found) == theirs == 3
    assert sorted(p.subject for p in found) == ["last", "side", "straight"]
    assert [p.position for p in found] == [(1, 3), (2, 3), (3, 3)]
    assert ["1 merge is left out" in n.what for n in found[0].notes] == [True]
    assert not any(p.notes for p in found[1:])
    assert len(patches_of(f"{tmp_path}@main~1")) == 1
    git(tmp_path, "checkout", "--quiet", "-b", "other", start)
    git(tmp_path, "merge", "--quiet", "--no-ff", "--no-edit", "side")
    (only,) = patches_of(f"{tmp_path}@side~1..other")
    assert (only.subject, only.position) == ("side", (0, 0))
    with pytest.raises(TreeError, match="changes nothing"):
        patches_of(f"{tmp_path}@side..other")


def test_git_takes_what_is_written(tmp_path: Path) -> None:
    """``git am`` makes of a recovered patch what the original would have made."""
    source = "\n" * 9 + "\tint ret;\n\n\tfoo->count = 0;\n\tret = foo_start(foo);\n\n\treturn 0;\n"
    (tmp_path / "drivers/foo").mkdir(parents=True)
    (tmp_path / "drivers/foo/foo.c").write_text(source)
    commit(tmp_path)
    git(tmp_path, "am", "--keep-cr", data=mail_of(one(_REVIEW)))
    assert "\tif (ret)\n\t\treturn ret;\n" in (tmp_path / "drivers/foo/foo.c").read_text()
    assert git(tmp_path, "log", "-1", "--format=%an %ae") == "One Person one...@example.org"
    masked = one(_REVIEW.replace("one...@example.org", "[email\xa0protected]"))
    info = subprocess.run(
        ["git", "mailinfo", "m", "p"],
        cwd=tmp_path,
        input=mail_of(masked),
        capture_output=True,
        check=True,
    )
    assert b"Email: one.person@masked.invalid" in info.stdout


@pytest.mark.parametrize("fault", ["short", "lost", "long"])
@pytest.mark.parametrize("where", ["last", "within", "first file"])
def test_hunk_that_is_not_whole_stays_so(fault: str, where: str, tmp_path: Path) -> None:
    """Git refuses what is written, and read again it is no whole hunk either."""
    (tmp_path / "a.c").write_text("".join(f"int a{i};\n" for i in range(40)))
    commit(tmp_path)
    body = [
        Line(LineKind.CONTEXT, "int a1;"),
        Line(LineKind.ADDED, "int b;"),
        Line(LineKind.CONTEXT, "int a2;"),
    ]
    counts = {"short": (5, 6), "lost": (2, 3), "long": (1, 2)}[fault]
    bad = Hunk(2, counts[0], 2, counts[1], "", tuple(body), problem="lacks lines")
    later = [
        Line(LineKind.CONTEXT, "int a30;"),
        Line(LineKind.ADDED, "int c;"),
        Line(LineKind.CONTEXT, "int a31;"),
    ]
    good = Hunk(31, 2, 32, 3, "", tuple(later))
    change = FileChange("a.c", "a.c", (bad, good) if where == "within" else (bad,))
    new = FileChange("", "b.c", (Hunk(0, 0, 1, 1, "", (Line(LineKind.ADDED, "int d;"),)),))
    changes = (change, new) if where == "first file" else (change,)
    data = mail_of(Patch("x", author="A <a@example.org>", subject="it", changes=changes))
    done = subprocess.run(
        ["git", "apply", "--check", "-"], cwd=tmp_path, input=data, capture_output=True, check=False
    )
    assert b"corrupt patch" in done.stderr
    again = one(data)
    assert [bool(h.problem) for c in again.changes for h in c.hunks][0]
    assert [h.problem for c in again.changes for h in c.hunks].count("") == (where != "last")
    both = mail_of(replace(one(MAIL))) if where == "last" else b""
    assert (
        not both
        or [
            bool(h.problem) for p in parse(data + both, "x") for c in p.changes for h in c.hunks
        ].count(True)
        == 1
    )


@pytest.mark.parametrize(
    "field", ["From: B Other <b@example.org>", "subject: x", "Date: now", "[PATCH] x"]
)
def test_message_is_no_head(field: str, tmp_path: Path) -> None:
    """What a message begins with is not taken for who wrote the patch, by git or by us."""
    data = mail_of(replace(one(MAIL), message=f"{field}\n\nWhy.\n---\nMore."))
    assert (one(data).author, one(data).subject) == (one(MAIL).author, one(MAIL).subject)
    info = subprocess.run(
        ["git", "mailinfo", "m", "p"], cwd=tmp_path, input=data, capture_output=True, check=True
    )
    assert b"Author: A U Thor\nEmail: author@example.org\n" in info.stdout
    assert b"Subject: drm/foo: keep the count\nDate: Thu, 1 Feb 2024" in info.stdout
    assert "Why." in (tmp_path / "m").read_text()
    assert "More." in (tmp_path / "m").read_text()


def test_unidiff_agrees() -> None:
    """A reader that is not ours sees the same lines in a clean patch."""
    theirs = PatchSet(DIFF)
    assert [x.line_type + x.value.rstrip("\n") for f in theirs for h in f for x in h] == lines(
        one(DIFF)
    )


@settings(max_examples=100, deadline=None)
@given(patches().filter(lambda p: p.changes))
def test_what_is_written_reads_the_same(patch: Patch) -> None:
    """A patch that is written out and read again is the same."""
    again = one(mail_of(patch))
    assert (again.author, again.date, again.subject, again.message, again.position) == (
        *(patch.author, patch.date, patch.subject, patch.message, patch.position),
    )
    assert not again.problems
    for ours, theirs in zip(patch.changes, again.changes, strict=True):
        assert (ours.path, ours.old_mode, ours.new_mode, ours.blobs) == (
            *(theirs.path, theirs.old_mode, theirs.new_mode, theirs.blobs),
        )
        assert [h.header for h in ours.hunks] == [h.header for h in theirs.hunks]
        assert [lines_of(h.lines) for h in ours.hunks] == [lines_of(h.lines) for h in theirs.hunks]


def lines_of(found: tuple) -> list[tuple[LineKind, str, bool]]:
    """Return lines without their places in the input."""
    return [(x.kind, x.text, x.is_unended) for x in found]


_PIECES = st.sampled_from(
    [
        *(
            b"diff --git a/x b/x\n",
            b"--- a/x\n",
            b"+++ b/x\n",
            b"@@ -1,3 +1,4 @@\n",
            b"> ",
            b">> ",
            b"\n",
        ),
        *(
            b"+a\n",
            b"-b\n",
            b" c\n",
            b"\\ No newline\n",
            b"From x\n",
            b"Subject: y\n",
            b"\n\n",
            b"\r\n",
            b"---\n",
        ),
        *(
            b"Content-Type: multipart/mixed; boundary=b\n",
            b"--b\n",
            b"@@ -1,9999999 +1 @@\n",
            b"wrote:\n",
            b"\xff\0",
        ),
        *(
            b"Content-Transfer-Encoding: base64\n",
            b"Content-Type: text/plain; charset=utf-7; format=flowed\n",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.binary(max_size=20)), max_size=60).map(b"".join))
def test_any_bytes(data: bytes) -> None:
    """Whatever arrives is patches or an error, soon."""
    start = time.monotonic()
    try:
        found = parse(data, "x")
    except TreeError:
        found = []
    for patch in found:
        mail_of(patch)
        for change in patch.changes:
            for hunk in change.hunks:
                assert hunk.problem or (len(hunk.before), len(hunk.after)) == (
                    hunk.old_count,
                    hunk.new_count,
                )
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "piece",
    [
        b"> " * 5000 + b"\n",
        b"@@ -1,9 +1,9 @@\n",
        b"+a\nb\n",
        b"From x y\nA: b\n",
        b"wrote:\n",
        b"a | b => {\n",
        b"<" * 50 + b"\n",
        b" \n\n",
        b"(" * 100,
    ],
)
def test_hostile_input_takes_no_time(piece: bytes) -> None:
    """Long inputs of one piece, behind a head that makes them lines of a hunk, are bounded."""
    start = time.monotonic()
    head = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,50000 +1,60000 @@ x\n"
    for data in (head + piece * (300_000 // len(piece)), piece * (300_000 // len(piece)) + head):
        with contextlib.suppress(TreeError):
            parse(data, "x")
    assert time.monotonic() - start < 20


def test_large_mailbox_is_chosen_from_in_no_time() -> None:
    """Each mail is asked for its newer versions and for its twins, not each pair of mails."""
    found = [
        Sent(Patch("x"), Subject(f"foo {i % 9000}", (i % 9, 9), 1 + i // 9000, False), "a", is_old)
        for is_old in (False, True)
        for i in range(10_000)
    ]
    start = time.monotonic()
    patches = chosen(found, [])
    assert time.monotonic() - start < 5
    assert len(patches) == 1000


def test_broken_base64_is_named() -> None:
    """It is not said that a mail has no patch, or has all of one, where nobody can know."""
    sent = base64.encodebytes(BODY)
    with pytest.raises(TreeError, match=r"base64 is broken") as e:
        parse(_mime(sent[:203], "base64"), "x")
    assert "x:8" in str(e.value)
    patch = one(_mime(sent + b"___\nA list <a@example.org>\n", "base64"))
    assert any("base64" in p.what for p in patch.problems)
    assert not one(_mime(sent, "base64")).problems


def _attached(*bodies: str) -> bytes:
    head = "From: a@example.org\nSubject: x\nMIME-Version: 1.0\n"
    parts = "".join(f"--b\nContent-Type: text/x-patch\n\n{b}\n" for b in bodies)
    return f"{head}Content-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n".encode()


def test_attachments_that_begin_alike_stand_at_their_own_lines() -> None:
    """Each is looked for behind the one before it."""
    long = DIFF.replace("int ret;", "int ret; /* " + "long " * 100 + "*/")
    mail = _attached(long, long)
    heads = [i for i, x in enumerate(mail.decode().split("\n"), 1) if x.startswith("diff --git")]
    assert [p.changes[0].at for p in parse(mail, "x")] == heads


def test_too_many_attachments_are_told() -> None:
    """A mail has as many parts as its sender likes."""
    start = time.monotonic()
    patch = one(_attached(DIFF, *("=41 \xe4" for _ in range(10_000))))
    assert any("1000 parts" in p.what for p in patch.problems)
    assert time.monotonic() - start < 10
