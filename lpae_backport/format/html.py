# SPDX-License-Identifier: GPL-2.0-only
"""What would bring the APIs that code lacks, as one page that fetches nothing."""

from collections.abc import Iterable, Iterator
from html import escape

from lpae_backport.format.escaping import version
from lpae_backport.format.needs import totals
from lpae_backport.format.providers import (
    FILES,
    NAMES,
    after,
    chosen,
    gain,
    headline,
    notes,
    numbers,
    plain,
    size,
    some,
    spare,
    wants,
)
from lpae_backport.format.svg import drawing
from lpae_backport.needs.externals import Spot
from lpae_backport.needs.need import Need, Needs, Status
from lpae_backport.needs.provider import Closure

_PLACES = 3
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #c3cad2; }
@media (prefers-color-scheme: dark) {
:root { --ink: #e8ebef; --paper: #14171b; --line: #454d57; }
}
body { color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif;
margin: 2rem auto; padding: 0 1rem; max-width: 100rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
vertical-align: top; overflow-wrap: anywhere; }
td.n { text-align: right; }
thead th { white-space: nowrap; }
.order th, .order td:nth-child(5) { min-width: 8rem; }
.order thead th, .order td.n { min-width: 0; }
.order td:nth-child(3), .order td:nth-child(4), .order td:last-child { min-width: 15rem; }
.order td:nth-child(6) { min-width: 9rem; }
ul { margin: 0; padding-left: 1.1rem; }
a { color: inherit; }
.scroll { overflow: auto; border: 1px solid var(--line); }
.scroll svg { display: block; }
summary { cursor: pointer; font-weight: bold; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(closure: Closure, detail: int) -> str:
    """Return a page with the graph, the providers in order, and the needs by status.

    Args:
        closure: what the code needs, with what would bring it.
        detail: how much to tell: 0 shortens long lists of names and places.
    """
    needs = closure.needs
    name = plain(some(needs.paths, FILES, detail))
    lines = [
        "<!DOCTYPE html>",
        '<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>',
        '<meta name="viewport" content="width=device-width"/>',
        f"<title>Needs of {escape(name)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>Needs of {escape(name)}</h1>",
        f"<p>{_text(_basis(needs))}</p>",
        *_numbers(needs),
        "<h2>What brings it</h2>",
        f"<p>{escape(headline(closure))}.</p>",
        '<div class="scroll" tabindex="0">',
        drawing(closure).rstrip("\n"),
        "</div>",
        *_providers(closure, detail),
        *_notes(closure),
        "<h2>What the code needs</h2>",
        *(line for s in Status for line in _status(needs, s, detail)),
        *_rest(needs, detail),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _basis(needs: Needs) -> str:
    return (
        f"New tree: {needs.new.root} ({version(needs.new)}). "
        f"Old tree: {needs.old.root} ({version(needs.old)}), {needs.arch}."
    )


def _numbers(needs: Needs) -> Iterator[str]:
    head, *rows = totals(needs)
    yield f"<table><thead>{_row(head, 'th')}</thead><tbody>"
    for name, *cells in rows:
        counts = "".join(f'<td class="n">{c}</td>' for c in cells)
        yield f"<tr><th>{name}</th>{counts}</tr>"
    yield "</tbody></table>"


def _providers(closure: Closure, detail: int) -> Iterator[str]:
    if not closure.providers:
        return
    head = ("order", "provider", "what", "names", "after", "needs itself", "choices")
    yield f'<h2>In this order</h2>\n<table class="order"><thead>{_row(head, "th")}</thead><tbody>'
    order = numbers(closure)
    for i, p in enumerate(closure.providers, 1):
        what = (
            f"{p.form.value}: {size(p)}",
            gain(p),
            spare(p, detail),
            some(p.files, FILES, detail),
        )
        cells = [
            _lines(what),
            _text(some(p.names, NAMES, detail)),
            _text(after(p, i, order)),
            _text(wants(p)),
            _list(chosen(p)),
        ]
        rest = "".join(f"<td>{c}</td>" for c in cells)
        yield f'<tr><td class="n">{i}</td><th>{_text(p.name)}</th>{rest}</tr>'
    yield "</tbody></table>"


def _notes(closure: Closure) -> Iterator[str]:
    for head, items in notes(closure):
        yield f"<h2>{_text(head)}</h2>\n{_list(items)}"


def _status(needs: Needs, status: Status, detail: int) -> Iterator[str]:
    found = [n for n in needs.needs if n.status is status]
    if not found:
        return
    is_open = "" if status is Status.SAME else ' open="open"'
    head = ("kind", "name", "how", "used at")
    yield f"<details{is_open}><summary>{status.value}: {len(found)}</summary>"
    yield f"<table><thead>{_row(head, 'th')}</thead><tbody>"
    for n in found:
        yield _row((n.kind.value, n.name, _how(n), _spots(n.used_at, detail)), "td")
    yield "</tbody></table></details>"


def _how(n: Need) -> str:
    mark = "" if n.compiles or n.status is not Status.CHANGED else "does not compile"
    return "; ".join(t for t in (n.how, mark) if t)


def _rest(needs: Needs, detail: int) -> Iterator[str]:
    if needs.unresolved:
        yield "<h2>Unresolved: nothing could be told of these</h2>"
        rows = (f"{u.name}: {u.reason} (at {_spots(u.used_at, detail)})" for u in needs.unresolved)
        yield _list(rows)
    if needs.problems:
        yield "<h2>Not read as it should be, so that something may be missing above</h2>"
        yield _list(needs.problems)


def _spots(spots: tuple[Spot, ...], detail: int) -> str:
    return some([f"{s.file}:{s.line}" for s in spots], _PLACES, detail)


def _row(cells: Iterable[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{_text(c)}</{tag}>' for c in cells)}</tr>"


def _lines(texts: Iterable[str]) -> str:
    return "<br/>".join(_text(t) for t in texts if t)


def _list(items: Iterable[str]) -> str:
    found = "".join(f"<li>{_text(i)}</li>" for i in items)
    return f"<ul>{found}</ul>" if found else ""


def _text(text: str) -> str:
    """Return `text` so that a page shows it as it is."""
    return escape(plain(text))
