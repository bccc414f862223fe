# SPDX-License-Identifier: GPL-2.0-only
"""Builds trees for tests: copies of the pocket kernels with a variant's edits applied."""

import os
import shutil
from pathlib import Path

import yaml

from lpae_backport.audit import audit_tree
from lpae_backport.filetree import FileTree
from lpae_backport.rule import Pack
from lpae_backport.tree import Tree

FIXTURES = Path(__file__).parent.parent / "fixtures"


def verdicts(tree: Path | FileTree, pack: Pack) -> dict[str, str]:
    """Return the verdict of every step in a tree."""
    opened = Tree(str(tree)) if isinstance(tree, Path) else tree
    audit = audit_tree(opened, pack, pack.steps, lambda: None)
    return {s.id: s.verdict.value for s in audit.steps}


def variant_files() -> list[Path]:
    """Return the descriptions of all variants."""
    return sorted((FIXTURES / "variants").glob("*.yaml"))


def real_tree(variable: str) -> Path | None:
    """Return the real tree that an environment variable names, if it does."""
    value = os.environ.get(variable)
    return Path(value) if value else None


def build(description: Path, where: Path) -> tuple[Path, dict]:
    """Build a variant below `where`; return the tree and the description."""
    d = yaml.safe_load(description.read_text())
    tree = where / "tree"
    shutil.copytree(FIXTURES / d["base"], tree)
    for edit in d.get("edits", []):
        for kind, value in edit.items():
            _EDITS[kind](tree, value)
    return tree, d


def _replace(tree: Path, v: dict) -> None:
    path = tree / v["file"]
    text = path.read_text()
    assert text.count(v["old"]) == 1, (
        f"{v['file']}: {v['old']!r} stands {text.count(v['old'])} times"
    )
    path.write_text(text.replace(v["old"], v["new"]))


def _write(tree: Path, v: dict) -> None:
    path = tree / v["file"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(v["text"])


def _move(tree: Path, v: dict) -> None:
    target = tree / v["to"]
    target.parent.mkdir(parents=True, exist_ok=True)
    (tree / v["from"]).rename(target)


def _crlf(tree: Path, name: str) -> None:
    path = tree / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def _latin1(tree: Path, name: str) -> None:
    path = tree / name
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))


def _bytes(tree: Path, v: dict) -> None:
    (tree / v["file"]).write_bytes(bytes.fromhex(v["hex"]))


_EDITS = {
    "replace": _replace,
    "write": _write,
    "move": _move,
    "delete": lambda tree, name: (tree / name).unlink(),
    "crlf": _crlf,
    "latin1": _latin1,
    "bytes": _bytes,
}
