# SPDX-License-Identifier: GPL-2.0-only
"""The report of ``diff`` on a terminal: two columns where it is wide enough, colours anyway."""

import sys
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

from lpae_backport.entities.hunks import Line, Numbered, aligned, grouped
from lpae_backport.entities.rows import Row, Status
from lpae_backport.entities.trees import TreeDiff
from lpae_backport.format.entitydiff import (
    beside,
    changes,
    closing,
    counts,
    fate,
    heading,
    table,
    title,
)
from lpae_backport.format.escaping import printable

WIDE = 120
"""Columns from which two versions fit beside each other."""
_STYLE = {
    Status.SAME: "dim",
    Status.CHANGED: "yellow",
    Status.REMOVED: "red",
    Status.ADDED: "green",
    Status.UNKNOWN: "bold yellow reverse",
}
_MARK = {"|": "yellow", "<": "red", ">": "green", " ": ""}
_UNIFIED = {"-": "red", "+": "green", "@": "cyan"}
_GUTTER = 6


def show(d: TreeDiff, context: int | None, is_shown: bool, width: int | None = None) -> None:
    """Print the differences on the terminal that is standard output.

    Args:
        d: the differences.
        context: how many lines around a change; `None` stands for all.
        is_shown: whether the text is shown at all.
        width: the columns there are; `None` asks the terminal.
    """
    console = Console(file=sys.stdout, highlight=False, emoji=False, width=width)
    for line in heading(d):
        _print(console, Text(line))
    for s in d.sections:
        console.print()
        _print(console, Text(f"== {title(s)}", "bold"))
        if s.trouble:
            _print(console, Text(f"unknown: {printable(s.trouble)}", _STYLE[Status.UNKNOWN]))
            continue
        for text in _table(table(s)):
            _print(console, text)
        _print(console, Text(counts(s), "bold"))
        for r in s.rows:
            for line in fate(r, d.threshold):
                _print(console, Text(line, "" if line.startswith(" ") else "bold magenta"))
        for r in s.rows if is_shown else ():
            for text in _shown(r, context, console.width):
                _print(console, text)
    console.print()
    for line in closing(d):
        _print(console, Text(line, "yellow" if line.startswith("note: ") else "bold"))


def _print(console: Console, text: Text) -> None:
    console.print(text, no_wrap=True, overflow="ignore", crop=False)


def _table(rows: list[tuple[str, ...]]) -> Iterator[Text]:
    if len(rows) == 1:
        return
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]) - 1)]
    for n, r in enumerate(rows):
        status = next((v for k, v in _STYLE.items() if k.value == r[0]), "magenta")
        line = Text()
        for i, (cell, size) in enumerate(zip(r, widths, strict=False)):
            line.append(cell.ljust(size), ("bold" if not n else status if not i else ""))
            line.append("  ")
        line.append(r[-1], "dim" if n else "bold")
        line.rstrip()
        yield line


def _shown(r: Row, context: int | None, width: int) -> Iterator[Text]:
    if width < WIDE:
        found = list(changes(r, context))
        yield from (Text(t, _UNIFIED.get(t[:1], "")) for t in ["", *found] if found)
        return
    if r.status is Status.SAME:
        return
    old, new, name = beside(r)
    groups = grouped(aligned(old, new), context)
    size = (width - 3) // 2
    if groups:
        yield Text()
        yield Text(f"-- {printable(name)}", "bold cyan")
        left = printable(str(old.place)) if old is not None else "(not there)"
        right = printable(str(new.place)) if new is not None else "(not there)"
        yield Text(f"{_padded(left, size)} | {right}", "cyan")
    for n, lines in enumerate(groups):
        if n:
            yield Text("…".rjust(_GUTTER), "dim")
        for line in lines:
            yield from _columns(line, size)


def _columns(line: Line, size: int) -> Iterator[Text]:
    """Yield one line of both sides; what is too long goes on below."""
    left, right = _cells(line.old, size), _cells(line.new, size)
    style = _MARK[line.mark]
    for i in range(max(len(left), len(right))):
        a = left[i] if i < len(left) else " " * size
        b = right[i] if i < len(right) else ""
        text = Text()
        text.append(_padded(a, size), "red" if line.mark in "<|" and style else "")
        text.append(f" {line.mark if not i else ' '} ", style)
        text.append(b.rstrip(), "green" if line.mark in ">|" and style else "")
        text.rstrip()
        yield text


def _cells(side: Numbered | None, size: int) -> list[str]:
    if side is None:
        return []
    number, raw = side
    text = printable(raw.expandtabs(8))
    chunks = chop_cells(text, size - _GUTTER) or [""]
    return [(f"{number:>5} " if not i else " " * _GUTTER) + c for i, c in enumerate(chunks)]


def _padded(text: str, size: int) -> str:
    return text + " " * max(size - cell_len(text), 0)
