# SPDX-License-Identifier: GPL-2.0-only
"""Where the index is: a folder of the user's cache that nobody else can write to."""

import contextlib
import fcntl
import hashlib
import os
import stat
from functools import cache
from pathlib import Path
from types import TracebackType

from lpae_backport import masking
from lpae_backport.catalog import definitions, filescan, statements
from lpae_backport.errors import AuditError

FORMAT = 1
"""Counts up when what is written has another form; the text of the scanner counts by itself."""
_PREFIX = "index-"
_SUFFIXES = (".db", ".db-wal", ".db-shm", ".lock")


class NoIndexError(AuditError):
    """The index cannot be used; everything works without it."""


def folder() -> Path:
    """Return the folder of the index, which may not be there.

    It is ``$LPAE_AUDIT_CACHE``, else ``lpae-audit`` in the cache folder that the system has for
    the user (``$XDG_CACHE_HOME``, ``~/.cache``).

    Raises:
        NoIndexError: there is no such place.
    """
    given = os.environ.get("LPAE_AUDIT_CACHE")
    if given:
        return Path(given)
    import platformdirs

    found = Path(platformdirs.user_cache_dir("lpae-audit", appauthor=False))
    if not found.is_absolute():
        raise NoIndexError("no home directory", hint="set LPAE_AUDIT_CACHE")
    return found


@cache
def version() -> str:
    """Return what tells this index from that of another version of the program."""
    digest = hashlib.sha256(b"%d" % FORMAT)
    for module in (definitions, filescan, masking, statements):
        path = Path(str(module.__file__))
        digest.update(path.read_bytes())
    digest.update(Path(str(masking.__file__)).with_name("annotations.txt").read_bytes())
    return digest.hexdigest()[:16]


def checked(*, make: bool) -> Path:
    """Return the folder of the index if it is safe to use.

    Args:
        make: whether to make it where there is none.

    Raises:
        NoIndexError: it is not there and could not be made, or others may write to it.
    """
    place = folder()
    try:
        if make:
            place.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                place.mkdir(mode=0o700)
        info = place.stat()
    except OSError as e:
        raise NoIndexError(f"no index: {e.strerror}", where=str(place)) from None
    if not stat.S_ISDIR(info.st_mode):
        raise NoIndexError("no index: not a directory", where=str(place))
    if info.st_uid not in (os.geteuid(), 0) or info.st_mode & 0o022:
        hint = "chmod go-w it, or set LPAE_AUDIT_CACHE"
        raise NoIndexError("no index: others may write to it", where=str(place), hint=hint)
    return place


def database(place: Path) -> Path:
    """Return the database of this version in a folder."""
    return place / f"{_PREFIX}{version()}.db"


def versions(place: Path) -> list[Path]:
    """Return the databases of all versions in a folder, the latest used first."""
    found = []
    for path in place.glob(f"{_PREFIX}*.db"):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime, path))
    return [p for _, p in sorted(found, reverse=True)]


def size(path: Path) -> int:
    """Return the bytes that a database takes, with what belongs to it."""
    total = 0
    for suffix in _SUFFIXES:
        with contextlib.suppress(OSError):
            total += path.with_suffix(suffix).stat().st_size
    return total


def remove(path: Path) -> bool:
    """Remove a database that nobody uses.

    Returns:
        Whether it is gone.
    """
    try:
        with Lock(path, alone=True):
            for suffix in _SUFFIXES[:-1]:
                path.with_suffix(suffix).unlink(missing_ok=True)
    except (NoIndexError, OSError):
        return False
    return True


class Lock:
    """Says that a database is in use; ends with the process, however that ends.

    The file stays: were it removed, two processes could hold a lock of the same name.

    Args:
        path: the database.
        alone: whether to be its only user.

    Raises:
        NoIndexError: another process uses it, or this file system has no locks.
    """

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        self._file = -1
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        name = path.with_suffix(".lock")
        try:
            self._file = os.open(name, flags, 0o600)
        except OSError as e:
            with contextlib.suppress(OSError):  # one may read what one may not write
                self._file = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            if self._file < 0:
                raise NoIndexError(f"no index: {e.strerror}", where=str(name)) from None
        try:
            fcntl.flock(self._file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as e:
            self.close()
            raise NoIndexError(f"the index is in use: {e.strerror}", where=str(path)) from None

    def close(self) -> None:
        """Let go of it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "Lock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Wishes:
    """Which trees are to be indexed; outlives a damaged database and other versions.

    Args:
        place: the folder of the index.
    """

    def __init__(self, place: Path) -> None:
        self._folder = place / "trees"

    def __contains__(self, name: bytes) -> bool:
        return self._file(name).is_file()

    def add(self, name: bytes) -> None:
        """Note that a tree is to be indexed.

        Raises:
            NoIndexError: it cannot be written.
        """
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._file(name).write_bytes(name)
        except OSError as e:
            raise NoIndexError(f"no index: {e.strerror}", where=str(self._folder)) from None

    def drop(self, name: bytes) -> None:
        """Note that a tree is not to be indexed any more."""
        with contextlib.suppress(OSError):
            self._file(name).unlink()

    def clear(self) -> None:
        """Note that no tree is to be indexed."""
        for path in self._folder.glob("*"):
            with contextlib.suppress(OSError):
                path.unlink()

    def _file(self, name: bytes) -> Path:
        return self._folder / hashlib.sha256(name).hexdigest()[:32]
