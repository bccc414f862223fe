# SPDX-License-Identifier: GPL-2.0-only
"""What code needs, as a report: text, JSON or markdown."""

import json
import posixpath
from collections.abc import Callable, Iterator
from typing import Any

from lpae_backport import __version__
from lpae_backport.format.escaping import escape, printable, version
from lpae_backport.needs.externals import Spot
from lpae_backport.needs.need import Need, NeedKind, Needs, Site, Status

SCHEMA = "lpae-audit/needs/1"
_PLACES = 3
"""Uses that are shown of one need where not all are asked for."""
_TITLES = {
    Status.MISSING: "Missing: the old tree has no such API",
    Status.CHANGED: "Changed: there, but not as the code takes it",
    Status.MOVED: "Moved: the same, in another header",
    Status.SAME: "Same",
}


def totals(needs: Needs) -> list[list[str]]:
    """Return the table of how many needs are of which kind and status, with sums."""
    rows = [["kind", *(s.value for s in Status), "all"]]
    for kind in NeedKind:
        counts = [needs.count(kind, s) for s in Status]
        if any(counts):
            rows.append([kind.value, *map(str, counts), str(sum(counts))])
    sums = [sum(n.status is s for n in needs.needs) for s in Status]
    rows.append(["all", *map(str, sums), str(sum(sums))])
    return rows


def _text(needs: Needs, shown: tuple[Need, ...], detail: int) -> str:
    lines = [
        f"code: {_paths(needs)}",
        f"new:  {printable(needs.new.root)} ({version(needs.new)})",
        f"old:  {printable(needs.old.root)} ({version(needs.old)}), {needs.arch}",
        "",
        *_aligned(totals(needs)),
    ]
    for status in Status:
        found = [n for n in shown if n.status is status]
        if not found or (status is Status.SAME and not detail):
            continue
        lines += ["", _TITLES[status]]
        for home in sorted({n.new.file if n.new is not None else "" for n in found}):
            mine = [n for n in found if (n.new.file if n.new is not None else "") == home]
            lines += ["", f"  {printable(home)}"]
            lines += [line for n in mine for line in _need(n, detail)]
    if needs.unresolved:
        lines += ["", "Unresolved: nothing could be told of these", ""]
        for u in needs.unresolved:
            lines.append(f"  {printable(u.name)}  {_spots(u.used_at, detail)}")
            lines.append(f"      {printable(u.reason)}")
    lines += _problems(needs, "")
    return "\n".join(lines) + "\n"


def _need(n: Need, detail: int) -> Iterator[str]:
    mark = "" if n.compiles or n.status is not Status.CHANGED else "  (does not compile)"
    yield f"    {n.kind.value:<10} {printable(n.name)}{mark}  {_spots(n.used_at, detail)}"
    if n.how:
        yield f"               {printable(n.how)}"
    if detail:
        yield f"               new {_site(n.new)}, old {_site(n.old)}"


def _problems(needs: Needs, bullet: str) -> list[str]:
    if not needs.problems:
        return []
    lines = ["", "Not read as it should be, so that something may be missing above:", ""]
    return lines + [f"{bullet or '  '}{printable(p)}" for p in needs.problems]


def _paths(needs: Needs) -> str:
    names = [printable(p) for p in needs.paths]
    return ", ".join(names[:_PLACES]) + (
        f" and {len(names) - _PLACES} more" if names[_PLACES:] else ""
    )


def _site(at: Site | None) -> str:
    return f"{printable(at.file)}:{at.line}" if at is not None else "-"


def _spots(spots: tuple[Spot, ...], detail: int) -> str:
    if detail:
        return ", ".join(f"{printable(s.file)}:{s.line}" for s in spots)
    more = f" and {len(spots) - 1} more" if len(spots) > 1 else ""
    return f"{printable(posixpath.basename(spots[0].file))}:{spots[0].line}{more}"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w)
            for i, (c, w) in enumerate(zip(r, widths, strict=True))
        )
        for r in rows
    ]


def _markdown(needs: Needs, shown: tuple[Need, ...], detail: int) -> str:
    head, *rows = totals(needs)
    lines = [
        f"# Needs of {escape(_paths(needs))}",
        "",
        f"New tree: {escape(needs.new.root)} ({escape(version(needs.new))}). "
        f"Old tree: {escape(needs.old.root)} ({escape(version(needs.old))}), {needs.arch}.",
        "",
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
        *(f"| {' | '.join(r)} |" for r in rows),
    ]
    for status in Status:
        found = [n for n in shown if n.status is status]
        if not found or (status is Status.SAME and not detail):
            continue
        lines += [
            "",
            f"## {_TITLES[status]}",
            "",
            "| kind | name | how | used at |",
            "|---|---|---|---|",
        ]
        for n in found:
            cells = (n.kind.value, n.name, n.how, _spots(n.used_at, detail))
            lines.append(f"| {' | '.join(escape(printable(c)) for c in cells)} |")
    if needs.unresolved:
        lines += ["", "## Unresolved", "", "| name | why | used at |", "|---|---|---|"]
        for u in needs.unresolved:
            row = (u.name, u.reason, _spots(u.used_at, detail))
            lines.append(f"| {' | '.join(escape(printable(c)) for c in row)} |")
    lines += [escape(line) for line in _problems(needs, "- ")]
    return "\n".join(lines) + "\n"


def as_data(needs: Needs, shown: tuple[Need, ...]) -> dict[str, Any]:
    """Return the report as JSON has it."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "code": list(needs.paths),
        "new": _tree(needs.new),
        "old": _tree(needs.old),
        "arch": needs.arch,
        "needs": [_data(n) for n in shown],
        "unresolved": [
            {"name": u.name, "why": u.reason, "used_at": _places(u.used_at)}
            for u in needs.unresolved
        ],
        "problems": list(needs.problems),
        "summary": {
            kind.value: {s.value: needs.count(kind, s) for s in Status} for kind in NeedKind
        },
    }


def _tree(info: Any) -> dict[str, str]:
    return {"path": info.path, "root": info.root, "version": info.version}


def _data(n: Need) -> dict[str, Any]:
    return {
        "name": n.name,
        "kind": n.kind.value,
        "status": n.status.value,
        "compiles": n.compiles,
        "new": _place(n.new),
        "old": _place(n.old),
        "how": n.how,
        "definitions_left": n.alternatives,
        "sibling": n.is_sibling,
        "used_at": _places(n.used_at),
    }


def _place(at: Site | None) -> dict[str, Any] | None:
    return {"file": at.file, "line": at.line} if at is not None else None


def _places(spots: tuple[Spot, ...]) -> list[dict[str, Any]]:
    return [{"file": s.file, "line": s.line} for s in spots]


def _json(needs: Needs, shown: tuple[Need, ...], detail: int) -> str:
    return json.dumps(as_data(needs, shown), indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Needs, tuple[Need, ...], int], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
}
"""Each takes what is needed, what of it is to be shown, and how much to tell."""
