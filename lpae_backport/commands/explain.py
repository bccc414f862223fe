# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit explain STEP``."""

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from lpae_backport.output import write_report
from lpae_backport.packs import load_packs, select
from lpae_backport.rule import Check, Pack, Step


@click.command("explain")
@click.argument("step")
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="DIR", help="Take the packs from DIR."
)
def command(step: str, rules: Path | None) -> None:
    """Say why STEP exists, which upstream commits it comes from, and what decides it."""
    found = select(load_packs(rules, ()), (step,))
    lines = [line for pack, steps in found for s in steps for line in _explain(pack, s)]
    width = min(shutil.get_terminal_size().columns, 100)
    folded = [f for line in lines for f in _fold(line, width)]
    write_report("\n".join(folded).rstrip() + "\n", None)


def _fold(line: str, width: int) -> list[str]:
    own = line[: len(line) - len(line.lstrip())]
    indent = f"{own}    " if own else ""
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False) or [""]


def _explain(pack: Pack, step: Step) -> Iterator[str]:
    yield f"{pack.id} {step.id}: {step.title}"
    yield ""
    yield from (" ".join(p.split()) for p in step.why.rstrip().split("\n\n"))
    yield ""
    yield "Upstream:"
    yield from (f'  {c.sha[:12]} ("{c.subject}")' for c in step.commits)
    if not step.commits:
        yield "  no single commit is proven to be its source"
    yield ""
    if step.after:
        yield f"Comes after: {', '.join(step.after)}"
        yield ""
    if step.applies is not None:
        places = pack.files[step.applies.file].paths
        what = " or ".join(step.applies.functions or places)
        yield f"Not applicable where the tree has no {what}."
        yield ""
    patches = [p.subject for p in pack.series if step.id in p.steps]
    how = " or ".join(patches) if step.fix else step.manual or "the rules have no fix for it"
    yield f"Patch: {how or 'of its own'}"
    yield ""
    yield "Done when:"
    for c in step.checks:
        yield f"  {c.id}: {_says(pack, c)}"
        yield from (f"    or {_says(pack, a)}" for a in c.either)
        yield from (f"    differs ({a.id}) if {_says(pack, a)}" for a in c.alternatives)
    yield ""
    if step.traps:
        yield "Traps:"
        yield from (f"  - {t}" for t in step.traps)
        yield ""


def _says(pack: Pack, check: Check) -> str:
    """Put a check into words, close to how the rule writes it."""
    what = " | ".join(p.source for p in check.patterns) if not check.name else check.name
    if check.stages:
        what = ", then ".join(" | ".join(p.source for p in s) for s in check.stages)
    text = f"{check.kind.value} {what}"
    if check.owner:
        text += f" of {check.owner}"
    if check.last:
        text += f", with {check.last} last"
    if check.name and check.patterns:
        text += f" ({' | '.join(p.source for p in check.patterns)})"
    if check.value is not None:
        text += f" = {check.value:#x}"
    if check.condition is not None:
        how = "when and only when" if check.condition.exactly else "only when"
        always = check.condition.formula is True
        text += " always" if always else f" {how} {check.condition.source}"
    if check.scope.file:
        where = " or ".join(pack.files[check.scope.file].paths)
        names = " or ".join(f for f in check.scope.functions if f != "*")
        text += f", in {names + ' of ' if names else ''}{where}"
    return text
