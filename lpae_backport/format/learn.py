# SPDX-License-Identifier: GPL-2.0-only
"""What was learned from a patch, as a report: text or JSON."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from lpae_backport import __version__
from lpae_backport.finding import CheckResult, TreeInfo
from lpae_backport.format.escaping import printable, version
from lpae_backport.format.words import count
from lpae_backport.learning.lesson import Fact, Gap, Lesson, StepProof
from lpae_backport.learning.telling import said

SCHEMA = "lpae-audit/learn/1"
_SHOWN = 12
"""Things that could not be told, of which as many are shown where not all are asked for."""


def _text(lesson: Lesson, written: str | None, detail: int) -> str:
    lines = [
        f"patch {printable(lesson.title)}",
        f"from  {printable(lesson.origin)}",
        f"new   {printable(lesson.new.root)} ({version(lesson.new)})",
    ]
    if lesson.old is not None:
        lines.append(f"old   {printable(lesson.old.root)} ({version(lesson.old)})")
    lines += [f"moved {printable(was)} is {printable(there)} in NEW" for was, there in lesson.moved]
    for step in lesson.steps:
        lines += ["", *_step(step, detail)]
    lines += ["", *_proof(lesson)]
    if lesson.gaps:
        lines += ["", "Not told by any check", *_gaps(lesson.gaps, detail)]
    lines += ["", *_end(lesson, written)]
    return "\n".join(lines) + "\n"


def _step(step: StepProof, detail: int) -> Iterator[str]:
    yield f"{step.id}  {printable(step.title)}"
    for fact in step.facts:
        yield f"    {printable(said(fact.check))}"
        if detail:
            yield f"        with the patch:    {_told(fact.after)}"
            yield f"        without it:        {_told(fact.before)}"


def _told(result: CheckResult) -> str:
    place = str(result.evidence[0].location) if result.evidence else ""
    return printable(" ".join(x for x in (result.state.value, place, result.reason) if x))


def _proof(lesson: Lesson) -> Iterator[str]:
    if not lesson.files:
        yield f"{count(lesson.tried, 'check')} tried on both trees; no pack can be made"
        yield f"why: {_why(lesson)}"
        return
    number = len(lesson.facts)
    steps = f"{count(len(lesson.steps), 'step')}, {count(number, 'check')}"
    yield f"{steps}, chosen among {lesson.tried} that were tried on both trees"
    held = f"all {number} hold" if number > 1 else "the check holds"
    yield f"proof: with the patch {held}; without it none does"
    if lesson.old is not None:
        verdicts = ", ".join(f"{s.id} {s.old.value}" for s in lesson.steps if s.old is not None)
        yield f"       in OLD: {verdicts}"
    yield "       each step comes to its verdict on its own cases"


def _why(lesson: Lesson) -> str:
    reasons = list(dict.fromkeys(g.why for g in lesson.gaps))
    return printable("; ".join(reasons[:3])) if reasons else "the patch changes no text"


def _gaps(gaps: tuple[Gap, ...], detail: int) -> Iterator[str]:
    shown = gaps if detail else gaps[:_SHOWN]
    for g in shown:
        place = f"{g.path}:{g.line}" if g.line else g.path
        yield printable(f"    {place}: {g.what}: {g.why}")
    if len(gaps) > len(shown):
        yield f"    and {len(gaps) - len(shown)} more (-v)"


def _end(lesson: Lesson, written: str | None) -> Iterator[str]:
    if not lesson.files:
        yield "nothing was written"
    elif written is None:
        yield "nothing was written: -o DIR takes the pack"
        for path, text in lesson.files.items():
            if path.startswith("steps/"):
                yield f"--- # {path}"
                yield from (printable(x) for x in text.rstrip("\n").split("\n"))
    else:
        yield f"written to {printable(written)}; to use it:"
        yield f"  lpae-audit compare OLD NEW --rules {printable(written)}"


def _json(lesson: Lesson, written: str | None, detail: int) -> str:
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "version": __version__,
        "patch": {"origin": lesson.origin, "subject": lesson.title},
        "new": _tree(lesson.new),
        "old": _tree(lesson.old) if lesson.old is not None else None,
        "pack": lesson.pack if lesson.files else None,
        "written": written if lesson.files else None,
        "moved": [{"from": was, "to": there} for was, there in lesson.moved],
        "steps": [_step_data(s) for s in lesson.steps],
        "tried": lesson.tried,
        "held_before": lesson.held,
        "not_expressed": [
            {"file": g.path, "line": g.line, "what": g.what, "why": g.why} for g in lesson.gaps
        ],
        "files": dict(lesson.files),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _tree(info: TreeInfo) -> dict[str, str]:
    return {"path": info.path, "root": info.root, "version": info.version}


def _step_data(step: StepProof) -> dict[str, Any]:
    return {
        "id": step.id,
        "title": step.title,
        "with": step.after.value,
        "without": step.before.value,
        "old": step.old.value if step.old is not None else None,
        "checks": [_fact(f) for f in step.facts],
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.check.id,
        "says": said(fact.check),
        "rule": fact.raw,
        "file": fact.goal.path,
        "with": _result(fact.after),
        "without": _result(fact.before),
    }


def _result(result: CheckResult) -> dict[str, Any]:
    first = result.evidence[0].location if result.evidence else None
    return {
        "state": result.state.value,
        "file": first.path if first is not None else None,
        "line": first.line if first is not None else None,
        "reason": result.reason,
    }


FORMATS: dict[str, Callable[[Lesson, str | None, int], str]] = {"text": _text, "json": _json}
"""Each takes a lesson, the folder it was written to, and how much to tell."""
