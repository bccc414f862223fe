# SPDX-License-Identifier: GPL-2.0-only
"""The uses of symbols as plain text, JSON (``lpae-audit/usage/1``) and markdown."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from lpae_backport import __version__
from lpae_backport.format.escaping import escape, printable
from lpae_backport.uses.kinds import Kind, Use
from lpae_backport.uses.usage import Rename, TreeUses, Usage

SCHEMA = "lpae-audit/usage/1"
_PLACES = 5
_NOTES = 20


def _text(u: Usage, counts_only: bool) -> str:
    width = max(map(len, map(printable, u.names)))
    lines = [f"{printable(n):<{width}}  {_about(t)}" for n, t in zip(u.names, u.trees, strict=True)]
    for s in u.symbols:
        lines += ["", *_table(u, s.name)]
        if not counts_only:
            lines += _listing(u, s.name, width)
        for r in (r for r in u.renames if r.symbol == s.name):
            lines += _rename(u, r, _PLACES if not counts_only else 0)
    notes = list(_notes(u))
    return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"


def _about(t: TreeUses) -> str:
    version = f"Linux {printable(t.version)}" if t.version else "version unknown"
    return f"{printable(t.root)} ({version}); {_searched(t)}"


def _searched(t: TreeUses) -> str:
    places = 0 if t.size >= 1e7 else 1
    left_out = f", {t.binaries} binary ones left out" if t.binaries else ""
    return f"{len(t.paths)} files searched, {t.size / 1e6:.{places}f} MB{left_out}"


def _rows(u: Usage, name: str) -> list[tuple[str, ...]]:
    """Return how often a symbol is used, by kind and tree, and in all."""
    counts = [t.counts(name) for t in u.trees]
    rows = [
        (kind.value, *(str(c[kind]) if c[kind] else "-" for c in counts))
        for kind in Kind
        if any(c[kind] for c in counts)
    ]
    total = (str(c.total()) if c.total() else "-" for c in counts)
    files = (str(len({x.file for x in t.uses[name]}) or "-") for t in u.trees)
    return [*rows, ("uses", *total), ("files", *files)]


def _table(u: Usage, name: str) -> Iterator[str]:
    rows = [(printable(name), *map(printable, u.names)), *_rows(u, name)]
    first = max(len(rows[0][0]), 2 + max(len(r[0]) for r in rows[1:]))
    widths = [max(len(r[i]) for r in rows) for i in range(1, len(rows[0]))]
    for i, row in enumerate(rows):
        cells = [c.rjust(w) for c, w in zip(row[1:], widths, strict=True)]
        label = row[0] if i == 0 else f"  {row[0]}"
        yield "  ".join([label.ljust(first), *cells])


def _listing(u: Usage, name: str, width: int) -> Iterator[str]:
    """Yield the uses: as grep has them for one tree, file by file for several."""
    if len(u.trees) == 1:
        for x in u.trees[0].uses[name]:
            yield f"  {printable(x.file)}:{x.line}:{x.column}: {_what(x)}: {_line(x)}"
        return
    by_file: dict[str, list[tuple[str, Use]]] = {}
    for tree, t in zip(u.names, u.trees, strict=True):
        for x in t.uses[name]:
            by_file.setdefault(x.file, []).append((printable(tree), x))
    for file in sorted(by_file):
        yield f"  {printable(file)}"
        for tree, x in by_file[file]:
            yield f"    {tree:<{width}}  {x.line}:{x.column}: {_what(x)}: {_line(x)}"


def _what(x: Use) -> str:
    """Return the kind of a use and what it stands in."""
    inside = f" in {printable(x.inside)}" if x.inside else ""
    marks = [*(["never compiled"] if x.is_dead else []), *([] if x.is_certain else ["perhaps"])]
    return f"{x.kind.value}{inside}" + (f" ({', '.join(marks)})" if marks else "")


def _line(x: Use) -> str:
    return printable(" ".join(x.text.split()))


def _rename(u: Usage, r: Rename, shown: int) -> Iterator[str]:
    tree = printable(u.names[r.absent_from])
    yield f"  in {tree} perhaps {printable(r.name)}: {_weight(r)}"
    for e in r.places[:shown]:
        old = f"{printable(e.old.file)}:{e.old.line}"
        new = f"{printable(e.new.file)}:{e.new.line}"
        yield f"    {printable(e.reason)}: {old} -> {new}"
    if shown and len(r.places) > shown:
        yield f"    and {len(r.places) - shown} more"


def _weight(r: Rename) -> str:
    return f"{len(r.places)} of {r.comparable} places that are in both speak for it"


def _notes(u: Usage) -> Iterator[str]:
    for name in u.absent():
        yield f"note: no use of {printable(name)} was found"
    for name, t in zip(u.names, u.trees, strict=True):
        for n in t.unread[:_NOTES]:
            yield f"note: {printable(name)}: {printable(n.path)}: {printable(n.reason)}"
        if len(t.unread) > _NOTES:
            yield f"note: {printable(name)}: and {len(t.unread) - _NOTES} more (all are in json)"


def _markdown(u: Usage, counts_only: bool) -> str:
    lines = [f"- {escape(n)}: {escape(_about(t))}" for n, t in zip(u.names, u.trees, strict=True)]
    for s in u.symbols:
        head = [escape(s.name), *map(escape, u.names)]
        lines += ["", f"## {escape(s.name)}", "", _row(head), _row(["---"] * len(head))]
        lines += [_row(r) for r in _rows(u, s.name)]
        lines.append("")
        for r in (r for r in u.renames if r.symbol == s.name):
            tree = escape(u.names[r.absent_from])
            lines.append(f"- in {tree} perhaps **{escape(r.name)}**: {_weight(r)}")
            lines += [
                f"  - {escape(e.reason)}: {escape(f'{e.old.file}:{e.old.line}')}"
                f" → {escape(f'{e.new.file}:{e.new.line}')}"
                for e in r.places[:_PLACES]
            ]
        if not counts_only:
            lines += _places(u, s.name)
    lines += ["", *(f"> {escape(n.removeprefix('note: '))}  " for n in _notes(u))]
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: "list[str] | tuple[str, ...]") -> str:
    return f"| {' | '.join(cells)} |"


def _places(u: Usage, name: str) -> Iterator[str]:
    for tree, t in zip(u.names, u.trees, strict=True):
        if t.uses[name]:
            yield from ("", f"### {escape(name)} in {escape(tree)}", "")
        for x in t.uses[name]:
            place = escape(f"{x.file}:{x.line}:{x.column}")
            yield f"- {place}: {escape(_what(x))}: {escape(_line(x))}"


def _json(u: Usage, counts_only: bool) -> str:
    document = {
        "schema": SCHEMA,
        "version": __version__,
        "trees": [
            {
                "name": n,
                "path": t.path,
                "root": t.root,
                "version": t.version,
                "files": len(t.paths),
                "bytes": t.size,
                "binaries": t.binaries,
                "unread": [{"file": x.path, "reason": x.reason} for x in t.unread],
            }
            for n, t in zip(u.names, u.trees, strict=True)
        ],
        "symbols": [
            {
                "name": s.name,
                "trees": [_found(u, i, s.name, counts_only) for i in range(len(u.trees))],
            }
            for s in u.symbols
        ],
        "renames": [_suggested(u, r) for r in u.renames],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _found(u: Usage, i: int, name: str, counts_only: bool) -> dict[str, Any]:
    counts = u.trees[i].counts(name)
    found: dict[str, Any] = {
        "tree": u.names[i],
        "total": counts.total(),
        "counts": {k.value: counts[k] for k in Kind if counts[k]},
    }
    return found if counts_only else found | {"uses": [_use(x) for x in u.trees[i].uses[name]]}


def _use(x: Use) -> dict[str, Any]:
    return {
        "file": x.file,
        "line": x.line,
        "column": x.column,
        "kind": x.kind.value,
        "in": x.inside or None,
        "role": x.role or None,
        "dead": x.is_dead,
        "certain": x.is_certain,
        "text": x.text,
    }


def _suggested(u: Usage, r: Rename) -> dict[str, Any]:
    return {
        "symbol": r.symbol,
        "name": r.name,
        "known_in": u.names[r.known_in],
        "absent_from": u.names[r.absent_from],
        "count": len(r.places),
        "comparable": r.comparable,
        "places": [
            {
                "reason": e.reason,
                "old": {"file": e.old.file, "line": e.old.line, "in": e.old.inside or None},
                "new": {"file": e.new.file, "line": e.new.line, "in": e.new.inside or None},
            }
            for e in r.places
        ],
    }


FORMATS: dict[str, Callable[[Usage, bool], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
}
"""The renderers: each takes the uses, and whether only their numbers are wanted."""
