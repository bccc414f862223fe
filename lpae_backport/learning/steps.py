# SPDX-License-Identifier: GPL-2.0-only
"""The steps of a pack in the making: facts put together, written, read back and proven."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lpae_backport.audit import audit_step
from lpae_backport.filetree import FileTree
from lpae_backport.layout import Layout
from lpae_backport.learning.drafting import Writer, with_ids
from lpae_backport.learning.lesson import Fact, Raw, StepProof
from lpae_backport.learning.proving import Sides, audits, cases, unproven
from lpae_backport.mailpatch.model import Patch
from lpae_backport.rule import Pack, Step

_TRAILER = re.compile(r"[\w-]+:")


@dataclass(eq=False)
class _Sketch:
    """A step before it is written: what it is called, and what it asks."""

    title: str
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Written:
    """A step as it was written, with its facts by the ids of their checks."""

    step: Step
    text: str
    facts: dict[str, Fact]


class Steps:
    """Makes steps of facts, until each of them is proven.

    Args:
        patches: what the facts are learned from.
        subject: what the patches do.
        writer: writes the pack.
        sides: the trees with and without the patches.
        old: a tree that has not got them, if one was given.
    """

    def __init__(
        self,
        patches: Sequence[Patch],
        subject: str,
        writer: Writer,
        sides: Sides,
        old: FileTree | None,
    ) -> None:
        self._subject = subject
        self._writer = writer
        self._sides = sides
        self._old = old
        # A message that is all trailers says nothing of why.
        message = patches[0].message.strip().split("\n\n")[0]
        self._why = subject if _TRAILER.match(message) else message or subject
        sha = patches[0].commit
        self._commit = (sha, subject) if sha and len(patches) == 1 else None

    def proven(self, facts: Iterable[Fact]) -> tuple[list[StepProof], dict[str, str]]:
        """Return steps of what can be proven of some facts, and their files by path."""
        left = list(facts)
        while sketches := self._grouped(left):
            written = [self._written(str(n), s) for n, s in enumerate(sketches, 1)]
            pack = self._writer.pack(tuple(w.step for w in written))
            proofs, files, wrong = self._proofs(written, pack)
            if not wrong:
                return proofs, files
            # What is left may be grouped, and so be proven, in another way.
            left = [f for f in left if all(f is not w for w in wrong)]
        return [], {}

    def _grouped(self, facts: Iterable[Fact]) -> list[_Sketch]:
        """Put facts into steps, one for each file; what only forbids goes to another's."""
        by_file: dict[str, _Sketch] = {}
        for f in facts:
            path = f.goal.path
            title = f"{'/'.join(path.split('/')[-2:])}: {self._subject}"
            by_file.setdefault(path, _Sketch(title)).facts.append(f)
        sketches = list(by_file.values())
        real = [s for s in sketches if not all(f.check.is_constraint for f in s.facts)]
        if not real:
            return []
        for s in sketches:
            if s not in real:
                real[0].facts += s.facts
        if len(real) == 1:
            real[0].title = self._subject
        return real

    def _written(self, number: str, sketch: _Sketch) -> _Written:
        facts: dict[str, Fact] = {}
        checks: list[Raw] = []
        for f, raw in with_ids(sketch.facts):
            facts[raw["id"]] = f
            checks.append(raw)
        text = self._writer.step_file(number, sketch.title, self._why, self._commit, checks)
        return _Written(self._writer.step(text, number), text, facts)

    def _proofs(
        self, written: Sequence[_Written], pack: Pack
    ) -> tuple[list[StepProof], dict[str, str], list[Fact]]:
        """Return the steps with their files, and the facts that could not be proven."""
        proofs: list[StepProof] = []
        files: dict[str, str] = {}
        wrong: list[Fact] = []
        for w in written:
            after, before = audits(w.step, pack, self._sides)
            bad, found = unproven(after, before), ""
            if not bad:
                found, bad = cases(w.step, pack, self._sides)
            if bad:
                wrong += [w.facts[i] for i in bad]
                continue
            files[f"steps/{w.step.id}.yaml"] = w.text
            files[f"cases/{w.step.id}.yaml"] = found
            told = tuple(
                replace(f, raw={"id": i, **f.raw}, check=replace(f.check, id=i))
                for i, f in w.facts.items()
            )
            proof = StepProof(w.step.id, w.step.title, told, after.verdict, before.verdict)
            if self._old is not None:
                layout = Layout(self._old, pack, self._sides.parsed)
                proof = replace(proof, old=audit_step(w.step, layout).verdict)
            proofs.append(proof)
        return proofs, files, wrong
