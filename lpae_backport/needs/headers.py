# SPDX-License-Identifier: GPL-2.0-only
"""The headers that code includes, compared in two trees."""

import posixpath
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from lpae_backport.needs.externals import Uses
from lpae_backport.needs.need import Need, NeedKind, Site, Status
from lpae_backport.needs.relation import Relation

_MANY = 0.5
"""Part of the names taken from a header that must live in another one for it to have moved."""


class HeaderComparison:
    """Compares the headers that code includes.

    Args:
        trees: the tree that the code is written for, and the one that is to receive it.
        own: the files of the code.
    """

    def __init__(self, trees: Relation, own: Collection[str]) -> None:
        self._new = trees.new
        self._old = trees.old
        self._own = own

    def needs(self, uses: Uses, found: Sequence[Need]) -> Iterator[Need]:
        """Yield a need for each header that the code includes, its own left out.

        Args:
            uses: what the code takes; headers of which nothing can be told become unresolved.
            found: the other needs.
        """
        for (system, name), spots in uses.headers.items():
            user = spots[0].file
            here = self._new.search.find(user, system, name)
            if here in self._own:
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
            there = self._old.search.find(user, system, name)
            if there is not None:
                yield replace(need, status=Status.SAME, old=Site(there, 1), compiles=True)
            else:
                yield self._gone(need, here, found)

    def _is_own_header(self, user: str, name: str) -> bool:
        return posixpath.normpath(posixpath.join(posixpath.dirname(user), name)) in self._own

    def _gone(self, need: Need, here: str, found: Sequence[Need]) -> Need:
        """Say where the old tree has what the code takes from a header that it lacks."""
        base = posixpath.basename(here)
        for path in sorted(self._old.admitted):
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
