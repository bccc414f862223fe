# SPDX-License-Identifier: GPL-2.0-only
"""Series on real trees; environment variables name them, and without them these tests skip."""

import re
import shutil
from pathlib import Path

import pytest

from lpae_backport.emission import emit
from lpae_backport.rule import Pack
from lpae_backport.series import Planner
from lpae_backport.tree import Tree
from tests.series import WHO, boot, build, plan_for, put
from tests.trees import real_tree

_REFERENCES = ["LPAE_AUDIT_REFERENCE", "LPAE_AUDIT_REFERENCE_612"]


def _named(variable: str) -> Path:
    tree = real_tree(variable)
    if tree is None:
        pytest.skip(f"{variable} names no tree")
    return tree


@pytest.mark.parametrize("variable", _REFERENCES)
def test_text_of_a_real_reference(variable: str, old: Path, pack: Pack, tmp_path: Path) -> None:
    """What a real 6.x has, adapted to the pocket 4.9: each patch builds and boots, Mali works."""
    plan = plan_for(old, _named(variable), pack)
    assert plan.manual == []
    assert len(plan.patches) == 26
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    for patch in plan.patches:
        put(tree, patch.files)
        assert build(tree, tmp_path / "objects") == "", patch.subject
        assert boot(tree, tmp_path / "objects") == "", patch.subject
    assert boot(tree, tmp_path / "objects", mali=True) == ""


@pytest.mark.parametrize("variable", _REFERENCES)
def test_a_real_target(variable: str, pack: Pack) -> None:
    """A 4.9 BSP closes completely, in about 26 patches that git am takes, and stays closed."""
    target, reference = _named("LPAE_AUDIT_TARGET"), _named(variable)
    tree = Tree(str(target))
    planner = Planner(tree, Tree(str(reference)), pack, pack.steps)
    plan = planner.run(lambda: None)
    assert [(m.step.id, m.reason) for m in plan.manual] == []
    assert plan.open == []
    assert 20 <= len(plan.patches) <= 32
    mails = emit(plan, WHO, tree, signoff=True)
    assert len(mails) == len(plan.patches) + 1
    assert planner.again(tree) == []
    added = [
        line[1:]
        for mail in mails
        for line in mail.data.decode("latin-1").split("\ndiff --git", 1)[-1].splitlines()
        if line.startswith("+") and not line.startswith("+++")
    ]
    assert not [ln for ln in added if ln != ln.rstrip() or re.search(r" \t", ln)]


@pytest.mark.parametrize("variable", _REFERENCES)
def test_nothing_to_do_on_a_reference(variable: str, pack: Pack) -> None:
    """A tree that has every step gets no patch."""
    tree = _named(variable)
    plan = plan_for(tree, tree, pack)
    assert plan.patches == []
    assert plan.manual == []
