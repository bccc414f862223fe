# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit rules list|check|test``."""

from pathlib import Path

import click

from lpae_backport.cases import CaseResult, load_cases, run_cases
from lpae_backport.errors import ExitCode, RuleError
from lpae_backport.format.words import count
from lpae_backport.output import write_report
from lpae_backport.packs import load_packs, select, shipped_rules
from lpae_backport.rule import Pack
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
        try:
            pack = load_pack(path, on_error=mistakes.append)
        except RuleError as e:
            mistakes.append(e)
            continue
        mistakes += _case_mistakes(pack)
        checks = sum(len(s.checks) for s in pack.steps)
        lines.append(f"{pack.id}: {count(len(pack.steps), 'step')}, {count(checks, 'check')}")
    for mistake in mistakes:
        click.echo(f"lpae-audit: error: {mistake}", err=True)
    write_report("\n".join(lines) + "\n" if lines else "", None)
    return ExitCode.BAD_RULE if mistakes else ExitCode.DONE


def _case_mistakes(pack: Pack) -> list[RuleError]:
    """Return what is wrong with the case files of a pack, orphans included."""
    found = []
    for step in pack.steps:
        try:
            load_cases(pack, step)
        except RuleError as e:
            found.append(e)
    known = {s.id for s in pack.steps}
    cases = sorted((pack.folder / "cases").glob("*"))
    orphans = [p for p in cases if p.suffix != ".yaml" or p.stem not in known]
    return found + [RuleError("cases of no step of this pack", where=str(p)) for p in orphans]


@command.command("test")
@_DIR
@click.option("--step", "steps", multiple=True, metavar="ID", help="Test this step only.")
@click.option("-v", "--verbose", is_flag=True, help="Name the cases that pass too.")
def test_rules(folder: Path | None, steps: tuple[str, ...], verbose: bool) -> int:
    """Run the cases that stand beside each rule, positive and negative."""
    lines: list[str] = []
    passed = failed = 0
    mistakes = 0
    for pack, chosen in select(load_packs(folder, ()), steps):
        for step in chosen:
            try:
                results = list(run_cases(pack, step))
            except RuleError as e:
                click.echo(f"lpae-audit: error: {e}", err=True)
                mistakes += 1
                continue
            passed += sum(r.passed for r in results)
            failed += sum(not r.passed for r in results)
            lines += [line for r in results for line in _told(r, verbose)]
    lines.append(f"{passed} cases passed, {failed} failed")
    write_report("\n".join(lines) + "\n", None)
    return ExitCode.BAD_RULE if failed or mistakes else ExitCode.DONE


def _told(r: CaseResult, verbose: bool) -> list[str]:
    if r.passed:
        return [f"{r.case.step} {r.case.name}: {r.audit.verdict.value}"] if verbose else []
    wanted, got = r.case.expect.value, r.audit.verdict.value
    head = f"{r.case.where}: {r.case.step} {r.case.name}: expected {wanted}, got {got}"
    return [head, *(f"    {c.id}: {c.state.value} {c.reason}" for c in r.audit.checks)]
