# SPDX-License-Identifier: GPL-2.0-only
"""Work on indexed trees that were taken for unchanged before that was known."""

from pathlib import Path

import pytest

from lpae_backport.catalog import index
from lpae_backport.catalog.catalog import Catalog
from lpae_backport.catalog.indexing import building, snapshot
from lpae_backport.catalog.trusting import worked_out
from lpae_backport.filetree import FileTree
from lpae_backport.tree import Tree


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a tree that is indexed, large enough to be looked at by another process."""
    monkeypatch.setenv("LPAE_AUDIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(snapshot, "_FEW_FOLDERS", 1)
    top = tmp_path / "kernel"
    (top / "drivers").mkdir(parents=True)
    (top / "include/linux").mkdir(parents=True)
    (top / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\n")
    (top / "include/linux/a.h").write_text("#define REG_A 1\n")
    # What has just been written would be read again for fear that it changes once more.
    monkeypatch.setattr(building, "settled", lambda stat, now: stat)
    index.refresh(Tree(str(top)))
    return top


def _opened(tree: FileTree, is_trusted: bool) -> Catalog:
    return index.catalog_of(tree, is_trusted=is_trusted)


def test_an_unchanged_tree_is_worked_on_once(home: Path) -> None:
    """Nothing is done twice where nothing has changed."""
    done: list[bool] = []

    def work(catalogs: object) -> list[str]:
        done.append(True)
        return [p.path for p in catalogs[0].places(["REG_A"])["REG_A"]]  # type: ignore[index]

    assert worked_out([Tree(str(home))], _opened, work) == ["include/linux/a.h"]
    assert done == [True]


@pytest.mark.parametrize("fails", [False, True])
def test_a_changed_tree_is_worked_on_again(home: Path, fails: bool) -> None:
    """What was worked out of an index that is outdated is not used, nor is its trouble told."""
    (home / "include/linux/a.h").write_text("#define REG_B 22\n")
    (home / "include/linux/b.h").write_text("#define REG_C 3\n")
    seen: list[dict[str, object]] = []

    def work(catalogs: object) -> bool:
        found = catalogs[0].places(["REG_A", "REG_B", "REG_C"])  # type: ignore[index]
        seen.append(found)
        if fails and "REG_A" in found:
            raise ValueError("the file is not what the index says")
        return "REG_B" in found

    assert worked_out([Tree(str(home))], _opened, work)
    assert [sorted(s) for s in seen] == [["REG_A"], ["REG_B", "REG_C"]]


def test_trouble_of_another_kind_is_told(home: Path) -> None:
    """An error that the tree as it is makes too is not swallowed."""

    def work(catalogs: object) -> None:
        raise ValueError("really")

    with pytest.raises(ValueError, match="really"):
        worked_out([Tree(str(home))], _opened, work)
