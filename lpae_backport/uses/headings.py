# SPDX-License-Identifier: GPL-2.0-only
"""What a brace opens: told by what stands before it."""

import re
from dataclasses import dataclass
from enum import Enum

from lpae_backport.masking import annotation_words

_REACH = 4000
"""Bytes before a brace that its heading may have."""
_ATTRIBUTE = re.compile(rb"\b__attribute(?:__)?\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)")
_WORD_CALL = re.compile(rb"([A-Za-z_]\w*)\s*\(")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_RECORD = re.compile(rb"\b(struct|union|enum)\b([^={}]*)\Z")
_OBJECT = re.compile(rb"([A-Za-z_]\w*)\s*(?:\[[^\[\]]*\]\s*)*=\s*\Z")
_LITERAL_TYPE = re.compile(rb"(?<![\w)])\s*\(\s*((?:const\s+|struct\s+|union\s+)*\w+)[^()]*\)\s*\Z")
_INITIALIZED = re.compile(rb"=\s*\Z")
_ANNOTATED = re.compile(rb"([A-Za-z_]\w*)(?:\s*\([^()]*\))?")
_ANOTHER = re.compile(rb"[^()]*\)\s*(?:\w+[\s*]+)+\w+\s*\(")
"""What follows a macro that stands alone before a function, without a semicolon."""
_TAG = re.compile(rb"\b(?:struct|union|enum)\s+([A-Za-z_]\w*)")


class Frame(Enum):
    """What braces enclose."""

    FUNCTION = "function"
    BLOCK = "block"
    RECORD = "struct or union"
    ENUM = "enum"
    VALUES = "initializer"
    TRANSPARENT = "extern"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a brace opens.

    Attributes:
        frame: its kind.
        name: what it defines; empty for nothing that has a name.
        type: the struct or union that an initializer is one of, as far as its heading says.
    """

    frame: Frame
    name: str = ""
    type: str = ""


def heading(code: bytes, brace: int, outer: Frame | None) -> Heading:
    """Tell what a brace opens.

    Args:
        code: the file without comments, literals and preprocessor lines.
        brace: the offset of the brace.
        outer: what it stands in; `None` at file level.
    """
    text = before(code, brace)
    if outer in (Frame.VALUES, Frame.ENUM):
        return Heading(Frame.VALUES)
    if _INITIALIZED.search(text):
        return _initializer(text)
    if literal := _LITERAL_TYPE.search(text):
        words = _WORD.findall(literal[1])
        if words and (b"struct" in words or b"union" in words or outer is not None):
            control = re.search(rb"\b(?:if|while|for|switch)\s*\Z", text[: literal.start()])
            if not control and outer is not None:
                return Heading(Frame.VALUES, type=words[-1].decode())
    plain = _plain(text)
    record = _RECORD.search(plain)
    if record is not None and b"(" not in record[2] and b")" not in record[2]:
        name = _WORD.findall(record[2])
        frame = Frame.ENUM if record[1] == b"enum" else Frame.RECORD
        return Heading(frame, name[0].decode() if name else "")
    if outer in (Frame.FUNCTION, Frame.BLOCK):
        return Heading(Frame.BLOCK)
    if plain.strip() == b"extern":
        return Heading(Frame.TRANSPARENT)
    if name_of := _function(plain):
        return Heading(Frame.FUNCTION, name_of)
    return Heading(Frame.OTHER)


def before(code: bytes, at: int) -> bytes:
    """Return the statement that a place belongs to, as far as it stands before it."""
    start = max(0, at - _REACH)
    cut = max(code.rfind(mark, start, at) for mark in (b";", b"{", b"}"))
    return code[max(cut + 1, start) : at]


def _initializer(text: bytes) -> Heading:
    plain = re.sub(rb"\b__\w+(?:\s*\([^()]*\))?(?=\s*=\s*\Z)", b"", _plain(text))
    found = _OBJECT.search(plain)
    tag = _TAG.search(plain)
    name = found[1].decode() if found and not text.rstrip(b"= \t\r\n").endswith(b"]") else ""
    if found and not name and not re.search(rb"[.,]\s*\w*\s*\[[^\[\]]*\]\s*=\s*\Z", plain):
        name = found[1].decode()
    is_member = re.search(rb"\.\s*\w+\s*(?:\[[^\[\]]*\]\s*)*=\s*\Z", plain)
    return Heading(Frame.VALUES, "" if is_member else name, tag[1].decode() if tag else "")


def _plain(text: bytes) -> bytes:
    """Return a heading without attributes and annotations."""
    if b"__attribute" in text:
        text = _ATTRIBUTE.sub(b" ", text)
    known = annotation_words()
    return _ANNOTATED.sub(lambda m: b"" if m[1] in known else m[0], text)


def _function(plain: bytes) -> str:
    """Return what a function that has this heading is called."""
    for m in _WORD_CALL.finditer(plain):
        depth = plain.count(b"(", 0, m.start()) - plain.count(b")", 0, m.start())
        if depth > 0:
            continue
        lead = plain[: m.start()].strip()
        if lead in (b"", b"static") and m[1].isupper():
            if _ANOTHER.match(plain, m.end()):
                continue
            argument = re.match(rb"\s*([A-Za-z_]\w*)", plain[m.end() :])
            inner = argument[1].decode() if argument else ""
            return f"{m[1].decode()}({inner})"
        return m[1].decode()
    return ""
