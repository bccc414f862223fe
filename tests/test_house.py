# SPDX-License-Identifier: GPL-2.0-only
"""The house keeps its own figures."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

_MODULES = sorted((ROOT / "lpae_backport").rglob("*.py"))
_MAX_MODULE = 310
_MAX_FUNCTION = 50
_VAGUE = ("manager", "helper", "utils", "handler")


@pytest.mark.parametrize("module", _MODULES, ids=lambda p: p.stem)
def test_module_is_small(module: Path) -> None:
    """No module is longer than can be read at one sitting, and no function than a page."""
    text = module.read_text()
    assert len(text.split("\n")) <= _MAX_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= _MAX_FUNCTION, f"{node.name} has {length} lines"


def test_names_say_something() -> None:
    """No module is called after nothing in particular."""
    assert not [m.stem for m in _MODULES if any(v in m.stem for v in _VAGUE)]


def test_rules_and_package_share_no_kernel_paths() -> None:
    """Nothing of a developer's machine is named in what is shipped."""
    for path in [*_MODULES, *(ROOT / "rules").rglob("*.yaml")]:
        assert "/work/" not in path.read_text(), path


def test_no_possessive_groups() -> None:
    """Python 3.11.2, which Debian 12 has, loses what groups in a possessive group have matched."""
    sources = (ROOT / "lpae_backport").rglob("*.py")
    found = [str(p) for p in sources if re.search(r"r[b]?\".*\)[*+?]\+", p.read_text())]
    assert found == []


def test_nothing_large_is_committed() -> None:
    """A wheel or a tree that slipped in would come down with every clone."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("no repository")
    sizes = {
        f: (ROOT / f).lstat().st_size for f in done.stdout.split("\0")[:-1] if (ROOT / f).exists()
    }
    assert max(sizes.values()) < 200_000, max(sizes, key=lambda f: sizes[f])
