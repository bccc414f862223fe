# SPDX-License-Identifier: GPL-2.0-only
"""Checks of the tree as a whole: files, includes of a file, Kconfig."""

from lpae_backport.answers import MAX_EVIDENCE, Answer
from lpae_backport.filetree import UnreadableError
from lpae_backport.finding import Evidence, State
from lpae_backport.kconfig import config_entry
from lpae_backport.layout import Layout, Unreadable
from lpae_backport.location import Location
from lpae_backport.logic import conj, negate, satisfiable
from lpae_backport.rule import Check


def file_present(check: Check, layout: Layout) -> Answer:
    """Decide whether the tree has one of some files."""
    for path in check.paths:
        if layout.tree.is_file(path):
            opened = layout.open(path)
            if isinstance(opened, Unreadable):
                return Answer(State.UNKNOWN, reason=f"{path}: {opened.reason}")
            return Answer(State.MET, (Evidence(Location(path, 1, 1), ""),))
    return Answer(State.UNMET, reason=f"no {' or '.join(check.paths)}")


def file_absent(check: Check, layout: Layout) -> Answer:
    """Decide whether the tree has none of some files."""
    for path in check.paths:
        if layout.tree.is_file(path):
            return Answer(
                State.UNMET, (Evidence(Location(path, 1, 1), ""),), f"{path} is still there"
            )
    return Answer(State.MET)


def no_include(check: Check, layout: Layout) -> Answer:
    """Decide whether nothing includes a file any more."""
    found = layout.includers((check.name,), check.paths)
    if found.places:
        shown = tuple(
            Evidence(Location(p, n, n), f"#include of {check.name}")
            for p, n in found.places[:MAX_EVIDENCE]
        )
        text = f"{len(found.places)} files still include {check.name}"
        return Answer(State.UNMET, shown, text)
    if found.unread:
        first = found.unread[0]
        text = f"{first.path}: {first.reason}; it may include {check.name}"
        return Answer(State.UNKNOWN, reason=text)
    return Answer(State.MET)


def kconfig(check: Check, layout: Layout) -> Answer:
    """Decide whether all that switches a symbol on implies an expression."""
    assert check.condition is not None
    for path in layout.plain_paths(check.scope.file):
        try:
            entry = config_entry(layout.tree.read(path), check.name)
        except UnreadableError as e:
            return Answer(State.UNKNOWN, reason=f"{path}: {e.message}")
        if entry is None:
            continue
        place = (Evidence(Location(path, entry.line, entry.end_line), f"config {check.name}"),)
        if satisfiable(conj([entry.depends, negate(check.condition.formula)])):
            return Answer(
                State.UNMET, place, f"{check.name} can be on without {check.condition.source}"
            )
        return Answer(State.MET, place)
    return Answer(State.UNMET, reason=f"no config {check.name}")
