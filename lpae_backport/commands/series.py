# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit series OLD NEW``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from lpae_backport.building import BuildError, build_each
from lpae_backport.commands.trees import opened
from lpae_backport.delivery import Places, deliver
from lpae_backport.emission import emit, stat
from lpae_backport.errors import ExitCode, ProofError, UsageError
from lpae_backport.filetree import FileTree
from lpae_backport.message import summary
from lpae_backport.output import Progress, warn, write_report
from lpae_backport.packs import load_packs, select
from lpae_backport.plan import Plan
from lpae_backport.repository import Surroundings, identity
from lpae_backport.rule import Pack, Step
from lpae_backport.series import Planner


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    old: str
    new: str
    output: Path | None
    mbox: Path | None
    branch: str | None
    apply: bool
    dry_run: bool
    stat: bool
    steps: tuple[str, ...]
    pack: str | None
    rules: Path | None
    author: str | None
    signoff: bool
    start_number: int
    build: str | None

    @property
    def places(self) -> Places:
        """Where the series goes; nowhere on a dry run."""
        if self.dry_run:
            return Places()
        return Places(self.output, self.mbox, self.branch, self.apply)


@click.command("series")
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.option("-o", "--output", type=click.Path(), metavar="DIR", help="Write the patches to DIR.")
@click.option("--mbox", type=click.Path(), metavar="FILE", help="Write them to one FILE.")
@click.option("--branch", metavar="NAME", help="Commit them to a new branch of OLD's repository.")
@click.option("--apply", is_flag=True, help="Make the changes in OLD, if what they touch is clean.")
@click.option("--dry-run", is_flag=True, help="Plan and prove, write nothing.")
@click.option("--stat", is_flag=True, help="Show what each patch changes.")
@click.option(
    "--step", "steps", multiple=True, metavar="ID", help="Make this step, or those below it."
)
@click.option("--pack", metavar="NAME", help="Take this pack, where there are several.")
@click.option("--rules", type=click.Path(), metavar="DIR", help="Take the packs from DIR.")
@click.option("--from", "author", metavar="IDENT", help="Author, as 'Name <address>', not git's.")
@click.option("--signoff/--no-signoff", default=True, show_default=True, help="Sign them off.")
@click.option(
    "--start-number", type=click.IntRange(1, 9000), default=1, metavar="N", help="Begin with N."
)
@click.option(
    "--build",
    metavar="CMD",
    help="Run CMD in a copy of OLD, first and behind each patch.",
)
def command(**given: Any) -> int:
    """Write the steps that OLD lacks as patches, proven, with NEW as the reference.

    They apply with: git am --empty=drop DIR/*.patch. Logs of a build that failed are kept in
    DIR.logs.
    """
    for name, value in given.items():
        if value == "":
            raise UsageError(f"{name.replace('_', ' ')} is empty")
    for name in ("output", "mbox", "rules"):
        given[name] = Path(given[name]) if given[name] is not None else None
    asked = Options(**given)
    if not (asked.output or asked.mbox or asked.branch or asked.apply or asked.dry_run):
        hint = "-o DIR, --mbox, --branch, --apply or --dry-run"
        raise UsageError("nowhere to write to", hint=hint)
    pack, steps = _selected(asked)
    target, reference = opened(asked.old, None), opened(asked.new, None)
    if asked.build is not None and not target.directory:
        raise UsageError("--build needs OLD as a directory", hint="git worktree, or unpack it")
    around = Surroundings(target)
    asked.places.check(around)
    who = identity(asked.author, target.directory or ".")
    plan = _planned(asked, target, reference, pack, steps)
    told: list[str] = []
    if plan.patches:
        built = _built(plan, target.directory, asked) if asked.build else ""
        mails = emit(plan, who, target, signoff=asked.signoff, built=built)
        told = deliver(plan, mails, asked.places, around, who, signoff=asked.signoff)
    write_report(_report(plan, asked.stat, told or ["nothing was written"]), None)
    if plan.lacking:
        warn(f"the reference lacks {', '.join(plan.lacking)}; are OLD and NEW swapped?")
    return ExitCode.FINDINGS if plan.open or plan.lacking else ExitCode.DONE


def _selected(asked: Options) -> tuple[Pack, tuple[Step, ...]]:
    found = select(load_packs(asked.rules, (asked.pack,) if asked.pack else ()), asked.steps)
    if len(found) != 1:
        names = ", ".join(p.id for p, _ in found)
        raise UsageError(f"more than one pack: {names}", hint="--pack NAME")
    return found[0]


def _planned(
    asked: Options, target: FileTree, reference: FileTree, pack: Pack, steps: tuple[Step, ...]
) -> Plan:
    with Progress(len(pack.series) + 1, "planning") as bar:
        planner = Planner(target, reference, pack, steps)
        plan = planner.run(bar.advance)
        plan.start = asked.start_number
        again = planner.again(target)
    if again:
        raise ProofError(f"a second series would not be empty: {again[0].subject}")
    return plan


def _built(plan: Plan, root: str, asked: Options) -> str:
    assert asked.build is not None
    folder = (asked.output or Path("lpae-audit")).resolve()
    with Progress(len(plan.patches) + 1, "building") as bar:
        broken = build_each(
            plan, root, asked.build, folder.with_name(f"{folder.name}.logs"), bar.advance
        )
    if broken is None:
        return f"built before the first patch and behind each with: {asked.build}"
    what = f"patch {broken.number:04} breaks the build" if broken.number else "OLD does not build"
    text = f"{what} (status {broken.status}); no series was written"
    raise BuildError(text, where=str(broken.log), hint=broken.tail)


def _report(plan: Plan, with_stat: bool, told: list[str]) -> str:
    lines = []
    state = dict(plan.original)
    for number, patch in enumerate(plan.patches, plan.start):
        lines.append(f"{number:04}  {patch.subject}  [{', '.join(s.id for s in patch.steps)}]")
        if with_stat:
            lines += [f"        {line}" for line in stat(patch, state)]
            state |= patch.files
    for m in plan.manual:
        place = f" ({m.place})" if m.place else ""
        lines.append(f"hand  {m.step.id}: {m.reason}{place}")
    left = [s for s in plan.open if s not in {m.step.id for m in plan.manual}]
    if left:
        lines.append(f"not asked for, still open: {', '.join(left)}")
    lines.append(summary(plan))
    for note in plan.notes:
        warn(note)
    return "\n".join([*lines, *told]) + "\n"
