# SPDX-License-Identifier: GPL-2.0-only
"""What a name is in the statement around it."""

import re

from lpae_backport.masking import annotation_words
from lpae_backport.uses.around import AHEAD, FAR, KEYWORDS, Around, closing
from lpae_backport.uses.headings import Frame
from lpae_backport.uses.kinds import Kind

_EXPORT = re.compile(rb"\b\w*EXPORT\w*\s*\(\s*\Z")
_TAG = re.compile(rb"\b(?:struct|union|enum)(?:\s+__\w+(?:\([^()]*\))?)*\s+\Z")
_OPENER = re.compile(rb"\s*(?:(?:static|extern|inline)\s+)*([A-Za-z_]\w*)\s*\Z")
_DECLARING = re.compile(rb"\s*\w+(?:\s+\w+)*[\s*]+\Z")
_FIRST_DECLARED = re.compile(rb"\s*\w+(?:\s+\w+)*[\s*]+\w+\s*\Z")
_SPECIFIERS = re.compile(rb"\s*(?:(?:static|extern|inline|const|volatile)\b\s*)*\Z")
_DESIGNATOR = re.compile(rb"[{,]\s*(?:\.\s*\w+\s*|\[[^\[\]]*\]\s*)*\.\s*\Z")
_POINTED = re.compile(rb"\(\s*(?:\w+\s*)?\*[\s*]*\w*\s*(?:\[[^\[\]]*\]\s*)*\)\s*[(\[]")
"""What follows the type that a pointer to a function returns."""
_WORD = re.compile(rb"[A-Za-z_]\w*")


def classify(a: Around, frame: Frame | None) -> Kind:
    """Tell what a name is.

    Args:
        a: the statement around it.
        frame: what it stands in; `None` at file level.
    """
    if _EXPORT.search(a.head):
        return Kind.EXPORT
    if a.head.endswith(b"->") or a.head.rstrip().endswith((b"->", b".")):
        return _member(a, frame)
    if _TAG.search(a.head):
        return _tagged(a)
    if _POINTED.match(a.tail):
        return Kind.REFERENCE
    if frame is None or frame in (Frame.TRANSPARENT, Frame.OTHER):
        return _at_file_level(a)
    if frame is Frame.RECORD:
        return _in_record(a)
    if frame is Frame.ENUM:
        last = _last(a.code, a.start)
        is_entry = last in b"{," and a.depth <= 0
        return Kind.DEFINITION if is_entry and a.tail[:1] in b",}=" else _called(a)
    if frame is Frame.VALUES:
        return Kind.CALL if a.tail[:1] == b"(" else Kind.INITIALIZER
    return _in_body(a)


def _member(a: Around, frame: Frame | None) -> Kind:
    if frame is Frame.VALUES and not a.head.rstrip().endswith(b"->"):
        start = max(0, a.start - AHEAD)
        if _DESIGNATOR.search(a.code[start : a.start]):
            return Kind.INITIALIZER
    return Kind.FIELD


def _tagged(a: Around) -> Kind:
    if a.tail[:1] == b"{":
        return Kind.DEFINITION
    if a.tail[:1] == b";" and len(a.head.split()) == 1:
        return Kind.DECLARATION
    return Kind.REFERENCE


def _last(code: bytes, at: int) -> bytes:
    """Return the last byte before a place that is no white space."""
    return code[max(0, at - AHEAD) : at].rstrip()[-1:]


def _called(a: Around) -> Kind:
    return Kind.CALL if a.tail[:1] == b"(" else Kind.REFERENCE


def _at_file_level(a: Around) -> Kind:
    if a.depth > 0:
        return _in_parentheses(a)
    head = a.head
    if b"=" in head:
        return Kind.CALL if a.tail[:1] == b"(" else Kind.INITIALIZER
    if head.lstrip().startswith(b"typedef"):
        return Kind.DEFINITION if a.tail[:1] in (b";", b"[", b"(", b",") else Kind.REFERENCE
    if a.tail[:1] == b"(":
        return _function(a)
    if a.tail[:1] in (b"[", b"=", b";", b",") or _annotated(a.tail):
        if not head.strip():
            is_closed = _last(a.code, a.start) == b"}" and a.tail[:1] in (b";", b"=", b"[", b",")
            return Kind.DEFINITION if is_closed else Kind.REFERENCE
        if a.tail[:1] != b"=" and _SPECIFIERS.match(head):
            return Kind.REFERENCE
        return Kind.DECLARATION if re.match(rb"\s*extern\b", head) else Kind.DEFINITION
    return Kind.REFERENCE


def _annotated(tail: bytes) -> bool:
    """Tell whether an annotation follows, as it does behind the name of an object."""
    word = _WORD.match(tail)
    if word is None or not (word[0] in annotation_words() or word[0].startswith(b"__attribute")):
        return False
    rest = re.sub(rb"\A\w+\s*(?:\((?:[^()]|\([^()]*\))*\))?\s*", b"", tail)
    return rest[:1] in (b";", b"=", b",", b"[") or _annotated(rest)


def _function(a: Around) -> Kind:
    """Tell a definition from a prototype and from a macro that is used at file level."""
    name = a.code[a.start : a.end]
    close = closing(a.code, a.code.index(b"(", a.end))
    if close < 0 or name in annotation_words() or name.startswith(b"__attribute"):
        return Kind.CALL
    follows = _after_annotations(a.code, close + 1)
    has_type = not _SPECIFIERS.match(a.head)
    if follows == b"{":
        is_macro = not has_type and name.isupper()
        return Kind.CALL if is_macro else Kind.DEFINITION
    if not has_type or follows not in (b";", b",", b"="):
        return Kind.CALL
    return Kind.DECLARATION


def _after_annotations(code: bytes, at: int) -> bytes:
    """Return the first byte behind a parameter list and what annotates it."""
    reach = min(len(code), at + FAR)
    while at < reach:
        c = code[at : at + 1]
        if c.isspace():
            at += 1
        elif c == b"(":
            at = closing(code, at) + 1
            if at == 0:
                return b""
        elif word := _WORD.match(code, at):
            at = word.end()
        else:
            return c
    return b""


def _in_parentheses(a: Around) -> Kind:
    """Tell a parameter from its type, and from the argument of a macro at file level."""
    head = a.head
    opener = _unclosed(head)
    lead = head[:opener]
    if a.tail[:1] == b"(" and not head.rstrip().endswith(b"*"):
        return Kind.CALL
    if b"=" in lead:
        return Kind.INITIALIZER
    macro = _OPENER.match(lead)
    if macro is not None:
        named_second = b"PER_CPU" in macro[1] or b"EVENT" in macro[1]
        if head[opener + 1 :].count(b",") == named_second and head.rstrip()[-1:] in b"(,":
            if b"DEFINE" in macro[1]:
                return Kind.DEFINITION
            if b"DECLARE" in macro[1]:
                return Kind.DECLARATION
        return Kind.REFERENCE
    if re.match(rb"\s*typedef\b", head) and head.rstrip().endswith(b"*") and a.depth == 1:
        is_name = a.tail[:1] == b")" and a.tail[1:].lstrip()[:1] == b"("
        return Kind.DEFINITION if is_name else Kind.REFERENCE
    if head.rstrip().endswith(b"(*") and a.depth == 1 and a.tail[:1] in (b")", b"["):
        return Kind.DECLARATION if re.match(rb"\s*extern\b", head) else Kind.DEFINITION
    return _parameter(a)


def _parameter(a: Around) -> Kind:
    last = a.head.rstrip()[-1:]
    is_name = last == b"*" or (last.isalnum() or last == b"_")
    words = _WORD.findall(a.head[-60:])
    if is_name and last != b"*" and words and words[-1] in (b"const", b"volatile", b"struct"):
        return Kind.REFERENCE
    return Kind.LOCAL if is_name and a.tail[:1] in (b",", b")", b"[") else Kind.REFERENCE


def _unclosed(head: bytes) -> int:
    """Return the offset of the outermost parenthesis that is open at the end."""
    depth = 0
    for at in range(len(head) - 1, -1, -1):
        if head[at] == 41:
            depth += 1
        elif head[at] == 40:
            depth -= 1
            if depth < 0 and head.count(b"(", 0, at) == head.count(b")", 0, at):
                return at
    return 0


def _in_record(a: Around) -> Kind:
    if a.depth > 0:
        opener = _unclosed(a.head)
        inner = a.head[opener + 1 :].strip()
        is_macro = _OPENER.match(a.head[:opener]) is not None and inner == b""
        is_pointer = inner == b"*" and a.tail[:1] in (b")", b"[")
        return Kind.FIELD if is_macro or is_pointer else _parameter(a)
    if a.head.count(b"[") > a.head.count(b"]"):
        return Kind.REFERENCE
    ends = a.tail[:1] in (b";", b"[", b",", b":") or _annotated(a.tail)
    named = bool(a.head.strip()) or _last(a.code, a.start) == b"}"
    if ends and named and not a.head.rstrip().endswith(b":"):
        return Kind.FIELD
    return _called(a)


def _in_body(a: Around) -> Kind:
    head, tail = a.head, a.tail
    if re.search(rb"\bgoto\s+\Z", head):
        return Kind.LABEL
    if tail[:1] == b":" and tail[:2] != b"::" and head.rstrip()[-1:] in (b"", b":"):
        return Kind.LABEL
    declares = _DECLARING.match(head) and not KEYWORDS.intersection(_WORD.findall(head))
    if tail[:1] == b"(":
        is_prototype = declares and re.match(rb"\s*(?:extern|static)\b", head)
        return Kind.DECLARATION if is_prototype else Kind.CALL
    ends = tail[:1] in (b";", b",", b"[", b"=") and tail[:2] != b"=="
    if declares and ends and a.depth == 0:
        is_extern = re.match(rb"\s*extern\b", head)
        return Kind.DECLARATION if is_extern else Kind.LOCAL
    first = re.split(rb"[=,\[]", head, maxsplit=1)[0]
    is_next = head.rstrip(b" \t\r\n*")[-1:] == b"," and a.depth == 0
    if is_next and ends and _FIRST_DECLARED.match(first):
        return Kind.LOCAL if not KEYWORDS.intersection(_WORD.findall(first)) else Kind.REFERENCE
    return Kind.REFERENCE
