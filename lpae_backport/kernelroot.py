# SPDX-License-Identifier: GPL-2.0-only
"""Where in a tree is the kernel? A vendor repository may have it a few folders down."""

import os
import re
import stat
from pathlib import Path
from typing import Protocol

from lpae_backport.errors import TreeError

_DEPTH = 3
_MAX_DIRS = 4000
_MAKEFILE = 65536
"""Bytes of a Makefile in which its version stands."""
_NOT_KERNEL = ("include/u-boot", "include/common.h", "board")
VERSION = re.compile(
    rb"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*([^\s#]*)", re.MULTILINE
)
_HINT = "give the kernel's top directory"


class Place(Protocol):
    """Folders to look for a kernel in; the empty path is the top one."""

    def kind(self, path: str) -> str:
        """Return ``dir``, ``file``, or nothing where there is no such thing."""

    def head(self, path: str, limit: int) -> bytes:
        """Return the first bytes of a file; none where it cannot be read."""

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in one, sorted; none of them is a link."""


class Disk:
    """A directory as a `Place`.

    Args:
        top: its name.
    """

    def __init__(self, top: str) -> None:
        self._top = top
        self._real = os.path.realpath(top).rstrip(os.sep) + os.sep

    def kind(self, path: str) -> str:
        """Return what a path is; links are followed."""
        full = os.path.join(self._top, path)
        if not (os.path.realpath(full) + os.sep).startswith(self._real):
            return ""
        if os.path.isdir(full):
            return "dir"
        return "file" if os.path.exists(full) else ""

    def head(self, path: str, limit: int) -> bytes:
        """Return the first bytes of a file."""
        try:
            fd = os.open(os.path.join(self._top, path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.read(fd, limit) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
        except OSError:
            return b""
        finally:
            os.close(fd)

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in one."""
        try:
            with os.scandir(os.path.join(self._top, path)) as entries:
                return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False))
        except OSError:
            return []


def _is_kernel(place: Place, path: str) -> bool:
    """Tell a kernel by its Makefile and two directories; U-Boot has all three but says so."""
    if any(place.kind(f"{path}{d}") != "dir" for d in ("drivers", "include/linux")):
        return False
    if any(place.kind(f"{path}{n}") for n in _NOT_KERNEL):
        return False
    if place.kind(f"{path}Makefile") != "file":
        return False
    found = dict(VERSION.findall(place.head(f"{path}Makefile", _MAKEFILE)))
    return b"VERSION" in found and b"PATCHLEVEL" in found


def _looks_like_kernel(place: Place, path: str) -> bool:
    """Tell whether a directory somebody named is a kernel whose Makefile hides its version."""
    wanted = ("Makefile", "Kconfig", "drivers/iommu", "include/linux")
    return all(place.kind(f"{path}{n}") for n in wanted) and not any(
        place.kind(f"{path}{n}") for n in _NOT_KERNEL
    )


def find_kernel(place: Place, name: str, start: str = "") -> str:
    """Find the kernel's root at or (for a vendor repository) a few directories below a folder.

    Args:
        place: where to look.
        name: what the user calls it, for messages.
        start: the folder to begin with; empty, or ending in ``/``.

    Returns:
        The path of the root; empty, or ending in ``/``.

    Raises:
        TreeError: there is no kernel in it, or more than one.
    """
    if _is_kernel(place, start) or _looks_like_kernel(place, start):
        return start
    level = [start]
    budget = _MAX_DIRS
    for _ in range(_DEPTH):
        below = [f"{d}{n}/" for d in level for n in place.folders(d.rstrip("/")) if n[0] != "."]
        budget -= len(below)
        if budget < 0:
            break
        found = [d for d in below if _is_kernel(place, d)]
        if len(found) > 1:
            names = ", ".join(f.rstrip("/") for f in found[:6])
            text = f"more than one kernel here: {names}"
            raise TreeError(text, where=name, hint="name one of them")
        if found:
            return found[0]
        level = below
    text = "not a kernel tree: no Makefile with a VERSION beside drivers/ and include/linux/"
    raise TreeError(text, where=name, hint=_HINT)


def find_on_disk(path: str) -> str:
    """Find the kernel's root in a directory; see `find_kernel`.

    Raises:
        TreeError: there is no such directory, no kernel in it, or more than one.
    """
    if not os.path.exists(path):
        raise TreeError("no such file or directory", where=path, hint=_HINT)
    if not os.path.isdir(path):
        raise TreeError("not a directory", where=path, hint=_HINT)
    try:
        return str(Path(path, find_kernel(Disk(path), path)))
    except TreeError as e:
        raise TreeError(e.message, where=e.where, hint=_near(path) or e.hint) from None


def _near(path: str) -> str:
    """Return what the user may have meant: the kernel around a folder, or a bare repository."""
    if all(os.path.exists(os.path.join(path, n)) for n in ("HEAD", "objects", "refs")):
        return f"{path}@HEAD"
    around = [str(p) for p in Path(os.path.realpath(path)).parents]
    found = next((p for p in around if _is_kernel(Disk(p), "")), "")
    return f"this is within the kernel {found}" if found else ""
