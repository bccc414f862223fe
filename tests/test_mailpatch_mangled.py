# SPDX-License-Identifier: GPL-2.0-only
"""Patches that a mailer or an archive has been through come back, or it is told that they do not."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport.mailpatch.model import FileChange, Hunk, Line, LineKind, Patch
from lpae_backport.mailpatch.reading import parse
from lpae_backport.mailpatch.written import mail_of


@dataclass(frozen=True)
class Mangling:
    """What happens to a mail, drawn from a seed.

    Attributes:
        depth: how deep it is quoted.
        style: what a line is quoted by: ``> > ``, ``>> ``, or either.
        width: where lines are wrapped; 0 for nowhere.
        keeps: whether the space that a line is wrapped at stays behind it.
        tabs: what becomes of tabs: ``keep``, ``stops``, or how many spaces.
        trailing: whether white space at the end of lines is lost.
        remarks: how many remarks are written in between.
        bare: whether lines are wrapped behind their quoting, so that the rest has none.
    """

    depth: int
    style: str = "tight"
    width: int = 0
    keeps: bool = True
    tabs: str = "keep"
    trailing: bool = False
    remarks: int = 0
    bare: bool = False


def mangled(text: str, how: Mangling, seed: int = 0) -> str:
    """Return the body of a mail as it comes back from a reviewer, by way of an archive."""
    rnd = random.Random(seed)
    out: list[str] = []
    lines = text.rstrip("\n").split("\n")
    inside = list(_hunk_lines(lines))
    places = set(rnd.sample(inside, min(how.remarks, len(inside))))
    for i, line in enumerate(lines):
        for j, piece in enumerate(_wrapped(line, how.width, how.keeps) if how.width else [line]):
            prefix = "" if how.bare and j else _prefix(how, rnd)
            shown = prefix + piece
            if how.tabs == "stops":
                shown = shown.expandtabs(8)
            elif how.tabs != "keep":
                shown = shown.replace("\t", " " * int(how.tabs))
            out.append(shown.rstrip(" ") if how.trailing else shown)
        if i in places:
            out += ["", rnd.choice(_REMARKS), ""]
    return "\n".join(out) + "\n"


def _hunk_lines(lines: list[str]) -> Iterator[int]:
    """Yield the lines within hunks: nobody writes in between the lines of a head."""
    is_inside = False
    for i, line in enumerate(lines):
        is_inside = (is_inside or line.startswith("@@ ")) and not line.startswith("diff --git")
        if is_inside and line != "-- ":
            yield i


_REMARKS = (
    "This looks wrong to me.",
    "Why not use the other one here?",
    "- why?\n- is that needed?",
    "+1",
    "Nit: spaces.\n\nOtherwise fine.",
)


def _prefix(how: Mangling, rnd: random.Random) -> str:
    if not how.depth:
        return ""
    if how.style == "tight":
        return ">" * how.depth + " "
    if how.style == "loose":
        return "> " * how.depth
    return "".join(rnd.choice((">", "> ")) for _ in range(how.depth - 1)) + "> "


def _wrapped(line: str, width: int, keeps: bool) -> list[str]:
    """Break a line at its spaces as mailers do: never within its indentation."""
    pieces = []
    while len(line) > width:
        start = len(line) - len(line[1:].lstrip()) + 1
        cut = line.rfind(" ", start, width)
        if cut < 0:
            cut = line.find(" ", max(start, width))
        if cut < 0 or not line[cut:].strip():
            break
        pieces.append(line[: cut + 1] if keeps else line[:cut])
        line = line[cut + 1 :]
    return [*pieces, line]


def body_of(patch: Patch) -> str:
    """Return what stands below the head of a patch's mail."""
    return mail_of(patch).decode("utf-8", "surrogateescape").split("\n\n", 1)[1]


def compared(before: Patch, after: Patch) -> list[str]:
    """Return what is wrong with a patch that came back, and was not told."""
    theirs = {c.path: c for c in after.changes}
    wrong = []
    for change in before.changes:
        other = theirs.get(change.path)
        if other is None:
            wrong.append(f"{change.path} is lost")
            continue
        for i, hunk in enumerate(change.hunks):
            if i >= len(other.hunks):
                wrong.append(f"{change.path}: hunk {i} is lost")
            elif not other.hunks[i].problem and told(hunk) != told(other.hunks[i]):
                wrong.append(f"{change.path}: hunk {i} is another")
    return wrong


def told(hunk: Hunk) -> list[tuple[LineKind, str]]:
    """Return the lines of a hunk, white space aside."""
    return [(x.kind, "".join(x.text.split())) for x in hunk.lines]


_WORDS = st.sampled_from(
    [
        "ret",
        "=",
        "foo(bar,",
        "dev->priv);",
        "if",
        "(!ops",
        "||",
        "x",
        "<",
        "0)",
        "return",
        "-EINVAL;",
        "/*",
        "a",
        "comment",
        "*/",
        "u64",
        "size",
        "-",
        "1",
        "+",
        "2",
        "struct",
        "device",
        "*dev",
        "static",
        "int",
        "*",
        "-",
        "+",
        "}",
        "{",
        "some_long_function_name(with_argument,",
        "and_another)",
    ]
)
_TEXTS = st.builds(
    lambda indent, words: "\t" * indent + " ".join(words),
    st.integers(0, 4),
    st.lists(_WORDS, max_size=14),
).map(lambda t: t if t.strip() else "")
_LINES = st.builds(Line, st.sampled_from(LineKind), _TEXTS)


def _hunk(start: int, lines: list[Line]) -> Hunk:
    old = sum(x.kind is not LineKind.ADDED for x in lines)
    new = sum(x.kind is not LineKind.REMOVED for x in lines)
    return Hunk(
        start if old else 0, old, start if new else 0, new, "static int f(void)", tuple(lines)
    )


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    """Draw a patch of a few files."""
    changes = []
    for name in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)):
        hunks = []
        for i in range(draw(st.integers(1, 3))):
            lines = draw(st.lists(_LINES, min_size=1, max_size=12))
            if any(x.kind is not LineKind.CONTEXT for x in lines):
                hunks.append(_hunk(100 * i + 1, lines))
        if hunks:
            path = f"drivers/gpu/drm/some/long/directory/{name}/{name}.c"
            changes.append(
                FileChange(path, path, tuple(hunks), "100644", "100644", ("1234567", "89abcde"))
            )
    author, date = "A U Thor <a@example.org>", "Thu, 01 Feb 2024 10:00:00 +0000"
    return Patch(
        "x",
        author,
        date,
        "drm: a subject",
        "A message.\n\nOf two parts.",
        (1, 2),
        {},
        tuple(changes),
    )


_MANGLINGS = st.builds(
    Mangling,
    st.integers(0, 4),
    st.sampled_from(("tight", "loose", "mixed")),
    st.sampled_from((0, 72, 74, 78, 80)),
    st.booleans(),
    st.sampled_from(("keep", "stops", "4", "8")),
    st.booleans(),
    st.integers(0, 3),
)


# The same draws each time: a suite that fails by chance tells of nothing that was changed.
@settings(max_examples=400, deadline=None, derandomize=True)
@given(patches().filter(lambda p: p.changes), _MANGLINGS, st.integers(0, 1000))
def test_mangled_patch_comes_back_or_says_so(patch: Patch, how: Mangling, seed: int) -> None:
    """No hunk comes back wrong without a problem."""
    (after,) = parse(mangled(body_of(patch), how, seed).encode("utf-8", "surrogateescape"), "x")
    assert compared(patch, after) == []


def test_few_hunks_are_told_to_be_broken() -> None:
    """To say of every hunk that it may be wrong would be true, and no use."""
    seen: Counter[bool] = Counter()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(patches().filter(lambda p: p.changes), _MANGLINGS, st.integers(0, 1000))
    def draw(patch: Patch, how: Mangling, seed: int) -> None:
        (after,) = parse(mangled(body_of(patch), how, seed).encode(), "x")
        seen.update(bool(h.problem) for c in after.changes for h in c.hunks)

    draw()
    assert seen[True] * 15 < seen[False]


def test_a_word_that_may_be_a_mark_is_told() -> None:
    """Where a tab became one blank, what is removed and what is subtracted look the same."""
    path = "drivers/gpu/drm/some/long/directory/a/a.c"
    lines = (
        Line(LineKind.CONTEXT, "\t\t\t\tsome_long_function_name(with_argument,"),
        Line(LineKind.REMOVED, "\tret"),
        Line(LineKind.CONTEXT, "ret " * 7 + "some_long_function_name(with_argument, -EINVAL;"),
    )
    change = FileChange(path, path, (Hunk(1, 3, 1, 2, "static int f(void)", lines),))
    patch = Patch("x", "A <a@example.org>", "", "drm: a", "", (0, 0), {}, (change,))
    how = Mangling(3, "loose", 72, False, "stops", False, 0)
    (after,) = parse(mangled(body_of(patch), how, 0).encode(), "x")
    assert compared(patch, after) == []
