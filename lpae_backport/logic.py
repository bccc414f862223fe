# SPDX-License-Identifier: GPL-2.0-only
"""Propositional formulas over opaque conditions: just enough to decide what a guard implies.

A formula is `True`, `False`, an `Atom`, a negation or a conjunction (a disjunction is a negated
conjunction of negations). The constructors simplify as they build, so most path conditions stay
a handful of atoms long.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lpae_backport.errors import UndecidableError

_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Atom:
    """A condition that is not looked into any further.

    Two atoms are the same condition when their keys are equal. `subject` and `value` are set for
    a test of equality with an enumerator: two different values of one subject exclude each other.
    """

    key: str
    subject: str = ""
    value: str = ""
    node: Any = field(default=None, compare=False, hash=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    body: "Formula"


@dataclass(frozen=True, slots=True)
class And:
    """Conjunction of two or more parts."""

    parts: tuple["Formula", ...]


Formula: TypeAlias = bool | Atom | Not | And


def negate(f: Formula) -> Formula:
    """Return the negation of `f`, simplified."""
    if isinstance(f, bool):
        return not f
    return f.body if isinstance(f, Not) else Not(f)


def conj(parts: Iterable[Formula]) -> Formula:
    """Return the conjunction of `parts`, simplified."""
    flat: dict[Formula, None] = {}
    for p in parts:
        if p is False:
            return False
        if p is True:
            continue
        for q in p.parts if isinstance(p, And) else (p,):
            flat[q] = None
    if any(negate(q) in flat for q in flat):
        return False
    kept = tuple(flat)
    return True if not kept else kept[0] if len(kept) == 1 else And(kept)


def disj(parts: Iterable[Formula]) -> Formula:
    """Return the disjunction of `parts`, simplified."""
    return negate(conj(negate(p) for p in parts))


def atoms(f: Formula) -> dict[str, Atom]:
    """Return the atoms of `f` by key, in order of first occurrence."""
    found: dict[str, Atom] = {}
    stack: list[Formula] = [f]
    while stack:
        g = stack.pop()
        if isinstance(g, Atom):
            found.setdefault(g.key, g)
        elif isinstance(g, Not):
            stack.append(g.body)
        elif isinstance(g, And):
            stack.extend(reversed(g.parts))
    return found


def assign(f: Formula, values: Mapping[str, bool]) -> Formula:
    """Return `f` with the named atoms replaced by truth values."""
    if isinstance(f, bool):
        return f
    if isinstance(f, Atom):
        return values.get(f.key, f)
    if isinstance(f, Not):
        return negate(assign(f.body, values))
    return conj(assign(p, values) for p in f.parts)


def satisfiable(f: Formula, values: Mapping[Atom, bool] | None = None) -> bool:
    """Tell whether some truth assignment makes `f` true.

    Args:
        f: the formula.
        values: conditions already decided; they need not occur in `f` to rule others out.

    Raises:
        UndecidableError: after a bounded number of case splits.
    """
    given = values or {}
    known = {a.key: a for a in given} | atoms(f)
    for atom, value in given.items():
        f = _decide(f, atom.key, value, known)
    return _search(f, known, [_STEPS])


def _decide(f: Formula, key: str, value: bool, known: Mapping[str, Atom]) -> Formula:
    """Fix one atom, and with it the tests of equality that it rules out."""
    values = {key: value}
    atom = known.get(key)
    if value and atom is not None and atom.subject:
        values |= {
            k: False
            for k, a in known.items()
            if k != key and a.subject == atom.subject and a.value != atom.value
        }
    return assign(f, values)


def _search(f: Formula, known: Mapping[str, Atom], budget: list[int]) -> bool:
    if isinstance(f, bool):
        return f
    budget[0] -= 1
    if budget[0] < 0:
        raise UndecidableError("condition too large to decide")
    key = next(iter(atoms(f)))
    return any(_search(_decide(f, key, value, known), known, budget) for value in (True, False))
