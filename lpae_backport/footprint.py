# SPDX-License-Identifier: GPL-2.0-only
"""Which files of a kernel can packs look at? An archive keeps those and no others."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from lpae_backport.rule import Check, FileSpec, Kind, Pack


def footprint(packs: Iterable[Pack]) -> re.Pattern[str]:
    """Return a pattern of the paths below a kernel's root that some packs can look at.

    It may be too narrow for a tree whose Makefiles or includes lead elsewhere; what is asked for
    beyond it is still found, at the price of reading the archive again.
    """
    parts = sorted({part for pack in packs for part in _of_pack(pack)})
    return re.compile("|".join(parts))


def _of_pack(pack: Pack) -> Iterator[str]:
    if pack.makefiles:
        yield f"{re.escape(pack.makefiles)}/.*"
    if pack.defconfig is not None:
        yield f"{re.escape(pack.defconfig.under)}/[^/]*"
    for spec in pack.files.values():
        yield from _of_file(spec)
    for step in pack.steps:
        for check in step.checks:
            for c in (check, *check.either, *check.alternatives):
                yield from _of_check(c)


def _of_file(spec: FileSpec) -> Iterator[str]:
    if spec.under:
        yield f"{re.escape(spec.under)}/.*"
    for path in spec.paths:
        folder, _, name = path.rpartition("/")
        yield re.escape(path)
        if path.endswith(".c"):
            yield f"{re.escape(folder)}/[^/]*"  # with the private headers beside it
        elif spec.included_by:
            yield f"(?:.*/)?{re.escape(name)}"  # wherever the #include leads


def _of_check(check: Check) -> Iterator[str]:
    for path in check.paths:
        path = re.escape(posixpath.normpath(path))
        yield rf"{path}/.*\.[ch]" if check.kind is Kind.NO_INCLUDE else path
