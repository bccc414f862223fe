# SPDX-License-Identifier: GPL-2.0-only
"""Puts together what code needs: collects its uses, then compares each in two trees."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lpae_backport.admission import admit
from lpae_backport.catalog import Catalog
from lpae_backport.code import Code
from lpae_backport.entry import entry
from lpae_backport.externals import Collector, Spot, Uses
from lpae_backport.finding import TreeInfo
from lpae_backport.includes import Reach, SearchPath
from lpae_backport.interface import Interface
from lpae_backport.need import Need, NeedKind, Needs, Site, Status, Unresolved
from lpae_backport.needs import Comparison

_MANY = 0.5
"""Part of the names taken from a header that must live in another one for it to have moved."""


@dataclass(frozen=True)
class Subject:
    """The code that is asked about.

    Attributes:
        codes: its files.
        is_module: whether it can be built as a module.
        options: symbols of Kconfig that its own entry asks for, with the places that do.
        only: the lines that count, by file; none given means all.
    """

    codes: tuple[Code, ...]
    is_module: bool = True
    options: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)
    only: Mapping[str, frozenset[int]] | None = None


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
    """

    def __init__(self, subject: Subject, new: Catalog, old: Catalog, arch: str) -> None:
        self._subject = subject
        self.arch = arch
        codes = subject.codes
        self._paths = {c.path for c in codes}
        folders = {posixpath.dirname(p) for p in self._paths} - {""}
        starts = [(c.path, c.outline.includes) for c in codes]
        search = SearchPath(new.tree, arch)
        self.new = Interface(new, search, Reach(new, search, starts), folders)
        for c in codes:
            self.new.adopt(c.path, c.data, c.outline)
        for path in self.new.reach.order:
            # What stands beside the code comes along with it, and brings its includes.
            if posixpath.dirname(path) in folders and path not in self._paths:
                outline = new.outline(path)
                starts.append((path, outline.includes if outline is not None else ()))
        search = SearchPath(old.tree, arch)
        self.old = Interface(old, search, Reach(old, search, starts), folders)
        self._folders = folders
        self._comparison = Comparison(self.new, self.old, is_module=subject.is_module)
        self.unresolved: list[Unresolved] = []

    def needs(self) -> Needs:
        """Return what the code needs."""
        collector = Collector(self._subject.codes, self.new)
        uses = self._counted(collector.collect())
        self._resolve(uses, collector)
        names = {*uses.names, *(t for _, t in uses.tags), *uses.options}
        names |= {p.partition(".")[0] for p in uses.fields}
        self.old.learn(names)
        admit(self.new, self.old, sorted(names))
        found = [*self._named(uses), *self._fields(uses)]
        found = self._comparison.exports(found)
        found = _with_fields(found)
        found += self._headers(uses, found)
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
        self.new.learn(n for n in uses.names if not self.new.general(n))
        for name in [n for n in uses.names if entry(self.new, n, tag=False) is None]:
            spots = uses.names.pop(name)
            made = collector.pasted(name)
            real = [m for m in made if m and entry(self.new, m, tag=False) is not None]
            for m in real:
                uses.names.setdefault(m, []).extend(spots)
            if real or made or name in collector.made or self.new.is_generated(name):
                continue
            uses.unresolved.setdefault((name, self._why(name)), []).extend(spots)

    def _why(self, name: str) -> str:
        found = [p.path for p in self.new.everywhere(name)]
        if found:
            return f"defined only in {found[0]}, which the code does not reach"
        return "made by a macro or a generated header, or of another configuration"

    def _named(self, uses: Uses) -> Iterator[Need]:
        for name, spots in uses.names.items():
            need = self._comparison.name(name, spots)
            if need is not None:
                yield need
        for (keyword, tag), spots in uses.tags.items():
            need = self._comparison.name(tag, spots, tag=True)
            need = need or self._comparison.opaque(tag, spots)
            if need is not None:
                yield need
            else:
                reason = "no header tells of it"
                uses.unresolved.setdefault((f"{keyword} {tag}", reason), []).extend(spots)

    def _fields(self, uses: Uses) -> Iterator[Need]:
        for path, spots in uses.fields.items():
            need = self._comparison.field(path, spots)
            if need is not None:
                yield need

    def _headers(self, uses: Uses, found: Sequence[Need]) -> Iterator[Need]:
        for (system, name), spots in uses.headers.items():
            user = spots[0].file
            here = self.new.search.find(user, system, name)
            if here in self._paths:
                continue
            if here is None and not system and self._is_own_header(user, name):
                continue
            if here is None:
                reason = "header that the new tree does not have: generated, or of another place"
                uses.unresolved.setdefault((name, reason), []).extend(spots)
                continue
            need = Need(
                name, NeedKind.HEADER, Status.MISSING, Site(here, 1), None, "", False, tuple(spots)
            )
            there = self.old.search.find(user, system, name)
            if there is not None:
                yield replace(need, status=Status.SAME, old=Site(there, 1), compiles=True)
            else:
                yield self._gone(need, here, found)

    def _is_own_header(self, user: str, name: str) -> bool:
        return posixpath.normpath(posixpath.join(posixpath.dirname(user), name)) in self._paths

    def _gone(self, need: Need, here: str, found: Sequence[Need]) -> Need:
        """Say where the old tree has what the code takes from a header that it lacks."""
        base = posixpath.basename(here)
        for path in sorted(self.old.admitted):
            if posixpath.basename(path) == base:
                how = f"{path}, which is private to its folder"
                return replace(need, status=Status.MOVED, old=Site(path, 1), how=how)
        taken = [n for n in found if n.new is not None and n.new.file == here]
        taken = [n for n in taken if n.kind is not NeedKind.FIELD]
        kept = [n for n in taken if n.old is not None]
        homes = Counter(n.old.file for n in kept if n.old is not None)
        if not homes:
            return replace(need, how=f"none of {len(taken)} names used is there" if taken else "")
        home, count = homes.most_common(1)[0]
        how = f"{count} of {len(taken)} names used are in {home}"
        if count >= len(taken) * _MANY:
            return replace(need, status=Status.MOVED, old=Site(home, 1), how=how)
        return replace(need, how=how)

    def _options(self, uses: Uses) -> Iterator[Need]:
        asked = {n: tuple(s) for n, s in uses.options.items()}
        for name, spots in self._subject.options.items():
            asked[name] = (*asked.get(name, ()), *spots)
        self.new.learn(asked)
        self.old.learn(asked)
        for name, spots in asked.items():
            mine = self.new.everywhere(name)
            theirs = self.old.everywhere(name)
            if not mine:
                uses.unresolved.setdefault((name, "no such option"), []).extend(spots)
                continue
            at = Site(mine[0].path, self.new.line(mine[0]))
            need = Need(name, NeedKind.KCONFIG, Status.MISSING, at, None, "", False, spots)
            if theirs:
                there = Site(theirs[0].path, self.old.line(theirs[0]))
                need = replace(need, status=Status.SAME, old=there, compiles=True)
            yield need

    def _beside(self, need: Need) -> Need:
        """Mark what comes from the folder of the code itself."""
        if need.new is None or posixpath.dirname(need.new.file) not in self._folders:
            return need
        return replace(need, is_sibling=True)


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
