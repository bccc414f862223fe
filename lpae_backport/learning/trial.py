# SPDX-License-Identifier: GPL-2.0-only
"""Runs checks on the trees with and without a patch, as an audit would."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from lpae_backport.document import dump_yaml, parse_yaml
from lpae_backport.errors import RuleError
from lpae_backport.filetree import FileTree, MemoryTree
from lpae_backport.finding import State
from lpae_backport.layout import Layout, Resolved
from lpae_backport.learning.lesson import Fact, Goal, Raw
from lpae_backport.matcher import decide
from lpae_backport.rule import Check, FileSpec, Pack
from lpae_backport.stepfile import StepReader

Parsed = dict[tuple[str, bytes], Resolved]
_HERE = Path("step")


class Trial:
    """Trees with and without a patch, and the checks that were run on them.

    Args:
        files: the logical files.
        after: the tree with the patch.
        before: trees without it; a check must fail in each.
        parsed: files that were parsed before, by path and content.
        budget: how many checks may be run on both.
    """

    def __init__(
        self,
        files: Mapping[str, FileSpec],
        after: FileTree,
        before: tuple[FileTree, ...],
        parsed: Parsed,
        budget: int,
    ) -> None:
        self.tried = 0
        """How many checks were run on both sides."""
        self.held = 0
        """How many of them held without the patch too."""
        pack = self._pack = Pack("learned", "", Path(), "", dict(files), ())
        self._reader = StepReader(pack.files)
        self._after = Layout(after, pack, parsed)
        self._before = [Layout(b, pack, parsed) for b in before]
        self._budget = budget
        self._known: dict[str, Fact | None] = {}

    @property
    def is_spent(self) -> bool:
        """Tell whether no more checks may be run."""
        return self.tried >= self._budget

    def fact(self, goal: Goal) -> Fact | None:
        """Return the first form of a goal that holds with the patch and fails without."""
        for raw in goal.forms:
            key = repr(raw)
            if key not in self._known:
                if self.is_spent:
                    return None
                self._known[key] = self._try(goal, raw)
            found = self._known[key]
            if found is not None:
                return replace(found, goal=goal)
        return None

    def all_hold(self, facts: Iterable[Fact], path: str, data: bytes) -> bool:
        """Tell whether some checks of one file would hold if that had other bytes."""
        layout = Layout(MemoryTree({path: data}), self._pack)
        return all(decide(f.check, layout).state is State.MET for f in facts)

    def _try(self, goal: Goal, raw: Raw) -> Fact | None:
        check = self._read(raw)
        if check is None:
            return None
        self.tried += 1
        before = [decide(check, b) for b in self._before]
        if any(b.state is not State.UNMET for b in before):
            self.held += any(b.state is State.MET for b in before)
            return None
        after = decide(check, self._after)
        return Fact(goal, raw, check, after, before[0]) if after.state is State.MET else None

    def _read(self, raw: Raw) -> Check | None:
        """Return a check as the rule language reads it, or nothing where it does not."""
        try:
            return self._reader.check(parse_yaml(dump_yaml(raw).encode(), _HERE))
        except (RuleError, RecursionError, UnicodeEncodeError):
            return None
