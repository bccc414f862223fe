# SPDX-License-Identifier: GPL-2.0-only
"""The database of the index: outlines by content, names to outlines, and the trees.

One transaction takes in outlines together with the names they are found by, and another process
sees all of it or nothing; so does the next one after a kill or a loss of power. Whatever a row
holds has a check sum of its own, for SQLite has none.
"""

import os
import sqlite3
import struct
import time
import weakref
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

from lpae_backport.catalog.indexing.buckets import (
    BUCKETS,
    bucket_of,
    by_bucket,
    holders,
    packed,
    pieces,
)
from lpae_backport.catalog.indexing.packing import DamagedError, Packed
from lpae_backport.catalog.indexing.place import Lock, NoIndexError
from lpae_backport.catalog.indexing.snapshot import Snapshot

_PATIENCE = 5.0
"""Seconds to wait for another process that writes."""
_USED = 3600
_SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE content (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outline (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE bucket (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE tree (
    name BLOB PRIMARY KEY, used INTEGER NOT NULL, files INTEGER NOT NULL, data BLOB NOT NULL
);
"""

New = tuple[bytes, int, bytes]
"""Key and number of a content, and its outline."""


class Database:
    """The index in a file.

    Args:
        path: the file.
        make: whether to make one where there is none.

    Raises:
        NoIndexError: there is none, or it cannot be used.
        DamagedError: it is no such database.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self.path = path
        if not make and not path.exists():
            raise NoIndexError("no index yet", where=str(path))
        self._lock = Lock(path)
        try:
            self._connect(make)
        except BaseException:
            self._lock.close()
            raise

    def _connect(self, make: bool) -> None:
        # Where nobody can write, SQLite cannot share it, and need not.
        self.is_writable = os.access(self.path.parent, os.W_OK | os.X_OK) and (
            make or os.access(self.path, os.W_OK)
        )
        uri = self.path.absolute().as_uri()
        made = "?mode=rwc" if make else "?mode=rw"
        mode = made if self.is_writable else "?mode=ro&immutable=1"
        if make:
            try:
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            except OSError as e:
                why = f"the index cannot be written: {e.strerror}"
                raise NoIndexError(why, where=str(self.path)) from None
        with damage_told():
            self._db = sqlite3.connect(
                uri + mode, uri=True, isolation_level=None, timeout=_PATIENCE
            )
        self._end = weakref.finalize(self, _ended, self._db, self._lock)
        try:
            with damage_told():
                self._set_up(make)
        except BaseException:
            self.close()
            raise

    def _set_up(self, make: bool) -> None:
        self._db.execute("PRAGMA trusted_schema=OFF")
        self._db.execute("PRAGMA cache_size=-65536")
        if self.is_writable:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA journal_size_limit=67108864")
        if make and not self._has_tables():
            with self.writing():
                if not self._has_tables():  # another process may have been quicker
                    self._make_tables()

    def _has_tables(self) -> bool:
        return bool(self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def _make_tables(self) -> None:
        for statement in _SCHEMA.split(";")[:-1]:
            self._db.execute(statement)
        # Not 1: what another database of this name had removed is not known to this one.
        states = (("next", 1), ("generation", int.from_bytes(os.urandom(7), "big")))
        self._db.executemany("INSERT INTO state VALUES (?, ?)", states)
        empty = ((n, b"") for n in range(BUCKETS))
        self._db.executemany("INSERT INTO bucket VALUES (?, ?)", empty)

    def close(self) -> None:
        """Let go of it."""
        self._end()

    def pin(self) -> None:
        """See one state of the database from here on, whatever others write."""
        with damage_told():
            if not self._db.in_transaction:
                self._db.execute("BEGIN")
                self._state("generation")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write all of it or nothing."""
        with damage_told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _state(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise DamagedError(f"it has no '{name}'")
        return int(row[0])

    def generation(self) -> int:
        """Return how often outlines were removed: what was known before may be gone."""
        with damage_told():
            return self._state("generation")

    def reserve(self, count: int) -> int:
        """Return the first of some numbers that no other process will use."""
        with self.writing():
            first = self._state("next")
            if first + count >= 1 << 32:
                raise DamagedError("it is full")
            self._db.execute("UPDATE state SET value = ? WHERE name = 'next'", (first + count,))
        return first

    def number(self, key: bytes) -> int:
        """Return the number of a content; 0 if its outline is not here."""
        with damage_told():
            row = self._db.execute("SELECT number FROM content WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 0

    def outline(self, number: int) -> Packed:
        """Return the outline of a number.

        Raises:
            DamagedError: there is none, or it is damaged.
        """
        with damage_told():
            row = self._db.execute(
                "SELECT data FROM outline WHERE number = ?", (number,)
            ).fetchone()
        if row is None:
            raise DamagedError("an outline is missing")
        return Packed(row[0])

    def holders(self, number: int) -> set[int]:
        """Return the outlines that may have a name.

        Args:
            number: the number of the name.
        """
        return holders(self._bucket(bucket_of(number)), number)

    def _bucket(self, bucket: int) -> bytes:
        with damage_told():
            row = self._db.execute("SELECT data FROM bucket WHERE number = ?", (bucket,)).fetchone()
        if row is None:
            raise DamagedError("a table of names is missing")
        return bytes(row[0])

    def add(self, new: Iterable[New], entries: list[int]) -> None:
        """Take in outlines; within `writing`.

        Args:
            new: the outlines.
            entries: where names are: the number of a name times 2^32, and that of an outline.
        """
        new = sorted(new)
        self._db.executemany("INSERT OR REPLACE INTO outline VALUES (?, ?)", [n[1:] for n in new])
        self._db.executemany("INSERT OR IGNORE INTO content VALUES (?, ?)", [n[:2] for n in new])
        pieces = [(packed(values, b), b) for b, values in by_bucket(entries)]
        self._db.executemany(
            "UPDATE bucket SET data = CAST(data || ? AS BLOB) WHERE number = ?", pieces
        )

    def snapshot(self, name: bytes) -> Snapshot | None:
        """Return what is known of a tree."""
        with damage_told():
            row = self._db.execute("SELECT data FROM tree WHERE name = ?", (name,)).fetchone()
        return Snapshot.from_bytes(row[0]) if row else None

    def put(self, name: bytes, snapshot: Snapshot) -> None:
        """Remember a tree; within `writing`."""
        row = (name, int(time.time()), len(snapshot.names), snapshot.to_bytes())
        self._db.execute("INSERT OR REPLACE INTO tree VALUES (?, ?, ?, ?)", row)

    def touch(self, name: bytes) -> None:
        """Note that a tree was used, unless that is known or others write."""
        now = int(time.time())
        try:
            self._db.execute("PRAGMA busy_timeout=0")
            self._db.execute(
                "UPDATE tree SET used = ? WHERE name = ? AND used < ?", (now, name, now - _USED)
            )
        except sqlite3.Error:
            pass
        finally:
            self._db.execute(f"PRAGMA busy_timeout={int(_PATIENCE * 1000)}")

    def trees(self) -> list[tuple[bytes, int, int]]:
        """Return the trees, the latest used first: name, when they were used, number of files."""
        with damage_told():
            rows = self._db.execute("SELECT name, used, files FROM tree ORDER BY used DESC")
            return [(bytes(n), int(u), int(f)) for n, u, f in rows]

    def drop(self, names: Collection[bytes]) -> None:
        """Forget trees; within `writing`."""
        self._db.executemany("DELETE FROM tree WHERE name = ?", [(n,) for n in names])

    def sweep(self) -> int:
        """Remove the outlines that no tree has; within `writing`.

        Returns:
            How many those were.
        """
        kept: set[int] = set()
        for (data,) in self._db.execute("SELECT data FROM tree"):
            kept.update(Snapshot.from_bytes(data).numbers)
        with closing(self._db.execute("SELECT number FROM outline")) as rows:
            gone = [(n,) for (n,) in rows if n not in kept]
        if gone:
            self._db.executemany("DELETE FROM outline WHERE number = ?", gone)
            self._db.execute("DELETE FROM content WHERE number NOT IN (SELECT number FROM outline)")
            for bucket in range(BUCKETS):
                held = chain.from_iterable(pieces(self._bucket(bucket), bucket))
                values = sorted(v for v in held if v & 0xFFFFFFFF in kept)
                row = (packed(values, bucket), bucket)
                self._db.execute("UPDATE bucket SET data = ? WHERE number = ?", row)
            self._db.execute("UPDATE state SET value = value + 1 WHERE name = 'generation'")
        return len(gone)

    def shrink(self) -> None:
        """Give back to the file system what is not needed any more."""
        with damage_told():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self) -> int:
        """Return the bytes that the content takes."""
        with damage_told():
            pages, free, page = (
                int(self._db.execute(f"PRAGMA {p}").fetchone()[0])
                for p in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * page


def _ended(connection: sqlite3.Connection, lock: Lock) -> None:
    connection.close()
    lock.close()


@contextmanager
def damage_told() -> Iterator[None]:
    """Turn what SQLite raises into what the index does.

    Raises:
        DamagedError: it is damaged.
        NoIndexError: it cannot be used now: another process writes, the disk is full.
    """
    try:
        yield
    except sqlite3.OperationalError as e:
        # These say so of a file that is cut off, or that is none.
        if any(w in str(e) for w in ("malformed", "no such table", "no such column", "disk I/O")):
            raise DamagedError(str(e)) from None
        raise NoIndexError(f"the index cannot be used: {e}") from None
    except (sqlite3.Error, struct.error, UnicodeDecodeError) as e:
        raise DamagedError(str(e)) from None
