# SPDX-License-Identifier: GPL-2.0-only
"""Properties of the verdict on a patch: made code, made edits, made disguises."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport.presence.verdict import HunkStatus
from tests.patches import diff, patch, statuses, verdict

_WORDS = ("lock", "start", "stop", "check", "map", "clear", "wait", "flush")
_COMMON = ("return 0;", "if (ret)\n\t\treturn ret;", "ret = 0;", "i++;", "break;")


@st.composite
def _statement(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return draw(st.sampled_from(_COMMON))
    word, other = draw(st.sampled_from(_WORDS)), draw(st.sampled_from(_WORDS))
    if kind == 1:
        return f"toy_{word}(toy, {draw(st.integers(0, 3))});"
    if kind == 2:
        return f"ret = toy_{word}(toy->{other});"
    if kind == 3:
        return f"if (toy->{word})\n\t\ttoy_{other}(toy);"
    return f"toy->{word} = toy->{other} | {draw(st.integers(0, 3))};"


@st.composite
def _code(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    count = draw(st.integers(2, 5))
    bodies = draw(
        st.lists(st.lists(_statement(), min_size=2, max_size=9), min_size=count, max_size=count)
    )
    return [(f"toy_function_{i}", b) for i, b in enumerate(bodies)]


def _text(code: list[tuple[str, list[str]]]) -> str:
    parts = ["#include <linux/toy.h>\n"]
    for name, body in code:
        lines = "".join(f"\t{x}\n" for x in body)
        parts.append(f"static int {name}(struct toy *toy)\n{{\n{lines}}}\n")
    return "\n".join(parts)


@st.composite
def _change(draw: st.DrawFn) -> tuple[list[tuple[str, list[str]]], list[tuple[str, list[str]]]]:
    """Return code before and after; every edit brings a word that stood nowhere."""
    before = draw(_code())
    after = [(n, list(b)) for n, b in before]
    for k in range(draw(st.integers(1, 3))):
        body = draw(st.sampled_from(after))[1]
        at = draw(st.integers(0, len(body) - 1))
        fresh = f"toy_fresh_{k}({draw(_statement())[:-1].split('(')[-1].rstrip(')') or 0});"
        fresh = re.sub(r"[^\w();|> =,-]", "", fresh)
        if draw(st.booleans()):
            body[at] = fresh
        else:
            body.insert(at, fresh)
    return before, after


def _spaced(text: str) -> str:
    return re.sub(r"^\t+", lambda m: "    " * len(m[0]), text, flags=re.MULTILINE)


def _commented(text: str) -> str:
    return re.sub(r";\n", "; /* so it is */\n", text)


@settings(max_examples=120, deadline=None)
@given(_change())
def test_after_is_applied_and_before_is_not(pair) -> None:
    """A patch is in the file after, in whatever indentation, and not in the file before."""
    before, after = map(_text, pair)
    made = patch(diff(before, after))
    for change in (str, _spaced, _commented):
        assert set(statuses(verdict(made, change(after)))) == {"applied"}
        assert "applied" not in statuses(verdict(made, change(before)))


@settings(max_examples=120, deadline=None)
@given(_change(), st.randoms(use_true_random=False))
def test_moved_functions(pair, random) -> None:
    """Functions that stand in another order make nothing applied that is not."""
    before, after = pair
    made = patch(diff(_text(before), _text(after)))
    order = list(range(len(before)))
    random.shuffle(order)
    old = _text([before[i] for i in order])
    assert "applied" not in statuses(verdict(made, old))
    new = verdict(made, _text([after[i] for i in order]))
    assert new.status in (HunkStatus.APPLIED, HunkStatus.PARTLY, HunkStatus.CONFLICTS)


@settings(max_examples=150, deadline=None)
@given(_change(), st.data())
def test_nothing_half_done_is_applied(pair, data) -> None:
    """Where one fresh line is undone, its hunk is not applied."""
    before, after = map(_text, pair)
    made = patch(diff(before, after))
    fresh = sorted(set(re.findall(r"toy_fresh_\d", after)))
    word = data.draw(st.sampled_from(fresh))
    change = data.draw(st.sampled_from(["drop", "rename", "comment"]))
    lines = after.split("\n")
    for i, line in enumerate(lines):
        if word in line:
            lines[i] = {
                "drop": "",
                "rename": line.replace(word, "toy_other"),
                "comment": f"\t/* {line.strip()} */",
            }[change]
    for text in ("\n".join(lines), _spaced("\n".join(lines))):
        found = verdict(made, text)
        for h in found.files[0].hunks:
            if any(word in x.text for x in h.hunk.lines):
                assert h.status is not HunkStatus.APPLIED


@settings(max_examples=60, deadline=None)
@given(_change(), st.text(alphabet="toy_fresh(){};/*\"'\\#if 0\n\t", max_size=300))
def test_any_text_has_a_verdict(pair, text) -> None:
    """Whatever stands in the file, there is a verdict, and an empty file has nothing."""
    before, after = map(_text, pair)
    made = patch(diff(before, after))
    assert all(s != "applied" for s in statuses(verdict(made, text)))
