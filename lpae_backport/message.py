# SPDX-License-Identifier: GPL-2.0-only
"""What a series says: the message of each patch, and the cover letter."""

import textwrap
from collections.abc import Iterator

from lpae_backport.finding import Verdict
from lpae_backport.series import Manual, Patch, Plan

_WIDTH = 72
_EXCERPT = 16
"""So many lines of the reference are shown for a step that is left to a person."""


def message(patch: Patch, pack: str, signed: str | None) -> str:
    """Return the message of one patch.

    Args:
        patch: the patch.
        pack: the name of the rules.
        signed: who signs it off, as ``Name <address>``; `None` for nobody.
    """
    parts = [patch.subject]
    parts += _paragraphs(patch)
    if patch.notes:
        lines = [_bullet(n) for n in patch.notes]
        parts.append("\n".join(["Adapted to this tree:", *lines]))
    trailers = [f"Backport-step: {pack} {', '.join(s.id for s in patch.steps)}"]
    if signed is not None:
        trailers.append(f"Signed-off-by: {signed}")
    # Behind the sign-off, as "git cherry-pick -x" has it; checkpatch takes it for prose before.
    shas = dict.fromkeys(c.sha for s in patch.steps for c in s.commits)
    trailers += [f"(backported from commit {sha} upstream)" for sha in shas]
    return "\n\n".join([*parts, "\n".join(trailers)]) + "\n"


def _paragraphs(patch: Patch) -> list[str]:
    if patch.body:
        return [_filled(p) for p in patch.body.split("\n\n")]
    whys = dict.fromkeys(" ".join(s.why.split()) for s in patch.steps)
    return [_filled(w) for w in whys]


def _filled(text: str) -> str:
    return textwrap.fill(
        " ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False
    )


def _bullet(text: str) -> str:
    return textwrap.fill(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=" - ",
        subsequent_indent="   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def cover_subject(plan: Plan) -> str:
    """Return the subject of the cover letter."""
    return plan.pack.title


def cover_body(plan: Plan, proof: list[str]) -> str:
    """Return the text of the cover letter.

    Args:
        plan: the series.
        proof: how it was proven, a line each.
    """
    parts = [_filled(f"Carries back to this tree what the {plan.pack.id} rules ask for.")]
    parts.append("\n".join(_table(plan)))
    if plan.manual:
        parts.append("\n".join(["Left to do by hand:", "", *_manuals(plan.manual)]))
    notes = dict.fromkeys(n for p in plan.patches for n in p.notes)
    if notes:
        parts.append("\n".join(["Adapted to this tree:", *map(_bullet, notes)]))
    if plan.pack.risks:
        parts.append(
            "\n".join(
                ["To be looked at by who knows the hardware:", *map(_bullet, plan.pack.risks)]
            )
        )
    parts += ["\n".join(["Notes on the tree:", *map(_bullet, plan.notes)])] if plan.notes else []
    parts.append("\n".join(["Proven by lpae-audit:", *map(_bullet, proof)]))
    return "\n\n".join(parts) + "\n"


def _table(plan: Plan) -> Iterator[str]:
    number = {s.id: i for i, p in enumerate(plan.patches, plan.start) for s in p.steps}
    number |= {
        s: i for i, p in enumerate(plan.patches, plan.start) for s in p.made if s not in number
    }
    by_hand = {m.step.id for m in plan.manual}
    yield f"  {'':3} {'step':<13} {'before':<15} {'after':<15} patch"
    for step, before in plan.before.items():
        after = plan.after[step]
        mark = "[x]" if not after.verdict.is_open else "[ ]"
        what = f"{number[step]:04}" if step in number else "by hand" if step in by_hand else "-"
        yield f"  {mark} {step:<13} {before.verdict.value:<15} {after.verdict.value:<15} {what}"


def _manuals(manual: list[Manual]) -> Iterator[str]:
    for m in manual:
        yield _bullet(f"{m.step.id} ({m.step.title}): {m.reason}")
        if m.place:
            yield f"   here: {m.place}"
        if m.reference:
            yield f"   reference: {m.reference}"
        yield from (f"     | {_plain(line)}" for line in m.text.split("\n")[:_EXCERPT] if line)
        yield from (_bullet(f"trap: {t}").replace(" - ", "   ", 1) for t in m.step.traps)


def _plain(line: str) -> str:
    """Return a line of a tree as it may stand in a mail: nothing a terminal would act on."""
    text = line.rstrip().expandtabs(8)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def summary(plan: Plan) -> str:
    """Return one line on what a series comes to."""
    before = sum(a.verdict.is_open for a in plan.before.values())
    done = sum(a.verdict in (Verdict.DONE,) for a in plan.after.values())
    text = f"{len(plan.patches)} patches: {before - len(plan.open)} of {before} open steps"
    return f"{text}, {done} done behind them, {len(plan.open)} left"
