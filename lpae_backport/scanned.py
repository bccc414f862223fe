# SPDX-License-Identifier: GPL-2.0-only
"""What a literal scan looks for, and what it comes to; `scanning` runs it."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from lpae_backport.filetree import EmptyError, UnreadableError, as_text

T = TypeVar("T")

_FEW = 24
"""Needles that are looked for one by one; words that need more are compared with all words of a
file at once."""
_STEM = 5
"""Shortest part that words can have in common to be looked for together."""
_SMALL = 256
"""Bytes of a file that may be a pointer to a file, or a link that was checked out as one."""
_SOURCE = re.compile(
    r".*\.(?:[chSsyl]|[ch]_shipped|inc|dtsi?|dtso|rst|txt|lds|rs|cc|cpp|hpp)"
    r"|(?:Makefile|Kconfig|Kbuild).*",
    re.DOTALL,
)
_SEPARATED = bytes(
    c if chr(c).isascii() and (chr(c).isalnum() or chr(c) == "_") else 32 for c in range(256)
)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or folder, that was not searched as it should be, and why."""

    path: str
    reason: str


@dataclass
class Scan(Generic[T]):
    """What a scan came to.

    Attributes:
        found: the files that have a word, sorted by path, each with what was made of it.
        paths: all files that were searched, sorted.
        size: how many bytes those have.
        binaries: how many files were left out for being no text (pictures, objects).
        unread: what has the name of a source and could not be searched, or is no text though it
            was searched; links that lead out of the tree.
    """

    found: list[tuple[str, T]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    size: int = 0
    binaries: int = 0
    unread: list[Unread] = field(default_factory=list)

    def add(self, other: "Scan[T]") -> None:
        """Take in another part of the same scan."""
        self.found += other.found
        self.paths += other.paths
        self.size += other.size
        self.binaries += other.binaries
        self.unread += other.unread

    def sort(self) -> None:
        """Put everything in the order of the paths, however it came."""
        self.found.sort(key=lambda f: f[0])
        self.paths.sort()
        self.unread.sort(key=lambda u: (u.path, u.reason))


class Finder:
    """Tells which of some words a text has as whole identifiers.

    Args:
        words: the words, each of letters, digits and underscores.
    """

    def __init__(self, words: Iterable[bytes]) -> None:
        self._words = tuple(sorted(set(words)))
        self._all = frozenset(self._words)
        self._needles = tuple(_needles(self._words))

    def __call__(self, data: bytes) -> frozenset[bytes]:
        """Return the words that `data` has; a longer identifier does not have its parts."""
        if len(self._needles) > _FEW:
            return self._all.intersection(data.translate(_SEPARATED).split())
        near = [words for needle, words in self._needles if needle in data]
        if not near:
            return _NOTHING
        found = (w for words in near for w in words if w in data)
        return frozenset(w for w in found if next(occurrences(w, data), -1) >= 0)


def occurrences(word: bytes, data: bytes) -> Iterator[int]:
    """Yield where a word stands in a text as a whole identifier."""
    size = len(word)
    at = data.find(word)
    while at >= 0:
        end = at + size
        begins = at == 0 or _SEPARATED[data[at - 1]] == 32
        if begins and (end == len(data) or _SEPARATED[data[end]] == 32):
            yield at
        at = data.find(word, end)


def _needles(words: tuple[bytes, ...]) -> Iterator[tuple[bytes, tuple[bytes, ...]]]:
    """Yield what to look for, and the words that have it: a part that several share is enough."""
    sharing: dict[bytes, set[bytes]] = {}
    for word in words:
        parts = word.split(b"_")
        for a in range(len(parts)):
            for b in range(a + 1, len(parts) + 1):
                stem = b"_".join(parts[a:b])
                if len(stem) >= _STEM:
                    sharing.setdefault(stem, set()).add(word)
    left = set(words)
    while left:
        stem = max(sharing, key=lambda s: (len(sharing[s] & left), len(s), s), default=b"")
        shared = sharing.get(stem, set()) & left
        if len(shared) < 2:
            break
        yield stem, tuple(sorted(shared))
        left -= shared
    yield from ((w, (w,)) for w in sorted(left))


_NOTHING: frozenset[bytes] = frozenset()


BINARY = "binary"
"""What `doubt` says of a file that is no text and has no source's name."""


def doubt(path: str, data: bytes) -> str:
    """Return why a file may not be the text its name claims; nothing where all is well.

    Args:
        path: its path.
        data: its bytes.

    Returns:
        A reason, `BINARY` for a picture or an object, or nothing.
    """
    binary = b"\0" in data
    if not binary and len(data) >= _SMALL:
        return ""
    name = posixpath.basename(path)
    if not is_source(name):
        return BINARY if binary else ""
    try:
        as_text(data, name)
    except EmptyError:
        return ""
    except UnreadableError as e:
        # One word alone is what a Kconfig or a list may well hold; a C file does not.
        if binary or name.endswith((".c", ".h", ".S", ".dts", ".dtsi")):
            return e.message
    return ""


def is_source(name: str) -> bool:
    """Tell whether a file's name is that of a text of the kernel: code, build or documents."""
    return _SOURCE.fullmatch(name) is not None
