# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit diff OLD NEW [FILE|SYMBOL]…``."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from lpae_backport.commands.trees import opened
from lpae_backport.entities.sources import Told
from lpae_backport.entities.symbols import compare
from lpae_backport.entities.trees import TreeComparison, TreeDiff
from lpae_backport.errors import ExitCode
from lpae_backport.filetree import FileTree
from lpae_backport.format.entitydiff import FORMATS
from lpae_backport.layout import Layout
from lpae_backport.output import Progress, warn, write_report
from lpae_backport.packs import load_packs

_SCALE = 1000


@click.command("diff")
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.argument("what", nargs=-1, metavar="[FILE|SYMBOL]...")
@click.option(
    "--threshold",
    type=click.FloatRange(0.05, 1.0),
    default=0.5,
    show_default=True,
    help="How alike things of different names must be to be taken for one.",
)
@click.option(
    "-U",
    "--unified",
    "context",
    type=click.IntRange(0),
    metavar="N",
    help="Show N lines around a change (default: 3 for files, all for symbols).",
)
@click.option("--table", is_flag=True, help="Show only what became of each entity, not the text.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True
)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write the report to FILE.")
@click.option("--exit-zero", is_flag=True, help="End with 0 although there are differences.")
def command(
    old: str,
    new: str,
    what: tuple[str, ...],
    threshold: float,
    context: int | None,
    table: bool,
    form: str,
    output: str | None,
    exit_zero: bool,
) -> int:
    """Show what became of functions, types, macros and objects between OLD and NEW.

    FILE is a path below the kernel (of either tree, or a folder), SYMBOL a function, type, macro
    or object. Files that were moved or renamed are followed, and so are functions that were
    renamed, moved, split or merged; for one that is gone likely successors are named, with the
    evidence. Without FILE or SYMBOL the files that the packs name are compared.

    Ends with 0 where there are no differences, with 1 where there are, or where a part of what
    was asked for is in neither tree, and with 4 where all of it is, or cannot be read.
    """
    given = list(what)
    trees = TreeComparison(opened(old, None), opened(new, None), threshold)
    if given:
        found = compare(trees, given, _watch)
    else:
        found = _of_packs(trees)
    for note in found.notes:
        warn(note)
    if context is None and any(not s.symbol for s in found.sections):
        context = 3
    if form == "text" and output in (None, "-") and _on_terminal():
        from lpae_backport.format.sidebyside import show

        show(found, context, not table)
    else:
        write_report(FORMATS[form](found, context, not table), output)
    return ExitCode.FINDINGS if found.differs and not exit_zero else ExitCode.DONE


@contextmanager
def _watch(side: str) -> Iterator[Told]:
    """Show how far a search of a tree is."""
    with Progress(_SCALE, f"searching {side}") as bar:
        yield lambda done: bar.reach(int(done * _SCALE))


def _on_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _of_packs(trees: TreeComparison) -> TreeDiff:
    """Compare the files that the packs name."""
    paths: dict[str, None] = {}
    for pack in load_packs(None, ()):
        sides: tuple[FileTree, FileTree] = (trees.old.tree, trees.new.tree)
        layouts = [Layout(t, pack) for t in sides]
        for name in pack.files:
            for layout in layouts:
                found = [f.path for f in layout.files(name) if f.path.endswith((".c", ".h"))]
                paths |= dict.fromkeys(found)
    pairs = {trees.pair(p)[:2]: trees.pair(p) for p in paths}
    return trees.result([trees.section(*pair) for pair in pairs.values()])
