# SPDX-License-Identifier: GPL-2.0-only
"""Every difference of two real kernels is in the later one and not in the earlier."""

import random
import subprocess

import pytest

from lpae_backport.mailpatch.reading import parse
from lpae_backport.presence.judging import judge
from lpae_backport.tree import Tree
from tests.patches import statuses
from tests.trees import real_tree

OLD = real_tree("LPAE_AUDIT_REFERENCE")
NEW = real_tree("LPAE_AUDIT_REFERENCE_612")
FOLDERS = ("drivers/iommu", "drivers/gpu/drm/msm", "kernel", "mm", "include/linux")


@pytest.mark.skipif(not (OLD and NEW), reason="LPAE_AUDIT_REFERENCE or …_612 names no tree")
@pytest.mark.parametrize("folder", FOLDERS)
def test_differences_of_two_kernels(folder: str) -> None:
    """Each hunk of what became of a file is applied on the new tree and not on the old."""
    assert OLD is not None
    assert NEW is not None
    names = sorted(p.name for p in (OLD / folder).iterdir() if (NEW / folder / p.name).is_file())
    old, new = Tree(str(OLD)), Tree(str(NEW))
    wrong = []
    for name in random.Random(6).sample(names, min(40, len(names))):
        path = f"{folder}/{name}"
        made = _diff(path)
        if not made:
            continue
        patch = parse(made, path)[0]
        before, after = judge(patch, old), judge(patch, new)
        wrong += [(path, s) for s in statuses(before) if s != "applicable"]
        wrong += [(path, s) for s in statuses(after) if s != "applied"]
    assert wrong == []


def _diff(path: str) -> bytes:
    command = ["diff", "-up", "--label", f"a/{path}", "--label", f"b/{path}"]
    done = subprocess.run(
        [*command, f"{OLD}/{path}", f"{NEW}/{path}"], capture_output=True, check=False
    )
    head = f"diff --git a/{path} b/{path}\n".encode()
    return head + done.stdout if done.stdout else b""
