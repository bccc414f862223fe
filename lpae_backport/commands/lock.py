# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit lock NEW``."""

from pathlib import Path

import click

from lpae_backport.audit import audit_packs
from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode
from lpae_backport.lockfile import lock_text
from lpae_backport.output import Progress, tell, warn, write_report
from lpae_backport.packs import load_packs, select


@click.command("lock")
@click.argument("new", type=click.Path())
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write the lock to FILE.")
@click.option(
    "--pack", "packs", multiple=True, metavar="NAME", help="Record this pack only (repeatable)."
)
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="DIR", help="Take the packs from DIR."
)
def command(new: str, output: str | None, packs: tuple[str, ...], rules: Path | None) -> int:
    """Record what NEW, a reference, has, so that a gate needs no second tree."""
    selected = select(load_packs(rules, packs), ())
    tree = opened(new, [p for p, _ in selected])
    with Progress(sum(len(s) for _, s in selected), "auditing") as bar:
        audits = audit_packs(tree, selected, bar.advance)
    for problem in (p for a in audits.packs.values() for p in a.problems):
        warn(f"{problem}; the steps that need it are unknown")
    lacking = [s.id for a in audits.packs.values() for s in a.steps if s.verdict.is_open]
    write_report(lock_text(audits, selected), output)
    if output not in (None, "-"):
        tell(f"{sum(len(s) for _, s in selected)} steps of {tree.root} recorded in {output}")
    if lacking:
        warn(f"the reference lacks {', '.join(lacking)}; a gate will say so")
    return ExitCode.FINDINGS if lacking else ExitCode.DONE
