# SPDX-License-Identifier: GPL-2.0-only
"""Tells whether a pack would miss one of several definitions of a name in one file."""

from collections.abc import Sequence

from lpae_backport.entities.extraction import Entity
from lpae_backport.learning.lesson import Fact
from lpae_backport.learning.trial import Trial

_KINDS = ("function", "macro")
_MOST = 12
"""Definitions of one name that are tried; so many branches hardly ever are."""


def is_untold_twin(e: Entity, old: Sequence[Entity], facts: Sequence[Fact], trial: Trial) -> bool:
    """Tell whether all checks still hold where one definition of several is as it was.

    Args:
        e: the definition, with the patch; it is one that the patch changes or adds.
        old: the definitions of that name without the patch.
        facts: the checks of the pack.
        trial: runs them.
    """
    file = e.file
    mine = [x for x in file.entities if (x.kind, x.name) == (e.kind, e.name)]
    if e.kind not in _KINDS or len(mine) < 2:
        return False
    if any(x is e for x in mine[_MOST:]):
        return True
    # What stayed as it is has its own before; the others are taken in their order.
    told = [x.tokens for x in old]
    changed = [x for x in mine if x.tokens not in told]
    here = [x.tokens for x in mine]
    gone = [o for o in old if o.tokens not in here]
    number = next((i for i, x in enumerate(changed) if x is e), len(gone))
    was = _text(gone[number]) if number < len(gone) else b""
    data = file.source.data
    data = data[: e.span.start] + was + data[e.span.end :]
    return trial.all_hold([f for f in facts if f.goal.path == file.path], file.path, data)


def _text(e: Entity) -> bytes:
    return e.file.source.data[e.span.start : e.span.end]
