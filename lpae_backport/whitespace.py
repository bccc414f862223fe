# SPDX-License-Identifier: GPL-2.0-only
"""Tabs, columns and long lines, as the kernel's coding style has them.

Text is `str` decoded as latin-1 wherever files are edited: one character is one byte, so offsets
into the parsed file are offsets into the text.
"""

import re

TAB = 8
NARROW = 80
WIDE = 100
_MANY = 0.02
"""Such a share of lines beyond 80 columns shows that a file has the later limit of 100."""
_BREAK = re.compile(r", | && | \|\| | \| | \+ | \? | \|?= |\(")
_LAST = {"=": 98, "|=": 98, "(": 99}
"""Where a line is broken only if nothing else will do."""
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|/\*.*?\*/")


def width(line: str) -> int:
    """Return how many columns a line takes, tabs going to the next multiple of eight."""
    return len(line.expandtabs(TAB))


def margin(columns: int) -> str:
    """Return white space of so many columns, tabs first."""
    return "\t" * (columns // TAB) + " " * (columns % TAB)


def indent_of(line: str) -> str:
    """Return the white space a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def line_limit(text: str) -> int:
    """Return the width that a file keeps to: 80 columns, or 100 where it shows that it may."""
    lines = text.split("\n")
    beyond = sum(width(line) > NARROW for line in lines if '"' not in line)
    return WIDE if beyond > _MANY * len(lines) else NARROW


def fold(line: str, limit: int, *, inside: bool = False) -> str:
    """Break a line of code that is too long, aligned behind the innermost open parenthesis.

    Args:
        line: the line.
        limit: how many columns it may take.
        inside: it continues a line above, within parentheses; so do the new ones, as it does.
    """
    lines = []
    behind = indent_of(line) + ("" if inside else "\t")
    while width(line) > limit:
        at = _break_at(line, limit, behind)
        if at is None:
            break
        head = line[:at].rstrip()
        lines.append(head)
        behind = _continued(head, behind)
        line = behind + line[at:].lstrip()
    return "\n".join([*lines, line])


def _break_at(line: str, limit: int, behind: str) -> int | None:
    """Return where to break: outside of as many parentheses as can be, then as late as fits."""
    hidden = [m.span() for m in _QUOTED.finditer(line)]
    best: tuple[int, int] | None = None
    for m in _BREAK.finditer(line, len(indent_of(line))):
        if any(a <= m.start() < b for a, b in hidden):
            continue
        at = m.start() + len(m[0].rstrip())
        if width(line[:at]) > limit:
            break
        head = line[:at].rstrip()
        if width(_continued(head, behind)) < width(head) and line[at:].strip():
            rank = _LAST.get(m[0].strip(), _depth(line[:at]))
            if best is None or rank <= best[0]:
                best = (rank, at)
    return best[1] if best is not None else None


def _continued(head: str, behind: str) -> str:
    """Return the white space of the line that continues `head`; `behind` where nothing is open."""
    column = open_column(head)
    return margin(column) if column is not None else behind


def open_column(head: str) -> int | None:
    """Return the column behind the innermost parenthesis left open, `None` where none is."""
    plain = _QUOTED.sub(lambda m: "x" * len(m[0]), head)
    stack: list[int] = []
    for i, c in enumerate(plain):
        if c == "(":
            stack.append(i)
        elif c == ")" and stack:
            stack.pop()
    return width(head[: stack[-1] + 1]) if stack else None


def reindent(block: str, indent: str) -> str:
    """Put a block of lines behind an indentation; empty lines stay empty."""
    return "\n".join(indent + line if line.strip() else "" for line in block.split("\n"))


def fit(text: str, limit: int) -> str:
    """Fold the lines of code that are too long; comments and preprocessor lines stay."""
    out = []
    told = macro = False
    depth = 0
    for line in text.split("\n"):
        plain = line.lstrip()
        kept = told or macro or plain.startswith(("/*", "//", "#"))
        out.append(line if kept else fold(line, limit, inside=depth > 0))
        depth = depth if kept else max(depth + _depth(line), 0)
        told = (told or "/*" in line) and "*/" not in line[line.rfind("/*") + 1 :]
        macro = line.endswith("\\") and (macro or plain.startswith("#"))
    return "\n".join(out)


def continued(old: str, new: str) -> str:
    """Return a changed line of a macro with its backslash where it was, if there is room."""
    column = width(old[:-1])
    text = new[:-1].rstrip(" \t")
    if not old.endswith("\\") or not new.endswith("\\") or width(text) >= column:
        return new
    out = text + "\t"
    while width(out) < column:
        out += "\t"
    return (out if width(out) == column else text + " ") + "\\"


def realign(before: str, after: str, text: str) -> str:
    """Move continuation lines that were aligned with a parenthesis of the line above.

    Args:
        before: the first line as it was.
        after: the first line as it is now.
        text: the lines behind it, as they were.

    Returns:
        The lines behind it, as far as they hung from a parenthesis left open, moved along.
    """
    old, new = open_column(before), open_column(after)
    if old is None or new is None or old == new:
        return text
    lines = text.split("\n")
    depth = _depth(after)
    for i, line in enumerate(lines):
        if depth <= 0 or not line.strip():
            break
        column = width(indent_of(line))
        if column < old:
            break
        lines[i] = margin(column - old + new) + line.lstrip(" \t")
        depth += _depth(line)
    return "\n".join(lines)


def _depth(line: str) -> int:
    plain = _QUOTED.sub("", line)
    return plain.count("(") - plain.count(")")


def squeeze(text: str, at: int) -> str:
    """Leave one empty line where two have come together around `at`, none behind a brace."""
    start = at
    while start > 0 and text[start - 1] in "\n \t":
        start -= 1
    end = at
    while end < len(text) and text[end] in "\n \t":
        end += 1
    gap = text[start:end]
    last = gap.rfind("\n")
    if last == -1:
        return text
    keep = min(gap.count("\n"), 2)
    if text[max(start - 1, 0)] == "{" or text[end : end + 1] == "}":
        keep = 1
    return text[:start] + "\n" * keep + gap[last + 1 :] + text[end:]
