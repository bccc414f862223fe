# SPDX-License-Identifier: GPL-2.0-only
"""A series does what its plan says: it applies, builds, boots, and leaves nothing open."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lpae_backport.plan import Plan
from lpae_backport.rule import Pack
from tests.series import WHO, apply, boot, build, plan_for, put
from tests.trees import build as build_variant
from tests.trees import variant_files, verdicts

_AUTHOR = ("--from", f"{WHO[0]} <{WHO[1]}>")


@pytest.fixture(scope="module")
def plan(old: Path, new: Path, pack: Pack) -> Plan:
    """The series of the pocket kernels."""
    return plan_for(old, new, pack)


@pytest.fixture
def tree(old: Path, tmp_path: Path) -> Path:
    """A copy of the old pocket kernel."""
    return Path(shutil.copytree(old, tmp_path / "tree"))


def _git(*args: str, cwd: Path) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": WHO[0], f"GIT_{role}_EMAIL": WHO[1]}
    done = subprocess.run(
        ["git", *args], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _repository(tree: Path) -> Path:
    _git("init", "-q", "-b", "main", ".", cwd=tree)
    _git("config", "core.autocrlf", "false", cwd=tree)
    _git("add", "-A", cwd=tree)
    _git("commit", "-q", "-m", "vendor drop", cwd=tree)
    return tree


def test_every_step_has_a_patch(plan: Plan, pack: Pack) -> None:
    """From nothing to all of it, in 26 patches, none by hand."""
    assert plan.manual == []
    assert plan.open == []
    assert [s.id for p in plan.patches for s in p.steps] != [s.id for s in pack.steps]
    assert {s.id for p in plan.patches for s in p.steps} == {s.id for s in pack.steps}
    assert len(plan.patches) == 26


def test_each_patch_makes_its_steps_and_undoes_none(plan: Plan, tree: Path, pack: Pack) -> None:
    """Behind patch k the steps of patches 1 to k are done (an audit from disk says so)."""
    done: set[str] = set()
    for patch in plan.patches:
        put(tree, patch.files)
        done |= {s.id for s in patch.steps}
        assert {s for s, v in verdicts(tree, pack).items() if v == "done"} == done, patch.subject


def test_each_patch_builds_and_boots(plan: Plan, tree: Path, tmp_path: Path) -> None:
    """No warning from the compiler, and the selftests pass, before and behind each patch."""
    objects = tmp_path / "objects"
    assert build(tree, objects) == ""
    assert boot(tree, objects) == ""
    for patch in plan.patches:
        put(tree, patch.files)
        assert build(tree, objects) == "", patch.subject
        assert boot(tree, objects) == "", patch.subject


def test_the_mali_format_comes_out_right(plan: Plan, tree: Path, tmp_path: Path) -> None:
    """Four levels, attributes 0x2c4, nothing synced that was not mapped; coherent and not."""
    apply(plan, tree)
    assert build(tree, tmp_path / "objects") == ""
    assert boot(tree, tmp_path / "objects", mali=True) == ""


def test_git_am_takes_it(run, tree: Path, new: Path, tmp_path: Path, plan: Plan) -> None:
    """A clean checkout, git am, and the tree is the planned one."""
    out = tmp_path / "out"
    assert run("series", tree, new, "-o", out, *_AUTHOR).status == 0
    _repository(tree)
    _git("am", "--empty=drop", *sorted(map(str, out.glob("*.patch"))), cwd=tree)
    assert len(_git("log", "--format=%s", cwd=tree).splitlines()) == 27
    final: dict[str, bytes | None] = {}
    for patch in plan.patches:
        final |= patch.files
    for name, data in final.items():
        path = tree / name
        assert (path.read_bytes() if path.exists() else None) == data, name


def test_a_second_series_is_empty(run, tree: Path, new: Path, tmp_path: Path) -> None:
    """On the tree that a series made there is nothing left to write."""
    assert run("series", tree, new, "--apply", *_AUTHOR).status == 0
    again = run("series", tree, new, "-o", tmp_path / "again", *_AUTHOR)
    assert again.status == 0
    assert again.out.startswith("0 patches")
    assert not (tmp_path / "again").exists()
    assert run("compare", tree, new).status == 0


def test_same_input_same_bytes(run, old: Path, new: Path, tmp_path: Path) -> None:
    """Two runs write the same files, byte for byte, without any date."""
    for name in ("one", "two"):
        assert run("series", old, new, "-o", tmp_path / name, *_AUTHOR).status == 0
    one = {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()}
    assert one == {p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()}
    assert len(one) == 27
    assert not any(b"\nDate:" in data for data in one.values())


def test_nothing_of_the_target_is_touched(run, tree: Path, new: Path, tmp_path: Path) -> None:
    """Writing a series reads the trees and changes neither."""
    before = {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    assert run("series", tree, new, "-o", tmp_path / "out", *_AUTHOR).status == 0
    assert before == {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}


def test_what_a_patch_says(run, old: Path, new: Path, tmp_path: Path) -> None:
    """Subject, reason, what was adapted, where it comes from, who signs it off."""
    out = tmp_path / "out"
    run("series", old, new, "-o", out, *_AUTHOR)
    text = next(out.glob("0015-*")).read_text().replace("\n compare", " compare")
    assert "[PATCH 15/26] iommu/io-pgtable-arm: Install tables by compare-and-exchange\n" in text
    assert f"From: {WHO[0]} <{WHO[1]}>\n" in text
    assert "Taken from Linux 6.1.0-pocket: ARM_LPAE_PTE_SW_SYNC,\narm_lpae_install_table" in text
    assert "Adapted to this tree:\n - paddr_to_iopte() is not here yet" in text
    assert f"Signed-off-by: {WHO[0]} <{WHO[1]}>\n" in text
    assert "(backported from commit 2c3d273eabe8 upstream)\n" in text
    cover = (out / "0000-cover-letter.patch").read_text()
    assert "[x] 1.6.2e       missing   done      0015     SW_SYNC and" in cover
    assert "write ttbr[0]" in cover
    assert "***" not in cover


def test_no_trailing_blanks_and_no_long_lines(run, old: Path, new: Path, tmp_path: Path) -> None:
    """What the patches add ends without blanks and keeps to the width of the file."""
    run("series", old, new, "-o", tmp_path / "out", *_AUTHOR)
    for path in sorted((tmp_path / "out").glob("00[012][1-9]-*")):
        body = path.read_text().split("\ndiff --git", 1)[1]
        for line in body.splitlines():
            if line.startswith("+") and not line.startswith("+++"):
                assert line.rstrip() == line, path.name
                assert len(line[1:].expandtabs(8)) <= 100, path.name
                assert " \t" not in line, path.name


@pytest.mark.parametrize("asked", ["1.6.1", "1.6.2", "2", "x.export"])
def test_steps_can_be_asked_for(
    run, tree: Path, new: Path, tmp_path: Path, pack: Pack, asked: str
) -> None:
    """With --step only those are made; what they wait for is named, and the rest comes later."""
    first = run("series", tree, new, "--step", asked, "--apply", *_AUTHOR)
    assert first.status == 1
    assert run("series", tree, new, "--apply", *_AUTHOR).status == 0
    assert set(verdicts(tree, pack).values()) == {"done"}
    assert build(tree, tmp_path / "objects") == ""
    assert boot(tree, tmp_path / "objects", mali=True) == ""


def test_branch(run, tree: Path, new: Path) -> None:
    """--branch commits the series beside the work tree, which stays as it is."""
    _repository(tree)
    assert run("series", tree, new, "--branch", "lpae", *_AUTHOR).status == 0
    assert _git("status", "--porcelain", cwd=tree) == ""
    assert len(_git("log", "--format=%an", "main..lpae", cwd=tree).splitlines()) == 26
    assert "include/linux/io-pgtable.h" in _git("ls-tree", "-r", "--name-only", "lpae", cwd=tree)
    again = run("series", tree, new, "--branch", "lpae", *_AUTHOR)
    assert again.status == 2
    assert "already" in again.err


def test_apply_wants_a_clean_tree(run, tree: Path, new: Path) -> None:
    """What is changed but not committed is not built upon."""
    _repository(tree)
    path = tree / "drivers/iommu/io-pgtable-arm.c"
    path.write_bytes(path.read_bytes() + b"\n/* mine */\n")
    before = path.read_bytes()
    refused = run("series", tree, new, "--apply", *_AUTHOR)
    assert refused.status == 2
    assert "not clean" in refused.err
    assert path.read_bytes() == before


def test_mbox_and_start_number(run, tree: Path, new: Path, tmp_path: Path) -> None:
    """One file for git am; numbers begin where they are told to."""
    box = tmp_path / "series.mbox"
    done = run("series", tree, new, "--mbox", box, "--start-number", 7, *_AUTHOR)
    assert done.status == 0
    assert done.out.startswith("0007  ")
    _repository(tree)
    _git("am", str(box), cwd=tree)
    assert len(_git("log", "--format=%s", cwd=tree).splitlines()) == 27


def test_no_signoff_and_dry_run(run, old: Path, new: Path, tmp_path: Path) -> None:
    """Nobody signs what they did not want to; a dry run writes nothing."""
    run("series", old, new, "-o", tmp_path / "out", "--no-signoff", *_AUTHOR)
    assert "Signed-off-by" not in next((tmp_path / "out").glob("0001-*")).read_text()
    dry = run("series", old, new, "-o", tmp_path / "dry", "--dry-run", "--stat", *_AUTHOR)
    assert dry.status == 0
    assert "drivers/iommu/Kconfig +1 -1" in dry.out
    assert not (tmp_path / "dry").exists()


def test_build_names_the_first_patch_that_breaks(run, old: Path, new: Path, tmp_path: Path) -> None:
    """--build runs behind each patch; a failure leaves a log and no series."""
    out = tmp_path / "out"
    fine = run("series", old, new, "-o", out, "--step", "1.1", "--build", "make -s", *_AUTHOR)
    assert fine.status == 1, "steps remain that were not asked for"
    assert "built before the first patch" in (out / "0000-cover-letter.patch").read_text()
    bad = tmp_path / "bad"
    command = "echo building $LPAE_AUDIT_PATCH; ! grep -q ARM_MALI_LPAE_TTBR drivers/iommu/*.c"
    broken = run("series", old, new, "-o", bad, "--build", command, *_AUTHOR)
    assert broken.status == 1
    assert "patch 0002 breaks the build" in broken.err
    assert not bad.exists()
    assert (tmp_path / "bad.logs/0002.log").read_text() == "building 2\n"


def test_build_of_a_tree_that_was_broken_before(run, tree: Path, new: Path, tmp_path: Path) -> None:
    """A target that does not build is told from a patch that breaks it."""
    done = run("series", tree, new, "-o", tmp_path / "o", "--build", "false", *_AUTHOR)
    assert done.status == 1
    assert "OLD does not build" in done.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "nowhere to write to"),
        (("-o", "there"), "holds patches already"),
        (("-o", "file"), "not a directory"),
        (("--branch", "x"), "no git repository"),
        (("--dry-run", "--from", "nobody"), "is no identity"),
        (("--mbox", "no/such/box"), "no such directory"),
    ],
)
def test_wrong_usage(
    run, tree: Path, new: Path, tmp_path: Path, monkeypatch, args: tuple[str, ...], message: str
) -> None:
    """Each gets one line on standard error, status 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "there").mkdir()
    (tmp_path / "there/0001-old.patch").write_text("old")
    (tmp_path / "file").write_text("")
    who = () if "--from" in args else _AUTHOR
    done = run("series", tree, new, *args, *who)
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "there", "tree"]


def test_without_identity(run, old: Path, new: Path, tmp_path: Path, monkeypatch) -> None:
    """Where git knows nobody, it is asked for, not invented."""
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    bare = Path(shutil.copytree(old, tmp_path / "bare"))
    done = run("series", bare, new, "--dry-run")
    assert done.status == 2
    assert "--from" in done.err


def test_hunk_of_a_step(run, old: Path, new: Path) -> None:
    """Compare --patch shows what a series would change for one step."""
    done = run("compare", old, new, "--patch", "1.5")
    assert done.status == 0
    added = [ln for ln in done.out.splitlines() if ln.startswith("+\t")]
    assert added == ["+\tif (data->iop.fmt != ARM_MALI_LPAE && lvl == ARM_LPAE_MAX_LEVELS - 1)"]
    assert "there is nothing to change" in run("compare", new, new, "--patch", "1.5").out
    assert run("compare", old, new, "--patch", "1.6").status == 2


@pytest.mark.parametrize("description", variant_files(), ids=lambda p: p.stem)
def test_variant(description: Path, new: Path, tmp_path: Path, pack: Pack) -> None:
    """Whatever state a tree is in: what is patched holds, builds and boots; the rest says why."""
    tree, told = build_variant(description, tmp_path)
    built = build(tree, tmp_path / "before") == ""
    booted = built and boot(tree, tmp_path / "before") == ""
    before = verdicts(tree, pack)
    plan = plan_for(tree, new, pack)
    apply(plan, tree)
    after = verdicts(tree, pack)
    made = {s.id for p in plan.patches for s in p.steps}
    by_hand = {m.step.id: m.reason for m in plan.manual}
    for step, verdict in after.items():
        if step in made:
            assert verdict in ("done", "not-applicable"), step
        elif verdict not in ("done", "not-applicable"):
            assert by_hand[step], f"{step} is open, and nothing says why"
        if before[step] == "done":
            assert verdict == "done", f"{step} was undone"
    if built:
        assert build(tree, tmp_path / "after") == ""
    if booted:
        old = told["base"] == "pocket-4.9"
        mali = not plan.open and "1.9" in made
        assert boot(tree, tmp_path / "after", mali=mali, old=old) == ""


def test_crlf_stays_crlf(new: Path, tmp_path: Path, pack: Pack) -> None:
    """A file with CR LF throughout has them throughout behind the series, on new lines too."""
    description = next(p for p in variant_files() if p.stem == "crlf-4.9")
    tree, _ = build_variant(description, tmp_path)
    plan = plan_for(tree, new, pack)
    assert plan.patches
    for patch in plan.patches:
        for name, data in patch.files.items():
            ended = plan.original.get(name) or b""
            if data is not None and b"\r\n" in ended:
                assert data.count(b"\n") == data.count(b"\r\n"), name


@pytest.mark.parametrize("ends", ["lf", "crlf"])
@pytest.mark.parametrize("prefix", ["", "kernel"])
@pytest.mark.parametrize("place", ["-o", "--mbox"])
def test_the_command_that_is_told_applies_it(
    run, old: Path, new: Path, tmp_path: Path, ends: str, prefix: str, place: str
) -> None:
    """The `git am` line of the output works as it stands: CR LF, a kernel in a folder, an mbox."""
    top = tmp_path / "top"
    tree = Path(shutil.copytree(old, top / prefix))
    if ends == "crlf":
        for path in tree.rglob("*.[ch]"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    _repository(top)
    done = run("series", tree, new, place, tmp_path / "made", "--branch", "b", *_AUTHOR)
    assert done.status == 0
    command = next(ln.strip() for ln in done.out.splitlines() if ln.strip().startswith("git am "))
    env = {**os.environ, "GIT_COMMITTER_NAME": WHO[0], "GIT_COMMITTER_EMAIL": WHO[1]}
    subprocess.run(command, shell=True, cwd=top, env=env, check=True, capture_output=True)
    assert _git("diff", "--stat", "b", "HEAD", cwd=top) == ""
    assert len(_git("log", "--format=%s", cwd=top).splitlines()) == 27


def test_a_hostile_repository_runs_nothing(run, tree: Path, new: Path, tmp_path: Path) -> None:
    """Hooks, filters, fsmonitor and the like of OLD's repository are not run."""
    _repository(tree)
    marker = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    evil.chmod(0o755)
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external"),
        *("filter.x.clean", "filter.x.smudge", "diff.x.textconv", "gpg.program"),
    ):
        _git("config", key, str(evil), cwd=tree)
    _git("config", "commit.gpgSign", "true", cwd=tree)
    hooks = tree / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "pre-commit",
        "post-commit",
        "reference-transaction",
        "post-checkout",
        "pre-applypatch",
    ):
        shutil.copy(evil, hooks / name)
    (tree / ".git/info").mkdir(exist_ok=True)
    (tree / ".git/info/attributes").write_text("* filter=x diff=x\n")
    path = tree / "drivers/iommu/io-pgtable.c"
    os.utime(path, (1, 1))
    assert run("series", tree, new, "--branch", "b", "--step", "1.1", *_AUTHOR).status == 1
    assert run("series", tree, new, "--apply", *_AUTHOR).status == 0
    assert not marker.exists()


def test_modes_are_kept(run, tree: Path, new: Path, tmp_path: Path) -> None:
    """An executable source stays one, in a branch, by git am and on --apply; a moved one too."""
    for name in ("drivers/iommu/io-pgtable.h", "drivers/iommu/io-pgtable-arm.c"):
        (tree / name).chmod(0o755)
    _repository(tree)
    run("series", tree, new, "--branch", "b", *_AUTHOR)
    changed = _git("diff", "--summary", "main", "b", cwd=tree)
    assert "mode change" not in changed
    run("series", tree, new, "-o", tmp_path / "out", *_AUTHOR)
    _git("am", "--empty=drop", *sorted(map(str, (tmp_path / "out").glob("*.patch"))), cwd=tree)
    assert (tree / "include/linux/io-pgtable.h").stat().st_mode & 0o111
    assert (tree / "drivers/iommu/io-pgtable-arm.c").stat().st_mode & 0o111


def test_stored_line_ends_stay(run, tree: Path, new: Path) -> None:
    """Where attributes turn LF to CR LF in the tree, a branch stores LF as before."""
    (tree / ".gitattributes").write_text("*.[ch] text eol=crlf\n")
    for path in tree.rglob("*.[ch]"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    _repository(tree)
    assert run("series", tree, new, "--branch", "b", *_AUTHOR).status == 0
    stat = _git("diff", "--shortstat", "main", "b", cwd=tree)
    assert int(stat.split("insertion")[0].split()[-1]) < 500


def test_work_done_meanwhile_is_not_undone(run, tree: Path, new: Path) -> None:
    """What changes in OLD while a series is made is seen, and nothing is written over it."""
    path = tree / "drivers/iommu/arm-smmu.c"
    command = f"test $LPAE_AUDIT_PATCH != 3 || echo '/* new */' >> {path}"
    done = run("series", tree, new, "--apply", "--build", command, *_AUTHOR)
    assert done.status == 2
    assert "changed while the series was made" in done.err
    assert path.read_text().endswith("/* new */\n")


def test_a_build_never_writes_into_the_target(run, tree: Path, new: Path, tmp_path: Path) -> None:
    """What the command does to its folder is done to a copy."""
    before = {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    ran = tmp_path / "ran"
    command = f"touch {ran} built && echo new >> drivers/iommu/arm-smmu.c"
    run("series", tree, new, "-o", tmp_path / "o", "--step", "1.1", "--build", command, *_AUTHOR)
    assert ran.exists()
    assert before == {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_DIFF_OPTS", "-u0"),
        ("GIT_CONFIG_PARAMETERS", "'diff.noprefix=true'"),
        ("GIT_DEFAULT_HASH", "sha256"),
        ("GIT_COMMITTER_DATE", "garbage"),
        ("GIT_DIR", "/nowhere"),
    ],
)
def test_the_environment_changes_nothing(
    run, old: Path, new: Path, tmp_path: Path, monkeypatch, name: str, value: str
) -> None:
    """What a caller's environment tells git does not reach the series."""
    run("series", old, new, "-o", tmp_path / "a", "--step", "1.1", *_AUTHOR)
    monkeypatch.setenv(name, value)
    run("series", old, new, "-o", tmp_path / "b", "--step", "1.1", *_AUTHOR)
    one = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    assert one == {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()}


@pytest.mark.parametrize(
    "who", ["A\nX: 1 <a@b.c>", '" <a@b.c>', ". <a@b.c>", "A <>", "\udcff <a@b.c>"]
)
def test_identities_that_git_would_change(run, old: Path, new: Path, who: str) -> None:
    """They are refused at once."""
    done = run("series", old, new, "--dry-run", "--from", who)
    assert done.status == 2
    assert "is no identity" in done.err


@pytest.mark.parametrize("option", ["-o", "--mbox", "--branch", "--build", "--from"])
def test_empty_values(run, old: Path, new: Path, option: str) -> None:
    """An empty name is no name."""
    done = run("series", old, new, option, "")
    assert done.status == 2
    assert "empty" in done.err


def test_mbox_keeps_what_it_replaces(run, old: Path, new: Path, tmp_path: Path) -> None:
    """A file keeps its mode, a link stays a link."""
    real = tmp_path / "real"
    real.write_text("")
    real.chmod(0o600)
    (tmp_path / "link").symlink_to(real)
    run("series", old, new, "--mbox", tmp_path / "link", "--step", "1.1", *_AUTHOR)
    assert (tmp_path / "link").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert b"PATCH" in real.read_bytes()


def test_swapped_trees(run, old: Path, new: Path) -> None:
    """A reference that lacks the steps proves nothing, and is said to."""
    done = run("series", new, old, "--dry-run", *_AUTHOR)
    assert done.status == 1
    assert "are OLD and NEW swapped" in done.err


def test_step_alone_waits_for_what_it_stands_on(run, old: Path, new: Path) -> None:
    """A step of a patch of several does not go without the others it comes after."""
    done = run("series", old, new, "--dry-run", "--step", "1.9", *_AUTHOR)
    assert "0 patches" in done.out
    assert "waits for 1.8" in done.out
