# SPDX-License-Identifier: GPL-2.0-only
"""One entity on both sides: what became of it, how alike it is, and what is different about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from lpae_backport.entities.extraction import Entity
from lpae_backport.entities.similarity import Profile, alike
from lpae_backport.entities.successor import Successor

_SHOWN = 8
"""Names that a sentence lists."""


class Status(Enum):
    """What became of an entity."""

    SAME = "same"
    CHANGED = "changed"
    RENAMED = "renamed"
    MOVED = "moved"
    SPLIT = "split"
    MERGED = "merged"
    REMOVED = "removed"
    ADDED = "added"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One entity on both sides.

    Attributes:
        status: what became of it.
        old: where it was; `None` where it is new.
        new: where it is; `None` where it is gone.
        similarity: how alike both are, from 0 to 1; `None` where there is only one.
        how: what is different, one sentence each.
        parts: what it was split into, or merged from, besides `new` or `old`.
        successors: what may have taken its place (or, for one that was added, what it may have
            taken the place of).
        searched: whether successors were looked for.
    """

    status: Status
    old: Entity | None
    new: Entity | None
    similarity: float | None = None
    how: tuple[str, ...] = ()
    parts: tuple[Entity, ...] = ()
    successors: tuple[Successor, ...] = ()
    searched: bool = False

    @property
    def one(self) -> Entity:
        """The entity, by its new side where there is one."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found

    @property
    def kind(self) -> str:
        """What it is."""
        return self.one.kind

    @property
    def name(self) -> str:
        """What it is called, old name first where there are two."""
        if self.old is not None and self.new is not None and self.old.name != self.new.name:
            return f"{self.old.name} -> {self.new.name}"
        return self.one.name

    def is_named(self, name: str) -> bool:
        """Tell whether it answers to a name on either side."""
        sides = [e for e in (self.old, self.new) if e is not None]
        return any(e.name == name or name in e.also for e in sides)


def profile(e: Entity) -> Profile:
    """Return the runs of tokens of an entity."""
    known: dict[object, Profile] = e.file.code.remembered.setdefault("profiles", {})
    if e.span not in known:
        known[e.span] = Profile(e.tokens, e.name.encode())
    return known[e.span]


def judged(old: Entity, new: Entity, status: Status = Status.CHANGED) -> Row:
    """Return a row for two entities that are one.

    Args:
        old: one side.
        new: the other.
        status: what became of it where that is more than a change of its text; without that,
            equal tokens make it the same.
    """
    trouble = old.trouble or new.trouble
    if trouble:
        return Row(Status.UNKNOWN, old, new, None, (trouble,))
    is_same = old.tokens == new.tokens
    if is_same and old.conditions == new.conditions and status is Status.CHANGED:
        return Row(Status.SAME, old, new, 1.0)
    ratio = 1.0 if is_same else alike(profile(old), profile(new))
    return Row(status, old, new, ratio, tuple(_how(old, new)))


def alone(status: Status, old: Entity | None, new: Entity | None, how: str = "") -> Row:
    """Return a row for what is on one side only.

    Args:
        status: what became of it, unless its text cannot be judged.
        old: the entity, if it is gone.
        new: the entity, if it is new.
        how: what else there is to say of it.
    """
    e = old if old is not None else new
    if e is not None and e.trouble:
        return Row(Status.UNKNOWN, old, new, None, (e.trouble,))
    return Row(status, old, new, None, (how,) if how else ())


def _how(old: Entity, new: Entity) -> Iterator[str]:
    """Yield what is different."""
    if old.kind != new.kind:
        yield f"{old.kind} -> {new.kind}"
    if old.conditions != new.conditions:
        yield f"stood under {_under(old)}, stands under {_under(new)}"
    if old.tokens == new.tokens:
        return
    if old.kind == new.kind == "function":
        if _head(old) != _head(new):
            yield "signature differs"
        yield from _names("calls", old.calls, new.calls)
    elif old.kind == new.kind == "enum":
        yield from _names("enumerators", _also(old), _also(new))
    elif old.kind == new.kind and old.kind not in ("include", "other"):
        yield from _names("names", old.words, new.words)


def _names(what: str, old: Iterable[bytes], new: Iterable[bytes]) -> Iterator[str]:
    before, now = set(old), set(new)
    for verb, found in (("lost", before - now), ("new", now - before)):
        names = sorted(n.decode("latin-1") for n in found)
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield f"{what} {verb}: {', '.join(names[:_SHOWN])}{more}"


def _also(e: Entity) -> Iterator[bytes]:
    return (n.encode() for n in e.also)


def _head(e: Entity) -> tuple[bytes, ...]:
    """Return the tokens of a function up to its body; its own name counts for nothing."""
    plain = profile(e).plain
    return plain[: plain.index(b"{")] if b"{" in plain else plain


def _under(e: Entity) -> str:
    return " and ".join(f"#if {c}" for c in e.conditions) or "no #if"
