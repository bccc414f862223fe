# SPDX-License-Identifier: GPL-2.0-only
"""Plans a series: which patches, in which order, with what in them; and proves each on the way.

Nothing is written here. A patch is taken into the plan only if every step it makes is done behind
it, no other step has got worse, and what it leaves would compile as far as that can be told; else
its steps become manual, and so do those that build on them.
"""

import re
from collections.abc import Callable, Mapping

from lpae_backport.audit import audit_step, tree_notes
from lpae_backport.draft import Draft, Earlier
from lpae_backport.errors import RefusedError, UndecidableError
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.finding import Evidence, State, StepAudit, Verdict
from lpae_backport.fixer import check_sound, excerpt, make, tidy
from lpae_backport.layout import Layout
from lpae_backport.matcher import TREE_KINDS
from lpae_backport.plan import Manual, Patch, Plan
from lpae_backport.rule import Pack, PatchSpec, Step
from lpae_backport.workplace import Workplace

_INCLUDES = re.compile(rb"^[ \t]*#[ \t]*include[^\n]*", re.MULTILINE)


class Planner:
    """Plans the series of one pack for one target.

    Args:
        target: the old tree.
        reference: the new tree.
        pack: the rules.
        steps: the steps asked for.
        before: another planner with the same reference, to take over what it has read.
    """

    def __init__(
        self,
        target: FileTree,
        reference: FileTree,
        pack: Pack,
        steps: tuple[Step, ...],
        before: "Planner | None" = None,
    ) -> None:
        self._draft: Draft = Draft(target, pack, before._draft.known if before else None)
        self._reference = reference
        theirs = Layout(reference, pack) if before is None else before._work.reference
        self._work: Workplace = Workplace(self._draft, theirs, pack)
        self._wanted = {s.id for s in steps}
        self._steps = {s.id: s for s in pack.steps}
        self._depends: dict[str, frozenset[str]] = {}
        self._now = {s.id: self._audit(s) for s in pack.steps}
        if before is None:
            known = {s.id: audit_step(s, theirs) for s in pack.steps}
        else:
            known = before.plan.reference
        self.plan: Plan = Plan(pack, dict(self._now), known)
        self._stuck: dict[str, str] = {}
        self._seen = ""
        layout = self._draft.layout
        self.plan.notes = tuple(dict.fromkeys((*layout.notes(), *tree_notes(target, pack))))
        self.plan.versions = (target.version, reference.version)

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

    def again(self, target: FileTree) -> list[Patch]:
        """Plan once more on what the series makes of its target; that should come to nothing.

        Args:
            target: the tree the series is for.
        """
        if not self.plan.patches:
            return []
        after = Draft(target, self.plan.pack)
        for patch in self.plan.patches:
            for path, data in patch.files.items():
                after.put(path, data)
        steps = tuple(s for s in self.plan.pack.steps if s.id in self._wanted)
        second = Planner(after, self._reference, self.plan.pack, steps, self)
        return second.run(lambda: None).patches

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
        self._work.copied.clear()
        try:
            if not self._work.holds(spec.probes):
                return
            self._may_start(todo, spec)
            before = Earlier(self._draft, mark)
            for i, step in enumerate(todo):
                now = self._audit(step) if i else self._now[step.id]
                if now.verdict.is_open:
                    self._now[step.id] = now
                    make(step, now, self._work)
            tidy(before, self._work)
            check_sound(before, self._work)
            made = self._judged(todo, mark)
        except (RefusedError, UndecidableError, UnreadableError) as e:
            self._seen = self._line(e.where)
            self._draft.reset(mark)
            self._now |= {s.id: self._audit(s) for s in todo}
            for step in todo:
                self._give_up(step, e, self._older_form(step, spec))
            return
        files = {p: self._draft.result(p) for p in self._draft.since(mark)}
        notes, copied = tuple(self._work.notes), tuple(self._work.copied)
        begun = any(self.plan.before[s.id].verdict is Verdict.PARTIAL for s in todo)
        steps = tuple(todo)
        patch = Patch(spec.subject, steps, made, notes, copied, begun, spec.body, files)
        self.plan.patches.append(patch)

    def _may_start(self, todo: list[Step], spec: PatchSpec) -> None:
        """Refuse steps that have nothing sound to start from."""
        mine = {s.id for s in todo}
        for step in todo:
            now = self._now[step.id]
            if now.verdict is Verdict.UNKNOWN:
                reason = next((c.reason for c in now.checks if c.reason), "it cannot be read")
                raise RefusedError(f"cannot be decided: {reason}")
            if self.plan.reference[step.id].verdict.is_open:
                raise RefusedError("the reference does not have it")
            for other in step.after:
                verdict = self._now[other].verdict
                if verdict.is_open and verdict is not Verdict.DIFFERS and other not in mine:
                    raise RefusedError(_waits(other))

    def _audit(self, step: Step) -> StepAudit:
        """Audit one step in the draft, and remember which files that took."""
        layout = self._draft.layout
        layout.consulted.clear()
        audit = audit_step(step, layout)
        self._depends[step.id] = frozenset(layout.consulted)
        return audit

    def _older_form(self, step: Step, spec: PatchSpec) -> str:
        """Tell of a step before this one that is there in an older form, which may be the cause."""
        for other in step.after:
            if self._now[other].verdict is Verdict.DIFFERS and other not in spec.steps:
                return f"; {other}, which comes before it, is here in an older form"
        return ""

    def _judged(self, todo: list[Step], mark: Mapping[str, bytes | None]) -> tuple[str, ...]:
        """Audit the draft; refuse it unless the steps are done and nothing got worse.

        A step that looks at none of the changed files stays as it is, unless files came or went.
        """
        changed = self._draft.since(mark)
        moved = any(not self._draft.is_file(p) or self._draft.at(mark, p) is None for p in changed)
        mine = {s.id for s in todo}
        wide = moved or any(self._reaches_out(p, mark) for p in changed)
        new = {}
        for s, step in self._steps.items():
            same = s not in mine and not moved and self._depends[s].isdisjoint(changed)
            same = same and not (wide and self._is_treewide(step))
            new[s] = self._now[s] if same else self._audit(step)
        for step in todo:
            audit = new[step.id]
            if audit.verdict.is_open:
                bad = next((c for c in audit.checks if c.reason), None)
                why = f"{bad.id}: {bad.reason}" if bad is not None else audit.verdict.value
                raise RefusedError(f"the edits do not make it hold ({why})")
        for s, audit in new.items():
            was = self._now[s].verdict
            lost = audit.verdict is Verdict.UNKNOWN is not was
            if lost or (audit.verdict.is_open and not was.is_open):
                raise RefusedError(f"it would undo step {s}")
        made = tuple(
            s for s, a in new.items() if not a.verdict.is_open and self._now[s].verdict.is_open
        )
        self._now = new
        return made

    def _reaches_out(self, path: str, mark: Mapping[str, bytes | None]) -> bool:
        """Tell whether a change can matter beyond its file: other includes, or no C at all."""
        old, new = (
            self._draft.at(mark, path) or b"",
            self._draft.at(self._draft.mark(), path) or b"",
        )
        plain = path.endswith((".c", ".h"))
        return not plain or _INCLUDES.findall(old) != _INCLUDES.findall(new)

    def _is_treewide(self, step: Step) -> bool:
        """Tell whether a step depends on more than the files it names."""
        return any(c.kind in TREE_KINDS for c in step.checks)

    def _give_up(
        self, step: Step, error: RefusedError | UndecidableError | UnreadableError, also: str
    ) -> None:
        self._stuck[step.id] = error.message
        mine = self._now[step.id].place
        theirs = _telling(self.plan.reference[step.id], self._now[step.id])
        place = error.where or (str(mine) if mine is not None else "")
        reference = str(theirs.location) if theirs is not None else ""
        text = excerpt(step, self._work) or (theirs.text if theirs is not None else "")
        place = self._found_again(place)
        shown = Manual(step, error.message + also, place, self._line(place), reference, text)
        self.plan.manual.append(shown)

    def _found_again(self, place: str) -> str:
        """Return a place of the half-changed draft as one of the draft that it was reset to."""
        if not self._seen or self._line(place) == self._seen:
            return place
        path, _, number = place.rpartition(":")
        lines = self._lines(path)
        same = [n for n, line in enumerate(lines, 1) if line == self._seen]
        nearest = min(same, key=lambda n: abs(n - int(number)), default=None)
        return f"{path}:{nearest}" if nearest is not None else path

    def _line(self, place: str) -> str:
        """Return the line of the target that a place of the form file:line names."""
        path, _, number = place.rpartition(":")
        lines = self._lines(path) if number.isdigit() else []
        return lines[int(number) - 1] if lines and 0 < int(number) <= len(lines) else ""

    def _lines(self, path: str) -> list[str]:
        try:
            data = self._draft.read(path) if self._draft.is_file(path) else b""
        except UnreadableError:
            return []
        return data.decode("utf-8", "backslashreplace").splitlines()


def _waits(step: str) -> str:
    return f"waits for {step}, which is not done"


def _telling(reference: StepAudit, target: StepAudit) -> Evidence | None:
    """Return what the reference has for the first check that the target does not meet."""
    unmet = {c.id for c in target.checks if c.state is not State.MET}
    ordered = sorted(reference.checks, key=lambda c: c.id not in unmet)
    found = [e for c in ordered for e in c.evidence if e.text]
    return found[0] if found else next((e for c in ordered for e in c.evidence), None)
