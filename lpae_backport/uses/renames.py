# SPDX-License-Identifier: GPL-2.0-only
"""What another tree may call a symbol that it does not have.

A name is suggested only where it is made of the same words and stands at the places where the
symbol stood: in the same function as the same argument, or in the same file as the same kind of
definition. A name that the tree with the symbol has at that place too is another thing.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from itertools import permutations

from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.scanned import Finder
from lpae_backport.scanning import read_file
from lpae_backport.uses.kinds import Kind, Symbol, Use, symbol
from lpae_backport.uses.looking import Looker
from lpae_backport.uses.usage import Evidence, Rename, TreeUses

_RATIO = 4
"""How many times fewer uses make a symbol rare enough to look for another name."""
_MAX_FILES = 120
"""Most files of a symbol that are compared."""
_MAX_TWINS = 6
"""Most files of one name that may be where a file has moved."""
_MAX_SHOWN = 3
_WORDS = re.compile(rb"(?<!\w)[A-Za-z_]\w*(?!\w)")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_FILE_LEVEL = (Kind.DEFINITION, Kind.DECLARATION, Kind.EXPORT)


def suggest(
    trees: Sequence[FileTree], found: Sequence[TreeUses], symbols: Sequence[Symbol]
) -> tuple[Rename, ...]:
    """Suggest what a tree calls a symbol that it lacks, or uses far less than another tree.

    Args:
        trees: the trees.
        found: the uses in each.
        symbols: the names; fields and options of Kconfig are left out.
    """
    renames: list[Rename] = []
    for s in symbols:
        if s.type or s.option:
            continue
        for many, few in permutations(range(len(trees)), 2):
            uses = found[many].in_code(s.name)
            if not uses or len(uses) < _RATIO * len(found[few].in_code(s.name)):
                continue
            search = _Search(s.name, (trees[many], found[many]), (trees[few], found[few]))
            renames += search.renames(uses, many, few)
    return tuple(renames)


def is_alike(one: str, other: str) -> bool:
    """Tell whether two names are made of the same words, or of nearly the same."""
    if one == other or one.isupper() != other.isupper():
        return False
    a, b = _words(one), _words(other)
    common = a & b
    if not common or max(map(len, common)) < 3:
        return False
    if a <= b or b <= a:
        return len(a ^ b) <= max(1, len(common))
    return 2 * len(common) >= len(a | b)


def _words(name: str) -> frozenset[str]:
    return frozenset(p.lower() for p in _PARTS.findall(name.replace("_", " ")))


class _Search:
    """Looks in one tree for the name that stands for a symbol of another.

    Args:
        name: the symbol.
        old: the tree that has it, and what was found there.
        new: the tree that may call it something else, and what was found there.
    """

    def __init__(
        self, name: str, old: tuple[FileTree, TreeUses], new: tuple[FileTree, TreeUses]
    ) -> None:
        self._name = name
        self._old, self._known = old
        self._new, listed = new
        self._paths = frozenset(listed.paths)
        self._by_base: dict[str, list[str]] = {}
        for path in listed.paths:
            self._by_base.setdefault(posixpath.basename(path), []).append(path)

    def renames(self, uses: list[Use], many: int, few: int) -> list[Rename]:
        """Return what speaks for another name, the best first."""
        evidence: dict[str, list[Evidence]] = {}
        comparable = 0
        for path in sorted({u.file for u in uses})[:_MAX_FILES]:
            here = [u for u in uses if u.file == path]
            twins = list(self._twins(path))
            known = self._identifiers(self._old, path) if twins else frozenset()
            counterparts = [c for t in twins for c in self._alike(t, known)]
            comparable += len(here) if twins else 0
            for use in here:
                for name, best in _best(use, counterparts).items():
                    evidence.setdefault(name, []).append(best)
        names = self._unknown_before(
            {n for n, e in evidence.items() if self._is_enough(n, e)}, uses
        )
        ranked = sorted(names, key=lambda n: (-len(evidence[n]), n))
        return [
            Rename(self._name, n, many, few, tuple(evidence[n]), comparable)
            for n in ranked[:_MAX_SHOWN]
            if 2 * len(evidence[n]) >= len(evidence[ranked[0]])
        ]

    def _is_enough(self, name: str, found: list[Evidence]) -> bool:
        """Tell whether the places are more than a chance."""
        strong = [e for e in found if e.reason.startswith(_STRONG)]
        kinds = {(e.old.kind, e.old.file) for e in found}
        a, b = _words(self._name), _words(name)
        same_words = a <= b or b <= a
        return len(strong) > (0 if same_words else 1) or (same_words and len(kinds) > 1)

    def _unknown_before(self, names: set[str], uses: list[Use]) -> list[str]:
        """Leave out names that the tree with the symbol has all along.

        Those that others may use stand in its headers, or beside the symbol.
        """
        words = [symbol(n) for n in sorted(names)]
        finder, look = Finder(w.word for w in words), Looker(words)
        folders = {posixpath.dirname(u.file) for u in uses}
        count = dict.fromkeys(names, 0)
        for path in self._known.paths if names else ():
            if path.startswith("include/") or posixpath.dirname(path) in folders:
                data = _content(self._old, path)
                has = finder(data)
                for name, use in look(path, data, has) if has else ():
                    count[name] += use.kind.is_code
        return [n for n, c in count.items() if _RATIO * c <= len(uses)]

    def _twins(self, path: str) -> Iterator[str]:
        """Yield where a file stands in the other tree: at the same place, or where it moved."""
        if path in self._paths:
            yield path
            return
        twins = self._by_base.get(posixpath.basename(path), [])
        if len(twins) <= _MAX_TWINS:
            yield from twins

    def _alike(self, path: str, known: frozenset[str]) -> list[tuple[str, Use]]:
        """Return the uses of similar names in a file that the other version of it has not."""
        data = _content(self._new, path)
        names = frozenset(w.decode() for w in _WORDS.findall(data)) - known
        words = [symbol(n) for n in sorted(names) if is_alike(self._name, n)]
        if not words:
            return []
        found = Looker(words)(path, data, frozenset(w.word for w in words))
        return [(n, u) for n, u in found if u.kind.is_code and not u.is_dead]

    def _identifiers(self, tree: FileTree, path: str) -> frozenset[str]:
        return frozenset(w.decode() for w in _WORDS.findall(_content(tree, path)))


def _content(tree: FileTree, path: str) -> bytes:
    try:
        return read_file(tree, path)
    except UnreadableError:
        return b""


_STRONG = "the same function"


def _best(use: Use, others: list[tuple[str, Use]]) -> dict[str, Evidence]:
    """Return, for each name, the place that corresponds best to a use."""
    found: dict[str, tuple[int, Evidence]] = {}
    for name, other in others:
        weight, reason = _correspond(use, other)
        if weight > found.get(name, (0, None))[0]:
            found[name] = (weight, Evidence(use, other, reason))
    return {n: e for n, (_, e) in found.items()}


def _correspond(a: Use, b: Use) -> tuple[int, str]:
    """Weigh how well two uses correspond, and say why; 0 stands for not at all."""
    if a.kind is not b.kind:
        return 0, ""
    if a.inside and a.inside == b.inside:
        shared = [
            i for i, (x, y) in enumerate(zip(a.arguments, b.arguments, strict=False)) if x == y
        ]
        if shared:
            same = a.arguments[shared[-1]]
            return 4, f"{_STRONG} calls it with '{same}' as argument {shared[-1] + 1}"
        if a.role and a.role == b.role:
            return 4, f"{_STRONG} has it as {a.role}"
        if a.kind is Kind.CALL:
            return 2, "called in the same function"
        return 2, f"{a.kind.value} in the same function"
    if a.kind in _FILE_LEVEL and not a.inside and not b.inside:
        return 1, f"{a.kind.value} in the same file"
    return 0, ""
