# SPDX-License-Identifier: GPL-2.0-only
"""Whether patches are in a tree, as a report: text, JSON or markdown."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree
from lpae_backport.format.discussion import discussed
from lpae_backport.format.escaping import escape, printable, version
from lpae_backport.format.patchdata import as_json, repairs_of
from lpae_backport.format.words import count
from lpae_backport.presence.trial import Trial
from lpae_backport.presence.verdict import (
    FileVerdict,
    HunkStatus,
    HunkVerdict,
    PatchVerdict,
    Prerequisite,
)

_LINES = 12
"""Lines that are shown of a hunk that is there in parts."""
_MOST = 20
"""Prerequisites that are shown where not all are asked for."""


@dataclass(frozen=True, slots=True)
class PatchReport:
    """What is reported.

    Attributes:
        tree: the tree.
        verdicts: what is said of each patch, in order.
        trials: whether git would take each; empty if that was not asked.
        unread: what is wrong with what else was given.
    """

    tree: FileTree
    verdicts: tuple[PatchVerdict, ...]
    trials: tuple[Trial, ...] = ()
    unread: tuple[TreeError, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be shown.

    Attributes:
        detail: how much to tell.
        comments: whether to show patches with what was said about them.
    """

    detail: int = 0
    comments: bool = False


def _text(report: PatchReport, shown: Shown) -> str:
    unread = [f"not read: {printable(str(e))}" for e in report.unread]
    if not report.verdicts:
        return "\n".join(unread) + "\n"
    lines = [f"tree: {printable(report.tree.root)} ({version(report.tree)})"]
    for i, v in enumerate(report.verdicts):
        lines += ["", *_patch(v, shown)]
        if report.trials:
            lines += [f"  git apply: {printable(report.trials[i].why)}"]
    if len(report.verdicts) > 1:
        lines += ["", *_series(report.verdicts)]
    lines += ["", *unread] if unread else []
    return "\n".join(lines) + "\n"


def _patch(v: PatchVerdict, shown: Shown) -> Iterator[str]:
    yield f"{_title(v)}: {v.status.value} ({_counted(v)})"
    if v.patch.author:
        yield f"  from {printable(v.patch.author)}"
    is_brief = v.status is HunkStatus.APPLIED and not shown.detail
    for f in () if is_brief else v.files:
        yield from _file(f, shown.detail)
    for p in v.patch.problems:
        yield f"  not mended, line {p.at}: {printable(p.what)}"
    repairs = repairs_of(v.patch)
    if repairs and not shown.detail:
        yield f"  {count(len(repairs), 'repair')} of what mailers broke (-v shows them)"
    for r in repairs if shown.detail else ():
        yield f"  mended, line {r.at}: {printable(r.what)}"
    if v.patch.notes and not shown.detail:
        yield f"  {count(len(v.patch.notes), 'note')} on what else was given (-v shows them)"
    for r in v.patch.notes if shown.detail else ():
        yield f"  note{f', line {r.at}' if r.at else ''}: {printable(r.what)}"
    yield from _prerequisites(v.prerequisites, shown.detail)
    if shown.comments:
        yield ""
        yield from discussed(v.patch)


def _file(f: FileVerdict, detail: int) -> Iterator[str]:
    why = f": {printable(f.why)}" if f.why else ""
    yield f"  {f.status.value:<11} {printable(f.change.path)}{why}"
    for h in f.hunks:
        if h.why == f.why:
            continue
        if detail or h.status is not HunkStatus.APPLIED:
            place = f"{printable(h.path)}:{h.line}" if h.line else ""
            yield f"    {h.status.value:<11} {printable(h.hunk.header)}"
            yield f"                {'  '.join(x for x in (place, printable(h.why)) if x)}"
            yield from _lines(h, detail)


def _lines(h: HunkVerdict, detail: int) -> Iterator[str]:
    """Yield the changed lines of a hunk that is there in parts, each with whether it is."""
    if h.status is not HunkStatus.PARTLY:
        return
    here = set(map(id, h.present))
    order = {x: i for i, x in enumerate(h.hunk.lines)}
    lines = sorted((*h.present, *h.absent), key=lambda x: order[x])
    most = len(lines) if detail else _LINES
    for x in lines[:most]:
        word = "is in" if id(x) in here else "is not"
        yield f"                  {word}  {x.kind.value}{printable(x.text.expandtabs(8))}"
    if lines[most:]:
        yield f"                  and {len(lines) - most} more (-v shows them)"


def _prerequisites(found: tuple[Prerequisite, ...], detail: int) -> Iterator[str]:
    if not found:
        return
    yield "  must come first:"
    most = len(found) if detail else _MOST
    for p in found[:most]:
        yield f"    {p.kind:<10} {printable(p.name)}  {printable(p.why)}"
    if found[most:]:
        yield f"    and {len(found) - most} more (-v shows them)"


def _title(v: PatchVerdict) -> str:
    """Return what to call a patch, on one line."""
    number, length = v.patch.position
    place = f"[{number}/{length}] " if length else ""
    return printable(f"{place}{v.patch.subject or v.patch.origin}")


def _counted(v: PatchVerdict) -> str:
    """Return how many of its hunks are of which status."""
    counts = Counter(h.status for f in v.files for h in f.hunks)
    total = counts.total()
    if not total:
        return count(len(v.files), "file")
    if len(counts) == 1:
        return count(total, "hunk")
    parts = [f"{counts[s]} {s.value}" for s in HunkStatus if counts[s]]
    return f"{count(total, 'hunk')}: {', '.join(parts)}"


def _series(verdicts: tuple[PatchVerdict, ...]) -> Iterator[str]:
    """Yield which of several patches are in, and where one before the last that is in is not."""
    done = [i for i, v in enumerate(verdicts, 1) if v.status is HunkStatus.APPLIED]
    yield f"{len(done)} of {len(verdicts)} patches are in"
    counts = Counter(v.status.value for v in verdicts)
    yield "  " + ", ".join(f"{n} {s}" for s in HunkStatus if (n := counts[s.value]))
    holes = [i for i in range(1, done[-1] if done else 0) if i not in done]
    for i in holes[:_MOST]:
        v = verdicts[i - 1]
        yield f"  hole: {i} is {v.status.value}, a later one is in: {_title(v)}"
    if holes[_MOST:]:
        yield f"  and {len(holes) - _MOST} more holes"


def _markdown(report: PatchReport, shown: Shown) -> str:
    lines = [f"# Patches in {escape(report.tree.root)}", ""] if report.verdicts else []
    if len(report.verdicts) > 1:
        lines += [f"{escape(line.strip())}  " for line in _series(report.verdicts)] + [""]
    for i, v in enumerate(report.verdicts):
        lines += [f"## {escape(_title(v))}: {v.status.value}", "", escape(_counted(v)), ""]
        if report.trials:
            lines += [f"git apply: {escape(report.trials[i].why)}", ""]
        lines += ["| file | hunk | status | why | at |", "|---|---|---|---|---|"]
        for f in v.files:
            lines += [_row(f.change.path, "", f.status, f.why, "")] if not f.hunks or f.why else []
            for h in f.hunks:
                at = f"{h.path}:{h.line}" if h.line else ""
                lines.append(_row(f.change.path, h.hunk.header, h.status, h.why, at))
        if v.prerequisites:
            lines += ["", "Must come first:", "", "| kind | name | why |", "|---|---|---|"]
            for p in v.prerequisites:
                lines.append(f"| {escape(p.kind)} | {escape(p.name)} | {escape(p.why)} |")
        for r in v.patch.problems:
            lines += ["", f"Not mended, line {r.at}: {escape(r.what)}"]
        if shown.comments:
            text = "\n".join(discussed(v.patch))
            fence = "`" * max(4, _ticks(text) + 1)
            lines += ["", f"{fence}diff", text, fence]
        lines.append("")
    lines += [f"Not read: {escape(str(e))}  " for e in report.unread]
    return "\n".join(lines).rstrip() + "\n"


def _ticks(text: str) -> int:
    """Return the length of the longest run of backticks that stands alone, as a fence does."""
    return max((len(run) for run in text.split() if set(run) == {"`"}), default=0)


def _row(path: str, header: str, status: HunkStatus, why: str, at: str) -> str:
    cells = (escape(path), escape(header), status.value, escape(why), escape(at))
    return f"| {' | '.join(cells)} |"


def _json(report: PatchReport, shown: Shown) -> str:
    return as_json(report.tree, report.verdicts, report.trials, report.unread)


FORMATS: dict[str, Callable[[PatchReport, Shown], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
}
"""Each takes what is reported, and how much of it to show."""
