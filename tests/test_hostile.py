# SPDX-License-Identifier: GPL-2.0-only
"""Repositories, archives, configurations and names that mean harm: nothing runs, nothing leaks."""

import io
import json
import os
import re
import shutil
import tarfile
import time
from pathlib import Path

import pytest
import yaml

from lpae_backport.unpacking import XzReader
from tests.git import commit, git, squeezed

_A = "drivers/iommu/io-pgtable-arm.c"


@pytest.fixture
def fork(tmp_path: Path, new: Path) -> Path:
    """A repository whose kernel has every step."""
    shutil.copytree(new, tmp_path / "fork")
    (tmp_path / "fork/.lpae-audit.yaml").write_text("schema: 1\n")
    commit(tmp_path / "fork")
    return tmp_path / "fork"


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a trace when it is run."""
    path = tmp_path / "trap.sh"
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\nexit 0\n")
    path.chmod(0o755)
    return path


def _fails(run, status: int, *says: str, argv: tuple) -> None:
    r = run(*argv)
    assert r.status == status, (r.out, r.err)
    assert r.err.count("\n") == 1, r.err
    assert not r.out
    for text in says:
        assert text in r.err


# Repositories


def test_a_configuration_that_names_programs(run, fork: Path, trap: Path, new: Path) -> None:
    """fsmonitor, hooks, external diff, textconv, filters, pager and editor are not run."""
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass"),
        *("diff.external", "diff.x.textconv", "diff.x.command", "filter.x.smudge"),
        *("filter.x.clean", "filter.x.process", "core.alternateRefsCommand", "gpg.program"),
        *("credential.helper", "uploadpack.packObjectsHook", "alias.cat-file"),
    ):
        git(fork, "config", key, f"!{trap}" if key.startswith("alias") else trap)
    git(fork, "config", "core.hooksPath", trap.parent)
    for hook in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change"):
        shutil.copy(trap, fork / ".git/hooks" / hook)
        shutil.copy(trap, trap.parent / hook)
    (fork / ".gitattributes").write_text("* diff=x filter=x text eol=crlf\n")
    (fork / ".git/info/attributes").write_text("* diff=x filter=x ident\n")
    for tree in (fork, f"{fork}@HEAD"):
        assert run("gate", tree).status == 0
        assert run("gate", tree, "--since", "HEAD").status == 0
        assert run("compare", tree, new).status == 0
    assert not (trap.parent / "sprung").exists()


def test_a_partial_clone_fetches_nothing(run, fork: Path, trap: Path, tmp_path: Path) -> None:
    """What a partial clone lacks is unknown; the remote that has it is not asked."""
    git(fork, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{fork}", "part")
    part = tmp_path / "part"
    git(part, "config", "remote.origin.url", f"ext::{trap} %S")
    git(part, "config", "protocol.ext.allow", "always")
    git(part, "config", "remote.origin.uploadpack", trap)
    r = run("gate", f"{part}@HEAD:.", "--config", fork / ".lpae-audit.yaml")
    assert r.status == 4
    assert not (tmp_path / "sprung").exists()
    # With the Makefile there it is a kernel, of which the rest is missing.
    git(part, "hash-object", "-w", "--stdin", data=(fork / "Makefile").read_bytes())
    r = run("gate", f"{part}@HEAD", "--config", fork / ".lpae-audit.yaml")
    assert r.status == 1, r.err
    assert "is missing from the repository" in r.err
    assert "unknown" in r.out
    assert not (tmp_path / "sprung").exists()


def test_alternates_outside(run, fork: Path, tmp_path: Path) -> None:
    """A repository that takes objects from elsewhere is refused."""
    git(tmp_path, "clone", "-q", "--shared", fork, "borrower")
    borrower = tmp_path / "borrower"
    _fails(run, 4, "from elsewhere", "--dissociate", argv=("gate", f"{borrower}@HEAD"))
    (borrower / ".git/objects/info/alternates").unlink()
    shutil.rmtree(borrower / ".git/objects")
    (borrower / ".git/objects").symlink_to(fork / ".git/objects")
    _fails(run, 4, "from elsewhere", argv=("gate", f"{borrower}@HEAD"))


def test_a_git_file_that_leads_elsewhere(run, fork: Path, tmp_path: Path, new: Path) -> None:
    """A checkout cannot lead to a repository that does not know of it."""
    shutil.copytree(new, tmp_path / "liar")
    (tmp_path / "liar/.git").write_text(f"gitdir: {fork}/.git\n")
    _fails(run, 4, "does not know of it", argv=("gate", f"{tmp_path}/liar@HEAD"))
    (tmp_path / "liar/.git").unlink()
    (tmp_path / "liar/.git").symlink_to(fork / ".git")
    _fails(run, 4, "its .git is no repository", argv=("gate", f"{tmp_path}/liar@HEAD"))
    (tmp_path / "liar/.git").unlink()
    (tmp_path / "liar/.git").write_bytes(b"\0\xff")
    _fails(run, 4, "its .git cannot be read", argv=("gate", f"{tmp_path}/liar@HEAD"))


def test_replaced_objects_are_not_believed(run, fork: Path) -> None:
    """What a commit says counts, not what a replace ref says in its place."""
    good = git(fork, "rev-parse", "HEAD")
    text = (fork / _A).read_text()
    (fork / _A).write_text(text.replace("!cfg->coherent_walk", "cfg->coherent_walk"))
    bad = commit(fork, "broken")
    git(fork, "replace", bad, good)
    assert run("gate", f"{fork}@{bad}").status == 1


def test_a_broken_repository(run, fork: Path) -> None:
    """Bad configuration and damaged objects end with a line, not with a crash."""
    blob = git(fork, "rev-parse", f"HEAD:{_A}")
    path = fork / ".git/objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"rubbish")
    r = run("gate", f"{fork}@HEAD")
    assert r.status == 1
    assert "unknown" in r.out
    tree = git(fork, "rev-parse", "HEAD:drivers")
    (fork / ".git/objects" / tree[:2] / tree[2:]).unlink()
    _fails(run, 4, "is missing from the repository", argv=("gate", f"{fork}@HEAD"))
    (fork / ".git/config").write_text("[core\n")
    _fails(run, 4, "git cannot read it: bad config", argv=("gate", f"{fork}@HEAD"))


def test_forged_names_in_a_tree(run, fork: Path) -> None:
    """A tree object whose names lead out of it has no such names."""
    blob = bytes.fromhex(git(fork, "rev-parse", f"HEAD:{_A}"))
    entries = b"".join(b"100644 " + n + b"\0" + blob for n in (b"..", b"../../evil", b"a/b"))
    tree = git(fork, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=entries)
    _fails(run, 4, "not a kernel tree", argv=("gate", f"{fork}@{git(fork, 'commit-tree', tree)}"))


def test_links_of_a_revision_stay_inside(run, fork: Path, tmp_path: Path) -> None:
    """A link out of the tree is unknown, and what it leads to is not read."""
    (tmp_path / "secret.c").write_bytes((fork / _A).read_bytes())
    for target in ("../../../secret.c", str(tmp_path / "secret.c"), "loop.c"):
        (fork / _A).unlink()
        (fork / _A).symlink_to(target)
        (fork / "drivers/iommu/loop.c").unlink(missing_ok=True)
        (fork / "drivers/iommu/loop.c").symlink_to("io-pgtable-arm.c")
        commit(fork)
        r = run("gate", f"{fork}@HEAD")
        assert r.status == 1
        assert ": error: " in r.out
        assert "unknown" in r.out
        assert "leads out of the tree" in r.err or "too many symbolic links" in r.err


def test_parts_of_a_repository_that_are_elsewhere(
    run, fork: Path, tmp_path: Path, new: Path
) -> None:
    """Links and a commondir do not lead to another repository."""
    for part in ("objects/pack", "refs", "packed-refs", "HEAD"):
        git(fork, "pack-refs", "--all")
        home = tmp_path / part.replace("/", "-")
        shutil.copytree(fork, home, symlinks=True)
        there = home / ".git" / part
        if there.is_dir():
            shutil.rmtree(there)
        else:
            there.unlink()
        there.symlink_to(fork / ".git" / part)
        _fails(run, 4, "from elsewhere", argv=("gate", f"{home}@HEAD"))
    liar = tmp_path / "liar"
    shutil.copytree(new, liar)
    git(liar, "init", "-q")
    (liar / ".git/commondir").write_text(f"{fork}/.git\n")
    _fails(run, 4, "part of another repository", argv=("gate", f"{liar}@HEAD"))


def test_pipes_where_files_should_be(run, fork: Path, tmp_path: Path, new: Path) -> None:
    """Nothing waits for what a pipe will never say."""
    for name in ("info/alternates", "../commondir", "../config"):
        home = tmp_path / name.replace("/", "-").replace(".", "")
        shutil.copytree(fork, home)
        path = home / ".git/objects" / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        assert run("gate", f"{home}@HEAD").status in (0, 4)
    liar = shutil.copytree(new, tmp_path / "liar")
    os.mkfifo(liar / ".git")
    _fails(run, 4, "its .git cannot be read", argv=("gate", f"{liar}@HEAD"))
    (liar / ".git").unlink()
    (liar / "Makefile").unlink()
    os.mkfifo(liar / "Makefile")
    assert run("gate", liar).status in (0, 4)


def test_forged_tree_objects(run, fork: Path) -> None:
    """A tree object that is cut, and an entry of another kind than it says, end with 4."""
    blob = git(fork, "rev-parse", f"HEAD:{_A}")
    cut = git(fork, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=b"40000 x")
    lie = b"40000 drivers\0" + bytes.fromhex(blob)
    other = git(fork, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=lie)
    for tree, says in ((cut, "is damaged"), (other, "is a blob, not a tree")):
        revision = git(fork, "commit-tree", tree)
        _fails(run, 4, says, argv=("gate", f"{fork}@{revision}"))


def test_a_makefile_linked_out_of_the_tree(run, fork: Path, tmp_path: Path) -> None:
    """It is not read, on disk or in a revision; one that is linked within the tree is."""
    (fork / "Makefile").rename(fork / "Makefile.real")
    (fork / "Makefile").symlink_to("Makefile.real")
    commit(fork)
    for tree in (fork, f"{fork}@HEAD"):
        assert run("gate", tree).status == 0
    (fork / "Makefile").unlink()
    (fork / "Makefile.real").rename(tmp_path / "Makefile.real")
    (fork / "Makefile").symlink_to("../Makefile.real")
    commit(fork)
    for tree in (fork, f"{fork}@HEAD"):
        assert run("gate", tree).status == 4


def test_trees_without_end(run, fork: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders in folders in folders are unknown after a while."""
    monkeypatch.setattr("lpae_backport.filetree.MAX_WALK", 5)
    r = run("gate", f"{fork}@HEAD")
    assert r.status == 1
    assert "more than 5 files below it" in r.out


def test_a_makefile_that_enters_itself(run, fork: Path) -> None:
    """However often a Makefile names its own folder, it is read once."""
    path = fork / "drivers/iommu/Makefile"
    path.write_text(path.read_text() + f"obj-y += {'./ ' * 60}\n")
    path.write_text(path.read_text() + f"obj-y += {' '.join(f'x{n}.o' for n in range(40000))}\n")
    start = time.monotonic()
    assert run("gate", fork).status == 0
    assert time.monotonic() - start < 20


# Archives


def _tarball(path: Path, new: Path, *more: tuple[tarfile.TarInfo, bytes]) -> Path:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        tar.add(new, "linux")
        for info, data in more:
            info.size = info.size or len(data)
            tar.addfile(info, io.BytesIO(data) if data else None)
    path.write_bytes(squeezed(raw.getvalue(), path.name))
    return path


def _info(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    return info


@pytest.mark.parametrize(
    ("info", "says"),
    [
        (_info("../../etc/cron.d/x"), "entry leads out of the archive"),
        (_info("linux/../../x"), "entry leads out of the archive"),
        (_info("/etc/passwd"), "entry leads out of the archive"),
        (_info("linux/sda", tarfile.BLKTYPE), "holds a device"),
        (_info("linux/null", tarfile.CHRTYPE), "holds a device"),
        (_info("linux/fifo", tarfile.FIFOTYPE), "holds a pipe"),
        (_info("linux/x", tarfile.LNKTYPE, "../../etc/passwd"), "hard link leads out"),
        (_info("linux/x", tarfile.LNKTYPE, "/etc/passwd"), "hard link leads out"),
        (_info("x" * 5000), "a name is longer"),
        (_info("linux/l", tarfile.SYMTYPE, "y" * 5000), "target is too long"),
    ],
)
def test_entries_no_kernel_has(
    run, tmp_path: Path, new: Path, info: tarfile.TarInfo, says: str
) -> None:
    """An archive that would write elsewhere, or holds what is no file, is refused by name."""
    archive = _tarball(tmp_path / "x.tar.gz", new, (info, b""))
    _fails(run, 4, says, "x.tar.gz", argv=("gate", archive))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.tar.gz"]


def test_links_of_an_archive_stay_inside(run, tmp_path: Path, new: Path) -> None:
    """A symbolic link out of the archive is unknown where a rule needs it, else nothing."""
    for target in ("/etc/passwd", "../../../../etc/passwd"):
        link = _info("linux/" + _A, tarfile.SYMTYPE, target)
        r = run("gate", _tarball(tmp_path / "x.tar", new, (link, b"")))
        assert r.status == 1
        assert "leads out of the tree" in r.err
    harmless = _info("linux/scripts/x", tarfile.SYMTYPE, "/usr/bin/x")
    assert run("gate", _tarball(tmp_path / "y.tar", new, (harmless, b""))).status == 0


def _sparse(name: str, size: int) -> bytes:
    """Return the header of an old GNU sparse entry that claims a size and stores nothing."""
    info = tarfile.TarInfo(name)
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[483:495] = b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(("name", "status"), [(_A, 1), ("firmware/blob.bin", 0)])
def test_ten_gigabytes_of_nothing(run, tmp_path: Path, new: Path, name: str, status: int) -> None:
    """A sparse entry of 10 GB costs nothing; as a driver it is too large to be one."""
    raw = _tarball(tmp_path / "x.tar", new).read_bytes().rstrip(b"\0")
    raw += b"\0" * (-len(raw) % 512) + _sparse(f"linux/{name}", 10 << 30) + b"\0" * 1024
    (tmp_path / "x.tar").write_bytes(raw)
    start = time.monotonic()
    r = run("gate", tmp_path / "x.tar")
    assert time.monotonic() - start < 20
    assert r.status == status, r.err
    assert ("too large to be read (10240 MB)" in r.err) is bool(status)


def test_bombs(run, tmp_path: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to too much, has too many entries, or headers too large, is refused."""
    bomb = _tarball(tmp_path / "x.tar.xz", new, (_info("linux/big"), bytes(30 << 20)))
    monkeypatch.setattr("lpae_backport.unpacking.MAX_TOTAL", 20 << 20)
    _fails(run, 4, "unpacks to more than", argv=("gate", bomb))
    monkeypatch.undo()
    monkeypatch.setattr("lpae_backport.unpacking.MAX_MEMBERS", 10)
    _fails(run, 4, "more than 10 entries", argv=("gate", bomb))
    monkeypatch.undo()
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        huge = _tarball(tmp_path / "y.tar.gz", new, (_info("h", kind), b"1" * (9 << 20)))
        _fails(run, 4, "header is too large", argv=("gate", huge))


def test_memory_a_decompressor_may_take(tmp_path: Path, run, new: Path) -> None:
    """A dictionary of 1.5 GB is not allotted because an archive asks for one."""
    import lzma

    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1536 << 20, "preset": 0}]
    raw = lzma.compress(bytes(2048), filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    assert XzReader(io.BytesIO(raw)).read() == bytes(2048)
    del filters
    # The byte that says how large the dictionary is, and the checksum of its header.
    import zlib

    block = bytearray(raw[12 : 12 + (raw[12] + 1) * 4])
    block[4] = 40
    block[-4:] = zlib.crc32(bytes(block[:-4])).to_bytes(4, "little")
    forged = raw[:12] + bytes(block) + raw[12 + len(block) :]
    (tmp_path / "x.tar.xz").write_bytes(forged)
    _fails(run, 4, "damaged archive", "memory", argv=("gate", tmp_path / "x.tar.xz"))


@pytest.mark.parametrize("end", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_an_archive_that_was_cut(run, tmp_path: Path, new: Path, end: str) -> None:
    """Half a download is no shorter kernel: at whatever byte it ends, that is said."""
    whole = _tarball(tmp_path / f"x.tar{end}", new).read_bytes()
    for part in (whole[: len(whole) // 2], whole[: len(whole) * 3 // 4], whole[:700]):
        (tmp_path / f"x.tar{end}").write_bytes(part)
        _fails(run, 4, "damaged archive", argv=("gate", tmp_path / f"x.tar{end}"))


def test_an_archive_cut_between_entries(run, tmp_path: Path, new: Path) -> None:
    """A tarball without its end is cut, even where an entry is whole."""
    raw = _tarball(tmp_path / "x.tar", new).read_bytes().rstrip(b"\0")
    (tmp_path / "x.tar").write_bytes(raw + b"\0" * (-len(raw) % 512))
    _fails(run, 4, "it ends too early", argv=("gate", tmp_path / "x.tar"))


@pytest.mark.parametrize(
    "data", [b"", b"\x1f\x8b rubbish", b"\xfd7zXZ\0rubbish", b"!<arch>\nrubbish", b"int x;\n" * 99]
)
def test_no_archive(run, tmp_path: Path, data: bytes) -> None:
    """Rubbish is no archive."""
    (tmp_path / "x.tar.xz").write_bytes(data)
    _fails(run, 4, "x.tar.xz", argv=("gate", tmp_path / "x.tar.xz"))


def test_an_archive_with_a_broken_header(run, tmp_path: Path, new: Path) -> None:
    """A header that cannot be read in the middle is damage, not the end."""
    raw = bytearray(_tarball(tmp_path / "x.tar", new).read_bytes())
    at = raw.index(b"linux/drivers/iommu/io-pgtable-arm.c\0")
    raw[at + 3] ^= 1
    (tmp_path / "x.tar").write_bytes(raw)
    _fails(run, 4, "damaged archive", argv=("gate", tmp_path / "x.tar"))
    packed = bytearray(squeezed(bytes(raw), "x.zst"))
    packed[len(packed) // 2] ^= 1
    (tmp_path / "x.tar.zst").write_bytes(packed)
    _fails(run, 4, "damaged archive", argv=("gate", tmp_path / "x.tar.zst"))


def test_archives_that_nest(run, tmp_path: Path, new: Path, monkeypatch) -> None:
    """Deep folders, names without end and chains of headers are refused in bounded memory."""
    deep = _tarball(tmp_path / "a.tar", new, (_info("d/" * 1900 + "x"), b"x"))
    _fails(run, 4, "too many or too deep folders", argv=("gate", deep))
    block = tarfile.TarInfo("h")
    block.type = tarfile.XHDTYPE
    chain = block.tobuf() * 3000
    (tmp_path / "b.tar").write_bytes(chain + bytes(1024))
    _fails(run, 4, "damaged archive", argv=("gate", tmp_path / "b.tar"))
    monkeypatch.setattr("lpae_backport.archive._MAX_FOLDERS", 5)
    _fails(run, 4, "more than 5 folders", argv=("gate", _tarball(tmp_path / "c.tar", new)))


def test_entries_below_a_link(run, tmp_path: Path, new: Path) -> None:
    """What tar would write through a link is not what it seems, and is refused."""
    link = _info("ln", tarfile.SYMTYPE, "linux")
    archive = _tarball(tmp_path / "x.tar", new, (link, b""), (_info(f"ln/{_A}"), b"int x;\n"))
    _fails(run, 4, "entry below what is no folder", argv=("gate", archive))


# Configurations

_BOMB = "schema: 1\nx: &a [1, 2]\n" + "".join(
    f"{c}: &{c} [{', '.join([f'*{b}'] * 9)}]\n" for b, c in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_BOMB, "aliases are not allowed"),
        ("schema: 1\nlock: ../outside.lock\n", ":2:7: '../outside.lock' leads out of the fork"),
        ("schema: 1\nlock: /etc/passwd\n", "leads out of the fork"),
        ("schema: 1\nlock: link.lock\n", "leads out of the tree"),
        ("schema: 1\nlock: linkdir/passwd\n", "leads out of the tree"),
        ("schema: 1\nlock: nowhere.lock\n", ":2:7: nowhere.lock: "),
        ("schema: 1\nrules: ../rules\n", "leads out of the fork"),
        ("schema: 1\nrules: /etc\n", "leads out of the fork"),
        ("schema: 1\nrules: linkdir\n", "no rules in 'linkdir'"),
        ("schema: 1\nreference: ../other\n", "leads out of the fork"),
        ("schema: 1\nreference: linkdir\n", "leads out of the tree"),
        ("schema: 1\nreference: '@nope'\n", "no revision 'nope'"),
        ("schema: 1\nreference: a\nlock: b\n", "both a lock and a reference"),
        ("schema: 2\n", "schema 2 is not supported"),
        ("packs: []\n", "key 'schema' is missing"),
        ("schema: 1\npackz: []\n", "did you mean 'packs'?"),
        ("schema: 1\npacks: [nope]\n", ":2:9: no pack 'nope'"),
        ("schema: 1\nrequire: ['9.9']\n", ":2:11: no step '9.9'"),
        ("schema: 1\nallow: []\n", "allow is empty"),
        ("schema: 1\nfail-on: []\n", "fail-on is empty"),
        ("schema: 1\nrequire: []\n", "require is empty"),
        ("schema: 1\nallow: [good]\n", "no verdict 'good'"),
        ("schema: 1\nallow: [unknown]\n", "unknown never counts as done"),
        ("schema: 1\nfail-on: [rain]\n", "no kind of finding 'rain'"),
        ("schema: 1\nwaivers: [{step: '1.1', expires: soon}]\n", "'soon' is no date"),
        ("schema: 1\nwaivers: {step: '1.1'}\n", "a list expected"),
        ("schema: !!python/object:os.system 1\n", "tag"),
        ("schema: [1\n", "not YAML"),
        ("[" * 400 + "]" * 400, "nested too deeply"),
        ("schema: 1\nx: " + "[" * 120000, "nested too deeply"),
        ("schema: 1\nx: " + "{a: " * 40000, "nested too deeply"),
        ("- " * 60000, "nested too deeply"),
        ('schema: 1\nlock: "a\\0b"\n', "leads out of the fork"),
        ("\0", "binary file"),
        ("# nothing\n", "file is empty"),
    ],
)
@pytest.mark.parametrize("kind", ["directory", "revision"])
def test_configurations_that_cannot_be_used(
    run, fork: Path, tmp_path: Path, text: str, says: str, kind: str
) -> None:
    """A configuration that is broken or leads out of the fork ends with 3 and one line."""
    (tmp_path / "outside.lock").write_text("schema: lpae-audit/lock/1\n")
    (fork / "link.lock").symlink_to("../outside.lock")
    (fork / "linkdir").symlink_to("/etc")
    (fork / ".lpae-audit.yaml").write_text(text)
    commit(fork)
    tree = fork if kind == "directory" else f"{fork}@HEAD"
    status = 4 if "@nope" in text else 3
    _fails(run, status, says, argv=("gate", tree))


def test_a_configuration_that_is_a_link(run, fork: Path, tmp_path: Path) -> None:
    """The configuration itself does not come from outside either."""
    (tmp_path / "config.yaml").write_text("schema: 1\n")
    (fork / ".lpae-audit.yaml").unlink()
    (fork / ".lpae-audit.yaml").symlink_to("../config.yaml")
    _fails(run, 3, "leads out of the tree", argv=("gate", fork))


# Names and text

_EVIL = "\x1b[31m\x1b]0;gone\x07<img src=x onerror=alert(1)>::error::x%0A`|*"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif", "junit", "github", "gitlab"])
def test_evil_names_and_text(run, fork: Path, tmp_path: Path, form: str) -> None:
    """Escapes, HTML and workflow commands in names and code are shown, not obeyed."""
    home = tmp_path / f"ev{_EVIL.replace('/', '_')}il"
    fork.rename(home)
    (home / ".lpae-audit.yaml").write_text(
        yaml.safe_dump(
            {
                "schema": 1,
                "waivers": [
                    {"step": "1.1", "reason": _EVIL, "owner": _EVIL, "expires": "2999-01-01"}
                ],
            }
        )
    )
    text = (home / _A).read_text()
    evil = f"\tif (1) /* {_EVIL}\n::error::y */"
    (home / _A).write_text(text.replace("\tif (!cfg->coherent_walk)", evil))
    header = home / "include/linux/io-pgtable.h"
    header.write_text(header.read_text().replace("ARM_MALI_LPAE,", f"/* {_EVIL} */"))
    r = run("gate", home, "--format", form, "-v")
    assert r.status == 1
    for out in (r.out, r.err):
        assert "\x1b" not in out
        assert "\x07" not in out
    if form in ("markdown", "junit"):
        plain = re.sub(r"^ *(`{3,})c$.*?^ *\1$", "", r.out, flags=re.MULTILINE | re.DOTALL)
        plain = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", plain)
        assert not re.search(r"(?<!\\)<img", plain)
    if form == "github":
        assert all(
            ln.startswith(("::error file=", "::notice file=", "::warning::", "gate failed"))
            for ln in r.out.splitlines()
        )
    if form in ("json", "sarif", "gitlab"):
        json.loads(r.out)


def test_lines_that_are_commands(run, fork: Path, tmp_path: Path) -> None:
    """Nothing of a fork begins a line of any report, or has a runner's old command in it."""
    evil = "zz\n::stop-commands::x\n##[error]y"
    home = tmp_path / f"k{evil}"
    fork.rename(home)
    waiver = {"step": evil, "reason": evil, "owner": evil, "expires": "2999-01-01"}
    (home / ".lpae-audit.yaml").write_text(yaml.safe_dump({"schema": 1, "waivers": [waiver]}))
    (home / "drivers/iommu/Makefile").unlink()
    (home / _A).rename(home / f"drivers/iommu/a{evil}.c")
    for form in ("text", "github", "markdown", "junit", "gitlab", "sarif"):
        r = run("gate", home, "-v", "--format", form)
        assert r.status == 1
        for line in (r.out + r.err).splitlines():
            assert not line.startswith("::stop-commands"), form
            assert "##[" not in line, form


def test_standard_error_that_is_closed_or_full(fork: Path) -> None:
    """Messages that cannot be written change neither the report nor the status."""
    import subprocess
    import sys

    gate = f"{sys.executable} -m lpae_backport gate"
    for tree, status in ((fork, 0), ("/nowhere", 4)):
        for end in ("2>&-", "2>/dev/full"):
            done = subprocess.run(
                ["sh", "-c", f'{gate} "$0" {end}', str(tree)], capture_output=True, check=False
            )
            assert done.returncode == status, (tree, end)
            assert b"lpae-audit: " not in done.stdout


def test_a_day_that_is_none(run, fork: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH has to be a time."""
    for text in ("99999999999999999999", "soon"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
        _fails(run, 2, "SOURCE_DATE_EPOCH is no time", argv=("gate", fork))


def test_evil_names_on_stderr(run, tmp_path: Path) -> None:
    """A tree that is not there is named without obeying its name."""
    r = run("gate", f"{tmp_path}/\x1b[2Jx\u202ey")
    assert r.status == 4
    assert "\x1b" not in r.err
    assert "\u202e" not in r.err


def test_names_that_are_no_utf_8(fork: Path, run) -> None:
    """Names and text in other encodings come through every format."""
    os.rename(fork, os.fsencode(fork) + b"\xff\xe9")
    home = os.fsdecode(os.fsencode(fork) + b"\xff\xe9")
    Path(home, _A).write_bytes(b"/* \xe9\xff */\n" + Path(home, _A).read_bytes()[:9000])
    for form in ("text", "json", "markdown", "sarif", "junit", "github", "gitlab"):
        assert run("gate", home, "--format", form).status == 1, form
