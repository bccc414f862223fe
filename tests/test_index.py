# SPDX-License-Identifier: GPL-2.0-only
"""The index: same answers as without, after changes, kills, damage, and beside other processes."""

import errno
import os
import random
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpae_backport.catalog import index
from lpae_backport.catalog.catalog import Catalog
from lpae_backport.catalog.filescan import scan
from lpae_backport.catalog.indexing import building, place
from lpae_backport.catalog.indexing.indexed import IndexedCatalog
from lpae_backport.catalog.indexing.packing import DamagedError, Packed, pack
from lpae_backport.catalog.indexing.snapshot import RACY, Snapshot, settled
from lpae_backport.catalog.unindexed import ScannedCatalog
from lpae_backport.commands.index import command
from lpae_backport.errors import TreeError, UsageError
from lpae_backport.filetree import FileTree
from lpae_backport.objects import GitStore
from lpae_backport.storedtree import StoredTree
from tests.git import commit, git, pack_up
from tests.test_catalog import C_FILE, C_LIKE, FILES, NAMES, tree_of, write
from tests.trees import real_tree

ASKED = [*NAMES, "opaque", "only_here", "CONFIG_X", "CONFIG_Y", "x", "new_name", "REG_1", "other"]
_FOREVER = {"LPAE_AUDIT_CACHE_SIZE": "2G"}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    found = tmp_path_factory.mktemp("cache") / "lpae-audit"
    monkeypatch.setenv("LPAE_AUDIT_CACHE", str(found))
    return found


def answers(catalog: Catalog, names: list[str] = ASKED, paths: tuple[str, ...] = ()) -> tuple:
    """Return all that a catalog says."""
    return (
        catalog.places(names),
        catalog.places(names, sources=True),
        catalog.exporters(names),
        [catalog.outline(p) for p in paths],
        sorted(catalog.problems),
    )


def assert_same(tree: FileTree, names: list[str] = ASKED) -> IndexedCatalog:
    """Hold the index against the tree itself."""
    catalog = index.catalog_of(tree)
    assert isinstance(catalog, IndexedCatalog), catalog.problems
    paths = tuple(index_paths(tree))
    assert answers(catalog, names, paths) == answers(ScannedCatalog(tree), names, paths)
    assert catalog.is_quick
    return catalog


def index_paths(tree: FileTree) -> list[str]:
    """Return the paths of a tree that are worth asking for, and some that are not."""
    return [
        "include/linux/a.h",
        "drivers/x/x.c",
        "drivers/x/Kconfig",
        "arch/arm64/lib/m.S",
        "gone.h",
        "../out.h",
    ]


@given(st.one_of(C_LIKE, C_FILE))
@settings(max_examples=200, deadline=None)
def test_an_outline_survives_its_packing(data: bytes) -> None:
    """What is kept is what was found, whole or by name."""
    outline = scan(data)
    packed = Packed(pack(outline))
    assert packed.outline() == outline
    for name in {d.name for d in outline.definitions} | {"nothing", "a"}:
        assert packed.named(name) == [d for d in outline.definitions if d.name == name]
    for name in outline.exports | {"nothing"}:
        assert packed.has_export(name) == (name in outline.exports)


@given(C_FILE, st.integers(0, 10**6), st.integers(1, 255))
@settings(deadline=None)
def test_a_damaged_outline_is_known_for_one(data: bytes, at: int, change: int) -> None:
    """No byte can change unnoticed."""
    whole = bytearray(pack(scan(data)))
    whole[at % len(whole)] ^= change
    with pytest.raises(DamagedError):
        Packed(bytes(whole))


_PATHS = st.sampled_from(
    [
        "include/a.h",
        "include/linux/b.h",
        "arch/x/include/c.h",
        "drivers/d.h",
        "drivers/e.c",
        "f.inc",
        "g.S",
        "drivers/Kconfig",
    ]
)


@given(
    st.lists(st.dictionaries(_PATHS, st.one_of(C_FILE, C_LIKE), max_size=6), min_size=1, max_size=3)
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_says_what_the_tree_says(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, bytes]]
) -> None:
    """Whatever the files are, and whatever they become."""
    top = tmp_path_factory.mktemp("tree")
    for state in states:
        for path in top.rglob("*"):
            if path.is_file():
                path.unlink()
        tree = tree_of(write(top, dict(state)))
        index.refresh(tree)
        assert_same(tree, [*NAMES, "CONFIG_x"])


def test_changes_are_seen(tmp_path: Path) -> None:
    """Each kind of change is read before the first answer, and nothing else is."""
    tree = tree_of(write(tmp_path, FILES))
    assert index.refresh(tree).outlined == len([f for f in FILES if not f.startswith("Doc")])
    header = tmp_path / "include/linux/a.h"
    before = header.stat()
    header.write_text(header.read_text().replace("alpha", "omega"))
    os.utime(header, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "alpha" not in assert_same(tree).places(["alpha"])
    (tmp_path / "drivers/new.h").write_text("int new_name;\n")
    assert "new_name" in assert_same(tree).places(["new_name"])
    (tmp_path / "drivers/new.h").rename(tmp_path / "drivers/old.h")
    assert assert_same(tree).places(["new_name"])["new_name"][0].path == "drivers/old.h"
    (tmp_path / "drivers").rename(tmp_path / "sound")
    assert assert_same(tree).places(["new_name"])["new_name"][0].path == "sound/old.h"
    (tmp_path / "sound/old.h").unlink()
    assert "new_name" not in assert_same(tree).places(["new_name"])
    (tmp_path / "sound/x").rename(tmp_path / "gone")
    (tmp_path / "sound/x").symlink_to("../gone")
    assert_same(tree)


def test_only_what_changed_is_read(tmp_path: Path) -> None:
    """A second run reads one file of three once they have settled."""
    files = {f"include/{n}.h": f"int {n};\n" for n in ("a", "b", "c")}
    tree = tree_of(write(tmp_path, files))
    past = time.time() - 3
    index.refresh(tree)
    assert index.refresh(tree).read == 3, "they are fresh"
    while time.time() < past + 6:
        time.sleep(0.1)
    index.refresh(tree)
    (tmp_path / "include/b.h").write_text("int bb;\n")
    done = index.refresh(tree)
    assert (done.read, done.outlined) == (1, 1)


def test_a_fresh_file_is_never_taken_for_unchanged() -> None:
    """Two changes within one tick of the clock look the same."""
    now = 10**18
    calm = (now - 2 * RACY, 5, 7, now - 2 * RACY)
    assert settled(calm, now) == calm
    for mtime, ctime in ((now, calm[3]), (calm[0], now), (now + 1, now + 10**12)):
        assert settled((mtime, 5, 7, ctime), now)[1] == -1
    future = (now + 10**15, 5, 7, calm[3])
    assert settled(future, now) == future


def test_revisions_share_with_directories(tmp_path: Path) -> None:
    """The same content is outlined once, under the name that git has for it."""
    top = write(tmp_path / "r", FILES)
    first = commit(top)
    index.refresh(tree_of(top))
    stored = StoredTree("r", GitStore(str(top), first), is_kernel=False)
    done = index.refresh(stored)
    assert (done.read, done.outlined) == (0, 0)
    assert_same(stored)
    (top / "include/linux/a.h").write_text("int new_name;\n")
    second = StoredTree("r", GitStore(str(top), commit(top)), is_kernel=False)
    done = index.refresh(second)
    assert (done.read, done.outlined) == (1, 1)
    assert "new_name" in assert_same(second).places(["new_name"])
    assert "new_name" not in assert_same(stored).places(["new_name"])
    blob = git(top, "hash-object", "include/linux/a.h")
    assert building.key_of(b"int new_name;\n", "").hex() == blob


def test_hostile_trees(tmp_path: Path) -> None:
    """The index reads what the scan reads, and says the same of the rest."""
    outside = tmp_path / "outside.h"
    outside.write_text("int new_name;\n")
    hostile: dict[str, str | bytes] = {
        **FILES,
        "drivers/nul.h": b"int only_here(long);\0",
        "drivers/latin.h": b"int caf\xe9; /* \xff */\nint only_here(char);\n",
        "drivers/line.h": b"int a;" * 20_000 + b"int only_here(short);",
        "drivers/empty.h": b"",
        "drivers/pointer.h": b"../../elsewhere/a.h",
        "drivers/new\nline.h": "int only_here(u8);\n",
        os.fsdecode(b"drivers/\xff.h"): "int only_here(u16);\n",
    }
    top = write(tmp_path / "t", hostile)
    os.mkfifo(top / "drivers/pipe.h")
    (top / "drivers/out.h").symlink_to(outside)
    (top / "drivers/in.h").symlink_to("../include/linux/a.h")
    (top / "drivers/loop").symlink_to("..")
    (top / "drivers/self.h").symlink_to("self.h")
    (top / "include/linux/out").symlink_to(tmp_path)
    tree = tree_of(top)
    index.refresh(tree)
    catalog = assert_same(tree)
    assert catalog.outline("drivers/in.h") == catalog.outline("include/linux/a.h") is not None
    for name in (
        "drivers/out.h",
        "drivers/self.h",
        "include/linux/out/outside.h",
        "drivers/pipe.h",
    ):
        assert catalog.outline(name) is None
    assert "new_name" not in catalog.places(["new_name"], sources=True)


def test_an_archive_has_none(tmp_path: Path) -> None:
    """What cannot be remembered is read each time, and said to be."""
    from lpae_backport.archive import ArchiveStore

    archive = pack_up(write(tmp_path / "t", FILES), tmp_path / "a.tar")
    store = ArchiveStore(str(archive), None, lambda _: None)
    tree = StoredTree("a", store, "linux-4.9", is_kernel=False)
    with pytest.raises(index.NoIndexError):
        index.refresh(tree)
    catalog = index.catalog_of(tree)
    assert isinstance(catalog, ScannedCatalog)
    assert catalog.places(ASKED) == ScannedCatalog(tree_of(tmp_path / "t")).places(ASKED)


def database(cache: Path) -> Path:
    """Return the one database."""
    (found,) = cache.glob("index-*.db")
    return found


def test_only_the_user_may_look(tmp_path: Path, cache: Path) -> None:
    """Folder and files are the user's own, and others' are not trusted."""
    tree = tree_of(write(tmp_path, FILES))
    index.refresh(tree)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert stat.S_IMODE(database(cache).stat().st_mode) == 0o600
    cache.chmod(0o777)
    catalog = index.catalog_of(tree)
    assert isinstance(catalog, ScannedCatalog)
    assert len([p for p in catalog.problems if "others may write" in p]) == 1
    assert answers(catalog)[0] == answers(ScannedCatalog(tree))[0]


def test_a_cache_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything works without; who asks for an index is told why there is none."""
    tree = tree_of(write(tmp_path / "t", FILES))
    (tmp_path / "file").write_text("")
    for value in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none/here")):
        monkeypatch.setenv("LPAE_AUDIT_CACHE", str(value))
        with pytest.raises(index.NoIndexError):
            index.refresh(tree)
        catalog = index.catalog_of(tree)
        assert catalog.places(ASKED) == ScannedCatalog(tree).places(ASKED)
        assert catalog.problems == []


def test_a_read_only_index_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written, what is there still counts; what is outdated does not."""
    tree = tree_of(write(tmp_path, FILES))
    index.refresh(tree)
    settle(tree)
    real = os.access
    monkeypatch.setattr(os, "access", lambda p, m, **k: not m & os.W_OK and real(p, m, **k))
    assert_same(tree)


@pytest.fixture
def sealed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the file system of the cache a read-only one, as far as this process can tell."""
    opened, allowed, removed = os.open, os.access, os.unlink

    def is_ours(path: object) -> bool:
        return isinstance(path, str | Path) and str(path).startswith(str(cache))

    def refuse(path: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def open_(path, flags, *more, **named):
        if is_ours(path) and flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            refuse(path)
        return opened(path, flags, *more, **named)

    def access(path, mode, **named):
        return not (is_ours(path) and mode & os.W_OK) and allowed(path, mode, **named)

    def unlink(path, **named):
        return refuse(path) if is_ours(path) else removed(path, **named)

    def seal() -> None:
        monkeypatch.setattr(os, "open", open_)
        monkeypatch.setattr(os, "access", access)
        monkeypatch.setattr(os, "unlink", unlink)

    return seal


def test_an_outdated_index_that_cannot_be_written(
    tmp_path: Path, cache: Path, sealed: Callable[[], None]
) -> None:
    """The tree is read without it, and that is told."""
    tree = tree_of(write(tmp_path, FILES))
    index.refresh(tree)
    sealed()
    (tmp_path / "include/linux/more.h").write_text("#define SOMETHING_NEW 1\n")
    catalog = index.catalog_of(tree)
    assert isinstance(catalog, ScannedCatalog)
    assert "SOMETHING_NEW" in catalog.places(["SOMETHING_NEW"])
    assert [p for p in catalog.problems if "cannot be written: Read-only file system" in p]


@pytest.mark.parametrize("args", [(), ("--prune", "--max-size", "1k"), ("--clear",)])
def test_the_command_cannot_write(
    old: Path, cache: Path, sealed: Callable[[], None], args: tuple[str, ...]
) -> None:
    """A cache on a read-only file system is an error in one line, whatever was asked for."""
    call(old)
    sealed()
    with pytest.raises(TreeError, match="cannot be|read-?only"):
        call(*(args or (old,)))
    assert list(cache.glob("*.db"))
    assert list((cache / "trees").iterdir())


def settle(tree: FileTree) -> None:
    """Wait until no file is too fresh to be trusted."""
    time.sleep(RACY / 1e9 + 0.1)
    index.refresh(tree)


def test_no_room(tmp_path: Path) -> None:
    """A full disk costs the index, not the answers."""
    text = "".join(f"#define REG_{i} {i}\n" for i in range(40_000))
    write(tmp_path / "t", {**FILES, "drivers/reg.h": text})
    code = (
        "import sys, resource\n"
        "from lpae_backport.catalog import index\n"
        "from lpae_backport.tree import Tree\n"
        "tree = Tree(sys.argv[1], is_kernel=False)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try:\n"
        "    index.refresh(tree)\n"
        "except index.NoIndexError as e:\n"
        "    print('none', e)\n"
        "print(index.catalog_of(tree).places(['REG_1'])['REG_1'][0].path)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "t"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("none")
    assert done.stdout.endswith("drivers/reg.h\n")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_damage_is_mended(tmp_path: Path, cache: Path) -> None:
    """Whatever happens to the file, the answers are right, and the next run has an index again."""
    tree = tree_of(write(tmp_path, FILES))
    index.refresh(tree)
    whole = database(cache).read_bytes()
    random_ = random.Random(7)
    broken = [b"", b"no database", whole[: len(whole) // 2], b"\0" * len(whole), whole[:100]]
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(random_.choice((1, 20, 2000))):
            data[random_.randrange(len(data))] = random_.randrange(256)
        broken.append(bytes(data))
    expected = answers(ScannedCatalog(tree))
    for data in broken:
        for path in cache.glob("index-*.db-*"):
            path.unlink()
        next(iter(cache.glob("index-*.db"))).write_bytes(data)
        assert answers(index.catalog_of(tree)) == expected
        index.refresh(tree)
        assert_same(tree)
        database(cache).write_bytes(whole)


def test_every_row_is_checked(tmp_path: Path, cache: Path) -> None:
    """A table of names or an outline that went missing is damage, not an answer."""
    tree = tree_of(write(tmp_path, FILES))
    expected = answers(ScannedCatalog(tree))
    for change in (
        "DELETE FROM bucket",
        "DELETE FROM outline",
        "DELETE FROM state",
        "UPDATE bucket SET data = substr(data, 2) WHERE length(data) > 0",
        "UPDATE tree SET data = substr(data, 2)",
        "UPDATE bucket SET data = zeroblob(length(data)) WHERE length(data) > 0",
        "UPDATE outline SET data = CAST(data || 'x' AS BLOB)",
        "DROP TABLE content",
        "DROP TABLE tree",
    ):
        index.refresh(tree)
        with sqlite3.connect(database(cache)) as db:
            db.execute(change)
        db.close()
        assert answers(index.catalog_of(tree)) == expected, change
        index.refresh(tree)
        assert_same(tree)


def test_another_version_starts_anew(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another scanner found is not believed; what was indexed is indexed again, unasked."""
    tree = tree_of(write(tmp_path, FILES))
    index.refresh(tree)
    first = database(cache)
    for name in ("1" * 16, "2" * 16):
        monkeypatch.setattr(place, "version", lambda name=name: name)
        assert_same(tree)
        assert (cache / f"index-{name}.db").exists()
        os.utime(cache / f"index-{name}.db", (0, 0))
    index.prune()
    assert not first.exists() or not (cache / f"index-{'1' * 16}.db").exists()
    assert len(list(cache.glob("index-*.db"))) <= 2


def test_the_size_is_bounded(tmp_path: Path, cache: Path) -> None:
    """The tree that was not used for longest goes first, and what only it had with it."""
    trees = []
    for n in range(3):
        text = "".join(f"#define T{n}_{i} {i}\n" for i in range(20_000))
        trees.append(tree_of(write(tmp_path / str(n), {**FILES, "include/t.h": text})))
        index.refresh(trees[n])
        with sqlite3.connect(database(cache)) as db:
            db.execute("UPDATE tree SET used = used - 10000")
        db.close()
    three = place.size(database(cache))
    limit = int(three * 0.85)
    index.prune(limit)
    assert place.size(database(cache)) <= limit
    assert [os.path.basename(t[0]) for t in index.contents().trees] == ["2", "1"]
    assert isinstance(index.catalog_of(trees[0]), ScannedCatalog)
    for tree in trees[1:]:
        assert_same(tree, ["T1_5", "T2_19999", *ASKED])
    with pytest.raises(index.NoIndexError, match="alone takes more"):
        index.refresh(trees[2], limit=1 << 16)
    assert index.contents().trees == []


def test_trees_that_are_gone_are_pruned(tmp_path: Path) -> None:
    """Nothing is kept for a directory that was removed."""
    write(tmp_path / "one", FILES)
    write(tmp_path / "two", {"include/a.h": "int alpha;\n"})
    for name in ("one", "two"):
        index.refresh(tree_of(tmp_path / name))
    (tmp_path / "one").rename(tmp_path / "three")
    index.prune()
    assert [t[0] for t in index.contents().trees] == [str(tmp_path / "two")]
    assert_same(tree_of(tmp_path / "two"))
    assert isinstance(index.catalog_of(tree_of(tmp_path / "three")), ScannedCatalog)


def spawn(top: Path, *more: str) -> "subprocess.Popen[bytes]":
    """Index a folder that is no whole kernel in another process."""
    code = (
        "import sys\n"
        "from lpae_backport.catalog import index\n"
        "from lpae_backport.tree import Tree\n"
        "for path in sys.argv[1:]: index.refresh(Tree(path, is_kernel=False))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(top), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def many(top: Path, count: int, seed: int) -> Path:
    """Write a tree of many small files."""
    random_ = random.Random(seed)
    files: dict[str, str | bytes] = dict(FILES)
    for i in range(count):
        words = [random_.choice([*NAMES, f"name_{i}"]) for _ in range(3)]
        files[f"include/d{i % 17}/f{i}.h"] = (
            f"struct {words[0]} {{ int a; }};\nint {words[1]}(u32 {words[2]});\n#define N{seed}_{i} {i}\n"
        )
    return write(top, files)


_KILLED = """
import os, signal, sys
from lpae_backport.catalog import index
from lpae_backport.tree import Tree
tree = Tree(sys.argv[1], is_kernel=False)
since, limit, calls, me = sys.argv[2], int(sys.argv[3]), 0, os.getpid()
def count(frame, event, argument):
    global calls
    if calls or frame.f_code.co_name == since:
        calls += 1
    if calls and calls == limit and os.getpid() == me:
        os.kill(me, signal.SIGKILL)
sys.setprofile(count)
index.refresh(tree)
sys.setprofile(None)
print(calls)
"""


def test_a_kill_at_any_moment(tmp_path: Path, cache: Path) -> None:
    """What was written by half is not there; what is there is right."""
    top = many(tmp_path, 700, 1)
    tree = tree_of(top)
    random_ = random.Random(3)

    def run(since: str, limit: int) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", _KILLED, str(top), since, str(limit)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    calls = {since: int(run(since, 0).stdout) for since in ("build", "_write")}
    path = database(cache)
    killed = 0
    for n in range(18):
        (top / f"include/d{n % 17}/f{n}.h").write_text(f"int alpha_{n}; int new_name;\n")
        if n % 3 == 0:
            assert place.remove(path)
        since = ("build", "_write")[n % 2]
        done = run(since, 1 + random_.randrange(calls[since] // 2))
        killed += done.returncode == -signal.SIGKILL
        names = ["new_name", "alpha", f"alpha_{n}", "N1_699"]
        catalog = index.catalog_of(tree)
        assert isinstance(catalog, IndexedCatalog)
        assert catalog.places(names) == ScannedCatalog(tree, 1).places(names)
        del catalog
    assert killed > 12
    index.refresh(tree)
    assert_same(tree)


def test_a_kill_from_outside(tmp_path: Path) -> None:
    """The same at moments that no one chose, within the database's own work as well."""
    top = many(tmp_path, 300, 1)
    tree = tree_of(top)
    index.refresh(tree)
    random_ = random.Random(4)
    for n in range(8):
        (top / f"include/d{n}/f{n}.h").write_text(f"int alpha_{n}; int new_name;\n")
        run = spawn(top)
        time.sleep(random_.uniform(0.2, 1.2))
        run.kill()
        run.communicate()
        catalog = index.catalog_of(tree)
        names = ["new_name", "alpha", f"alpha_{n}", "N1_299"]
        assert catalog.places(names) == ScannedCatalog(tree, 1).places(names)


def test_many_at_once(tmp_path: Path, cache: Path) -> None:
    """Processes that index the same trees at the same time, while others ask and clean up."""
    tops = [many(tmp_path / str(n), 300, n) for n in range(3)]
    runs = [spawn(tops[n % 3], str(tops[(n + 1) % 3])) for n in range(5)]
    asked = 0
    while any(r.poll() is None for r in runs):
        for n, top in enumerate(tops):
            names = ["alpha", f"N{n}_299", "new_name"]
            tree = tree_of(top)
            assert index.catalog_of(tree).places(names) == ScannedCatalog(tree, 1).places(names)
            asked += 1
        if asked % 2:
            index.prune()
    for run in runs:
        _, said = run.communicate()
        assert run.returncode == 0, said.decode()
    assert asked > 2
    for top in tops:
        assert_same(tree_of(top))
    with sqlite3.connect(database(cache)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


def test_a_cleaned_index_is_not_mixed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process removed while a tree was read is read again."""
    tree = tree_of(write(tmp_path, FILES))
    index.refresh(tree)
    settle(tree)
    real = building.spread
    calls = []

    def interrupted(*args, **more):
        if not calls:
            calls.append(1)
            index.clear()
            index.refresh(tree_of(write(tmp_path / "sub", {"include/z.h": "int zeta;\n"})))
        return real(*args, **more)

    (tmp_path / "include/linux/n.h").write_text("int new_name;\n")
    monkeypatch.setattr(building, "spread", interrupted)
    index.refresh(tree)
    assert calls
    assert_same(tree, [*ASKED, "zeta"])


def test_a_snapshot_as_bytes() -> None:
    """What is remembered of a tree is read back, and damage is noticed."""
    snapshot = Snapshot()
    snapshot.add("", [("Kconfig", (1, 2, 3, 4))])
    snapshot.add("empty", [])
    snapshot.add(os.fsdecode(b"d/\xff"), [("a\nb.h", (-1, 2**40, 3, 4)), ("c.h", (0, -1, 0, 0))])
    snapshot.problems.append("a: b")
    data = snapshot.to_bytes()
    assert Snapshot.from_bytes(data) == snapshot
    assert Snapshot.from_bytes(Snapshot().to_bytes()) == Snapshot()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(DamagedError):
            Snapshot.from_bytes(bytes(changed))


def call(*args: object) -> None:
    """Run the command."""
    command.main([str(a) for a in args], standalone_mode=False)


def test_the_command(old: Path, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It says what it did, what there is, and removes it."""
    call(old)
    out = capfd.readouterr().out
    assert f"{old}: " in out
    assert " of them new, " in out
    call(old, "--stats")
    out = capfd.readouterr().out
    assert ", 0 of them new, " in out
    assert str(cache) in out
    assert "used today" in out
    call("--prune", "--max-size", "1k")
    call("--stats")
    assert "files" not in capfd.readouterr().out
    call(old, "--clear")
    call("--clear")
    assert not list(cache.glob("*.db"))


@pytest.mark.parametrize(
    "args", [[], ["--max-size", "lots", "--prune"], ["--max-size", "0", "--prune"]]
)
def test_the_command_is_used_wrongly(args: list[str]) -> None:
    """No tree and no option, or a size that is none."""
    with pytest.raises(UsageError):
        call(*args)


def test_the_command_cannot(old: Path, cache: Path) -> None:
    """Where there is no place for an index, that is an error in one line."""
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("")
    with pytest.raises(TreeError, match="not a directory|File exists|no index"):
        call(old)
    with pytest.raises(click.exceptions.NoSuchOption):
        call("--nothing")


@pytest.mark.skipif(real_tree("LPAE_AUDIT_TARGET") is None, reason="needs a real tree")
def test_a_real_tree() -> None:
    """The index says of a real tree what reading it says, for names of all kinds."""
    tree = tree_of(real_tree("LPAE_AUDIT_TARGET"))
    index.refresh(tree)
    catalog = index.catalog_of(tree)
    assert isinstance(catalog, IndexedCatalog)
    random_ = random.Random(11)
    names: set[str] = set()
    for path in random_.sample(sorted(catalog._snapshot.paths()), 400):
        outline = catalog.outline(path)
        if outline and outline.definitions:
            names.add(random_.choice(outline.definitions).name)
    asked = [*random_.sample(sorted(names), 197), "u32", "NULL", "CONFIG_ARM64"]
    scanned = ScannedCatalog(tree)
    assert catalog.places(asked) == scanned.places(asked)
    assert catalog.places(asked[:50], sources=True) == scanned.places(asked[:50], sources=True)
    assert catalog.exporters(asked) == scanned.exporters(asked)
    assert sorted(catalog.problems) == sorted(scanned.problems)
