# SPDX-License-Identifier: GPL-2.0-only
"""What a drafted pack does not tell: each thing once, with the true reason."""

import pytest

from lpae_backport.learning import teaching
from lpae_backport.learning.lesson import Lesson
from tests.test_learn import _BASE, _FILE, _change, _learned


def _whys(lesson: Lesson) -> dict[str, str]:
    whats = [g.what for g in lesson.gaps]
    assert len(whats) == len(set(whats))
    return {g.what: g.why for g in lesson.gaps}


def test_more_than_a_pack_holds() -> None:
    """What is left out for its number says so."""
    names = [f"demo_{i:02}" for i in range(50)]
    before = "".join(f"int {n}(int a)\n{{\n\treturn a;\n}}\n\n" for n in names)
    after = before.replace("\treturn a;", "\tdemo_flush(a);\n\treturn a;")
    lesson = _learned({_FILE: before}, {_FILE: after})
    assert len(lesson.facts) == 40
    whys = _whys(lesson)
    assert len(whys) == 10
    assert all("40 checks" in w for w in whys.values()), whys


def test_more_than_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was never tried is not said to hold on both sides."""
    monkeypatch.setattr(teaching, "_BUDGET", 1)
    after = _BASE.replace("\tint size;\n", "\tint size;\n\tbool coherent;\n").replace(
        "\treturn 0;", "\tdemo_flush(cfg);\n\treturn 0;"
    )
    whys = _whys(_learned({_FILE: _BASE}, {_FILE: after}))
    assert list(whys) == ["function demo_map"]
    assert "not tried" in whys["function demo_map"]


def test_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is too large to read is C all the same."""
    monkeypatch.setattr(teaching, "_LARGEST", 100)
    whys = _whys(_change("\treturn 0;", "\tdemo_flush(cfg);\n\treturn 0;"))
    assert list(whys) == ["the whole file"]
    assert "too large" in whys["the whole file"]


def test_code_nested_without_end() -> None:
    """A file that is nested too deeply is named once."""
    chain = "\tif (a) x();\n" + "\telse if (a) x();\n" * 2500
    whys = _whys(_change("\treturn 0;", f"{chain}\treturn 0;"))
    assert whys == {"the whole file": "it is nested too deeply"}


def test_exports_are_told_together() -> None:
    """Of many exports a few are told; that is no gap, and the language has a check for them."""
    exports = "".join(f"EXPORT_SYMBOL_GPL(demo_{i});\n" for i in range(6))
    lesson = _learned({_FILE: _BASE}, {_FILE: _BASE + exports})
    assert lesson.facts
    assert not lesson.gaps


def test_what_tells_less_is_spared() -> None:
    """A prototype beside its function is not tried, and that is what is said."""
    after = _BASE.replace("static int demo_map", "int demo_n(int a);\n\nstatic int demo_map")
    after += "\nint demo_other(void)\n{\n\treturn 1;\n}\n"
    whys = _whys(_learned({_FILE: _BASE}, {_FILE: after}))
    assert whys == {
        "declaration demo_n": "not tried: it tells little, and other checks tell of the file"
    }


def test_function_tells_its_prototype() -> None:
    """What declares a new function of the same file is no gap beside it."""
    after = _BASE.replace("static int demo_map", "int demo_n(int a);\n\nstatic int demo_map")
    after += "\nint demo_n(int a)\n{\n\treturn a;\n}\n"
    assert not _learned({_FILE: _BASE}, {_FILE: after}).gaps


_TWICE = """static int demo_state(char *str)
{
	demo_option(&str);
	return 0;
}
demo_setup("demo=", demo_state);
"""


def _twin(word: str) -> str:
    return _TWICE.replace("demo_option(&str)", f'strncmp(str, "{word}", 7)').replace("demo=", word)


def test_function_defined_twice() -> None:
    """Two definitions of one name are asked once; what no check tells of the second is said."""
    lesson = _learned({_FILE: _BASE + _TWICE}, {_FILE: _BASE + _twin("one") + _twin("two")})
    said = [repr({k: v for k, v in f.raw.items() if k != "id"}) for f in lesson.facts]
    assert len(said) == len(set(said))
    assert len(said) <= lesson.tried
    whys = {(g.what, g.line): g.why for g in lesson.gaps}
    second = [w for (what, _), w in whys.items() if what == "function demo_state"]
    assert len(second) == 1
    assert "more than once" in second[0]


def test_branches_that_checks_tell() -> None:
    """What each of two branches must have is no gap: without one of them the check fails."""
    branches = "#ifdef CONFIG_DEMO\n{}#else\n{}#endif\n"
    other = _TWICE.replace("return 0", "return 1")
    before = branches.format(_TWICE, other)
    after = before.replace("\tdemo_option(&str);", "\tdemo_flush(str);\n\tdemo_option(&str);")
    lesson = _learned({_FILE: _BASE + before}, {_FILE: _BASE + after})
    assert lesson.facts
    assert not [g for g in lesson.gaps if g.what.startswith("function")]


_HEADER = """#undef TRACE_SYSTEM
#define TRACE_SYSTEM demo
#if !defined(_TRACE_DEMO_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_DEMO_H

#include <linux/tracepoint.h>

#define show_demo(x) __print(x, 1)

DEMO_EVENT(demo_lookup,
	TP_PROTO(int a, int b),
	TP_ARGS(a, b)
);

DEMO_EVENT(demo_readpage,
	TP_PROTO(int a),
	TP_ARGS(a)
);

#endif
#include <trace/define_trace.h>
"""


def test_new_header_is_told_whole() -> None:
    """A guard tells nothing; what a new file adds that no check names is said, and why."""
    path = "include/trace/events/demo.h"
    lesson = _learned({_FILE: _BASE}, {_FILE: _BASE, path: _HEADER})
    names = {f.check.name for f in lesson.facts}
    assert "show_demo" in names
    assert "_TRACE_DEMO_H" not in names
    whats = " ".join(g.what for g in lesson.gaps)
    assert "demo_lookup" in whats
    assert "demo_readpage" in whats
    assert "_TRACE_DEMO_H" not in whats
    assert all(g.path == path and g.why for g in lesson.gaps)


def test_new_functions_beyond_the_few() -> None:
    """Of many new functions a few are named by checks; the others are not passed over."""
    text = "".join(f"int demo_n{i}(int a)\n{{\n\treturn a + {i};\n}}\n\n" for i in range(7))
    for before in ({}, {_FILE: _BASE}):
        after = {_FILE: before.get(_FILE, "") + text}
        lesson = _learned({"a": "x\n", **before}, {"a": "x\n", **after})
        named = {f.check.name for f in lesson.facts}
        (what,) = [g.what for g in lesson.gaps if g.what.startswith("function")]
        assert all((f"demo_n{i}" in what) != (f"demo_n{i}" in named) for i in range(7)), what


def test_macro_that_stands_in_is_no_guard() -> None:
    """What a file defines where nobody else did is checked."""
    text = "#ifndef demo_bit\n#define demo_bit(n) (1 << (n))\n#endif\n"
    lesson = _learned({_FILE: _BASE}, {_FILE: _BASE + text})
    assert "demo_bit" in {f.check.name for f in lesson.facts}


def test_enum_without_a_name() -> None:
    """An enumerator of an enum without a tag is no matter of types or conditions."""
    before = _BASE.replace("enum demo_fmt {", "enum {")
    after = before.replace("\tDEMO_NUM,", "\tDEMO_B,\n\tDEMO_NUM,")
    (why,) = _whys(_learned({_FILE: before}, {_FILE: after})).values()
    assert "no name" in why


def test_change_beside_what_is_new() -> None:
    """That a check tells of a new function tells nothing of one that was there and changed."""
    same = "\n#ifdef CONFIG_{}\nint demo_same(int a)\n{{\n\treturn a;\n}}\n#endif\n"
    before, after = (_BASE + same.format(x) for x in "AB")
    after += "\nint demo_more(int a)\n{\n\treturn a;\n}\n"
    whys = _whys(_learned({_FILE: before}, {_FILE: after}))
    assert list(whys) == ["function demo_same"]
    assert "only types" in whys["function demo_same"]


def test_long_call_at_file_level() -> None:
    """Calls that begin alike are told apart: a check of another is none of this one."""
    call = "DEMO_FLAGS(" + ", ".join(f"demo_flag_{i}" for i in range(9)) + "{})\n"
    before, after = (_BASE + call.format(x) for x in ("", ", demo_last"))
    lesson = _learned({_FILE: before}, {_FILE: after + "DEMO_OTHER(a);\n"})
    assert [g for g in lesson.gaps if g.what.startswith("other DEMO_FLAGS")]
