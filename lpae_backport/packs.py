# SPDX-License-Identifier: GPL-2.0-only
"""Finds packs and the steps a user asked for."""

import difflib
from pathlib import Path

from lpae_backport.audit import Selection
from lpae_backport.errors import UsageError
from lpae_backport.rule import Pack
from lpae_backport.ruleset import fits, load_pack, pack_folders


def shipped_rules() -> Path:
    """Return the folder of rules that comes with the program."""
    here = Path(__file__).parent
    installed = here / "rules"
    return installed if installed.is_dir() else here.parent / "rules"


def load_packs(rules: Path | None, names: tuple[str, ...]) -> list[Pack]:
    """Load packs by name, or all of a folder.

    Raises:
        UsageError: there is no pack of such a name.
        RuleError: a pack cannot be used.
    """
    folders = pack_folders(rules or shipped_rules())
    every = [load_pack(f) for f in folders]
    packs = [p for p in every if not names or p.id in names]
    missing = set(names) - {p.id for p in packs}
    if missing:
        known = ", ".join(p.id for p in every)
        raise UsageError(f"no pack '{min(missing)}'", hint=f"known: {known}")
    return packs


def select(packs: list[Pack], step_ids: tuple[str, ...]) -> Selection:
    """Choose steps by id; a prefix such as ``1.6.2`` stands for all steps below it.

    Raises:
        UsageError: an id fits no step.
    """
    chosen: Selection = []
    for pack in packs:
        steps = tuple(s for s in pack.steps if not step_ids or any(fits(s.id, i) for i in step_ids))
        if steps:
            chosen.append((pack, steps))
    for i in step_ids:
        if not any(fits(s.id, i) for _, steps in chosen for s in steps):
            every = [s.id for p in packs for s in p.steps]
            close = difflib.get_close_matches(i, every, 1)
            raise UsageError(
                f"no step '{i}'",
                hint=f"did you mean '{close[0]}'?" if close else "see lpae-audit rules list",
            )
    return chosen
