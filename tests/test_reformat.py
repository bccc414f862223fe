# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts do not hang on layout: a reformatted tree has those of the original."""

import importlib.util
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from lpae_backport.rule import Pack
from tests.trees import FIXTURES, real_tree, verdicts

_STYLES = {
    "gnu": "GNU",
    "webkit": "WebKit",
    "microsoft": "Microsoft",
    "narrow": "{BasedOnStyle: LLVM, ColumnLimit: 40}",
    "one-line": "{BasedOnStyle: LLVM, ColumnLimit: 400, AllowShortFunctionsOnASingleLine: All, "
    "AllowShortIfStatementsOnASingleLine: AllIfsAndElse, AllowShortBlocksOnASingleLine: Always}",
    "type-on-its-own-line": "{BasedOnStyle: LLVM, AlwaysBreakAfterReturnType: All}",
}
_TREES = {
    "pocket-4.9": FIXTURES / "pocket-4.9",
    "pocket-6.x": FIXTURES / "pocket-6.x",
    "reference": real_tree("LPAE_AUDIT_REFERENCE"),
}


@pytest.mark.skipif(importlib.util.find_spec("clang_format") is None, reason="no clang-format here")
@pytest.mark.parametrize("style", _STYLES)
@pytest.mark.parametrize("name", _TREES)
def test_style_changes_nothing(name: str, style: str, tmp_path: Path, pack: Pack) -> None:
    """Each style of clang-format leaves every verdict as it is."""
    source = _TREES[name]
    if source is None:
        pytest.skip("LPAE_AUDIT_REFERENCE names no tree")
    tree = _copy(source, tmp_path / "tree")
    before = verdicts(tree, pack)
    files = [str(f) for f in tree.rglob("*.[ch]") if "pgtable" in f.name or "arm-smmu" in f.name]
    program = Path(sysconfig.get_path("scripts")) / "clang-format"
    subprocess.run([program, "-i", f"--style={_STYLES[style]}", *files], check=True)
    assert verdicts(tree, pack) == before


def _copy(source: Path, target: Path) -> Path:
    shutil.copytree(source / "drivers/iommu", target / "drivers/iommu")
    (target / "include/linux").mkdir(parents=True)
    for name in ("Makefile", "include/linux/io-pgtable.h"):
        if (source / name).exists():
            shutil.copy(source / name, target / name)
    return target
