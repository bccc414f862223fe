# SPDX-License-Identifier: GPL-2.0-only
"""Types of C as declarations write them: read from nodes, told apart, spelled out."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lpae_backport.symbols import label_of
from lpae_backport.syntax import Node

_SPECIFIERS = {"struct_specifier": "struct", "union_specifier": "union", "enum_specifier": "enum"}
_SAME = {
    "__u8": "u8", "__u16": "u16", "__u32": "u32", "__u64": "u64",
    "__s8": "s8", "__s16": "s16", "__s32": "s32", "__s64": "s64",
    "uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "uint64_t": "u64",
    "int8_t": "s8", "int16_t": "s16", "int32_t": "s32", "int64_t": "s64",
    "unsigned": "unsigned int", "long int": "long", "unsigned long int": "unsigned long",
    "long unsigned int": "unsigned long", "long unsigned": "unsigned long",
    "long long int": "long long", "unsigned long long int": "unsigned long long",
    "signed long long": "long long", "signed long long int": "long long",
    "long long signed int": "long long", "signed long": "long", "signed long int": "long",
    "signed short": "short", "signed short int": "short",
    "signed": "int", "signed int": "int", "short int": "short", "_Bool": "bool",
    "unsigned short int": "unsigned short", "uint": "unsigned int", "ulong": "unsigned long",
}  # fmt: skip
"""Names of one and the same type, which compilers cannot tell apart."""
SCALARS = frozenset(
    {
        *("u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "int", "long", "short", "char"),
        *("unsigned int", "unsigned long", "unsigned short", "unsigned char", "signed char"),
        *("long long", "unsigned long long", "bool", "size_t", "ssize_t", "loff_t", "off_t"),
        *("dma_addr_t", "phys_addr_t", "resource_size_t", "pgoff_t", "gfp_t", "vm_fault_t"),
        *("irqreturn_t", "time_t", "ktime_t", "sector_t", "umode_t", "dev_t", "fmode_t"),
    }
)
"""Types between which compilers convert without a word."""
_PLAIN = {
    "u8": "unsigned char", "u16": "unsigned short", "u32": "unsigned int",
    "u64": "unsigned long long", "s8": "signed char", "s16": "short", "s32": "int",
    "s64": "long long",
}  # fmt: skip
"""What kernels of every architecture make of the types with a width."""
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class CType:
    """A type.

    Attributes:
        kind: ``name`` (a type by its name), ``pointer``, ``array``, ``function`` or ``body`` (a
            struct or union that is defined in place).
        name: how it is named, with its keyword; for a body, the keyword.
        of: what a pointer points to, an array holds, a function returns.
        parameters: those of a function.
        is_variadic: whether a function takes more.
        body: the definition, for a ``body``.
        const: whether it is qualified so.
    """

    kind: str
    name: str = ""
    of: "CType | None" = None
    parameters: tuple["Parameter", ...] = ()
    is_variadic: bool = False
    body: Node | None = field(default=None, compare=False)
    const: bool = False

    @property
    def inner(self) -> "CType":
        """What is left without pointers and arrays."""
        t = self
        while t.kind in ("pointer", "array") and t.of is not None:
            t = t.of
        return t

    @property
    def pointed(self) -> "CType | None":
        """What a pointer points to or an array holds."""
        return self.of if self.kind in ("pointer", "array") else None

    @property
    def signature(self) -> "CType | None":
        """The function that it is or points to."""
        t = self.inner
        return t if t.kind == "function" else None

    @property
    def is_scalar(self) -> bool:
        """Tell whether it is a number."""
        return self.kind == "name" and (self.name in SCALARS or self.name.startswith("enum "))

    def spelled(self) -> str:
        """Return the type as one would write it, without the names of parameters."""
        if self.kind == "name":
            return f"const {self.name}" if self.const else self.name
        if self.kind == "body":
            return f"{self.name} {{…}}"
        inner = self.of.spelled() if self.of is not None else "?"
        if self.kind == "function":
            return f"{inner} ({self.spelled_parameters()})"
        if self.of is not None and self.of.kind == "function":
            head, _, tail = inner.partition(" (")
            return f"{head} (*)({tail}"
        mark = "[]" if self.kind == "array" else "*"
        space = "" if inner.endswith("*") else " "
        return f"{inner}{space}{mark}"

    def spelled_parameters(self) -> str:
        """Return the types of a function's parameters."""
        parts = [p.type.spelled() for p in self.parameters]
        if self.is_variadic:
            parts.append("...")
        return ", ".join(parts) or "void"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function; its name is empty where it has none."""

    name: str = field(compare=False)
    type: CType = CType("name", "int")


def named(text: str, *, const: bool = False) -> CType:
    """Return the type of that name."""
    words = " ".join(text.split())
    return CType("name", _SAME.get(words, words), const=const)


def plain(t: CType) -> CType:
    """Return a type in which names that compilers cannot tell apart are one name."""
    if t.kind == "name":
        return CType("name", _PLAIN.get(t.name, t.name), const=t.const)
    of = plain(t.of) if t.of is not None else None
    parameters = tuple(Parameter(p.name, plain(p.type)) for p in t.parameters)
    return CType(t.kind, t.name, of, parameters, t.is_variadic, t.body, t.const)


def pointer_to(t: CType) -> CType:
    """Return the type of pointers to another."""
    return CType("pointer", of=t)


def declared(declaration: Node) -> Iterator[tuple[str, CType, Node]]:
    """Yield the names that a declaration introduces, each with its type and its node.

    Args:
        declaration: a declaration, field declaration, parameter or typedef.
    """
    base = specified(declaration)
    for d in (k for k in declaration.kids if k.role == "declarator"):
        name, t = _declarator(d, base, 0)
        if name is not None:
            yield name.label, t, name


def specified(declaration: Node) -> CType:
    """Return the type that the specifiers of a declaration name."""
    const = any(k.kind == "type_qualifier" and k.label == "const" for k in declaration.kids)
    node = declaration.kid("type")
    if node is None:
        return CType("name", "int", const=const)
    keyword = _SPECIFIERS.get(node.kind)
    if keyword is None:
        return named(node.label or node.canon, const=const)
    tag = label_of(node.kid("name"))
    if tag:
        return CType("name", f"{keyword} {tag}", const=const)
    return CType("body", keyword, body=node)


def parameter_type(parameter: Node) -> CType:
    """Return the type of a parameter or of a type written alone, named or not."""
    base = specified(parameter)
    d = parameter.kid("declarator")
    return _declarator(d, base, 0)[1] if d is not None else base


def _declarator(node: Node, base: CType, depth: int) -> tuple[Node | None, CType]:
    """Read a declarator from the outside in; a name may be missing."""
    kind = node.kind
    if kind in ("identifier", "field_identifier", "type_identifier") or depth > _MAX_DEPTH:
        return node, base
    const = any(k.kind == "type_qualifier" and k.label == "const" for k in node.kids)
    if kind.endswith("pointer_declarator"):
        base = CType("pointer", of=base, const=const)
    elif kind.endswith("array_declarator"):
        base = CType("array", of=base)
    elif kind.endswith("function_declarator"):
        base = _function(node, base, depth)
    inner = node.kid("declarator")
    if inner is None:
        inner = next(
            (k for k in node.kids if k.kind.endswith("declarator") or k.kind == "identifier"), None
        )
    return _declarator(inner, base, depth + 1) if inner is not None else (None, base)


def _function(node: Node, result: CType, depth: int) -> CType:
    parameters: list[Parameter] = []
    variadic = False
    listed = node.kid("parameters")
    for k in listed.kids if listed is not None else ():
        if k.kind == "variadic_parameter":
            variadic = True
        elif k.kind == "parameter_declaration":
            d = k.kid("declarator")
            name, t = None, specified(k)
            if d is not None:
                name, t = _declarator(d, t, depth + 1)
            if t.kind == "name" and t.name == "void":
                continue
            parameters.append(Parameter(label_of(name), decayed(t)))
    return CType("function", of=result, parameters=tuple(parameters), is_variadic=variadic)


def decayed(t: CType) -> CType:
    """Return what a parameter of that type is: arrays and functions are passed as pointers."""
    if t.kind == "array":
        return CType("pointer", of=t.of)
    if t.kind == "function":
        return pointer_to(t)
    if t.const and t.kind in ("name", "pointer"):
        return CType(t.kind, t.name, t.of)
    return t
