# SPDX-License-Identifier: GPL-2.0-only
"""The program as a user meets it: status, report, messages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lpae_backport import __version__
from tests.conftest import ROOT
from tests.trees import build


def _program(*argv: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "lpae_backport", *map(str, argv)],
        capture_output=True,
        cwd=ROOT,
        check=False,
        **options,
    )


def test_done_is_0(run, new: Path) -> None:
    """A tree in which nothing remains ends with 0."""
    r = run("compare", new, new)
    assert r.status == 0
    assert "32 steps: 32 done" in r.out
    assert not r.err


def test_findings_is_1(run, old: Path, new: Path) -> None:
    """Steps that remain end with 1, and the report says where to begin."""
    r = run("compare", old, new)
    assert r.status == 1
    assert "32 steps: 32 missing" in r.out
    assert "next: 1.1, " in r.out


def test_exit_zero(run, old: Path, new: Path) -> None:
    """--exit-zero changes the status and nothing else."""
    plain, zero = run("compare", old, new), run("compare", "--exit-zero", old, new)
    assert zero.status == 0
    assert zero.out == plain.out


@pytest.mark.parametrize(
    "argv",
    [
        ("compare",),
        ("compare", "a", "b", "--format", "xml"),
        ("nonsense",),
        ("compare", "fixtures/pocket-4.9", "fixtures/pocket-6.x", "--step", "9.9"),
        ("compare", "fixtures/pocket-4.9", "fixtures/pocket-6.x", "--pack", "nope"),
        ("explain", "1.99"),
        ("compare", "fixtures/pocket-6.x", "fixtures/pocket-6.x", "-o", "/no/such/dir/report"),
    ],
)
def test_usage_is_2(run, argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong usage ends with 2 and a line on stderr, with nothing on stdout."""
    monkeypatch.chdir(ROOT)
    r = run(*argv)
    assert r.status == 2
    assert r.err.strip()
    assert not r.out


def test_bad_rule_is_3(run, tmp_path: Path, old: Path, new: Path) -> None:
    """A broken rule ends with 3 and one line that says where."""
    (tmp_path / "steps").mkdir()
    (tmp_path / "pack.yaml").write_text("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: [a.c]}}\n")
    (tmp_path / "steps" / "a.yaml").write_text("id: a\ntitel: t\n")
    for argv in (("compare", old, new, "--rules", tmp_path), ("rules", "check", tmp_path)):
        r = run(*argv)
        assert r.status == 3
        assert "a.yaml:2:" in r.err
        assert r.err.count("\n") == 1


@pytest.mark.parametrize("kind", ["nothing", "file", "empty folder", "u-boot", "two kernels"])
def test_bad_tree_is_4(run, tmp_path: Path, new: Path, kind: str) -> None:
    """What is no kernel ends with 4 and one line with a hint."""
    tree = tmp_path / "tree"
    if kind == "file":
        tree.write_text("no kernel")
    elif kind != "nothing":
        tree.mkdir()
    if kind == "u-boot":
        _kernel(tree)
        (tree / "include/u-boot").mkdir()
    if kind == "two kernels":
        _kernel(tree / "a")
        _kernel(tree / "b")
    r = run("compare", tree, new)
    assert r.status == 4
    assert r.err.count("\n") == 1
    assert "(hint: " in r.err
    assert not r.out


def _kernel(where: Path) -> None:
    (where / "drivers").mkdir(parents=True)
    (where / "include/linux").mkdir(parents=True)
    (where / "Makefile").write_text("VERSION = 4\nPATCHLEVEL = 9\n")


def test_crash_is_70(run, old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash is one line and 70, never a verdict and never a traceback."""
    monkeypatch.delenv("LPAE_AUDIT_DEBUG", raising=False)
    monkeypatch.setattr("lpae_backport.tree.Tree.read", lambda *_: 1 / 0)
    r = run("compare", old, new)
    assert r.status == 70
    assert "internal error: ZeroDivisionError" in r.err
    assert "Traceback" not in r.err
    assert not r.out


def test_vendor_repository(run, tmp_path: Path, old: Path, new: Path) -> None:
    """A kernel in a subdirectory of a vendor repository is found."""
    import shutil

    shutil.copytree(old, tmp_path / "bsp" / "linux-vendor")
    (tmp_path / "bsp" / "u-boot").mkdir()
    r = run("compare", tmp_path / "bsp", new)
    assert r.status == 1
    assert "bsp/linux-vendor (Linux 4.9.0-pocket)" in r.out


def test_json(run, old: Path, new: Path) -> None:
    """JSON has the schema's fields, for each step and each check, with evidence of both sides."""
    d = json.loads(run("compare", old, new, "--format", "json").out)
    assert d["schema"] == "lpae-audit/compare/1"
    assert d["version"] == __version__
    assert len(d["steps"]) == 32
    step = next(s for s in d["steps"] if s["id"] == "1.6.2a")
    assert (step["status"], step["reference"], step["pack"]) == ("missing", "holds", "mali-lpae")
    sides = {e["side"] for c in step["checks"] for e in c["evidence"]}
    assert sides == {"target", "reference"}
    first = step["checks"][0]["evidence"][0]
    assert first["line"] <= first["end_line"] and "dma_map_single" in first["text"]


def test_markdown(run, old: Path, new: Path) -> None:
    """Markdown is a checklist with boxes."""
    out = run("compare", old, new, "--format", "markdown", "-v").out
    assert out.count("- [ ] **") == 32
    assert run("compare", new, new, "--format", "markdown").out.count("- [x] **") == 32


def test_verbose_shows_both_sides(run, old: Path, new: Path) -> None:
    """-v shows what decided each check as numbered lines of both trees."""
    out = run("compare", old, new, "--step", "1.6.2a", "-v").out
    assert "target drivers/iommu/io-pgtable-arm.c:" in out
    assert "reference drivers/iommu/io-pgtable-arm.c:" in out
    assert "| " in out and "dma_map_single" in out


def test_option_is_named(run, new: Path) -> None:
    """What stands under a Kconfig option says so: a done step may still be compiled out."""
    out = run("compare", new, new, "--step", "1.9", "-v").out
    assert "[met] table-entry: only under defined(CONFIG_IOMMU_IO_PGTABLE_LPAE)" in out


def test_only_and_step(run, old: Path, new: Path) -> None:
    """--step takes a prefix, --only filters what is shown but not the status."""
    r = run("compare", old, new, "--step", "1.6.2")
    assert "10 steps: 10 missing" in r.out
    assert "1.6.1 " not in r.out
    r = run("compare", old, new, "--only", "done")
    assert r.status == 1
    assert "32 steps: 32 missing (0 shown)" in r.out
    assert "nothing remains" not in r.out


def test_next_is_what_can_be_begun(run, old: Path, new: Path) -> None:
    """A step whose forerunners were not audited is not offered as next."""
    out = run("compare", old, new, "--step", "1.6.2a").out
    assert "next:" not in out
    assert "lpae-audit explain 1.6.2a" in out


def test_swapped_trees(run, old: Path, new: Path) -> None:
    """A reference that lacks the steps is no proof: not 0, and a word about it."""
    r = run("compare", new, old)
    assert r.status == 1
    assert "are OLD and NEW swapped?" in r.err


def test_output_file_is_whole_or_absent(run, tmp_path: Path, old: Path, new: Path) -> None:
    """-o writes the same report, leaves no scraps, and keeps the old file when it fails."""
    report = tmp_path / "report.txt"
    assert run("compare", old, new, "-o", report).out == ""
    assert report.read_text() == run("compare", old, new).out
    assert os.listdir(tmp_path) == ["report.txt"]
    assert run("compare", old, tmp_path / "no", "-o", report).status == 4
    assert "32 missing" in report.read_text()


def test_same_input_same_bytes(old: Path, new: Path) -> None:
    """Two processes with other hash seeds write the same bytes."""
    outputs = [
        _program(
            "compare", old, new, "--format", f, "-v", env=os.environ | {"PYTHONHASHSEED": seed}
        ).stdout
        for f in ("text", "json", "markdown")
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1] and outputs[2] == outputs[3] and outputs[4] == outputs[5]


def test_pipe_is_plain(old: Path, new: Path) -> None:
    """In a pipe there is no colour, no bar and no table drawing."""
    r = _program("compare", old, new)
    assert r.returncode == 1
    assert b"\x1b" not in r.stdout + r.stderr
    assert r.stdout.isascii()


def test_closed_pipe_is_quiet(old: Path, new: Path) -> None:
    """A reader that goes away ends the program without a word."""
    command = f"{sys.executable} -m lpae_backport compare {old} {new} -v --format json | head -c 10"
    r = subprocess.run(command, shell=True, capture_output=True, cwd=ROOT, check=False)
    assert r.stderr == b""


@pytest.mark.parametrize(
    "name", ["binary", "empty", "large", "lfs", "annex", "path", "unreadable", "fifo", "symlink"]
)
def test_file_that_cannot_be_read(run, tmp_path: Path, new: Path, name: str) -> None:
    """An unreadable file is one line on stderr; its steps are unknown, others keep theirs."""
    tree, _ = build(ROOT / "fixtures/variants/already-done.yaml", tmp_path)
    victim = tree / "drivers/iommu/io-pgtable-arm.c"
    _spoil(victim, name, tmp_path)
    if name == "unreadable" and os.geteuid() == 0:
        pytest.skip("root may read anything")
    r = run("compare", tree, new, "--format", "json")
    status = {s["id"]: s["status"] for s in json.loads(r.out)["steps"]}
    assert r.status == 1
    assert status["1.5"] == status["1.6.2a"] == "unknown"
    assert status["2.2a"] == status["1.6.1"] == "done"
    assert r.err.count("\n") == 1
    assert "drivers/iommu/io-pgtable-arm.c: " in r.err


@pytest.mark.parametrize(
    ("name", "status"),
    [*((n, "unknown") for n in ("binary", "empty", "large", "lfs", "fifo")), ("symlink", "done")],
)
def test_bystander_that_cannot_be_read(
    run, tmp_path: Path, new: Path, name: str, status: str
) -> None:
    """Whether a file that cannot be read includes the old header is unknown, not done.

    What a link out of the tree leads to is no part of the kernel; Qualcomm's trees have such.
    """
    tree, _ = build(ROOT / "fixtures/variants/already-done.yaml", tmp_path)
    victim = tree / "drivers/iommu/msm_iommu.c"
    victim.write_text("int bystander;\n")
    step = ("compare", tree, new, "--step", "1.10", "--format", "json")
    assert json.loads(run(*step).out)["steps"][0]["status"] == "done"
    _spoil(victim, name, tmp_path)
    assert json.loads(run(*step).out)["steps"][0]["status"] == status


_STAND_INS = {
    "lfs": f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0a' * 32}\nsize 36292\n",
    "annex": f"/annex/objects/SHA256E-s36292--{'0a' * 32}.c\n",
    "path": "../../vendor/io-pgtable-arm.c",
}
"""What a checkout leaves in place of a file: large-file pointers, a link written as text."""


def _spoil(victim: Path, kind: str, scratch: Path) -> None:
    if kind == "binary":
        victim.write_bytes(b"\x7fELF\0\0\1")
    elif kind == "empty":
        victim.write_bytes(b"")
    elif kind == "large":
        victim.write_bytes(b"int x;\n" * 1_500_000)
    elif kind in _STAND_INS:
        victim.write_text(_STAND_INS[kind])
    elif kind == "unreadable":
        victim.chmod(0)
    elif kind == "fifo":
        victim.unlink()
        os.mkfifo(victim)
    else:
        outside = scratch / "outside.c"
        victim.rename(outside)
        victim.symlink_to(outside)


def test_escapes_are_shown_not_obeyed(run, tmp_path: Path, new: Path) -> None:
    """Terminal escapes in a file reach no report as control characters."""
    tree, _ = build(ROOT / "fixtures/variants/already-done.yaml", tmp_path)
    header = tree / "include/linux/io-pgtable.h"
    header.write_text(header.read_text().replace("ARM_MALI_LPAE", "\x1b[31mX", 1))
    for form in ("text", "markdown"):
        assert "\x1b" not in run("compare", tree, new, "-v", "--format", form).out


def test_explain(run) -> None:
    """Explain gives the reason, the commits, what decides the step, and the traps."""
    out = run("explain", "1.6.2e").out
    for word in ("2c3d273eabe8", "Done when:", "Comes after:", "Traps:", "dma_wmb()"):
        assert word in out


def test_rules_list_check_test(run) -> None:
    """The three commands on rules end with 0 on what is shipped."""
    assert "mali-lpae" in run("rules", "list").out
    assert run("rules", "check").status == 0
    r = run("rules", "test")
    assert r.status == 0
    assert ", 0 failed" in r.out


def test_failing_case_is_3(run, tmp_path: Path) -> None:
    """A case whose verdict is not the expected one fails the test of the rules."""
    import shutil

    shutil.copytree(ROOT / "rules/mali-lpae", tmp_path / "p")
    cases = tmp_path / "p/cases/1.1.yaml"
    cases.write_text(cases.read_text().replace("expect: done", "expect: missing", 1))
    r = run("rules", "test", tmp_path / "p", "--step", "1.1")
    assert r.status == 3
    assert "expected missing, got done" in r.out


def test_compare_changes_no_tree(tmp_path: Path, new: Path) -> None:
    """A read-only tree is audited all the same, and nothing in it changes."""
    tree, _ = build(ROOT / "fixtures/variants/already-done.yaml", tmp_path)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tree.rglob("*") if p.is_file()}
    for d in [tree, *(p for p in tree.rglob("*") if p.is_dir())]:
        d.chmod(0o555)
    try:
        assert _program("compare", tree, new).returncode == 0
    finally:
        for d in [tree, *(p for p in tree.rglob("*") if p.is_dir())]:
            d.chmod(0o755)
    assert before == {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tree.rglob("*") if p.is_file()
    }


def test_version(run) -> None:
    """--version names program and version."""
    assert run("--version").out == f"lpae-audit, version {__version__}\n"
