# SPDX-License-Identifier: GPL-2.0-only
"""What a series says: the message of each patch, and the cover letter."""

import textwrap
from collections.abc import Iterator

from lpae_backport.finding import Verdict
from lpae_backport.plan import Manual, Patch, Plan

_WIDTH = 72
_EXCERPT = 60
"""So many lines of the reference are shown for a step that is left to a person."""


def message(patch: Patch, plan: Plan, signed: str | None) -> str:
    """Return the message of one patch.

    Args:
        patch: the patch.
        plan: the series it is of.
        signed: who signs it off, as ``Name <address>``; `None` for nobody.
    """
    parts = [patch.subject, *_paragraphs(patch)]
    if patch.completes:
        parts.append("Part of it is here already; this adds what is missing.")
    if patch.copied:
        parts.append(_filled(f"Taken from Linux {plan.versions[1]}: {', '.join(patch.copied)}."))
    if patch.notes:
        parts.append("\n".join(["Adapted to this tree:", *map(_bullet, patch.notes)]))
    trailers = [f"Backport-step: {plan.pack.id} {', '.join(s.id for s in patch.steps)}"]
    if signed is not None:
        trailers.append(f"Signed-off-by: {signed}")
    # Behind the sign-off, as "git cherry-pick -x" has it; checkpatch takes it for prose before.
    shas = dict.fromkeys(c.sha[:12] for s in patch.steps for c in s.commits)
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
    made = {s for p in plan.patches for s in (*p.made, *(s.id for s in p.steps))}
    risks = [r.text for r in plan.pack.risks if made.intersection(r.steps)]
    notes = [f"{i:04}: {note}" for i, p in enumerate(plan.patches, plan.start) for note in p.notes]
    target, reference = plan.versions
    parts = [_filled(plan.pack.about)] if plan.pack.about else []
    parts.append(_filled(f"Carried back to Linux {target}, with Linux {reference} as reference."))
    parts.append("\n".join(_table(plan)))
    for head, lines in (
        ("Left to do by hand (lines as behind the patches before):", [*manual_lines(plan.manual)]),
        ("Please look at, on hardware if you can:", list(map(_bullet, risks))),
        ("Adapted to this tree, by patch:", list(map(_bullet, notes))),
        ("Notes on the tree:", list(map(_bullet, plan.notes))),
        ("Checked by lpae-audit:", list(map(_bullet, proof))),
    ):
        if lines:
            parts.append("\n".join([head, *lines]))
    return "\n\n".join(parts) + "\n"


def _table(plan: Plan) -> Iterator[str]:
    """Yield the checklist; what was done before and stays so is only counted."""
    number = {s: i for i, p in enumerate(plan.patches, plan.start) for s in p.made}
    number |= {s.id: i for i, p in enumerate(plan.patches, plan.start) for s in p.steps}
    by_hand = {m.step.id for m in plan.manual}
    titles = {s.id: s.title for s in plan.pack.steps}
    yield f"  {'':3} {'step':<12} {'before':<9} {'after':<9} {'patch':<8} what"
    settled = 0
    for step, before in plan.before.items():
        after = plan.after[step].verdict
        if not before.verdict.is_open and not after.is_open:
            settled += 1
            continue
        mark = "[ ]" if after.is_open else "[x]"
        what = f"{number[step]:04}" if step in number else "by hand" if step in by_hand else "-"
        states = f"{before.verdict.value:<9} {after.value:<9}"
        yield f"  {mark} {step:<12} {states} {what:<8} {titles[step]}"
    if settled:
        yield f"  {settled} more were done before, or do not apply to this tree"


def manual_lines(manual: list[Manual]) -> Iterator[str]:
    """Yield what somebody needs who makes steps by hand: why, where, and what to look at."""
    for m in manual:
        yield _bullet(f"{m.step.id} ({m.step.title}): {m.reason}")
        if m.place:
            yield f"   here: {m.place}"
        if m.line.strip():
            yield f"     | {_plain(m.line)}"
        if m.reference:
            yield f"   reference: {m.reference}"
        text = [line for line in m.text.split("\n") if line.strip()]
        yield from (f"     | {_plain(line)}" for line in text[:_EXCERPT])
        if len(text) > _EXCERPT:
            yield f"     | ... ({len(text) - _EXCERPT} more lines)"
        yield from (_bullet(f"mind: {t}").replace(" - ", "   ", 1) for t in m.step.traps)


def _plain(line: str) -> str:
    """Return a line of a tree as it may stand in a mail: nothing a terminal would act on."""
    text = line.rstrip().expandtabs(8)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def summary(plan: Plan) -> str:
    """Return one line on what a series comes to."""
    before = sum(a.verdict.is_open for a in plan.before.values())
    done = sum(a.verdict is Verdict.DONE for a in plan.after.values())
    count = "1 patch" if len(plan.patches) == 1 else f"{len(plan.patches)} patches"
    text = f"{count}: {before - len(plan.open)} of {before} open steps"
    return f"{text}, {done} done behind them, {len(plan.open)} left"
