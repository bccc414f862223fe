# SPDX-License-Identifier: GPL-2.0-only
"""The rest of a wrapped line, without quoting, is told from a remark, or the doubt is told."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport.errors import TreeError
from lpae_backport.filetree import MemoryTree
from lpae_backport.mailpatch.model import Hunk, Patch
from lpae_backport.mailpatch.reading import parse
from tests.test_mailpatch_mangled import Mangling, body_of, mangled, patches, told

HEAD = "> diff --git a/a.c b/a.c\n> --- a/a.c\n> +++ b/a.c\n"
WIDE = "\tfoo_register_with_the_core(foo, dev, FOO_MANY_FLAGS | FOO_MORE,"
"""Together with its last word, too wide for a mailer."""


def hunk_of(text: str, tree: MemoryTree | None = None) -> Hunk:
    """Return the one hunk in a text."""
    (patch,) = parse(text.encode(), "x", tree)
    return patch.changes[0].hunks[0]


def shown(hunk: Hunk) -> list[str]:
    """Return the lines of a hunk with their marks, white space folded."""
    return [f"{x.kind.value}{' '.join(x.text.split())}" for x in hunk.lines]


def says(hunk: Hunk, word: str) -> bool:
    """Tell whether a repair of a hunk has a word in it."""
    return any(word in r.what for r in hunk.repairs)


JOINED = "+foo_register_with_the_core(foo, dev, FOO_MANY_FLAGS | FOO_MORE, FOO_LAST);"


@pytest.mark.parametrize("quote", ["", "> ", "> > "])
def test_rest_quoted_less_deep_is_joined_and_told(quote: str) -> None:
    """The mailer that wrapped may have been any of those that quoted."""
    head = "".join(f"{quote}{line}\n" for line in HEAD.splitlines())
    text = f"{head}{quote}> @@ -1,2 +1,3 @@\n{quote}>  int a;\n{quote}> +{WIDE}\n"
    hunk = hunk_of(f"{text}{quote}FOO_LAST);\n{quote}>  int b;\n")
    assert shown(hunk) == [" int a;", JOINED, " int b;"]
    assert not hunk.problem
    assert says(hunk, "not quoted")


def test_rest_at_the_end_is_no_remark() -> None:
    """Behind the last line of a hunk the counts are full: the rest of it is not dropped."""
    text = f"{HEAD}> @@ -1 +1,2 @@\n>  int a;\n> +{WIDE}\nFOO_LAST);\n"
    hunk = hunk_of(text)
    assert JOINED in shown(hunk) or hunk.problem


def test_rest_within_a_comment() -> None:
    """In a comment the rest of a line is of words."""
    lines = ["+\t/*", "+\t * The reset that is asked for is done in any of the modes that"]
    text = f"{HEAD}> @@ -1 +1,4 @@\n>  int a;\n> {lines[0]}\n> {lines[1]}\nreboot_mode.\n> +\t */\n"
    hunk = hunk_of(f"{text}> +\tint c;\n".replace("+1,4", "+1,5"))
    assert "+* The reset that is asked for is done in any of the modes that reboot_mode." in shown(
        hunk
    )
    assert says(hunk, "not quoted")


def test_remark_behind_a_wide_line() -> None:
    """A sentence is no code; it is told that it may be the rest of a comment."""
    text = f"{HEAD}> @@ -1,2 +1,3 @@\n>  int a;\n> +{WIDE}\nGood catch.\n>  int b;\n"
    hunk = hunk_of(text)
    assert not any("Good" in x for x in shown(hunk))
    assert hunk.problem


def test_remark_behind_a_narrow_line() -> None:
    """What is narrow was not wrapped."""
    text = f"{HEAD}> @@ -1,2 +1,3 @@\n>  int a;\n> +\tfoo(bar);\nWhy is that?\n>  int b;\n"
    hunk = hunk_of(text)
    assert shown(hunk) == [" int a;", "+foo(bar);", " int b;"]
    assert not hunk.problem
    assert not hunk.repairs


def test_mail_with_wider_lines_was_not_wrapped() -> None:
    """Where a line stands that is wider still, and could be broken, nobody broke the others."""
    wide = "+#define FOO(a, b) " + " + ".join(f"a{i}" for i in range(20))
    text = (
        f"{HEAD}> @@ -1,2 +1,4 @@\n>  int a;\n> +{WIDE}\nfoo_bar(), really\n> {wide}\n>  int b;\n"
    )
    hunk = hunk_of(text)
    assert shown(hunk)[1] == "+" + " ".join(WIDE.split())
    assert not hunk.problem


def test_tree_tells_a_rest_from_a_remark() -> None:
    """What the tree has in one line was one; a line that it has as it stands is whole."""
    before = "\t * of all the things that may be done here, that one is the one"
    text = f"{HEAD}> @@ -1,3 +1,4 @@\n>  int a;\n>  {before}\nHere it is.\n> +int c;\n>  int b;\n"
    joined = MemoryTree({"a.c": f"int a;\n{before} Here it is.\nint b;\n".encode()})
    hunk = hunk_of(text, joined)
    assert not hunk.problem
    assert shown(hunk)[1].endswith("the one Here it is.")
    alone = MemoryTree({"a.c": f"int a;\n{before}\nint b;\n".encode()})
    hunk = hunk_of(text, alone)
    assert not hunk.problem
    assert shown(hunk)[1].endswith("the one")


def test_attachment_beside_text_that_is_not_ascii() -> None:
    """An attachment is decoded whatever the words beside it are."""
    diff = "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a =3D 1;=20\n+a =3D 2;\n"
    kind = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding:"
    mail = (
        "From: a@example.org\nSubject: x\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\n{kind} 8bit\n\nGrüße\n\n"
        f"--b\n{kind} quoted-printable\n\n{diff}--b--\n"
    )
    hunk = hunk_of(mail)
    assert [x.text for x in hunk.lines] == ["a = 1; ", "a = 2;"]
    assert hunk.lines[0].at == 20


def test_flowed_line_that_the_tree_has_too() -> None:
    """A line with a space at its end was broken there, though the tree has such a line as well."""
    long = "\t * what is said here takes so many columns that it is broken and called"
    head = "From: a@example.org\nSubject: x\nContent-Type: text/plain; format=flowed\n\n"
    diff = f"diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1,3 +1,2 @@\n  int a;\n-{long} \nbefore\n  int b;\n"
    tree = MemoryTree({"a.c": f"int a;\n{long}\nint b;\n".encode()})
    hunk = hunk_of(head + diff, tree)
    assert not hunk.problem
    assert shown(hunk)[1].endswith("called before")


def test_long_rewrite_is_made_out() -> None:
    """A file rewritten as a whole comes back, though half of its lines are wrapped."""
    old = [
        f"-\tfoo_set(dev, FOO_REGISTER_{i}, FOO_VALUE_OF_IT_{i}, /* as it was */ {i}, 0);"
        for i in range(700)
    ]
    new = [
        f"+\tfoo_put(dev, FOO_REGISTER_{i}, FOO_VALUE_OF_IT_{i}, /* as it is */ {i}, {i} - 1);"
        for i in range(700)
    ]
    lines = [HEAD.replace("> ", ""), "@@ -1,700 +1,700 @@\n"]
    lines += [f"{x}\n" for pair in zip(old, new, strict=True) for x in pair]
    how = Mangling(2, width=76, keeps=False, trailing=True)
    start = time.perf_counter()
    hunk = hunk_of(mangled("".join(lines), how))
    assert not hunk.problem
    assert len(hunk.lines) == 1400
    assert time.perf_counter() - start < 5


def _is_told(hunk: Hunk) -> bool:
    return bool(hunk.problem) or says(hunk, "remark")


@settings(max_examples=100, deadline=None)
@given(
    patches().filter(lambda p: p.changes),
    st.integers(1, 4),
    st.sampled_from((72, 76, 80)),
    st.booleans(),
    st.sampled_from(("keep", "stops", "4", "8")),
    st.integers(0, 3),
    st.integers(0, 1000),
)
def test_no_word_is_lost_in_silence(
    patch: Patch, depth: int, width: int, keeps: bool, tabs: str, remarks: int, seed: int
) -> None:
    """Wrapped behind its quoting, a hunk comes back, or it is said that it may not have."""
    how = Mangling(depth, "loose", width, keeps, tabs, remarks=remarks, bare=True)
    (after,) = parse(mangled(body_of(patch), how, seed).encode(), "x")
    theirs = {c.path: c for c in after.changes}
    for change in patch.changes:
        for hunk, other in zip(change.hunks, theirs[change.path].hunks, strict=True):
            assert told(hunk) == told(other) or _is_told(other)


@pytest.mark.parametrize("quote", ["> ", ">> "])
def test_lone_backslash_is_the_rest_of_a_macro(quote: str) -> None:
    """It is not the note that a file ends without a newline."""
    macro = "+#define FOO_SET(_id, _lut, _list, _seq, _switch, _margin_id, _xy)"
    text = f"{HEAD}> @@ -1,2 +1,4 @@\n>  int a;\n> {macro}\n> \\\n> +\tfoo(_id)\n>  int b;\n"
    hunk = hunk_of(text.replace("> ", quote))
    assert shown(hunk) == [" int a;", f"{macro} \\", "+foo(_id)", " int b;"]
    assert not hunk.problem


def test_rest_that_looks_marked_is_no_line_that_displaces_another() -> None:
    """A rest may begin with a minus: the line that has no place in the counts then is missed."""
    long = "-\tfoo->xfer.ret = foo_is_complete(foo, bar) ? foo->xfer.length_of_it :"
    lines = ["int a;", "", "Why?", "", "> -\tint c;", f"> {long}", "> -ECMDSPLIT;", ">  int b;"]
    text = f"{HEAD}> @@ -1,4 +1,2 @@\n>  " + "\n".join(lines) + "\n"
    hunk = hunk_of(text)
    assert shown(hunk) == [
        " int a;",
        "-int c;",
        f"-{' '.join(long[1:].split())} -ECMDSPLIT;",
        " int b;",
    ]
    assert not hunk.problem


@pytest.mark.parametrize("marks", ["RC> ", " RC> ", "> RC> ", "RC> AB> ", "RC>AB> "])
def test_quoting_with_initials(marks: str) -> None:
    """Some mailers put initials before the mark of quoting."""
    lines = ["diff --git a/a.c b/a.c", "--- a/a.c", "+++ b/a.c", "@@ -1,2 +1,2 @@"]
    lines += [" int a;", "-int b;", "+RC> x;"]
    text = "Ray wrote:\n" + "".join(f"{marks}{x}\n" for x in lines) + "\nWhy?\n"
    (patch,) = parse(text.encode(), "x")
    hunk = patch.changes[0].hunks[0]
    assert [x.text for x in hunk.lines] == ["int a;", "int b;", "RC> x;"]
    assert not hunk.problem
    assert [c.text for c in patch.comments][-1] == "Why?"


def test_remark_behind_a_header_leaves_the_hunk_whole() -> None:
    """No line of the hunk is in doubt, whatever the section was."""
    section = "static int foo_register_with_the_core(struct foo *foo, int a)"
    text = f"{HEAD}> @@ -1,2 +1,3 @@ {section}\nReviewed with this fixed.\n>  int a;\n> +int c;\n"
    hunk = hunk_of(f"{text}>  int b;\n")
    assert shown(hunk) == [" int a;", "+int c;", " int b;"]
    assert not hunk.problem
    assert says(hunk, "remark")


@pytest.mark.parametrize("data", [b"From ", b"From x", b"\nFrom "])
def test_half_a_line_of_a_mailbox(data: bytes) -> None:
    """What begins like a mailbox and ends at once is no patch."""
    with pytest.raises(TreeError):
        parse(data, "x")


def test_quoted_printable_that_nothing_tells_of() -> None:
    """A page shows a mail as it was sent: no equals sign stands there that is none of a code."""
    text = f"{HEAD}@@ -1,2 +1,2 @@\n int a;\n-int b =3D f(x,=20\n+int b =3D f(x, =\ny, z);\n"
    hunk = hunk_of(text.replace("> ", ""))
    assert [x.text for x in hunk.lines] == ["int a;", "int b = f(x, ", "int b = f(x, y, z);"]
    assert [x.at for x in hunk.lines] == [5, 6, 7]
    hunk = hunk_of(text.replace("> ", "").replace("int a;", "int a = 0x3D, b=3D;"))
    assert hunk.lines[1].text == "int b =3D f(x,=20"


@pytest.mark.parametrize(
    "line",
    [
        "     void            *i_private; /* fs or device private\npointer */",
        " #define to_foo(d) \ncontainer_of(to_the_common_driver_of(d),                \\",
    ],
)
def test_tabs_that_became_spaces_were_wider(line: str) -> None:
    """How wide a line was when it was wrapped cannot be told from what its tabs became."""
    lines = [" int a;", *line.split("\n"), "+int b;", " int c;"]
    quoted = "".join(f"{'' if i == 2 else '> '}{x}\n" for i, x in enumerate(lines))
    hunk = hunk_of(f"{HEAD}> @@ -1,3 +1,4 @@\n{quoted}")
    assert hunk.problem or says(hunk, "remark")


@pytest.mark.parametrize("last", ["+", "+0)", "+1"])
def test_line_behind_a_remark_is_not_left_out(last: str) -> None:
    """A rest that looks like a line fills the counts; what has no place then is told."""
    wide = " \tret = foo_is_ready(foo, FOO_ALL_FLAGS) && foo_is_there(foo, FOO_ANY)"
    diff = HEAD.replace("> ", "") + f"@@ -1 +1,2 @@\n{wide}\n+ ret\n\nWhy?\n\n{last}\n-- \n"
    assert hunk_of(diff).problem


def test_vote_among_empty_lines() -> None:
    """Where nothing is quoted, ``+1`` by itself may be either: it is told."""
    diff = HEAD.replace("> ", "") + "@@ -1,3 +1,4 @@\n int a;\n\n+1\n\n\n-- \n"
    assert hunk_of(diff).problem


@pytest.mark.parametrize("tree", [None, MemoryTree({"a.c": b"int a;\nint b;\nint d;\n"})])
def test_reading_that_is_taken_is_the_one_that_is_judged(tree: MemoryTree | None) -> None:
    """Of two that are as likely, the shorter one is not taken without a word, tree or not."""
    diff = HEAD.replace("> ", "") + "@@ -1,4 +1,3 @@\n int a;\n-int b;\n\n+1\n\n\n\n\n-- \n"
    assert hunk_of(diff, tree).problem


def test_many_doubts_take_no_time() -> None:
    """Each wide line behind a wide line of a hunk may be its rest: all are told, at once."""
    words = "Very long sentences are a thing, and this one is of that kind as well I think.\n"
    start = time.process_time()
    hunk = hunk_of(f"{HEAD}> @@ -1 +1,2 @@\n>  int a;\n> +{WIDE}\n{words * 60_000}")
    assert time.process_time() - start < 10
    assert sum("remark" in r.what for r in hunk.repairs) == 60_000


def test_sentence_is_no_line_that_lost_its_mark() -> None:
    """An empty line is left over for the counts: it is dearer to take a remark for code."""
    diff = HEAD.replace("> ", "") + "@@ -1,3 +1,3 @@\n-int a;\n+int b;\n\n\n"
    hunk = hunk_of(f"{diff}Nit: spaces.\n\nOtherwise fine.\n\n\n-- \n")
    assert hunk.problem or shown(hunk) == ["-int a;", "+int b;", " ", " "]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_quoted_printable_that_nothing_names_with_other_line_ends(end: str) -> None:
    """A line that was broken is one again, and keeps its number, whatever lines end in."""
    diff = "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-int a =3D f(x, =\ny);\n+int a =3D 2;\n"
    text = f"Words.\r\n{diff.replace(chr(10), end)}"
    (patch,) = parse(text.encode(), "test")
    lines = patch.changes[0].hunks[0].lines
    assert [x.text for x in lines] == ["int a = f(x, y);", "int a = 2;"]
