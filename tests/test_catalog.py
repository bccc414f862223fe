# SPDX-License-Identifier: GPL-2.0-only
"""Where a tree introduces names, found by reading it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport.catalog import unindexed
from lpae_backport.catalog.definitions import Kind
from lpae_backport.catalog.filescan import scan
from lpae_backport.catalog.treebytes import located, reader_of
from lpae_backport.catalog.unindexed import ScannedCatalog
from lpae_backport.catalog.wanted import Wanted
from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.objects import CatFile, GitStore
from lpae_backport.storedtree import StoredTree
from lpae_backport.tree import Tree
from lpae_backport.workers import spread
from tests.git import commit
from tests.trees import real_tree

NAMES = ("alpha", "beta", "gamma", "u32", "DELTA", "__init", "page")

_WORD = st.sampled_from(
    [*NAMES, "struct", "enum", "union", "typedef", "static", "int", "x", "__packed"]
)
_MARK = st.sampled_from(
    list("{}()[];,=*:#\"'\\\n\n ")
    + [
        "\n}\n",
        "/* alpha */",
        "// beta\n",
        "\n#define ",
        "\n#if 0\n",
        "\n#endif\n",
        "\\\n",
        "\n#include <alpha.h>\n",
        '"u32;"',
    ]
)
C_LIKE = st.lists(st.one_of(_WORD, _MARK), max_size=60).map(lambda parts: " ".join(parts).encode())
_SHAPES = (
    "struct {0} {{\n\t{2} {1};\n\tstruct {3} {{ int x; }} y;\n}};\n",
    "typedef {2} {0};\n",
    "typedef int (*{0})({2} a, {3});\n",
    "enum {0} {{ {1} = 1, {2}, }};\n",
    "static inline int {0}({2} {1})\n{{\n\treturn {3};\n}}\n",
    "int {0}({2} *a, {3} b) {4};\n",
    "extern {2} {0}[{1}], *{3} {4};\n",
    "#define {0}({1}) \\\n\t({2} + {1})\n",
    "#ifdef {0}\n#define {1} {2}\n#endif\n",
    "#if 0\nint {0};\n#else\nint {1};\n#endif\n",
    "static DEFINE_MUTEX({0});\n",
    "MODULE_X({0})\nDECLARE_Y({1}, {2})\n",
    "FOO({0}, ({1}))\n\n",
    "const struct {2} {0} = {{\n\t.{1} = {3},\n}};\n",
    "EXPORT_SYMBOL_GPL({0});\n",
    "/* {0}; */ {2} {1} /* {3} */ ;\n",
)
_ANY = st.sampled_from([*NAMES, "__initdata", "other"])
C_FILE = st.lists(
    st.tuples(st.sampled_from(_SHAPES), _ANY, _ANY, _ANY, _ANY, _ANY), max_size=12
).map(lambda parts: "".join(shape.format(*words) for shape, *words in parts).encode())


@given(st.one_of(C_LIKE, C_FILE), st.sets(st.sampled_from(NAMES)))
@settings(max_examples=400, deadline=None)
def test_the_quick_scan_finds_what_the_full_one_does(data: bytes, names: set[str]) -> None:
    """Statements that are stepped over have none of the names, whatever the text."""
    expected = [d for d in scan(data).definitions if d.name in names]
    assert Wanted(names).introduced(data) == expected


def write(top: Path, files: dict[str, str | bytes]) -> Path:
    """Write a tree of some files."""
    for name, text in {
        "Makefile": "VERSION = 4\nPATCHLEVEL = 9\nSUBLEVEL = 1\n",
        "Kbuild": "\n",
        **files,
    }.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return top


def tree_of(top: Path) -> Tree:
    """Return the tree of a folder that is no whole kernel."""
    return Tree(str(top), is_kernel=False)


FILES: dict[str, str | bytes] = {
    "include/linux/a.h": "struct alpha { int x; };\nint beta(void);\nstruct opaque;\n",
    "arch/arm64/include/asm/a.h": "#define beta() 1\n",
    "drivers/x/private.h": "int beta(int);\nstruct opaque { int y; };\nint only_here(void);\n",
    "drivers/x/x.c": "int beta(void)\n{\n\treturn 0;\n}\nEXPORT_SYMBOL(beta);\nEXPORT_SYMBOL_GPL(/* it */ gamma);\n",
    "arch/arm64/lib/m.S": "\tnop // don't\nEXPORT_SYMBOL(alpha)\n",
    "drivers/x/Kconfig": 'config X\n\tbool "x"\n\nconfig Y\n\tbool\n',
    "include/generated/autoconf.h": "#define CONFIG_X 1\n",
    "Documentation/a.txt": "int beta(void);\n",
}


def found(
    tree: FileTree, names: list[str], *, sources: bool = False
) -> dict[str, list[tuple[str, Kind]]]:
    """Return paths and kinds by name."""
    places = ScannedCatalog(tree).places(names, sources=sources)
    return {n: [(p.path, p.definition.kind) for p in ps] for n, ps in places.items()}


def test_places_by_name(tmp_path: Path) -> None:
    """Headers and Kconfig files tell; what an API is called so by a driver is not told."""
    tree = tree_of(write(tmp_path, FILES))
    assert found(tree, ["alpha", "beta", "opaque", "only_here", "CONFIG_X", "x", "nothing"]) == {
        "alpha": [("include/linux/a.h", Kind.STRUCT)],
        "beta": [("arch/arm64/include/asm/a.h", Kind.MACRO), ("include/linux/a.h", Kind.PROTOTYPE)],
        "opaque": [("drivers/x/private.h", Kind.STRUCT), ("include/linux/a.h", Kind.FORWARD)],
        "only_here": [("drivers/x/private.h", Kind.PROTOTYPE)],
        "CONFIG_X": [
            ("drivers/x/Kconfig", Kind.CONFIG),
            ("include/generated/autoconf.h", Kind.MACRO),
        ],
    }
    assert ("drivers/x/x.c", Kind.FUNCTION) in found(tree, ["beta"], sources=True)["beta"]


def test_exporters(tmp_path: Path) -> None:
    """Sources, headers and assembler export; a comment within does no harm."""
    tree = tree_of(write(tmp_path, {**FILES, "drivers/x/t.h": "EXPORT_SYMBOL(delta);\n"}))
    expected = {
        "alpha": ["arch/arm64/lib/m.S"],
        "beta": ["drivers/x/x.c"],
        "gamma": ["drivers/x/x.c"],
        "delta": ["drivers/x/t.h"],
    }
    names = [*expected, "epsilon"]
    assert ScannedCatalog(tree).exporters(names) == expected
    after = ScannedCatalog(tree)
    after.places(names)
    assert after.exporters(names) == expected


def test_a_revision_says_the_same_as_its_directory(tmp_path: Path) -> None:
    """Where a tree is kept makes no difference."""
    top = write(tmp_path / "r", FILES)
    commit(top)
    names = ["alpha", "beta", "opaque", "only_here", "CONFIG_X"]
    store = GitStore(str(top), "HEAD")
    stored = StoredTree("r", store, is_kernel=False)
    assert found(stored, names) == found(tree_of(top), names)
    assert ScannedCatalog(stored).exporters(names) == ScannedCatalog(tree_of(top)).exporters(names)
    one, other = ScannedCatalog(stored), ScannedCatalog(tree_of(top))
    for path in FILES:
        assert one.outline(path) == other.outline(path)


def test_processes_do_not_share_what_reads_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog that has read before it is copied gives each file its own content all the same."""
    monkeypatch.setattr(unindexed, "_CHUNK", 4)
    names = [f"name_{i}" for i in range(200)]
    files = {f"include/h{i}.h": f"int {n}(void);\n" + "// \n" * i for i, n in enumerate(names)}
    top = write(tmp_path / "r", files)
    commit(top)
    catalog = ScannedCatalog(StoredTree("r", GitStore(str(top), "HEAD"), is_kernel=False), 2)
    assert catalog.outline("include/h0.h") is not None
    assert {n: [p.path for p in places] for n, places in catalog.places(names).items()} == {
        n: [f"include/h{i}.h"] for i, n in enumerate(names)
    }
    assert catalog.problems == []


def test_an_object_that_is_not_the_one_asked_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever made git answer out of step, nothing is taken for another file's content."""
    top = write(tmp_path / "r", FILES)
    commit(top)
    tree = StoredTree("r", GitStore(str(top), "HEAD"), is_kernel=False)
    reader = reader_of(tree)
    path, key = located(tree, "drivers/x/x.c")
    other = located(tree, "include/linux/a.h")[1]
    assert reader.read(path, key)
    asked = CatFile.ask
    monkeypatch.setattr(CatFile, "ask", lambda self, name, limit: asked(self, other, limit))
    with pytest.raises(UnreadableError, match="another"):
        reader.read(path, key)


def test_hostile_files(tmp_path: Path) -> None:
    """Nothing that stands in a tree stops the others from being read, or leads out of it."""
    outside = tmp_path / "outside.h"
    outside.write_text("int secret(void);\n")
    top = write(
        tmp_path / "t",
        {
            **FILES,
            "drivers/nul.h": b"int only_here(long);\0",
            "drivers/latin.h": b"int caf\xe9; /* \xff */\nint only_here(char);\n",
            "drivers/line.h": b"int a;" * 50_000 + b"int only_here(short);",
            "drivers/empty.h": b"",
            "drivers/pointer.h": b"../../elsewhere/a.h",
            "drivers/new\nline.h": "int only_here(u8);\n",
            os.fsdecode(b"drivers/\xff.h"): "int only_here(u16);\n",
        },
    )
    os.mkfifo(top / "drivers" / "pipe.h")
    (top / "drivers" / "out.h").symlink_to(outside)
    (top / "drivers" / "in.h").symlink_to("../include/linux/a.h")
    (top / "drivers" / "loop").symlink_to("..")
    (top / "drivers" / "self.h").symlink_to("self.h")
    catalog = ScannedCatalog(tree_of(top))
    places = catalog.places(["only_here", "secret"])
    assert {p.path for p in places["only_here"]} == {
        "drivers/x/private.h",
        "drivers/latin.h",
        "drivers/line.h",
        "drivers/new\nline.h",
        os.fsdecode(b"drivers/\xff.h"),
    }
    assert "secret" not in places
    assert [p for p in catalog.problems if "nul.h" in p and "binary" in p]
    assert [p for p in catalog.problems if "pointer.h" in p]
    for name in ("out.h", "self.h", "pipe.h", "gone.h", "../../outside.h"):
        assert catalog.outline(f"drivers/{name}") is None
    linked = catalog.outline("drivers/in.h")
    assert linked is not None
    assert linked == catalog.outline("include/linux/a.h")
    empty = catalog.outline("drivers/empty.h")
    assert empty is not None
    assert not empty.definitions


def test_a_large_header_is_read(tmp_path: Path) -> None:
    """Register headers of graphics cards are larger than any driver."""
    text = "".join(f"#define REG_{i:06} {i}\n" for i in range(80_000))
    tree = tree_of(write(tmp_path, {"drivers/reg.h": text}))
    catalog = ScannedCatalog(tree)
    assert [p.path for p in catalog.places(["REG_079999"])["REG_079999"]] == ["drivers/reg.h"]
    assert not catalog.problems


def _double(n: int) -> int:
    if n < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if n == 13:
        raise TreeError("thirteen")
    return 2 * n


def test_work_is_spread() -> None:
    """Every task is done once, and what a process raises is raised here."""
    assert sorted(spread(_double, range(12), 2)) == [2 * n for n in range(12)]
    with pytest.raises(TreeError, match="thirteen"):
        list(spread(_double, range(20), 2))
    with pytest.raises(TreeError, match="was ended"):
        list(spread(_double, [1, 2, 3, -1, 4], 2))


def test_processes_end_with_the_one_that_started_them() -> None:
    """A program that is killed leaves no process behind."""
    code = (
        "import os, time, sys\n"
        "from lpae_backport.workers import spread\n"
        "def work(n):\n"
        "    os.write(1, f'{os.getpid()}{chr(10)}'.encode()); time.sleep(0.3); return n\n"
        "for _ in spread(work, range(1000), 2): pass\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    children = {int(run.stdout.readline()), int(run.stdout.readline())}
    assert len(children) == 2
    run.kill()
    run.wait()
    run.stdout.close()
    deadline = time.monotonic() + 10
    while any(_lives(c) for c in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [c for c in children if _lives(c)]


def _lives(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(real_tree("LPAE_AUDIT_TARGET") is None, reason="needs a real tree")
def test_the_quick_scan_of_real_headers() -> None:
    """On real headers, too, the quick scan says what the full one does."""
    top = real_tree("LPAE_AUDIT_TARGET")
    paths = sorted(top.rglob("include/**/*.h"))
    names = set()
    for path in random.Random(5).sample(paths, 300):
        if path.is_file():
            data = path.read_bytes()
            names |= {d.name for d in scan(data).definitions[:3]}
    wanted = Wanted(names)
    for path in random.Random(6).sample(paths, 500):
        if path.is_file():
            data = path.read_bytes()
            expected = [d for d in scan(data).definitions if d.name in names]
            assert wanted.introduced(data) == expected, path
