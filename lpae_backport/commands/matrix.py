# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit matrix OLD… NEW``."""

from pathlib import Path

import click

from lpae_backport.audit import Parsed, audit_packs, pair
from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode
from lpae_backport.matrix import FORMATS, Matrix, names_of, render
from lpae_backport.output import Progress, warn, write_report
from lpae_backport.packs import load_packs, select


@click.command("matrix")
@click.argument("old", type=click.Path(), nargs=-1, required=True)
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
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write the report to FILE.")
@click.option("--exit-zero", is_flag=True, help="End with 0 although steps remain.")
def command(
    old: tuple[str, ...],
    new: str,
    packs: tuple[str, ...],
    rules: Path | None,
    steps: tuple[str, ...],
    form: str,
    output: str | None,
    exit_zero: bool,
) -> int:
    """Show every step in several targets, OLD…, with NEW as their reference."""
    selected = select(load_packs(rules, packs), steps)
    known = [p for p, _ in selected]
    parsed: Parsed = {}
    targets = [opened(t, known) for t in old]
    reference = opened(new, known)
    with Progress((len(old) + 1) * sum(len(s) for _, s in selected), "auditing") as bar:
        beside = audit_packs(reference, selected, bar.advance, parsed)
        found = [
            pair(audit_packs(t, selected, bar.advance, parsed), beside, selected) for t in targets
        ]
    matrix = Matrix(names_of(old), tuple(found))
    for name, checklist in zip(old, found, strict=True):
        for problem in checklist.problems:
            warn(f"{name}: {problem}; the steps that need it are unknown")
    write_report(render(matrix, form), output)
    return ExitCode.DONE if matrix.is_done or exit_zero else ExitCode.FINDINGS
