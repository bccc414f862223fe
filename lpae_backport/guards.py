# SPDX-License-Identifier: GPL-2.0-only
"""Does the condition that code runs under fit the one a rule wants?"""

from collections.abc import Iterator
from itertools import product

from lpae_backport.errors import UndecidableError
from lpae_backport.logic import Atom, Formula, assign, atoms, satisfiable
from lpae_backport.pattern import unify
from lpae_backport.syntax import Node

_MAX_CHOICES = 64


class Cases:
    """A wanted condition, laid out as the truth assignments of its named parts.

    Args:
        wanted: a formula over atoms that hold patterns.
    """

    def __init__(self, wanted: Formula, named: Formula = True, among: tuple[str, ...] = ()) -> None:
        self._names = list(atoms(named if wanted is True else wanted).values())
        self._among = among
        keys = [a.key for a in self._names]
        self._rows = list(product((True, False), repeat=len(keys)))
        self.allowed = frozenset(
            r
            for r in self._rows
            if self._consistent(r) and assign(wanted, dict(zip(keys, r, strict=True))) is True
        )

    @property
    def is_constant(self) -> bool:
        """Tell whether the wanted condition names nothing: always, or never."""
        return not self._names

    def _consistent(self, row: tuple[bool, ...]) -> bool:
        true = [a for a, v in zip(self._names, row, strict=True) if v and a.subject]
        return len({(a.subject, a.value) for a in true}) == len({a.subject for a in true})

    def reached(self, path: Formula) -> frozenset[tuple[bool, ...]]:
        """Return the cases in which control can take `path`.

        Each named part may be any of the conditions in `path` that match its pattern; the choice
        that fits the wanted condition best is taken.
        """
        best: frozenset[tuple[bool, ...]] | None = None
        for i, pick in enumerate(self._picks(path)):
            if i >= _MAX_CHOICES:
                raise UndecidableError("too many conditions that may be the one meant")
            rows = frozenset(r for r in self._rows if self._possible(path, pick, r))
            if best is None or len(rows - self.allowed) < len(best - self.allowed):
                best = rows
            if not best - self.allowed:
                break
        return best or frozenset()

    def _picks(self, path: Formula) -> Iterator[tuple[Atom | None, ...]]:
        """Yield the ways in which the named parts may be conditions of `path`; none is `None`."""
        present = list(atoms(path).values())
        choices: list[list[Atom | None]] = [
            [*_stand_ins(n, present)] or [None] for n in self._names
        ]
        yield from product(*choices)

    def covered(self, paths: list[Formula]) -> bool:
        """Tell whether some path can be taken in every case that is allowed.

        Where a path tests the subject of a named condition for another value (another format,
        say), each value the rule lists is a case of its own; if it lists none, what is neither
        value counts.
        """
        others = self._other_values(paths)
        uncovered = {(r, v) for r in self.allowed for v in self._among or ("",)}
        for path in paths:
            for pick in self._picks(path):
                uncovered -= {(r, v) for r, v in uncovered if self._taken(path, pick, r, v, others)}
        return not uncovered

    def _other_values(self, paths: list[Formula]) -> set[Atom]:
        """Return the tests that compare the subject of a named one with another value."""
        found = set()
        for path in paths:
            present = list(atoms(path).values())
            meant = [c for n in self._names for c in _stand_ins(n, present)]
            subjects, named = {c.subject for c in meant}, {c.value for c in meant}
            found |= {
                a for a in present if a.subject and a.subject in subjects and a.value not in named
            }
        return found

    def _taken(
        self,
        path: Formula,
        pick: tuple[Atom | None, ...],
        row: tuple[bool, ...],
        value: str,
        others: set[Atom],
    ) -> bool:
        """Tell whether a path can be taken in a case, the subject having `value` or none named."""
        chosen = {
            a.subject for a, v in zip(pick, row, strict=True) if v and a is not None and a.subject
        }
        values = {o: o.value == value and o.subject not in chosen for o in others}
        values |= {a: v for a, v in zip(pick, row, strict=True) if a is not None}
        return self._consistent(row) and satisfiable(path, values)

    def _possible(
        self, path: Formula, pick: tuple[Atom | None, ...], row: tuple[bool, ...]
    ) -> bool:
        values: dict[Atom, bool] = {}
        for atom, value in zip(pick, row, strict=True):
            if atom is not None and values.setdefault(atom, value) is not value:
                return False
        return self._consistent(row) and satisfiable(path, values)


def _matches(named: Atom, atom: Atom) -> bool:
    """Tell whether a condition found in the code is one that the rule names."""
    if named.node[0] == "is" and atom.node[0] == "==" and atom.value in ("1", "1U"):
        # A flag is compared with 1 as well as with true.
        return unify_all(named.node[1:], atom.node[1:2])
    if named.node[0] != atom.node[0]:
        return False
    want, have = named.node[1:], atom.node[1:]
    if unify_all(want, have):
        return True
    return named.node[0] == "==" and unify_all(want, have[::-1])


def _stand_ins(named: Atom, present: list[Atom]) -> Iterator[Atom]:
    """Yield the conditions of a path that a named one may stand for.

    A test of equality need not be in the path itself: where the path compares the same subject
    with another enumerator, that rules this one out.
    """
    seen = set()
    for a in present:
        if _matches(named, a):
            seen.add(a.subject)
            yield a
    if not named.subject or named.node[1].kind != "field_expression":
        return
    for a in present:
        if a.subject and a.subject not in seen and unify_all(named.node[1:2], a.node[1:2]):
            seen.add(a.subject)
            key = f"{a.subject}=={named.value}"
            yield Atom(key, a.subject, named.value, node=("==", a.node[1], named.node[2]))


def unify_all(patterns: tuple[Node, ...], nodes: tuple[Node, ...]) -> bool:
    """Match nodes against patterns one by one, metavariables bound throughout."""
    bound: dict[str, Node] = {}
    return all(unify(p, n, bound) for p, n in zip(patterns, nodes, strict=True))
