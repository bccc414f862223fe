# SPDX-License-Identifier: GPL-2.0-only
"""What a patch does that no check of a pack tells, and why not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from lpae_backport.entities.extraction import Entity, EntityFile
from lpae_backport.learning.choice import MOST, Choice, Fate
from lpae_backport.learning.lesson import Change, Fact, Gap

_NOT_C = "it is no C; the rule language knows C and Kconfig"
_KCONFIG = "the rule language sees only what a symbol depends on"
_LARGE = "it is too large to be read"
_FATES = {
    Fate.HELD: "each check that could tell it holds without the patch too, or cannot be decided",
    Fate.UNTRIED: "not tried: too many checks were run for what comes before it",
    Fate.SPARED: "other checks of the file tell as much",
}
_FULL = f"the pack has its {MOST} checks, which tell of other things"
_UNPROVEN = "a check tells it, but not in files cut down to what it looks at"
_GONE = {
    "include": "an include that goes cannot be told",
    "declaration": "a declaration that goes cannot be told",
    "object": "an object that goes cannot be told",
}
_SORTS = {"struct": "struct ", "union": "union ", "enum": "enum ", "object": "object "}
_NEW = {"function": "new functions", "macro": "new macros", "include": "includes"}
_MANY = 40


_Names = AbstractSet[tuple[str, str]]
"""Entities, each with its file."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of, and what became of the rest.

    Attributes:
        covered: what a check of the pack tells of.
        kept: what was to be told, though maybe it could not be proven.
        fates: what became of each entity that has goals.
    """

    covered: _Names
    kept: _Names
    fates: Mapping[tuple[str, str], Fate]

    def missed(self, names: _Names) -> str:
        """Return why nothing that goes by some names is told; empty if it has no goals."""
        fate = min((self.fates[n] for n in names if n in self.fates), default=None)
        if fate is None:
            return ""
        if fate is not Fate.FOUND:
            return _FATES[fate]
        return _UNPROVEN if names & self.kept else _FULL


def _entities(facts: Iterable[Fact]) -> _Names:
    return {(f.goal.path, f.goal.entity) for f in facts}


def gaps_of(
    changes: Sequence[Change],
    mine: Mapping[str, EntityFile],
    theirs: Mapping[str, EntityFile],
    choice: Choice,
    told: Sequence[Fact],
) -> Iterator[Gap]:
    """Yield the changed entities that no check tells of.

    Args:
        changes: the files.
        mine: those of C with the patch.
        theirs: the same without.
        choice: what was tried.
        told: the checks that were written.
    """
    known = _Told(_entities(told), _entities(choice.facts), choice.fates)
    files = {f.goal.path for f in told}
    for c in changes:
        if c.path not in mine:
            if c.path not in files:
                yield Gap(c.path, "the whole file", _why_whole(c))
            continue
        found = list(_of_file(c, mine[c.path], theirs[c.path], known))
        yield from found[:_MANY]
        if not found and c.path not in files and c.before is not None:
            yield Gap(c.path, "the whole file", "only comments, blanks or what is never compiled")


def _of_file(
    change: Change,
    after: EntityFile,
    before: EntityFile,
    told: _Told,
) -> Iterator[Gap]:
    """Yield the entities of one file that changed and are not told of."""
    if change.before is None:
        return
    old: dict[tuple[str, str], list[Entity]] = {}
    for e in before.entities:
        old.setdefault((e.kind, e.name), []).append(e)
    seen: set[tuple[str, str]] = set()
    for e in after.entities:
        key = (e.kind, e.name)
        had = [(o.tokens, o.conditions) for o in old.get(key, [])]
        seen.add(key)
        if (e.tokens, e.conditions) in had:
            continue
        names = {(change.path, n) for n in (_NEW.get(e.kind, ""), *_entity_names(e))}
        if names & told.covered:
            continue
        why = told.missed(names) or _why(e, bool(had))
        yield Gap(change.path, f"{e.kind} {e.name}", why, e.place.line)
    for key, entities in old.items():
        if key not in seen:
            why = _GONE.get(key[0], "it is gone, and nothing that stays tells so")
            yield Gap(change.path, f"{key[0]} {key[1]}", why, entities[0].place.line)


def _entity_names(e: Entity) -> set[str]:
    if e.kind == "function":
        return {f"{e.name}()"}
    if e.kind == "macro":
        return {f"macro {e.name}"}
    if e.kind == "other":
        exports = e.file.code.exports.values()
        is_export = any(e.span.start <= s.start < e.span.end for s in exports)
        return {"exports" if is_export else "calls at file level"}
    if e.kind == "declaration" and e.name in e.file.code.functions:
        return {f"declaration {e.name}", f"{e.name}()", "new functions"}
    if e.kind in ("object", "declaration"):
        return {f"object {e.name}", f"declaration {e.name}", "new declarations"}
    return {_SORTS.get(e.kind, "") + e.name} | {f"{k} {a}" for k in _SORTS for a in e.also}


def _why_whole(change: Change) -> str:
    """Return why nothing of a file that was not read as C is told."""
    if change.after is None:
        return "the file is gone"
    if change.is_c:
        return _LARGE
    return _KCONFIG if change.is_kconfig else _NOT_C


def _why(e: Entity, had: bool) -> str:
    """Return why an entity has no goals."""
    problem = e.file.source.problem_at(e.span)
    if problem is not None:
        return f"it could not be read: {problem.reason}"
    if e.kind in ("object", "declaration") and had:
        return "only plain numbers, attributes or what goes; no check tells that"
    if e.kind in ("other", "typedef"):
        return f"the rule language has no check for it ({e.kind})"
    return "only types or conditions around it change, or something goes; no check tells that"
