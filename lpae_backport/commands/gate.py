# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit gate TREE``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lpae_backport.commands.reporting import Outputs, report_options
from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode, UsageError
from lpae_backport.gate import Gate, Wishes
from lpae_backport.output import Progress, warn
from lpae_backport.packs import load_packs
from lpae_backport.report import Kind


def _file(name: str, words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(f"--{name}", type=click.Path(path_type=Path), metavar="FILE", help=words)


@click.command("gate")
@click.argument("tree", type=click.Path(), default=".")
@_file("config", "Take the configuration from FILE, not from the fork.")
@_file("lock", "Take the reference from a lock.")
@click.option("--reference", metavar="NEW", help="Take a tree for the reference.")
@click.option(
    "--since", metavar="REV", help="Fail only on what got worse since TREE and REV parted."
)
@_file("baseline", "Fail only on what got worse since a stored JSON report.")
@click.option(
    "--pack", "packs", multiple=True, metavar="NAME", help="Audit this pack only (repeatable)."
)
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="DIR", help="Take the packs from DIR."
)
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice([k.value for k in Kind]),
    help="Fail on this kind of finding only (repeatable).",
)
@report_options
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever is found.")
def command(
    tree: str,
    form: str,
    outputs: tuple[str, ...],
    verbose: bool,
    exit_zero: bool,
    fail_on: tuple[str, ...],
    **given: Any,
) -> int:
    """Fail if TREE (by default the current directory) lacks a step that its fork requires.

    The .lpae-audit.yaml of the fork says what is required and what is excused. A gate fails too
    on what could not be read, on steps the reference lacks, and on waivers that are not in order.
    """
    for one, other in (("since", "baseline"), ("lock", "reference")):
        if given[one] is not None and given[other] is not None:
            raise UsageError(f"both --{one} and --{other}", hint="one of them is enough")
    if fail_on == ("worse",) and given["since"] is None and given["baseline"] is None:
        raise UsageError("nothing to be worse than", hint="--since REV or --baseline FILE")
    places = Outputs(form, outputs)
    wishes = Wishes(fail_on=tuple(map(Kind, fail_on)), **given)
    packs = load_packs(wishes.rules, ())
    target = opened(tree, packs)
    total = sum(len(p.steps) for p in packs) * (3 if wishes.since else 2)
    with Progress(total, "auditing") as bar:
        report = Gate(target, wishes, lambda name: opened(name, packs), bar.advance).report()
    for problem in report.checklist.problems:
        warn(f"{problem}; the steps that need it are unknown")
    places.publish(report, verbose)
    return ExitCode.FINDINGS if report.failing and not exit_zero else ExitCode.DONE
