# SPDX-License-Identifier: GPL-2.0-only
"""Rewriting kernel C, byte for byte, into C that a grammar understands.

What a C grammar stumbles over (annotations, macros that stand for syntax) is blanked or replaced
by as many bytes, so that an offset into the result is an offset into the file.
"""

import re
from functools import cache
from pathlib import Path

_STRING = rb"\"(?:Q)(?:\\\"(?:Q)){0,200}\"".replace(b"Q", rb"[^\"\\\n]*+(?:\\[^\"][^\"\\\n]*+)*")
COMMENT_OR_LITERAL = re.compile(
    rb"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|//[^\\\n]*+(?:\\(?:\r\n|.)?[^\\\n]*+)*"
    rb"|%b|%b|([\"'](?:[^\n/]|/(?![*/]))*)|/\*.*" % (_STRING, _STRING.replace(b'"', b"'")),
    re.DOTALL,
)
"""Comments, strings and characters; and with group 1 the rest of a line behind a quote that opens
none of them, an apostrophe say, up to a comment. The quotes within a string are counted, else a
line of nothing else could be gone through once for each."""
_NOT_NEWLINE = re.compile(rb"[^\r\n]")
_ANNOTATION_WORD = rb"_{2,4}[a-z]\w*|no(?:inline|trace|kprobe)\w*|asmlinkage|fastcall"
_ARGUMENTS = rb"\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_TYPEOF = re.compile(rb"\b(?:__typeof__|__typeof|typeof)\s*\(((?:[^()]|\([^()]*\))*)\)")
_NAME = re.compile(rb"\s*(\*?)\s*\(?\s*([A-Za-z_]\w*)\s*\)?\s*")
_DECLARING = re.compile(
    rb"^((?:static\s+|const\s+)*[A-Z][A-Z0-9_]{3,}|[ \t]+(?:static\s+)?(?:DECLARE|DEFINE)_\w+)"
    rb"(\s*\(\s*)([A-Za-z_]\w*)((?:[^()]|\([^()]*\))*\))(?=\s*;)",
    re.MULTILINE,
)
_LOOP_MACRO = re.compile(rb"\b\w*for_each\w*(?=\s*\()")
_TYPE_ARGUMENT = re.compile(
    rb"((?:,|\b(?:min_t|max_t|clamp_t|offsetof|typecheck)\s*\()\s*)"
    rb"((?:struct|union|enum)\s+\w+|(?:unsigned|signed|const|long|int|short|char|void)"
    rb"(?:\s+(?:unsigned|signed|const|long|int|short|char))*)\b([\s*]*)(?=[,)])"
)
_MARKING = re.compile(
    rb"^((?:static[ \t]+|extern[ \t]+|inline[ \t]+)*)([A-Z][A-Z0-9_]{3,})"
    rb"(?=\s+(?:static|extern|inline|const|void|bool|int|unsigned|long|struct|enum)\b)",
    re.MULTILINE,
)
_BARE_MACRO = re.compile(
    rb"^(?:static[ \t]+)?(?!(?:if|for|while|switch)\b)[A-Za-z_]\w*[ \t]*"
    rb"\((?:[^();{}]|\([^(){};]*\))*\)[ \t\r]*(?=\n)",
    re.MULTILINE,
)
_UNKNOWN_WORD = re.compile(
    rb"^((?:static\s+|extern\s+|inline\s+)*)(__[a-z]\w+|[A-Z][A-Z0-9_]{3,})"
    rb"(?=\s+[A-Za-z_]\w*[\s*]+(?:[A-Za-z_]\w*[\s*]+)*[A-Za-z_]\w*\s*\()",
    re.MULTILINE,
)
_STRUCT = re.compile(rb"\b(?:struct|union)\b[^;{}()=]*\{")
_STRUCT_MACRO = re.compile(
    rb"^[ \t]*(?:[A-Z][A-Z0-9_]{3,}[ \t]*(?:\((?:[^()]|\([^()]*\))*\))?"
    rb"|randomized_struct_fields_\w+)[ \t]*;?(?=[ \t\r]*$)",
    re.MULTILINE,
)
_KABI_USE = re.compile(rb"\s*\w*KABI_USE\w*\s*\(\s*\d+\s*,\s*([^(),]+)\)")
_NEXT = re.compile(rb"\s*(?:[A-Za-z_#]|\Z)")


@cache
def _annotations() -> tuple[frozenset[bytes], re.Pattern[bytes]]:
    """Return the dictionary of annotations, which is data: its plain words, and a pattern.

    The pattern finds every word that may be one, and with group 1 those that take arguments.
    """
    text = Path(__file__).with_name("annotations.txt").read_bytes()
    words = [w for w in text.split(b"\n") if w and not w.startswith(b"#")]
    calls = b"|".join(w[:-2] for w in words if w.endswith(b"()"))
    pattern = rb"\b(?:((?:%b)%b)|(?:%b)\b)" % (calls, _ARGUMENTS, _ANNOTATION_WORD)
    return frozenset(w for w in words if not w.endswith(b"()")), re.compile(pattern)


@cache
def annotation_words() -> frozenset[bytes]:
    """Return the annotations of kernel C, those that take arguments among them."""
    lines = Path(__file__).with_name("annotations.txt").read_bytes().split(b"\n")
    return frozenset(w.removesuffix(b"()") for w in lines if w and not w.startswith(b"#"))


def _without_annotations(text: bytes) -> bytes:
    plain, pattern = _annotations()
    return pattern.sub(lambda m: blank(m[0]) if m[1] or m[0] in plain else m[0], text)


def blank(text: bytes) -> bytes:
    """Return spaces of the same length, line ends kept."""
    return _NOT_NEWLINE.sub(b" ", text)


def _blank_comment(found: re.Match[bytes]) -> bytes:
    text = found[0]
    return text if text[0] in b"\"'" else blank(text)


def without_comments(text: bytes) -> bytes:
    """Return `text` with its comments blanked, strings left alone."""
    return COMMENT_OR_LITERAL.sub(_blank_comment, text)


def plain_c(text: bytes) -> bytes:
    """Rewrite, byte for byte, the macros that a C grammar cannot tell from broken syntax."""
    return _TYPE_ARGUMENT.sub(_plain_type, plain_declarations(text)).replace(
        b"offsetof", b"offset_f"
    )


def plain_declarations(text: bytes) -> bytes:
    """Do what `plain_c` does, but leave types in parentheses: a prototype may not name more."""
    text = _without_annotations(text)
    if b"typeof" in text:
        text = _TYPEOF.sub(_plain_typeof, text)
    if b"for_each" in text:
        text = _LOOP_MACRO.sub(_plain_loop, text)
    text = _DECLARING.sub(_plain_declaration, text)
    text = _MARKING.sub(_plain_marking, text)
    text = _UNKNOWN_WORD.sub(_plain_marking, text)
    return _plain_structs(text)


def _plain_marking(found: re.Match[bytes]) -> bytes:
    """Blank a marking in capitals before a declaration (``VISIBLE_IF_KUNIT``)."""
    return found[1] + blank(found[2])


def _plain_structs(text: bytes) -> bytes:
    """Blank macros that stand for a member (``ANDROID_KABI_RESERVE(1)``) in bodies of structs."""
    out = bytearray(text)
    for m in _STRUCT.finditer(text):
        end = text.find(b"\n}", m.end())
        body = text[m.end() : end if end != -1 else len(text)]
        if b"(" in body or b"randomized" in body:
            out[m.end() : m.end() + len(body)] = _STRUCT_MACRO.sub(_plain_member, body)
    return bytes(out)


def _plain_member(found: re.Match[bytes]) -> bytes:
    """Blank a macro among members, but keep the member that ``…_KABI_USE(1, type name)`` is."""
    use = _KABI_USE.match(found[0])
    if use is None:
        return blank(found[0])
    return blank(found[0][: use.start(1)]) + use[1] + b";" + blank(found[0][use.end(1) + 1 :])


def _plain_declaration(found: re.Match[bytes]) -> bytes:
    """Turn ``DECLARE_BITMAP(name, …)`` into ``int name`` of the same length."""
    return b"int" + blank(found[1] + found[2])[3:] + found[3] + blank(found[4])


def _plain_loop(found: re.Match[bytes]) -> bytes:
    """Turn ``for_each_thing(…)`` into a ``while`` over the same words.

    In a line that begins in the first column it is a function of that name that is defined.
    """
    line = found.string.rfind(b"\n", 0, found.start()) + 1
    if found.string[line : line + 1] not in (b" ", b"\t"):
        return found[0]
    return b"while".ljust(len(found[0]))


def _plain_type(found: re.Match[bytes]) -> bytes:
    """Turn a type among the arguments of a macro into one identifier of the same length."""
    return found[1] + re.sub(rb"\s", b"_", found[2]) + blank(found[3])


def without_bare_macros(text: bytes) -> bytes:
    """Blank macros that stand alone at file level; `text` is a whole file, not a part of one."""
    return _BARE_MACRO.sub(_plain_bare_macro, text)


def _plain_bare_macro(found: re.Match[bytes]) -> bytes:
    """Blank ``SOME_MACRO(args)`` that stands between two definitions without a semicolon."""
    text, at = found.string, found.start() - 1
    while at >= 0 and text[at] in b" \t\r\n":
        at -= 1
    alone = at < 0 or text[at] in b";}"
    return blank(found[0]) if alone and _NEXT.match(text, found.end()) else found[0]


def _plain_typeof(found: re.Match[bytes]) -> bytes:
    """Turn ``typeof(expr)`` into a type name of the same length.

    Of a plain name it tells which: ``typeof(x)`` becomes ``typeof_x``, ``typeof(*x)``
    ``typeof_$x``, for ``$`` is a letter to the grammar.
    """
    inner = _NAME.fullmatch(found[1])
    kept = b"typeof_t" if inner is None else b"typeof_" + (b"$" if inner[1] else b"") + inner[2]
    return kept[: len(found[0])] + blank(found[0][len(kept) :])


def decode(data: bytes) -> str:
    """Decode text of a tree for display: UTF-8, else latin-1, never an error."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
