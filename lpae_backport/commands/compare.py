# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit compare OLD NEW``."""

from dataclasses import replace
from pathlib import Path

import click

from lpae_backport.audit import compare
from lpae_backport.commands.reporting import Outputs, report_options
from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode
from lpae_backport.finding import Verdict
from lpae_backport.output import Progress, warn
from lpae_backport.packs import load_packs, select
from lpae_backport.report import compared


@click.command("compare")
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.option(
    "--pack", "packs", multiple=True, metavar="NAME", help="Audit this pack only (repeatable)."
)
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="DIR", help="Take the packs from DIR."
)
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="ID",
    help="Audit this step only; 1.6.2 means all below it.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([v.value for v in Verdict]),
    help="Show steps of this verdict.",
)
@report_options
@click.option("--patch", metavar="STEP", help="Show what a series would change for STEP instead.")
@click.option("--exit-zero", is_flag=True, help="End with 0 although steps remain.")
def command(
    old: str,
    new: str,
    packs: tuple[str, ...],
    rules: Path | None,
    steps: tuple[str, ...],
    only: tuple[str, ...],
    form: str,
    outputs: tuple[str, ...],
    verbose: bool,
    patch: str | None,
    exit_zero: bool,
) -> int:
    """Audit every step of a backport in OLD, with NEW as the reference that has it.

    Each is a kernel source tree or a vendor repository with one inside: a directory, a revision
    REPO@REV[:SUBDIR], or an archive (.tar, .tar.gz, .tar.xz, .tar.zst, .deb).
    """
    if patch is not None:
        from lpae_backport.commands.hunk import show_patch

        return show_patch(old, new, load_packs(rules, packs), patch, outputs)
    places = Outputs(form, outputs)
    selected = select(load_packs(rules, packs), steps)
    target, reference = opened(old, [p for p, _ in selected]), opened(new, [p for p, _ in selected])
    with Progress(2 * sum(len(s) for _, s in selected), "auditing") as bar:
        checklist = compare(target, reference, selected, bar.advance)
    for problem in checklist.problems:
        warn(f"{problem}; the steps that need it are unknown")
    if checklist.lacking:
        ids = ", ".join(checklist.lacking)
        warn(f"the reference lacks {ids}; are OLD and NEW swapped?")
    explain = "lpae-audit explain" + (f" --rules {rules}" if rules else "")
    checklist = replace(checklist, only=frozenset(map(Verdict, only)), explain=explain)
    places.publish(compared(checklist, selected, target.prefix), verbose)
    return ExitCode.DONE if checklist.is_done or exit_zero else ExitCode.FINDINGS
