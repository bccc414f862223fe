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
    assert whys == {"declaration demo_n": "other checks of the file tell as much"}


def test_function_tells_its_prototype() -> None:
    """What declares a new function of the same file is no gap beside it."""
    after = _BASE.replace("static int demo_map", "int demo_n(int a);\n\nstatic int demo_map")
    after += "\nint demo_n(int a)\n{\n\treturn a;\n}\n"
    assert not _learned({_FILE: _BASE}, {_FILE: after}).gaps
