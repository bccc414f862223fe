# SPDX-License-Identifier: GPL-2.0-only
"""Every use of some symbols in some trees."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from lpae_backport.filetree import FileTree
from lpae_backport.scanned import Unread
from lpae_backport.scanning import Told, scan
from lpae_backport.uses.kinds import Kind, Symbol, Use
from lpae_backport.uses.looking import Looker


@dataclass(frozen=True)
class TreeUses:
    """What one tree has of the symbols.

    Attributes:
        path: the tree as the user named it.
        root: the kernel's top directory, for display.
        version: what its Makefile says it is.
        uses: the uses of each symbol, by its name, in the order of files and lines.
        paths: all files that were searched.
        size: their bytes.
        binaries: how many files are no text.
        unread: what could not be searched, or is doubtful.
    """

    path: str
    root: str
    version: str
    uses: dict[str, tuple[Use, ...]]
    paths: tuple[str, ...] = ()
    size: int = 0
    binaries: int = 0
    unread: tuple[Unread, ...] = ()

    def counts(self, name: str) -> Counter[Kind]:
        """Return how often a symbol is used, by kind."""
        return Counter(u.kind for u in self.uses[name])

    def in_code(self, name: str) -> list[Use]:
        """Return the uses of a symbol that a compiler sees."""
        return [u for u in self.uses[name] if u.kind.is_code and u.is_certain and not u.is_dead]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two places that correspond: one uses the old name, the other the new one."""

    old: Use
    new: Use
    reason: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A name that one tree may have for a symbol of another.

    Attributes:
        symbol: the name in the tree that uses it.
        name: what the other tree seems to call it.
        known_in: number of the tree that uses `symbol`.
        absent_from: number of the tree that does not, or hardly.
        places: what speaks for it, one for each use of `symbol` that has a counterpart.
        comparable: how many uses of `symbol` stand where the other tree has a counterpart of the
            file and function.
    """

    symbol: str
    name: str
    known_in: int
    absent_from: int
    places: tuple[Evidence, ...]
    comparable: int


@dataclass(frozen=True)
class Usage:
    """The uses of some symbols in some trees, side by side.

    Attributes:
        symbols: what was looked for.
        names: what to call each tree, in short.
        trees: what was found in each.
        renames: what a tree may call a symbol that it lacks.
    """

    symbols: tuple[Symbol, ...]
    names: tuple[str, ...]
    trees: tuple[TreeUses, ...]
    renames: tuple[Rename, ...] = ()

    def absent(self) -> list[str]:
        """Return the symbols that no tree has."""
        return [s.name for s in self.symbols if not any(t.uses[s.name] for t in self.trees)]

    def only(self, kinds: Collection[Kind], under: Sequence[str]) -> "Usage":
        """Return the uses of some kinds below some folders.

        Args:
            kinds: what to keep; nothing keeps all.
            under: folders or files below the kernel's root; nothing keeps all.
        """

        def keep(u: Use) -> bool:
            below = not under or any(u.file == p or u.file.startswith(f"{p}/") for p in under)
            return below and (not kinds or u.kind in kinds)

        trees = (
            replace(t, uses={n: tuple(filter(keep, us)) for n, us in t.uses.items()})
            for t in self.trees
        )
        return replace(self, trees=tuple(trees))


def find(tree: FileTree, symbols: Sequence[Symbol], told: Told | None = None) -> TreeUses:
    """Find every use of some symbols in a tree.

    Args:
        tree: the tree.
        symbols: what to look for.
        told: is told how far it is, from 0 to 1.
    """
    words = {w for s in symbols for w in s.words}
    # Kconfig has CONFIG_X under another name.
    always = ("Kconfig",) if any(s.option for s in symbols) else ()
    result = scan(tree, words, Looker(symbols), told, always=always)
    uses: dict[str, list[Use]] = {s.name: [] for s in symbols}
    for _, found in result.found:
        for name, use in found:
            uses[name].append(use)
    return TreeUses(
        tree.path,
        tree.root,
        tree.version,
        {n: tuple(us) for n, us in uses.items()},
        tuple(result.paths),
        result.size,
        result.binaries,
        tuple(result.unread),
    )
