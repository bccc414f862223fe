# SPDX-License-Identifier: GPL-2.0-only
"""C syntax as plain nodes; the only module that knows tree-sitter.

A tree-sitter tree is walked once per entity and turned into small Python nodes in which what does
not matter to a rule is already gone: parentheses, the difference between ``.`` and ``->``, and
tokens that only punctuate.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from lpae_backport.location import Span

if TYPE_CHECKING:
    from tree_sitter import Node as TSNode
    from tree_sitter import Parser

_OPERATORS = frozenset(
    {
        "binary_expression",
        "unary_expression",
        "update_expression",
        "assignment_expression",
        "pointer_expression",
    }
)
_TRANSPARENT = frozenset({"parenthesized_expression", "else_clause"})
_WHOLE = frozenset(
    {
        "string_literal",
        "concatenated_string",
        "char_literal",
        "sized_type_specifier",
        "storage_class_specifier",
        "type_qualifier",
    }
)

_LONGEST = 100
"""Most digits of a number that are worth reading; 64 bits have 64 at most."""


class Node:
    """One node of C syntax.

    Attributes:
        kind: the grammar's name of the construct.
        label: the operator, or the text of a leaf; empty otherwise.
        kids: the meaningful children.
        role: the field of the parent this node fills; empty for a list member.
        start: offset of the first byte in the file.
        end: offset after the last byte.
        parent: the enclosing node, `None` at the top.
    """

    __slots__ = ("_canon", "end", "kids", "kind", "label", "parent", "role", "start")

    def __init__(self, kind: str, label: str, role: str, start: int, end: int) -> None:
        self.kind = kind
        self.label = label
        self.role = role
        self.start = start
        self.end = end
        self.kids: list[Node] = []
        self.parent: Node | None = None
        self._canon: str | None = None

    @property
    def span(self) -> Span:
        """The node's range of bytes in its file."""
        return Span(self.start, self.end)

    def kid(self, role: str) -> "Node | None":
        """Return the child that fills `role`, if there is one."""
        for k in self.kids:
            if k.role == role:
                return k
        return None

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it, in the order of the text."""
        stack = [self]
        while stack:
            n = stack.pop()
            yield n
            stack.extend(reversed(n.kids))

    def ancestors(self) -> Iterator["Node"]:
        """Yield the enclosing nodes, innermost first."""
        n = self.parent
        while n is not None:
            yield n
            n = n.parent

    @property
    def canon(self) -> str:
        """Text that is equal for nodes that mean the same C."""
        if self._canon is None:
            inner = ",".join(k.canon for k in self.kids)
            if self.kind == "identifier" or self.kind == "field_identifier":
                self._canon = self.label
            elif self.kind == "field_expression":
                self._canon = ".".join(k.canon for k in self.kids)
            else:
                self._canon = (
                    f"{self.kind}:{self.label}({inner})" if inner else self.label or self.kind
                )
        return self._canon

    def __repr__(self) -> str:
        return f"<{self.kind} {self.label!r} {self.start}-{self.end}>"


@cache
def _parser() -> "Parser":
    import tree_sitter_c
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_c.language()))


class Tree:
    """A parsed text.

    Args:
        text: masked C.
        base: the offset of `text` in its file.
    """

    def __init__(self, text: bytes, base: int = 0) -> None:
        self._text = text
        self._base = base
        self._tree = _parser().parse(text)

    def errors(self) -> list[Span]:
        """Return what the grammar could not make sense of, smallest stretches first."""
        found: list[Span] = []
        stack = [self._tree.root_node]
        while stack:
            n = stack.pop()
            if n.is_missing:
                # Nothing stands there; the bytes on either side are where something should.
                at = n.start_byte + self._base
                found.append(Span(max(at - 1, self._base), at + 1))
            elif n.is_error:
                found.append(
                    Span(n.start_byte + self._base, max(n.end_byte, n.start_byte + 1) + self._base)
                )
            elif n.has_error:
                stack.extend(n.children)
        return sorted(found)

    def top(self) -> Iterator["Entity"]:
        """Yield what stands at file level, unconverted."""
        for n in self._tree.root_node.named_children:
            yield Entity(n, self._text, self._base)


class Entity:
    """A construct at file level, converted to nodes only when somebody looks inside."""

    __slots__ = ("_base", "_node", "_text", "kind", "span")

    def __init__(self, node: "TSNode", text: bytes, base: int) -> None:
        self._node = node
        self._text = text
        self._base = base
        self.kind = node.type
        self.span = Span(node.start_byte + base, node.end_byte + base)

    def head(self) -> bytes:
        """Return the text up to the body, or all of it where there is none."""
        body = self._node.child_by_field_name("body")
        end = body.start_byte if body is not None else self._node.end_byte
        return self._text[self._node.start_byte : end]

    def has_error(self) -> bool:
        """Tell whether something within could not be parsed."""
        return self._node.has_error

    def node(self) -> Node:
        """Return the whole construct as nodes."""
        return _convert(self._node, self._text, self._base)


def _convert(ts: "TSNode", text: bytes, base: int) -> Node:
    """Turn a tree-sitter node into plain nodes, leaving out what does not matter.

    However deeply a text is nested, this comes to an end; hence no recursion.
    """
    top, below = _converted(ts, "", text, base)
    todo = [(top, below)]
    while todo:
        node, children = todo.pop()
        for child, role in children:
            kid, below = _converted(child, role, text, base)
            kid.parent = node
            node.kids.append(kid)
            if below:
                todo.append((kid, below))
    return top


_Children: TypeAlias = "list[tuple[TSNode, str]]"


def _converted(ts: "TSNode", role: str, text: bytes, base: int) -> tuple[Node, _Children]:
    """Return one node without its children, and those with their roles."""
    kind = ts.type
    while kind in _TRANSPARENT:
        inner = [c for c in ts.named_children if c.type != "comment"]
        if len(inner) != 1:
            break
        ts = inner[0]
        kind = ts.type
    node = Node(kind, "", role, ts.start_byte + base, ts.end_byte + base)
    children = ts.children
    below: _Children = []
    if not children or kind in _WHOLE:
        node.label = text[ts.start_byte : ts.end_byte].decode("latin-1")
        if kind == "number_literal":
            node.label = _number(node.label)
        return node, below
    for i, c in enumerate(children):
        if c.is_named:
            if c.type != "comment":
                below.append((c, ts.field_name_for_child(i) or ""))
        elif not node.label and kind in _OPERATORS:
            node.label = c.type
    return node, below


def _number(literal: str) -> str:
    """Write an integer literal in the one way that equal ones share (0x0F is 15, 1ull is 1ULL)."""
    digits = literal.rstrip("uUlL")
    suffix = literal[len(digits) :].upper()
    if len(digits) > _LONGEST:
        return literal
    try:
        value = int(digits, 8 if digits.isdigit() and digits[0] == "0" else 0)
    except ValueError:
        return literal
    if value == 0:
        return "0"
    return f"{value}{'U' if 'U' in suffix else ''}{'L' * suffix.count('L')}"


def functions_in(text: bytes, base: int) -> Iterator[Node]:
    """Parse `text` and yield its function definitions as nodes; `base` is its place in the file."""
    for entity in Tree(text, base).top():
        if entity.kind == "function_definition":
            yield entity.node()


def fragment(code: bytes, base: int = 0) -> Node | None:
    """Parse a statement or expression on its own.

    Args:
        code: masked C without the final semicolon, or a whole statement.
        base: the offset of `code` in its file.

    Returns:
        The body of a function that holds just `code`, or `None` where it does not parse.
    """
    prefix = b"void f_(void) {"
    tree = Tree(prefix + code + b"\n;}", base - len(prefix))
    if tree.errors():
        return None
    for entity in tree.top():
        return entity.node().kid("body")
    return None
