# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a target looks like, a series closes its steps or refuses them; it is never wrong.

Wrong would be: a patch that does not apply, a tree that no longer builds without warnings or
whose selftests fail, a step that was done and is not. Each example is built and booted.
"""

import importlib.util
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lpae_backport.emission import emit
from lpae_backport.plan import Plan
from lpae_backport.rule import Pack
from lpae_backport.ruleset import load_pack
from lpae_backport.tree import Tree
from tests.conftest import ROOT
from tests.series import WHO, apply, boot, build, plan_for, put
from tests.trees import FIXTURES, verdicts

_PACK = load_pack(ROOT / "rules" / "mali-lpae")
_OLD, _NEW = FIXTURES / "pocket-4.9", FIXTURES / "pocket-6.x"
_FILES = [
    f"drivers/iommu/{n}"
    for n in ("io-pgtable-arm.c", "io-pgtable-arm-v7s.c", "io-pgtable.c", "io-pgtable.h")
]
_BUSY = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
_PLAN = plan_for(_OLD, _NEW, _PACK)
_STYLES = {
    "gnu": "GNU",
    "webkit": "WebKit",
    "microsoft": "Microsoft",
    "narrow": "{BasedOnStyle: LLVM, ColumnLimit: 60}",
    "kernel": "{BasedOnStyle: LLVM, IndentWidth: 8, UseTab: Always, BreakBeforeBraces: Linux, "
    "AllowShortIfStatementsOnASingleLine: false, IndentCaseLabels: false, ColumnLimit: 80}",
    "braces": "{BasedOnStyle: LLVM, IndentWidth: 4, UseTab: ForIndentation, TabWidth: 4, "
    "BreakBeforeBraces: Allman, InsertBraces: true}",
}


def _copy(where: str) -> Path:
    return Path(shutil.copytree(_OLD, Path(where) / "tree"))


def _holds(tree: Path, where: str, pack: Pack = _PACK) -> Plan:
    """Make the series of a tree, and see that it is right as far as it goes."""
    before = verdicts(tree, pack)
    plan = plan_for(tree, _NEW, pack)
    if plan.patches:
        assert emit(plan, WHO, Tree(str(tree)), signoff=True), "git am takes it"
    apply(plan, tree)
    after = verdicts(tree, pack)
    by_hand = {m.step.id for m in plan.manual}
    for step, verdict in after.items():
        assert verdict == "done" or step in by_hand, step
        assert verdict == "done" or before[step] != "done", f"{step} was undone"
    objects = Path(where) / "objects"
    assert build(tree, objects) == ""
    assert boot(tree, objects, mali=not plan.open) == ""
    assert plan_for(tree, _NEW, pack).patches == []
    return plan


@_BUSY
@given(st.sets(st.integers(0, len(_PLAN.patches) - 1)))
@example({0, 5})
@example(set(range(14)))
def test_some_steps_are_done_already(chosen: set[int]) -> None:
    """Any steps made before, as far as they can be alone, are left as they are; the rest comes."""
    wanted = {s.id for i in chosen for s in _PLAN.patches[i].steps}
    with tempfile.TemporaryDirectory() as where:
        tree = _copy(where)
        first = plan_for(tree, _NEW, _PACK, wanted)
        apply(first, tree)
        made = {s.id for p in first.patches for s in p.steps}
        rest = _holds(tree, where)
        assert not made & {s.id for p in rest.patches for s in p.steps}
        assert rest.open == []


@_BUSY
@given(st.integers(0, len(_PLAN.patches)))
def test_a_series_that_was_broken_off(count: int) -> None:
    """Where somebody applied the first patches, the next series is the rest of them."""
    with tempfile.TemporaryDirectory() as where:
        tree = _copy(where)
        for patch in _PLAN.patches[:count]:
            put(tree, patch.files)
        rest = _holds(tree, where)
        assert [p.subject for p in rest.patches] == [p.subject for p in _PLAN.patches[count:]]


@pytest.mark.skipif(importlib.util.find_spec("clang_format") is None, reason="no clang-format here")
@pytest.mark.parametrize("style", _STYLES)
def test_any_formatting(style: str, tmp_path: Path) -> None:
    """Indentation, braces and line breaks of any style: closed or refused, never wrong."""
    tree = _copy(str(tmp_path))
    program = Path(sysconfig.get_path("scripts")) / "clang-format"
    flags = f"--style={_STYLES[style]}"
    subprocess.run([program, "-i", flags, *(tree / f for f in _FILES)], check=True)
    if build(tree, tmp_path / "before"):
        pytest.skip("clang-format broke the tree")
    plan = _holds(tree, str(tmp_path))
    assert len(plan.patches) >= 12, [(m.step.id, m.reason) for m in plan.manual]


def _locals(text: str, function: str) -> list[str]:
    body = re.search(
        rf"^[^\n]*\b{function}\([^;{{]*\)\n\{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL
    )
    assert body is not None
    names = re.findall(r"[\s*](\w+)(?= =|;|,)", body[1].split("\n\n")[0])
    return [n for n in names if n.islower() and n not in ("true", "false")]


_RENAMED = {
    n: _locals((_OLD / _FILES[0]).read_text(), n)
    for n in (
        *("arm_lpae_init_pte", "__arm_lpae_map", "arm_lpae_prot_to_pte", "__arm_lpae_unmap"),
        *("arm_lpae_split_blk_unmap", "arm_lpae_iova_to_phys", "arm_64_lpae_alloc_pgtable_s1"),
        "__arm_lpae_free_pgtable",
    )
}


@_BUSY
@given(
    st.lists(
        st.sampled_from([(f, v) for f, vs in _RENAMED.items() for v in vs]),
        min_size=1,
        max_size=3,
        unique=True,
    )
)
@example([("__arm_lpae_map", "pte")])
@example([("__arm_lpae_map", "cfg"), ("arm_lpae_init_pte", "pte")])
@example([("arm_lpae_split_blk_unmap", "table")])
def test_locals_of_other_names(renamed: list[tuple[str, str]]) -> None:
    """A vendor's own names for locals: closed or refused, never wrong."""
    with tempfile.TemporaryDirectory() as where:
        tree = _copy(where)
        path = tree / _FILES[0]
        text = path.read_text()
        for function, name in renamed:
            m = re.search(
                rf"^[^\n]*\b{function}\([^;{{]*\)\n\{{\n.*?^\}}", text, re.MULTILINE | re.DOTALL
            )
            assert m is not None
            body = re.sub(rf"(?<![\w.>]){name}\b(?!\()", f"my_{name}", m[0])
            text = text[: m.start()] + body + text[m.end() :]
        path.write_text(text)
        assert build(tree, Path(where) / "before") == ""
        _holds(tree, where)


@pytest.mark.parametrize("name", _FILES)
def test_crlf(name: str, tmp_path: Path) -> None:
    """One file with CR LF among others: closed, and it keeps them."""
    tree = _copy(str(tmp_path))
    path = tree / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    plan = _holds(tree, str(tmp_path))
    assert plan.open == []
    there = path if path.exists() else tree / "include/linux/io-pgtable.h"
    data = there.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 0
