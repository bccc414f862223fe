# SPDX-License-Identifier: GPL-2.0-only
"""Puts together what code needs: collects its uses, then compares each in two trees."""

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lpae_backport.catalog.catalog import Catalog
from lpae_backport.finding import TreeInfo
from lpae_backport.needs.admission import admit
from lpae_backport.needs.comparison import Comparison
from lpae_backport.needs.entry import entry
from lpae_backport.needs.exports import Exports
from lpae_backport.needs.externals import Collector, Spot, Uses
from lpae_backport.needs.fields import FieldComparison
from lpae_backport.needs.generated import Generated
from lpae_backport.needs.headers import HeaderComparison
from lpae_backport.needs.includes import Reach, SearchPath
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.need import Need, NeedKind, Needs, Site, Status, Unresolved
from lpae_backport.needs.relation import Relation
from lpae_backport.needs.subject import Subject

_SHOWN = 3
_Compare = Callable[[str, list[Spot]], Need | None]


def needs_of(subject: Subject, new: Catalog, old: Catalog, arch: str) -> Needs:
    """Tell what code needs, and what an old tree has of it.

    Args:
        subject: the code.
        new: the tree that it is written for.
        old: the tree that is to receive it.
        arch: the kernel's ARCH.
    """
    return Assessment(subject, new, old, arch).needs()


class Assessment:
    """One question: some code, the tree it is written for, and the one that is to receive it.

    Args:
        subject: the code.
        new: the tree that it is written for.
        old: the tree that is to receive it.
        arch: the kernel's ARCH.
        is_driver: whether what stands beside the code comes along with it.
    """

    def __init__(
        self, subject: Subject, new: Catalog, old: Catalog, arch: str, *, is_driver: bool = True
    ) -> None:
        self._subject = subject
        self.arch = arch
        codes = subject.codes
        self._paths = {c.path for c in codes}
        search = SearchPath(new.tree, arch)
        folders = {posixpath.dirname(p) for p in self._paths if not search.is_public(p)} - {""}
        # The folders above, which the code's Makefiles let it include from: its driver's own.
        folders |= {i for f in folders for i in search.included(f) if f.startswith(f"{i}/")}
        starts = {c.path: c.outline.includes for c in codes}
        reach = Reach(new, search, starts.items())
        is_complete = not subject.is_cut and all(map(new.tree.is_file, self._paths))
        self.new = Interface(new, search, reach, folders, is_complete=is_complete)
        for c in codes:
            self.new.adopt(c.path, c.data, c.outline)
        search = SearchPath(old.tree, arch, search)
        self._own = {**starts, **(self._siblings(folders) if is_driver else {})}
        self.old = Interface(old, search, Reach(old, search, self._own.items()), folders)
        self._folders = folders
        self._reaches: dict[str, Reach] = {}
        self._trees = Relation(self.new, self.old)
        self._comparison = Comparison(self._trees)
        self.unresolved: list[Unresolved] = []

    def _siblings(self, folders: set[str]) -> dict[str, tuple[tuple[bool, str], ...]]:
        """Return the headers beside the code with their includes: they come along with it."""
        found = {}
        for path in self.new.reach.order:
            if posixpath.dirname(path) not in folders or path in self._paths:
                continue
            found[path] = self.new.catalog.includes(path)
        return found

    def needs(self) -> Needs:
        """Return what the code needs."""
        collector = Collector(self._subject.codes, self.new)
        uses = self._counted(collector.collect())
        self._resolve(uses, collector)
        names = {*uses.names, *(t for _, t in uses.tags), *uses.options}
        names |= {p.partition(".")[0] for p in uses.fields}
        names |= set(self._subject.options)
        self.old.learn(names)
        admit(self.new, self.old, sorted(names))
        found = [*self._named(uses), *self._fields(uses)]
        if self._subject.is_module:
            found = Exports(self._trees, self._folders).marked(found)
        found = _with_fields(found)
        found = [self._unreached(n) for n in found]
        headers = HeaderComparison(self._trees, self._paths)
        found += headers.needs(uses, found)
        found += self._options(uses)
        found = [self._beside(n) for n in found]
        kinds = list(NeedKind)
        found.sort(key=lambda n: (kinds.index(n.kind), n.name))
        for (name, reason), spots in uses.unresolved.items():
            self.unresolved.append(Unresolved(name, reason, tuple(spots)))
        return Needs(
            tuple(sorted(self._paths)),
            _info(self.new.catalog),
            _info(self.old.catalog),
            self.arch,
            tuple(found),
            tuple(sorted(self.unresolved, key=lambda u: (u.reason, u.name))),
            tuple(sorted({*self._problems()})),
        )

    def _problems(self) -> Iterator[str]:
        yield from self._subject.problems
        yield from self.new.catalog.problems
        yield from self.old.catalog.problems
        for code in self._subject.codes:
            for p in code.file.source.problems:
                yield f"{code.path}:{code.file.source.lines.line(p.span.start)}: {p.reason}"

    def _counted(self, uses: Uses) -> Uses:
        """Leave out the uses in lines that do not count."""
        only = self._subject.only
        if only is None:
            return uses
        for group in (uses.names, uses.tags, uses.fields, uses.headers, uses.options):
            _keep(group, only)
        _keep(uses.unresolved, only)
        return uses

    def _resolve(self, uses: Uses, collector: Collector) -> None:
        """Set apart the names that the new tree does not define either."""
        made_by = Generated(self.new)
        for name in [n for n in uses.names if entry(self.new, n, tag=False) is None]:
            spots = uses.names.pop(name)
            made = collector.pasted(name)
            real = [m for m in made if m and entry(self.new, m, tag=False) is not None]
            for m in (m for m in real if not self.new.is_own(m)):
                uses.names.setdefault(m, []).extend(spots)
            if real or made or name in collector.made or self.new.is_generated(name):
                continue
            if made_by.place(name) is not None:
                uses.names[name] = spots
                continue
            uses.unresolved.setdefault((name, self._why(name)), []).extend(spots)

    def _why(self, name: str) -> str:
        found = [p.path for p in self.new.everywhere(name)]
        if found:
            return f"defined only in {found[0]}, which the code does not reach"
        return "made by a macro or a generated header, or of another configuration"

    def _named(self, uses: Uses) -> Iterator[Need]:
        compare = self._comparison
        for name, spots in uses.names.items():
            need = self._bounded(lambda n, s: compare.name(n, s), name, spots)
            if need is not None:
                yield need
        for (keyword, tag), spots in uses.tags.items():
            need = self._bounded(lambda n, s: compare.name(n, s, tag=True), tag, spots)
            need = need or compare.opaque(tag, spots)
            if need is not None:
                yield need
            else:
                reason = "no header tells of it"
                uses.unresolved.setdefault((f"{keyword} {tag}", reason), []).extend(spots)

    def _fields(self, uses: Uses) -> Iterator[Need]:
        comparison = FieldComparison(self._trees)
        for path, spots in uses.fields.items():
            need = self._bounded(comparison.field, path, spots)
            if need is not None:
                yield need

    def _bounded(self, compare: _Compare, name: str, spots: list[Spot]) -> Need | None:
        """Compare one name; one that is nested without end shall not end the rest."""
        try:
            return compare(name, spots)
        except RecursionError:
            reason = "nested too deeply to be compared"
            self.unresolved.append(Unresolved(name, reason, tuple(spots)))
            return None

    def _unreached(self, need: Need) -> Need:
        """Say which files do not reach the header that a need is in, though others may."""
        if need.old is None or not need.compiles:
            return need
        if need.kind is NeedKind.TYPE and self.old.tagged(need.name):
            return need  # a pointer to it needs no more than its name; a field tells
        name = need.name.partition(".")[0]
        is_tag = need.kind in (NeedKind.TYPE, NeedKind.FIELD)
        found = entry(self.old, name, tag=is_tag) or entry(self.old, name, tag=False)
        homes = {p.path for p in found.places} if found is not None else {need.old.file}
        files = {f for s in need.used_at for f in self._compiled(s)}
        bare = sorted(f for f in files if not homes & self._reach_of(f).order.keys())
        if not bare:
            return need
        names = ", ".join(posixpath.basename(f) for f in bare[:_SHOWN])
        more = f" and {len(bare) - _SHOWN} more" if bare[_SHOWN:] else ""
        note = f"{names}{more} {'does' if len(bare) == 1 else 'do'} not reach {need.old.file}"
        return replace(need, how="; ".join(t for t in (need.how, note) if t), compiles=False)

    def _compiled(self, spot: Spot) -> Iterator[str]:
        """Yield the sources that compile a line: of a header, those that include it."""
        if spot.file.endswith(".c"):
            yield spot.file
            return
        home = next((c for c in self._subject.codes if c.path == spot.file), None)
        macro = home.macro_at(spot.line).encode() if home is not None else b""
        for c in self._subject.codes:
            is_user = c.path.endswith(".c") and spot.file in self._reach_of(c.path).entered
            if is_user and (not macro or macro in c.text):
                yield c.path

    def _reach_of(self, path: str) -> Reach:
        """Return what one file of the code reaches in the old tree."""
        if path not in self._reaches:
            starts = [(path, self._own.get(path, ()))]
            old = self.old
            self._reaches[path] = Reach(old.catalog, old.search, starts, self._own)
        return self._reaches[path]

    def _options(self, uses: Uses) -> Iterator[Need]:
        asked = {n: tuple(s) for n, s in uses.options.items()}
        for name, spots in self._subject.options.items():
            asked[name] = (*asked.get(name, ()), *spots)
        self.new.learn(asked)
        for name, spots in asked.items():
            mine = self.new.everywhere(name)
            theirs = self.old.everywhere(name)
            if not mine:
                uses.unresolved.setdefault((name, "no such option"), []).extend(spots)
                continue
            at = Site(mine[0].path, self.new.line(mine[0]))
            symbol = name.removeprefix("CONFIG_")
            need = Need(symbol, NeedKind.KCONFIG, Status.MISSING, at, None, "", False, spots)
            if theirs:
                there = Site(theirs[0].path, self.old.line(theirs[0]))
                need = replace(need, status=Status.SAME, old=there, compiles=True)
            yield need

    def _beside(self, need: Need) -> Need:
        """Mark what comes from the folder of the code itself.

        What a vendor's header calls so is another thing, unless that is included or of an older
        version of the same driver.
        """
        if need.new is None or posixpath.dirname(need.new.file) not in self._folders:
            return need
        old = need.old
        if old is None or old.file in self.old.reach or self.old.is_driver_own(old.file):
            return replace(need, is_sibling=True)
        missing = replace(need, status=Status.MISSING, old=None, how="", compiles=False)
        return replace(missing, is_sibling=True)


def _with_fields(found: Sequence[Need]) -> list[Need]:
    """Let a struct count as changed if a field of it that the code uses is."""
    below: dict[str, list[Need]] = {}
    for n in found:
        if n.kind is NeedKind.FIELD and n.status in (Status.MISSING, Status.CHANGED):
            below.setdefault(n.name.partition(".")[0], []).append(n)
    result = []
    for n in found:
        bad = below.get(n.name, []) if n.kind is NeedKind.TYPE else []
        if bad and n.status is not Status.MISSING:
            texts = [n.how] if n.how else []
            for word, status in (("lacks", Status.MISSING), ("changes", Status.CHANGED)):
                names = [b.name.partition(".")[2] for b in bad if b.status is status]
                if names:
                    texts.append(f"the old tree {word} {', '.join(names)}")
            compiles = n.compiles and all(b.compiles for b in bad)
            n = replace(n, status=Status.CHANGED, how="; ".join(texts), compiles=compiles)
        result.append(n)
    return result


def _keep(group: dict, only: Mapping[str, frozenset[int]]) -> None:  # type: ignore[type-arg]
    for key in list(group):
        group[key] = [s for s in group[key] if s.line in only.get(s.file, ())]
        if not group[key]:
            del group[key]


def _info(catalog: Catalog) -> TreeInfo:
    tree = catalog.tree
    return TreeInfo(tree.path, tree.root, tree.version)


def statuses(needs: Iterable[Need]) -> Counter[Status]:
    """Count needs by status."""
    return Counter(n.status for n in needs)
