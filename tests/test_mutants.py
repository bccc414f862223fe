# SPDX-License-Identifier: GPL-2.0-only
"""One thing undone flips one step; the same thing said in other words flips none."""

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from lpae_backport.rule import Pack
from tests.mutants import OLD_HEADER, Mutant, mutants
from tests.trees import FIXTURES, real_tree, verdicts

_POCKET = FIXTURES / "pocket-6.x"
_REAL = real_tree("LPAE_AUDIT_REFERENCE")
_SINGLE_FILES = ("Makefile", "drivers/Makefile", "include/linux/io-pgtable.h")
_OPEN = frozenset({"missing", "partial", "differs"})

NOT_YET: dict[str, str] = {
    r"entry-in-range": "a range designator that overrides an entry is not read",
}
"""Mutants that the engine or a rule does not judge rightly so far, by name."""


@cache
def _mutants(root: Path) -> tuple[Mutant, ...]:
    return tuple(mutants(root))


def _cases(root: Path | None, *, same: bool) -> list[object]:
    chosen = [] if root is None or not root.is_dir() else _mutants(root)
    return [_case(m) for m in chosen if same is not bool(m.steps)]


def _case(mutant: Mutant) -> object:
    reason = next((r for p, r in NOT_YET.items() if re.fullmatch(p, mutant.name)), "")
    marks = [pytest.mark.xfail(reason=reason)] if reason else []
    return pytest.param(mutant, id=mutant.name, marks=marks)


class Bench:
    """A small copy of a done tree, in which one file at a time is exchanged.

    Args:
        source: the done tree; it is only read.
        root: where the copy goes.
        pack: the rules.
    """

    def __init__(self, source: Path, root: Path, pack: Pack) -> None:
        shutil.copytree(source / "drivers/iommu", root / "drivers/iommu")
        for name in _SINGLE_FILES:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, root / name)
        self.root = root
        self._pack = pack
        self.before = verdicts(root, pack)

    def flipped(self, mutant: Mutant) -> dict[str, str]:
        """Return the steps that have another verdict in a mutant, and which."""
        path = self.root / mutant.file
        path.write_bytes(mutant.after)
        try:
            after = verdicts(self.root, self._pack)
        finally:
            if mutant.before is None:
                path.unlink()
            else:
                path.write_bytes(mutant.before)
        return {k: v for k, v in after.items() if v != self.before[k]}


@pytest.fixture(scope="module")
def pocket(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Bench:
    """The pocket kernel with every step done."""
    if not _POCKET.is_dir():
        pytest.skip("fixtures/pocket-6.x is not here")
    return Bench(_POCKET, tmp_path_factory.mktemp("mutants") / "pocket", pack)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Iterator[Bench]:
    """The real done tree that LPAE_AUDIT_REFERENCE names."""
    if _REAL is None:
        pytest.skip("LPAE_AUDIT_REFERENCE does not name a 6.x tree")
    yield Bench(_REAL, tmp_path_factory.mktemp("mutants") / "real", pack)


def _check_broken(bench: Bench, mutant: Mutant) -> None:
    flipped = bench.flipped(mutant)
    assert set(flipped) == mutant.steps
    assert set(flipped.values()) <= _OPEN


def _check_generator(bench: Bench, source: Path) -> None:
    broken = [m for m in _mutants(source) if m.steps]
    assert set(bench.before.values()) == {"done"}
    assert len(broken) >= 40
    assert len(_mutants(source)) - len(broken) >= 15
    assert set().union(*(m.steps for m in broken)) == set(bench.before)


def test_generator_reaches_every_step_of_the_pocket(pocket: Bench) -> None:
    """At least 40 mutants and 15 that change nothing; no step is left out."""
    _check_generator(pocket, _POCKET)


def test_generator_reaches_every_step_of_a_real_tree(real: Bench) -> None:
    """The same generator finds its places in a kernel as it is released."""
    assert _REAL is not None
    _check_generator(real, _REAL)


def test_names_are_unique() -> None:
    """A mutant can be told by its name, and each changes its file."""
    made = _mutants(_POCKET)
    assert len({m.name for m in made}) == len(made)
    assert all(m.after != m.before for m in made)
    assert [m.name for m in made if m.before is None] == ["old-header-back"]
    assert made[-1].file == OLD_HEADER


@pytest.mark.parametrize("mutant", _cases(_POCKET, same=False))
def test_one_thing_undone_flips_its_step(pocket: Bench, mutant: Mutant) -> None:
    """Exactly the step that a thing belongs to is open once it is undone."""
    _check_broken(pocket, mutant)


@pytest.mark.parametrize("mutant", _cases(_POCKET, same=True))
def test_other_words_flip_nothing(pocket: Bench, mutant: Mutant) -> None:
    """The same condition, written in another way, keeps every verdict."""
    assert pocket.flipped(mutant) == {}


@pytest.mark.parametrize("mutant", _cases(_REAL, same=False))
def test_one_thing_undone_flips_its_step_in_a_real_tree(real: Bench, mutant: Mutant) -> None:
    """What holds in the pocket kernel holds in a released one."""
    _check_broken(real, mutant)


@pytest.mark.parametrize("mutant", _cases(_REAL, same=True))
def test_other_words_flip_nothing_in_a_real_tree(real: Bench, mutant: Mutant) -> None:
    """The released kernel may be written in other ways, too."""
    assert real.flipped(mutant) == {}
