# SPDX-License-Identifier: GPL-2.0-only
"""What code takes from outside itself, name by name, with every place that does so."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from lpae_backport.catalog.definitions import Kind
from lpae_backport.location import Span
from lpae_backport.needs.code import Code, Word
from lpae_backport.needs.ctype import CType
from lpae_backport.needs.expressions import Expressions
from lpae_backport.needs.fielduse import FieldUse, FieldUses
from lpae_backport.needs.interface import Interface
from lpae_backport.needs.macroshape import Shapes
from lpae_backport.needs.meaning import MacroText, macro_text, type_of_name
from lpae_backport.preprocessor import Macro, Problem

_TAGS = ("struct", "union", "enum")
_OPTION = ("CONFIG_",)


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in the code: the file and the line, from 1."""

    file: str
    line: int


@dataclass
class Uses:
    """What code takes from outside itself; each name with the places that use it.

    Attributes:
        names: what is no tag, field, header or option.
        tags: structs, unions and enums by keyword and tag.
        fields: fields by the path that names them, ``struct.field``.
        headers: by whether they are written ``<…>``, and name; kept with the including file.
        options: symbols of Kconfig, with ``CONFIG_``.
        unresolved: what could not be told, with the reason.
    """

    names: dict[str, list[Spot]] = field(default_factory=dict)
    tags: dict[tuple[str, str], list[Spot]] = field(default_factory=dict)
    fields: dict[str, list[Spot]] = field(default_factory=dict)
    headers: dict[tuple[bool, str], list[Spot]] = field(default_factory=dict)
    options: dict[str, list[Spot]] = field(default_factory=dict)
    unresolved: dict[tuple[str, str], list[Spot]] = field(default_factory=dict)


class Collector:
    """Collects the uses of some files.

    Args:
        codes: the files; the interface has adopted them.
        interface: the tree that they are written for.
    """

    def __init__(self, codes: Iterable[Code], interface: Interface) -> None:
        self._codes = list(codes)
        self._by_path = {c.path: c for c in self._codes}
        self._interface = interface
        self._own: dict[str, MacroText] = {}
        globals_: dict[str, CType] = {}
        for c in self._codes:
            for d in c.outline.definitions:
                text = c.data[d.start : d.end]
                if d.kind is Kind.MACRO:
                    self._own.setdefault(d.name, macro_text(text))
                elif d.kind is Kind.VARIABLE and d.name not in globals_:
                    t = type_of_name(text, d.name)
                    if t is not None:
                        globals_[d.name] = t
        self._expressions = Expressions(interface, self._own, globals_)
        self._shapes = Shapes(self._expressions.macro)
        self.uses = Uses()

    def collect(self) -> Uses:
        """Return what the files take from outside."""
        taken: set[tuple[str, int]] = set()
        macros: dict[str, list[tuple[Code, Macro]]] = {}
        for c in self._codes:
            for name, found in c.file.source.macros.items():
                macros.setdefault(name, []).extend((c, m) for m in found)
        for c in self._codes:
            self._headers(c)
            try:
                self._fields(c, taken, macros)
            except RecursionError:
                text = "something is nested too deeply; not all uses of fields are told"
                c.file.source.problems.append(Problem(Span(0, 1), text))
        for c in self._codes:
            self._rest(c, taken)
        return self.uses

    def _fields(
        self, code: Code, taken: set[tuple[str, int]], macros: dict[str, list[tuple[Code, Macro]]]
    ) -> None:
        finder = FieldUses(code, self._interface, self._expressions, self._shapes, taken, macros)
        for w in code.words():
            for use in finder.in_arguments(w.name, w.start) if not w.before else ():
                self._field(use)
        for use in finder.found():
            self._field(use)

    def _headers(self, code: Code) -> None:
        for inc in code.file.source.includes:
            spot = Spot(code.path, code.file.source.lines.line(inc.span.start + 1))
            self.uses.headers.setdefault((inc.is_system, inc.header), []).append(spot)
        for name, start in code.computed():
            key = (name, "computed include, whose names may stand below")
            self.uses.unresolved.setdefault(key, []).append(self._spot(code, start))

    def _spot(self, code: Code, start: int) -> Spot:
        return Spot(code.path, code.file.source.lines.line(start))

    def _rest(self, code: Code, taken: set[tuple[str, int]]) -> None:
        """Take in the words that are no fields with a known owner."""
        for w in code.words():
            if (code.path, w.start) in taken:
                continue
            if w.before not in ("->", "."):
                self._word(code, w)
            elif w.name not in code.macro_parameters(w.start):
                self._unresolved(code, w, "field of an expression in a macro")

    def _field(self, use: FieldUse) -> None:
        spot = self._spot(self._by_path[use.file], use.start)
        root = use.path.partition(".")[0]
        if not use.path:
            reason = f"no such field in {use.owner}" if use.owner else "type of its owner not known"
            self.uses.unresolved.setdefault((use.name, f"field: {reason}"), []).append(spot)
        elif root and not self._is_own_type(root):
            self.uses.fields.setdefault(use.path, []).append(spot)

    def _is_own_type(self, name: str) -> bool:
        return self._interface.is_own(name, tag=True) or self._interface.is_own(name)

    def _word(self, code: Code, w: Word) -> None:
        spot = self._spot(code, w.start)
        if w.name.startswith(_OPTION):
            name = w.name.removesuffix("_MODULE")
            self.uses.options.setdefault(name, []).append(spot)
        elif w.before in _TAGS:
            if not self._interface.is_own(w.name, tag=True):
                self.uses.tags.setdefault((w.before, w.name), []).append(spot)
        elif w.before in ("##", "#", "goto"):
            return
        elif not self._interface.is_own(w.name) and not code.is_macro_local(w.start, w.name):
            self.uses.names.setdefault(w.name, []).append(spot)

    def pasted(self, name: str) -> list[str]:
        """Return the names that macros make of a word that is their argument.

        Args:
            name: the word, which is nothing by itself.

        Returns:
            What it becomes; nothing where no macro glues it to anything.
        """
        found: dict[str, None] = {}
        for macro, i in self._arguments.get(name, ()):
            shape = self._shapes.of(macro)
            if shape is None:
                continue
            found |= {a + name + b: None for a, b in shape.pasted.get(i, ())}
            if i in shape.declared or (i in shape.quoted and i not in shape.pasted):
                found[""] = None
        return list(found)

    @cached_property
    def made(self) -> frozenset[str]:
        """The names that macros make of their arguments, anywhere in the code."""
        return frozenset(
            a + word + b
            for word, found in self._arguments.items()
            for macro, i in found
            for shape in (self._shapes.of(macro),)
            if shape is not None
            for a, b in shape.pasted.get(i, ())
        )

    @cached_property
    def _arguments(self) -> dict[str, list[tuple[str, int]]]:
        """The calls of macros by the words that are a whole argument of one."""
        found: dict[str, list[tuple[str, int]]] = {}
        for code in self._codes:
            for w in code.words():
                shape = self._shapes.of(w.name) if not w.before else None
                if shape is None or not (shape.pasted or shape.quoted or shape.declared):
                    continue
                for i, (a, b) in enumerate(code.arguments(w.start)):
                    found.setdefault(code.text[a:b].decode("latin-1"), []).append((w.name, i))
        return found

    def _unresolved(self, code: Code, w: Word, reason: str) -> None:
        spot = self._spot(code, w.start)
        self.uses.unresolved.setdefault((w.name, reason), []).append(spot)
