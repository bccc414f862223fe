# SPDX-License-Identifier: GPL-2.0-only
"""What would bring the missing APIs into an old tree, and what that needs in turn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lpae_backport.catalog.catalog import Catalog
from lpae_backport.filetree import UnreadableError
from lpae_backport.needs.code import Code
from lpae_backport.needs.gap import Gap, choices
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.need import Need, NeedKind, Needs, Status
from lpae_backport.needs.ordering import components, ordered
from lpae_backport.needs.provider import Closure, Form, Provider
from lpae_backport.needs.requirements import Assessment
from lpae_backport.needs.subject import Subject

_SUFFIXES = ("_types", "-types", "_defs")
"""What headers are called that were split off others."""
_FOLDERS = ("linux/", "drm/")
_UNGROUPED = (NeedKind.HEADER, NeedKind.KCONFIG)


@dataclass
class Draft:
    """A provider while it is being put together.

    Attributes:
        name: what it is called by.
        depth: how far from the code it is.
        headers: its headers.
        sources: what implements them.
        gaps: what is needed of it, by name.
        after: the drafts that it needs.
        lacks: the names it needs that the old tree lacks.
        is_followed: whether its own needs were looked at.
    """

    name: str
    depth: int
    headers: dict[str, None] = field(default_factory=dict)
    sources: dict[str, None] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)
    after: set[str] = field(default_factory=set)
    lacks: set[str] = field(default_factory=set)
    is_followed: bool = False


class Closing:
    """Follows what is missing from provider to provider.

    Args:
        subject: the code.
        new: the tree that it is written for.
        old: the tree that is to receive it.
        arch: the kernel's ARCH.
        depth: how many providers deep to look.
        budget: how many providers to look into.
    """

    def __init__(
        self, subject: Subject, new: Catalog, old: Catalog, arch: str, depth: int, budget: int
    ) -> None:
        self._subject = subject
        self._new = new
        self._old = old
        self._arch = arch
        self._depth = depth
        self._budget = budget
        self._drafts: dict[str, Draft] = {}
        self._left: set[str] = set()
        self._cut: list[str] = []

    def closure(self) -> Closure:
        """Return what the code needs, and the providers in the order to bring them in."""
        first = Assessment(self._subject, self._new, self._old, self._arch)
        needs = first.needs()
        self._take(needs, first.new, 1, {})
        for depth in range(1, self._depth + 1):
            level = [d for d in self._drafts.values() if d.depth == depth]
            if not level:
                break
            self._follow(level, depth)
        edges = {d.name: d.after for d in self._drafts.values()}
        cycles = tuple(c for c in components(edges) if len(c) > 1)
        found = [self._finished(self._drafts[n]) for n in ordered(edges)]
        return Closure(needs, tuple(found), cycles, tuple(sorted(self._left)), self._told())

    def _told(self) -> tuple[str, ...]:
        names = sorted(d.name for d in self._drafts.values() if not d.is_followed)
        if names:
            text = f"the needs of {len(names)} providers were not looked at: {', '.join(names)}"
            return (*self._cut, text)
        return tuple(self._cut)

    def _take(self, needs: Needs, interface: Interface, depth: int, owners: dict[str, str]) -> None:
        """Sort what is missing into providers.

        Args:
            needs: what some code lacks.
            interface: the new tree, as that code sees it.
            depth: how far the providers of it are from the code that was asked about.
            owners: the provider that each file of that code belongs to.
        """
        gaps = [n for n in needs.needs if self._is_gap(n, owners)]
        sources = self._sources(gaps, interface)
        for need in gaps:
            assert need.new is not None
            name = _known_as(need.new.file, interface)
            users = {owners[s.file] for s in need.used_at if s.file in owners}
            if users == {name}:
                continue
            draft = self._drafts.setdefault(name, Draft(name, depth))
            draft.headers[need.new.file] = None
            root = need.name.partition(".")[0]
            if source := sources.get(root):
                draft.sources[source] = None
            gap = draft.gaps.setdefault(need.name, Gap.of(need, interface, source))
            if not owners:
                gap.uses = len(need.used_at)
            for user in users - {name}:
                self._drafts[user].after.add(name)
                self._drafts[user].lacks.add(need.name)

    def _is_gap(self, need: Need, owners: dict[str, str]) -> bool:
        if need.kind in _UNGROUPED or need.new is None or (need.is_sibling and not owners):
            return False
        broken = need.status is Status.CHANGED and not need.compiles
        if need.kind is NeedKind.TYPE and need.status is Status.CHANGED:
            return False  # its fields tell
        return need.status is Status.MISSING or broken

    def _sources(self, gaps: Iterable[Need], interface: Interface) -> dict[str, str]:
        """Return the source that implements each function which headers only declare."""
        extern = {n.name for n in gaps if n.kind is NeedKind.FUNCTION}
        extern = {n for n in extern if not _is_inline(interface, n)}
        found = {n: p[0] for n, p in self._new.exporters(extern).items() if p}
        rest = extern - set(found)
        if rest and self._new.is_quick:
            for name, places in self._new.places(rest, sources=True).items():
                bodies = [p for p in places if p.path.endswith(".c")]
                if bodies:
                    found[name] = bodies[0].path
                else:
                    self._left.add(name)
        return found

    def _follow(self, level: list[Draft], depth: int) -> None:
        """Look at what the providers of one depth need themselves."""
        room = self._budget - sum(d.is_followed for d in self._drafts.values())
        level.sort(key=lambda d: (-sum(g.uses for g in d.gaps.values()), d.name))
        if len(level) > room:
            self._cut.append(f"budget of {self._budget} providers spent at depth {depth}")
        codes: dict[str, Code] = {}
        only: dict[str, frozenset[int]] = {}
        owners: dict[str, str] = {}
        for draft in level[: max(room, 0)]:
            draft.is_followed = True
            for code, lines in self._texts(draft):
                if code.path not in codes:
                    codes[code.path] = code
                    only[code.path] = lines
                    owners[code.path] = draft.name
                else:
                    only[code.path] |= lines
        if codes:
            subject = Subject(tuple(codes.values()), only=only)
            inner = Assessment(subject, self._new, self._old, self._arch, is_driver=False)
            self._take(inner.needs(), inner.new, depth + 1, owners)

    def _texts(self, draft: Draft) -> Iterator[tuple[Code, frozenset[int]]]:
        """Yield the files of a provider with the lines that would have to be brought."""
        is_new = self._form(draft) is Form.NEW
        for path in (*draft.headers, *draft.sources):
            try:
                code = Code(path, self._new.tree.read(path))
            except UnreadableError as e:
                self._cut.append(f"{path}: {e.message}")
                continue
            if is_new:
                yield code, frozenset(range(1, code.data.count(b"\n") + 2))
                continue
            line = code.file.source.lines.line
            wanted = {g.root for g in draft.gaps.values()}
            yield (
                code,
                frozenset(
                    n
                    for d in code.outline.definitions
                    if d.name in wanted
                    for n in range(line(d.start), line(d.end) + 1)
                ),
            )

    def _form(self, draft: Draft) -> Form:
        files = (*draft.headers, *draft.sources)
        is_there = any(self._old.tree.is_file(f) for f in files)
        return Form.GROWN if is_there else Form.NEW

    def _finished(self, draft: Draft) -> Provider:
        form = self._form(draft)
        files = (*sorted(draft.headers), *sorted(draft.sources))
        gaps = sorted(draft.gaps.values(), key=lambda g: g.name)
        whole = sum(self._count(f) for f in files)
        lines = whole if form is Form.NEW else sum(g.lines for g in gaps)
        return Provider(
            draft.name,
            form,
            files,
            lines,
            draft.depth,
            tuple(g.name for g in gaps),
            sum(g.uses for g in gaps),
            tuple(sorted(draft.after)),
            len(draft.lacks),
            choices(form, gaps, lines, len(files), len(draft.after)),
            draft.is_followed,
        )

    def _count(self, path: str) -> int:
        try:
            return self._new.tree.read(path).count(b"\n")
        except UnreadableError:
            return 0


def _is_inline(interface: Interface, name: str) -> bool:
    """Tell whether a header has the body of a function."""
    kinds = {p.definition.kind.name for p in interface.general(name)}
    return "FUNCTION" in kinds


def _known_as(path: str, interface: Interface) -> str:
    """Return what a header is known by; those that were split off go with the one they left."""
    stem = interface.search.name(path).rpartition(".")[0]
    for suffix in _SUFFIXES:
        stem = stem.removesuffix(suffix)
    for folder in _FOLDERS:
        stem = stem.removeprefix(folder)
    return stem
