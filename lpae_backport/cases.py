# SPDX-License-Identifier: GPL-2.0-only
"""A rule's own cases: small trees, as data beside it, on which its verdict is known.

A case file lists trees that have the step and trees that lack it; a step without both kinds
proves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lpae_backport.audit import audit_step
from lpae_backport.document import Value, load_yaml
from lpae_backport.errors import RuleError
from lpae_backport.filetree import MemoryTree
from lpae_backport.finding import StepAudit, Verdict
from lpae_backport.layout import Layout
from lpae_backport.rule import Pack, Step


@dataclass(frozen=True)
class Case:
    """One tree with the verdict its step must come to."""

    step: str
    name: str
    expect: Verdict
    files: dict[str, bytes]
    where: str


@dataclass(frozen=True)
class CaseResult:
    """What a case came to."""

    case: Case
    audit: StepAudit

    @property
    def passed(self) -> bool:
        """Tell whether the verdict is the expected one."""
        return self.audit.verdict is self.case.expect


def case_file(pack: Pack, step: Step) -> Path:
    """Return where the cases of a step stand."""
    return pack.folder / "cases" / f"{step.id}.yaml"


def load_cases(pack: Pack, step: Step) -> list[Case]:
    """Read the cases of a step.

    Raises:
        RuleError: the file is missing or wrong, or shows only one side.
    """
    path = case_file(pack, step)
    cases = [_case(pack, step, v) for v in load_yaml(path).items()]
    expected = {c.expect for c in cases}
    if Verdict.DONE not in expected:
        raise RuleError(f"step {step.id} has no case that is done", where=str(path), hint="add one")
    if not expected & {Verdict.MISSING, Verdict.PARTIAL, Verdict.DIFFERS}:
        raise RuleError(f"step {step.id} has no case that is open", where=str(path), hint="add one")
    return cases


def _case(pack: Pack, step: Step, raw: Value) -> Case:
    m = raw.mapping(("name", "why", "expect", "files"), ("name", "expect", "files"))
    known = [v.value for v in Verdict]
    if m["expect"].text() not in known:
        m["expect"].fail(f"'{m['expect'].text()}' is no verdict", f"one of: {', '.join(known)}")
    files = {}
    for name, value in m["files"].mapping(m["files"].data or ()).items():
        if "/" not in name and name not in pack.files:
            value.fail(
                f"no logical file '{name}' in pack.yaml", "or give a path below the kernel's root"
            )
        path = name if "/" in name else pack.files[name].paths[0]
        files[path] = value.text().encode()
    where = f"{raw.file}:{raw.line}"
    return Case(step.id, m["name"].text(), Verdict(m["expect"].text()), files, where)


def run_cases(pack: Pack, step: Step) -> Iterator[CaseResult]:
    """Yield the result of each case of a step."""
    for case in load_cases(pack, step):
        yield CaseResult(case, audit_step(step, Layout(MemoryTree(case.files), pack)))
