# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit rules list|check|test``."""

from pathlib import Path

import click

from lpae_backport.cases import run_cases
from lpae_backport.errors import ExitCode, RuleError
from lpae_backport.output import write_report
from lpae_backport.packs import load_packs, select, shipped_rules
from lpae_backport.ruleset import load_pack, pack_folders

_DIR = click.argument("folder", type=click.Path(path_type=Path), required=False)


@click.group("rules")
def command() -> None:
    """List, check and test the packs of rules (those shipped, or those in FOLDER)."""


@command.command("list")
@_DIR
def list_rules(folder: Path | None) -> None:
    """List the packs and their steps."""
    lines = []
    for pack in load_packs(folder, ()):
        lines.append(f"{pack.id}: {pack.title} ({len(pack.steps)} steps)")
        width = max(len(s.id) for s in pack.steps)
        lines += [f"  {s.id:<{width}}  {s.title}" for s in pack.steps]
    write_report("\n".join(lines) + "\n", None)


@command.command("check")
@_DIR
def check_rules(folder: Path | None) -> int:
    """Validate packs; every mistake is shown with file, line, column and a hint."""
    mistakes: list[RuleError] = []
    lines = []
    for path in pack_folders(folder or shipped_rules()):
        before = len(mistakes)
        try:
            pack = load_pack(path, on_error=mistakes.append)
            checks = sum(len(s.checks) for s in pack.steps)
            lines.append(f"{pack.id}: {len(pack.steps)} steps, {checks} checks")
        except RuleError as e:
            if len(mistakes) == before:
                mistakes.append(e)
    for mistake in mistakes:
        click.echo(f"lpae-audit: error: {mistake}", err=True)
    write_report("\n".join(lines) + "\n" if lines else "", None)
    return ExitCode.BAD_RULE if mistakes else ExitCode.DONE


@command.command("test")
@_DIR
@click.option("--step", "steps", multiple=True, metavar="ID", help="Test this step only.")
@click.option("-v", "--verbose", is_flag=True, help="Name the cases that pass too.")
def test_rules(folder: Path | None, steps: tuple[str, ...], verbose: bool) -> int:
    """Run the cases that stand beside each rule, positive and negative."""
    lines = []
    passed = failed = 0
    for pack, chosen in select(load_packs(folder, ()), steps):
        for step in chosen:
            for r in run_cases(pack, step):
                passed += r.passed
                failed += not r.passed
                if not r.passed:
                    lines.append(
                        f"{r.case.where}: {step.id} {r.case.name}: expected {r.case.expect.value}, "
                        f"got {r.audit.verdict.value}"
                    )
                    lines += [f"    {c.id}: {c.state.value} {c.reason}" for c in r.audit.checks]
                elif verbose:
                    lines.append(f"{step.id} {r.case.name}: {r.audit.verdict.value}")
    lines.append(f"{passed} cases passed, {failed} failed")
    write_report("\n".join(lines) + "\n", None)
    return ExitCode.BAD_RULE if failed else ExitCode.DONE
