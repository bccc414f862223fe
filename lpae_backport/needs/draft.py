# SPDX-License-Identifier: GPL-2.0-only
"""Providers while they are being put together, and what is to become of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lpae_backport.needs.gap import Gap, choices
from lpae_backport.needs.ordering import ordered
from lpae_backport.needs.provider import BACKPORT, Choice, Form, Provider


@dataclass
class Draft:
    """A provider while it is being put together.

    Attributes:
        name: what it is called by.
        depth: how far from the code it is.
        headers: its headers.
        sources: what implements them.
        gaps: what is needed of it, by name.
        after: the drafts that it needs, each with the names it needs of it.
        unresolved: names that it uses, but whose header it does not reach itself.
        form: what it is to the old tree.
        lines: how many lines it has; of a grown one, those that are missing.
        seen: how much of it there was when its own needs were looked at.
    """

    name: str
    depth: int
    headers: dict[str, None] = field(default_factory=dict)
    sources: dict[str, None] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)
    after: dict[str, set[str]] = field(default_factory=dict)
    unresolved: set[str] = field(default_factory=set)
    form: Form = Form.NEW
    lines: int = 0
    seen: tuple[int, int] = (0, 0)

    @property
    def is_followed(self) -> bool:
        """Whether its own needs were looked at."""
        return self.seen != (0, 0)

    @property
    def uses(self) -> int:
        """How many places of the code that was asked about use what is needed of it."""
        return sum(g.uses for g in self.gaps.values())

    def choices(self, *, is_needed: bool) -> tuple[Choice, ...]:
        """Return the ways to close its gap, the suggested one first.

        Args:
            is_needed: whether another provider needs it that is brought as it is.
        """
        files = len(self.headers) + len(self.sources)
        gaps = [self.gaps[n] for n in sorted(self.gaps)]
        after = len(self.after)
        return choices(self.form, gaps, self.lines, files, after, is_needed=is_needed)

    def finished(self, only_for: tuple[str, ...], *, is_needed: bool) -> Provider:
        """Return the provider.

        Args:
            only_for: the providers that need it, where nothing that is suggested does.
            is_needed: whether another provider needs it that is brought as it is.
        """
        return Provider(
            self.name,
            self.form,
            (*sorted(self.headers), *sorted(self.sources)),
            self.lines,
            self.depth,
            tuple(sorted(self.gaps)),
            self.uses,
            tuple(sorted(self.after)),
            sum(map(len, self.after.values())),
            self.choices(is_needed=is_needed),
            self.is_followed,
            only_for,
        )


def providers(drafts: Mapping[str, Draft]) -> tuple[Provider, ...]:
    """Return the providers in the order to bring them in.

    What is suggested of one bears on those that it needs: only where it is brought as it is,
    they are needed as well. So the suggestions are made from the code on; each that is brought
    can but add to what is needed, so that this ends.

    Args:
        drafts: by name; what they are to the old tree and how long they are has been found.
    """
    edges = {d.name: d.after.keys() for d in drafts.values()}
    users: dict[str, set[str]] = {}
    for name, below in edges.items():
        for other in below:
            users.setdefault(other, set()).add(name)
    brought: set[str] = set()
    waiting = [d.name for d in drafts.values() if d.depth == 1]
    while waiting:
        name = waiting.pop()
        is_needed = bool(users.get(name, set()) & brought)
        way = drafts[name].choices(is_needed=is_needed)[0].way
        if way == BACKPORT and name not in brought:
            brought.add(name)
            waiting += edges[name]
    found = []
    for name in ordered(edges):
        wanting = users.get(name, set())
        is_needed = bool(wanting & brought)
        is_spare = drafts[name].depth > 1 and not is_needed
        only_for = tuple(sorted(wanting)) if is_spare else ()
        found.append(drafts[name].finished(only_for, is_needed=is_needed))
    return tuple(found)
