# SPDX-License-Identifier: GPL-2.0-only
"""Reads a tarball once, from its first byte to its last, within bounds.

Whatever an archive claims, no more than a few megabytes of it are in memory at a time: what a
decompressor may ask for, what a header may hold and what all of it may come to is limited.
"""

import contextlib
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from lpae_backport.errors import TreeError

MAX_TOTAL = 16 * 1024**3
"""Largest archive that is read, unpacked, in bytes; Linux 6.12 has 1.5 GB."""
MAX_MEMBERS = 2_000_000
"""Most members that are read; Linux 6.12 has 92,000."""
_MAX_HEADER = 4 * 1024**2
_MAX_MEMORY = 256 * 1024**2
"""What a decompressor may take, in bytes; xz -9 needs 65 MB to be undone."""
_CHUNK = 1 << 20
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""How a frame of zstd begins that holds no data; pzstd writes one first."""
_INNER = re.compile(r"(?:^|/)[^/]*\.tar(?:\.\w+)?$")


class XzReader(io.RawIOBase):
    """Reads xz, stream behind stream, with a limit on memory that the standard library has not.

    Args:
        file: the compressed bytes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._xz = lzma.LZMADecompressor(memlimit=_MAX_MEMORY)
        self._rest = b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as one step of decompression goes."""
        while True:
            given = self._rest or (self._file.read(_CHUNK) if self._xz.needs_input else b"")
            self._rest = b""
            if self._xz.eof:
                given = (self._xz.unused_data + given).lstrip(b"\0") or self._file.read(_CHUNK)
                given = given.lstrip(b"\0")
                if not given:
                    return 0
                self._xz = lzma.LZMADecompressor(memlimit=_MAX_MEMORY)
            elif not given and self._xz.needs_input:
                raise EOFError
            data = self._xz.decompress(given, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)


class Forward:
    """A file that is only read forward, as far as tar needs it, within bounds.

    Args:
        file: the tar's bytes.
        where: the archive, for messages.
    """

    def __init__(self, file: IO[bytes], where: str) -> None:
        self._file = file
        self._where = where
        self._at = 0
        self._budget = _MAX_HEADER
        self.is_cut = False
        """Whether it ended where tar had something more to read."""
        self.is_blank = True
        """Whether the last block was empty, as that behind the last entry has to be."""

    def allow(self, count: int) -> None:
        """Let the next reads take so many bytes together."""
        self._budget = count

    def tell(self) -> int:
        """Return how much has been read."""
        return self._at

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        if count > self._budget:
            raise TreeError("an entry's header is too large", where=self._where)
        self._budget -= count
        data = self._take(count)
        self.is_cut = len(data) < count
        self.is_blank = not data.strip(b"\0")
        return data

    def seek(self, to: int) -> None:
        """Skip to a place further on."""
        if to < self._at:
            raise TreeError("damaged archive: an entry has no such size", where=self._where)
        while self._at < to and self._take(min(_CHUNK, to - self._at)):
            pass

    def _take(self, count: int) -> bytes:
        data = self._file.read(count)
        self._at += len(data)
        if self._at > MAX_TOTAL:
            text = f"unpacks to more than {MAX_TOTAL >> 30} GB"
            raise TreeError(text, where=self._where, hint="unpack it and name the directory")
        return data


class Member:
    """One entry of an archive, while the stream stands at it.

    Args:
        info: what tar says of it.
        tar: the archive.
        stream: what it is read from.
        path: the archive's name.
    """

    def __init__(
        self, info: tarfile.TarInfo, tar: tarfile.TarFile, stream: Forward, path: str
    ) -> None:
        self.info = info
        self._tar = tar
        self._stream = stream
        self._path = path

    def file(self, limit: int) -> IO[bytes]:
        """Return its content, of which no more than `limit` bytes may be read."""
        self._stream.allow(limit + _CHUNK)
        found = self._tar.extractfile(self.info)
        assert found is not None
        return found

    def read(self, limit: int) -> bytes:
        """Return its content.

        Raises:
            TreeError: the archive is damaged there.
        """
        with _damage(self._path):
            data = self.file(limit).read(limit)
            if len(data) < min(self.info.size, limit):
                raise EOFError
        return data


@contextlib.contextmanager
def _damage(path: str) -> Iterator[None]:
    """Say in one line what is wrong with an archive that cannot be read on."""
    try:
        yield
    except EOFError:
        raise TreeError("damaged archive: it ends too early", where=path) from None
    except (tarfile.TarError, lzma.LZMAError, zlib.error, ValueError) as e:
        raise TreeError(f"damaged archive: {e}", where=path) from None
    except RecursionError:
        raise TreeError("damaged archive: too many headers for one entry", where=path) from None
    except OSError as e:
        raise TreeError(f"cannot be read: {e.strerror or e}", where=path) from None


def members(path: str, told: Callable[[int], None]) -> Iterator[Member]:
    """Yield the entries of an archive in their order.

    Args:
        path: a ``.tar``, plain or compressed by gzip, bzip2, xz or zstd, or a ``.deb`` with one.
        told: called now and then with how many bytes of the file have been read.

    Raises:
        TreeError: it cannot be read, is no archive, is damaged, or too large.
    """
    with _damage(path), open(path, "rb") as file:
        for number, m in enumerate(_inside(file, path), 1):
            if number > MAX_MEMBERS:
                raise TreeError(f"more than {MAX_MEMBERS} entries", where=path)
            if not number % 500:
                told(file.tell())
            yield m


def _inside(file: IO[bytes], path: str) -> Iterator[Member]:
    if file.read(8) == b"!<arch>\n":
        yield from _debian(_data_member(file, path), path)
        return
    file.seek(0)
    yield from _tar(_unpacked(file, path), path)


def _debian(file: IO[bytes], path: str) -> Iterator[Member]:
    """Yield what a package holds; of one that holds a tarball of sources, what that holds."""
    for m in _tar(_unpacked(file, path), path):
        if m.info.isreg() and _INNER.search(m.info.name):
            yield from _tar(_unpacked(m.file(MAX_TOTAL), path), path)
            return
        yield m


def _tar(file: IO[bytes], path: str) -> Iterator[Member]:
    stream = Forward(file, path)
    # Anything that reads, tells and seeks forward will do for tarfile.
    tar = tarfile.TarFile(fileobj=cast("IO[bytes]", stream), errors="surrogateescape")
    while (info := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined]  # else it keeps all of them
        yield Member(info, tar, stream, path)
        stream.allow(_MAX_HEADER)
    if stream.is_cut:
        raise EOFError
    if not stream.is_blank:
        raise ValueError("an entry's header cannot be read")


def _unpacked(file: IO[bytes], path: str) -> IO[bytes]:
    """Return the bytes behind whatever compression a file begins with."""
    buffered = io.BufferedReader(cast("io.RawIOBase", file), _CHUNK)
    start = buffered.peek(512)[:512]
    if start.startswith(b"\xfd7zXZ\0"):
        return io.BufferedReader(XzReader(buffered), _CHUNK)
    if start.startswith(b"\x1f\x8b"):
        import gzip

        return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered))
    if start.startswith(b"BZh"):
        import bz2

        return bz2.BZ2File(buffered)
    if start.startswith(b"\x28\xb5\x2f\xfd") or _SKIPPABLE.match(start):
        return _zstd(buffered)
    if _is_header(start):
        return buffered
    hint = "a .tar, .tar.gz, .tar.xz, .tar.zst, or a .deb that holds one"
    raise TreeError("not an archive of sources", where=path, hint=hint)


def _is_header(block: bytes) -> bool:
    """Tell whether a block is the first of a tar, of whatever age."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return bool(block) and not block.strip(b"\0")
    return True


def _zstd(file: IO[bytes]) -> IO[bytes]:
    import zstandard

    class Reader(io.RawIOBase):
        """Says what is wrong in the words of the standard library."""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            try:
                return int(inner.readinto(buffer))
            except zstandard.ZstdError as e:
                raise ValueError(str(e)) from None

    unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_MEMORY // 2)
    inner = unpacker.stream_reader(file, read_across_frames=True)
    return io.BufferedReader(Reader(), _CHUNK)


def _data_member(file: IO[bytes], path: str) -> IO[bytes]:
    """Return the part of a Debian package that holds its files."""
    while head := file.read(60):
        if len(head) < 60 or head[58:] != b"`\n" or not head[48:58].strip().isdigit():
            raise TreeError("damaged archive: no Debian package", where=path)
        if head[:16].startswith(b"data.tar"):
            return file
        size = int(head[48:58])
        file.seek(size + size % 2, io.SEEK_CUR)
    raise TreeError("no files in this package", where=path)
