# SPDX-License-Identifier: GPL-2.0-only
"""Templates of code: filled with what a pattern matched and with what is in scope."""

import re
from collections import Counter
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

_ACTS = frozenset({"update_expression", "assignment_expression", "call_expression"})
"""What must not happen twice because a template names it twice."""
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
        holes = Counter(f"${m[1]}" for m in _HOLE.finditer(template))
        for name, count in holes.items():
            node = site.bound.get(name)
            if count > 1 and node is not None and any(n.kind in _ACTS for n in node.walk()):
                value = self._text[node.start : node.end]
                raise RefusedError(f"{site.function}: {value} would be evaluated {count} times")
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
        value = text[node.start : node.end]
        before, after = m.string[: m.start()].rstrip(), m.string[m.end() :].lstrip()
        if node.kind not in LOOSE or (before.endswith(("(", ",")) and after[:1] in (")", ",")):
            return value
        opening = len(text[: node.start].rstrip(" \t\\\n")) - 1
        behind = text[node.end :]
        closing = node.end + len(behind) - len(behind.lstrip(" \t\\\n"))
        if text[opening] == "(" and text[closing : closing + 1] == ")":
            return text[opening : closing + 1]
        alone = (not before or before.endswith(("=", "return"))) and after[:1] in ("", ";")
        return value if alone else f"({value})"

    def _reached(self, name: str, site: Site) -> tuple[str, str]:
        for way in self._reach.get(name, ()):
            found = [v for v in _in_scope(site) if declared_tag(v, site.body) == way.struct]
            if len(found) > 1:
                names = ", ".join(found)
                raise RefusedError(
                    f"{site.function}: nothing tells which struct {way.struct} is meant: {names}"
                )
            if found:
                pointer = _is_pointer(found[0], site.body)
                value = way.template.replace("$V.", found[0] + ("->" if pointer else "."))
                value = value.replace("$V", found[0] if pointer else f"&{found[0]}")
                return value, "->"
        structs = " or ".join(f"struct {w.struct}" for w in self._reach.get(name, ()))
        raise RefusedError(f"{site.function}: no {structs} is in scope")


def _in_scope(site: Site) -> list[str]:
    """Return the parameters, and the locals whose block is around the site, declared before it."""
    found = [p for p in site.body.params if p]
    for name in sorted(site.body.locals):
        for leaf in site.body.by_label.get(name, ()):
            declaration = next((n for n in leaf.ancestors() if n.kind == "declaration"), None)
            block = declaration.parent if declaration is not None else None
            if declaration is None or block is None or declaration.end > site.node.start:
                continue
            if block.span.contains(site.node.span):
                found.append(name)
                break
    return found


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
    block = block_of(new, text, indent_of(text[lines.start : lines.end]))
    tail = text[statement.end : lines.end].rstrip("\n")
    return Change(lines, f"{block}{tail}\n", lines=True)


def block_of(template: str, text: str, indent: str) -> str:
    """Return a filled template as lines of a file: its indentation, its width."""
    unit = " " * (4 if len(indent) % 4 == 0 else 2) if indent and "\t" not in indent else "\t"
    lines = []
    for line in template.split("\n"):
        plain = line.lstrip("\t")
        inner = indent + unit * (len(line) - len(plain))
        lines.append(fold(inner + plain, line_limit(text)) if line.strip() else "")
    return "\n".join(lines)


def _count(template: str) -> int:
    """Return how many statements a template has at its own level."""
    return sum(1 for ln in template.split("\n") if ln.strip() and ln[0] not in " \t}")


def deleted(text: str, statement: Node) -> Change:
    """Return the change that takes a statement out, with the comment right above it."""
    if not is_alone(statement):
        raise RefusedError("the statement is all that its condition governs")
    lines = own_lines(text, statement.span)
    return Change(Span(with_comment(text, lines.start), lines.end), "", lines=True)
