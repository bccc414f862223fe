# SPDX-License-Identifier: GPL-2.0-only
"""What became of each entity of a file: the same, changed, renamed, split, merged or gone.

Entities are paired by name, and what is left over by likeness (see `similarity`). All is decided
on tokens: comments, white space and line breaks make no difference.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from lpae_backport.entities.extraction import Entity, EntityFile
from lpae_backport.entities.rows import Row, Status, alone, judged, profile
from lpae_backport.entities.similarity import TELLING, Index, Run, best_pairs

Key = Callable[[Entity], object]
T = TypeVar("T")

_ORDINARY = frozenset({"function", "macro", "object", "declaration"})
_TYPES = frozenset({"struct", "union", "enum", "typedef"})
_KEYS: tuple[Key, ...] = (
    lambda e: (e.tokens, e.conditions),
    lambda e: e.tokens,
    lambda e: e.conditions,
    lambda e: None,
)
"""What pairs several entities of one name: most telling first."""


def compare_files(
    old: EntityFile | None, new: EntityFile | None, threshold: float
) -> tuple[Row, ...]:
    """Return what became of every entity of a file, in the order of the new file.

    Args:
        old: the file as it was; `None` where it is new.
        new: the file as it is; `None` where it is gone.
        threshold: how alike two entities of different names must be to be one.
    """
    before = old.entities if old is not None else ()
    after = new.entities if new is not None else ()
    rows, gone, fresh = _by_name(before, after)
    more, gone, fresh = _renamed(gone, fresh, threshold)
    rows, gone = _split([*rows, *more], gone, fresh, threshold)
    rows, fresh = _merged(rows, gone, fresh, threshold)
    into = {e: f"merged into {r.name}" for r in rows if r.status is Status.MERGED for e in r.parts}
    came = {e: f"split from {r.name}" for r in rows if r.status is Status.SPLIT for e in r.parts}
    rows += [alone(Status.REMOVED, e, None, into.get(e, "")) for e in gone]
    rows += [alone(Status.ADDED, None, e, came.get(e, "")) for e in fresh]
    return tuple(_ordered(rows, before))


def _by_name(
    before: Iterable[Entity], after: Iterable[Entity]
) -> tuple[list[Row], list[Entity], list[Entity]]:
    """Pair by kind and name, then by name where only the kind has changed."""
    rows, gone, fresh = _paired(before, after, lambda e: (e.kind, e.name))

    def group(e: Entity) -> object:
        if e.kind in _ORDINARY or e.kind in _TYPES:
            return e.kind in _TYPES, e.name
        if e.kind == "include":
            return e.kind, e.name.rpartition("/")[2]
        return e.kind, e.tokens

    more, gone, fresh = _paired(gone, fresh, group)
    moved = [replace(r, status=Status.RENAMED) if r.kind == "include" else r for r in more]
    return [*rows, *moved], gone, fresh


def _paired(
    before: Iterable[Entity], after: Iterable[Entity], key: Key
) -> tuple[list[Row], list[Entity], list[Entity]]:
    """Pair entities by a key; several of one (arms of ``#if``) equal ones first, then in order."""
    olds, news = _grouped(before, key), _grouped(after, key)
    pairs = [p for k, found in olds.items() for p in _matched(found, news.get(k, []))]
    taken = {e for p in pairs for e in p}
    gone = [e for found in olds.values() for e in found if e not in taken]
    fresh = [e for found in news.values() for e in found if e not in taken]
    return [judged(o, n) for o, n in pairs], _in_order(gone), _in_order(fresh)


def _grouped(entities: Iterable[Entity], key: Key) -> dict[object, list[Entity]]:
    found: dict[object, list[Entity]] = defaultdict(list)
    for e in entities:
        found[key(e)].append(e)
    return found


def _in_order(entities: list[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda e: e.span)


def _matched(olds: list[Entity], news: list[Entity]) -> list[tuple[Entity, Entity]]:
    if len(olds) == 1 and len(news) == 1:
        return [(olds[0], news[0])]
    pairs: list[tuple[Entity, Entity]] = []
    for key in _KEYS if news else ():
        taken = {e for p in pairs for e in p}
        waiting = _grouped((n for n in reversed(news) if n not in taken), key)
        for o in olds:
            found = waiting.get(key(o)) if o not in taken else None
            if found:
                pairs.append((o, found.pop()))
    return pairs


def _renamed(
    gone: list[Entity], fresh: list[Entity], threshold: float
) -> tuple[list[Row], list[Entity], list[Entity]]:
    """Pair what is alike under another name."""
    rows: list[Row] = []
    for kind in sorted(_ORDINARY | _TYPES):
        olds = [e for e in gone if e.kind == kind]
        news = [e for e in fresh if e.kind == kind]
        found = best_pairs([profile(e) for e in olds], [profile(e) for e in news], threshold)
        rows += [judged(olds[i], news[j], Status.RENAMED) for i, j, _ in found]
    taken = {e for r in rows for e in (r.old, r.new)}
    return rows, [e for e in gone if e not in taken], [e for e in fresh if e not in taken]


def _split(
    rows: list[Row], gone: list[Entity], fresh: list[Entity], threshold: float
) -> tuple[list[Row], list[Entity]]:
    """Find what was split: new functions made of what an old one had and has no more."""
    parts = [e for e in fresh if e.kind == "function"]
    wholes = [(r.old, r.new) for r in rows if _is_changed(r)]
    wholes += [(e, None) for e in gone if e.kind == "function"]
    found = _pieces(wholes, parts, threshold)
    made = [
        replace(r, status=Status.SPLIT, parts=found[r.old]) if r.old in found else r for r in rows
    ]
    made += [replace(alone(Status.SPLIT, e, None), parts=found[e]) for e in gone if e in found]
    return made, [e for e in gone if e not in found]


def _merged(
    rows: list[Row], gone: list[Entity], fresh: list[Entity], threshold: float
) -> tuple[list[Row], list[Entity]]:
    """Find what was merged: old functions that are gone and found again in one that grew."""
    parts = [e for e in gone if e.kind == "function"]
    wholes = [(r.new, r.old) for r in rows if _is_changed(r)]
    wholes += [(e, None) for e in fresh if e.kind == "function"]
    found = _pieces(wholes, parts, threshold)
    made = [
        replace(r, status=Status.MERGED, parts=found[r.new])
        if r.new in found and _is_changed(r)
        else r
        for r in rows
    ]
    made += [replace(alone(Status.MERGED, None, e), parts=found[e]) for e in fresh if e in found]
    return made, [e for e in fresh if e not in found]


def _is_changed(r: Row) -> bool:
    both = r.old is not None and r.new is not None and r.old.kind == r.new.kind == "function"
    return both and r.status in (Status.CHANGED, Status.RENAMED)


def _pieces(
    wholes: list[tuple[Entity | None, Entity | None]], parts: list[Entity], threshold: float
) -> dict[Entity | None, tuple[Entity, ...]]:
    """Return which of some parts each whole had that its other side has not.

    Args:
        wholes: functions of one side, each with its counterpart on the other, if any.
        parts: functions that only the other side has.
        threshold: which share of a part must come from the whole.
    """
    if not parts:
        return {}
    profiles = [profile(e) for e in parts]
    index = Index(profiles)
    best: dict[int, tuple[float, Entity]] = {}
    for whole, other in wholes:
        assert whole is not None
        lost = profile(whole).runs
        if other is not None:
            lost = lost - profile(other).runs
        for j, votes in index.near(lost):
            share = _shared(profiles[j].runs, lost) / profiles[j].size
            if share >= threshold and votes >= TELLING and share > best.get(j, (0.0,))[0]:
                best[j] = (share, whole)
    found: dict[Entity | None, list[Entity]] = defaultdict(list)
    for j in sorted(best):
        found[best[j][1]].append(parts[j])
    return {whole: tuple(those) for whole, those in found.items()}


def _shared(part: "Counter[Run]", whole: "Counter[Run]") -> int:
    return sum(min(n, whole[run]) for run, n in part.items() if run in whole)


def _ordered(rows: list[Row], before: Iterable[Entity]) -> list[Row]:
    """Return rows in the order of the new file, what is gone behind what stood before it."""
    place = {r.old: r.new.span.start for r in rows if r.old is not None and r.new is not None}
    behind: dict[Entity, int] = {}
    last = -1
    for e in before:
        last = place.get(e, last)
        behind[e] = last

    def key(r: Row) -> tuple[int, int, int]:
        if r.new is not None:
            return r.new.span.start, 0, 0
        assert r.old is not None
        return behind[r.old], 1, r.old.span.start

    return sorted(rows, key=key)
