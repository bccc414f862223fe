# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit needs PATH… --new NEW --old OLD``."""

import re
from collections.abc import Collection

import click

from lpae_backport.catalog.catalog import Catalog
from lpae_backport.catalog.index import catalog_of
from lpae_backport.catalog.trusting import worked_out
from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode, UsageError
from lpae_backport.filetree import FileTree
from lpae_backport.format.needs import FORMATS
from lpae_backport.needs.includes import ARCHITECTURES
from lpae_backport.needs.need import Need, NeedKind, Needs, Status
from lpae_backport.needs.requirements import needs_of
from lpae_backport.needs.subject import subject_of
from lpae_backport.output import Progress, warn, write_report

_FORMATS = (*FORMATS, "dot", "svg", "html")
"""Those of the needs, and those of providers."""

_ARCH = re.compile(r"[a-z0-9_]+")
_ARCHITECTURES = (
    *("alpha", "arc", "arm", "arm64", "avr32", "blackfin", "c6x", "cris", "csky", "frv", "h8300"),
    *("hexagon", "ia64", "loongarch", "m32r", "m68k", "metag", "microblaze", "mips", "mn10300"),
    *("nds32", "nios2", "openrisc", "parisc", "powerpc", "riscv", "s390", "score", "sh", "sparc"),
    *("tile", "um", "unicore32", "x86", "xtensa"),
)
"""Those that kernels have had, for trees without the folder."""


@click.command("needs")
@click.argument("paths", metavar="PATH…", type=click.Path(), nargs=-1, required=True)
@click.option("--new", required=True, type=click.Path(), help="The tree PATH was written for.")
@click.option("--old", required=True, type=click.Path(), help="The tree that is to receive it.")
@click.option("--arch", default="arm64", show_default=True, help="The kernel's ARCH.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice([s.value for s in Status]),
    multiple=True,
    help="Show these only (repeatable).",
)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([k.value for k in NeedKind]),
    multiple=True,
    help="Show these only (repeatable).",
)
@click.option("--closure", is_flag=True, help="Say what would bring it, and what that needs.")
@click.option(
    "--depth",
    type=click.IntRange(1, 9),
    default=2,
    show_default=True,
    help="With --closure: how many providers deep to look.",
)
@click.option(
    "--budget",
    type=click.IntRange(1, 200),
    default=60,
    show_default=True,
    help="With --closure: how many providers to look into.",
)
@click.option("--no-index", is_flag=True, help="Read the trees although they are indexed.")
@click.option("-v", "--verbose", count=True, help="Show every place, and what is the same.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write the report to FILE.")
@click.option("--exit-zero", is_flag=True, help="End with 0 although something is needed.")
def command(
    paths: tuple[str, ...],
    new: str,
    old: str,
    arch: str,
    statuses: tuple[str, ...],
    kinds: tuple[str, ...],
    closure: bool,
    depth: int,
    budget: int,
    no_index: bool,
    verbose: int,
    form: str,
    output: str | None,
    exit_zero: bool,
) -> int:
    """Say what the code at PATH needs that OLD lacks, or has in another form.

    PATH is a .c or .h file, several, a folder of some, or a patch, whose added lines count: in the
    files as it leaves them, whether NEW has it or not. A path is looked for below NEW, then on
    disk.
    """
    if form not in FORMATS and not closure:
        raise UsageError(f"--format {form} shows providers", hint="--closure")
    if closure and (statuses or kinds):
        raise UsageError("--status and --kind do not go with --closure")
    target = opened(old, None)
    reference = opened(new, None)
    for tree in (reference, target):
        _check_arch(tree, arch)
    subject = subject_of(paths, reference)

    def catalog(tree: FileTree, is_trusted: bool) -> Catalog:
        return _catalog(tree, index=not no_index, is_trusted=is_trusted)

    if closure:
        from lpae_backport.format.closure import FORMATS as GRAPHS
        from lpae_backport.needs.closure import Closing

        # This takes so long that the trees may as well be looked at first.
        mine, theirs = catalog(reference, False), catalog(target, False)
        whole = Closing(subject, mine, theirs, arch, depth, budget).closure()
        needs, report = whole.needs, GRAPHS[form](whole, verbose)
    else:
        trees = (reference, target)
        needs = worked_out(trees, catalog, lambda c: needs_of(subject, c[0], c[1], arch))
        report = FORMATS[form](needs, _shown(needs, statuses, kinds), verbose)
    _warn(needs)
    write_report(report, output)
    return ExitCode.DONE if needs.is_met or exit_zero else ExitCode.FINDINGS


def _warn(needs: Needs) -> None:
    count = len(needs.problems)
    if count:
        what = "1 place" if count == 1 else f"{count} places"
        warn(f"{what} could not be read or understood; see the report's end")


def _shown(needs: Needs, statuses: Collection[str], kinds: Collection[str]) -> tuple[Need, ...]:
    """Return the needs of some statuses and kinds; none given stands for all."""
    return tuple(
        n
        for n in needs.needs
        if (not statuses or n.status.value in statuses) and (not kinds or n.kind.value in kinds)
    )


def _catalog(tree: FileTree, *, index: bool, is_trusted: bool) -> Catalog:
    """Return a catalog, with a bar where an index has to be brought up to date first."""
    with Progress(1, f"indexing {tree.path}", unit="files") as bar:
        return catalog_of(tree, index=index, told=bar.reach_of, is_trusted=is_trusted)


def _check_arch(tree: FileTree, arch: str) -> None:
    """Refuse an architecture that a tree does not have, or that no kernel has."""
    folder = ARCHITECTURES.get(arch, arch)
    known = tree.listing("arch").dirs or _ARCHITECTURES
    if _ARCH.fullmatch(arch) is None or folder not in known:
        hint = f"one of {', '.join(known)}"
        raise UsageError(f"no architecture '{arch}'", where=tree.path, hint=hint)
