# SPDX-License-Identifier: GPL-2.0-only
"""What would bring the APIs that code lacks, as a report: an order for people, JSON, graphs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from lpae_backport.format.dot import dot
from lpae_backport.format.escaping import escape, printable
from lpae_backport.format.html import html
from lpae_backport.format.needs import FORMATS as NEEDS
from lpae_backport.format.needs import as_data as needs_data
from lpae_backport.format.providers import (
    FILES,
    NAMES,
    after,
    chosen,
    headline,
    notes,
    numbers,
    size,
    some,
    standing,
    sum_of,
    wants,
)
from lpae_backport.format.svg import svg
from lpae_backport.needs.need import Need, Status
from lpae_backport.needs.provider import Closure, Provider


def _needs(closure: Closure, detail: int) -> tuple[Need, ...]:
    """Return the needs that are listed beside the providers; none unless asked for."""
    if not detail:
        return ()
    found = closure.needs.needs
    return found if detail > 1 else tuple(n for n in found if n.status is not Status.SAME)


def _text(closure: Closure, detail: int) -> str:
    lines = [NEEDS["text"](closure.needs, _needs(closure, detail), detail).rstrip("\n"), ""]
    lines.append(headline(closure))
    order = numbers(closure)
    width = len(str(len(closure.providers)))
    if closure.providers:
        lines += ["", "To bring in, in this order:"]
    for i, p in enumerate(closure.providers, 1):
        lines += ["", f"{i:>{width}}. {printable(p.name)}: {_said(p, detail)}"]
        pad = " " * (width + 2)
        lines += [f"{pad}{key:<8} {printable(said)}" for key, said in _rows(p, i, order, detail)]
    for head, items in notes(closure):
        lines += ["", f"{head}:", ""]
        lines += [f"  {printable(item)}" for item in items]
    return "\n".join(lines) + "\n"


def _said(p: Provider, detail: int) -> str:
    """Return what is said of a provider beside its name."""
    return printable(f"{p.form.value}, {size(p)}, {standing(p, detail)}")


def _rows(
    p: Provider, number: int, order: dict[str, int], detail: int
) -> Iterator[tuple[str, str]]:
    """Yield what is said of a provider below its headline: a word, and the rest."""
    yield "files", some(p.files, FILES, detail)
    yield "names", some(p.names, NAMES, detail)
    yield "after", after(p, number, order)
    yield "needs", wants(p)
    if detail:
        yield "depth", str(p.depth)
    for i, said in enumerate(chosen(p)):
        yield "choices" if i == 0 else "", said


def _markdown(closure: Closure, detail: int) -> str:
    lines = [NEEDS["markdown"](closure.needs, _needs(closure, detail), detail).rstrip("\n"), ""]
    lines += ["## To bring in, in this order", "", f"{headline(closure)}.", ""]
    order = numbers(closure)
    for i, p in enumerate(closure.providers, 1):
        lines.append(f"{i}. [ ] **{escape(p.name)}**: {escape(_said(p, detail))}")
        pad = " " * (len(str(i)) + 2)
        for key, text in _rows(p, i, order, detail):
            word = f"{key}: " if key not in ("choices", "") else ""
            lines.append(f"{pad}- {word}{escape(text)}")
    for head, items in notes(closure):
        lines += ["", f"## {head}", ""]
        lines += [f"- {escape(item)}" for item in items]
    return "\n".join(lines).rstrip("\n") + "\n"


def as_data(closure: Closure) -> dict[str, Any]:
    """Return the report as JSON has it: that of the needs, with what would bring them."""
    data = needs_data(closure.needs, closure.needs.needs)
    data["providers"] = [_provider(p) for p in closure.providers]
    data["sum"] = asdict(sum_of(closure))
    data["cycles"] = [list(c) for c in closure.cycles]
    data["left"] = list(closure.left)
    data["cut"] = list(closure.cut)
    return data


def _provider(p: Provider) -> dict[str, Any]:
    return {
        "name": p.name,
        "form": p.form.value,
        "files": list(p.files),
        "lines": p.lines,
        "depth": p.depth,
        "names": list(p.names),
        "satisfies": p.satisfies,
        "after": list(p.after),
        "lacks": p.lacks,
        "followed": p.is_followed,
        "only_for": list(p.only_for),
        "choices": [
            {"way": c.way, "cost": c.cost, "lines": c.lines, "places": c.places} for c in p.choices
        ],
    }


def _json(closure: Closure, detail: int) -> str:
    return json.dumps(as_data(closure), indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Closure, int], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "dot": dot,
    "svg": svg,
    "html": html,
}
"""Each takes what is needed with what would bring it, and how much to tell."""
