# SPDX-License-Identifier: GPL-2.0-only
"""The logic of guards agrees with truth tables."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpae_backport.boolean import expression
from lpae_backport.logic import (
    And,
    Atom,
    Formula,
    Not,
    assign,
    atoms,
    conj,
    disj,
    negate,
    satisfiable,
)

_ATOMS = [Atom(k) for k in "abcd"]
_FORMULAS = st.recursive(
    st.sampled_from([True, False, *_ATOMS]),
    lambda inner: st.one_of(
        inner.map(negate),
        st.lists(inner, max_size=3).map(conj),
        st.lists(inner, max_size=3).map(disj),
    ),
    max_leaves=12,
)


def _value(f: Formula, row: dict[str, bool]) -> bool:
    """Evaluate by definition, without the code under test."""
    if isinstance(f, bool):
        return f
    if isinstance(f, Atom):
        return row[f.key]
    if isinstance(f, Not):
        return not _value(f.body, row)
    assert isinstance(f, And)
    return all(_value(p, row) for p in f.parts)


def _rows() -> list[dict[str, bool]]:
    return [dict(zip("abcd", r, strict=True)) for r in product((True, False), repeat=4)]


@given(_FORMULAS, _FORMULAS)
def test_connectives_mean_what_they_say(f: Formula, g: Formula) -> None:
    """Simplification changes no truth value."""
    for row in _rows():
        assert _value(conj([f, g]), row) == (_value(f, row) and _value(g, row))
        assert _value(disj([f, g]), row) == (_value(f, row) or _value(g, row))
        assert _value(negate(f), row) == (not _value(f, row))


@given(_FORMULAS)
def test_satisfiable_agrees_with_the_table(f: Formula) -> None:
    """A formula is satisfiable exactly when some row of its table is true."""
    assert satisfiable(f) == any(_value(f, row) for row in _rows())


@given(_FORMULAS, st.sampled_from(_ATOMS), st.booleans())
def test_satisfiable_under_a_decision(f: Formula, atom: Atom, value: bool) -> None:
    """A decided atom restricts the rows that count."""
    rows = [r for r in _rows() if r[atom.key] is value]
    assert satisfiable(f, {atom: value}) == any(_value(f, r) for r in rows)


@given(_FORMULAS)
def test_full_assignment_decides(f: Formula) -> None:
    """With every atom given, what remains is a truth value."""
    for row in _rows():
        assert assign(f, row) is _value(f, row)
    assert set(atoms(f)) <= set("abcd")


def test_enumerators_exclude_each_other() -> None:
    """One subject equals at most one enumerator; another subject is free."""
    mali, s1 = Atom("f==M", "f", "M"), Atom("f==S", "f", "S")
    other = Atom("g==S", "g", "S")
    assert not satisfiable(conj([mali, s1]))
    assert satisfiable(conj([mali, other]))
    assert satisfiable(conj([negate(mali), negate(s1)]))
    assert not satisfiable(s1, {mali: True})


@pytest.mark.parametrize("text", ["(" * 5000 + "B", "A && (" * 5000 + "B" + ")" * 5000])
def test_a_condition_nested_too_deeply(text: str) -> None:
    """What nobody nests so is one condition that nothing is known of."""
    assert expression(text) == Atom(text)


def test_a_condition_without_end() -> None:
    """As many negations, and as many parts, as one likes."""
    assert expression("!" * 5001 + "B") == negate(Atom("B"))
    assert expression("(" * 40 + "B" + ")" * 40) == Atom("B")
    assert len(atoms(expression(" || ".join(f"A{i}" for i in range(20000))))) == 20000
