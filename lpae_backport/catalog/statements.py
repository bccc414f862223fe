# SPDX-License-Identifier: GPL-2.0-only
"""The file-level statements of C without preprocessor lines, comments and literals."""

import re
from collections.abc import Iterator

from lpae_backport.catalog.definitions import Definition, Kind
from lpae_backport.masking import annotation_words

_STOP = re.compile(rb"[;{]")
BARE_MACRO = re.compile(
    rb"([A-Z_][A-Z0-9_]*)[ \t]*\((?:[^(){};]|\((?:[^(){};]|\([^(){};]*\))*\))*\)[ \t\r]*\n\s*"
    rb"(?=[A-Za-z_#}]|\Z)"
)
_BRACE = re.compile(rb"[{}]")
_BRACES = re.compile(rb"\n?[{}]")
_CALL = re.compile(rb"\b([A-Za-z_]\w*+)\s*+\(")
_TAGS = {b"struct": Kind.STRUCT, b"union": Kind.UNION, b"enum": Kind.ENUM}
_TAG = re.compile(rb"\b(struct|union|enum)\b(.*)\Z", re.DOTALL)
_NESTED = re.compile(rb"\b(struct|union)\s+([A-Za-z_]\w*)")
_INNER_ENUM = re.compile(rb"\benum\b\s*(\w*)")
_ENUMERATOR = re.compile(rb"(?:\A|,)\s*+([A-Za-z_]\w*+)(?:\s++__[a-z]\w*+)*\s*+(?=[,=]|\Z)")
_PARENTHESES = re.compile(rb"\([^()]*\)")
_POINTER = re.compile(
    rb"(?:\(\s*\*+\s*(?=\())*\(\s*(?:(?:__\w+|[A-Z]\w*|asmlinkage|efiapi)\s*)?\*+\s*"
    rb"(?:(?:const|volatile|__\w+)\s+)?([A-Za-z_]\w*)\s*(?:\)\s*[(\[]|([(\[]))"
)
_WRAPPED = re.compile(rb"\(\s*([A-Za-z_]\w*)\s*\)\s*[(\[]")
_NONE = re.compile(rb"[).\]]|(?:if|else|for|while|do|switch|return|goto|case)\b|[^(=]*->")
_LIST = re.compile(rb"\)\s*+,")
_DECLARATOR = re.compile(
    rb"\b([A-Za-z_]\w*+)\s*+"
    rb"(?:(?:\[(?:[^\[\]]++|\[[^\[\]]*+\])*\]\s*+)+|:\s*+\w++\s*+)?\Z"
)
_ARGUMENT = re.compile(rb"[(,]\s*\*?([A-Za-z_]\w*)\s*(?=[,)])")
_NOTES = annotation_words() | {b"asm", b"__asm__", b"__asm"}
_KEYWORDS = frozenset(
    b"if else for while do switch case return sizeof typeof __typeof__ __typeof const volatile"
    b" void char short int long signed unsigned float double struct union enum static extern"
    b" inline defined".split()
)
_QUALIFIERS = frozenset((b"static", b"extern", b"const", b"volatile"))
_MAX_NOTES, _NEAR = 8, 16 * 1024


def statements(text: bytes) -> Iterator[Definition]:
    """Yield what the file-level statements of a text introduce, from the first to the last.

    Args:
        text: C in which preprocessor lines, comments and the inside of literals are blank.
    """
    at = 0
    while m := _STOP.search(text, at):
        start = m.start() - len(text[at : m.start()].lstrip())
        while bare := BARE_MACRO.match(text, start, m.start()):
            # A macro call that needs no semicolon, before the statement itself.
            yield from _arguments(bare[0], start, bare.end())
            start = bare.end()
        stripped = text[start : m.start()]
        if m[0] == b";":
            if stripped:
                yield from _declaration(stripped, start, m.end())
            at = m.end()
            continue
        at = m.end()  # extern "C" {, or a body that was closed too early
        tag = _TAG.search(stripped, last_stretch(stripped))
        if tag is not None:
            end = closing(text, m.start())
            at = _after(text, end)
            yield from _type(text, stripped, tag, start, m.start(), end, at)
        elif stripped.rstrip().endswith(b"="):
            at = _after(text, closing(text, m.start()))
            yield from _variables(b"int " + stripped.rstrip()[:-1], start, at)
        elif b"(" in stripped:
            at = closing(text, m.start())
            if _is_value(stripped):
                yield from _variables(stripped, start, at)
            else:
                yield from _function(stripped, Kind.FUNCTION, start, at)
        elif stripped and not stripped.startswith((b"extern", b"}")):
            at = closing(text, m.start())
    rest = text[at:] + b"\n"
    first = len(rest) - len(rest.lstrip())
    while bare := BARE_MACRO.match(rest, first):
        yield from _arguments(bare[0], at + first, min(at + bare.end(), len(text)))
        first = bare.end()


def last_stretch(head: bytes) -> int:
    """Return where the last stretch without parentheses and the like begins."""
    return max(head.rfind(b")"), head.rfind(b"("), head.rfind(b"="), head.rfind(b"}")) + 1


def closing(text: bytes, start: int) -> int:
    """Return the offset behind the brace that closes the one at `start`.

    A body ends where its braces balance. Where alternatives under ``#if`` cut across braces it
    ends at the first brace in the first column, as the kernel's style has it.
    """
    alone = start == 0 or text[start - 1] == 10
    if alone and text[start + 1 : start + 2] in (b"\n", b"\r"):
        # A function in kernel style: to count its braces is quicker than to walk over them.
        end = text.find(b"\n}", start, start + _NEAR)
        if end != -1 and text.count(b"{", start, end) == text.count(b"}", start, end) + 1:
            return end + 2
    depth = 0
    for m in _BRACES.finditer(text, start):
        depth += 1 if m[0].endswith(b"{") else -1
        if depth == 0 or m[0] == b"\n}":
            return m.end()
    return len(text)


def _after(text: bytes, end: int) -> int:
    """Return the offset behind the semicolon that ends a definition with a body."""
    semicolon = text.find(b";", end)
    brace = text.find(b"{", end)
    if semicolon == -1 or (brace != -1 and brace < semicolon):
        return end
    return semicolon + 1


def _type(
    text: bytes, head: bytes, tag: re.Match[bytes], start: int, brace: int, end: int, last: int
) -> Iterator[Definition]:
    words = re.findall(rb"[A-Za-z_]\w*", tag[2].split(b":")[0])
    words = [w for w in words if w not in _NOTES]
    kind = _TAGS[tag[1]]
    if words:
        yield Definition(kind, words[-1].decode(), start, last)
    body = text[brace + 1 : end - 1]
    if kind is Kind.ENUM:
        yield from _enumerators(body, start, last)
    elif b"{" in body:
        yield from _nested(body, brace + 1)
    rest = text[end : last - 1] if last > end else b""
    if rest.strip():
        found = Kind.TYPEDEF if head.startswith(b"typedef") else Kind.VARIABLE
        for part in _without_parentheses(rest).split(b","):
            if name := _name(part.split(b"=")[0]):
                yield Definition(found, name.decode(), start, last)


def _nested(body: bytes, offset: int) -> Iterator[Definition]:
    """Yield the types that are defined within a struct, the innermost first."""
    opened: list[tuple[int, int]] = []
    at = 0
    for m in _BRACE.finditer(body):
        first = at + body[at : m.start()].rfind(b";") + 1
        at = m.end()
        if m[0] == b"{":
            opened.append((first, m.start()))
            continue
        first, brace = opened.pop() if opened else (at, at)
        head = body[first + last_stretch(body[first:brace]) : brace]
        first = brace - len(head)
        stop = offset + m.end()
        if n := _NESTED.search(head):
            yield Definition(_TAGS[n[1]], n[2].decode(), offset + first + n.start(), stop)
        elif n := _INNER_ENUM.search(head):
            start = offset + first + n.start()
            if n[1]:
                yield Definition(Kind.ENUM, n[1].decode(), start, stop)
            yield from _enumerators(body[brace + 1 : m.start()], start, stop)


def _enumerators(body: bytes, start: int, end: int) -> Iterator[Definition]:
    for m in _ENUMERATOR.finditer(_without_parentheses(body)):
        yield Definition(Kind.ENUMERATOR, m[1].decode(), start, end)


def _without_parentheses(text: bytes) -> bytes:
    """Blank what stands in parentheses, however deep, and they themselves."""
    for _ in range(8):
        if b"(" not in text:
            break
        text = _PARENTHESES.sub(lambda m: b" " * len(m[0]), text)
    return text


def _name(declarator: bytes) -> bytes:
    """Return the name in a declarator without parentheses, that of no annotation; or nothing."""
    for _ in range(_MAX_NOTES):
        m = _DECLARATOR.search(declarator)
        if m is None:
            break
        if m[1] not in _NOTES:
            return b"" if m[1] in _KEYWORDS else m[1]
        declarator = declarator[: m.start()]
    return b""


def _pointer(head: bytes) -> re.Match[bytes] | None:
    """Match what is declared in parentheses with a star, as pointers to functions are."""
    at = head.find(b"(")
    while at > 0:
        if m := _POINTER.match(head, at):
            return m
        if _NOTES.isdisjoint(head[:at].split()[-1:]):
            break
        at = head.find(b"(", _outer(head[at:]).find(b")") + at)
    return None


def _is_value(head: bytes) -> bool:
    """Tell whether a declaration gives a value, and not an argument."""
    left, equals, _ = head.partition(b"=")
    return bool(equals) and left.count(b"(") == left.count(b")")


def _declaration(head: bytes, start: int, end: int) -> Iterator[Definition]:
    if _NONE.match(head):
        return  # of a macro's arguments that are statements
    if head.startswith(b"typedef"):
        yield from _typedef(head, start, end)
        return
    for part in _parts(head) if _LIST.search(head) else (head,):
        if b"(" in part.partition(b"[")[0] and not _is_value(part):
            yield from _function(part, Kind.PROTOTYPE, start, end)
        elif len(part.split(None, 1)) > 1:
            yield from _variables(part, start, end)


def _parts(head: bytes) -> Iterator[bytes]:
    """Yield the declarations that one statement makes of several functions."""
    plain = _without_parentheses(head) if b" " in head[: head.find(b"(")] else b""
    at = 0
    for part in (head,) if b"(" in plain or not plain else plain.split(b","):
        yield (b"int " if at else b"") + head[at : at + len(part)]
        at += len(part) + 1


def _typedef(head: bytes, start: int, end: int) -> Iterator[Definition]:
    m = _pointer(head) or _WRAPPED.search(head)
    if m and m[1] not in _KEYWORDS:
        yield Definition(Kind.TYPEDEF, m[1].decode(), start, end)
        return
    for part in _without_parentheses(head).split(b","):
        if name := _name(part):
            yield Definition(Kind.TYPEDEF, name.decode(), start, end)


def _variables(head: bytes, start: int, end: int) -> Iterator[Definition]:
    if pointer := _pointer(head.split(b"=")[0]):
        yield Definition(Kind.VARIABLE, pointer[1].decode(), start, end)
        return
    parts = (_without_parentheses(head) if b"(" in head else head).split(b",")
    first = parts[0].split()
    if len(first) == 2 and first[0] in _TAGS and _name(first[1]) == first[1]:
        yield Definition(Kind.FORWARD, first[1].decode(), start, end)
        return
    for part in parts:
        name = _name(part.split(b"=")[0])
        if name and (part is not parts[0] or first[0] != name):
            yield Definition(Kind.VARIABLE, name.decode(), start, end)


def _function(head: bytes, kind: Kind, start: int, end: int) -> Iterator[Definition]:
    """Tell a function definition or prototype from a macro call that stands for a declaration."""
    plain = _outer(head)
    if pointer := _pointer(head):
        kind = kind if pointer[2] == b"(" else Kind.VARIABLE
        yield Definition(kind, pointer[1].decode(), start, end)
        return
    at = head.find(b"(")
    wrapped = _WRAPPED.match(head, at)
    if wrapped and wrapped[0].endswith(b"(") and head[at - 1] in b" \t\n*":
        yield Definition(kind, wrapped[1].decode(), start, end)
        return
    calls = [m for m in _CALL.finditer(plain) if m[1] not in _KEYWORDS and m[1] not in _NOTES]
    named = [m for m in calls if not m[1].startswith(b"__")]
    best = [m for m in named if not m[1].isupper()] or named or calls
    if not best:
        if kind is Kind.PROTOTYPE:
            yield from _variables(head, start, end)
        return
    m = best[-1]
    before = plain[: m.start()].split()
    if not before or (m[1].isupper() and _QUALIFIERS.issuperset(before)):
        if m[1].startswith((b"EXPORT_", b"MODULE_")):
            return
        yield from _arguments(head[m.start() :], start, end)
        if kind is Kind.FUNCTION and not m[1].isupper():
            yield Definition(kind, m[1].decode(), start, end)
        return
    yield Definition(kind, m[1].decode(), start, end)


def _arguments(call: bytes, start: int, end: int) -> Iterator[Definition]:
    """Yield the words that a macro call at file level may make names of."""
    if call.startswith((b"EXPORT_", b"MODULE_", b"__attribute")):
        return
    for a in _ARGUMENT.finditer(call):
        if a[1] not in _KEYWORDS:
            yield Definition(Kind.GENERATED, a[1].decode(), start, end)


def _outer(head: bytes) -> bytes:
    """Blank what stands within parentheses, keeping those of the outermost level."""
    if head.count(b"(") == 1:
        return head
    out = bytearray(head)
    depth = 0
    for i, c in enumerate(head):
        depth -= c == 41
        if depth > 0:
            out[i] = 32
        depth += c == 40
    return bytes(out)
