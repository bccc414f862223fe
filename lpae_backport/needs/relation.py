# SPDX-License-Identifier: GPL-2.0-only
"""What can be asked of two trees at once: whether types fit, whether a header changed."""

from lpae_backport.catalog.catalog import Place
from lpae_backport.needs.alteration import fits
from lpae_backport.needs.ctype import CType, plain
from lpae_backport.needs.entry import Entry
from lpae_backport.needs.interface import Interface


class Relation:
    """Two trees beside each other.

    Args:
        new: the tree that the code is written for.
        old: the tree that is to receive it.
    """

    def __init__(self, new: Interface, old: Interface) -> None:
        self.new = new
        self.old = old

    def fits(self, given: CType, wanted: CType) -> bool:
        """Tell whether a compiler takes one type for another, typedefs of both trees known."""
        given, wanted = (plain(self.old.settled(self.new.settled(t))) for t in (given, wanted))
        return fits(given, wanted)

    def moved(self, mine: Entry, theirs: Entry, chosen: Place) -> tuple[str, bool, bool]:
        """Compare the headers that two trees have a name in.

        Args:
            mine: the definitions of the new tree.
            theirs: those of the old tree.
            chosen: the one of the old tree that is shown.

        Returns:
            What to say of it, whether it moved, and whether the code reaches the old one.
        """
        old = self.old
        here = {self.new.search.name(p.path) for p in mine.places}
        moved = all(old.search.name(p.path) not in here for p in theirs.places)
        reached = any(p.path in old.reach for p in theirs.places)
        if chosen.path in old.admitted:
            return f"in {chosen.path}, which is private to its folder", True, False
        if moved:
            aside = "" if reached else ", which the code does not reach"
            return f"in {chosen.path}{aside}", True, reached
        return "" if reached else f"the code does not reach {chosen.path}", False, reached
