# SPDX-License-Identifier: GPL-2.0-only
"""Plans a series: which patches, in which order, with what in them; and proves each on the way.

Nothing is written here. A patch is taken into the plan only if every step it makes is done behind
it, no other step has got worse, and what it leaves would compile as far as that can be told; else
its steps become manual, and so do those that build on them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lpae_backport.audit import audit_step, tree_notes
from lpae_backport.draft import Draft, Earlier
from lpae_backport.errors import RefusedError, UndecidableError
from lpae_backport.finding import Evidence, State, StepAudit, Verdict
from lpae_backport.fixer import check_sound, make, tidy
from lpae_backport.layout import Layout
from lpae_backport.matcher import TREE_KINDS
from lpae_backport.rule import Pack, PatchSpec, Step
from lpae_backport.tree import FileTree, UnreadableError
from lpae_backport.workplace import Workplace

_RANK = {
    Verdict.NOT_APPLICABLE: 4,
    Verdict.DONE: 4,
    Verdict.DIFFERS: 1,
    Verdict.PARTIAL: 1,
    Verdict.MISSING: 0,
    Verdict.UNKNOWN: -1,
}
"""What a patch must not lower; an older form may become a part of the newer one."""


@dataclass(frozen=True)
class Patch:
    """One patch of a series.

    Attributes:
        subject: its first line, in the style of the subsystem.
        steps: what it makes.
        made: the steps that it turns to done, those of other patches included.
        notes: what was adapted to the target.
        body: why, where the pack has words of its own for it; else the steps say so.
        files: the content of each file it touches behind it, as on disk; `None` for one that
            is gone.
    """

    subject: str
    steps: tuple[Step, ...]
    made: tuple[str, ...]
    notes: tuple[str, ...]
    body: str
    files: dict[str, bytes | None]


@dataclass(frozen=True)
class Manual:
    """A step that is left to a person.

    Attributes:
        step: the step.
        reason: why.
        place: where in the target.
        reference: where in the reference.
        text: what stands there in the reference, to look at.
    """

    step: Step
    reason: str
    place: str
    reference: str
    text: str = ""


@dataclass
class Plan:
    """A series, and how the target stands before and behind it."""

    pack: Pack
    before: dict[str, StepAudit]
    reference: dict[str, StepAudit]
    patches: list[Patch] = field(default_factory=list)
    manual: list[Manual] = field(default_factory=list)
    after: dict[str, StepAudit] = field(default_factory=dict)
    original: dict[str, bytes | None] = field(default_factory=dict)
    """The files the series touches, as they are in the target."""
    notes: tuple[str, ...] = ()
    """What is no step but decides whether the steps matter, such as a defconfig."""
    start: int = 1
    """The number of the first patch."""

    @property
    def open(self) -> list[str]:
        """Return the steps that are still open behind the series, in the order of the pack."""
        return [s for s, a in self.after.items() if a.verdict.is_open]


class Planner:
    """Plans the series of one pack for one target.

    Args:
        target: the old tree.
        reference: the new tree.
        pack: the rules.
        steps: the steps asked for.
        known: the reference's audits, where they have been made.
    """

    def __init__(
        self,
        target: FileTree,
        reference: FileTree,
        pack: Pack,
        steps: tuple[Step, ...],
        known: dict[str, StepAudit] | None = None,
    ) -> None:
        self._draft = Draft(target, pack)
        theirs = Layout(reference, pack)
        self._work = Workplace(self._draft, theirs, pack)
        self._wanted = {s.id for s in steps}
        self._steps = {s.id: s for s in pack.steps}
        self._depends: dict[str, frozenset[str]] = {}
        self._now = {s.id: self._audit(s) for s in pack.steps}
        if known is None:
            known = {s.id: audit_step(s, theirs) for s in pack.steps}
        self.plan = Plan(pack, dict(self._now), known)
        self._stuck: dict[str, str] = {}
        layout = self._draft.layout
        self.plan.notes = (*layout.notes(), *tree_notes(target, pack))

    def run(self, advance: Callable[[], None]) -> Plan:
        """Plan every patch in the order of the pack.

        Args:
            advance: called after each patch that was looked at.
        """
        for spec in self._specs():
            self._one(spec)
            advance()
        self.plan.after = dict(self._now)
        for path in sorted({p for patch in self.plan.patches for p in patch.files}):
            self.plan.original[path] = self._draft.original(path)
        return self.plan

    def _specs(self) -> list[PatchSpec]:
        """Return the patches of the pack, and one for each step that is in none of them."""
        named = {s for p in self.plan.pack.series for s in p.steps}
        rest = [s for s in self.plan.pack.steps if s.id not in named]
        return [
            *self.plan.pack.series,
            *(PatchSpec((s.id,), f"{self.plan.pack.id}: {s.title}") for s in rest),
        ]

    def _one(self, spec: PatchSpec) -> None:
        todo = [
            self._steps[s]
            for s in spec.steps
            if s in self._wanted and self._now[s].verdict.is_open and s not in self._stuck
        ]
        if not todo:
            return
        mark = self._draft.mark()
        self._work.notes.clear()
        try:
            if not self._work.holds(spec.probes):
                return
            self._may_start(todo, spec)
            before = Earlier(self._draft, mark)
            for step in todo:
                now = self._audit(step)
                if now.verdict.is_open:
                    self._now[step.id] = now
                    make(step, now, self._work)
            tidy(before, self._work)
            check_sound(before, self._work)
            made = self._judged(todo, mark)
        except (RefusedError, UndecidableError, UnreadableError) as e:
            self._draft.reset(mark)
            self._now |= {s.id: self._audit(s) for s in todo}
            for step in todo:
                self._give_up(step, self._older_form(step, spec) or e)
            return
        files = {p: self._draft.result(p) for p in self._draft.since(mark)}
        notes = tuple(self._work.notes)
        self.plan.patches.append(Patch(spec.subject, tuple(todo), made, notes, spec.body, files))

    def _may_start(self, todo: list[Step], spec: PatchSpec) -> None:
        """Refuse steps that have nothing sound to start from."""
        for step in todo:
            now = self._now[step.id]
            if now.verdict is Verdict.UNKNOWN:
                reason = next((c.reason for c in now.checks if c.reason), "it cannot be read")
                raise RefusedError(f"cannot be decided: {reason}")
            if self.plan.reference[step.id].verdict.is_open:
                raise RefusedError("the reference does not have it")
            for other in step.after:
                verdict = self._now[other].verdict
                if verdict.is_open and verdict is not Verdict.DIFFERS and other not in spec.steps:
                    raise RefusedError(_waits(other))

    def _audit(self, step: Step) -> StepAudit:
        """Audit one step in the draft, and remember which files that took."""
        layout = self._draft.layout
        layout.consulted.clear()
        audit = audit_step(step, layout)
        self._depends[step.id] = frozenset(layout.consulted)
        return audit

    def _older_form(self, step: Step, spec: PatchSpec) -> RefusedError | None:
        """Return what a step that failed waits for: one before it that is there in an older form.

        Such a one need not be in the way, so the step was tried all the same.
        """
        for other in step.after:
            if self._now[other].verdict is Verdict.DIFFERS and other not in spec.steps:
                return RefusedError(_waits(other))
        return None

    def _judged(self, todo: list[Step], mark: Mapping[str, bytes | None]) -> tuple[str, ...]:
        """Audit the draft; refuse it unless the steps are done and nothing got worse.

        A step that looks at none of the changed files stays as it is, unless files came or went.
        """
        changed = self._draft.since(mark)
        moved = any(not self._draft.is_file(p) or self._draft.at(mark, p) is None for p in changed)
        mine = {s.id for s in todo}
        new = {}
        for s, step in self._steps.items():
            same = s not in mine and not moved and self._depends[s].isdisjoint(changed)
            new[s] = self._now[s] if same and not self._is_treewide(step) else self._audit(step)
        for step in todo:
            audit = new[step.id]
            if audit.verdict.is_open:
                bad = next((c for c in audit.checks if c.reason), None)
                why = f"{bad.id}: {bad.reason}" if bad is not None else audit.verdict.value
                raise RefusedError(f"the edits do not make it hold ({why})")
        for s, audit in new.items():
            if _RANK[audit.verdict] < _RANK[self._now[s].verdict]:
                raise RefusedError(f"it would undo step {s}")
        made = tuple(
            s for s, a in new.items() if not a.verdict.is_open and self._now[s].verdict.is_open
        )
        self._now = new
        return made

    def _is_treewide(self, step: Step) -> bool:
        """Tell whether a step depends on more than the files it names."""
        return any(c.kind in TREE_KINDS for c in step.checks)

    def _give_up(
        self, step: Step, error: RefusedError | UndecidableError | UnreadableError
    ) -> None:
        self._stuck[step.id] = error.message
        mine = self._now[step.id].place
        theirs = _telling(self.plan.reference[step.id], self._now[step.id])
        place = error.where or (str(mine) if mine is not None else "")
        reference = str(theirs.location) if theirs is not None else ""
        text = theirs.text if theirs is not None else ""
        self.plan.manual.append(Manual(step, error.message, place, reference, text))


def _waits(step: str) -> str:
    return f"waits for {step}, which is not done"


def _telling(reference: StepAudit, target: StepAudit) -> Evidence | None:
    """Return what the reference has for the first check that the target does not meet."""
    unmet = {c.id for c in target.checks if c.state is not State.MET}
    ordered = sorted(reference.checks, key=lambda c: c.id not in unmet)
    found = [e for c in ordered for e in c.evidence if e.text]
    return found[0] if found else next((e for c in ordered for e in c.evidence), None)


def rest_of(
    plan: Plan, target: FileTree, reference: FileTree, steps: tuple[Step, ...]
) -> list[Patch]:
    """Plan once more on what a series makes of its target; that should come to nothing.

    Args:
        plan: the series.
        target: the tree it is for.
        reference: the new tree.
        steps: the steps asked for.
    """
    if not plan.patches:
        return []
    after = Draft(target, plan.pack)
    for patch in plan.patches:
        for path, data in patch.files.items():
            after.put(path, data)
    return Planner(after, reference, plan.pack, steps, plan.reference).run(lambda: None).patches
