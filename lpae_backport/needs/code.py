# SPDX-License-Identifier: GPL-2.0-only
"""The code whose needs are asked for: its words, where they stand, what they are in the syntax."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lpae_backport.catalog.definitions import Outline
from lpae_backport.catalog.filescan import outline_of, quiet
from lpae_backport.masking import blank, decode
from lpae_backport.source import Source
from lpae_backport.symbols import CodeFile, Function, label_of
from lpae_backport.syntax import Node

_DIRECTIVE = re.compile(
    rb"^[ \t]*#[ \t]*(define[ \t]+\w+(?:\([^)]*\))?|(?:include|error|warning|pragma|line|undef)\b"
    rb"[^\n]*|\w+)",
    re.MULTILINE,
)
_PARAMETERS = re.compile(rb"\(([^)]*)\)")
_WORD = re.compile(
    rb"\.\.\.|\d[\w.]*|(?:(->|\.|\b(?:struct|union|enum|goto)\b|##|\#)\s*)?([A-Za-z_]\w*)(?=(\s*##)?)"
)
_KEYWORDS = frozenset(
    {
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else"),
        *("enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register"),
        *("restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch"),
        *("typedef", "union", "unsigned", "void", "volatile", "while", "defined", "asm", "typeof"),
        *("__typeof__", "__func__", "__FUNCTION__", "__FILE__", "__LINE__", "__VA_ARGS__"),
        *("__attribute__", "__asm__", "__inline__", "__extension__", "__auto_type", "_Generic"),
        *("KBUILD_MODNAME", "KBUILD_BASENAME", "KBUILD_MODFILE", "MODULE", "__KERNEL__"),
        *("__GNUC__", "__CHECKER__", "__COUNTER__", "_Static_assert", "__VA_OPT__", "__typeof"),
        *("__ASSEMBLY__", "__DATE__", "__TIME__", "__OPTIMIZE__", "__has_include", "__thread"),
    }
)
"""Words of the language, of the compiler and of kbuild's command line."""


@dataclass(frozen=True, slots=True)
class Word:
    """One identifier in the code.

    Attributes:
        name: the identifier.
        before: what makes it no plain name: ``->``, ``.``, a tag's keyword, ``##``, ``#``.
        start: its offset in the file.
    """

    name: str
    before: str
    start: int


class Code:
    """One file of the code.

    Args:
        path: its path in the tree it was written for.
        data: its bytes.
    """

    def __init__(self, path: str, data: bytes) -> None:
        if data.startswith(b"\xef\xbb\xbf"):
            data = b"   " + data[3:]  # a byte order mark, which compilers step over
        self.path = path
        self.data = data
        self.file = CodeFile(Source(path, data))
        self.outline: Outline = outline_of(path, data)

    @cached_property
    def text(self) -> bytes:
        """The text without comments and literals, and without the lines that include or end."""
        out = bytearray(quiet(self.data))
        for d in self._directives:
            out[d.start() : d.end()] = blank(d[0])
        return bytes(out)

    @cached_property
    def _directives(self) -> list[re.Match[bytes]]:
        return list(_DIRECTIVE.finditer(quiet(self.data)))

    def computed(self) -> Iterator[tuple[str, int]]:
        """Yield the includes whose header a macro names, and where they stand."""
        for m in self._directives:
            name = m[1].removeprefix(b"include").strip()
            is_computed = m[1].startswith(b"include") and name[:1] not in (b"<", b'"')
            if is_computed and not self.file.source.is_dead(m.start()):
                yield decode(name), m.start()

    @cached_property
    def functions(self) -> list[Function]:
        """The function definitions in the order of the text."""
        found = {f.span.start: f for v in self.file.functions.values() for f in v}
        return [found[k] for k in sorted(found)]

    @cached_property
    def _starts(self) -> list[int]:
        return [f.span.start for f in self.functions]

    def function_at(self, offset: int) -> Function | None:
        """Return the function that an offset lies in."""
        i = bisect_right(self._starts, offset) - 1
        if i < 0 or offset >= self.functions[i].span.end:
            return None
        return self.functions[i]

    @cached_property
    def _locals(self) -> dict[int, frozenset[str]]:
        found = {}
        for f in self.functions:
            names: set[str] = set()
            for b in f.bodies:
                names |= b.locals | set(b.params)
                names |= {label_of(n.kids[0]) for n in b.labels if n.kids}
                names |= {n.label for n in b.nodes if _introduces(n)}
            found[f.span.start] = frozenset(names)
        return found

    @cached_property
    def _declarators(self) -> frozenset[int]:
        """Where names stand that a declaration introduces, fields and parameters among them."""
        nodes = [n for d in self.file.declared_nodes() for n in d.walk()]
        nodes += [n for f in self.functions for b in f.bodies for n in b.nodes]
        return frozenset(n.start for n in nodes if _introduces(n))

    def macro_at(self, line: int) -> str:
        """Return the macro whose text a line is part of; nothing where it is of none."""
        i = bisect_right(self._macro_lines, line, key=lambda m: m[0]) - 1
        return self._macro_lines[i][2] if i >= 0 and line <= self._macro_lines[i][1] else ""

    @cached_property
    def _macro_lines(self) -> list[tuple[int, int, str]]:
        """The first and last line of each ``#define``, and the macro."""
        heads = (m[1] for m in self._directives if m[1].startswith(b"define"))
        names = [decode(h.split(None, 1)[1].split(b"(")[0].strip()) for h in heads]
        line = self.file.source.lines.line
        return [
            (line(start), line(end), name)
            for (start, end, _), name in zip(self._macro_scopes, names, strict=True)
        ]

    def macro_parameters(self, offset: int) -> frozenset[str]:
        """Return the parameters of the macro whose text an offset lies in."""
        i = bisect_right(self._macro_scopes, offset, key=lambda s: s[0]) - 1
        if i < 0 or offset >= self._macro_scopes[i][1]:
            return frozenset()
        return self._macro_scopes[i][2]

    def is_macro_local(self, offset: int, name: str) -> bool:
        """Tell whether a name in the text of a macro is declared in that text."""
        i = bisect_right(self._macro_scopes, offset, key=lambda s: s[0]) - 1
        if i < 0 or offset >= self._macro_scopes[i][1]:
            return False
        text = self.text[self._macro_scopes[i][0] : self._macro_scopes[i][1]]
        declared = (
            rb"(?:[A-Za-z_]\w*|\))[\s*\\]+(?:\w+\s*,[\s*\\]*)*?%b\s*(?:=|;|,|\)|\[)" % name.encode()
        )
        m = re.search(declared, text)
        return m is not None and not m[0].startswith((b"return", b"goto", b"sizeof"))

    def words(self) -> Iterator[Word]:
        """Yield the identifiers that the code takes from outside a function or macro of it."""
        macros = self._macro_scopes
        at = 0
        for m in _WORD.finditer(self.text):
            if m[2] is None:
                continue
            name = m[2].decode()
            start = m.start(2)
            while at < len(macros) and macros[at][1] <= start:
                at += 1
            own = macros[at][2] if at < len(macros) and macros[at][0] <= start else frozenset()
            before = (m[1] or b"").decode() or ("##" if m[3] else "")
            if name in _KEYWORDS or name.startswith("__builtin_") or name in own:
                continue
            if start in self._declarators or self.file.source.is_dead(start):
                continue
            f = self.function_at(start)
            if not before and f is not None and name in self._locals[f.span.start]:
                continue
            yield Word(name, before, start)

    @cached_property
    def _macro_scopes(self) -> list[tuple[int, int, frozenset[str]]]:
        """The ranges of ``#define`` lines, each with the names of its parameters."""
        found = []
        for m in self._directives:
            if not m[1].startswith(b"define"):
                continue
            listed = _PARAMETERS.search(m[1])
            names = decode(listed[1]).split(",") if listed else []
            end = m.end()
            while True:
                end = self.data.find(b"\n", end)
                if end == -1:
                    end = len(self.data)
                    break
                if not self.data[max(end - 2, 0) : end].rstrip(b"\r").endswith(b"\\"):
                    break
                end += 1
            found.append((m.end(), end, frozenset(n.strip().rstrip(".") for n in names)))
        return found

    def arguments(self, start: int) -> list[tuple[int, int]]:
        """Return the ranges of the arguments of the call whose name begins at `start`."""
        text = self.text
        at = start
        while at < len(text) and (text[at : at + 1].isalnum() or text[at] == 95):
            at += 1
        while at < len(text) and text[at] in b" \t\r\n":
            at += 1
        if text[at : at + 1] != b"(":
            return []
        found: list[tuple[int, int]] = []
        depth = 0
        first = at + 1
        for i in range(at, min(len(text), at + 20_000)):
            c = text[i]
            if c in b"([{":
                depth += 1
            elif c in b")]}":
                depth -= 1
                if depth == 0:
                    return [*found, _trimmed(text, first, i)]
            elif c == 44 and depth == 1:
                found.append(_trimmed(text, first, i))
                first = i + 1
        return []


def _introduces(n: Node) -> bool:
    """Tell whether a node is the name that a declaration introduces."""
    if n.role == "declarator":
        return n.kind.endswith("identifier")
    return n.role == "name" and n.kind == "identifier"


def _trimmed(text: bytes, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in b" \t\r\n\\":
        start += 1
    while end > start and text[end - 1] in b" \t\r\n\\":
        end -= 1
    return start, end
