# SPDX-License-Identifier: GPL-2.0-only
"""Templates of code: filled with what a pattern matched and with what is in scope."""

import re
from collections.abc import Mapping

from lpae_backport.declarations import declared_tag
from lpae_backport.errors import RefusedError
from lpae_backport.location import Span
from lpae_backport.rewriting import (
    LOOSE,
    Change,
    Site,
    expression_change,
    is_alone,
    is_statement,
    own_lines,
    statement_of,
    text_of,
    with_comment,
)
from lpae_backport.rule import Reach
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node
from lpae_backport.whitespace import fold, indent_of, line_limit

_HOLE = re.compile(r"\$([A-Z][A-Z0-9_]*|_)(\.)?")


class Template:
    """Fills templates with what a pattern matched and with what is in scope.

    Args:
        file: the file the nodes are of.
        reach: the names that stand for something wherever they are used.
    """

    def __init__(self, file: CodeFile, reach: Mapping[str, tuple[Reach, ...]]) -> None:
        self._text = text_of(file)
        self._reach = reach

    def fill(self, template: str, site: Site) -> str:
        """Return a template with its metavariables replaced.

        ``$C.field`` takes the operator that stood behind ``$C``, and ``->`` where none did;
        what begins with ``&`` loses it and takes a dot.

        Raises:
            RefusedError: nothing in scope gives a metavariable its value.
        """
        return _HOLE.sub(lambda m: self._value(m, site), template)

    def _value(self, m: re.Match[str], site: Site) -> str:
        name = f"${m[1]}"
        if name in site.bound:
            node = site.bound[name]
            value = self._value_of(node, m)
            behind = self._text[node.end : node.end + 8].lstrip()
            operator = "." if behind.startswith(".") else "->"
        else:
            value, operator = self._reached(m[1], site)
        if not m[2]:
            return value
        if value.startswith("&"):
            return value[1:] + "."
        return value + operator

    def _value_of(self, node: Node, m: re.Match[str]) -> str:
        """Return what stands for a metavariable, in the parentheses it had if it needs them."""
        text = self._text
        start, end = node.start, node.end
        held = m.string[: m.start()].endswith("(") and m.string[m.end() :].startswith(")")
        if node.kind not in LOOSE or held:
            return text[start:end]
        opening = len(text[:start].rstrip(" \t\\\n")) - 1
        closing = end + len(text[end:]) - len(text[end:].lstrip(" \t\\\n"))
        if text[opening] == "(" and text[closing : closing + 1] == ")":
            return text[opening : closing + 1]
        return text[start:end]

    def _reached(self, name: str, site: Site) -> tuple[str, str]:
        for way in self._reach.get(name, ()):
            for variable in (*site.body.params, *sorted(site.body.locals)):
                if declared_tag(variable, site.body) == way.struct:
                    pointer = _is_pointer(variable, site.body)
                    value = way.template.replace("$V.", variable + ("->" if pointer else "."))
                    value = value.replace("$V", variable if pointer else f"&{variable}")
                    return value, "->"
        structs = " or ".join(f"struct {w.struct}" for w in self._reach.get(name, ()))
        raise RefusedError(f"{site.function}: no {structs} is in scope")


def _is_pointer(variable: str, body: Body) -> bool:
    for leaf in body.by_label.get(variable, ()):
        kinds = []
        for n in leaf.ancestors():
            kinds.append(n.kind)
            if n.kind in ("declaration", "parameter_declaration"):
                return "pointer_declarator" in kinds
    return False


def replaced(file: CodeFile, site: Site, template: str, filler: Template) -> Change:
    """Return the change that puts a template in place of what a pattern matched."""
    text = text_of(file)
    new = filler.fill(template, site)
    if not is_statement(site.pattern):
        return expression_change(text, site.node, new)
    statement = statement_of(site.node)
    if not new:
        return deleted(text, statement)
    lines = own_lines(text, statement.span)
    if not is_alone(statement) and _count(new) > 1:
        raise RefusedError(
            f"{site.function}: the statement has no braces around it",
            where=str(file.source.location(statement.span)),
        )
    indent = indent_of(text[lines.start : lines.end])
    limit = line_limit(text)
    block = "\n".join(fold(indent + ln, limit) if ln.strip() else "" for ln in new.split("\n"))
    tail = text[statement.end : lines.end].rstrip("\n")
    return Change(lines, f"{block}{tail}\n", lines=True)


def _count(template: str) -> int:
    """Return how many statements a template has at its own level."""
    return sum(1 for ln in template.split("\n") if ln.strip() and ln[0] not in " \t}")


def deleted(text: str, statement: Node) -> Change:
    """Return the change that takes a statement out, with the comment right above it."""
    if not is_alone(statement):
        raise RefusedError("the statement is all that its condition governs")
    lines = own_lines(text, statement.span)
    return Change(Span(with_comment(text, lines.start), lines.end), "", lines=True)
