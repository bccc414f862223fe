# SPDX-License-Identifier: GPL-2.0-only
"""Several targets beside one reference: branches of one fork, or several forks."""

import json
import re
from dataclasses import dataclass
from typing import Any

from lpae_backport import __version__
from lpae_backport.finding import Checklist, StepComparison, TreeInfo, Verdict
from lpae_backport.format.escaping import escape, printable, version
from lpae_backport.format.words import summary

SCHEMA = "lpae-audit/matrix/1"
FORMATS = ("text", "markdown", "json")


@dataclass(frozen=True)
class Matrix:
    """The state of every step in several targets.

    Args:
        names: what to call each target.
        checklists: one a target, of the same steps.
    """

    names: tuple[str, ...]
    checklists: tuple[Checklist, ...]

    @property
    def rows(self) -> list[tuple[StepComparison, ...]]:
        """Return the steps, each in all targets."""
        return list(zip(*(c.steps for c in self.checklists), strict=True))

    @property
    def is_done(self) -> bool:
        """Tell whether no step remains in any target."""
        return all(c.is_done for c in self.checklists)


def names_of(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Return short names for targets: what they do not all begin and end with."""
    parts = [re.findall(r"[^/@:]*[/@:]?", t.rstrip("/"))[:-1] for t in targets]
    if len(set(targets)) < len(targets):
        return targets
    for end in (0, -1):
        while all(len(p) > 1 for p in parts) and len({p[end] for p in parts}) == 1:
            parts = [p[1:] if end == 0 else p[:-1] for p in parts]
    return tuple("".join(p).rstrip("/@:") for p in parts)


def render(matrix: Matrix, form: str) -> str:
    """Return the table in one of `FORMATS`."""
    return {"text": _text, "markdown": _markdown, "json": _json}[form](matrix)


def cell(s: StepComparison) -> str:
    """Return a step's state in one target, in a word."""
    if s.verdict is Verdict.PARTIAL:
        return f"partial {s.target.met}/{s.target.counted}"
    return s.verdict.value


def _text(m: Matrix) -> str:
    lines = [f"{printable(n):<24} {_about(c.target)}" for n, c in _columns(m)]
    reference = m.checklists[0].reference
    if reference is not None:
        lines.append(f"{'reference':<24} {_about(reference)}")
    rows = [["STEP", *map(printable, m.names), "TITLE"]]
    rows += [[r[0].id, *map(cell, r), printable(r[0].title)] for r in m.rows]
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]) - 1)]
    lines.append("")
    for r in rows:
        cells = [c.ljust(w) for c, w in zip(r, widths, strict=False)]
        lines.append("  ".join([*cells, r[-1]]).rstrip())
    lines.append("")
    lines += [f"{printable(n)}: {summary(c)}" for n, c in _columns(m)]
    lines += _lacking(m)
    lines += [f"note: {printable(n)}: {printable(p)}" for n, c in _columns(m) for p in c.problems]
    return "\n".join(lines) + "\n"


def _markdown(m: Matrix) -> str:
    head = ["step", *(escape(n) for n in m.names), "title"]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for r in m.rows:
        marks = {Verdict.DONE: "✅ ", Verdict.UNKNOWN: "❓ "}
        cells = [marks.get(s.verdict, "") + cell(s) for s in r]
        lines.append(" | ".join([f"**{r[0].id}**", *cells, escape(r[0].title)]))
    lines = [f"| {line} |" for line in lines]
    lines.append("")
    lines += [f"- {escape(n)}: {escape(summary(c))}" for n, c in _columns(m)]
    reference = m.checklists[0].reference
    if reference is not None:
        lines.append(f"- reference: {escape(_about(reference))}")
    lines += [f"> {escape(line)}" for line in _lacking(m)]
    lines += [f"> {escape(n)}: {escape(p)}" for n, c in _columns(m) for p in c.problems]
    return "\n".join(lines) + "\n"


def _json(m: Matrix) -> str:
    reference = m.checklists[0].reference
    document = {
        "schema": SCHEMA,
        "version": __version__,
        "reference": _info(reference) if reference is not None else None,
        "targets": [
            {"name": n, **_info(c.target), "problems": list(c.problems)} for n, c in _columns(m)
        ],
        "steps": [
            {
                "id": r[0].id,
                "title": r[0].title,
                "pack": r[0].pack,
                "reference": "holds" if r[0].holds else "lacks",
                "targets": [
                    {
                        "name": n,
                        "status": s.verdict.value,
                        "met": s.target.met,
                        "of": s.target.counted,
                        "at": str(s.target.place) if s.target.place is not None else None,
                    }
                    for n, s in zip(m.names, r, strict=True)
                ],
            }
            for r in m.rows
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _lacking(m: Matrix) -> list[str]:
    """Return what makes the table say nothing of some steps."""
    lacking = m.checklists[0].lacking
    return [f"the reference itself lacks {', '.join(lacking)}"] if lacking else []


def _columns(m: Matrix) -> list[tuple[str, Checklist]]:
    return list(zip(m.names, m.checklists, strict=True))


def _about(info: TreeInfo) -> str:
    return f"{printable(info.root)} ({version(info)})"


def _info(info: TreeInfo) -> dict[str, Any]:
    return {"path": info.path, "root": info.root, "version": info.version}
