# SPDX-License-Identifier: GPL-2.0-only
"""The gate: what it fails on, what it lets pass, and what it says of waivers, locks and bases."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpae_backport.finding import CheckResult, State, Verdict
from lpae_backport.gating import _RANK, Terms, remembered
from lpae_backport.report import Kind
from tests.conftest import ROOT
from tests.git import commit, git, pack_up

_A = "drivers/iommu/io-pgtable-arm.c"
_GUARD = "\tif (!cfg->coherent_walk)\n\t\tdma_unmap_single("
_LATE = "2999-12-31"


class Fork:
    """A vendor repository whose kernel, in a folder, has every step."""

    def __init__(self, top: Path, new: Path) -> None:
        self.top = top
        self.kernel = top / "linux-vendor"
        shutil.copytree(new, self.kernel)
        self.configure()
        self.first = commit(top, "all of it")

    def configure(self, **more: object) -> None:
        """Write the configuration."""
        (self.top / ".lpae-audit.yaml").write_text(yaml.safe_dump({"schema": 1, **more}))

    def edit(self, old: str, new: str, name: str = _A) -> int:
        """Change a file; return the line where it changed."""
        path = self.kernel / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        path.write_text(text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    def build(self, symbol: str, words: str) -> None:
        """Let the Makefile build something else for a symbol; nothing drops the line."""
        path = self.kernel / "drivers/iommu/Makefile"
        line = rf"^(obj-\$\(CONFIG_{symbol}\)\s*\+=).*\n"
        text, count = re.subn(line, rf"\1 {words}\n" if words else "", path.read_text(), flags=re.M)
        assert count == 1
        path.write_text(text)

    def unguard(self) -> int:
        """Take away the guard of one step; return the line of what it guarded."""
        return self.edit(_GUARD, "\t{}\n\t\tdma_unmap_single(") + 1


@pytest.fixture
def fork(tmp_path: Path, new: Path) -> Fork:
    """A fork that passes."""
    (tmp_path / "bsp").mkdir()
    return Fork(tmp_path / "bsp", new)


def _json(run, *argv: object) -> tuple[int, dict]:
    r = run("gate", *argv, "--format", "json")
    assert r.out, r.err
    return r.status, json.loads(r.out)


def _failing(report: dict) -> list[str]:
    return [f["step"] for f in report["findings"] if f["fails"]]


def test_a_fork_that_has_it_all_passes(run, fork: Fork) -> None:
    """From any folder of the fork, and from a revision of it."""
    for tree in (fork.top, fork.kernel, f"{fork.top}@HEAD", f"{fork.top}@HEAD:linux-vendor"):
        r = run("gate", tree)
        assert r.status == 0, r.out
        assert r.out.endswith("gate passed\n")
        assert ".lpae-audit.yaml" in r.out


def test_the_current_directory_is_the_tree(run, fork: Fork, monkeypatch) -> None:
    """Without a TREE it is the current directory, wherever in the fork that is a kernel."""
    monkeypatch.chdir(fork.kernel)
    assert run("gate").status == 0


@pytest.mark.parametrize("kind", ["directory", "revision", "archive"])
def test_one_guard_removed(run, fork: Fork, tmp_path: Path, kind: str) -> None:
    """Exactly that step fails, at its line in the file as the pull request has it."""
    line = fork.unguard()
    commit(fork.top, "drop a guard")
    tree: object = fork.top
    if kind == "revision":
        tree = f"{fork.top}@HEAD"
    elif kind == "archive":
        tree = pack_up(fork.top, tmp_path / "bsp.tar.zst", "bsp")
    status, report = _json(run, tree)
    assert status == 1
    assert _failing(report) == ["1.6.2b"]
    found = report["findings"][0]
    prefix = "bsp/" if kind == "archive" else ""
    assert (found["file"], found["line"]) == (f"{prefix}linux-vendor/{_A}", line)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif", "junit", "github", "gitlab"])
def test_one_guard_removed_in_every_format(run, fork: Fork, form: str) -> None:
    """Every format names the step that fails, and no other, with file and line."""
    line = fork.unguard()
    r = run("gate", fork.top, "--format", form)
    assert r.status == 1
    path = f"linux-vendor/{_A}"
    assert _shown(form, r.out) == [("1.6.2b", path, line)]


def _shown(form: str, text: str) -> list[tuple[str, str, int]]:
    """Read back, as a consumer of the format would, what fails."""
    if form == "text":
        found = re.findall(r"^(\S+):(\d+): error: (\S+) ", text, re.MULTILINE)
        return [(s, p, int(n)) for p, n, s in found]
    if form == "markdown":
        found = re.findall(r"^- ❌ \*\*error\*\* `(\S+):(\d+)` (\S+) ", text, re.MULTILINE)
        return [(s, p, int(n)) for p, n, s in found]
    if form == "github":
        found = re.findall(r"^::error file=([^,]+),line=(\d+),.*?title=(\S+) ", text, re.MULTILINE)
        return [(s, p, int(n)) for p, n, s in found]
    if form == "junit":
        from junitparser import Failure, JUnitXml

        return [
            (c.name.split()[0], c._elem.get("file"), int(c._elem.get("line")))
            for suite in JUnitXml.fromstring(text.encode())
            for c in suite
            if any(isinstance(x, Failure) for x in c.result)
        ]
    document = json.loads(text)
    if form == "gitlab":
        return [
            (e["check_name"].split("/")[1], e["location"]["path"], e["location"]["lines"]["begin"])
            for e in document
        ]
    if form == "sarif":
        places = [
            (r["ruleId"].split("/")[1], r["locations"][0]["physicalLocation"])
            for r in document["runs"][0]["results"]
            if r["level"] == "error"
        ]
        return [(s, p["artifactLocation"]["uri"], p["region"]["startLine"]) for s, p in places]
    return [(f["step"], f["file"], f["line"]) for f in document["findings"] if f["fails"]]


def test_since_passes_what_is_no_worse(run, fork: Fork) -> None:
    """Steps that were open before do not fail; the one that is lost now does, by name."""
    fork.unguard()
    commit(fork.top, "an old sin")
    old_sin = f"{fork.top}@HEAD"
    assert run("gate", fork.top, "--since", "HEAD").status == 0
    fork.edit("#define ARM_MALI_LPAE_TTBR_READ_INNER", "#define ARM_MALI_LPAE_TTBR_READ_OUTER")
    status, report = _json(run, fork.top, "--since", "HEAD")
    assert status == 1
    assert _failing(report) == ["1.2"]
    assert "was done in HEAD" in report["findings"][0]["message"]
    assert [f["step"] for f in report["findings"] if not f["fails"]] == ["1.6.2b"]
    commit(fork.top, "a new one")
    assert run("gate", old_sin, "--since", "HEAD").status == 0
    assert run("gate", f"{fork.top}@HEAD", "--since", "HEAD~1").status == 1
    assert run("gate", f"{fork.top}@HEAD", "--since", "HEAD~2").status == 1


def _move_driver(fork: Fork) -> None:
    there = fork.kernel / "drivers/iommu/pgtable/io-pgtable-arm.c"
    there.parent.mkdir()
    (fork.kernel / _A).rename(there)
    (there.parent / "Makefile").write_text(
        "obj-$(CONFIG_IOMMU_IO_PGTABLE_LPAE) += io-pgtable-arm.o\n"
    )
    fork.build("IOMMU_IO_PGTABLE_LPAE", "pgtable/")


def _move_kernel(fork: Fork) -> None:
    (fork.top / "kernel").mkdir()
    fork.kernel.rename(fork.top / "kernel/msm-4.9")


def _add_code(fork: Fork) -> None:
    path = fork.kernel / _A
    more = "".join(
        f"static int vendor_{n}(int a)\n{{\n\treturn a + {n};\n}}\n\n" for n in range(40)
    )
    text = path.read_text()
    at = text.index("static")
    path.write_text(text[:at] + more + text[at:])
    (fork.kernel / "drivers/iommu/vendor-iommu.c").write_text("int vendor_iommu;\n")


def _reformat(fork: Fork) -> None:
    program = Path(sysconfig.get_path("scripts")) / "clang-format"
    if not program.exists():
        pytest.skip("no clang-format here")
    subprocess.run([program, "-i", "--style=GNU", fork.kernel / _A], check=True)


def _crlf(fork: Fork) -> None:
    path = fork.kernel / _A
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("change", [_move_driver, _move_kernel, _add_code, _reformat, _crlf])
@pytest.mark.parametrize("broken", [False, True], ids=["whole", "with-an-old-sin"])
def test_changes_that_break_nothing(run, fork: Fork, tmp_path: Path, change, broken: bool) -> None:
    """A file that is reformatted, moved or grows passes, and its findings stay the same ones."""
    if broken:
        fork.unguard()
        commit(fork.top, "an old sin")
    _, before = _json(run, fork.top)
    stored = tmp_path / "baseline.json"
    stored.write_text(json.dumps(before))
    change(fork)
    commit(fork.top, "harmless")
    status, after = _json(run, fork.top)
    assert status == int(broken)
    prints = [[f["fingerprint"] for f in r["findings"]] for r in (before, after)]
    assert prints[0] == prints[1]
    assert run("gate", fork.top, "--since", "HEAD~1").status == 0
    assert run("gate", f"{fork.top}@HEAD", "--baseline", stored).status == 0


def test_a_driver_that_is_gone_is_worse(run, fork: Fork) -> None:
    """A step that was done and has nothing left to apply to did not get better."""
    name = "drivers/iommu/io-pgtable-arm-v7s.c"
    (fork.kernel / name).unlink()
    fork.build("IOMMU_IO_PGTABLE_ARMV7S", "")
    assert run("gate", fork.top).status == 0
    status, report = _json(run, fork.top, "--since", "HEAD")
    assert status == 1
    assert {"2.2a", "2.2b"} <= set(_failing(report))


def test_a_base_that_cannot_be_read_excuses_nothing(run, fork: Fork, tmp_path: Path) -> None:
    """A step that is open and was unknown before fails: nobody knows that it is no worse."""
    whole = (fork.kernel / _A).read_text()
    (fork.kernel / _A).write_text("<<<<<<< ours\n" + whole)
    commit(fork.top, "a conflict")
    _, stored = _json(run, fork.top)
    (tmp_path / "b.json").write_text(json.dumps(stored))
    assert run("gate", fork.top, "--since", "HEAD").status == 0, "unknown as before"
    (fork.kernel / _A).write_text(whole)
    assert run("gate", fork.top, "--since", "HEAD").status == 0, "mended"
    fork.unguard()
    for base in (["--since", "HEAD"], ["--baseline", tmp_path / "b.json"]):
        status, report = _json(run, fork.top, *base)
        assert status == 1
        assert _failing(report) == ["1.6.2b"]
        assert "was unknown in" in report["findings"][0]["message"]
        assert any(n.startswith("unknown in ") for n in report["gate_notes"])


def test_worse_is_also_open(run, fork: Fork) -> None:
    """A step that got worse fails under either name, and is noted under none."""
    fork.unguard()
    since = ("gate", fork.top, "--since", "HEAD", "--fail-on")
    assert run(*since, "open").status == 1
    assert run(*since, "worse").status == 1
    r = run(*since, "waiver")
    assert r.status == 0
    assert "noted" in r.out


def test_a_baseline_of_compare(run, fork: Fork, new: Path, tmp_path: Path) -> None:
    """A stored report of compare will do as well; what it does not know of fails."""
    fork.unguard()
    stored = tmp_path / "b.json"
    run("compare", fork.top, new, "--format", "json", "-o", stored)
    assert run("gate", fork.top, "--baseline", stored).status == 0
    run("compare", fork.top, new, "--format", "json", "--only", "done", "-o", stored)
    r = run("gate", fork.top, "--baseline", stored)
    assert r.status == 1
    assert "not in" in r.out


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "nonsense", '{"schema": "x"}', '{"schema": "lpae-audit/gate/1"}', "[" * 99999,
     '{"schema": "lpae-audit/gate/1", "steps": [{"pack": "p", "id": 1}]}'],
)  # fmt: skip
def test_a_baseline_that_is_none(run, fork: Fork, tmp_path: Path, text: str) -> None:
    """What is no report ends with 3."""
    (tmp_path / "b.json").write_text(text)
    r = run("gate", fork.top, "--baseline", tmp_path / "b.json")
    assert r.status == 3
    assert r.err.count("\n") == 1
    assert run("gate", fork.top, "--baseline", tmp_path / "none.json").status == 3


# What is required


def test_only_what_is_required_fails(run, fork: Fork) -> None:
    """Other open steps are told of, and do not fail; a prefix stands for all below it."""
    fork.unguard()
    for require, status in ((["1.2", "1.3"], 0), (["1.6.2"], 1), (["1.6.2b"], 1), ([], 1)):
        fork.configure(**({"require": require} if require else {}))
        got, report = _json(run, fork.top)
        assert got == status
        assert [f["step"] for f in report["findings"]] == ["1.6.2b"]


def test_verdicts_that_will_do(run, tmp_path: Path, old: Path) -> None:
    """`allow` widens what passes."""
    (tmp_path / "f").mkdir()
    fork = Fork(tmp_path / "f", old)
    fork.configure(allow=["done", "not-applicable", "missing"])
    assert run("gate", fork.top).status == 0
    fork.configure(allow=["done"])
    assert run("gate", fork.top).status == 1


def test_unknown_is_not_silent(run, fork: Fork) -> None:
    """What cannot be read fails, unless the configuration says otherwise; it is told either way."""
    (fork.kernel / _A).write_bytes(b"\0")
    status, report = _json(run, fork.top)
    assert status == 1
    assert {f["kind"] for f in report["findings"] if f["fails"]} == {"unknown"}
    fork.configure(**{"fail-on": ["open", "waiver"]})
    r = run("gate", fork.top)
    assert r.status == 0
    assert "noted" in r.out
    assert "unknown is not in fail-on" in r.out
    assert run("gate", fork.top, "--fail-on", "unknown").status == 1
    assert run("gate", fork.top, "--fail-on", "unknown", "--exit-zero").status == 0


def test_a_reference_that_lacks_it(run, fork: Fork, old: Path, tmp_path: Path) -> None:
    """A reference without the steps proves nothing, and the gate says so."""
    r = run("gate", fork.top, "--reference", old)
    assert r.status == 1
    assert "the reference lacks it" in r.out
    assert run("gate", fork.top, "--reference", old, "--fail-on", "open").status == 0


def test_references_in_the_fork(run, fork: Fork, new: Path) -> None:
    """A folder of the fork, and a branch of it, can be the reference."""
    shutil.copytree(new, fork.top / "upstream/linux-6.1")
    fork.configure(reference="upstream/linux-6.1")
    r = run("gate", fork.kernel)
    assert r.status == 0, r.err
    assert "linux-6.1" in r.out
    shutil.rmtree(fork.top / "upstream")
    commit(fork.top)
    git(fork.top, "branch", "upstream")
    for text in ("@upstream", "@upstream:linux-vendor"):
        fork.configure(reference=text)
        r = run("gate", fork.kernel)
        assert r.status == 0, r.err
        assert "@upstream" in r.out


def test_packs_of_the_fork(run, fork: Fork) -> None:
    """Rules can come from the fork, also out of a revision; mistakes point at the fork's file."""
    shutil.copytree(ROOT / "rules", fork.top / "ci/rules")
    fork.configure(rules="ci/rules", packs=["mali-lpae"])
    assert run("gate", fork.top).status == 0
    commit(fork.top)
    assert run("gate", f"{fork.top}@HEAD").status == 0
    step = fork.top / "ci/rules/mali-lpae/steps/1.1.yaml"
    step.write_text("id: '1.1'\ntitel: x\n")
    r = run("gate", fork.top)
    assert r.status == 3
    assert "ci/rules/mali-lpae/steps/1.1.yaml:2:" in r.err


def test_a_configuration_from_elsewhere(run, fork: Fork, tmp_path: Path) -> None:
    """--config takes another one, with what stands beside it."""
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci/gate.yaml").write_text("schema: 1\nrequire: ['1.2']\n")
    fork.unguard()
    assert run("gate", fork.top).status == 1
    assert run("gate", fork.top, "--config", tmp_path / "ci/gate.yaml").status == 0
    r = run("gate", fork.top, "--config", tmp_path / "ci/none.yaml")
    assert r.status == 3


def test_no_configuration(run, new: Path, old: Path, tmp_path: Path) -> None:
    """Without one, all steps of all packs are required."""
    for tree, status in ((new, 0), (old, 1)):
        copy = shutil.copytree(tree, tmp_path / tree.name)
        assert run("gate", copy).status == status


def test_without_a_repository(run, new: Path, tmp_path: Path) -> None:
    """A configuration above a kernel counts where there is no repository, too."""
    kernel = shutil.copytree(new, tmp_path / "bsp/sources/linux")
    (tmp_path / "bsp/.lpae-audit.yaml").write_text("schema: 1\nrequire: ['1.2']\n")
    (kernel / "drivers/iommu/io-pgtable-arm-v7s.c").write_bytes(b"\0")
    assert run("gate", kernel).status == 0
    r = run("gate", kernel, "--since", "HEAD")
    assert r.status == 4
    assert "not a git repository" in r.err


# Waivers


def _waived(fork: Fork, **more: object) -> None:
    waiver = {"step": "1.6.2b", "reason": "r", "owner": "me@x", "expires": _LATE, **more}
    fork.configure(waivers=[{k: v for k, v in waiver.items() if v is not None}])


def test_a_waiver_excuses(run, fork: Fork) -> None:
    """A step with a waiver is shown, with reason and owner, and does not fail."""
    fork.unguard()
    _waived(fork, reason="the bus snoops")
    r = run("gate", fork.top)
    assert r.status == 0
    assert "waived: the bus snoops (me@x, until 2999-12-31)" in r.out
    _waived(fork, step="1.6.2")
    assert run("gate", fork.top).status == 0


@pytest.mark.parametrize(
    ("more", "fault", "broken"),
    [
        ({"reason": None}, "gives no reason", True),
        ({"reason": "  "}, "gives no reason", True),
        ({"owner": None}, "names no owner", True),
        ({"owner": "\u200b"}, "names no owner", True),
        ({"expires": None}, "does not say when it expires", True),
        ({"expires": "2020-01-31"}, "expired on 2020-01-31", True),
        ({"step": "9.9"}, "names no step", True),
        ({}, "is not needed", False),
    ],
)
def test_a_waiver_that_is_not_in_order(
    run, fork: Fork, more: dict, fault: str, broken: bool
) -> None:
    """It excuses nothing, and is a finding of its own, at its line of the configuration."""
    if broken:
        fork.unguard()
    _waived(fork, **more)
    status, report = _json(run, fork.top)
    assert status == 1
    found = [f for f in report["findings"] if f["kind"] == "waiver"]
    assert len(found) == 1
    assert fault in found[0]["message"]
    assert found[0]["file"] == ".lpae-audit.yaml"
    text = (fork.top / ".lpae-audit.yaml").read_text().split("\n")
    assert "- " in text[found[0]["line"] - 1]
    assert any(f["step"] == "1.6.2b" and f["kind"] == "open" for f in report["findings"]) is broken


def test_a_waiver_holds_through_its_last_day(run, fork: Fork, monkeypatch) -> None:
    """On that day it counts, on the next it does not."""
    fork.unguard()
    _waived(fork, expires="2026-11-21")
    for epoch, status in (("1795305599", 0), ("1795305600", 1)):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        assert run("gate", fork.top).status == status


def test_an_old_fault_of_a_waiver_is_no_worse(run, fork: Fork) -> None:
    """With --since, a waiver that was expired before does not fail; one that is new does."""
    _waived(fork)
    commit(fork.top)
    fork.unguard()
    fork.edit("#define ARM_MALI_LPAE_TTBR_READ_INNER", "#define X")
    fork.configure(
        waivers=[
            {"step": s, "reason": "r", "owner": "o", "expires": "2020-01-01"}
            for s in ("1.2", "1.6.2b")
        ]
    )
    commit(fork.top)
    assert run("gate", fork.top, "--since", "HEAD").status == 0
    status, report = _json(run, fork.top, "--since", "HEAD~1")
    assert status == 1
    assert {f["kind"] for f in report["findings"] if f["fails"]} == {"worse", "waiver"}
    assert any("configuration has changed" in n for n in report["gate_notes"])
    r = run("gate", fork.top, "--since", "HEAD~1", "--format", "github")
    assert "::warning::the configuration has changed since HEAD~1" in r.out


def test_a_pull_request_cannot_waive_in_silence(run, fork: Fork) -> None:
    """A branch that breaks a step and waives it passes, but the report says both."""
    fork.unguard()
    _waived(fork)
    r = run("gate", fork.top, "--since", "HEAD")
    assert r.status == 0
    assert "waived" in r.out
    assert "the configuration has changed since HEAD" in r.out


# Locks


def test_a_lock_in_place_of_a_reference(run, fork: Fork, new: Path) -> None:
    """With a lock, the report names the reference's places without the tree."""
    assert run("lock", new, "-o", fork.top / "ci.lock").status == 0
    fork.configure(lock="ci.lock")
    line = fork.unguard()
    status, report = _json(run, fork.top)
    assert status == 1
    row = next(s for s in report["steps"] if s["id"] == "1.6.2b")
    assert row["reference"] == "holds"
    assert row["reference_at"].startswith(_A)
    r = run("gate", fork.top)
    assert f"linux-vendor/{_A}:{line}: error: 1.6.2b" in r.out
    assert "the reference has it at" in r.out
    commit(fork.top)
    assert run("gate", f"{fork.top}@HEAD").status == 1


def test_a_lock_says_what_a_tree_says(run, fork: Fork, new: Path, tmp_path: Path) -> None:
    """Verdicts, states and places of the reference are those of the tree itself."""
    run("lock", new, "-o", tmp_path / "l")
    _, by_lock = _json(run, fork.top, "--lock", tmp_path / "l")
    _, by_tree = _json(run, fork.top, "--reference", new)
    for a, b in zip(by_lock["steps"], by_tree["steps"], strict=True):
        for key in ("status", "reference", "reference_status", "reference_at"):
            assert a[key] == b[key], (a["id"], key)
    first, again = tmp_path / "l", tmp_path / "again"
    run("lock", new, "-o", again)
    assert first.read_bytes() == again.read_bytes()
    assert all(len(ln) < 400 for ln in first.read_text().splitlines())


def test_a_lock_of_other_rules_is_refused(run, fork: Fork, new: Path, tmp_path: Path) -> None:
    """When the rules change, the lock does not count any more."""
    rules = shutil.copytree(ROOT / "rules", tmp_path / "rules")
    lock = tmp_path / "l"
    run("lock", new, "--rules", rules, "-o", lock)
    assert run("gate", fork.top, "--rules", rules, "--lock", lock).status == 0
    step = rules / "mali-lpae/steps/1.2.yaml"
    step.write_bytes(step.read_bytes().replace(b"\n", b"\r\n"))
    assert run("gate", fork.top, "--rules", rules, "--lock", lock).status == 0
    step.write_text(step.read_text() + "# changed\n")
    r = run("gate", fork.top, "--rules", rules, "--lock", lock)
    assert r.status == 3
    assert "made with other rules of mali-lpae" in r.err
    assert "lpae-audit lock NEW" in r.err


def test_a_lock_of_a_tree_that_lacks_it(run, fork: Fork, old: Path, tmp_path: Path) -> None:
    """Recording the wrong tree is said at once, and at the gate."""
    r = run("lock", old, "-o", tmp_path / "l")
    assert r.status == 1
    assert "the reference lacks" in r.err
    assert run("gate", fork.top, "--lock", tmp_path / "l").status == 1


@pytest.mark.parametrize(
    ("text", "other", "says"),
    [
        ("lpae-audit/lock/1", "lpae-audit/lock/9", "not lpae-audit/lock/1"),
        ("- id: mali-lpae", "- id: other", "has no pack mali-lpae"),
        ("status: done", "status: fine", "no verdict 'fine'"),
        ("state: met", "state: fine", "no state 'fine'"),
        ("line: ", "line: x", "number expected"),
        ("packs:", "pax:", "unknown key 'pax'"),
        ("- id: '1.2'\n", "- id: '1.99'\n", "just the steps of mali-lpae"),
        ("- id: read-inner\n", "- id: read-outer\n", "just the checks of 1.2"),
        ("state: met", "state: unmet", "contradicts itself over 1.1"),
    ],
)
def test_a_lock_that_was_edited(
    run, fork: Fork, new: Path, tmp_path: Path, text: str, other: str, says: str
) -> None:
    """Mistakes in a lock are shown with line and column."""
    lock = tmp_path / "l"
    run("lock", new, "-o", lock)
    whole = lock.read_text()
    assert text in whole
    lock.write_text(whole.replace(text, other, 1))
    r = run("gate", fork.top, "--lock", lock)
    assert r.status == 3
    assert says in r.err
    assert re.search(rf"{re.escape(str(lock))}:\d+:\d+: ", r.err)


def test_a_lock_that_was_cut(run, fork: Fork, new: Path, tmp_path: Path) -> None:
    """Wherever a lock ends too early, it is refused: what it lost must not count as held."""
    lock = tmp_path / "l"
    run("lock", new, "-o", lock)
    lines = lock.read_text().splitlines(keepends=True)
    for count in range(12, len(lines) - 1, 23):
        lock.write_text("".join(lines[:count]))
        assert run("gate", fork.top, "--lock", lock).status == 3, count


# Branches


def test_what_the_base_gained_meanwhile_is_not_lost(run, fork: Fork) -> None:
    """A branch is held against where it left the other, not against what that gained since."""
    guarded = (fork.kernel / _A).read_text()
    line = fork.unguard()
    commit(fork.top, "an old sin")
    git(fork.top, "checkout", "-q", "-b", "topic")
    (fork.top / "topic").write_text("unrelated\n")
    commit(fork.top, "topic")
    git(fork.top, "checkout", "-q", "main")
    (fork.kernel / _A).write_text(guarded)
    commit(fork.top, "mended on main")
    git(fork.top, "checkout", "-q", "topic")
    for tree in (fork.top, f"{fork.top}@topic"):
        r = run("gate", tree, "--since", "main")
        assert r.status == 0, r.out
        assert "where they parted" in r.out
    assert run("gate", f"{fork.top}@main", "--since", "topic").status == 0
    assert f":{line}: note: 1.6.2b" in run("gate", fork.top, "--since", "main").out
    git(fork.top, "checkout", "-q", "--orphan", "stranger")
    commit(fork.top, "no common history")
    assert run("gate", fork.top, "--since", "main").status == 1


def test_a_branch_cannot_let_itself_off(run, fork: Fork) -> None:
    """With a base, a configuration may ask for more than that of the base, not for less."""
    fork.unguard()
    fork.configure(**{"fail-on": ["waiver"]})
    r = run("gate", fork.top, "--since", "HEAD")
    assert r.status == 1
    assert "the configuration has changed since HEAD" in r.out
    fork.configure(require=["1.2"])
    assert run("gate", fork.top, "--since", "HEAD").status == 1
    (fork.top / ".lpae-audit.yaml").unlink()
    assert run("gate", fork.top, "--since", "HEAD").status == 1


def test_terms_of_a_base_still_hold() -> None:
    """What two states insist on together is no less than either does."""
    done, differs = Verdict.DONE, Verdict.DIFFERS
    now = Terms(("1.2",), frozenset((done, differs)), frozenset((Kind.OPEN,)))
    before = Terms(("1.3",), frozenset((done,)), frozenset((Kind.WORSE,)))
    both = now.with_base(before)
    assert both.require == ("1.2", "1.3")
    assert both.allow == {done}
    assert both.fail_on == {Kind.OPEN, Kind.WORSE}
    assert now.with_base(Terms()).require == ()


def test_what_is_vacuous_is_not_remembered() -> None:
    """In a step that was missing, what was merely not forbidden is nothing to lose."""
    checks = [CheckResult("c", State.MET, constraint=True)]
    assert remembered(Verdict.MISSING, checks).held == frozenset()
    assert remembered(Verdict.PARTIAL, checks).held == {"c"}


def test_a_file_that_is_gone_is_named(run, fork: Fork) -> None:
    """A step whose file was deleted is told of at that file."""
    (fork.kernel / _A).unlink()
    status, report = _json(run, fork.top, "--since", "HEAD")
    assert status == 1
    assert {f["file"] for f in report["findings"] if f["step"] == "1.6.2b"} == {
        f"linux-vendor/{_A}"
    }


def test_two_kernels(run, fork: Fork) -> None:
    """A kernel that appears above the one that was judged does not take its place."""
    whole = shutil.copytree(fork.kernel, fork.top.parent / "whole")
    fork.unguard()
    shutil.copytree(whole, fork.top, dirs_exist_ok=True)
    commit(fork.top, "a decoy")
    for tree in (fork.top, f"{fork.top}@HEAD"):
        r = run("gate", tree, "--since", "HEAD~1")
        assert r.status == 4
        assert "two kernels, . and linux-vendor" in r.err
    assert run("gate", fork.kernel, "--since", "HEAD~1").status == 1
    fork.configure(kernel="linux-vendor")
    r = run("gate", fork.top)
    assert r.status == 3
    assert "the kernel is in the top, not in 'linux-vendor'" in r.err
    assert run("gate", fork.kernel).status == 1


def test_code_that_falls_under_an_option_is_worse(run, fork: Fork, tmp_path: Path) -> None:
    """What was always compiled and now hangs on an option is not what it was."""
    (tmp_path / "b.json").write_text(run("gate", fork.top, "--format", "json").out)
    path = fork.kernel / _A
    path.write_text(f"#ifdef CONFIG_NEVER\n{path.read_text()}\n#endif\n")
    assert run("gate", fork.top).status == 0
    for base in (["--since", "HEAD"], ["--baseline", tmp_path / "b.json"]):
        status, report = _json(run, fork.top, *base)
        assert status == 1
        assert "only under defined(CONFIG_NEVER)" in report["findings"][0]["message"]
    commit(fork.top)
    assert run("gate", fork.top, "--since", "HEAD").status == 0
    path.write_text(path.read_text().replace("CONFIG_NEVER", "CONFIG_OTHER"))
    assert run("gate", fork.top, "--since", "HEAD").status == 1


@pytest.mark.parametrize("line", ["#if 1", "#ifdef __KERNEL__", "#ifndef __ASSEMBLY__"])
def test_conditions_that_always_hold_are_no_options(run, fork: Fork, line: str) -> None:
    """What is true wherever a driver is compiled takes nothing away."""
    path = fork.kernel / _A
    path.write_text(f"{line}\n{path.read_text()}\n#endif\n")
    assert run("gate", fork.top, "--since", "HEAD").status == 0


def test_whoever_mends_a_step_leaves_its_waiver_idle(run, fork: Fork) -> None:
    """That is no reason to fail the branch that mends it; the next plain gate says it."""
    whole = (fork.kernel / _A).read_text()
    fork.unguard()
    _waived(fork)
    commit(fork.top)
    (fork.kernel / _A).write_text(whole)
    assert run("gate", fork.top, "--since", "HEAD").status == 0
    assert run("gate", fork.top).status == 1


def test_a_base_whose_configuration_is_broken(run, fork: Fork) -> None:
    """It is told of, and everything counts; the branch that mends it is not to blame."""
    (fork.top / ".lpae-audit.yaml").rename(fork.top / ".lpae-audit.yml")
    commit(fork.top)
    (fork.top / ".lpae-audit.yml").unlink()
    fork.configure(require=["1.2"])
    r = run("gate", fork.top, "--since", "HEAD")
    assert r.status == 0
    assert "the configuration of HEAD cannot be read, all counts" in r.out


def test_histories_that_cross(run, fork: Fork) -> None:
    """Where two branches parted at more than one commit, it is the other itself that counts."""
    whole = (fork.kernel / _A).read_text()
    fork.unguard()
    commit(fork.top, "root")
    git(fork.top, "branch", "br")
    (fork.kernel / _A).write_text(whole)
    mended = commit(fork.top, "mended")
    git(fork.top, "checkout", "-q", "br")
    (fork.top / "note").write_text("n\n")
    noted = commit(fork.top, "a note")
    git(fork.top, "merge", "-q", "-s", "ours", "-m", "m", mended)
    git(fork.top, "checkout", "-q", "main")
    git(fork.top, "merge", "-q", "-m", "m", noted)
    r = run("gate", f"{fork.top}@br", "--since", "main")
    assert r.status == 1
    assert "parted at no single commit" in r.out


def test_a_history_that_is_too_short(run, fork: Fork, tmp_path: Path) -> None:
    """A shallow clone cannot tell where branches parted, and says so."""
    git(fork.top, "checkout", "-q", "-b", "br")
    commit(fork.top, "on br")
    git(fork.top, "checkout", "-q", "main")
    commit(fork.top, "on main")
    url = f"file://{fork.top}"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", url, "short")
    r = run("gate", f"{tmp_path}/short@origin/br", "--since", "origin/main")
    assert r.status == 4
    assert "too shallow to tell where they parted (hint: git fetch --unshallow)" in r.err


def test_unknown_and_then_gone_is_worse(run, fork: Fork) -> None:
    """A driver that could not be read before, and is gone now, was not mended."""
    name = "drivers/iommu/io-pgtable-arm-v7s.c"
    (fork.kernel / name).write_bytes(b"\0")
    commit(fork.top)
    (fork.kernel / name).unlink()
    fork.build("IOMMU_IO_PGTABLE_ARMV7S", "")
    status, report = _json(run, fork.top, "--since", "HEAD")
    assert status == 1
    assert "2.2a" in _failing(report)


def test_what_does_not_apply_though_it_should(run, fork: Fork, new: Path) -> None:
    """A step that the reference has, and that finds nothing to apply to, is told of."""
    (fork.kernel / "drivers/iommu/io-pgtable-arm-v7s.c").unlink()
    fork.build("IOMMU_IO_PGTABLE_ARMV7S", "")
    r = run("gate", fork.top, "--reference", new)
    assert r.status == 0
    note = next(ln for ln in r.out.splitlines() if "though the reference has it" in ln)
    assert "2.2a" in note


def test_rules_and_locks_that_changed_are_told_of(run, fork: Fork, new: Path) -> None:
    """A branch that weakens the fork's own rules, or its lock, does not do so in silence."""
    shutil.copytree(ROOT / "rules", fork.top / "ci/rules")
    run("lock", new, "-o", fork.top / "l")
    fork.configure(rules="ci/rules", lock="l")
    commit(fork.top)
    assert "changed since" not in run("gate", fork.top, "--since", "HEAD").out
    (fork.top / "l").write_text((fork.top / "l").read_text() + "# x\n")
    assert "the lock has changed since HEAD" in run("gate", fork.top, "--since", "HEAD").out
    step = fork.top / "ci/rules/mali-lpae/steps/1.6.2b.yaml"
    step.write_text(step.read_text() + "# x\n")
    run("lock", new, "--rules", fork.top / "ci/rules", "-o", fork.top / "l")
    assert "the rules have changed since HEAD" in run("gate", fork.top, "--since", "HEAD").out
    fork.configure(rules="ci/rules", lock="l")
    (fork.kernel / ".lpae-audit.yaml").write_text("schema: 1\n")
    assert "the configuration has changed" in run("gate", fork.top, "--since", "HEAD").out


def test_a_kernel_that_moves_to_a_name_in_use(run, fork: Fork) -> None:
    """What the base calls by the kernel's new name need be no kernel."""
    (fork.top / "kernel").mkdir()
    (fork.top / "kernel/README").write_text("none\n")
    commit(fork.top)
    fork.kernel.rename(fork.top / "kernel/linux")
    (fork.top / "kernel/README").unlink()
    commit(fork.top)
    r = run("gate", f"{fork.top}@HEAD", "--since", "HEAD~1")
    assert r.status == 0, r.err


def test_an_empty_header_is_harmless(run, fork: Fork) -> None:
    """A header with nothing in it includes nothing."""
    (fork.kernel / "drivers/iommu/vendor-stub.h").write_text("")
    assert run("gate", fork.top).status == 0


def test_what_is_not_required_does_not_fail_with_a_base(run, fork: Fork) -> None:
    """Steps that neither state requires are noted; those that one of them requires fail."""
    fork.configure(require=["1.2"])
    commit(fork.top)
    fork.unguard()
    r = run("gate", fork.top, "--since", "HEAD")
    assert r.status == 0
    assert "not required" in r.out
    fork.configure(require=["1.2", "1.6"])
    assert run("gate", fork.top, "--since", "HEAD").status == 1


# Words and ends


def test_what_there_is_none_of_is_said(run, fork: Fork) -> None:
    """Without a configuration or a reference the report says that there is none."""
    assert "reference  none\n" in run("gate", fork.top).out
    (fork.top / ".lpae-audit.yaml").rename(fork.top / ".lpae-audit.yml")
    r = run("gate", fork.top)
    assert r.status == 3
    assert ".lpae-audit.yml: is not read under this name" in r.err
    (fork.top / ".lpae-audit.yml").unlink()
    r = run("gate", fork.top)
    assert "config     none found; every step of every pack is required\n" in r.out


def test_a_gate_shows_what_is_not_done(run, fork: Fork) -> None:
    """The table has only what is not done; all of it with -v."""
    assert "STEP" not in run("gate", fork.top).out
    assert "STEP" in run("gate", fork.top, "-v").out
    fork.unguard()
    table = run("gate", fork.top).out.split("STEP")[1].split("\n\n")[0].splitlines()[1:]
    assert [row.split()[0] for row in table] == ["1.6.2b"]


def test_hints_for_trees(run, fork: Fork, tmp_path: Path, monkeypatch) -> None:
    """A folder within a kernel, a bare repository and a bare @REV are understood or explained."""
    r = run("gate", fork.kernel / "drivers/iommu")
    assert r.status == 4
    assert f"this is within the kernel {fork.kernel}" in r.err
    git(tmp_path, "clone", "-q", "--bare", fork.top, "b.git")
    r = run("gate", tmp_path / "b.git")
    assert f"hint: {tmp_path}/b.git@HEAD" in r.err
    monkeypatch.chdir(fork.top)
    assert run("gate", "@HEAD").status == 0
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{fork.top}", "shallow")
    r = run("gate", tmp_path / "shallow", "--since", "HEAD~1")
    assert "git fetch --unshallow" in r.err
    (fork.top / "ci.lock").write_text("")
    assert "lpae-audit lock NEW -o none" in run("gate", fork.top, "--lock", "none").err


def test_a_suffix_of_another_format(run, fork: Fork, tmp_path: Path) -> None:
    """A text report in a file that is called .sarif is warned of."""
    r = run("gate", fork.top, "-o", tmp_path / "r.sarif")
    assert r.status == 0
    assert "--output sarif=" in r.err
    assert not run("gate", fork.top, "--format", "sarif", "-o", tmp_path / "r.sarif").err


def test_options_that_exclude_each_other(run, fork: Fork, tmp_path: Path) -> None:
    """Two bases or two references are one too many."""
    assert run("gate", fork.top, "--fail-on", "worse").status == 2
    assert run("gate", fork.top, "--since", "HEAD", "--baseline", "x").status == 2
    assert run("gate", fork.top, "--lock", "x", "--reference", "y").status == 2
    assert run("gate", fork.top, "--since", "").status == 4


def test_reports_into_a_pipe(fork: Fork) -> None:
    """/dev/stdout, and what a shell puts for a command, can be written to."""
    gate = [sys.executable, "-m", "lpae_backport", "gate", fork.top]
    for more in (["-o", "/dev/stdout"], ["--output", "json=/dev/stderr"]):
        done = subprocess.run([*gate, *more], capture_output=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        assert b"gate passed" in done.stdout
        assert (b'"schema"' in done.stderr) is ("json=/dev/stderr" in more)


def test_several_reports_at_once(run, fork: Fork, tmp_path: Path) -> None:
    """Each format has its own file, and standard output still has the main report."""
    forms = ("json", "markdown", "sarif", "junit", "github", "gitlab")
    outputs = [x for f in forms for x in ("--output", f"{f}={tmp_path}/{f}")]
    r = run("gate", fork.top, *outputs)
    assert r.status == 0
    assert r.out.endswith("gate passed\n")
    for form in forms:
        assert (tmp_path / form).read_text() == run("gate", fork.top, "--format", form).out
    run("gate", fork.top, *outputs, "-o", tmp_path / "main")
    assert (tmp_path / "main").read_text() == r.out


@pytest.mark.parametrize(
    "more",
    [
        ["-o", "a", "-o", "b"],
        ["-o", "a", "-o", "json=a"],
        ["-o", "json=a", "-o", "sarif=a"],
        ["-o", "json=-"],
        ["-o", "json=/no/such/dir/x"],
        ["-o", "json="],
        ["-o", "sarfi=a"],
    ],
)
def test_outputs_that_cannot_be(run, fork: Fork, tmp_path: Path, monkeypatch, more) -> None:
    """Two reports to one place, and places that cannot be written, end with 2."""
    monkeypatch.chdir(tmp_path)
    r = run("gate", fork.top, *more)
    assert r.status == 2
    assert r.err.count("\n") == 1


_VERDICTS = st.sampled_from([Verdict.DONE, Verdict.DIFFERS, Verdict.PARTIAL, Verdict.MISSING])


@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(_VERDICTS, _VERDICTS), min_size=1, max_size=6))
def test_a_gate_with_a_base_fails_on_what_got_worse(pairs: list) -> None:
    """Whatever the verdicts, what fails is what ranks lower than before; nothing else."""
    from datetime import date

    from lpae_backport.finding import Checklist, StepAudit, StepComparison, TreeInfo
    from lpae_backport.gating import Terms, base_of, judge

    def checklist(verdicts: list[Verdict]) -> Checklist:
        rows = [
            StepComparison(f"s{n}", "t", "p", StepAudit(f"s{n}", v, ()), None)
            for n, v in enumerate(verdicts)
        ]
        return Checklist(TreeInfo("", "", ""), None, tuple(rows))

    before, now = checklist([a for a, _ in pairs]), checklist([b for _, b in pairs])
    found = judge(now, Terms(), base_of(before, "base"), "", date(2026, 1, 1))
    worse = {f"s{n}" for n, (a, b) in enumerate(pairs) if _RANK[b] > _RANK[a]}
    assert {f.step for f in found if f.fails} == worse
    same = judge(now, Terms(), base_of(now, "base"), "", date(2026, 1, 1))
    assert not any(f.fails for f in same)


@pytest.mark.parametrize("number", [2, 15])
def test_interrupted(fork: Fork, tmp_path: Path, number: int) -> None:
    """SIGINT and SIGTERM end it with 128 + n, with no report and no half of one."""
    program = (
        "import signal, sys; from lpae_backport import cli, audit;"
        f"audit.audit_step = lambda *a: signal.raise_signal({number}) or 1/0;"
        "sys.exit(cli.main())"
    )
    out = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, "-c", program, "gate", f"{fork.top}@HEAD", "--output", f"json={out}"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 128 + number
    assert not done.stdout
    assert b"Traceback" not in done.stderr
    assert not out.exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".out")]


def test_a_closed_pipe_and_a_full_disk(fork: Fork, tmp_path: Path) -> None:
    """A reader that goes ends it with 141; a full disk with 2 and nothing half written."""
    gate = [sys.executable, "-m", "lpae_backport", "gate", fork.top]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(gate, stdout=write, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    os.close(write)
    assert done.returncode == 141
    assert not done.stderr
    with open("/dev/full", "w") as full:
        done = subprocess.run(gate, stdout=full, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    assert done.returncode == 74
    assert b"No space left" in done.stderr
    out = tmp_path / "out.json"
    out.write_text("before")
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *gate, "--output", f"json={out}"]
    done = subprocess.run(limited, capture_output=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert out.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
