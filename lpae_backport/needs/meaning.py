# SPDX-License-Identifier: GPL-2.0-only
"""What one declaration says: the signature of a function, the fields of a struct, a macro's text.

A catalog tells where a declaration stands; here just that stretch is read.
"""

import re
from dataclasses import dataclass, field

from lpae_backport.catalog.definitions import Definition, Kind
from lpae_backport.catalog.filescan import quiet
from lpae_backport.masking import decode, plain_declarations
from lpae_backport.needs.ctype import CType, declared
from lpae_backport.source import Source
from lpae_backport.symbols import DECLARING, label_of
from lpae_backport.syntax import Node, Tree

_TOKEN = re.compile(
    r"[A-Za-z_]\w*|\d[\w.]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    r"|##|->|<<=|>>=|<<|>>|&&|\|\||\+\+|--|[-+*/%&|^=!<>]=|\.\.\.|\S"
)
_DEFINE = re.compile(r"\s*#\s*define\s+\w+(\(([^)]*)\))?((?:.|\n)*)")
_SPECIFIERS = {Kind.STRUCT: "struct", Kind.UNION: "union", Kind.ENUM: "enum"}


@dataclass(frozen=True)
class MacroText:
    """A macro: its parameters (`None` for an object-like one), and the tokens it stands for."""

    parameters: tuple[str, ...] | None
    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        """The tokens, one blank between words."""
        return spaced(self.tokens)


@dataclass(frozen=True)
class Members:
    """The fields of a struct or union.

    Attributes:
        fields: their types by name, those of unnamed inner structs among them.
        unnamed: types whose fields count as its own, but are defined elsewhere.
    """

    fields: dict[str, CType] = field(default_factory=dict)
    unnamed: tuple[CType, ...] = ()


def slice_of(data: bytes, definition: Definition) -> bytes:
    """Return the bytes of a declaration; of a function, what stands before its body."""
    text = data[definition.start : definition.end]
    if definition.kind is Kind.FUNCTION:
        body = quiet(text).find(b"{")
        return text[:body].rstrip() + b";" if body != -1 else text
    return text


def macro_text(data: bytes) -> MacroText:
    """Read a ``#define``; comments in it do not count."""
    text = decode(Source("", data).quiet).replace("\\\r\n", " ").replace("\\\n", " ")
    m = _DEFINE.match(text)
    if m is None:
        return MacroText(None, ())
    parameters = None
    if m[1] is not None:
        parameters = tuple(p.strip() for p in m[2].split(",") if p.strip())
    return MacroText(parameters, tokens(m[3]))


def tokens(text: str) -> tuple[str, ...]:
    """Return the tokens of a text without comments."""
    return tuple(_TOKEN.findall(text))


def spaced(found: tuple[str, ...]) -> str:
    """Return tokens as text that reads like C."""
    text = " ".join(found)
    for mark in (" (", "( ", " )", " ,", " ;", " .", ". ", " ->", "-> ", " [", "[ ", " ]"):
        text = text.replace(mark, mark.strip())
    return text


def declarations(data: bytes) -> list[Node]:
    """Parse a stretch of a file and return the declarations and types in it."""
    text = plain_declarations(Source("", data + b"\n").code)
    return [e.node() for e in Tree(text).top() if e.kind in DECLARING]


def type_of_name(data: bytes, name: str) -> CType | None:
    """Return the type that a declaration gives to a name (function, variable or typedef)."""
    for node in declarations(data):
        for found, t, _ in declared(node):
            if found == name:
                return t
    return None


def definition_node(data: bytes, kind: Kind, name: str) -> Node | None:
    """Return the node that defines a struct, union or enum by its tag, or a typedef of one."""
    for node in declarations(data):
        for n in node.walk():
            if n.kid("body") is None or not n.kind.endswith("_specifier"):
                continue
            if kind is Kind.ENUMERATOR and n.kind == "enum_specifier":
                if any(label_of(e.kid("name")) == name for e in enumerator_nodes(n)):
                    return n
            elif n.kind == f"{_SPECIFIERS.get(kind)}_specifier" and label_of(n.kid("name")) == name:
                return n
    return None


def enumerator_nodes(enum: Node) -> list[Node]:
    """Return the enumerators of an enum, in order."""
    body = enum.kid("body")
    return [k for k in body.kids if k.kind == "enumerator"] if body is not None else []


def members(node: Node, path: str) -> Members:
    """Return the fields of a struct or union.

    Args:
        node: the definition.
        path: what the fields are named by, for the fields of structs that are defined in place.
    """
    fields: dict[str, CType] = {}
    unnamed: list[CType] = []
    body = node.kid("body")
    for f in body.kids if body is not None else ():
        if not f.kind.endswith("declaration"):
            continue
        names = list(declared(f))
        for name, t, _ in names:
            fields[name] = _placed(t, f"{path}.{name}")
        inner = f.kid("type")
        if names or inner is None or inner.kind not in ("struct_specifier", "union_specifier"):
            continue
        if inner.kid("body") is not None:
            below = members(inner, path)
            fields |= below.fields
            unnamed += below.unnamed
        else:
            keyword = inner.kind.removesuffix("_specifier")
            unnamed.append(CType("name", f"{keyword} {label_of(inner.kid('name'))}"))
    return Members(fields, tuple(unnamed))


def _placed(t: CType, path: str) -> CType:
    """Give a struct that is defined in place the path it is reached by."""
    if t.kind == "body":
        return CType("body", path, body=t.body)
    if t.kind in ("pointer", "array") and t.of is not None and t.inner.kind == "body":
        return CType(t.kind, of=_placed(t.of, path))
    return t
