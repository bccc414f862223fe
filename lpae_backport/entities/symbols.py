# SPDX-License-Identifier: GPL-2.0-only
"""Compares what defines a name in two trees, and looks for what took the place of what is gone."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

from lpae_backport.entities.elsewhere import moved
from lpae_backport.entities.extraction import Entity
from lpae_backport.entities.rows import Row, Status, profile
from lpae_backport.entities.similarity import alike
from lpae_backport.entities.sources import EntityTree, Told, is_source, likely_definers
from lpae_backport.entities.successor import Search, Successor, neighbourhoods
from lpae_backport.entities.trees import AbsentError, FilePair, Section, TreeComparison, TreeDiff
from lpae_backport.errors import UsageError

_SHOWN = 20
"""Most files that are shown for one name."""
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
Watch = Callable[[str], AbstractContextManager[Told]]
"""Shows how far a search of the tree of a name is, from 0 to 1."""


def compare(trees: TreeComparison, given: list[str], watch: Watch) -> TreeDiff:
    """Compare what was asked for: files, folders, symbols.

    Args:
        trees: the trees.
        given: paths below the kernel, and identifiers.
        watch: shows how far a search of a whole tree is.

    Raises:
        AbsentError: all of it is in neither tree.
        TreeError: something cannot be read.
        UsageError: something is neither a path nor an identifier.
    """
    tops = {d for t in (trees.old, trees.new) for d in t.tree.listing(".").dirs}
    paths = [g for g in given if "/" in g or is_source(g) or g in tops]
    names = [g for g in given if g not in paths]
    for n in names:
        if not _WORD.match(n):
            raise UsageError(f"'{n}' is neither a path of C text nor an identifier")
    sections: list[Section] = []
    absent: list[AbsentError] = []
    for p in dict.fromkeys(paths):
        try:
            sections += trees.path(p)
        except AbsentError as e:
            absent.append(e)
    sections += Names(trees, watch).sections(list(dict.fromkeys(names)), absent)
    if absent and not sections:
        raise absent[0]
    return trees.result(sections, tuple(map(str, absent)))


class Names:
    """Names that are looked for in two trees.

    Args:
        trees: the trees.
        watch: shows how far a search of them is.
    """

    def __init__(self, trees: TreeComparison, watch: Watch) -> None:
        self._trees = trees
        self._watch = watch
        self._searches: dict[tuple[str, str, str | None], Search] = {}

    def sections(self, names: list[str], absent: list[AbsentError]) -> list[Section]:
        """Return what became of some names, wherever they are defined.

        Args:
            names: the names.
            absent: takes in those that are defined in neither tree.
        """
        if not names:
            return []
        old, new = self._trees.old, self._trees.new
        likely = []
        for tree in (old, new):
            # Each has a bar of its own: a bar is a thread, beside which no process can be copied.
            with self._watch(tree.side) as told:
                likely.append(likely_definers(tree, names, told))
        before, after = likely
        found: list[Section] = []
        for n in names:
            pairs = list(self._pairs(n, _defining(old, n, before[n]), _defining(new, n, after[n])))
            if not pairs:
                text = f"'{n}' is defined in neither tree"
                absent.append(AbsentError(text, hint="an identifier, or a path with a slash"))
            found += self._named(n, pairs)
        return found

    def _pairs(self, name: str, olds: list[str], news: list[str]) -> Iterator[FilePair]:
        """Yield the files that define a name, on both sides as far as they are on both."""
        seen: set[str] = set()
        for p in olds:
            _, new, found = self._trees.pair(p)
            seen.add(new or "")
            yield FilePair(p, new, found.similarity if found else None, found.how if found else "")
        for p in news:
            if p not in seen:
                pair = self._trees.pair(p) if not self._trees.old.has(p) else (p, p, None)
                if pair[0] is None or pair[0] not in olds:
                    found = pair[2]
                    how = found.how if found else "same path" if pair[0] else ""
                    yield FilePair(pair[0], p, found.similarity if found else None, how)

    def _named(self, name: str, pairs: list[FilePair]) -> list[Section]:
        """Return one section for each file that has something of that name."""
        found: list[tuple[FilePair, list[Row]]] = []
        for pair in pairs:
            rows = [r for r in self._trees.rows(pair.old, pair.new) if r.is_named(name)]
            found.append((pair, rows))
        joined = self._joined([r for _, rows in found for r in rows])
        sections = []
        for pair, rows in found:
            kept = tuple(self._searched(joined[id(r)], pair) for r in rows if id(r) in joined)
            if kept:
                sections.append(Section(pair, kept, name))
        sections.sort(key=_telling)
        if len(sections) > _SHOWN:
            rest = [s.pair.new or s.pair.old or "" for s in sections[_SHOWN:]]
            self._trees.new.problems[rest[0]] = (
                f"and {len(rest) - 1} more files have a {name} of their own; not shown"
            )
        return sections[:_SHOWN]

    def _joined(self, rows: list[Row]) -> dict[int, Row]:
        """Join what is gone from one file with what is new in another; by place of the row."""
        made = {id(r): r for r in rows}
        gone = [r for r in rows if r.status is Status.REMOVED and _is_definition(r)]
        fresh = [r for r in rows if r.status is Status.ADDED and _is_definition(r)]
        ranked = sorted(
            (-alike(profile(a.one), profile(b.one)), i, j)
            for i, a in enumerate(gone)
            for j, b in enumerate(fresh)
            if a.kind == b.kind
        )
        alone = len(gone) == 1 and len(fresh) == 1
        for ratio, i, j in ranked:
            a, b = gone[i], fresh[j]
            if id(b) not in made or made[id(a)] is not a or a.old is None or b.new is None:
                continue
            if alone or -ratio >= self._trees.threshold:
                made[id(a)] = moved(a.old, b.new)
                del made[id(b)]
        return made

    def _searched(self, r: Row, pair: FilePair) -> Row:
        """Return a row with what took its place, or whose place it took."""
        old, new = self._trees.old, self._trees.new
        if r.kind != "function" or r.how:
            return r
        if r.status is Status.REMOVED and r.old is not None:
            found = self._successors(r.old, old, new, pair.new)
        elif r.status is Status.ADDED and r.new is not None:
            found = self._successors(r.new, new, old, pair.old)
        else:
            return r
        return replace(r, successors=tuple(found), searched=True)

    def _successors(
        self, gone: Entity, here: EntityTree, there: EntityTree, beside: str | None
    ) -> list[Successor]:
        key = (here.side, gone.file.path, beside)
        if key not in self._searches:
            self._searches[key] = Search(*neighbourhoods(gone, here, there, beside))
        return self._searches[key].successors(gone, self._trees.threshold)


def _defining(tree: EntityTree, name: str, likely: list[str]) -> list[str]:
    """Return those files that do define a name; definitions come before declarations."""
    files = tree.definers(name, likely)
    firm = [f.path for f in files if any(e.kind != "declaration" for e in f.named(name))]
    return [*firm, *(f.path for f in files if f.path not in firm)]


def _is_definition(r: Row) -> bool:
    return r.kind not in ("declaration", "include", "other")


def _telling(s: Section) -> tuple[bool, bool, str]:
    """Rank sections: what is on both sides first, definitions before declarations."""
    both = any(r.old is not None and r.new is not None for r in s.rows)
    return not any(map(_is_definition, s.rows)), not both, s.pair.old or s.pair.new or ""
