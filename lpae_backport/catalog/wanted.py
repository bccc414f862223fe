# SPDX-License-Identifier: GPL-2.0-only
"""Where one C file introduces some names: what `filescan.scan` tells of them, sooner.

Most statements of a file have none of the names one looks for; they are stepped over unread.
"""

import re
from collections.abc import Collection, Iterator

from lpae_backport.catalog.definitions import Definition, Kind
from lpae_backport.catalog.filescan import quiet, scan
from lpae_backport.catalog.statements import BARE_MACRO, closing, last_stretch, statements
from lpae_backport.masking import annotation_words

_DIRECTIVE = re.compile(
    rb"^[ \t]*#(?:[ \t]*include[^\n\\]*|[ \t]*define[ \t]+(\w+))?[^\n\\]*(?:\\(?:\r\n|.)[^\n\\]*)*",
    re.DOTALL | re.MULTILINE,
)
_NEVER = re.compile(rb"^[ \t]*#[ \t]*if[ \t]+0\b", re.MULTILINE)
_DEFINE = re.compile(rb"#[ \t]*define[ \t]+(\w+)")
_STOP = re.compile(rb"[;{]")
_TAG = re.compile(rb"\b(struct|union|enum)\b[^;{}()=]*\Z")
_MANY_LINES = 200_000
"""From here on a file may have more names than a scan takes from one."""
_SEPARATED = bytes(
    c if chr(c).isascii() and (chr(c).isalnum() or chr(c) == "_") else 32 for c in range(256)
)
_ENDED = bytes(59 if c in b"{}()[],=:;" else _SEPARATED[c] for c in range(256))


def words_of(data: bytes) -> list[bytes]:
    """Return the identifiers and numbers in a text, comments and literals included."""
    return data.translate(_SEPARATED).split()


class Wanted:
    """Finds some names in file after file.

    Args:
        names: what to look for.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(n.encode("utf-8", "surrogateescape") for n in names)
        self._ended = frozenset(n + b";" for n in self.names)

    def introduced(self, data: bytes) -> list[Definition]:
        """Return the definitions of the names among all those of a file, in the order of the text.

        Args:
            data: the file, in whatever encoding.
        """
        text = quiet(data)
        if _NEVER.search(text) or data.count(b"\n") > _MANY_LINES:
            return [d for d in scan(data).definitions if d.name.encode() in self.names]
        found: list[Definition] = []
        stated = True
        if b"#" in text:
            bare = _DIRECTIVE.sub(b"", text)  # twice as quick as blanking, and mostly all it takes
            stated = self._may_introduce(bare)
            if stated or not self.names.isdisjoint(_DEFINE.findall(text)):
                text = _without_directives(text, self.names, found)
        if stated:
            found += self._stated(text)
            found.sort(key=lambda d: d.start)
        return found

    def _stated(self, text: bytes) -> Iterator[Definition]:
        """Yield what those statements introduce that have one of the names in them."""
        for start, end, telling in _regions(text):
            if self._may_introduce(telling):
                for d in statements(text[start:end]):
                    if d.name.encode() in self.names:
                        yield Definition(d.kind, d.name, d.start + start, d.end + start)

    def _may_introduce(self, text: bytes) -> bool:
        """Tell whether one of the names stands where a statement introduces one.

        That is before one of ``{}()[],=:;``, before an annotation, or last. Most words are types,
        which stand before another word or a star.
        """
        words = frozenset(words_of(text))
        if self.names.isdisjoint(words):
            return False
        notes = annotation_words() & words
        if not notes.isdisjoint(self.names):
            return True
        plain = b" ".join(text.translate(_ENDED).replace(b";", b" ; ").split()) + b" ;"
        for note in notes:
            plain = plain.replace(b" %b " % note, b" ; ")
        return not self._ended.isdisjoint(plain.replace(b" ;", b"; ").split())


def _without_directives(text: bytes, names: frozenset[bytes], found: list[Definition]) -> bytes:
    """Blank the preprocessor's lines, noting which of the names they define."""
    parts: list[bytes] = []
    at = 0
    for m in _DIRECTIVE.finditer(text):
        start, end = m.span()
        if m[1] in names:
            found.append(Definition(Kind.MACRO, m[1].decode(), start, end))
        parts += (text[at:start], b" " * (end - start))
        at = end
    parts.append(text[at:])
    return b"".join(parts)


def _regions(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield start and end of each file-level statement, and that of it which can name things.

    They are the steps of `statements`, which has to come to the same for one of them alone.
    """
    at = 0
    while m := _STOP.search(text, at):
        start, brace = at, m.start()
        before = text[start:brace]
        head = _without_calls(before.strip())
        at = m.end()
        if m[0] == b";":
            yield start, at, text[start:at]
            continue
        tag = _TAG.search(head, last_stretch(head))
        has_body = tag or b"(" in head or (head and not head.startswith((b"extern", b"}")))
        end = closing(text, brace) if has_body or head.endswith(b"=") else at
        if tag:
            at = _after(text, end)
            inner = text.find(b"{", brace + 1, end) != -1 or tag[1] == b"enum"
            body = text[brace:end] if inner else b"{}"
            yield start, at, before + body + text[end:at]
        elif head.endswith(b"="):
            at = _after(text, end)
            yield start, at, before
        else:
            at = end
            yield start, at, before + b"{"
    yield at, len(text), text[at:]


def _without_calls(head: bytes) -> bytes:
    """Leave out the macro calls without a semicolon that stand before a statement."""
    while bare := BARE_MACRO.match(head):
        head = head[bare.end() :].strip()
    return head


def _after(text: bytes, end: int) -> int:
    """Return the offset behind the semicolon that ends a definition with a body."""
    semicolon = text.find(b";", end)
    brace = text.find(b"{", end)
    return end if semicolon == -1 or -1 < brace < semicolon else semicolon + 1
