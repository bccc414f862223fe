# SPDX-License-Identifier: GPL-2.0-only
"""The verdicts on real kernels, where some are given."""

import pytest

from lpae_backport.rule import Pack
from tests.trees import real_tree, verdicts

_OPEN = {"missing", "partial", "differs", "unknown"}


def _tree(variable: str):
    tree = real_tree(variable)
    if tree is None:
        pytest.skip(f"{variable} names no tree")
    return tree


@pytest.mark.parametrize("variable", ["LPAE_AUDIT_REFERENCE", "LPAE_AUDIT_REFERENCE_612"])
def test_reference_has_every_step(variable: str, pack: Pack) -> None:
    """A pack is silent on its reference: no step of 6.1 or 6.12 is open."""
    got = verdicts(_tree(variable), pack)
    assert {i: v for i, v in got.items() if v in _OPEN} == {}
    assert sum(v == "done" for v in got.values()) >= 31


def test_target_lacks_every_step(pack: Pack) -> None:
    """Every step is missing in the 4.9 BSP."""
    assert set(verdicts(_tree("LPAE_AUDIT_TARGET"), pack).values()) == {"missing"}


def test_program_on_real_trees(run) -> None:
    """The program ends with 0 on a reference against itself and against another."""
    reference = _tree("LPAE_AUDIT_REFERENCE")
    assert run("compare", reference, reference).status == 0
    assert run("compare", _tree("LPAE_AUDIT_REFERENCE_612"), reference).status == 0
