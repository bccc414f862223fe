# SPDX-License-Identifier: GPL-2.0-only
"""One thing that an old tree lacks, and the ways to close a provider's worth of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from lpae_backport.needs.interface import Interface
from lpae_backport.needs.need import Need, NeedKind
from lpae_backport.needs.provider import BACKPORT, Choice, Form

_SMALL = 60
"""Lines that are quickly written into a compatibility header."""
_FEW = 3
"""Places that are quickly changed by hand."""


@dataclass
class Gap:
    """A name that is needed of a provider.

    Attributes:
        name: the name; of a field with its struct.
        lines: how long its definition is.
        is_declared: whether a header only declares it, so that its body is in a source.
        uses: how many places of the code that was asked about use it.
    """

    name: str
    lines: int
    is_declared: bool
    uses: int = 0

    @property
    def root(self) -> str:
        """The name without fields."""
        return self.name.partition(".")[0]

    @classmethod
    def of(cls, need: Need, interface: Interface, source: str | None) -> "Gap":
        """Measure what is needed.

        Args:
            need: what the old tree lacks.
            interface: the new tree.
            source: the file that implements it, where a header only declares it.
        """
        if need.kind is NeedKind.FIELD:
            return cls(need.name, 1, is_declared=False)
        if source is not None:
            outline = interface.catalog.outline(source)
            for d in outline.definitions if outline is not None else ():
                if d.name == need.name and d.kind.name == "FUNCTION":
                    text = interface.data(source)[d.start : d.end]
                    return cls(need.name, text.count(b"\n") + 1, is_declared=True)
            return cls(need.name, 1, is_declared=True)
        tag = need.kind is NeedKind.TYPE
        found = interface.tagged(need.name) if tag else []
        for p in found or interface.general(need.name):
            text = interface.data(p.path)[p.definition.start : p.definition.end]
            return cls(need.name, text.count(b"\n") + 1, is_declared=False)
        return cls(need.name, 1, is_declared=False)


def choices(
    form: Form, gaps: Sequence[Gap], lines: int, files: int, after: int, *, is_needed: bool
) -> tuple[Choice, ...]:
    """Return the ways to close the gaps of one provider, the suggested one first.

    Args:
        form: what the provider is to the old tree.
        gaps: what is needed of it.
        lines: how many lines it has.
        files: how many files it has.
        after: how many other providers it needs.
        is_needed: whether another provider needs it that is brought as it is, so that to change
            the code would not do.
    """
    uses = sum(g.uses for g in gaps)
    declared = sum(g.is_declared for g in gaps)
    short = sum(g.lines for g in gaps)
    what = f"{files} {'file' if files == 1 else 'files'}" if form is Form.NEW else _names(len(gaps))
    others = (
        f", and {after} other {'provider' if after == 1 else 'providers'} first" if after else ""
    )
    backport = Choice(BACKPORT, f"bring {what}{others}", lines, 0)
    bodies = f", {declared} of them from sources" if declared else ""
    shim = Choice("shim", f"write {_names(len(gaps))} anew{bodies}", short, 0)
    change = f"change {uses} {'place' if uses == 1 else 'places'}"
    change += ", and what is brought that needs it" if is_needed else ""
    adapt = Choice("adapt", change, uses, uses)
    if 0 < uses <= _FEW and not is_needed:
        return adapt, shim, backport
    first = (shim, backport) if short <= _SMALL and not declared else (backport, shim)
    return (*first, adapt) if uses else first


def _names(count: int) -> str:
    return f"{count} {'name' if count == 1 else 'names'}"
