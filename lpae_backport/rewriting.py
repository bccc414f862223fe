# SPDX-License-Identifier: GPL-2.0-only
"""Changes to the text of a file: where they go, what they look like, how the lines around follow.

Text is latin-1 `str`, so that offsets of parsed nodes are offsets into it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lpae_backport.errors import RefusedError
from lpae_backport.location import Span
from lpae_backport.pattern import Pattern
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node
from lpae_backport.whitespace import (
    continued,
    fit,
    fold,
    line_limit,
    realign,
    squeeze,
    width,
)

LOOSE = frozenset({"binary_expression", "conditional_expression", "assignment_expression"})


@dataclass(frozen=True, order=True)
class Change:
    """Text to put in place of a stretch of a file; `lines` says that whole lines go or come."""

    span: Span
    text: str
    lines: bool = False


@dataclass(frozen=True)
class Site:
    """One place where a pattern matches, in one reading of a function."""

    function: str
    body: Body
    node: Node
    bound: dict[str, Node]
    pattern: Pattern | None = None


def text_of(file: CodeFile) -> str:
    """Return the whole text of a file, one character a byte."""
    return file.source.data.decode("latin-1")


def bodies(file: CodeFile, names: tuple[str, ...]) -> Iterator[tuple[str, Body]]:
    """Yield the readings of functions and macros by name, of all of them where none is named.

    Raises:
        RefusedError: one of the functions could not be read as a whole.
    """
    wanted = names or (*file.functions, *file.source.macros)
    for name in wanted:
        for f in file.functions.get(name, ()):
            if f.problem is not None:
                where = file.source.location(f.problem.span)
                raise RefusedError(f"{name}: {f.problem.reason}", where=str(where))
            for b in f.bodies:
                yield name, b
        for m in file.source.macros.get(name, ()):
            body = file.macro_body(m)
            if body is not None:
                yield name, body


def sites(file: CodeFile, names: tuple[str, ...], patterns: Iterable[Pattern]) -> list[Site]:
    """Return where one of some patterns matches, each place once, in the order of the text."""
    found: dict[Span, Site] = {}
    for name, body in bodies(file, names):
        for n in body.nodes:
            for p in patterns:
                bound = p.match(n) if n.span not in found else None
                if bound is not None:
                    found[n.span] = Site(name, body, n, bound, p)
    return [found[s] for s in sorted(found)]


def is_statement(pattern: Pattern | None) -> bool:
    """Tell whether a pattern is about a whole statement: it is written with its end."""
    return pattern is not None and pattern.source.rstrip().endswith((";", "}"))


def statement_of(node: Node) -> Node:
    """Return the statement or declaration that a node is, or stands in."""
    for n in (node, *node.ancestors()):
        if n.kind.endswith("_statement") or n.kind == "declaration":
            return n
    raise RefusedError("not in a statement")


def is_alone(statement: Node) -> bool:
    """Tell whether a statement is one of a block, and not the whole body of an ``if``."""
    parent = statement.parent
    return parent is not None and parent.kind in ("compound_statement", "case_statement")


def line_start(text: str, at: int) -> int:
    """Return the offset of the first character of the line at `at`."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Return the offset behind the line end of the line at `at`."""
    end = text.find("\n", at)
    return len(text) if end == -1 else end + 1


def with_comment(text: str, start: int) -> int:
    """Return where the comment begins that stands right above the line at `start`, else there."""
    here = line_start(text, start)
    above = text[:here]
    if not re.search(r"\*/[ \t]*\r?\n\Z", above):
        return here
    opening = above.rfind("/*")
    first = line_start(text, opening)
    return first if not text[first:opening].strip() else here


def own_lines(text: str, span: Span) -> Span:
    """Return `span` widened to whole lines.

    Raises:
        RefusedError: something else stands on them.
    """
    start, end = line_start(text, span.start), line_end(text, span.end)
    rest = text[span.end : end].strip()
    if rest.startswith("/*") and "*/" not in rest and (close := text.find("*/", end)) != -1:
        end = line_end(text, close)
        rest = " ".join(text[span.end : end].split())
    if text[start : span.start].strip() or (rest and not re.fullmatch(r"/\*.*\*/|//.*", rest)):
        raise RefusedError("more than one statement on a line")
    return Span(start, end)


def apply_changes(text: str, changes: Iterable[Change]) -> str:
    """Make changes, fold lines that become too long, and move what was aligned with them.

    Raises:
        RefusedError: two changes overlap.
    """
    limit = line_limit(text)
    later = len(text) + 1
    for c in sorted(changes, reverse=True):
        if c.span.end > later:
            raise RefusedError("two edits overlap")
        later = c.span.start
        text = _applied(text, c, limit)
    return text


def _applied(text: str, c: Change, limit: int) -> str:
    if c.lines:
        new = c.text if c.text in text else fit(c.text, limit)
        out = text[: c.span.start] + new + text[c.span.end :]
        return squeeze(out, c.span.start) if not c.text else out
    first, last = line_start(text, c.span.start), line_end(text, c.span.end)
    old = text[first:last].rstrip("\n")
    new = text[first : c.span.start] + c.text + text[c.span.end : last].rstrip("\n")
    behind = text[last:]
    if old.count("\n") == new.count("\n"):
        pairs = zip(old.split("\n"), new.split("\n"), strict=True)
        new = "\n".join(n if n == o else continued(o, n) for o, n in pairs)
    if "\n" not in new:
        behind = realign(old, new, behind) if "\n" not in old else behind
        if width(new) > max(limit, *map(width, old.split("\n"))):
            new = fold(new, limit)
    return text[:first] + new + text[last - 1 : last] + behind


def expression_change(text: str, node: Node, new: str) -> Change:
    """Return the change for an expression, parentheses dropped or added as C needs them."""
    start, end = node.start, node.end
    opening = len(text[:start].rstrip()) - 1
    closing = end + len(text[end:]) - len(text[end:].lstrip())
    around = text[opening] == "(" and text[closing : closing + 1] == ")"
    simple = re.fullmatch(r"&?[\w.]+(?:->[\w.]+|\([^()]*\))*", new) is not None
    before = text[:opening].rstrip()[-1:] if around else ""
    if around and simple and before and before in "!~(&|=":
        return Change(Span(opening, closing + 1), new)
    parent = node.parent.kind if node.parent is not None else ""
    loose = parent in (*LOOSE, "unary_expression", "cast_expression") and not around
    if loose and not simple and re.search(r"&&|\|\||[<>=!]=", new):
        new = f"({new})"
    return Change(Span(start, end), new)
