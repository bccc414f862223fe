# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit usage SYMBOL… TREE…``."""

import os
import posixpath
import re

import click

from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode, TreeError, UsageError
from lpae_backport.filetree import FileTree
from lpae_backport.format.usage import FORMATS
from lpae_backport.gitdir import split_revision
from lpae_backport.matrix import names_of
from lpae_backport.output import Progress, write_report
from lpae_backport.uses.kinds import MEANINGS, Kind, Symbol, is_symbol, symbol
from lpae_backport.uses.renames import suggest
from lpae_backport.uses.usage import TreeUses, Usage, find

_ARCHIVE = re.compile(r".*\.(?:tar|t?[gx]z|zst|bz2|deb)(?::.*)?", re.DOTALL)
_NOT_TEXT = frozenset((Kind.COMMENT, Kind.STRING, Kind.DOCUMENTATION))


@click.command(
    "usage", epilog="Kinds: " + "; ".join(f"{k} ({m})" for k, m in MEANINGS.items()) + "."
)
@click.argument("given", metavar="SYMBOL… TREE…", nargs=-1, required=True)
@click.option(
    "-e", "--symbol", "more", multiple=True, metavar="SYMBOL", help="One more symbol (repeatable)."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([k.value for k in Kind]),
    metavar="KIND",
    help="Show uses of this kind only (repeatable); see below.",
)
@click.option("--no-comments", is_flag=True, help="Leave out comments, strings and documentation.")
@click.option(
    "--under", multiple=True, metavar="PATH", help="Show uses below PATH only (repeatable)."
)
@click.option("-c", "--count", is_flag=True, help="Show how many there are, not where.")
@click.option("--no-renames", is_flag=True, help="Do not look for other names of a symbol.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True
)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write the report to FILE.")
def command(
    given: tuple[str, ...],
    more: tuple[str, ...],
    kinds: tuple[str, ...],
    no_comments: bool,
    under: tuple[str, ...],
    count: bool,
    no_renames: bool,
    form: str,
    output: str | None,
) -> int:
    """Show every use of each SYMBOL in each TREE, by whole identifier, and what it is.

    A SYMBOL is an identifier, CONFIG_X, or struct.field. What exists as a directory, an archive
    or REPO@REV is a TREE. Ends with 0 if every symbol is used, with 1 if one is not.
    """
    symbols, paths = sort_out(given, more)
    trees = [_opened(p) for p in paths]
    found = _found(trees, symbols)
    renames = () if no_renames else suggest(trees, found, symbols)
    usage = Usage(tuple(symbols), names_of(tuple(paths)), tuple(found), renames)
    wanted = {Kind(k) for k in kinds}
    if no_comments:
        wanted = (wanted or set(Kind)) - _NOT_TEXT
    shown = usage.only(wanted, [posixpath.normpath(p) for p in under])
    write_report(FORMATS[form](shown, count), output)
    return ExitCode.FINDINGS if shown.absent() else ExitCode.DONE


def _found(trees: list[FileTree], symbols: list[Symbol]) -> list[TreeUses]:
    found: list[TreeUses] = []
    with Progress(1000 * len(trees), "searching") as bar:

        def told(part: float) -> None:
            bar.reach(int(1000 * (len(found) + part)))

        for tree in trees:
            found += [find(tree, symbols, told)]
    return found


def sort_out(given: tuple[str, ...], more: tuple[str, ...]) -> tuple[list[Symbol], list[str]]:
    """Tell symbols from trees.

    Args:
        given: both, in any order.
        more: what are symbols for certain.

    Returns:
        The symbols and the trees, in the order given, none twice.

    Raises:
        UsageError: there is no symbol, or no tree.
        TreeError: an argument can be neither.
    """
    names, trees = list(more), []
    for text in given:
        if _is_tree(text):
            trees.append(text)
        elif is_symbol(text) and not _ARCHIVE.fullmatch(text):
            names.append(text)
        else:
            hint = "a tree is a directory, REPO@REV[:SUBDIR], or an archive"
            raise TreeError("neither a tree nor a symbol", where=text, hint=hint)
    if not names:
        hint = f"lpae-audit usage SYMBOL {' '.join(trees)}; -e NAME for one that is a directory too"
        raise UsageError("no symbol given", hint=hint)
    if not trees:
        hint = f"lpae-audit usage {' '.join(names)} TREE; nothing of these names exists here"
        raise UsageError("no tree given", hint=hint)
    symbols = {s.name: s for s in map(symbol, names)}
    return list(symbols.values()), list(dict.fromkeys(trees))


def _is_tree(text: str) -> bool:
    """Tell whether an argument names a tree; a plain file that has a symbol's name does not."""
    if os.path.isdir(text) or not text:
        return bool(text)
    if os.path.isfile(text):
        return not is_symbol(text) or _ARCHIVE.fullmatch(text) is not None
    file, _, _ = text.rpartition(":")
    return bool(split_revision(text)[0]) or (bool(file) and os.path.isfile(file))


def _opened(given: str) -> FileTree:
    """Open a tree; of an archive everything is kept, texts and scripts too."""
    file, folder = (given, "") if os.path.isfile(given) else given.rpartition(":")[::2]
    if os.path.isdir(given) or not os.path.isfile(file):
        return opened(given, None)
    from lpae_backport.archive import ArchiveStore
    from lpae_backport.storedtree import StoredTree

    with Progress(os.path.getsize(file), f"reading {os.path.basename(file)}") as bar:
        store = ArchiveStore(file, re.compile(".*", re.DOTALL), bar.reach)
    return StoredTree(given, store, folder)
