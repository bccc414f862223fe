# SPDX-License-Identifier: GPL-2.0-only
"""Code of a function in the words of the rule language: C with metavariables."""

import re

from lpae_backport.masking import decode
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node

_SPACE = re.compile(r"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')|\s+")
_LONGEST = 240
_CONSTANTS = frozenset(
    {
        "number_literal",
        "string_literal",
        "concatenated_string",
        "char_literal",
        "true",
        "false",
        "null",
    }
)


class Wording:
    """The words for the code of one body.

    Args:
        file: the file it is from.
        body: the body, whose locals and parameters may be called anything.
    """

    def __init__(self, file: CodeFile, body: Body) -> None:
        self._text = file.source.quiet
        self._own = body.locals | {p for p in body.params if p}

    def is_own(self, node: Node) -> bool:
        """Tell whether a node is a local or parameter."""
        return node.kind == "identifier" and node.label in self._own

    def plain(self, node: Node) -> str:
        """Return the code as it stands, on one line."""
        return self._written(node, [])

    def open(self, node: Node) -> str:
        """Return the code with metavariables for what is local."""
        return self._written(node, [n for n in node.walk() if self.is_own(n)])

    def any_call(self, call: Node) -> str:
        """Return any call of the same function."""
        return f"{self.plain(call.kids[0])}($$$)"

    def loose_call(self, call: Node, keep: frozenset[int] = frozenset()) -> str:
        """Return the call with what tells something of it; other arguments may be anything.

        Args:
            call: the call.
            keep: the arguments to write out, by index, whatever they are.
        """
        args = [
            self.open(a) if i in keep or is_constant(a) else "$_"
            for i, a in enumerate(call.kids[-1].kids)
        ]
        return f"{self.plain(call.kids[0])}({', '.join(args)})"

    def outline(self, stmt: Node) -> str:
        """Return a statement in short: of what it holds only what tells it from others.

        Returns:
            The statement; empty where it cannot be told in short.
        """
        kind = stmt.kind
        if kind == "expression_statement" and stmt.kids:
            return f"{self.brief(stmt.kids[0])};"
        if kind == "if_statement":
            return self._branches(stmt)
        if kind in ("while_statement", "switch_statement"):
            condition, body = stmt.kid("condition"), stmt.kid("body")
            if condition is None or body is None:
                return ""
            return f"{kind.partition('_')[0]} ({self.open(condition)}) {self._block(body)}"
        if kind in ("return_statement", "goto_statement", "break_statement", "continue_statement"):
            return self.open(stmt)
        if kind == "declaration":
            return self.plain(stmt)
        return ""

    def brief(self, node: Node) -> str:
        """Return an expression in short: a call with whatever arguments."""
        if node.kind == "call_expression":
            return self.any_call(node)
        if node.kind == "assignment_expression" and node.kids[-1].kind == "call_expression":
            return f"{self.open(node.kids[0])} {node.label} {self.any_call(node.kids[-1])}"
        return self.open(node)

    def _branches(self, stmt: Node) -> str:
        condition, then = stmt.kid("condition"), stmt.kid("consequence")
        other = stmt.kid("alternative")
        if condition is None or then is None:
            return ""
        inner = self._block(then)
        if not inner or other is None:
            return f"if ({self.open(condition)}) {inner}" if inner else ""
        rest = self._branches(other) if other.kind == "if_statement" else self._block(other)
        return f"if ({self.open(condition)}) {inner} else {rest}" if rest else ""

    def _block(self, body: Node) -> str:
        return "{ $$$; }" if body.kind == "compound_statement" else self.outline(body)

    def _written(self, node: Node, opened: list[Node]) -> str:
        parts = []
        at = node.start
        for n in sorted(opened, key=lambda n: n.start):
            parts += [decode(self._text[at : n.start]), meta(n.label)]
            at = n.end
        parts.append(decode(self._text[at : node.end]))
        text = "".join(parts).replace("\\\n", " ")
        return _SPACE.sub(lambda m: m[1] or " ", text).strip()


def meta(name: str) -> str:
    """Return the metavariable for a local of some name."""
    upper = name.upper()
    return f"${upper}_" if upper.endswith("_NAME") or upper == "_" else f"${upper}"


def is_constant(node: Node) -> bool:
    """Tell whether an argument is a constant, by how it is written."""
    if node.kind in ("unary_expression", "cast_expression"):
        return is_constant(node.kids[-1])
    if node.kind == "binary_expression":
        return all(is_constant(k) for k in node.kids)
    return node.kind in _CONSTANTS or (node.kind == "identifier" and node.label.isupper())


def fits(text: str) -> bool:
    """Tell whether some code is short enough for a rule."""
    return 0 < len(text) <= _LONGEST
