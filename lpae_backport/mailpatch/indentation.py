# SPDX-License-Identifier: GPL-2.0-only
"""Gives hunks their tabs back: from the tree where it has the line, else by the mailer's rule."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.diffreading import Diff
from lpae_backport.mailpatch.keeping import kept, so_many, trimmed
from lpae_backport.mailpatch.model import FileChange, Hunk, Line, LineKind, Repair
from lpae_backport.mailpatch.sheet import Sheet
from lpae_backport.mailpatch.treelines import TreeLines, squeezed
from lpae_backport.whitespace import TAB, indent_of, margin

_SPACED = (".rst", ".py", ".yaml", ".yml", ".json", ".md", ".txt", ".svg", ".pl", ".rs", ".toml")
"""Files that are indented by spaces, or may be."""
_LOST = "changes white space alone, and white space was lost on the way"
_ENOUGH = 0.6
"""Such a share of indented lines must fit a rule for it to be the mailer's."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a mailer turned tabs into spaces.

    Attributes:
        first: how many spaces the first tab of a line became.
        step: how many each one behind it did.
    """

    first: int
    step: int

    def columns(self, spaces: int) -> int | None:
        """Return the columns that so many spaces stood for; `None` if they held no tab."""
        if spaces < self.first:
            return None
        tabs, rest = divmod(spaces - self.first, self.step)
        return (tabs + 1) * TAB + min(rest, TAB - 1)

    def __str__(self) -> str:
        if self.first == self.step:
            return f"{self.step} spaces for each"
        return f"{self.first} spaces for the first of a line, {self.step} for others"


def respaced(sheet: Sheet, diff: Diff, tree: FileTree | None) -> list[FileChange]:
    """Return the files of a patch with the white space that a mailer lost.

    Args:
        sheet: the mail.
        diff: its diff, as it stands there.
        tree: what it is for, if known.
    """
    if any("\t" in x.text for c in diff.changes for h in c.hunks for x in h.lines):
        return kept(sheet, diff, tree)
    lost = _has_lost_tabs(diff)
    if not lost and not sheet.depth:
        return diff.changes
    files = [TreeLines(tree, c.old_path) for c in diff.changes]
    rule = _rule(sheet, diff, files) if lost else None
    found = []
    for i, (change, lines) in enumerate(zip(diff.changes, files, strict=True)):
        is_code = not change.path.endswith(_SPACED)
        hunks = []
        for j, hunk in enumerate(change.hunks):
            whole = trimmed(sheet, hunk, diff.rows.get((i, j), ()))
            hunks.append(_mended(whole, lines, rule if is_code else None, lost))
        found.append(replace(change, hunks=tuple(hunks)))
    return found


def _lines(changes: Iterable[FileChange]) -> list[Line]:
    return [x for c in changes if not c.path.endswith(_SPACED) for h in c.hunks for x in h.lines]


def _has_lost_tabs(diff: Diff) -> bool:
    """Tell whether tabs were turned into spaces: none is left, and there is indentation."""
    return any(len(indent_of(x.text)) >= 2 for x in _lines(diff.changes))


def _rule(sheet: Sheet, diff: Diff, files: list[TreeLines]) -> Rule | None:
    """Return the rule that most lines bear witness of."""
    rows = [r for (i, _), found in diff.rows.items() for r in found[:1]]
    columns = Counter(sheet.columns[r] for r in rows)
    prefix = columns.most_common(1)[0][0] + 1 if columns else 1
    stops = Rule(TAB - prefix % TAB, TAB)
    rules = dict.fromkeys(
        [stops, Rule(TAB - 1, TAB), Rule(TAB, TAB), *(Rule(n, n) for n in (4, 5, 2, 3))]
    )
    seen = _witnessed(diff, files)
    if seen:
        scores = {r: sum((r.columns(n) or n) == c for n, c in seen) for r in rules}
        best = max(rules, key=lambda r: scores[r])
        return best if scores[best] >= len(seen) * _ENOUGH else None
    if not sheet.depth:
        # Without quoting, spaces may well be what was written.
        rules = {r: None for r in rules if r.first == TAB - 1}
    depths = [len(indent_of(x.text)) for x in _lines(diff.changes)]
    depths = [n for n in depths if n >= 2]
    scores = {r: sum(n >= r.first and (n - r.first) % r.step == 0 for n in depths) for r in rules}
    # Whatever fits eight columns fits four and two as well: the widest rule that does is it.
    likely = [r for r in rules if scores[r] >= len(depths) * _ENOUGH]
    return max(likely, key=lambda r: r.step, default=None)


def _witnessed(diff: Diff, files: list[TreeLines]) -> list[tuple[int, int]]:
    """Return, for lines that the tree has, how many spaces they have here and columns there."""
    seen = []
    for change, lines in zip(diff.changes, files, strict=True):
        if change.path.endswith(_SPACED):
            continue
        for x in (x for h in change.hunks for x in h.lines if x.kind is not LineKind.ADDED):
            real = lines.spelled(x.text) if x.text.startswith("  ") else None
            if real is not None:
                seen.append((len(indent_of(x.text)), len(indent_of(real).expandtabs(TAB))))
    return seen


def _mended(hunk: Hunk, file: TreeLines, rule: Rule | None, lost: bool) -> Hunk:
    """Give the lines of a hunk the tree's white space, or that of a rule."""
    if _is_blank(hunk) and file.lines:
        return _settled(hunk, file, rule)
    real = file.run(list(hunk.before), hunk.old_start - 1)
    before = iter(real or ())
    lines: list[Line] = []
    fromtree = fromrule = 0
    for x in hunk.lines:
        text = x.text
        if x.kind is not LineKind.ADDED:
            same = next(before, None) if real is not None else _alike(text, file, rule)
            if same is not None and text.strip():
                fromtree += same != text
                lines.append(replace(x, text=same))
                continue
        if rule is not None:
            text = _tabbed(text, rule)
            fromrule += text != x.text
        lines.append(replace(x, text=text) if text != x.text else x)
    repairs = list(hunk.repairs)
    if fromtree:
        repairs.append(Repair(hunk.at, f"white space of {so_many(fromtree)} as the tree has it"))
    if fromrule and rule is not None:
        text = f"tabs of {so_many(fromrule)} restored where the mailer put {rule}"
        repairs.append(Repair(hunk.at, f"{text}; others cannot be told"))
    return replace(hunk, lines=tuple(lines), repairs=tuple(repairs))


def _alike(text: str, file: TreeLines, rule: Rule | None) -> str | None:
    """Return a line as the tree has it, if it is not indented by more tabs or fewer there."""
    real = file.spelled(text)
    columns = rule.columns(len(indent_of(text))) if rule is not None and real is not None else None
    if real is None or columns is None or columns % TAB:
        return real
    there = indent_of(real)
    return None if there.strip("\t") == "" and there != margin(columns) else real


def _is_blank(hunk: Hunk) -> bool:
    """Tell whether a hunk changes white space alone."""
    return squeezed("".join(hunk.before)) == squeezed("".join(hunk.after))


def _settled(hunk: Hunk, file: TreeLines, rule: Rule | None) -> Hunk:
    """Mend a hunk that changes white space alone: the tree's may be that before or after."""
    texts = [_tabbed(x.text, rule) if rule is not None else x.text for x in hunk.lines]
    is_old = _has(hunk, texts, LineKind.REMOVED, file)
    is_new = _has(hunk, texts, LineKind.ADDED, file)
    lines = []
    for x, text in zip(hunk.lines, texts, strict=True):
        same = file.spelled(text) if x.kind is LineKind.CONTEXT and text.strip() else None
        lines.append(replace(x, text=text if same is None else same))
    repairs = list(hunk.repairs)
    changed = sum(a.text != b.text for a, b in zip(lines, hunk.lines, strict=True))
    if changed:
        repairs.append(Repair(hunk.at, f"tabs of {so_many(changed)} restored"))
    problem = hunk.problem or ("" if is_old != is_new else _LOST)
    return replace(hunk, lines=tuple(lines), repairs=tuple(repairs), problem=problem)


def _has(hunk: Hunk, texts: list[str], kind: LineKind, file: TreeLines) -> bool:
    """Tell whether the tree has one of a hunk's texts, with its lines of a kind to the letter."""
    kept = [i for i, x in enumerate(hunk.lines) if x.kind in (kind, LineKind.CONTEXT)]
    near = hunk.new_start if kind is LineKind.ADDED else hunk.old_start
    block = file.run([texts[i] for i in kept], near - 1)
    if block is None:
        return False
    pairs = [(texts[i], real) for i, real in zip(kept, block, strict=True)]
    mine = [p for i, p in zip(kept, pairs, strict=True) if hunk.lines[i].kind is kind]
    return all(text.rstrip() == real.rstrip() for text, real in mine)


def _tabbed(text: str, rule: Rule) -> str:
    indent = indent_of(text)
    columns = rule.columns(len(indent)) if indent and "\t" not in indent else None
    return text if columns is None or not text.strip() else margin(columns) + text[len(indent) :]
