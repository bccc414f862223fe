# SPDX-License-Identifier: GPL-2.0-only
"""What is private in the old tree: which of it the new tree has made an API, and what is no API."""

import posixpath
from collections.abc import Iterable

from lpae_backport.catalog.catalog import Place
from lpae_backport.catalog.definitions import Kind
from lpae_backport.needs.interface import Interface

_NO_KERNEL = ("tools/", "scripts/", "samples/", "Documentation/", "usr/")
"""Programs that are built beside the kernel."""


def admit(new: Interface, old: Interface, names: Iterable[str]) -> None:
    """Let the old tree offer the private headers that hold what is public in the new one.

    A header counts as one that was made public if it has the name of the public one and stands
    where the new tree has that one's implementation (``drivers/iommu/io-pgtable.h`` beside
    ``io-pgtable.c``). A driver's own copy of an API stands elsewhere, and is none.

    Args:
        new: the new tree.
        old: the old tree.
        names: what the code uses.
    """
    for name in names:
        if old.places(name):
            continue
        mine = new.places(name)
        for there in old.everywhere(name):
            if any(_is_origin(new, here.path, there.path) for here in mine[:1]):
                old.admit(there.path)


def _is_origin(new: Interface, public: str, private: str) -> bool:
    """Tell whether a private header of the old tree became a public one of the new tree."""
    base = posixpath.basename(public)
    if posixpath.basename(private) != base or not new.search.is_public(public):
        return False
    folder = posixpath.dirname(private)
    return new.catalog.tree.is_file(f"{folder}/{base.removesuffix('.h')}.c")


def why_missing(old: Interface, name: str, *, tag: bool) -> str:
    """Say where the old tree has a name that is no API for the code; nothing where it has none."""
    found = [p for p in old.everywhere(name) if p.definition.kind.is_tag == tag]
    found = [p for p in found if not p.path.startswith(_NO_KERNEL)]
    found = [p for p in found if p.definition.kind not in (Kind.GENERATED, Kind.FORWARD)]
    if not found:
        return ""
    foreign = [p for p in found if _is_foreign(p, old.search.arch)]
    if len(foreign) == len(found):
        return f"only for other architectures ({_some(found)})"
    return f"only in private headers ({_some([p for p in found if p not in foreign])})"


def _is_foreign(place: Place, arch: str) -> bool:
    parts = place.path.split("/")
    return parts[0] == "arch" and len(parts) > 2 and parts[1] != arch and "include" in parts


def _some(places: list[Place]) -> str:
    paths = list(dict.fromkeys(p.path for p in places))
    more = f" and {len(paths) - 2} more" if len(paths) > 2 else ""
    return ", ".join(paths[:2]) + more
