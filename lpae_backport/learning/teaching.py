# SPDX-License-Identifier: GPL-2.0-only
"""Learns a pack of rules from patches and a tree that has them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lpae_backport.audit import audit_step, info_of
from lpae_backport.draft import Draft
from lpae_backport.entities.extraction import EntityFile
from lpae_backport.filetree import FileTree
from lpae_backport.finding import Verdict
from lpae_backport.layout import Layout
from lpae_backport.learning.changed import code_goals
from lpae_backport.learning.choice import Choice
from lpae_backport.learning.declared import Pair, declared_goals
from lpae_backport.learning.drafting import Writer, clean, logical_files, shortened, slug, with_ids
from lpae_backport.learning.gaps import gaps_of
from lpae_backport.learning.lesson import Change, Fact, Gap, Goal, Lesson, Raw, StepProof
from lpae_backport.learning.others import is_kconfig, other_goals
from lpae_backport.learning.proving import Sides, audits, cases, unproven
from lpae_backport.learning.reversal import take_back
from lpae_backport.learning.telling import readme
from lpae_backport.learning.trial import Parsed, Trial
from lpae_backport.mailpatch.model import LineKind, Patch
from lpae_backport.masking import decode
from lpae_backport.rule import Pack, Step

_BUDGET = 1500
_LARGEST = 1024 * 1024
_SHA = re.compile(r"(?<=@)[0-9a-f]{12,40}\b")
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


@dataclass
class _Draft:
    """A step in the making."""

    title: str
    facts: list[Fact] = field(default_factory=list)


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
        mine: dict[str, EntityFile | str] = {**self._mine}
        theirs: dict[str, EntityFile | str] = {**self._theirs}
        for c in (c for c in self._changes if is_kconfig(c.path)):
            mine[c.path], theirs[c.path] = decode(c.after or b""), decode(c.before or b"")
        sides = Sides(self._new, before, mine, theirs, self._parsed)
        steps, files = self._steps(choice.facts, sides)
        told = [f for s in steps for f in s.facts]
        known = [c for c in self._changes if c.path not in deep]
        gaps = [*gaps, *gaps_of(known, self._mine, self._theirs, choice, told)]
        gaps += [Gap(p.origin, f"line {r.at}", r.what) for p in self._patches for r in p.problems]
        if files:
            origin = clean(self._patches[0].origin)
            page = readme(slug(self._subject), clean(self._subject), origin, steps, gaps)
            files = {"pack.yaml": self._writer.pack_file(origin), "README.md": page, **files}
        return Lesson(
            origin=self._patches[0].origin,
            title=self._subject,
            pack=slug(self._subject),
            new=info_of(self._new),
            old=info_of(self._old) if self._old is not None else None,
            steps=tuple(steps),
            gaps=tuple(gaps),
            files=files,
            tried=trial.tried,
            held=trial.held,
        )

    def _before(self) -> Draft:
        draft = Draft(self._new, self._writer.pack(()), self._parsed)
        for c in self._changes:
            if c.old_path != c.path:
                draft.put(c.path, None)
        for c in self._changes:
            draft.put(c.old_path, c.before)
        return draft

    def _goals(self, change: Change) -> Iterator[Goal]:
        logical = self._names.get(change.path, "")
        yield from other_goals(change, logical)
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

    def _steps(self, facts: list[Fact], sides: Sides) -> tuple[list[StepProof], dict[str, str]]:
        """Draft the steps, drop what is not proven, and draft again until all is."""
        dropped: set[int] = set()
        while True:
            drafts = self._grouped([f for i, f in enumerate(facts) if i not in dropped])
            if not drafts:
                return [], {}
            made, files, wrong = self._made(drafts, sides)
            if not wrong:
                return made, files
            dropped |= {i for i, f in enumerate(facts) if any(f is w for w in wrong)}

    def _grouped(self, facts: list[Fact]) -> list[_Draft]:
        """Put facts into steps, one for each file; what only forbids goes to another's."""
        by_file: dict[str, _Draft] = {}
        for f in facts:
            draft = by_file.setdefault(f.goal.path, _Draft(self._title(f.goal.path)))
            draft.facts.append(f)
        drafts = list(by_file.values())
        real = [d for d in drafts if not all(f.check.is_constraint for f in d.facts)]
        if not real:
            return []
        for d in drafts:
            if d not in real:
                real[0].facts += d.facts
        if len(real) == 1:
            real[0].title = self._subject
        return real

    def _title(self, path: str) -> str:
        return f"{'/'.join(path.split('/')[-2:])}: {self._subject}"

    def _made(
        self, drafts: list[_Draft], sides: Sides
    ) -> tuple[list[StepProof], dict[str, str], list[Fact]]:
        texts, steps, facts = [], [], []
        for number, d in enumerate(drafts, 1):
            ids = list(with_ids(d.facts))
            facts.append({raw["id"]: f for f, raw in ids})
            texts.append(self._step_text(str(number), d.title, [raw for _, raw in ids]))
            steps.append(self._writer.step(texts[-1], str(number)))
        pack = self._writer.pack(tuple(steps))
        files: dict[str, str] = {}
        proofs: list[StepProof] = []
        wrong: list[Fact] = []
        for step, text, known in zip(steps, texts, facts, strict=True):
            after, before = audits(step, pack, sides)
            bad = unproven(after, before)
            found = ""
            if not bad:
                found, bad = cases(step, pack, sides)
            wrong += [known[i] for i in bad]
            files[f"steps/{step.id}.yaml"] = text
            files[f"cases/{step.id}.yaml"] = found
            old = self._verdict(step, pack)
            told = tuple(
                replace(f, raw={"id": i, **f.raw}, check=replace(f.check, id=i))
                for i, f in known.items()
            )
            proofs.append(StepProof(step.id, step.title, told, after.verdict, before.verdict, old))
        return proofs, files, wrong

    def _verdict(self, step: Step, pack: Pack) -> Verdict | None:
        if self._old is None:
            return None
        return audit_step(step, Layout(self._old, pack, self._parsed)).verdict

    def _step_text(self, number: str, title: str, checks: list[Raw]) -> str:
        message = self._patches[0].message.strip().split("\n\n")[0]
        why = message if message and ":" not in message.split("\n")[0][:20] else self._subject
        sha = _SHA.search(self._patches[0].origin)
        commit = (sha[0], self._subject) if sha and len(self._patches) == 1 else None
        return self._writer.step_file(number, title, why, commit, checks)
