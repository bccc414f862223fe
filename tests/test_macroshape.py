# SPDX-License-Identifier: GPL-2.0-only
"""What macros do with their arguments, and the names that they make."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport.catalog.filescan import scan
from lpae_backport.needs.macroshape import Shape, Shapes, calls
from lpae_backport.needs.meaning import MacroText, macro_text, tokens


def shapes(text: str) -> Shapes:
    """Return the shapes of the macros of a text."""
    data = text.encode()
    found: dict[str, MacroText] = {}
    for d in scan(data).definitions:
        found.setdefault(d.name, macro_text(data[d.start : d.end]))
    return Shapes(found.get)


def shape(text: str, name: str = "M") -> Shape:
    """Return the shape of one macro."""
    found = shapes(text).of(name)
    assert found is not None
    return found


FIELDS = {
    "#define M(p, f) ((p)->f)": {1: ("pointer", 0)},
    "#define M(p, f) (p->f)": {1: ("pointer", 0)},
    "#define M(f, p) ((p).f)": {0: ("pointer", 1)},
    "#define M(p) ((p)->f)": {},
    "#define M(t, f) (((t *)0)->f)": {1: ("type", 0)},
    "#define M(t, f) offsetof(t, f)": {1: ("type", 0)},
    "#define M(x, t, f) container_of(x, t, f)": {2: ("type", 1)},
    "#define M(x, p, f) container_of(x, typeof(*p), f)": {2: ("pointer", 1)},
    "#define M(x, p, f) container_of((x), typeof(*(p)), f)": {2: ("pointer", 1)},
    "#define N(a, b) ((a)->b)\n#define M(p, f) N(p, f)": {1: ("pointer", 0)},
    "#define N(a, b) ((a)->b)\n#define O(a, b) N(b, a)\n#define M(p, f) O(f, p)": {
        1: ("pointer", 0)
    },
    "#define M(p, h, f) for (p = (h); p; p = p->f)": {2: ("pointer", 0)},
    "#define M(p, f) (p)->f##_x": {},
}


@pytest.mark.parametrize("text", FIELDS)
def test_fields(text: str) -> None:
    """An argument behind an arrow or a dot is a field of another argument."""
    assert shape(text).fields == FIELDS[text]


PASTED = {
    "#define M(a) do_##a()": {0: (("do_", ""),)},
    "#define M(a) a##_done()": {0: (("", "_done"),)},
    "#define M(a) do_##a##_it()": {0: (("do_", "_it"),)},
    "#define M(a) one_##a(); two_##a()": {0: (("one_", ""), ("two_", ""))},
    "#define N(x) do_##x()\n#define M(a) N(a)": {0: (("do_", ""),)},
    "#define N(x, y...) do_##y()\n#define M(a...) N(1, a)": {0: (("do_", ""),)},
    "#define M(a, b) a##b": {},
    "#define M(a) a": {},
}


@pytest.mark.parametrize("text", PASTED)
def test_pasted(text: str) -> None:
    """An argument that is glued to other words makes a name."""
    assert shape(text).pasted == PASTED[text]


def test_quoted_and_declared() -> None:
    """An argument may become text, or the name of something."""
    assert shape("#define M(a, b) #a b").quoted == {0}
    assert shape("#define N(x) #x\n#define M(a, b) N(b)").quoted == {1}
    assert shape("#define M(a) struct s a").declared == {0}
    assert shape("#define M(a, b) struct s *a = b").declared == {0}
    assert shape("#define M(t, a) t a[3]").declared == {1}
    assert shape("#define M(a) return a").declared == frozenset()
    assert shape("#define M(a) f(a)").declared == frozenset()


def test_what_is_no_macro_of_arguments() -> None:
    """Object-like macros and functions have no shape; those every kernel has, have one."""
    known = shapes("#define M 1\n")
    assert known.of("M") is None
    assert known.of("f") is None
    offset = known.of("offsetof")
    assert offset is not None
    assert offset.fields == {1: ("type", 0)}


def test_macros_that_call_themselves_end() -> None:
    """Rounds of calls, and chains that are long, come to an end."""
    rounds = "#define M(a, b) N(a, b) + ((a)->b)\n#define N(a, b) M(a, b)\n"
    assert shape(rounds).fields == {1: ("pointer", 0)}
    chain = "".join(f"#define M{i}(a, b) M{i + 1}(a, b) M{i + 1}(b, a)\n" for i in range(60))
    assert shape(chain + "#define M60(a, b) ((a)->b)\n", "M0") is not None


def test_calls() -> None:
    """The calls in a text, with the tokens of their arguments."""
    assert calls(tokens("f(a, g(b, c)[1, 2], {d, e}) h")) == [
        (
            "f",
            [
                ("a",),
                ("g", "(", "b", ",", "c", ")", "[", "1", ",", "2", "]"),
                ("{", "d", ",", "e", "}"),
            ],
        ),
        ("g", [("b",), ("c",)]),
    ]
    assert calls(tokens("f(")) == [("f", [()])]
    assert calls(()) == []


@given(
    st.lists(
        st.sampled_from(
            ["M(", "N(", "a", "b", ")", ",", "##", "#", "->", ".", "(", "{", "typeof("]
        ),
        max_size=25,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_text_of_a_macro(words: list[str]) -> None:
    """Whatever stands in a macro, what is told of its arguments is of its arguments."""
    text = " ".join(words)
    found = shape(f"#define M(a, b) {text}\n#define N(a, b...) {text}\n")
    assert {*found.pasted, *found.quoted, *found.declared, *found.fields} <= {0, 1, 2, 3, 4, 5, 6}
    assert all(at in (0, 1) for _, at in found.fields.values())
