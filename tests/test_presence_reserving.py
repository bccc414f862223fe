# SPDX-License-Identifier: GPL-2.0-only
"""Several hunks of one file that look alike: each has a place of its own, or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.patches import diff, patch, verdict

FLUSH = "\ttoy_flush(toy);\n"
SICK = "\t\t\tmark_sick(toy);\n"


def _functions(names: str, lines: str) -> str:
    return "\n".join(
        f"static int toy_{n}(struct toy *toy)\n{{\n\tint err;\n\n\terr = toy_get(toy);\n"
        f"\tif (err)\n\t\treturn err;\n\n\ttoy_lock(toy);\n\ttoy_set(toy);\n{lines}"
        f"\ttoy_unlock(toy);\n\ttoy_put(toy);\n\n\treturn 0;\n}}\n"
        for n in names
    )


def _cases(lines: str, count: int = 4) -> str:
    cases = "".join(
        f"\tcase {n}:\n\t\ttrace(toy, {n});\n\t\terr = toy_insert(toy, &i);\n\t\tif (err)\n"
        f"\t\t\tgoto done;\n\t\tif (TOY_BAD(i != 1)) {{\n{lines}\t\t\terr = -EIO;\n"
        "\t\t\tgoto done;\n\t\t}\n\t\tbreak;\n\n"
        for n in range(count)
    )
    return f"int toy_conv(struct toy *toy, int s)\n{{\n\tint err, i;\n\n\tswitch (s) {{\n{cases}\t}}\ndone:\n\treturn err;\n}}\n"


def _statuses(before: str, after: str, now: str) -> list[str]:
    made = patch(diff(before, after))
    return [h.status.value for h in verdict(made, now).files[0].hunks]


@pytest.mark.parametrize(("names", "gone"), [("ab", 0), ("abc", 0), ("abc", 1), ("abcd", 2)])
def test_a_function_that_is_gone_has_not_its_sisters_lines(names: str, gone: int) -> None:
    """The lines of one function are evidence for one hunk."""
    now = _functions(names.replace(names[gone], ""), FLUSH)
    found = _statuses(_functions(names, ""), _functions(names, FLUSH), now)
    assert found[gone] not in ("applied", "applicable")
    assert [s for i, s in enumerate(found) if i != gone] == ["applied"] * (len(names) - 1)


@pytest.mark.parametrize("lacks", range(4))
@pytest.mark.parametrize("instead", ["", "\t\t\tmark_sick(other);\n"])
def test_one_of_several_cases_lacks_what_the_others_have(lacks: int, instead: str) -> None:
    """Its hunk is not told by the case beside it."""
    before, after = _cases(""), _cases(SICK)
    cases = after.split(SICK)
    now = cases[0]
    for i, rest in enumerate(cases[1:]):
        now += (instead if i == lacks else SICK) + rest
    if not instead:
        at = now.index("-EIO", now.index(f"trace(toy, {lacks})"))
        now = now[:at] + "-EINVAL" + now[at + 4 :]
    found = _statuses(before, after, now)
    assert found[lacks] != "applied"
    assert [s for i, s in enumerate(found) if i != lacks] == ["applied"] * 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=7), st.integers(0, 9))
def test_each_case_is_told_by_itself(done: list[bool], lines_above: int) -> None:
    """Whatever is in, and however far down: what is in is applied, what is not applies."""
    before, after = _cases("", len(done)), _cases(SICK, len(done))
    cases = after.split(SICK)
    now = "int toys;\n" * lines_above + cases[0]
    for is_in, rest in zip(done, cases[1:], strict=True):
        now += SICK * is_in + rest
    told = ["applied" if is_in else "applicable" for is_in in done]
    assert _statuses(before, after, now) == told
