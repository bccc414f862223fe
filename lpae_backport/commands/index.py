# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit index TREE…``."""

import re
import time

import click

from lpae_backport.catalog import index
from lpae_backport.errors import TreeError, UsageError
from lpae_backport.opening import open_tree
from lpae_backport.output import Progress, warn, write_report

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)\s*([KMG]?)(?:i?B)?", re.IGNORECASE)
_DAY = 86400


@click.command("index")
@click.argument("trees", nargs=-1, type=click.Path())
@click.option("--stats", is_flag=True, help="Show what the index has, and where it is.")
@click.option("--prune", is_flag=True, help="Remove trees that are gone, and what only they had.")
@click.option("--clear", is_flag=True, help="Remove the whole index.")
@click.option(
    "--max-size",
    default="2G",
    show_default=True,
    envvar="LPAE_AUDIT_CACHE_SIZE",
    show_envvar=True,
    metavar="SIZE",
    help="Drop the trees not used for longest while the index takes more (500M, 2G).",
)
def command(trees: tuple[str, ...], stats: bool, prune: bool, clear: bool, max_size: str) -> None:
    """Index every TREE, so that questions about it are answered without reading it.

    A tree is a directory or a revision, REPO@REV[:SUBDIR]. What trees have in common is kept
    once. Before it answers, each command looks whether a file has changed, and reads what has;
    nothing has to be done after a change. Where the index is: $LPAE_AUDIT_CACHE, else lpae-audit
    in the user's cache folder. It can be removed at any time.
    """
    limit = _bytes(max_size)
    if not (trees or stats or prune or clear):
        raise UsageError("names no tree", hint="TREE…, --stats, --prune or --clear")
    try:
        if clear and not index.clear():
            warn("another process uses the index; what it uses stays")
        lines = [_index(tree, limit) for tree in trees]
        if prune:
            index.prune(limit)
        if stats:
            lines += _stats(limit)
    except index.NoIndexError as e:
        raise TreeError(e.message, where=e.where, hint=e.hint) from None
    if lines:
        write_report("\n".join(lines) + "\n", None)


def _index(given: str, limit: int) -> str:
    start = time.monotonic()
    tree = open_tree(given, None, lambda _: None)
    with Progress(1, f"indexing {given}", unit="files") as bar:
        done = index.refresh(tree, bar.reach_of, limit)
    for problem in done.problems:
        warn(f"{problem}; it is not in the index")
    seconds = time.monotonic() - start
    read = f"{done.read:,} read, {done.outlined:,} of them new"
    return f"{given}: {done.files:,} files, {read}, {seconds:.1f} s"


def _stats(limit: int) -> list[str]:
    found = index.contents()
    now = time.time()
    lines = [f"{found.place}: {_megabytes(found.size)} of {_megabytes(limit)}"]
    for name, used, files in found.trees:
        days = int((now - used) / _DAY)
        when = f"{days} days ago" if days > 1 else "yesterday" if days == 1 else "today"
        lines.append(f"  {name}: {files:,} files, used {when}")
    return lines


def _megabytes(size: int) -> str:
    return f"{size / 1048576:,.0f} MB"


def _bytes(text: str) -> int:
    m = _SIZE.fullmatch(text.strip())
    if not m or not float(m[1]):
        raise UsageError(f"'{text}' is no size", hint="500M, 2G")
    return int(float(m[1]) * _UNITS[m[2].upper()])
