# SPDX-License-Identifier: GPL-2.0-only
"""A file that NEW has elsewhere than the patch: learned from where it is, and it is said."""

import json
from pathlib import Path

import pytest

from lpae_backport.audit import audit_step
from lpae_backport.finding import Verdict
from lpae_backport.format.learn import FORMATS
from lpae_backport.layout import Layout
from lpae_backport.learning.lesson import Lesson
from lpae_backport.learning.teaching import learn
from lpae_backport.mailpatch.bundle import parse
from lpae_backport.ruleset import load_pack
from tests.test_learn import _FILE, _patch, _rich, _tree, _write

_THERE = "drivers/gpu/demo/demo.c"


def _lesson(new: dict[str, str]) -> Lesson:
    before, after = _rich()
    return learn(parse(_patch(before, after), "demo.patch", None), _tree(new))


@pytest.fixture
def lesson() -> Lesson:
    """What is learned from a patch whose file has moved since."""
    return _lesson({_THERE: _rich()[1][_FILE]})


def test_pack_is_for_both_places(lesson: Lesson, tmp_path: Path) -> None:
    """The pack tells trees apart that have the file where NEW has it, or where the patch has."""
    before, after = (side[_FILE] for side in _rich())
    pack = load_pack(_write(lesson, tmp_path))
    (step,) = pack.steps
    for path in (_THERE, _FILE):
        for text, verdict in ((after, Verdict.DONE), (before, Verdict.MISSING)):
            assert audit_step(step, Layout(_tree({path: text}), pack)).verdict is verdict


def test_it_is_said(lesson: Lesson) -> None:
    """In the report, for people and for machines, and in the pack."""
    assert f"moved {_FILE} is {_THERE} in NEW" in FORMATS["text"](lesson, None, 0)
    data = json.loads(FORMATS["json"](lesson, None, 0))
    assert data["moved"] == [{"from": _FILE, "to": _THERE}]
    assert f"{_FILE} is {_THERE}" in lesson.files["README.md"]


def test_file_of_the_same_name_without_the_patch() -> None:
    """Only a file that has the patch is taken for the one that moved."""
    lesson = _lesson({_THERE: _rich()[0][_FILE]})
    assert not lesson.files
    (gap,) = lesson.gaps
    assert gap.path == _FILE
    assert _THERE in gap.why


def test_no_such_file() -> None:
    """A file that is nowhere is said to be nowhere."""
    (gap,) = _lesson({"drivers/demo/other.c": "int a;\n"}).gaps
    assert gap.why == "NEW has no such file"


def test_file_that_another_part_of_the_patch_is_about() -> None:
    """Two files of a patch are never taken for one."""
    before, after = _rich()
    before, after = before | {_THERE: before[_FILE]}, after | {_THERE: after[_FILE]}
    patches = parse(_patch(before, after), "demo.patch", None)
    lesson = learn(patches, _tree({_THERE: after[_THERE]}))
    assert lesson.files
    assert [(g.path, g.why) for g in lesson.gaps] == [(_FILE, "NEW has no such file")]
