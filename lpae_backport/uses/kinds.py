# SPDX-License-Identifier: GPL-2.0-only
"""What is asked for, and what a use of it is."""

import re
from dataclasses import dataclass
from enum import StrEnum

from lpae_backport.errors import UsageError


class Kind(StrEnum):
    """What a use is."""

    DEFINITION = "definition"
    DECLARATION = "declaration"
    CALL = "call"
    INITIALIZER = "initializer"
    FIELD = "field"
    MACRO_BODY = "macro-body"
    REFERENCE = "reference"
    EXPORT = "export"
    LOCAL = "local"
    LABEL = "label"
    INCLUDE = "include"
    CONDITION = "condition"
    KCONFIG = "kconfig"
    MAKEFILE = "makefile"
    ASSEMBLY = "assembly"
    DEVICETREE = "devicetree"
    DOCUMENTATION = "documentation"
    COMMENT = "comment"
    STRING = "string"
    OTHER = "other"
    UNKNOWN = "unknown"

    @property
    def is_code(self) -> bool:
        """Tell whether a compiler sees it, as the name and not as one that only looks alike."""
        return self in _CODE


_CODE = frozenset(
    (
        *(Kind.DEFINITION, Kind.DECLARATION, Kind.CALL, Kind.INITIALIZER, Kind.FIELD),
        *(Kind.MACRO_BODY, Kind.REFERENCE, Kind.EXPORT, Kind.CONDITION, Kind.KCONFIG),
        *(Kind.MAKEFILE, Kind.ASSEMBLY, Kind.DEVICETREE, Kind.UNKNOWN),
    )
)

MEANINGS = {
    Kind.DEFINITION: "function, type, enumerator, object, macro or Kconfig entry",
    Kind.DECLARATION: "prototype, extern object, forward declaration",
    Kind.CALL: "of a function or macro",
    Kind.INITIALIZER: "value or designator in braces, or behind the = of an object",
    Kind.FIELD: "member of a struct or union: declared or accessed",
    Kind.MACRO_BODY: "in what a #define stands for",
    Kind.REFERENCE: "any other use in C: argument, comparison, assignment, type, case",
    Kind.EXPORT: "EXPORT_SYMBOL and the like",
    Kind.LOCAL: "parameter or local object that has the name",
    Kind.LABEL: "goto and its label",
    Kind.INCLUDE: "part of the name of a header",
    Kind.CONDITION: "#if, #ifdef, #undef and other lines of the preprocessor",
    Kind.KCONFIG: "Kconfig and configurations",
    Kind.MAKEFILE: "Makefile and Kbuild",
    Kind.ASSEMBLY: "in assembly",
    Kind.DEVICETREE: "in a device tree",
    Kind.DOCUMENTATION: "in a text, or the help of Kconfig",
    Kind.COMMENT: "in a comment",
    Kind.STRING: "in a string",
    Kind.OTHER: "script, linker script, Rust, anything else",
    Kind.UNKNOWN: "in C whose braces do not match",
}


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a symbol.

    Attributes:
        file: its path below the kernel's root.
        line: counted from 1.
        column: bytes from the beginning of the line, counted from 1.
        kind: what it is.
        inside: the function, type, object or macro around it; empty where there is none.
        text: the line.
        role: the callee and number of the argument it is, or the field it initializes.
        arguments: what a call passes, without white space.
        is_dead: whether it stands under ``#if 0`` or the like.
        is_certain: whether it is surely this symbol; a field of another type may look alike.
    """

    file: str
    line: int
    column: int
    kind: Kind
    inside: str
    text: str
    role: str = ""
    arguments: tuple[str, ...] = ()
    is_dead: bool = False
    is_certain: bool = True


_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_FIELD = re.compile(r"(?:struct\s+|union\s+)?([A-Za-z_]\w*)(?:\.|->|::)([A-Za-z_]\w*)", re.ASCII)
CONFIG = "CONFIG_"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name that is looked for.

    Attributes:
        name: as the user wrote it.
        word: the identifier that stands in the text.
        type: the struct or union it has to be a field of; empty for any other name.
    """

    name: str
    word: bytes
    type: bytes = b""

    @property
    def option(self) -> bytes:
        """The name that Kconfig has for it, without ``CONFIG_``; empty for any other name."""
        return self.word[len(CONFIG) :] if self.word.startswith(CONFIG.encode()) else b""

    @property
    def words(self) -> tuple[bytes, ...]:
        """What a file has to have to be looked at."""
        return (self.word, self.type) if self.type else (self.word,)


def symbol(name: str) -> Symbol:
    """Read a symbol: an identifier, ``CONFIG_X`` or ``struct.field``.

    Raises:
        UsageError: it is none of them.
    """
    if _IDENTIFIER.fullmatch(name):
        return Symbol(name, name.encode())
    if field := _FIELD.fullmatch(name):
        return Symbol(name, field[2].encode(), field[1].encode())
    hint = "an identifier, CONFIG_X, or struct.field"
    raise UsageError(f"'{name}' is no symbol", hint=hint)


def is_symbol(name: str) -> bool:
    """Tell whether `symbol` takes a name."""
    return _IDENTIFIER.fullmatch(name) is not None or _FIELD.fullmatch(name) is not None
