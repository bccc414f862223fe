# SPDX-License-Identifier: GPL-2.0-only
"""Learns a pack of rules from patches and a tree that has them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lpae_backport.audit import info_of
from lpae_backport.draft import Draft
from lpae_backport.entities.extraction import EntityFile
from lpae_backport.filetree import FileTree
from lpae_backport.learning.changed import code_goals
from lpae_backport.learning.choice import Choice
from lpae_backport.learning.declared import Pair, declared_goals
from lpae_backport.learning.drafting import Writer, clean, logical_files, shortened, slug
from lpae_backport.learning.gaps import gaps_of
from lpae_backport.learning.lesson import Change, Gap, Goal, Lesson
from lpae_backport.learning.notcode import file_goals
from lpae_backport.learning.proving import Sides
from lpae_backport.learning.reversal import take_back
from lpae_backport.learning.steps import Steps
from lpae_backport.learning.telling import readme
from lpae_backport.learning.trial import Parsed, Trial
from lpae_backport.mailpatch.model import LineKind, Patch
from lpae_backport.masking import decode

_BUDGET = 1500
_LARGEST = 1024 * 1024
_WORD = re.compile(r"[A-Za-z_]\w+")


def learn(patches: Sequence[Patch], new: FileTree, old: FileTree | None = None) -> Lesson:
    """Learn what tells a tree with some patches from one without.

    Args:
        patches: the patches, in the order they were applied.
        new: a tree that has them.
        old: a tree that has not; without it only the new one with the patches taken back counts.

    Returns:
        The pack, its proof, and what it does not tell; without files if nothing can be told.
    """
    changes, gaps = take_back(patches, new)
    subject = next((p.subject for p in patches if p.subject), "") or patches[0].origin
    subject = shortened(subject)
    lesson = _Teaching(patches, changes, new, old, subject)
    return lesson.lesson(gaps)


class _Teaching:
    def __init__(
        self,
        patches: Sequence[Patch],
        changes: list[Change],
        new: FileTree,
        old: FileTree | None,
        subject: str,
    ) -> None:
        self._patches = patches
        self._changes = changes
        self._new, self._old = new, old
        self._subject = subject
        self._files = logical_files(changes)
        self._names = {s.paths[0]: k for k, s in self._files.items()}
        self._parsed: Parsed = {}
        added = (
            line.text
            for p in patches
            for c in p.changes
            for h in c.hunks
            for line in h.lines
            if line.kind is LineKind.ADDED
        )
        self._words = Counter(w for text in added for w in _WORD.findall(text))
        self._mine: dict[str, EntityFile] = {}
        self._theirs: dict[str, EntityFile] = {}
        self._writer = Writer(slug(subject), subject, self._files)

    def lesson(self, gaps: list[Gap]) -> Lesson:
        before = self._before()
        olds = (before,) if self._old is None else (before, self._old)
        trial = Trial(self._files, self._new, olds, self._parsed, _BUDGET)
        choice = Choice(trial)
        deep: set[str] = set()
        for change in self._changes:
            try:
                choice.choose(list(self._goals(change)))
            except RecursionError:
                gaps.append(Gap(change.path, "the whole file", "it is nested too deeply"))
                deep.add(change.path)
        sides = self._sides(before)
        making = Steps(self._patches, self._subject, self._writer, sides, self._old)
        steps, files = making.proven(choice.facts)
        told = [f for s in steps for f in s.facts]
        known = [c for c in self._changes if c.path not in deep]
        gaps = [*gaps, *gaps_of(known, self._mine, self._theirs, choice, told)]
        gaps += [Gap(p.origin, f"line {r.at}", r.what) for p in self._patches for r in p.problems]
        lesson = Lesson(
            origin=self._patches[0].origin,
            title=self._subject,
            pack=slug(self._subject),
            new=info_of(self._new),
            old=info_of(self._old) if self._old is not None else None,
            steps=tuple(steps),
            gaps=tuple(gaps),
            tried=trial.tried,
            held=trial.held,
            moved=tuple((c.patch_path, c.path) for c in self._changes if c.patch_path),
        )
        if not steps:
            return lesson
        pack = self._writer.pack_file(clean(lesson.origin))
        return replace(lesson, files={"pack.yaml": pack, "README.md": readme(lesson), **files})

    def _before(self) -> Draft:
        draft = Draft(self._new, self._writer.pack(()), self._parsed)
        for c in self._changes:
            if c.old_path != c.path:
                draft.put(c.path, None)
        for c in self._changes:
            draft.put(c.old_path, c.before)
        return draft

    def _sides(self, before: FileTree) -> Sides:
        mine: dict[str, EntityFile | str] = {**self._mine}
        theirs: dict[str, EntityFile | str] = {**self._theirs}
        for c in (c for c in self._changes if c.is_kconfig):
            mine[c.path], theirs[c.path] = decode(c.after or b""), decode(c.before or b"")
        return Sides(self._new, before, mine, theirs, self._parsed)

    def _goals(self, change: Change) -> Iterator[Goal]:
        logical = self._names.get(change.path, "")
        yield from file_goals(change, logical)
        if not change.is_c or change.after is None:
            return
        if max(len(change.after), len(change.before or b"")) > _LARGEST:
            return
        after = self._parse(change.path, change.after, self._mine)
        before = self._parse(change.old_path, change.before or b"", self._theirs)
        self._theirs.setdefault(change.path, before)
        pair = Pair(change.path, logical, after.code, before.code, lambda w: self._words[w])
        if change.before is not None:
            yield from code_goals(pair)
        yield from declared_goals(pair)

    def _parse(self, path: str, data: bytes, side: dict[str, EntityFile]) -> EntityFile:
        side[path] = EntityFile(path, data)
        self._parsed[path, data] = side[path].code
        return side[path]
