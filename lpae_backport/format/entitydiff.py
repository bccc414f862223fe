# SPDX-License-Identifier: GPL-2.0-only
"""The report of ``diff``: as text, as markdown and as JSON."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from lpae_backport import __version__
from lpae_backport.entities.extraction import Entity
from lpae_backport.entities.hunks import aligned, grouped, header, unified
from lpae_backport.entities.rows import Row, Status
from lpae_backport.entities.successor import Successor
from lpae_backport.entities.trees import Section, TreeDiff
from lpae_backport.filetree import FileTree
from lpae_backport.format.escaping import escape, printable

SCHEMA = "lpae-audit/diff/1"
_BASIS = "comments, white space and line breaks make no difference"
_VERB = {Status.REMOVED: "gone", Status.ADDED: "new"}

Renderer = Callable[[TreeDiff, int | None, bool], str]
"""Takes the differences, how many lines around a change to show (`None`: all), whether to show
the text at all; gives the report."""


def heading(d: TreeDiff) -> list[str]:
    """Return the lines that say what was compared, and how."""
    return [
        f"old        {_about(d.old)}",
        f"new        {_about(d.new)}",
        f"threshold  {d.threshold:.2f} (from here on things of other names are taken for one)",
    ]


def _about(tree: FileTree) -> str:
    version = f"Linux {printable(tree.version)}" if tree.version else "version unknown"
    return f"{printable(tree.root)} ({version})"


def title(s: Section) -> str:
    """Return what a section is about, in one line."""
    old, new = s.pair.old, s.pair.new
    if old is not None and new is not None:
        name = printable(new if old == new else f"{old} -> {new}")
        return f"{name} ({s.pair.how}, {_percent(s.pair.similarity)} alike)"
    return f"{printable(old or new or '')} ({'only in OLD' if new is None else 'only in NEW'})"


def _percent(ratio: float | None) -> str:
    return f"{ratio:.0%}" if ratio is not None else "not measured"


def table(s: Section) -> list[tuple[str, ...]]:
    """Return the lines of a section's table: status, kind, alike, places, name, what differs."""
    rows: list[tuple[str, ...]] = [("STATUS", "KIND", "ALIKE", "OLD", "NEW", "NAME", "WHAT")]
    for r in s.rows:
        if r.status is not Status.SAME or s.symbol:
            alike = f"{r.similarity:.2f}" if r.similarity is not None else "-"
            rows.append(
                (
                    r.status.value,
                    r.kind,
                    alike,
                    _line(r.old),
                    _line(r.new),
                    printable(r.name),
                    what(r),
                )
            )
    return rows


def _line(e: Entity | None) -> str:
    return str(e.place.line) if e is not None else "-"


def what(r: Row) -> str:
    """Return what is different about an entity, in one line."""
    parts = [f"{p.name} ({p.place.line})" for p in r.parts]
    joined = {Status.SPLIT: "into", Status.MERGED: "from"}.get(r.status, "")
    if joined:
        parts = [f"{r.one.name} ({r.one.place.line})", *parts] if r.old and r.new else parts
    texts = [f"{joined} {', '.join(parts)}"] if joined else []
    return printable("; ".join([*texts, *r.how]))


def counts(s: Section) -> str:
    """Return how many entities there are of each status."""
    found = Counter(r.status for r in s.rows)
    parts = [f"{found[k]} {k.value}" for k in Status if found[k]]
    return ", ".join(parts) if parts else "no entities"


def fate(r: Row, threshold: float) -> Iterator[str]:
    """Yield what took the place of what is gone, or whose place something new took."""
    if not r.searched:
        return
    verb, word = ("gone", "successor") if r.status is Status.REMOVED else ("new", "predecessor")
    if not r.successors:
        yield f"{printable(r.name)}: {verb}, no {word} above threshold {threshold:.2f}"
        return
    yield f"{printable(r.name)}: {verb}; likely {word}s, by evidence:"
    for n, c in enumerate(r.successors, 1):
        yield f"  {n}. {c.score:.2f} {printable(c.name)} ({place(c)})"
        yield from (f"       {printable(reason)}" for reason in c.reasons)


def place(c: Successor) -> str:
    """Return where a candidate is defined."""
    return printable(str(c.place)) if c.place is not None else "defined elsewhere"


def beside(r: Row) -> tuple[Entity | None, Entity | None, str]:
    """Return what to show side by side for an entity, and how to call it."""
    old, new, name = r.old, r.new, r.name
    if new is None and old is not None:
        found = next((c.entity for c in r.successors if c.entity is not None), None)
        if r.parts:
            new, name = r.parts[0], f"{name} beside a part of it, {r.parts[0].name}"
        elif found is not None:
            new, name = found, f"{name} beside a likely successor, {found.name}"
    elif old is None and r.parts:
        old, name = r.parts[0], f"{r.parts[0].name} beside what it was merged into, {name}"
    return old, new, name


def changes(r: Row, context: int | None) -> Iterator[str]:
    """Yield the text of a difference in the form of diff(1); nothing where there is none."""
    if r.status is Status.SAME:
        return
    old, new, name = beside(r)
    groups = grouped(aligned(old, new), context)
    if not groups:
        return
    yield f"--- {printable(str(old.place)) if old is not None else '/dev/null'}"
    yield f"+++ {printable(str(new.place)) if new is not None else '/dev/null'}"
    for lines in groups:
        yield header(lines, printable(name))
        yield from (text[0] + printable(text[1:]) for text in unified(lines))


def _text(d: TreeDiff, context: int | None, is_shown: bool) -> str:
    lines = [*heading(d), f"{'':<11}{_BASIS}"]
    for s in d.sections:
        lines += ["", f"== {title(s)}"]
        if s.trouble:
            lines.append(f"unknown: {printable(s.trouble)}")
            continue
        rows = table(s)
        widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]) - 1)]
        for r in rows if len(rows) > 1 else ():
            cells = [c.ljust(w) for c, w in zip(r, widths, strict=False)]
            lines.append("  ".join([*cells, r[-1]]).rstrip())
        lines.append(counts(s))
        for row in s.rows:
            lines += fate(row, d.threshold)
        for row in s.rows if is_shown else ():
            found = list(changes(row, context))
            lines += ["", *found] if found else []
    lines += ["", *closing(d)]
    return "\n".join(lines) + "\n"


def closing(d: TreeDiff) -> list[str]:
    """Return the last lines: what was left out, and what it all came to."""
    notes = [f"note: {printable(n)}" for n in d.notes]
    differing = sum(s.differs for s in d.sections)
    total = len(d.sections)
    whole = "no differences" if not differing else f"{differing} of {total} differ"
    return [*notes, whole]


def _markdown(d: TreeDiff, context: int | None, is_shown: bool) -> str:
    lines = [f"- {escape(' '.join(line.split()))}" for line in [*heading(d), _BASIS]]
    for s in d.sections:
        lines += ["", f"## {escape(title(s))}", ""]
        if s.trouble:
            lines.append(f"unknown: {escape(s.trouble)}")
            continue
        rows = table(s)
        if len(rows) > 1:
            lines += [f"| {' | '.join(map(escape, r))} |" for r in rows]
            lines.insert(len(lines) - len(rows) + 1, "|" + " --- |" * len(rows[0]))
        lines += ["", escape(counts(s))]
        for row in s.rows:
            lines += [f"> {escape(line)}  " for line in fate(row, d.threshold)]
        for row in s.rows if is_shown else ():
            found = list(changes(row, context))
            lines += _fenced(found) if found else []
    lines += ["", *(f"> {escape(line)}  " for line in closing(d))]
    return "\n".join(lines) + "\n"


def _fenced(lines: list[str]) -> list[str]:
    longest = max((len(r) for t in lines for r in re.findall("`+", t)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", f"{fence}diff", *lines, fence]


def _json(d: TreeDiff, context: int | None, is_shown: bool) -> str:
    document = {
        "schema": SCHEMA,
        "version": __version__,
        "old": _tree(d.old),
        "new": _tree(d.new),
        "threshold": d.threshold,
        "differs": d.differs,
        "sections": [_section(s, context, is_shown) for s in d.sections],
        "notes": list(d.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _tree(tree: FileTree) -> dict[str, str]:
    return {"path": tree.path, "root": tree.root, "version": tree.version}


def _section(s: Section, context: int | None, is_shown: bool) -> dict[str, Any]:
    return {
        "symbol": s.symbol or None,
        "old": s.pair.old,
        "new": s.pair.new,
        "similarity": _rounded(s.pair.similarity),
        "how": s.pair.how,
        "trouble": s.trouble or None,
        "summary": dict(sorted(Counter(r.status.value for r in s.rows).items())),
        "entities": [
            {
                "status": r.status.value,
                "kind": r.kind,
                "name": r.one.name,
                "old": _entity(r.old),
                "new": _entity(r.new),
                "similarity": _rounded(r.similarity),
                "how": list(r.how),
                "parts": [_entity(p) for p in r.parts],
                "successors": [_candidate(c) for c in r.successors] if r.searched else None,
                "diff": list(changes(r, context)) if is_shown else [],
            }
            for r in s.rows
        ],
    }


def _rounded(ratio: float | None) -> float | None:
    return round(ratio, 3) if ratio is not None else None


def _entity(e: Entity | None) -> dict[str, Any] | None:
    if e is None:
        return None
    at = e.place
    return {
        "name": e.name,
        "kind": e.kind,
        "file": at.path,
        "line": at.line,
        "end_line": at.end_line,
    }


def _candidate(c: Successor) -> dict[str, Any]:
    at = {"file": c.place.path, "line": c.place.line} if c.place is not None else None
    return {"name": c.name, "at": at, "score": c.score, "reasons": list(c.reasons)}


FORMATS: dict[str, Renderer] = {"text": _text, "markdown": _markdown, "json": _json}
