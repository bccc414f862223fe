# SPDX-License-Identifier: GPL-2.0-only
"""A tree says the same wherever it is: a directory, a revision, an archive."""

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpae_backport.archive import ArchiveStore
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.gitdir import split_revision
from lpae_backport.objects import GitStore
from lpae_backport.opening import open_tree
from lpae_backport.rule import Pack
from lpae_backport.storedtree import StoredTree
from lpae_backport.tree import Tree
from tests.git import commit, git, pack_up, package, squeezed
from tests.series import WHO
from tests.trees import build, real_tree, variant_files, verdicts

_IDENT = f"{WHO[0]} <{WHO[1]}>"
_ENDS = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")


@pytest.fixture
def fork(tmp_path: Path, old: Path) -> Path:
    """A vendor repository with a kernel in a folder of it."""
    import shutil

    shutil.copytree(old, tmp_path / "bsp" / "linux-vendor")
    (tmp_path / "bsp" / "README").write_text("a board\n")
    commit(tmp_path / "bsp")
    return tmp_path / "bsp"


def _steps(text: str) -> list:
    return json.loads(text)["steps"]


def _compare(run, tree: object, new: Path) -> list:
    r = run("compare", tree, new, "--format", "json")
    assert r.status == 1, r.err
    return _steps(r.out)


def test_revision_is_as_its_checkout(run, fork: Path, new: Path, tmp_path: Path) -> None:
    """HEAD, a branch, a bare clone, a worktree and a folder give what the directory gives."""
    wanted = _compare(run, fork, new)
    git(fork, "branch", "vendor/topic")
    git(tmp_path, "clone", "--quiet", "--bare", fork, tmp_path / "bare.git")
    git(fork, "worktree", "add", "--quiet", tmp_path / "other", "HEAD~0")
    for name in (
        f"{fork}@HEAD",
        f"{fork}@vendor/topic",
        f"{fork}@HEAD:linux-vendor",
        f"{fork}@HEAD^{{/state}}",
        f"{fork}/linux-vendor@HEAD",
        f"{tmp_path}/bare.git@main",
        f"{tmp_path}/other@HEAD",
    ):
        assert _compare(run, name, new) == wanted, name


def test_a_submodule_is_a_repository(run, fork: Path, new: Path, tmp_path: Path) -> None:
    """A kernel in a submodule is read through its own repository; from above, it is said where."""
    above = tmp_path / "above"
    above.mkdir()
    commit(above)
    git(above, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", fork, "bsp")
    commit(above)
    assert _compare(run, f"{above}/bsp@HEAD", new) == _compare(run, fork, new)
    git(above / "bsp", "config", "extensions.worktreeConfig", "true")
    git(above / "bsp", "config", "--unset", "core.worktree")
    git(above / "bsp", "config", "--worktree", "core.worktree", "../../../bsp")
    assert _compare(run, f"{above}/bsp@HEAD", new) == _compare(run, fork, new)
    r = run("compare", f"{above}@HEAD:bsp", new)
    assert r.status == 4
    assert "is a submodule" in r.err
    assert "name its own repository" in r.err


def test_what_is_not_committed_is_not_seen(run, fork: Path, new: Path) -> None:
    """A revision is what was committed, whatever the work tree says."""
    wanted = _compare(run, f"{fork}@HEAD", new)
    (fork / "linux-vendor/drivers/iommu/io-pgtable-arm.c").write_text("int gone;\n")
    assert _compare(run, f"{fork}@HEAD", new) == wanted


@pytest.mark.parametrize("end", [*_ENDS, ".deb"])
def test_archive_is_as_what_was_packed(
    run, fork: Path, new: Path, tmp_path: Path, end: str
) -> None:
    """Whatever the compression, an archive gives what the directory gives."""
    if end == ".deb":
        inner = pack_up(fork, tmp_path / "linux-source.tar.xz", "linux-source").read_bytes()
        archive = tmp_path / "linux-source.deb"
        archive.write_bytes(package(inner, "./usr/src/linux-source-4.9.tar.xz"))
    else:
        archive = pack_up(fork, tmp_path / f"bsp{end}", "bsp-1.0")
    assert _compare(run, archive, new) == _compare(run, fork, new)


@pytest.mark.parametrize("form", ["v7", "label", "hard link", "skippable frame"])
def test_tars_of_other_makes(run, tmp_path: Path, new: Path, form: str) -> None:
    """Old tars, labels, hard links to links and pzstd's frames are read as tar reads them."""
    import shutil
    import subprocess

    tree = shutil.copytree(new, tmp_path / "linux")
    archive = tmp_path / ("x.tar.zst" if form == "skippable frame" else "x.tar")
    if form == "skippable frame":
        data = pack_up(tree, archive).read_bytes()
        archive.write_bytes(b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + data)
    else:
        if form == "hard link":
            name = tree / "drivers/iommu/io-pgtable.c"
            name.rename(tree / "real.c")
            (tree / "link.c").symlink_to("../../real.c")
            os.link(tree / "link.c", name, follow_symlinks=False)
        how = {"v7": ["--format=v7"], "label": ["-V", "a label"], "hard link": []}[form]
        done = subprocess.run(["tar", *how, "-cf", archive, "-C", tmp_path, "linux"], check=False)
        assert done.returncode == 0
    r = run("gate", archive)
    assert r.status == 0, r.out + r.err


def test_a_package_of_files(run, fork: Path, new: Path, tmp_path: Path) -> None:
    """A package that holds a tree, not a tarball of one, is read as it is."""
    raw = pack_up(fork, tmp_path / "x.tar", "usr/src/bsp").read_bytes()
    out = b"!<arch>\n"
    for part, content in (("debian-binary", b"2.0\n"), ("data.tar.gz", squeezed(raw, "x.gz"))):
        out += f"{part:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        out += content + b"\n" * (len(content) % 2)
    (tmp_path / "tree.deb").write_bytes(out)
    assert _compare(run, f"{tmp_path}/tree.deb:usr/src", new) == _compare(run, fork, new)


def test_folder_of_an_archive(run, fork: Path, new: Path, tmp_path: Path) -> None:
    """Where an archive holds two kernels, one of them has to be named."""
    import shutil

    shutil.copytree(fork / "linux-vendor", fork / "linux-other")
    archive = pack_up(fork, tmp_path / "two.tar.gz", "bsp")
    r = run("compare", archive, new)
    assert r.status == 4
    assert "more than one kernel here: bsp/linux-other, bsp/linux-vendor" in r.err
    assert _compare(run, f"{archive}:bsp/linux-vendor", new) == _compare(
        run, fork / "linux-vendor", new
    )


def test_beyond_what_was_kept(fork: Path, pack: Pack, tmp_path: Path) -> None:
    """A Makefile that leads out of the usual folders costs a pass, not the truth."""
    here = fork / "linux-vendor"
    away = here / "vendor/pgt/io-pgtable-arm.c"
    away.parent.mkdir(parents=True)
    (here / "drivers/iommu/io-pgtable-arm.c").rename(away)
    (away.parent / "io-pgtable.h").write_bytes((here / "drivers/iommu/io-pgtable.h").read_bytes())
    makefile = here / "drivers/iommu/Makefile"
    text = makefile.read_text()
    assert " io-pgtable-arm.o" in text
    makefile.write_text(text.replace(" io-pgtable-arm.o", " ../../vendor/pgt/io-pgtable-arm.o"))
    archive = pack_up(fork, tmp_path / "bsp.tar.gz")
    tree = open_tree(str(archive), [pack], lambda done: None)
    assert verdicts(tree, pack) == verdicts(here, pack)
    assert b"arm_lpae" in tree.read("vendor/pgt/io-pgtable-arm.c")


@pytest.mark.parametrize("description", variant_files()[::6], ids=lambda p: p.stem)
def test_variants(description: Path, pack: Pack, tmp_path: Path) -> None:
    """What vendors do to a tree has the same verdicts from a revision and from an archive."""
    tree, _ = build(description, tmp_path)
    wanted = verdicts(tree, pack)
    archive = pack_up(tree, tmp_path / "tree.tar.gz")
    commit(tree)
    for name in (f"{tree}@HEAD", str(archive)):
        assert verdicts(open_tree(name, [pack], lambda done: None), pack) == wanted


@pytest.mark.parametrize("kind", ["revision", "archive"])
def test_series_for_a_tree_that_is_nowhere(
    run, fork: Path, new: Path, tmp_path: Path, kind: str
) -> None:
    """A series for a revision or an archive is, byte for byte, that for the directory."""
    name = f"{fork}@HEAD" if kind == "revision" else pack_up(fork, tmp_path / "bsp.tar.xz")
    wanted = run("series", fork, new, "--from", _IDENT, "--mbox", tmp_path / "a.mbox")
    got = run("series", name, new, "--from", _IDENT, "--mbox", tmp_path / "b.mbox")
    assert (wanted.status, got.status) == (0, 0), got.err
    assert (tmp_path / "a.mbox").read_bytes() == (tmp_path / "b.mbox").read_bytes()
    if kind == "revision":
        assert "--directory=linux-vendor" in got.out
    for more in (["--apply"], ["--build", "true", "--dry-run"], ["--branch", "x"]):
        r = run("series", name, new, "--from", _IDENT, *more)
        assert r.status == 2
        assert r.err.count("\n") == 1


def test_names_of_revisions(tmp_path: Path) -> None:
    """The first part that is a directory is the repository, and the rest is git's."""
    here = str(tmp_path)
    (tmp_path / "a@b").mkdir()
    assert split_revision(f"{here}@HEAD:x/y") == (here, "HEAD", "x/y")
    assert split_revision(f"{here}@main@{{12:00}}:x") == (here, "main@{12:00}", "x")
    assert split_revision(f"{here}/a@b@v1") == (f"{here}/a@b", "v1", "")
    assert split_revision("nowhere@HEAD") == ("", "", "")
    assert split_revision("@HEAD:x") == (".", "HEAD", "x")
    (tmp_path / "job").mkdir()
    (tmp_path / "job@2").mkdir()
    assert split_revision(f"{here}/job@2@HEAD") == (f"{here}/job@2", "HEAD", "")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("{fork}@nope", "no revision 'nope'"),
        ("{fork}@HEAD:nope", "no folder 'nope'"),
        ("{fork}@HEAD:README", "is no folder"),
        ("{fork}@HEAD:linux-vendor/../..", "has no '..'"),
        ("{fork}@", "names no revision"),
        ("{fork}@-x --help", "no revision"),
        ("{here}/plain@HEAD", "not a git repository"),
        ("{fork}/README", "not an archive"),
        ("{here}/nothing", "no such file or directory"),
        ("{here}/nothing.tar.xz", "no such file or directory"),
    ],
)
def test_no_such_tree(run, fork: Path, new: Path, tmp_path: Path, name: str, says: str) -> None:
    """What names no tree ends with 4 and one line that says so."""
    (tmp_path / "plain").mkdir()
    r = run("compare", name.format(fork=fork, here=tmp_path), new)
    assert r.status == 4
    assert says in r.err
    assert r.err.count("\n") == 1
    assert not r.out


_NAMES = st.sampled_from(["a", "b", "c.h", "d"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_TARGETS = st.one_of(
    _PATHS, _PATHS.map(lambda p: f"../{p}"), st.sampled_from([".", "..", "../..", "/etc", "b/../a"])
)
_THINGS = st.dictionaries(
    _PATHS,
    st.one_of(
        st.sampled_from([("file", "int x;\n"), ("exec", "int y;\n")]),
        _TARGETS.map(lambda t: ("link", t)),
    ),
    max_size=7,
)


def _lay_out(root: Path, things: dict[str, tuple[str, str]]) -> None:
    for name, (kind, text) in things.items():
        path = root / name
        try:
            if any(p.is_symlink() for p in path.parents if root in p.parents):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "link":
                path.symlink_to(text)
            else:
                path.write_text(text)
                path.chmod(0o755 if kind == "exec" else 0o644)
        except OSError:
            continue  # a name that is a file already cannot hold another


def _said(tree: FileTree, name: str) -> tuple:
    try:
        data = tree.read(name)
    except UnreadableError as e:
        data = type(e)
    found = tree.listing(name)
    folders = [d for d in found.dirs if d != ".git"]
    return tree.is_file(name), data, tree.is_linked(name), found.files, folders


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(things=_THINGS, asked=st.lists(_PATHS, min_size=1, max_size=6))
def test_links_lead_where_they_lead_on_disk(things: dict, asked: list[str]) -> None:
    """Files, folders and links of any shape look the same on disk, in git and in a tarball."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "tree")
        root.mkdir()
        _lay_out(root, things)
        (root / "kept").write_text("int z;\n")
        archive = pack_up(root, Path(folder, "t.tar"), "top")
        commit(root)
        disk = Tree(str(root), is_kernel=False)
        stored = StoredTree("t", GitStore(str(root), "HEAD"), is_kernel=False)
        told = ArchiveStore(str(archive), None, lambda done: None)
        packed = StoredTree("t", told, "top", is_kernel=False)
        for name in [*asked, *things]:
            wanted = _said(disk, name)
            assert _said(packed, name) == wanted, name
            if _has_files(root / name):  # git knows no empty folder
                assert _said(stored, name) == wanted, name


def _has_files(path: Path) -> bool:
    return not path.is_dir() or any(files for _, _, files in os.walk(path))


@pytest.mark.parametrize("variable", ["LPAE_AUDIT_REFERENCE", "LPAE_AUDIT_REFERENCE_612"])
def test_a_real_tree_as_an_archive(variable: str, pack: Pack, tmp_path: Path) -> None:
    """What the rules look at of a real kernel has the same verdicts from a tarball."""
    tree = real_tree(variable)
    if tree is None:
        pytest.skip(f"{variable} names no tree")
    archive = tmp_path / "linux.tar.gz"
    import tarfile

    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for name in ("Makefile", "drivers/iommu", "include/linux", "drivers/gpu/drm/msm"):
            tar.add(tree / name, f"linux/{name}")
    assert verdicts(open_tree(str(archive), [pack], lambda done: None), pack) == verdicts(
        tree, pack
    )
