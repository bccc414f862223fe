# SPDX-License-Identifier: GPL-2.0-only
"""The proof of a series fails where the series is wrong; a proof that cannot fail proves nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lpae_backport.building import build_each
from lpae_backport.emission import emit
from lpae_backport.errors import ProofError, TreeError
from lpae_backport.plan import Patch, Plan
from lpae_backport.repository import Scratch
from lpae_backport.rule import Pack
from lpae_backport.series import Planner
from lpae_backport.tree import Tree
from tests.series import WHO, plan_for


@pytest.fixture(scope="module")
def plan(old: Path, new: Path, pack: Pack) -> Plan:
    """A series of one patch."""
    return plan_for(old, new, pack, {"1.1"})


def _damage(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[list[Path]], list[Path]]) -> None:
    """Spoil the mails before anything looks at them."""
    whole = Scratch.format_patch
    monkeypatch.setattr(Scratch, "format_patch", lambda *args: spoil(whole(*args)))


def _edited(mails: list[Path], edit: Callable[[list[bytes]], list[bytes]]) -> list[Path]:
    lines = mails[-1].read_bytes().split(b"\n")
    changed = edit(lines)
    assert changed != lines
    mails[-1].write_bytes(b"\n".join(changed))
    return mails


def _other_text(lines: list[bytes]) -> list[bytes]:
    at = next(i for i, ln in enumerate(lines) if ln.startswith(b"+") and b"+++" not in ln)
    return [*lines[:at], lines[at] + b" ", *lines[at + 1 :]]


def _other_context(lines: list[bytes]) -> list[bytes]:
    at = next(i for i, ln in enumerate(lines) if ln.startswith(b"@@")) + 1
    return [*lines[:at], b" " + lines[at][1:] + b"nowhere", *lines[at + 1 :]]


def _other_file(lines: list[bytes]) -> list[bytes]:
    return [ln.replace(b"drivers/", b"elsewhere/") for ln in lines]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda mails: _edited(mails, _other_text), "another tree than planned"),
        (lambda mails: _edited(mails, _other_context), "git am does not take the series"),
        (lambda mails: _edited(mails, _other_file), "touches other files than planned"),
        (lambda mails: mails[:-1], "0 mails for 1 patches"),
    ],
    ids=["text", "context", "file", "mail"],
)
def test_spoilt_mails_are_not_let_out(
    plan: Plan, old: Path, monkeypatch, spoil: Callable[[list[Path]], list[Path]], said: str
) -> None:
    """Whatever is wrong with the mails, the proof sees it."""
    assert len(emit(plan, WHO, Tree(str(old)), signoff=True)) == 2
    _damage(monkeypatch, spoil)
    with pytest.raises(ProofError, match=said):
        emit(plan, WHO, Tree(str(old)), signoff=True)


def test_what_a_series_left_undone_comes_up_again(old: Path, new: Path, pack: Pack) -> None:
    """Behind a series that lost its last patch, a second one makes that patch."""
    target = Tree(str(old))
    planner = Planner(target, Tree(str(new)), pack, pack.steps)
    made = planner.run(lambda: None)
    assert planner.again(target) == []
    lost = made.patches.pop()
    assert [p.subject for p in planner.again(target)] == [lost.subject]


def test_a_second_series_that_is_not_empty_stops_the_first(
    run, old: Path, new: Path, tmp_path: Path, plan: Plan, monkeypatch
) -> None:
    """Nothing is written where the series would not be the whole of it."""
    monkeypatch.setattr(Planner, "again", lambda *_: plan.patches)
    out = tmp_path / "out"
    done = run("series", old, new, "-o", out, "--from", f"{WHO[0]} <{WHO[1]}>")
    assert done.status == int(ProofError("").exit_code)
    assert "a second series would not be empty" in done.err
    assert not out.exists()


@pytest.mark.parametrize("data", [b"new\n", None])
def test_a_build_does_not_write_through_a_link(
    pack: Pack, tmp_path: Path, data: bytes | None
) -> None:
    """A folder that is an absolute link leads out of the copy; the build refuses."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "a.c").write_bytes(b"old\n")
    (root / "vendor").symlink_to(outside)
    plan = Plan(pack, {}, {})
    plan.patches.append(Patch("s", (), (), (), (), False, "", {"vendor/a.c": data}))
    with pytest.raises(TreeError, match="leads out of the copy"):
        build_each(plan, str(root), "true", tmp_path / "logs", lambda: None)
    assert (outside / "a.c").read_bytes() == b"old\n"
