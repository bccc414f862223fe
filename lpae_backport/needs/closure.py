# SPDX-License-Identifier: GPL-2.0-only
"""What would bring the missing APIs into an old tree, and what that needs in turn."""

from collections.abc import Iterable, Iterator

from lpae_backport.catalog.catalog import Catalog
from lpae_backport.filetree import UnreadableError
from lpae_backport.needs.code import Code
from lpae_backport.needs.draft import Draft, providers
from lpae_backport.needs.gap import Gap
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.need import Need, NeedKind, Needs, Status
from lpae_backport.needs.ordering import components
from lpae_backport.needs.provider import Closure, Form
from lpae_backport.needs.requirements import Assessment
from lpae_backport.needs.subject import Subject

_SUFFIXES = ("_types", "-types", "_defs")
"""What headers are called that were split off others."""
_FOLDERS = ("linux/", "drm/")
_UNGROUPED = (NeedKind.HEADER, NeedKind.KCONFIG)


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
        self._codes: dict[str, Code | None] = {}
        self._cut: list[str] = []
        self._unread: list[str] = []

    def closure(self) -> Closure:
        """Return what the code needs, and the providers in the order to bring them in."""
        first = Assessment(self._subject, self._new, self._old, self._arch)
        needs = first.needs()
        self._take(needs, first.new, None)
        while pending := self._pending():
            for draft in pending:
                self._follow(draft)
        self._settle()
        edges = {d.name: d.after.keys() for d in self._drafts.values()}
        cycles = tuple(c for c in components(edges) if len(c) > 1)
        for draft in self._drafts.values():
            self._measure(draft)
        found = providers(self._drafts)
        return Closure(needs, found, cycles, tuple(sorted(self._left)), self._told())

    def _pending(self) -> list[Draft]:
        """Return the providers to look into next: those of least depth that have something new.

        What was looked at comes again where others turned out to need more of it.
        """
        near = [
            d for d in self._drafts.values() if d.depth <= self._depth and d.seen != self._extent(d)
        ]
        spent = sum(d.is_followed for d in self._drafts.values())
        found: list[Draft] = []
        for draft in sorted(near, key=lambda d: (d.depth, -d.uses, d.name)):
            if found and draft.depth > found[0].depth:
                break
            if not draft.is_followed and spent >= self._budget:
                self._cut = self._cut or [
                    f"budget of {self._budget} providers spent at depth {draft.depth}"
                ]
                continue
            spent += not draft.is_followed
            found.append(draft)
        return found

    def _told(self) -> tuple[str, ...]:
        names = sorted(d.name for d in self._drafts.values() if not d.is_followed)
        if names:
            text = f"the needs of {len(names)} providers were not looked at: {', '.join(names)}"
            return (*self._unread, *self._cut, text)
        return tuple(self._unread)

    def _take(self, needs: Needs, interface: Interface, user: Draft | None) -> None:
        """Sort what is missing into providers.

        Args:
            needs: what some code lacks.
            interface: the new tree, as that code sees it.
            user: the provider whose code it is; none where it is the code that was asked about.
        """
        own = {c.path for c in self._subject.codes}
        own = own if user is None else {*user.headers, *user.sources}
        gaps = [n for n in needs.needs if self._is_gap(n, user) and n.new and n.new.file not in own]
        sources = self._sources(gaps, interface)
        depth = user.depth + 1 if user is not None else 1
        for need in gaps:
            assert need.new is not None
            name = _known_as(need.new.file, interface)
            draft = self._drafts.setdefault(name, Draft(name, depth))
            draft.depth = min(draft.depth, depth)
            draft.headers[need.new.file] = None
            root = need.name.partition(".")[0]
            if source := sources.get(root):
                draft.sources[source] = None
            gap = draft.gaps.setdefault(need.name, Gap.of(need, interface, source))
            if user is None:
                gap.uses = len(need.used_at)
            elif user is not draft:
                user.after.setdefault(name, set()).add(need.name)

    def _is_gap(self, need: Need, user: Draft | None) -> bool:
        if need.kind in _UNGROUPED or need.new is None or (need.is_sibling and user is None):
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

    def _follow(self, draft: Draft) -> None:
        """Look at what a provider needs itself.

        Only its own files are its own: what it takes from another provider is a need.
        """
        draft.seen = self._extent(draft)
        only = {c.path: (c, lines) for c, lines in self._texts(draft)}
        if only:
            codes = tuple(c for c, _ in only.values())
            lines = {p: counted for p, (_, counted) in only.items()}
            subject = Subject(codes, only=lines)
            inner = Assessment(subject, self._new, self._old, self._arch, is_driver=False)
            needs = inner.needs()
            self._take(needs, inner.new, draft)
            found = (u for u in needs.unresolved if not u.reason.startswith("field"))
            draft.unresolved |= {u.name.rpartition(" ")[2] for u in found}

    def _settle(self) -> None:
        """Let what headers use without including it be needed where another provider has it.

        Such a header counts on what those that include it have included before.
        """
        homes: dict[str, Draft] = {}
        for home in self._drafts.values():
            for name in home.gaps:
                homes.setdefault(name, home)
        for draft in self._drafts.values():
            for name in sorted(draft.unresolved & homes.keys()):
                if homes[name] is not draft:
                    draft.after.setdefault(homes[name].name, set()).add(name)

    def _extent(self, draft: Draft) -> tuple[int, int]:
        """Return how much of a provider would have to be brought: its files, or parts of them."""
        files = len(draft.headers) + len(draft.sources)
        is_new = self._form(draft) is Form.NEW
        return files, 0 if is_new else len({g.root for g in draft.gaps.values()})

    def _texts(self, draft: Draft) -> Iterator[tuple[Code, frozenset[int]]]:
        """Yield the files of a provider with the lines that would have to be brought."""
        is_new = self._form(draft) is Form.NEW
        for path in (*draft.headers, *draft.sources):
            code = self._code(path)
            if code is None:
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

    def _code(self, path: str) -> Code | None:
        if path not in self._codes:
            try:
                self._codes[path] = Code(path, self._new.tree.read(path))
            except UnreadableError as e:
                self._unread.append(f"{path}: {e.message}")
                self._codes[path] = None
        return self._codes[path]

    def _form(self, draft: Draft) -> Form:
        files = (*draft.headers, *draft.sources)
        is_there = any(self._old.tree.is_file(f) for f in files)
        return Form.GROWN if is_there else Form.NEW

    def _measure(self, draft: Draft) -> None:
        """Tell how much of a provider would have to be brought."""
        draft.form = self._form(draft)
        if draft.form is Form.NEW:
            draft.lines = sum(self._count(f) for f in (*draft.headers, *draft.sources))
        else:
            draft.lines = sum(g.lines for g in draft.gaps.values())

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
