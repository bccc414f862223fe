# SPDX-License-Identifier: GPL-2.0-only
"""Runs a gate: a fork's configuration, its tree, a reference or lock, and a state before."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from lpae_backport.audit import PackAudits, Parsed, Selection, audit_packs, pair
from lpae_backport.baseline import read_baseline
from lpae_backport.document import Value, load_yaml
from lpae_backport.errors import RuleError, TreeError, UsageError
from lpae_backport.filetree import MAX_FILE, FileTree
from lpae_backport.finding import Checklist, StepComparison, TreeInfo, Verdict
from lpae_backport.fork import Fork, find_fork, fork_at
from lpae_backport.gateconfig import Config, read_config
from lpae_backport.gating import Base, Terms, base_of, judge
from lpae_backport.lockfile import read_lock
from lpae_backport.opening import at_revision, parting
from lpae_backport.packs import load_packs
from lpae_backport.report import GateInfo, Kind, Report
from lpae_backport.rule import Pack
from lpae_backport.ruleset import fits


@dataclass(frozen=True)
class Wishes:
    """What the command line says beside, or over, the configuration.

    Attributes:
        config: a configuration in place of the fork's.
        lock: a lock for the reference.
        reference: a tree for the reference.
        since: a revision to compare with.
        baseline: a stored report to compare with.
        packs: the packs to audit.
        rules: where packs are.
        fail_on: the kinds of findings to fail on.
    """

    config: Path | None = None
    lock: Path | None = None
    reference: str | None = None
    since: str | None = None
    baseline: Path | None = None
    packs: tuple[str, ...] = ()
    rules: Path | None = None
    fail_on: tuple[Kind, ...] = ()


class Gate:
    """One run of a gate.

    Args:
        target: the tree.
        wishes: what was asked for.
        open_tree: opens the reference, where it is one of the user's own trees.
        progress: called after each step.

    Raises:
        RuleError: the configuration, lock, baseline or rules cannot be used.
        TreeError: a tree cannot be read.
    """

    def __init__(
        self,
        target: FileTree,
        wishes: Wishes,
        open_tree: Callable[[str], FileTree],
        progress: Callable[[], None],
    ) -> None:
        self._target = target
        self._wishes = wishes
        self._open = open_tree
        self._progress = progress
        self._parsed: Parsed = {}
        self._notes: list[str] = []
        self._fork = fork_at(wishes.config) if wishes.config is not None else find_fork(target)
        self._config = read_config(self._fork.config) if self._fork is not None else Config()
        self._check_kernel()
        kinds = frozenset(wishes.fail_on) or self._config.terms.fail_on
        self._terms = replace(self._config.terms, fail_on=kinds)
        self._selected: Selection = [(p, p.steps) for p in self._packs()]
        _check_steps(self._config.required, self._selected)

    def report(self) -> Report:
        """Audit, and judge what was found."""
        reference, words = self._reference()
        checklist = self._audited(self._target, reference)
        left = [s.id for s in checklist.steps if _has_only_reference(s)]
        if left:
            self._notes.append(f"not applicable, though the reference has it: {', '.join(left)}")
        base = self._base()
        if base is not None:
            self._notes += [f"{base.name}: {p.removeprefix('target ')}" for p in base.problems]
            unknown = [i for (_, i), b in base.steps.items() if b.verdict is Verdict.UNKNOWN]
            if unknown:
                self._notes.append(f"unknown in {base.name}: {', '.join(unknown)}")
        findings = judge(checklist, self._terms, base, self._target.prefix, today())
        info = GateInfo(
            self._fork.shown if self._fork is not None else "",
            words,
            base.name if base is not None else "",
            frozenset((s.pack, s.id) for s in checklist.steps if self._terms.requires(s.id)),
            tuple(self._notes),
        )
        return Report(checklist, self._selected, findings, self._target.prefix, info)

    def _audited(self, tree: FileTree, reference: PackAudits | None) -> Checklist:
        found = audit_packs(tree, self._selected, self._progress, self._parsed)
        return pair(found, reference, self._selected)

    def _packs(self) -> list[Pack]:
        config, wishes = self._config, self._wishes
        if config.rules is None or wishes.rules is not None:
            every = load_packs(wishes.rules, wishes.packs)
        else:
            assert self._fork is not None
            every = self._fork.packs(config.rules)
        known = {p.id for p in every}
        for value in () if wishes.packs else config.packs:
            if value.text() not in known:
                value.fail(f"no pack '{value.text()}'", f"known: {', '.join(sorted(known))}")
        names = wishes.packs or tuple(v.text() for v in config.packs)
        return [p for p in every if not names or p.id in names]

    def _reference(self) -> tuple[PackAudits | None, str]:
        """Return what is known of the reference, and what to call it."""
        lock = self._lock()
        if lock is not None:
            raw, path = lock
            audits = read_lock(raw, [p for p, _ in self._selected])
            return audits, f"{path}: {_named(audits.info)}"
        tree = self._reference_tree()
        if tree is None:
            return None, ""
        audits = audit_packs(tree, self._selected, self._progress, self._parsed)
        return audits, _named(audits.info)

    def _lock(self) -> tuple[Value, str] | None:
        wishes, value = self._wishes, self._config.lock
        if wishes.lock is not None:
            return _user_lock(wishes.lock), str(wishes.lock)
        if value is None or wishes.reference is not None:
            return None
        assert self._fork is not None
        return self._fork.document(value), value.text()

    def _reference_tree(self) -> FileTree | None:
        value = self._config.reference
        if self._wishes.reference is not None:
            return self._open(self._wishes.reference)
        if value is None:
            return None
        assert self._fork is not None
        if not value.text().startswith("@"):
            return self._fork.kernel(value)
        revision, _, folder = value.text()[1:].partition(":")
        return at_revision(self._target, revision, folder or None)

    def _base(self) -> Base | None:
        """Return the state to compare with, if one was asked for."""
        if self._wishes.baseline is not None:
            return read_baseline(self._wishes.baseline)
        revision = self._wishes.since
        if revision is None:
            return None
        tree, name = parting(self._target, revision)
        checklist = self._audited(tree, None)
        self._check_same_kernel(tree)
        before = self._terms if self._wishes.config is not None else self._terms_before(tree)
        stricter = self._terms.with_base(before)
        kinds = frozenset(self._wishes.fail_on) or stricter.fail_on
        self._terms = replace(stricter, fail_on=kinds)
        said = judge(checklist, before, None, tree.prefix, today())
        faults = [f for f in said if f.kind is Kind.WAIVER]
        return base_of(checklist, name, tree.prefix, faults)

    def _changed(self, before: Fork | None) -> Iterator[str]:
        """Yield what of the configuration, and of what it names, is not as it was."""
        if self._fork is None or before is None:
            if self._fork is not before:
                yield "the configuration has"
            return
        same = (self._fork.path, self._fork.text()) == (before.path, before.text())
        if not same:
            yield "the configuration has"
        for key, words in (("rules", "the rules have"), ("lock", "the lock has")):
            now = self._fork.fingerprint(key)
            if now != before.fingerprint(key):
                yield words

    def _check_kernel(self) -> None:
        """Refuse another kernel than the one that the configuration is for."""
        value = self._config.kernel
        if value is None or self._fork is None or self._wishes.config is not None:
            return
        path = self._fork.within(value)
        if path != (self._target.prefix.rstrip("/") or "."):
            found = self._target.prefix.rstrip("/") or "the top"
            value.fail(f"the kernel is in {found}, not in '{path}'", "REPO@REV:SUBDIR, or move it")

    def _check_same_kernel(self, base: FileTree) -> None:
        """Refuse to take a kernel for another that stands where it stood before."""
        top = self._target.prefix
        if base.prefix == top or self._config.kernel is not None:
            return
        if top and self._target.is_named:
            return
        try:
            found = self._target.top().kernel_in(base.prefix)
        except TreeError:
            return
        if found.prefix == base.prefix:
            names = " and ".join(p.rstrip("/") or "." for p in (self._target.prefix, base.prefix))
            hint = "kernel: FOLDER in the configuration, or name a folder as TREE"
            raise TreeError(f"two kernels, {names}", where=self._target.path, hint=hint)

    def _terms_before(self, tree: FileTree) -> Terms:
        """Return what the configuration of an earlier state insisted on."""
        try:
            before = find_fork(tree)
            self._notes += [
                f"{what} changed since {self._wishes.since}" for what in self._changed(before)
            ]
            return read_config(before.config).terms if before is not None else Terms()
        except RuleError as e:
            since = self._wishes.since
            self._notes.append(f"the configuration of {since} cannot be read, all counts: {e}")
            return Terms()


def _has_only_reference(s: StepComparison) -> bool:
    there = s.reference is not None and s.reference.verdict is Verdict.DONE
    return there and s.verdict is Verdict.NOT_APPLICABLE


def _user_lock(path: Path) -> Value:
    if not path.is_file():
        raise RuleError("no such lock", where=str(path), hint=f"lpae-audit lock NEW -o {path}")
    return load_yaml(path, MAX_FILE)


def _named(info: TreeInfo) -> str:
    return f"{info.root} (Linux {info.version})" if info.version else info.root


def _check_steps(values: tuple[Value, ...], selected: Selection) -> None:
    """Refuse to insist on steps that there are not."""
    for value in values:
        if not any(fits(s.id, value.text()) for _, steps in selected for s in steps):
            value.fail(f"no step '{value.text()}'", "see lpae-audit rules list")


def today() -> date:
    """Return the day that waivers are held against: that of SOURCE_DATE_EPOCH, if it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return datetime.fromtimestamp(int(epoch), UTC).date() if epoch else datetime.now(UTC).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"SOURCE_DATE_EPOCH is no time: {epoch}") from None
