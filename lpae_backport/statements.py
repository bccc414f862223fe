# SPDX-License-Identifier: GPL-2.0-only
"""The file-level statements of C without preprocessor lines, comments and literals."""

import re
from collections.abc import Iterator

from lpae_backport.definitions import Definition, Kind
from lpae_backport.masking import annotation_words

_STOP = re.compile(rb"[;{]")
_BARE = re.compile(
    rb"([A-Z_][A-Z0-9_]*)[ \t]*\((?:[^(){};]|\((?:[^(){};]|\([^(){};]*\))*\))*\)[ \t\r]*\n\s*"
    rb"(?=[A-Za-z_#}]|\Z)"
)
_BRACE = re.compile(rb"[{}]")
_CALL = re.compile(rb"([A-Za-z_]\w*)\s*\(")
_TAG = re.compile(rb"\b(struct|union|enum)\b([^;{}()=]*)\Z")
_NESTED = re.compile(rb"\b(struct|union)\s+([A-Za-z_]\w*)[^;{}()]*\{")
_INNER_ENUM = re.compile(rb"\benum\b\s*(\w*)[^;{}()]*\{([^{}]*)\}")
_ENUMERATOR = re.compile(rb"(?:\A|,)\s*([A-Za-z_]\w*)\s*(?=[,=]|\Z)")
_PARENTHESES = re.compile(rb"\([^()]*\)")
_FUNCTION_POINTER = re.compile(
    rb"\(\s*(?:(?:\w+\s*)?\*+\s*(?:const\s+)?)?([A-Za-z_]\w*)\s*(?:\)\s*\(|[(\[])"
)
_LAST_NAME = re.compile(rb"([A-Za-z_]\w*)\s*(?:\[[^;]*\]\s*)?\Z")
_DECLARATOR = re.compile(rb"\*?\s*([A-Za-z_]\w*)\s*(?:\[[^;]*\]|:\s*\w+)?\s*\Z")
_ARGUMENT = re.compile(rb"[(,]\s*\*?([A-Za-z_]\w*)\s*(?=[,)])")
_KEYWORDS = frozenset(
    b"if else for while do switch case return sizeof typeof __typeof__ const volatile void char"
    b" short int long signed unsigned float double struct union enum static extern inline"
    b" __attribute__ __attribute __aligned __printf __scanf asm __asm__ defined".split()
)


def statements(text: bytes) -> Iterator[Definition]:
    """Yield what the file-level statements of a text introduce, from the first to the last.

    Args:
        text: C in which preprocessor lines, comments and the inside of literals are blank.
    """
    at = 0
    while m := _STOP.search(text, at):
        stripped = text[at : m.start()].lstrip()
        start = m.start() - len(stripped)
        while bare := _BARE.match(stripped):
            # A macro call that needs no semicolon, before the statement itself.
            yield from _arguments(bare[0], start, start + bare.end())
            stripped = stripped[bare.end() :].lstrip()
            start = m.start() - len(stripped)
        if m[0] == b";":
            if stripped:
                yield from _declaration(stripped, start, m.end())
            at = m.end()
            continue
        end = closing(text, m.start())
        at = end
        tag = _TAG.search(stripped)
        if tag is not None:
            at = _after(text, end)
            yield from _type(text, stripped, tag, start, m.start(), end, at)
        elif stripped.rstrip().endswith(b"="):
            at = _after(text, end)
            yield from _variables(stripped.rstrip()[:-1], start, at)
        elif b"(" in stripped:
            yield from _function(stripped, Kind.FUNCTION, start, end)
        elif stripped.startswith((b"extern", b"}")) or not stripped:
            at = m.end()  # extern "C" {, or a body that was closed too early
    rest = text[at:].lstrip() + b"\n"
    while bare := _BARE.match(rest):
        first = len(text) + 1 - len(rest)
        yield from _arguments(bare[0], first, first + bare.end())
        rest = rest[bare.end() :].lstrip()


def closing(text: bytes, start: int) -> int:
    """Return the offset behind the brace that closes the one at `start`.

    A body ends where its braces balance. Where alternatives under ``#if`` cut across braces it
    ends at the first brace in the first column, as the kernel's style has it.
    """
    end = text.find(b"\n}", start)
    alone = start == 0 or text[start - 1] == 10
    styled = end != -1 and alone and text[start + 1 : start + 2] in (b"\n", b"\r")
    # A function in kernel style: to count its braces is quicker than to walk over them.
    if styled and text.count(b"{", start, end) == text.count(b"}", start, end) + 1:
        return end + 2
    depth = 0
    limit = end + 2 if end != -1 else len(text)
    for m in _BRACE.finditer(text, start, limit):
        depth += 1 if m[0] == b"{" else -1
        if depth == 0:
            return m.end()
    return limit


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
    words = [w for w in re.findall(rb"[A-Za-z_]\w*", tag[2]) if w not in annotation_words()]
    kind = {b"struct": Kind.STRUCT, b"union": Kind.UNION, b"enum": Kind.ENUM}[tag[1]]
    if words:
        yield Definition(kind, words[-1].decode(), start, last)
    body = text[brace + 1 : end - 1]
    if kind is Kind.ENUM:
        yield from _enumerators(body, start, last)
    elif b"{" in body:
        for n in _NESTED.finditer(body):
            inner = Kind.STRUCT if n[1] == b"struct" else Kind.UNION
            first = brace + 1 + n.start()
            stop = closing(text, brace + n.end())
            yield Definition(inner, n[2].decode(), first, stop)
        for n in _INNER_ENUM.finditer(body):
            first, stop = brace + 1 + n.start(), brace + 1 + n.end()
            if n[1]:
                yield Definition(Kind.ENUM, n[1].decode(), first, stop)
            yield from _enumerators(n[2], first, stop)
    rest = text[end : last - 1] if last > end else b""
    if rest.strip():
        is_type = head.startswith(b"typedef")
        for part in _without_parentheses(rest).split(b","):
            name = _LAST_NAME.search(part.split(b"=")[0])
            if name and name[1] not in annotation_words() and not name[1].startswith(b"__at"):
                found = Kind.TYPEDEF if is_type else Kind.VARIABLE
                yield Definition(found, name[1].decode(), start, last)


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


def _declaration(head: bytes, start: int, end: int) -> Iterator[Definition]:
    if head.startswith(b"typedef"):
        pointer = _FUNCTION_POINTER.match(head, head.find(b"(")) if b"(" in head else None
        m = pointer or _LAST_NAME.search(_without_parentheses(head))
        if m and m[1] not in annotation_words():
            yield Definition(Kind.TYPEDEF, m[1].decode(), start, end)
        elif m:
            words = re.findall(rb"[A-Za-z_]\w*", head[: m.start()])
            yield Definition(Kind.TYPEDEF, words[-1].decode(), start, end)
        return
    equals = head.find(b"=")
    parenthesis = head.find(b"(")
    if equals != -1 and (parenthesis == -1 or equals < parenthesis):
        yield from _variables(head[:equals], start, end)
    elif parenthesis != -1:
        yield from _function(head, Kind.PROTOTYPE, start, end)
    elif b" " in head or b"\t" in head or b"\n" in head:
        yield from _variables(head, start, end)


def _variables(head: bytes, start: int, end: int) -> Iterator[Definition]:
    plain = _without_parentheses(head) if b"(" in head else head
    pointer = _FUNCTION_POINTER.match(head, head.find(b"(")) if b"(" in head else None
    if pointer:
        yield Definition(Kind.VARIABLE, pointer[1].decode(), start, end)
        return
    parts = plain.split(b",")
    first = parts[0].split()
    if len(first) == 2 and first[0] in (b"struct", b"union", b"enum"):
        yield Definition(Kind.FORWARD, first[1].decode(), start, end)
        return
    for part in parts:
        m = _DECLARATOR.search(part)
        if m and m[1] in annotation_words():
            m = _DECLARATOR.search(part[: m.start(1)].rstrip())
        if m and m[1] not in _KEYWORDS:
            yield Definition(Kind.VARIABLE, m[1].decode(), start, end)


def _function(head: bytes, kind: Kind, start: int, end: int) -> Iterator[Definition]:
    """Tell a function definition or prototype from a macro call that stands for a declaration."""
    plain = _outer(head)
    pointer = _FUNCTION_POINTER.match(head, head.find(b"("))
    if pointer and b"*" in pointer[0]:
        yield Definition(Kind.VARIABLE, pointer[1].decode(), start, end)
        return
    calls = [m for m in _CALL.finditer(plain) if m[1] not in _KEYWORDS]
    named = [m for m in calls if not m[1].startswith(b"__") and m[1] not in annotation_words()]
    lower = [m for m in named if not m[1].isupper()]
    best = lower or named or calls
    if not best:
        return
    m = best[-1]
    before = plain[: m.start()].split()
    if not before or (before == [b"static"] and m[1].isupper()):
        name = m[1]
        if name.startswith((b"EXPORT_", b"MODULE_")):
            return
        yield from _arguments(head[m.start() :], start, end)
        if kind is Kind.FUNCTION and not name.isupper():
            yield Definition(kind, name.decode(), start, end)
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
        if c == 40:
            depth += 1
            if depth == 1:
                continue
        elif c == 41:
            depth -= 1
            if depth == 0:
                continue
        if depth > 0:
            out[i] = 32
    return bytes(out)
