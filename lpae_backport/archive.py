# SPDX-License-Identifier: GPL-2.0-only
"""The files of an archive, of which only those are kept that somebody will look at."""

import os
import posixpath
import re
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from lpae_backport.errors import TreeError
from lpae_backport.filetree import MAX_FILE, UnreadableError
from lpae_backport.storedtree import Entry, EntryKind, Store
from lpae_backport.unpacking import Member, members

_MAX_DEPTH = 4
"""How many folders a kernel may be down, and its own."""
_MAX_PASSES = 16
_SOURCES = r".*\.(?:c|h|S|inc)|(?:.*/)?(?:Makefile|Kbuild|Kconfig)[^/]*"
_MAX_NAME = 4096
"""Longest path, as Linux has it."""
_MAX_NAMES = 64 * 1024**2
"""Bytes of all paths together; those of Linux 6.12 have 4 MB."""
_MAX_NESTING = 64
_MAX_FOLDERS = 400_000
"""Most folders; Linux 6.12 has 5,900."""


@dataclass(slots=True)
class _Kept:
    """A file: its size, and where its bytes are; -1 as long as they are not kept."""

    size: int
    at: int


class ArchiveStore(Store):
    """An archive, read once.

    Args:
        path: the file.
        wanted: the paths below a kernel's root to keep; `None` keeps all sources. A file that is
            asked for though it was not kept costs another pass.
        told: called now and then with how many bytes of the file have been read.

    Raises:
        TreeError: it cannot be read, is damaged, too large, or has entries no kernel has.
    """

    def __init__(
        self, path: str, wanted: re.Pattern[str] | None, told: Callable[[int], None]
    ) -> None:
        self._path = path
        self._told = told
        self._folders: dict[str, dict[str, Entry]] = {"": {}}
        self._files: dict[str, _Kept] = {}
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - as long-lived as the store
        weakref.finalize(self, self._spool.close)
        self._passes = 1
        self._names = 0
        inner = wanted.pattern if wanted is not None else _SOURCES
        top = rf"(?:[^/]+/){{0,{_MAX_DEPTH}}}"
        keep = re.compile(rf"{top}(?:{inner}|Makefile|\.lpae-audit\.[\w.]+)", re.DOTALL)
        for m in members(path, told):
            self._add(m, keep)

    def folder(self, path: str) -> dict[str, Entry]:
        """Return what stands in a folder; see `Store.folder`."""
        return self._folders.get(path, {})

    def content(self, entry: Entry, limit: int) -> tuple[bytes, int]:
        """Return the first bytes of a file; see `Store.content`."""
        if entry.kind is EntryKind.LINK:
            return entry.key.encode("utf-8", "surrogateescape"), len(entry.key)
        kept = self._files.get(entry.key)
        if kept is None:
            raise UnreadableError("a hard link to what the archive does not have")
        if kept.size > MAX_FILE:
            return b"", kept.size
        if kept.at < 0:
            self._fetch(entry.key, kept)
        self._spool.seek(kept.at)
        return self._spool.read(min(kept.size, limit)), kept.size

    def _add(self, m: Member, keep: re.Pattern[str]) -> None:
        name = self._checked(m)
        if not name or m.info.isdir():
            self._make_folder(name)
            return
        folder, _, last = name.rpartition("/")
        self._make_folder(folder)
        if m.info.issym():
            if len(m.info.linkname) > _MAX_NAME:
                raise TreeError("a link's target is too long", where=f"{self._path}: {name}")
            self._folders[folder][last] = Entry(EntryKind.LINK, m.info.linkname)
            return
        if m.info.islnk():
            target = self._inside(m.info.linkname, "hard link leads out of the archive")
            there = self.entry(target)
            self._folders[folder][last] = there or Entry(EntryKind.FILE, target)
            return
        kind = EntryKind.EXECUTABLE if m.info.mode & 0o111 else EntryKind.FILE
        self._folders[folder][last] = Entry(kind, name)
        self._files[name] = _Kept(m.info.size, -1)
        if m.info.size <= MAX_FILE and keep.fullmatch(name):
            self._keep(m, self._files[name])

    def _keep(self, m: Member, kept: _Kept) -> None:
        data = m.read(MAX_FILE)
        try:
            at = self._spool.seek(0, os.SEEK_END)
            self._spool.write(data)
        except OSError as e:
            raise TreeError(f"no room to unpack it: {e.strerror}", where=self._path) from None
        kept.at = at

    def _fetch(self, name: str, kept: _Kept) -> None:
        """Read the archive once more for a file that was not kept, and for those beside it."""
        if self._passes >= _MAX_PASSES:
            raise UnreadableError("was not kept when the archive was read")
        self._passes += 1
        near = posixpath.dirname(posixpath.dirname(name))
        for m in members(self._path, self._told):
            path = posixpath.normpath(m.info.name)
            known = self._files.get(path)
            if known is None or not m.info.isreg() or known.at >= 0:
                continue
            if path != name and near and not path.startswith(f"{near}/"):
                continue
            if known.size == m.info.size <= MAX_FILE:
                self._keep(m, known)
        if kept.at < 0:
            raise UnreadableError("the archive changed while it was read")

    def _make_folder(self, path: str) -> None:
        if path in self._folders:
            return
        above, _, last = path.rpartition("/")
        self._make_folder(above)
        if last in self._folders[above]:
            raise TreeError("entry below what is no folder", where=f"{self._path}: {path}")
        if len(self._folders) >= _MAX_FOLDERS:
            raise TreeError(f"more than {_MAX_FOLDERS} folders", where=self._path)
        self._folders[above][last] = Entry(EntryKind.DIR, path)
        self._folders[path] = {}

    def _checked(self, m: Member) -> str:
        """Return the path of an entry; refuse what no archive of sources has."""
        name = self._inside(m.info.name, "entry leads out of the archive")
        if m.info.isdev():
            what = "a pipe" if m.info.isfifo() else "a device"
            raise TreeError(f"holds {what}", where=f"{self._path}: {name}")
        return name

    def _inside(self, name: str, text: str) -> str:
        if len(name) > _MAX_NAME:
            raise TreeError(f"a name is longer than {_MAX_NAME}", where=self._path)
        if name.startswith("/") or ".." in name.split("/"):
            raise TreeError(text, where=f"{self._path}: {name}")
        self._names += len(name)
        if name.count("/") > _MAX_NESTING or self._names > _MAX_NAMES:
            raise TreeError("too many or too deep folders", where=self._path)
        path = posixpath.normpath(name)
        return "" if path == "." else path
