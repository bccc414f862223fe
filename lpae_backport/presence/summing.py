# SPDX-License-Identifier: GPL-2.0-only
"""Sums up verdicts: hunks to a file, files to a patch."""

from collections.abc import Iterable

from lpae_backport.presence.verdict import HunkStatus

_WORST = (
    HunkStatus.CONFLICTS,
    HunkStatus.UNKNOWN,
    HunkStatus.PARTLY,
    HunkStatus.APPLICABLE,
    HunkStatus.APPLIED,
)


def summed(statuses: Iterable[HunkStatus]) -> HunkStatus:
    """Return the status of several together.

    It is ``applied`` only if all are. It is ``partly`` if some are and others could be or are in
    conflict; ``unknown`` if all that is not applied cannot be judged; ``target-gone`` only if all
    of it is; else the worst of them.
    """
    found = set(statuses)
    if not found:
        return HunkStatus.UNKNOWN
    if len(found) == 1:
        return next(iter(found))
    if found == {HunkStatus.APPLIED, HunkStatus.UNKNOWN}:
        return HunkStatus.UNKNOWN
    if found & {HunkStatus.APPLIED, HunkStatus.PARTLY}:
        return HunkStatus.PARTLY
    if HunkStatus.TARGET_GONE in found:
        return HunkStatus.CONFLICTS
    return next(s for s in _WORST if s in found)
