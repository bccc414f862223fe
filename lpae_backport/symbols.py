# SPDX-License-Identifier: GPL-2.0-only
"""What one C file defines: functions with all their readings, enums, structs, objects."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lpae_backport.location import Span
from lpae_backport.preprocessor import Macro, Problem
from lpae_backport.source import Source, variants
from lpae_backport.syntax import Entity, Node, Tree, fragment, functions_in

_CALL_NAME = re.compile(rb"([A-Za-z_]\w*)\s*\(")
_TAG = re.compile(rb"\b(enum|struct|union)\s+([A-Za-z_]\w*)\s*\{")
_EXPORT = re.compile(rb"\"(?:\\.|[^\"\\\n])*\"|\bEXPORT_SYMBOL\w*\s*\(\s*([A-Za-z_]\w*)")
_PASTE = re.compile(rb"[ \t]*##[ \t]*")
_QUOTE = re.compile(rb"#[ \t]*[A-Za-z_]\w*")
_CLOSING = re.compile(rb"^\}[^\n]*\n", re.MULTILINE)
_SHORT = 2000
"""Bytes of a function with eight statements and more comment than code."""
_DEFINED_NAME = re.compile(rb"([A-Za-z_]\w*)\s*(?:\[[^=]*\])*\s*=")
_STATEMENTS = frozenset(
    {
        "if_statement",
        "for_statement",
        "while_statement",
        "do_statement",
        "switch_statement",
        "return_statement",
        "goto_statement",
        "labeled_statement",
        "compound_statement",
    }
)
DECLARING = frozenset(
    {"enum_specifier", "struct_specifier", "union_specifier", "type_definition", "declaration"}
)
"""Kinds of syntax that declare something at file level, functions with a body left out."""


@dataclass(slots=True)
class Body:
    """One reading of a function (or of a macro's replacement): its nodes, ready to be searched."""

    root: Node
    params: tuple[str, ...]
    by_label: dict[str, list[Node]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    locals: set[str] = field(default_factory=set)
    """The names declared within, parameters left out."""
    labels: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        for n in self.root.walk():
            self.nodes.append(n)
            if n.label:
                self.by_label.setdefault(n.label, []).append(n)
            if n.kind == "declaration":
                if not any(k.label == "static" for k in n.kids):
                    self.locals.update(declared_names(n))
            elif n.kind == "labeled_statement":
                self.labels.append(n)


@dataclass(frozen=True)
class Function:
    """A function definition; `name` is what it is called by."""

    name: str
    file: "CodeFile"
    span: Span
    entity: Entity

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """Every reading of the definition that its inner ``#if`` allows."""
        if not self.file.source.inner_conditionals(self.span):
            node = self.entity.node()
            return (Body(node, _parameters(node)),)
        found: list[Body] = []
        for text in variants(self.file.source, self.span):
            nodes = functions_in(text, self.span.start)
            found.extend(Body(n, _parameters(n)) for n in nodes)
        return tuple(found)

    @property
    def is_short(self) -> bool:
        """Tell whether this may be a wrapper or predicate, before anything is parsed."""
        return self.span.end - self.span.start <= _SHORT

    def mentions(self, words: list[str]) -> bool:
        """Tell whether the text has one of some words, before anything is parsed."""
        text = self.file.source.masked
        return any(text.find(w.encode(), self.span.start, self.span.end) != -1 for w in words)

    @property
    def problem(self) -> Problem | None:
        """What kept part of this function from being read, if anything did."""
        source = self.file.source
        for c in source.conditionals:
            if c.span.start < self.span.start < c.span.end < self.span.end and len(c.branches) > 1:
                return Problem(c.span, "#else cuts across the head of a function")
        return source.problem_at(self.span)


class CodeFile:
    """One C file with an index of what it defines."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._trees = _parse(source.masked)
        for span in (e for t in self._trees for e in t.errors()):
            source.problems.append(Problem(span, "not understood as C"))
        source.problems += self._stray_code()
        source.problems.sort(key=lambda p: p.span)

    def _stray_code(self) -> Iterator[Problem]:
        """Yield statements outside any function: the one before them was closed too early."""
        before = 0
        for e in self._entities:
            if e.kind == "function_definition":
                before = e.span.start
            elif e.kind in _STATEMENTS:
                yield Problem(Span(before, e.span.end), "statement outside a function")

    @property
    def path(self) -> str:
        """The file's path in its tree."""
        return self.source.path

    @cached_property
    def _entities(self) -> list[Entity]:
        return [e for t in self._trees for e in t.top()]

    @cached_property
    def functions(self) -> dict[str, list[Function]]:
        """The function definitions by name; alternatives under ``#if`` share one."""
        found: dict[str, list[Function]] = {}
        for e in self._entities:
            if e.kind == "function_definition":
                for name in _names(e.head()):
                    found.setdefault(name, []).append(Function(name, self, e.span, e))
        return found

    @cached_property
    def _tagged(self) -> dict[tuple[str, str], list[Entity]]:
        found: dict[tuple[str, str], list[Entity]] = {}
        for e in self._entities:
            if e.kind in DECLARING:
                text = self.source.masked[e.span.start : e.span.end]
                for m in _TAG.finditer(text):
                    found.setdefault((m[1].decode(), m[2].decode()), []).append(e)
        return found

    def type_nodes(self, keyword: str, name: str) -> list[Node]:
        """Return the definitions of ``enum/struct/union name`` as nodes."""
        kind = f"{keyword}_specifier"
        return [
            n
            for e in self._tagged.get((keyword, name), [])
            for n in e.node().walk()
            if n.kind == kind and n.kid("body") and label_of(n.kid("name")) == name
        ]

    @cached_property
    def objects(self) -> dict[str, list[Span]]:
        """The file-level objects that have an initializer, by name."""
        found: dict[str, list[Span]] = {}
        for e in self._entities:
            if e.kind == "declaration":
                m = _DEFINED_NAME.search(self.source.masked[e.span.start : e.span.end])
                if m:
                    found.setdefault(m[1].decode(), []).append(e.span)
        return found

    def object_nodes(self, name: str) -> list[Node]:
        """Return the definitions of the object `name` as nodes."""
        spans = self.objects.get(name, [])
        return [e.node() for e in self._entities if e.span in spans]

    def declarations(self, name: str) -> list[Span]:
        """Return the declarations that introduce `name`, initialized or not."""
        word = name.encode()
        near = [
            e
            for e in self._entities
            if e.kind == "declaration" and word in self.source.masked[e.span.start : e.span.end]
        ]
        return [e.span for e in near if name in declared_names(e.node())]

    def others(self) -> Iterator[tuple[Span, str]]:
        """Yield what stands at file level and is no function, as range and kind of syntax."""
        for e in self._entities:
            if e.kind in DECLARING:
                yield e.span, e.kind

    def declared_nodes(self) -> Iterator[Node]:
        """Yield the types, objects and declarations at file level as nodes."""
        for e in self._entities:
            if e.kind in DECLARING:
                yield e.node()

    def loose_nodes(self, word: str) -> Iterator[Node]:
        """Yield what is called at file level (``MODULE_ALIAS("x");``) and has a word in it."""
        text, key = self.source.masked, word.encode()
        for e in self._entities:
            if e.kind == "expression_statement" and key in text[e.span.start : e.span.end]:
                yield e.node()

    @cached_property
    def remembered(self) -> dict[str, Any]:
        """What others have worked out about this file, to be asked for once."""
        return {}

    @cached_property
    def exports(self) -> dict[str, Span]:
        """The symbols this file exports to modules."""
        return {
            m[1].decode(): Span(m.start(), m.end())
            for m in _EXPORT.finditer(self.source.code)
            if m[1]
        }

    def macro_body(self, macro: Macro) -> Body | None:
        """Return the replacement of `macro` as nodes, or `None` where it is not C on its own."""
        if macro not in self._macro_bodies:
            text = self.source.quiet[macro.body.start : macro.body.end]
            plain = re.sub(rb"\\(\r?\n)", rb" \1", text)
            plain = _PASTE.sub(lambda m: b"_" * len(m[0]), plain)
            plain = _QUOTE.sub(lambda m: b'"'.ljust(len(m[0]) - 1) + b'"', plain)
            plain = plain.strip(b" \t\r\n")
            start = macro.body.start + text.find(plain[:1]) if plain else macro.body.start
            root = fragment(plain.rstrip(b";"), start)
            self._macro_bodies[macro] = Body(root, macro.params or ()) if root else None
        return self._macro_bodies[macro]

    @cached_property
    def _macro_bodies(self) -> dict[Macro, Body | None]:
        return {}


def declared_names(declaration: Node) -> Iterator[str]:
    """Yield the names a declaration introduces."""
    for d in (k for k in declaration.kids if k.role == "declarator"):
        n = d
        while n.kids and n.kind != "identifier":
            # The name is behind the first declarator; parameters and dimensions come after it.
            n = n.kid("declarator") or n.kids[0]
        yield n.label


def _parse(text: bytes) -> list[Tree]:
    """Parse a file, in pieces where one unclosed brace would swallow all that follows.

    Kernel style ends every function with a brace in the first column, so a piece ends there. The
    pieces are taken only if they show more functions than the file as a whole does.
    """
    whole = Tree(text)
    if not whole.errors():
        return [whole]
    ends = [m.end() for m in _CLOSING.finditer(text)]
    starts = [0, *ends]
    pieces = [Tree(text[a:b], a) for a, b in zip(starts, [*ends, len(text)], strict=True)]
    return pieces if _functions(pieces) > _functions([whole]) else [whole]


def _functions(trees: list[Tree]) -> int:
    return sum(e.kind == "function_definition" for t in trees for e in t.top())


def _names(head: bytes) -> list[str]:
    """Return what a definition can be called by.

    A macro that defines a function (``DEFINE_THING(name) { … }``) answers to its first argument.
    """
    m = _CALL_NAME.search(head)
    if not m:
        return []
    names = [m[1].decode()]
    if head[: m.start()].strip() in (b"", b"static") and names[0].isupper():
        arg = re.match(rb"\s*([A-Za-z_]\w*)\s*[,)]", head[m.end() :])
        if arg:
            names.append(arg[1].decode())
    return names


def label_of(node: Node | None) -> str:
    """Return a node's label, empty for no node."""
    return node.label if node is not None else ""


def _parameters(function: Node) -> tuple[str, ...]:
    """Return the parameter names of a function definition, empty text for an unnamed one."""
    for n in function.walk():
        if n.kind == "parameter_list":
            return tuple(
                next((d.label for d in p.walk() if d.kind == "identifier"), "")
                for p in n.kids
                if p.kind == "parameter_declaration" and [label_of(k) for k in p.kids] != ["void"]
            )
        if n.kind == "compound_statement":
            break
    return ()
