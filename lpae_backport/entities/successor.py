# SPDX-License-Identifier: GPL-2.0-only
"""What took the place of a function that is gone, by evidence.

Nothing says so in the code, so traces are added up: tokens of it that are found again, words of
its name, the calls and fields that both use, what the counterparts of its callers call instead,
and code that its callers lost and the candidate has. Each is shown, so that a reader can judge.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar

from lpae_backport.entities.extraction import Entity
from lpae_backport.entities.similarity import TELLING, Profile, Run
from lpae_backport.entities.sources import EntityTree, folder_of
from lpae_backport.location import Location

T = TypeVar("T")

_FILES = 80
"""Most files of a folder that are read for its functions; the largest driver folder has more."""
SHOWN = 5
_WEIGHT = {"tokens": 0.8, "words": 0.6, "callers": 0.45, "moved": 0.6, "name": 0.45}
_TRACE = 0.08
"""Share below which a kind of evidence is chance."""
_EXPANDED = 2
"""Candidates whose own calls are looked at."""
_IDIOM = {"sgt": ("sg", "table"), "obj": ("object",), "bo": ("object",), "buf": ("buffer",)}
"""How the kernel shortens words in names."""


@dataclass(frozen=True, slots=True)
class Successor:
    """A function that may do now what another did.

    Attributes:
        name: what it is called.
        place: where it is defined; `None` where only its calls were seen.
        entity: its definition, where it is in the files that were read.
        score: the evidence together, from 0 to 1.
        reasons: the evidence, one sentence each, strongest first.
    """

    name: str
    place: Location | None
    entity: Entity | None
    score: float
    reasons: tuple[str, ...]


class Neighbourhood:
    """The functions of one folder of a tree.

    Args:
        tree: the tree.
        folders: the folders; what is below them is left out.
    """

    def __init__(self, tree: EntityTree, folders: tuple[str, ...]) -> None:
        self.tree = tree
        self.folders = folders
        paths = [p for f in folders for p in tree.sources(f, 0)]
        if len(paths) > _FILES:
            rest = len(paths) - _FILES
            tree.problems[folders[0]] = f"{rest} of its files were not searched for successors"
        files = [tree.file(p) for p in paths[:_FILES]]
        self.functions = [
            e for f in files if f is not None for e in f.entities if e.kind == "function"
        ]
        self.by_name: dict[str, Entity] = {}
        for e in self.functions:
            self.by_name.setdefault(e.name, e)

    @cached_property
    def known(self) -> frozenset[bytes]:
        """All identifiers that its functions use."""
        return frozenset(w for e in self.functions for w in e.words)

    def callers(self, name: str) -> list[Entity]:
        """Return the functions that call one."""
        word = name.encode()
        return [e for e in self.functions if word in e.calls]


@dataclass
class _Evidence:
    """What speaks for one candidate."""

    shares: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, share: float, reason: str) -> None:
        if share >= _TRACE and share > self.shares.get(kind, 0.0):
            self.shares[kind] = min(share, 1.0)
            self.reasons[kind] = reason

    @property
    def score(self) -> float:
        """The evidence together: each kind takes away its share of the doubt that is left."""
        return 1.0 - math.prod(1.0 - _WEIGHT[k] * s for k, s in self.shares.items())

    @property
    def ranked(self) -> tuple[str, ...]:
        kinds = sorted(self.shares, key=lambda k: (-_WEIGHT[k] * self.shares[k], k))
        return tuple(self.reasons[k] for k in kinds)


class Search:
    """Looks for the successors of functions of one folder.

    Args:
        here: the folder's functions where they still are.
        there: those of the folder's counterparts in the other tree.
    """

    def __init__(self, here: Neighbourhood, there: Neighbourhood) -> None:
        self._here = here
        self._there = there
        functions = [*here.functions, *there.functions]
        self._rare = _Rarity(e.outside for e in functions)
        self._rare_runs = _Rarity(_runs(e) for e in functions)
        self._rare_names = _Rarity(_parts(e.name) for e in functions)

    def successors(self, gone: Entity, threshold: float) -> list[Successor]:
        """Return what may have taken the place of a function, best first.

        Args:
            gone: the function; the other tree has none of its name.
            threshold: the score from which a candidate is worth naming.
        """
        found: dict[str, _Evidence] = {}
        self._by_text(gone, found)
        for name, share, reason in self._called_instead(gone):
            found.setdefault(name, _Evidence()).add("callers", share, reason)
        self._by_lost_code(gone, found)
        for name, e in found.items():
            self._by_name(gone, name, e)
        best = [n for n, e in found.items() if e.score >= threshold and n in self._there.by_name]
        best.sort(key=lambda n: (-found[n].score, n))
        for name, reason in self._through(best[:_EXPANDED]):
            e = found.setdefault(name, _Evidence())
            e.add("callers", 0.8, reason)
            self._by_name(gone, name, e)
        ranked = sorted(found.items(), key=lambda f: (-f[1].score, f[0]))
        return [
            self._made(n, e)
            for n, e in ranked[:SHOWN]
            if e.score >= threshold and (len(e.shares) > 1 or "tokens" in e.shares)
        ]

    def _made(self, name: str, e: _Evidence) -> Successor:
        entity = self._there.by_name.get(name)
        place = entity.place if entity is not None else self._above(name)
        return Successor(name, place, entity, round(e.score, 3), e.ranked)

    def _above(self, name: str) -> Location | None:
        """Return where a function of the folder above is defined, such as a subsystem's."""
        tree = self._there.tree
        for folder in self._there.folders:
            above = tree.sources(folder_of(folder), 0) if "/" in folder else []
            for file in tree.definers(name, above):
                for e in file.named(name):
                    if e.kind != "declaration":
                        return e.place
        return None

    def _by_text(self, gone: Entity, found: dict[str, _Evidence]) -> None:
        """Weigh tokens, calls and fields of what the other tree has more than this one."""
        runs = _runs(gone)
        weight = self._rare_runs.weight(runs)
        for c in self._there.functions:
            before = self._here.by_name.get(c.name)
            words = c.words - before.words if before else c.words  # a field may be a local now
            both = sorted(gone.outside & words, key=lambda w: (-self._rare.of(w), w))
            e = _Evidence()
            # One word in common may be the only one there is: it counts half.
            share = self._rare.share(both, gone.outside) * len(both) / (len(both) + 1)
            e.add("words", share, f"uses {_listed(both)} too")
            gained = _runs(c) - _runs(before) if before else _runs(c)
            if runs.total() >= TELLING:
                kept = self._rare_runs.weight(runs & gained) / weight
                e.add("tokens", kept, f"has {kept:.0%} of its tokens, rare ones counting more")
            if e.shares:
                found[c.name] = e

    def _called_instead(self, gone: Entity) -> Iterator[tuple[str, float, str]]:
        """Yield what its callers, and theirs, call now and did not call before."""
        direct = {c.name for c in self._here.callers(gone.name)}
        for caller in sorted(direct):
            yield from self._new_calls(caller, 1.0, f"its caller {caller} calls it now")
        around = {
            u.name
            for c in sorted(direct)
            for side in (self._here, self._there)
            for u in side.callers(c)
        }
        for caller in sorted(around - direct):
            reason = f"{caller}, which calls a caller of it, calls it now"
            yield from self._new_calls(caller, 0.7, reason)

    def _new_calls(
        self, caller: str, share: float, reason: str
    ) -> Iterator[tuple[str, float, str]]:
        before, now = self._here.by_name.get(caller), self._there.by_name.get(caller)
        if before is None or now is None:
            return
        for word in sorted(now.calls - before.calls - self._here.known):
            yield word.decode(), share, reason

    def _by_lost_code(self, gone: Entity, found: dict[str, _Evidence]) -> None:
        """Weigh code that a caller had and a new function has."""
        for caller in self._here.callers(gone.name):
            now = self._there.by_name.get(caller.name)
            lost = _runs(caller) - _runs(now) if now is not None else _runs(caller)
            for c in self._there.functions:
                if c.name in self._here.by_name:
                    continue
                runs = _runs(c)
                size = sum(runs.values())
                share = sum((runs & lost).values()) / size if size >= TELLING else 0.0
                if share >= _TRACE:
                    text = f"{share:.0%} of it stood in {caller.name}, a caller of it"
                    found.setdefault(c.name, _Evidence()).add("moved", share, text)

    def _by_name(self, gone: Entity, name: str, e: _Evidence) -> None:
        own = _parts(gone.name)
        both = sorted(own & _parts(name), key=lambda w: (-self._rare_names.of(w), w))
        share = self._rare_names.share(both, own)
        e.add("name", share, f"shares {_listed(both)} with its name")

    def _through(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Yield what candidates call that the other tree's folder did not know before."""
        for n in sorted(names):
            for word in sorted(self._there.by_name[n].calls - self._here.known):
                callee = word.decode()
                if callee not in self._there.by_name and callee.islower():
                    yield callee, f"the candidate {n} calls it"


class _Rarity(Generic[T]):
    """How much a thing tells: one that is in every function tells nothing.

    Args:
        groups: what is in each function.
    """

    def __init__(self, groups: Iterable[Iterable[T]]) -> None:
        self._count: Counter[T] = Counter()
        self._total = 0
        for g in groups:
            self._count.update(dict.fromkeys(g, 1))
            self._total += 1

    def of(self, thing: T) -> float:
        return max(math.log((self._total + 1) / (self._count[thing] + 0.5)), 0.0)

    def share(self, some: Iterable[T], every: Iterable[T]) -> float:
        total = math.fsum(self.of(w) for w in every)
        return math.fsum(self.of(w) for w in some) / total if total > 0 else 0.0

    def weight(self, counted: "Counter[T]") -> float:
        return math.fsum(self.of(r) * n for r, n in counted.items()) or 1.0


def _runs(e: Entity) -> "Counter[Run]":
    cached = e.file.code.remembered.setdefault("runs", {})
    if e.span not in cached:
        cached[e.span] = Profile(e.tokens, e.name.encode()).runs
    runs: Counter[Run] = cached[e.span]
    return runs


def _parts(name: str) -> frozenset[bytes]:
    """Return the words of a name, shortened ones in full."""
    words = re.findall(r"[a-z]+|[A-Z]+|\d+", name)
    return frozenset(p.encode() for w in words for p in _IDIOM.get(w.lower(), (w.lower(),)))


def _listed(words: list[bytes], limit: int = 5) -> str:
    text = ", ".join(w.decode("latin-1") for w in words[:limit])
    return f"{text} …" if len(words) > limit else text


def neighbourhoods(
    gone: Entity, here: EntityTree, there: EntityTree, beside: str | None
) -> tuple[Neighbourhood, Neighbourhood]:
    """Return the folder of a function, and what answers to it in the other tree.

    Args:
        gone: the function.
        here: its tree.
        there: the other tree.
        beside: the counterpart of its file, if one was found.
    """
    folder = folder_of(gone.file.path)
    folders = dict.fromkeys([folder_of(beside)] if beside is not None else [])
    folders[folder] = None
    return Neighbourhood(here, (folder,)), Neighbourhood(there, tuple(folders))
