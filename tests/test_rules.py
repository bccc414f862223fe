# SPDX-License-Identifier: GPL-2.0-only
"""The shipped rules: complete, ordered, and right about their own cases."""

from pathlib import Path

import pytest

from lpae_backport.cases import load_cases, run_cases
from lpae_backport.errors import RuleError
from lpae_backport.ruleset import load_pack
from tests.conftest import ROOT

_PACK = load_pack(ROOT / "rules" / "mali-lpae")
_STEPS = [
    "1.1",
    "1.2",
    "1.3",
    "1.4",
    "1.5",
    "1.6.1",
    "1.6.2a",
    "1.6.2b",
    "1.6.2c",
    "1.6.2d",
    "1.6.2e",
    "1.6.2f",
    "1.6.2g",
    "1.6.2h",
    "1.6.2i",
    "1.6.2j",
    "1.7",
    "1.8",
    "1.9",
    "1.10",
    "1.11",
    "2.1",
    "2.2a",
    "2.2b",
    "2.2c",
    "2.2d",
    "2.2e",
    "3a",
    "3b",
    "x.block-size",
    "x.export",
    "x.kconfig",
]


def test_pack_is_complete() -> None:
    """The pack has exactly the steps of the design, in the order people count."""
    assert [s.id for s in _PACK.steps] == _STEPS


@pytest.mark.parametrize("step", _PACK.steps, ids=lambda s: s.id)
def test_step_tells_why(step) -> None:
    """Each step has a reason and checks, and stands in a file of its own name."""
    assert step.why.strip()
    assert step.file.stem == step.id


@pytest.mark.parametrize("step", _PACK.steps, ids=lambda s: s.id)
def test_cases(step) -> None:
    """Every case of a step comes to its verdict, and there are cases of both kinds."""
    wrong = [
        f"{r.case.where} {r.case.name}: expected {r.case.expect}, got {r.audit.verdict}"
        for r in run_cases(_PACK, step)
        if not r.passed
    ]
    assert not wrong


def test_cases_have_names_of_their_own() -> None:
    """No two cases of a step share a name."""
    for step in _PACK.steps:
        names = [c.name for c in load_cases(_PACK, step)]
        assert len(names) == len(set(names)), step.id


@pytest.mark.parametrize(("only", "lacks"), [("done", "open"), ("missing", "done")])
def test_cases_of_one_kind_are_refused(tmp_path: Path, only: str, lacks: str) -> None:
    """A step whose cases all have it, or all lack it, proves nothing."""
    pack = load_pack(_two_steps(tmp_path, after_a="", after_b=""))
    (tmp_path / "cases").mkdir()
    case = f"[{{name: n, expect: {only}, files: {{f: 'int x;'}}}}]\n"
    (tmp_path / "cases/a.yaml").write_text(case)
    with pytest.raises(RuleError, match=f"no case that is {lacks}"):
        load_cases(pack, pack.steps[0])


def test_circle_is_refused(tmp_path: Path) -> None:
    """A circle in `after` is named, not looped in."""
    folder = _two_steps(tmp_path, after_a="b", after_b="a")
    with pytest.raises(RuleError, match="circle: a → b → a"):
        load_pack(folder)


def _two_steps(folder: Path, after_a: str, after_b: str) -> Path:
    (folder / "steps").mkdir()
    (folder / "pack.yaml").write_text("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: [a.c]}}\n")
    for name, after in (("a", after_a), ("b", after_b)):
        (folder / "steps" / f"{name}.yaml").write_text(
            f"id: {name}\ntitle: t\nwhy: w\nafter: [{after}]\nchecks: [{{macro: X, in: f}}]\n"
        )
    return folder
