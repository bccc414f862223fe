# SPDX-License-Identifier: GPL-2.0-only
"""What to call types, declarations and objects at file level."""

import re

from lpae_backport.masking import decode

_TAGGED = re.compile(rb"\b(enum|struct|union)\b\s*+(?:__\w++\s++(?=\w))*([A-Za-z_]\w*+)?\s*+\{")
_POINTED = re.compile(rb"\(\s*\*+\s*(?:const\s+)?([A-Za-z_]\w*)")
_LAST = re.compile(rb"\b([A-Za-z_]\w*+)\s*+(?:\[[^\[\]]*+\]\s*+)*;?\s*+\Z")
_CALL = re.compile(rb"\b[A-Za-z_]\w*+(?=\s*\()")


def named(text: bytes, syntax: str) -> tuple[str, str, frozenset[str]]:
    """Return kind, name and further names of what stands at file level.

    Args:
        text: masked C: a type, a declaration or a definition of an object.
        syntax: the grammar's name of it.

    Returns:
        Kind, name and further names; the name is empty where none could be told.
    """
    tag = _TAGGED.search(text)
    members = _enumerators(text, tag)
    if syntax == "type_definition":
        end = text.rfind(b"}")
        pointed = _POINTED.search(text) if end == -1 else None
        last = pointed or _LAST.search(text, max(end, 0))
        also = members | ({tag[2].decode()} if tag and tag[2] else set())
        return "typedef", decode(last[1]) if last else "", also
    equals = text.find(b"=")
    if syntax == "declaration" and not (tag and equals == -1 and _ends_type(text)):
        return (*_declared(text, equals, tag), members)
    if tag is None:
        return "", "", frozenset()
    name = decode(tag[2]) if tag[2] else _first(text, tag.end())
    return decode(tag[1]), name, members


def _ends_type(text: bytes) -> bool:
    """Tell whether nothing is declared behind the braces of a type."""
    return text[text.rfind(b"}") + 1 :].strip(b"; \t\r\n") == b""


def _enumerators(text: bytes, tag: re.Match[bytes] | None) -> frozenset[str]:
    if tag is None or tag[1] != b"enum":
        return frozenset()
    inner = text[tag.end() : text.rfind(b"}")]
    return frozenset(decode(m) for m in re.findall(rb"(?:\A|,)\s*([A-Za-z_]\w*)", inner))


def _first(text: bytes, at: int) -> str:
    """Return what to call a type without a tag: its first word within."""
    m = re.compile(rb"\s*([A-Za-z_]\w*)").match(text, at)
    return f"({decode(m[1])} …)" if m else ""


def _declared(text: bytes, equals: int, tag: re.Match[bytes] | None) -> tuple[str, str]:
    brace = text.find(b"{")
    is_set = equals != -1 and (tag is not None or brace == -1 or equals < brace)
    head = text[:equals] if is_set else text
    if tag is not None:
        head = head[head.rfind(b"}") + 1 :]
    pointed = _POINTED.search(head)
    call = _CALL.search(head)
    if pointed and (call is None or pointed.start() <= call.end() + 2):
        m: re.Match[bytes] | None = pointed
    elif call and not is_set:
        return "declaration", decode(call[0])
    else:
        m = _LAST.search(head)
    is_extern = text.lstrip().startswith((b"extern", b"typedef")) and not is_set
    name = decode(m[1]) if m else ""
    if not is_set and _is_bare(text):
        return "declaration", name  # struct foo;
    return "declaration" if is_extern else "object", name


def _is_bare(text: bytes) -> bool:
    return re.fullmatch(rb"\s*(?:struct|union|enum)\s+\w+\s*;?\s*", text) is not None
