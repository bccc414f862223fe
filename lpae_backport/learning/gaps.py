# SPDX-License-Identifier: GPL-2.0-only
"""What a patch does that no check of a pack tells, and why not."""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from lpae_backport.entities.extraction import Entity, EntityFile
from lpae_backport.learning.choice import MOST, Choice, Fate
from lpae_backport.learning.declared import is_guard
from lpae_backport.learning.lesson import Change, Fact, Gap
from lpae_backport.learning.trial import Trial
from lpae_backport.learning.twins import is_untold_twin

_NOT_C = "it is no C; the rule language knows C and Kconfig"
_KCONFIG = "the rule language sees only what a symbol depends on"
_LARGE = "it is too large to be read"
_FATES = {
    Fate.HELD: "each check that could tell it holds without the patch too, fails with it, "
    "or cannot be decided",
    Fate.UNTRIED: "not tried: too many checks were run for what comes before it",
    Fate.SPARED: "not tried: it tells little, and other checks tell of the file",
}
_FULL = f"the pack has its {MOST} checks, which tell of other things"
_UNPROVEN = "a check tells it, but not in files cut down to what it looks at"
_GONE = {
    "include": "an include that goes cannot be told",
    "declaration": "a declaration that goes cannot be told",
    "object": "an object that goes cannot be told",
}
_FEW = "new, as others are that checks name; of each kind a pack names a few"
_TWIN = "the file defines it more than once, and no check tells this one from the others"
_NAMELESS = "its type has no name, and a check asks for a type by its name"
_SORTS = {"struct": "struct ", "union": "union ", "enum": "enum ", "object": "object "}
_NEW = {"function": "new functions", "macro": "new macros", "include": "includes"}
_WHOLE = re.compile(r"#|\w+(?:\(|;?$)")
"""How a call or directive at file level begins; what has commas and semicolons falls to pieces."""
_GROUPS = frozenset({*_NEW.values(), "new declarations", "calls at file level"})
"""What has one entry for all of a kind that is new in a file; a few of it are checked."""
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
        facts: the checks of the pack.
        trial: runs checks.
    """

    covered: _Names
    kept: _Names
    fates: Mapping[tuple[str, str], Fate]
    facts: Sequence[Fact]
    trial: Trial

    def tells(self, e: Entity, names: _Names) -> bool:
        """Tell whether a check is about an entity, by the names that checks have for it."""
        group = next((n for n in names if n[1] in _GROUPS), None)
        if (names - {group}) & self.covered:
            return True
        if group is None or group not in self.covered:
            return False
        asked = (f.check for f in self.facts if (f.goal.path, f.goal.entity) == group)
        if e.kind != "other":
            return any(e.name in (c.name, c.owner) for c in asked)
        # Such a check asks that all calls have some form: of one call it tells that it is there.
        callees = [o.tokens[:1] for o in e.file.entities if o.kind == "other"]
        told = {p.root.kids[0].label.encode() for c in asked for p in c.patterns if p.root.kids}
        return callees.count(e.tokens[:1]) == 1 and e.tokens[0] in told

    def missed(self, names: _Names) -> str:
        """Return why nothing that goes by some names is told; empty if it has no goals."""
        fate = min((self.fates[n] for n in names if n in self.fates), default=None)
        if fate is None:
            return ""
        if fate is not Fate.FOUND:
            return _FATES[fate]
        return _UNPROVEN if names & self.kept else _FULL


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
    covered, kept = choice.entities_of(told), choice.entities_of(choice.facts)
    known = _Told(covered, kept, choice.fates, told, choice.trial)
    files = {f.goal.path for f in told}
    for c in changes:
        if c.path not in mine:
            if c.path not in files:
                yield Gap(c.path, "the whole file", _why_whole(c))
            continue
        found = list(_of_file(c, mine[c.path], theirs[c.path], known))
        yield from found[:_MANY]
        if found[_MANY:]:
            yield Gap(c.path, f"{len(found) - _MANY} more", "too many to be named one by one")
        if not found and c.path not in files and c.before is not None:
            yield Gap(c.path, "the whole file", "only comments, blanks or what is never compiled")


def _of_file(
    change: Change,
    after: EntityFile,
    before: EntityFile,
    told: _Told,
) -> Iterator[Gap]:
    """Yield the entities of one file that changed and are not told of."""
    old: dict[tuple[str, str], list[Entity]] = {}
    for e in before.entities:
        old.setdefault((e.kind, e.name), []).append(e)
    seen: set[tuple[str, str]] = set()
    new: dict[tuple[str, str], list[Entity]] = {}
    for e in (e for e in after.entities if not _is_part(e, change)):
        key = (e.kind, e.name)
        had = [(o.tokens, o.conditions) for o in old.get(key, [])]
        seen.add(key)
        if (e.tokens, e.conditions) in had:
            continue
        names = {(change.path, n) for n in (_NEW.get(e.kind, ""), *_entity_names(e))}
        if had and e.kind != "other":
            names = {n for n in names if n[1] not in _GROUPS}
        if told.tells(e, names):
            if is_untold_twin(e, old.get(key, []), told.facts, told.trial):
                yield Gap(change.path, f"{e.kind} {e.name}", _TWIN, e.place.line)
            continue
        why = _FEW if names & told.covered else told.missed(names) or _why(e, bool(had))
        if had or (change.before is not None and why != _FEW):
            yield Gap(change.path, f"{e.kind} {e.name}", why, e.place.line)
        else:
            new.setdefault((e.kind, why), []).append(e)
    yield from (_together(change.path, kind, why, es) for (kind, why), es in new.items())
    for key, entities in old.items():
        if key not in seen:
            why = _GONE.get(key[0], "it is gone, and nothing that stays tells so")
            yield Gap(change.path, f"{key[0]} {key[1]}", why, entities[0].place.line)


def _is_part(e: Entity, change: Change) -> bool:
    """Tell whether something is told with another: a guard, or in a new file a piece of a call."""
    if e.kind == "macro":
        return is_guard(e.file.code, e.name)
    return e.kind == "other" and change.before is None and not _WHOLE.match(e.name)


def _together(path: str, kind: str, why: str, entities: list[Entity]) -> Gap:
    """Return one gap for what is new and goes untold for one reason."""
    names = list(dict.fromkeys(e.name for e in entities))
    rest = f" and {len(names) - _MANY} more" if names[_MANY:] else ""
    return Gap(path, f"{kind} {', '.join(names[:_MANY])}{rest}", why, entities[0].place.line)


def _entity_names(e: Entity) -> set[str]:
    if e.kind == "function":
        return {f"{e.name}()"}
    if e.kind == "macro":
        return {f"macro {e.name}"}
    if e.kind == "other" and e.name.startswith("#"):
        return set()
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
    if e.kind in ("enum", "struct", "union") and not e.name.isidentifier():
        return _NAMELESS
    if e.kind in ("other", "typedef"):
        return f"the rule language has no check for it ({e.kind})"
    return "only types or conditions around it change, or something goes; no check tells that"
