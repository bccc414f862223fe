# SPDX-License-Identifier: GPL-2.0-only
"""Each variant of a pocket kernel shows one thing, and its verdicts are known."""

from pathlib import Path

import pytest

from lpae_backport.rule import Pack
from tests.trees import build, variant_files, verdicts

_BASE = {"pocket-6.x": "done", "pocket-4.9": "missing"}
_OPEN = ["missing", "partial", "differs"]


def test_pocket_kernels_are_what_they_claim(old: Path, new: Path, pack: Pack) -> None:
    """Every step is missing in the old pocket kernel and done in the new one."""
    assert set(verdicts(old, pack).values()) == {"missing"}
    assert set(verdicts(new, pack).values()) == {"done"}


def test_there_are_variants() -> None:
    """The folder of variants is not empty, so the test below cannot pass by finding nothing."""
    assert len(variant_files()) >= 20


@pytest.mark.parametrize("description", variant_files(), ids=lambda p: p.stem)
def test_variant(description: Path, tmp_path: Path, pack: Pack) -> None:
    """A variant's verdicts are the expected ones, and all others those of its base."""
    tree, d = build(description, tmp_path)
    others = d.get("others", [_BASE[d["base"]]])
    wrong = {}
    for step, got in verdicts(tree, pack).items():
        expected = d["expect"].get(step)
        allowed = others if expected is None else _OPEN if expected == "open" else [expected]
        if got not in allowed:
            wrong[step] = f"{got}, not {' or '.join(allowed)}"
    assert not wrong, d["why"]
