# SPDX-License-Identifier: GPL-2.0-only
"""Where in a directory is the kernel? A vendor repository may have it a few folders down."""

import os
import re
from pathlib import Path

from lpae_backport.errors import TreeError

_DEPTH = 3
_MAX_DIRS = 4000
_NOT_KERNEL = ("include/u-boot", "include/common.h", "board")
VERSION = re.compile(
    rb"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*([^\s#]*)", re.MULTILINE
)


def _is_kernel(path: Path) -> bool:
    """Tell a kernel by its Makefile and two directories; U-Boot has all three but says so."""
    if not os.path.isdir(path / "drivers") or not os.path.isdir(path / "include/linux"):
        return False
    if any(os.path.exists(path / n) for n in _NOT_KERNEL):
        return False
    try:
        with open(path / "Makefile", "rb") as f:
            found = dict(VERSION.findall(f.read(65536)))
    except OSError:
        return False
    return b"VERSION" in found and b"PATCHLEVEL" in found


def _looks_like_kernel(path: Path) -> bool:
    """Tell whether a directory somebody named is a kernel whose Makefile hides its version."""
    wanted = ("Makefile", "Kconfig", "drivers/iommu", "include/linux")
    return all(os.path.exists(path / n) for n in wanted) and not any(
        os.path.exists(path / n) for n in _NOT_KERNEL
    )


def find_kernel(path: Path) -> Path:
    """Find the kernel's root at or (for a vendor repository) a few directories below `path`.

    Raises:
        TreeError: there is no such directory, no kernel in it, or more than one.
    """
    if not os.path.exists(path):
        raise TreeError(
            "no such directory", where=str(path), hint="give the kernel's top directory"
        )
    if not os.path.isdir(path):
        raise TreeError("not a directory", where=str(path), hint="give the kernel's top directory")
    if _is_kernel(path) or _looks_like_kernel(path):
        return path
    level = [path]
    budget = _MAX_DIRS
    for _ in range(_DEPTH):
        below = []
        for d in level:
            below += _subdirectories(d)
        budget -= len(below)
        found = [d for d in below if _is_kernel(d)]
        if len(found) > 1:
            names = ", ".join(str(f.relative_to(path)) for f in found[:6])
            raise TreeError(
                f"more than one kernel here: {names}", where=str(path), hint="name one of them"
            )
        if found:
            return found[0]
        if budget < 0:
            break
        level = below
    raise TreeError(
        "not a kernel tree: no Makefile with a VERSION beside drivers/ and include/linux/",
        where=str(path),
        hint="give the kernel's top directory",
    )


def _subdirectories(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            names = [
                e.name for e in entries if e.is_dir(follow_symlinks=False) and e.name[0] != "."
            ]
    except OSError:
        return []
    return [path / n for n in sorted(names)]
