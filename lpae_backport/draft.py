# SPDX-License-Identifier: GPL-2.0-only
"""A tree with changes laid over it, kept in memory: what a series would make of the target."""

import re
from collections.abc import Mapping

from lpae_backport.errors import RefusedError
from lpae_backport.filetree import FileTree, Listing, UnreadableError
from lpae_backport.layout import Layout, Resolved
from lpae_backport.rule import Pack
from lpae_backport.source import Source
from lpae_backport.symbols import CodeFile

_PLAIN = re.compile(r"[\w./+,=@%~ -]+", re.ASCII)


class Draft(FileTree):
    """A tree and the changes made to it.

    Files whose every line ends in CR LF are seen, and edited, with plain line ends; `result`
    gives them back as they were.

    Args:
        base: the tree as it is.
        pack: the pack whose files are looked at.
        parsed: files that were parsed before, by path and content; more are added to it.
    """

    def __init__(
        self,
        base: FileTree,
        pack: Pack,
        parsed: dict[tuple[str, bytes], Resolved] | None = None,
    ) -> None:
        self.path, self.root = base.path, base.root
        self._base = base
        self._pack = pack
        self._changed: dict[str, bytes | None] = {}
        self._crlf: dict[str, bool] = {}
        self.known = parsed if parsed is not None else {}
        """Files that were parsed, by path and content."""
        self._layout: Layout | None = None

    def read(self, name: str) -> bytes:
        """Return the bytes of a file as changed; see `FileTree.read`."""
        if name in self._changed:
            data = self._changed[name]
            if data is None:
                raise UnreadableError("no such file", where=name)
            return data
        data = self._base.read(name)
        self._crlf[name] = _is_crlf(data)
        return data.replace(b"\r\n", b"\n") if self._crlf[name] else data

    def is_file(self, name: str) -> bool:
        """Tell whether the changed tree has such a file."""
        if name in self._changed:
            return self._changed[name] is not None
        return self._base.is_file(name)

    def listing(self, name: str) -> Listing:
        """Return what stands in one directory of the changed tree."""
        found = self._base.listing(name)
        here = {p.rpartition("/")[2]: d for p, d in self._changed.items() if _folder(p) == name}
        if not here:
            return found
        files = {f for f in found.files if here.get(f, b"") is not None}
        files |= {f for f, data in here.items() if data is not None}
        return Listing(tuple(sorted(files)), found.dirs)

    @property
    def layout(self) -> Layout:
        """The changed tree seen through the pack; parsed files are kept while they stay equal."""
        if self._layout is None:
            self._layout = Layout(self, self._pack, self.known)
        return self._layout

    def write(self, name: str, text: str) -> None:
        """Change a file, or make a new one; `text` is latin-1, one character a byte.

        Raises:
            RefusedError: git could not carry the change: the file is reached by a symbolic link,
                or its name would have to be quoted.
        """
        if self._base.is_linked(name):
            raise RefusedError("it is reached by a symbolic link", where=name)
        if not _PLAIN.fullmatch(name):
            raise RefusedError("its name cannot stand in a patch as it is", where=name)
        self._changed[name] = text.encode("latin-1")
        self._layout = None

    def put(self, name: str, data: bytes | None) -> None:
        """Change a file to these bytes as they are, or take it away."""
        self._changed[name] = data
        self._layout = None

    def mentioning(self, word: bytes, folders: tuple[str, ...]) -> list[str]:
        """Return the sources of the changed tree that have a word in them."""
        found = set(self._base.mentioning(word, folders))
        for path, data in self._changed.items():
            if data is not None and word in data:
                found.add(path)
            else:
                found.discard(path)
        return sorted(found)

    def move(self, old: str, new: str) -> None:
        """Move a file."""
        if self._base.is_linked(old):
            raise RefusedError("it is reached by a symbolic link", where=old)
        data = self.read(old)
        self._crlf[new] = self._crlf.get(old, False)
        self._changed[old] = None
        self._changed[new] = data
        self._layout = None

    def mark(self) -> Mapping[str, bytes | None]:
        """Return the changes so far, to go back to."""
        return dict(self._changed)

    def reset(self, mark: Mapping[str, bytes | None]) -> None:
        """Go back to an earlier state."""
        if self._changed != mark:
            self._changed = dict(mark)
            self._layout = None

    def result(self, name: str) -> bytes | None:
        """Return a file as it is to be written to disk; `None` where it is no longer there."""
        if not self.is_file(name):
            return None
        data = self.read(name)
        return data.replace(b"\n", b"\r\n") if self._crlf.get(name) else data

    def original(self, name: str) -> bytes | None:
        """Return a file as the tree has it; `None` where the tree has none."""
        return self._base.read(name) if self._base.is_file(name) else None

    def since(self, mark: Mapping[str, bytes | None]) -> list[str]:
        """Return the paths whose content changed since an earlier state, sorted."""
        return sorted(p for p in self._changed if self._changed[p] != self.at(mark, p))

    def at(self, mark: Mapping[str, bytes | None], name: str) -> bytes | None:
        """Return a file as it was in an earlier state; `None` where it was not there."""
        if name in mark:
            return mark[name]
        if not self._base.is_file(name):
            return None
        data = self._base.read(name)
        return data.replace(b"\r\n", b"\n") if _is_crlf(data) else data

    def parsed(self, name: str, data: bytes) -> CodeFile | None:
        """Return some content of a file parsed, or nothing where it cannot be."""
        if (name, data) not in self.known:
            return CodeFile(Source(name, data))
        found = self.known[name, data]
        return found if isinstance(found, CodeFile) else None

    def touched(self) -> list[str]:
        """Return the paths whose content is no longer that of the tree, sorted."""
        return sorted(p for p in self._changed if self.result(p) != self.original(p))


class Earlier:
    """The parsed files of an earlier state of a draft.

    Args:
        draft: the draft.
        mark: the state, from `Draft.mark`.
    """

    def __init__(self, draft: Draft, mark: Mapping[str, bytes | None]) -> None:
        self._draft = draft
        self._mark = mark

    def get(self, path: str) -> CodeFile | None:
        """Return a file as it was, or nothing where it was not there."""
        data = self._draft.at(self._mark, path)
        return self._draft.parsed(path, data) if data is not None else None

    def touched(self) -> list[str]:
        """Return the paths whose content has changed since."""
        return self._draft.since(self._mark)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _is_crlf(data: bytes) -> bool:
    return b"\r\n" in data and data.count(b"\r\n") == data.count(b"\n")
