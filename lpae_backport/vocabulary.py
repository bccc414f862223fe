# SPDX-License-Identifier: GPL-2.0-only
"""Which words do the headers that a file includes have? Told without a preprocessor."""

import posixpath
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.masking import without_comments

_WORD = re.compile(rb"[A-Za-z_]\w*")
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"\n]+)[>\"]", re.MULTILINE)
_PLACES = (
    *("include", "include/uapi", "arch/arm64/include", "arch/arm/include"),
    *("arch/arm64/include/uapi", "arch/arm/include/uapi"),
)
_MAX_HEADERS = 4000


class Headers:
    """What headers say, read once for as long as they stay the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Header] = {}

    def read(self, tree: FileTree, path: str) -> "Header | None":
        """Return the words and includes of a file, or nothing where it cannot be read."""
        try:
            data = tree.read(path)
        except UnreadableError:
            return None
        key = (path, data)
        if key not in self._known:
            plain = without_comments(data)
            includes = tuple(
                (m[1] == b"<", m[2].decode("latin-1")) for m in _INCLUDE.finditer(plain)
            )
            self._known[key] = Header(frozenset(_WORD.findall(plain)), includes)
        return self._known[key]


@dataclass(frozen=True)
class Header:
    """The words of one file, and what it includes: whether as ``<…>``, and the name."""

    words: frozenset[bytes]
    includes: tuple[tuple[bool, str], ...]


class Vocabulary:
    """The words of all headers that a file of a tree reaches by ``#include``.

    Args:
        tree: the tree.
        path: the file to start from.
        assume: names that an architecture's headers define, for a tree that has none of those.
        headers: what was read before.
    """

    def __init__(
        self,
        tree: FileTree,
        path: str,
        assume: frozenset[str] = frozenset(),
        headers: Headers | None = None,
    ) -> None:
        self._tree = tree
        self._headers = headers if headers is not None else Headers()
        self._path = path
        self._assume = assume
        self._seen: set[str] = {path}
        self._queue = deque([path])
        self._found: set[bytes] = set()

    def has(self, name: str) -> bool:
        """Tell whether a header has the word, or may be taken to have it.

        Headers are read, nearest first, only until the word turns up; comments do not count, nor
        does the file's own text.
        """
        word = name.encode()
        while word not in self._found and self._queue and len(self._seen) < _MAX_HEADERS:
            self._read(self._queue.popleft())
        return word in self._found or (name in self._assume and not self._is_whole)

    def _read(self, path: str) -> None:
        """Read one header, and put what it includes in the queue."""
        header = self._headers.read(self._tree, path)
        if header is None:
            return
        if path != self._path:
            self._found |= header.words
        for system, name in header.includes:
            new = [p for p in self._candidates(path, system, name) if p not in self._seen]
            self._seen.update(new)
            self._queue.extend(new)

    @cached_property
    def _is_whole(self) -> bool:
        return any(
            self._tree.listing(p).files or self._tree.listing(p).dirs
            for p in ("arch/arm64/include/asm", "arch/arm/include/asm", "include/asm")
        )

    def _candidates(self, user: str, system: bool, header: str) -> Iterator[str]:
        places = _PLACES if system else (posixpath.dirname(user), *_PLACES)
        for place in places:
            path = posixpath.normpath(posixpath.join(place, header))
            if not path.startswith("..") and self._tree.is_file(path):
                yield path
        if header.startswith("asm/"):
            generic = f"include/asm-generic/{header[4:]}"
            if self._tree.is_file(generic):
                yield generic
