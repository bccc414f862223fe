# SPDX-License-Identifier: GPL-2.0-only
"""Every use of a symbol: found, told apart, counted; and what it may be called elsewhere."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport.cli import COMMANDS
from lpae_backport.commands.usage import sort_out
from lpae_backport.errors import AuditError
from lpae_backport.scanned import Finder, doubt, occurrences
from lpae_backport.scanning import read_file, scan
from lpae_backport.tree import Tree
from lpae_backport.uses.kinds import MEANINGS, Kind, symbol
from lpae_backport.uses.looking import Looker
from lpae_backport.uses.renames import is_alike
from tests.git import commit, pack_up

_MAKEFILE = "VERSION = 4\nPATCHLEVEL = 9\nSUBLEVEL = 1\n"


@pytest.fixture(autouse=True)
def _command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "usage", ("lpae_backport.commands.usage", "Uses."))


@pytest.fixture
def make(tmp_path: Path):
    """Make a small tree of some files."""

    def call(files: dict[str, str | bytes], name: str = "linux") -> Path:
        top = tmp_path / name
        for folder in ("drivers", "include/linux"):
            (top / folder).mkdir(parents=True, exist_ok=True)
        for path, text in {"Makefile": _MAKEFILE, **files}.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(text if isinstance(text, bytes) else text.encode("latin-1"))
        return top

    return call


def kinds(code: str | bytes, name: str, path: str = "drivers/a.c") -> list[str]:
    """Return the kind of every use in one file, in order."""
    return [u.kind.value for u in found(code, name, path)]


def found(code: str | bytes, name: str, path: str = "drivers/a.c"):
    """Return every use in one file, in order."""
    data = code if isinstance(code, bytes) else code.encode("latin-1")
    looked = symbol(name)
    words = frozenset(w for w in looked.words if w in data)
    return [u for _, u in Looker([looked])(path, data, words)]


_CASES = {
    "definition of a function": ("static int pick(int a)\n{\n\treturn a;\n}\n", "definition"),
    "annotated definition": ("static int __init pick(void) __must_hold(x)\n{\n}\n", "definition"),
    "head over lines": (
        "static struct box *\npick(struct box *a,\n\t int b)\n{\n}\n",
        "definition",
    ),
    "prototype": ("extern int pick(struct box *a);\n", "declaration"),
    "prototype with attribute": ("int pick(int a) __attribute__((noreturn(1)));\n", "declaration"),
    "object": ("static struct box pick = { 1 };\n", "definition"),
    "array": ("int pick[4];\n", "definition"),
    "annotated object": ("static int pick __initdata = 3;\n", "definition"),
    "extern object": ("extern struct box pick;\n", "declaration"),
    "struct": ("struct pick {\n\tint a;\n};\n", "definition"),
    "forward struct": ("struct pick;\n", "declaration"),
    "struct as a type": ("static struct pick *p;\n", "reference"),
    "struct behind a struct": ("static struct {\n\tint a;\n} pick;\n", "definition"),
    "typedef": ("typedef unsigned int pick;\n", "definition"),
    "typedef of a pointer to a function": ("typedef int (*pick)(int a);\n", "definition"),
    "type that a pointer to a function returns": ("typedef pick (*fn)(int a);\n", "reference"),
    "type of a member that is a function": ("struct s {\n\tpick (*fn)(int);\n};\n", "reference"),
    "type of a parameter": ("int f(pick a, int b);\n", "reference"),
    "annotated type": ("int f(int a, pick __user *b);\n", "reference"),
    "parameter": ("int f(struct box *pick, int b);\n", "local"),
    "last parameter": ("int f(int a, int pick)\n{\n}\n", "local"),
    "enumerator": ("enum e {\n\tA,\n\tpick = 3,\n};\n", "definition"),
    "value of an enumerator": ("enum e {\n\tA = pick,\n};\n", "reference"),
    "member": ("struct s {\n\tunsigned long pick;\n};\n", "field"),
    "member among others": ("struct s {\n\tint a, pick[3], b;\n};\n", "field"),
    "bit field": ("struct s {\n\tunsigned pick:1;\n};\n", "field"),
    "member that is a function": ("struct s {\n\tint (*pick)(int a);\n};\n", "field"),
    "dimension of a member": ("struct s {\n\tint a[pick];\n};\n", "reference"),
    "bitmap": ("struct s {\n\tDECLARE_BITMAP(pick, 8);\n};\n", "field"),
    "access": ("void f(void)\n{\n\ta->pick = 1;\n}\n", "field"),
    "access with a point": ("void f(void)\n{\n\tg(a.b.pick);\n}\n", "field"),
    "call through a member": ("void f(void)\n{\n\tops->pick(1);\n}\n", "field"),
    "call": ("void f(void)\n{\n\tif (!pick(1))\n\t\treturn;\n}\n", "call"),
    "call behind else": ("void f(void)\n{\n\tif (a)\n\t\tg();\n\telse pick();\n}\n", "call"),
    "call that is returned": ("int f(void)\n{\n\treturn pick(1);\n}\n", "call"),
    "call in an initializer": ("struct s x = {\n\t.a = pick(3),\n};\n", "call"),
    "designator": ("struct s x = {\n\t.pick = 3,\n};\n", "initializer"),
    "value": ("struct s x = {\n\t.a = pick,\n};\n", "initializer"),
    "address": ("static struct s x = {\n\t.a = 1,\n\t.b = &pick,\n};\n", "initializer"),
    "compound literal": ("void f(void)\n{\n\tg((struct s){ .a = pick });\n}\n", "initializer"),
    "initialized object": ("int x = pick;\n", "initializer"),
    "export": ("EXPORT_SYMBOL_GPL(pick);\n", "export"),
    "argument": ("void f(void)\n{\n\tg(a, pick);\n}\n", "reference"),
    "comparison": ("int f(int a)\n{\n\treturn a == pick;\n}\n", "reference"),
    "case": ("void f(int a)\n{\n\tswitch (a) {\n\tcase pick:\n\t\tg();\n\t}\n}\n", "reference"),
    "assignment": ("void f(void)\n{\n\tpick = 3;\n}\n", "reference"),
    "local object": ("void f(void)\n{\n\tstruct box *a, *pick = g(1);\n}\n", "local"),
    "label": ("void f(void)\n{\n\tg();\npick:\n\th();\n}\n", "label"),
    "goto": ("void f(void)\n{\n\tgoto pick;\n}\n", "label"),
    "macro": ("#define pick(a) (a)\n", "definition"),
    "macro body": ("#define OTHER(a) \\\n\t(pick(a) + 1)\n", "macro-body"),
    "macro parameter": ("#define OTHER(pick) 1\n", "local"),
    "condition": ("#ifdef pick\nint a;\n#endif\n", "condition"),
    "include": ("#include <linux/pick.h>\n", "include"),
    "comment": ("/* see pick() */\n", "comment"),
    "comment to the end of a line": ("int a; // pick\n", "comment"),
    "comment behind a directive": ("#define A 1 /* pick */\n", "comment"),
    "string": ('void f(void)\n{\n\tg("pick %d\\n");\n}\n', "string"),
    "macro at file level": ("module_init(pick);\n", "reference"),
    "definition by a macro": ("static DEFINE_MUTEX(pick);\n", "definition"),
    "per processor": ("DEFINE_PER_CPU(struct box, pick);\n", "definition"),
}


@pytest.mark.parametrize("case", _CASES)
def test_kinds_in_c(case: str) -> None:
    """Each use is told for what it is, and with CRLF too."""
    code, kind = _CASES[case]
    assert kinds(code, "pick") == [kind]
    assert kinds(code.replace("\n", "\r\n"), "pick") == [kind]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a/Makefile", "obj-$(CONFIG_PICK) += pick.o # pick\n", ["makefile", "comment"]),
        ("a/Kbuild", "pick-y := a.o\n", ["makefile"]),
        (
            "a/x.S",
            "ENTRY(pick)\n\tbl pick @ pick\nENDPROC(other)\n",
            ["definition", "assembly", "comment"],
        ),
        (
            "a/x.S",
            "#include <asm/pick.h>\n#define pick 1\npick:\n",
            ["include", "definition", "definition"],
        ),
        ("a/x.dts", "/ { a = <pick>; /* pick */ };\n", ["devicetree", "comment"]),
        ("Documentation/a.txt", "pick a number\n", ["documentation"]),
        ("README", "pick\n", ["documentation"]),
        ("arch/arm/configs/pick_defconfig", "pick=y\n", ["kconfig"]),
        ("scripts/a.py", "pick() # pick\n", ["other", "comment"]),
    ],
)
def test_kinds_elsewhere(path: str, text: str, expected: list[str]) -> None:
    """Makefiles, assembly, device trees, texts and scripts have kinds of their own."""
    assert kinds(text, "pick", path) == expected


def test_option_of_kconfig() -> None:
    """``CONFIG_X`` is ``X`` in Kconfig; help and prompts are no code."""
    text = (
        'config PICK\n\tbool "PICK one"\n\tdepends on OTHER && PICK_NOT\n\thelp\n'
        "\t  PICK is good.\n\n\t  And PICK.\n\nconfig OTHER\n\tselect PICK if A\n\t# PICK\n"
    )
    expected = ["definition", "string", "documentation", "documentation", "kconfig", "comment"]
    assert kinds(text, "CONFIG_PICK", "drivers/Kconfig") == expected
    assert kinds("#ifdef CONFIG_PICK\nint PICK;\n#endif\n", "CONFIG_PICK") == ["condition"]


_FUNCTION = """static int first(void)
{
	return %s;
}

#ifdef A
int second(int a)
{
#else
int second(int a, int b)
{
#endif
	return pick;
}

NOKPROBE_SYMBOL(second)
static int third(void)
{
	struct s x = { .a = pick };
	return ({ int b = pick; b; });
}

struct fourth {
	struct {
		int pick;
	} inner;
};

static const struct ops fifth[] = {
	{ .a = pick },
};

SYSCALL_DEFINE1(sixth, int, a)
{
	return pick;
}
"""


def test_what_is_around() -> None:
    """The function, type or object around a use is named, through ``#if`` arms and macros."""
    uses = found(_FUNCTION % "pick", "pick")
    assert [u.inside for u in uses] == [
        *("first", "second", "third", "third", "fourth", "fifth", "SYSCALL_DEFINE1(sixth)"),
    ]
    assert [(u.line, u.column) for u in uses][:2] == [(3, 9), (13, 9)]


def test_braces_that_do_not_match() -> None:
    """Where braces do not match nothing is made up; the next function is known again."""
    code = "int f(void)\n{\n\tif (a) {\n\tx = pick;\n}\n\nint g(void)\n{\n\treturn pick;\n}\n"
    uses = found(code, "pick")
    assert [(u.kind.value, u.inside) for u in uses] == [("unknown", ""), ("reference", "g")]


def test_never_compiled() -> None:
    """What stands under ``#if 0``, or in the ``#else`` of ``#if 1``, is marked."""
    code = (
        "#if 0\nint pick;\n#else\nint pick;\n#endif\n#if 1\nint pick;\n#else\nint pick;\n#endif\n"
    )
    assert [u.is_dead for u in found(code, "pick")] == [True, False, False, True]


def test_roles() -> None:
    """An argument knows its call, a value its field, and a call what it passes."""
    code = "void f(void)\n{\n\tg(a, h(1, 2), pick | B);\n\tpick(&x, y [1]);\n}\n"
    one, two = found(code, "pick")
    assert one.role == "argument 3 of g"
    assert two.arguments == ("&x", "y[1]")
    assert found("struct s x = {\n\t.f = A | pick,\n};\n", "pick")[0].role == "value of .f"


_FIELDS = """struct box {
	int pick;
	struct {
		int pick;
	} in;
};
struct other {
	int pick;
};
struct box b = { .pick = 1 };
struct other o = { .pick = 1 };
int f(struct box *x, struct other *y)
{
	x->pick = y->pick;
	g()->pick = pick;
	return offsetof(struct box, pick);
}
"""


def test_fields_of_one_struct() -> None:
    """A field is one of its struct; of another it is not, and what cannot be told is marked."""
    uses = found(_FIELDS, "box.pick")
    assert [(u.line, u.is_certain) for u in uses] == [
        *((2, True), (4, True), (10, True), (14, True), (15, False), (16, True)),
    ]
    assert [u.line for u in found(_FIELDS, "struct other::pick")] == [8, 11, 14, 15]
    assert found("struct o {\n\tint pick;\n};\n", "box.pick") == []


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    """Whatever a file holds, every whole identifier in it is one use, and nothing else is."""
    text = data.replace(b"x", b" pick ")
    for path in ("a.c", "a.S", "Kconfig", "Makefile", "a.dts", "a.txt", "a.py"):
        uses = found(text, "pick", path)
        expected = re.findall(rb"(?<![A-Za-z0-9_])pick(?![A-Za-z0-9_])", text)
        assert len(uses) == len(expected)
        lines = text.split(b"\n")
        assert all(lines[u.line - 1][u.column - 1 :].startswith(b"pick") for u in uses)


_C_BITS = st.sampled_from(
    [*("pick", "{", "}", "(", ")", ";", "\n", "\n}", "\n#if 0\n", "\n#else\n", "\n#endif\n")]
    + [*("#define ", "\\\n", "/*", "*/", '"', "'", "//", "struct ", "=", ",", ".", "->", "x ")]
)


@settings(deadline=None)
@given(st.lists(_C_BITS, max_size=60).map("".join))
def test_any_c(code: str) -> None:
    """Broken C loses no use and stops nothing."""
    assert len(found(code, "pick")) == len(re.findall(r"\bpick\b", code))


@given(st.binary(max_size=80), st.sets(st.sampled_from([b"a", b"ab_c", b"c", b"long_word_c"])))
def test_finder(data: bytes, words: set[bytes]) -> None:
    """The words of a text are its whole identifiers, by either way of looking."""
    text = data + b" ab_c.long_word_c " + data
    expected = {w for w in words if re.search(rb"(?<![A-Za-z0-9_])%b(?![A-Za-z0-9_])" % w, text)}
    assert Finder(words)(text) == expected
    many = [b"%s_%d" % (bytes([97 + i]) * 6, i) for i in range(26)]
    assert Finder([*words, *many])(text) == expected


def test_occurrences() -> None:
    """A longer identifier does not have its parts."""
    assert list(occurrences(b"cap", b"cap gcap cap2 _cap (cap)cap")) == [0, 20, 24]


def _length(path: str, data: bytes, words: frozenset[bytes]) -> int:
    return len(data)


def test_scan_in_processes(make) -> None:
    """Many files are searched by several processes, with the same result as by one."""
    files = {
        f"drivers/d{i % 7}/f{i}.c": f"int x{i};\n" + "pick\n" * (i % 3 == 0) for i in range(1800)
    }
    tree = Tree(str(make(files)))
    told: list[float] = []
    many = scan(tree, [b"pick"], _length, told.append, processes=3)
    one = scan(tree, [b"pick"], _length, processes=1)
    assert many == one
    assert len(many.found) == 600
    assert len(many.paths) == 1801
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_large_files_are_searched(make, run) -> None:
    """A register header of megabytes is searched like any other file."""
    big = "".join(f"#define REG_{i:06} 0x{i:x}\n" for i in range(90_000)) + "#define pick 1\n"
    done = run("usage", "pick", make({"include/linux/big.h": big}), "--format", "json")
    use = json.loads(done.out)["symbols"][0]["trees"][0]["uses"][0]
    assert len(big) > 2 * 1024 * 1024
    assert (use["line"], use["kind"]) == (90_001, "definition")


def test_nothing_is_skipped_silently(make, run, tmp_path: Path) -> None:
    """What is binary, unreadable, or leads out of the tree is named; links in it are not."""
    (tmp_path / "secret.c").write_text("int pick;\n")
    top = make(
        {
            "drivers/a.c": "int pick;\n",
            "drivers/b.c": b"int pick;\0",
            "drivers/logo.png": b"\x89PNG\0pick",
            "drivers/c.c": "../x/c.c\n",
            ".git/pick.c": "int pick;\n",
        }
    )
    (top / "drivers/out.c").symlink_to("../../secret.c")
    (top / "drivers/in.c").symlink_to("a.c")
    (top / "drivers/round").symlink_to(".")
    os.mkfifo(top / "drivers/pipe.c")
    tree = json.loads(run("usage", "pick", top, "--format", "json").out)
    assert [u["file"] for u in tree["symbols"][0]["trees"][0]["uses"]] == [
        "drivers/a.c",
        "drivers/b.c",
    ]
    about = tree["trees"][0]
    assert about["binaries"] == 1
    assert {u["file"]: u["reason"].split(" (")[0] for u in about["unread"]} == {
        "drivers/b.c": "binary file",
        "drivers/c.c": "a large-file pointer or a link stands in its place",
        "drivers/out.c": "symbolic link leads out of the tree",
        "drivers/pipe.c": "not a regular file",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(make, run) -> None:
    """A file that may not be read is named."""
    top = make({"drivers/a.c": "int pick;\n"})
    (top / "drivers/a.c").chmod(0)
    assert "drivers/a.c: cannot be read" in run("usage", "pick", top).out


def test_doubt() -> None:
    """A picture is none of our business; a source that is one is told."""
    assert doubt("a/b.png", b"\0") == "binary"
    assert "NUL" in doubt("a/b.c", b"a\0b")
    assert doubt("a/b.h", b"") == ""
    assert doubt("Kconfig.x", b"word\n") == ""


def test_hostile_names_and_text(make, run) -> None:
    """What a terminal or markdown would obey is shown instead; latin-1 is read."""
    name = "drivers/\x1b[31m<b>\n.c"
    top = make({name: b"int pick; /* \xe9\x1b]0;x\x07 */\n"})
    for form in ("text", "markdown"):
        out = run("usage", "pick", top, "--format", form).out
        assert "\x1b" not in out
        assert "\x07" not in out
        assert "é" in out
    assert "<b>" not in run("usage", "pick", top, "--format", "markdown").out
    document = json.loads(run("usage", "pick", top, "--format", "json").out)
    assert document["symbols"][0]["trees"][0]["uses"][0]["file"] == name


def test_name_that_is_no_utf8(make, run) -> None:
    """A name in latin-1 is told and stops nothing."""
    top = make({"drivers/a.c": "int pick;\n"})
    os.rename(os.fsencode(top / "drivers/a.c"), os.fsencode(top / "drivers") + b"/\xe9.c")
    for form in ("text", "markdown", "json"):
        done = run("usage", "pick", top, "--format", form)
        assert done.status == 0
        assert "pick" in done.out


_OLD = {
    "drivers/core.c": "int box_ready(struct bus *b, int cap)\n{\n\treturn 1;\n}\n"
    "EXPORT_SYMBOL(box_ready);\n",
    "include/linux/box.h": "extern int box_ready(struct bus *b, int cap);\n",
    "drivers/user.c": "int attach(void)\n{\n\treturn box_ready(dev->bus, CAP_WARM);\n}\n"
    "int gart_box_ready;\n",
    "drivers/gone.c": "int gone(void)\n{\n\treturn box_ready(b, CAP_WARM);\n}\n",
}
_NEW = {
    "drivers/core.c": "int device_box_ready(struct device *d, int cap)\n{\n\treturn 1;\n}\n"
    "EXPORT_SYMBOL(device_box_ready);\nint box_ready_count;\n",
    "include/linux/box.h": "extern int device_box_ready(struct device *d, int cap);\n",
    "drivers/moved/user.c": "int attach(void)\n{\n\treturn device_box_ready(dev, CAP_WARM);\n}\n",
}


def test_rename_is_suggested(make, run) -> None:
    """Another name of the same words, at the same places, is suggested with what speaks for it."""
    old, new = make(_OLD, "old"), make(_NEW, "new")
    document = json.loads(run("usage", "box_ready", old, new, "--format", "json").out)
    (rename,) = document["renames"]
    assert (rename["symbol"], rename["name"]) == ("box_ready", "device_box_ready")
    assert (rename["known_in"], rename["absent_from"]) == ("old", "new")
    assert (rename["count"], rename["comparable"]) == (4, 4)
    assert {p["reason"] for p in rename["places"]} == {
        "definition in the same file",
        "export in the same file",
        "declaration in the same file",
        "the same function calls it with 'CAP_WARM' as argument 2",
    }
    text = run("usage", "box_ready", new, old).out
    assert "in new perhaps device_box_ready: 4 of 4 places" in text
    assert "drivers/user.c:3 -> drivers/moved/user.c:3" in text
    assert "perhaps" not in run("usage", "box_ready", old, new, "--no-renames").out


def test_rename_the_other_way(make, run) -> None:
    """From a new name the old one is found too."""
    old, new = make(_OLD, "old"), make(_NEW, "new")
    document = json.loads(run("usage", "device_box_ready", old, new, "--format", "json").out)
    assert [(r["name"], r["absent_from"]) for r in document["renames"]] == [("box_ready", "old")]


def test_no_rename_without_a_place(make, run) -> None:
    """A name that only looks alike, or was there all along, is never suggested."""
    old = make(_OLD, "old")
    elsewhere = make(
        {"drivers/z.c": "int device_box_ready(void)\n{\n\treturn 1;\n}\n"}, "elsewhere"
    )
    assert "perhaps" not in run("usage", "box_ready", old, elsewhere).out
    both = {**_OLD, "drivers/more.c": "int x = device_box_ready(1) + device_box_ready(2);\n"}
    assert "perhaps" not in run("usage", "box_ready", make(both, "both"), make(_NEW, "new")).out
    only_once = make({"drivers/core.c": "int box_ready_now(int a)\n{\n\treturn 1;\n}\n"}, "once")
    assert "perhaps" not in run("usage", "box_ready", old, only_once).out


def test_no_rename_to_what_was_beside_it(make, run) -> None:
    """What the same file called beside the symbol already is another thing."""
    call = "int attach(void)\n{\n\treturn %sbox_ready_fast(dev->bus, CAP_WARM);\n}\n"
    was = {**_OLD, "drivers/user.c": call % "box_ready(dev->bus, CAP_WARM) + "}
    now = make({"drivers/user.c": call % ""}, "now")
    assert "perhaps" not in run("usage", "box_ready", make(was, "was"), now).out
    was["drivers/user.c"] = was["drivers/user.c"].replace(
        " + box_ready_fast(dev->bus, CAP_WARM)", ""
    )
    assert "in now perhaps box_ready_fast" in run("usage", "box_ready", make(was, "was"), now).out


def test_no_link_is_read(make) -> None:
    """A file that became a link after the tree was listed is not read."""
    top = make({"drivers/a.c": "int pick;\n"})
    (top / "drivers/b.c").symlink_to("a.c")
    with pytest.raises(AuditError, match="cannot be read"):
        read_file(Tree(str(top)), "drivers/b.c")


def test_names_that_are_alike() -> None:
    """Alike is one more word, or most words in common; never the same, nor of another case."""
    assert is_alike("iommu_capable", "device_iommu_capable")
    assert is_alike("drm_gem_object_unreference", "drm_gem_object_put")
    assert not is_alike("iommu_capable", "iommu_capable")
    assert not is_alike("IOMMU_CAP", "iommu_cap_x")
    assert not is_alike("box_open", "file_open")
    assert not is_alike("get", "a_b_c_get")


def test_side_by_side(make, run) -> None:
    """Counts stand beside each other, and the uses of one file below each other."""
    old, new = make(_OLD, "old"), make({"drivers/core.c": "int box_ready;\n"}, "new")
    out = run("usage", "box_ready", old, new).out
    assert re.search(r"^box_ready\s+old\s+new$", out, re.MULTILINE)
    assert re.search(r"^  definition\s+1\s+1$", out, re.MULTILINE)
    assert re.search(r"^  call\s+2\s+-$", out, re.MULTILINE)
    assert "  drivers/core.c\n    old  1:5: definition: int box_ready(" in out
    assert "    new  1:5: definition: int box_ready;\n" in out
    assert "gart_box_ready" not in out


def test_one_tree_reads_like_grep(make, run) -> None:
    """With one tree a line is file:line:column, kind, function and text."""
    out = run("usage", "box_ready", make(_OLD)).out
    assert "  drivers/user.c:3:9: call in attach: return box_ready(dev->bus, CAP_WARM);\n" in out


def test_filters(make, run) -> None:
    """Uses are picked by kind and folder; counts alone are shown on demand."""
    top = make({**_OLD, "lib/x.c": "/* box_ready */\n"})
    assert "export" not in run("usage", "box_ready", top, "--kind", "call").out
    assert "lib/x.c" not in run("usage", "box_ready", top, "--no-comments").out
    out = run("usage", "box_ready", top, "--under", "include/linux/").out
    assert "box.h:1:12: declaration" in out
    assert "core.c" not in out
    assert ".c:" not in run("usage", "box_ready", top, "--count").out
    assert run("usage", "box_ready", top, "--under", "lib", "--kind", "call").status == 1


def test_exit_status(make, run) -> None:
    """0 where all are found somewhere, 1 where one is nowhere, 2 and 4 for wrong arguments."""
    old, new = make(_OLD, "old"), make(_NEW, "new")
    assert run("usage", "gart_box_ready", old, new).status == 0
    done = run("usage", "box_ready", "nowhere_at_all", old)
    assert done.status == 1
    assert "note: no use of nowhere_at_all was found" in done.out
    assert run("usage", "box_ready").status == 2
    assert run("usage", old).status == 2
    assert run("usage", "box_ready", "no/such/tree").status == 4
    assert run("usage", "box_ready", "linux-6.12.tar").status == 4
    assert run("usage", "-e", "no-symbol", old).status == 2


def test_symbols_and_trees(make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What exists is a tree, what is an identifier a symbol; ``-e`` says so where it is both."""
    make({})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("")
    symbols, trees = sort_out(("a", "linux", "b.c", "plain", "a"), ("linux",))
    assert [s.name for s in symbols] == ["linux", "a", "b.c", "plain"]
    assert trees == ["linux"]
    with pytest.raises(AuditError, match="no tree given"):
        sort_out(("a",), ())
    with pytest.raises(AuditError, match="no symbol given"):
        sort_out(("linux",), ())


def test_every_kind_of_tree(make, run, tmp_path: Path) -> None:
    """A directory, a revision and an archive say the same."""
    top = make({**_OLD, "Documentation/a.rst": "box_ready\n", "lib/b.bin": b"\0"})
    (top / "drivers/out.c").symlink_to("../../x.c")
    commit(top)
    archive = pack_up(top, tmp_path / "linux.tar.gz", "linux")
    plain = json.loads(run("usage", "box_ready", top, "--format", "json").out)
    for other in (f"{top}@HEAD", archive):
        same = json.loads(run("usage", "box_ready", other, "--format", "json").out)
        assert same["symbols"][0]["trees"][0]["uses"] == plain["symbols"][0]["trees"][0]["uses"]
        assert same["trees"][0]["files"] == plain["trees"][0]["files"]
        assert same["trees"][0]["binaries"] == plain["trees"][0]["binaries"] == 1
    assert len(plain["symbols"][0]["trees"][0]["uses"]) == 6


def test_json(make, run) -> None:
    """The document names its schema and the tool's version."""
    document = json.loads(run("usage", "box_ready", make(_OLD), "--format", "json").out)
    assert document["schema"] == "lpae-audit/usage/1"
    assert document["version"]
    use = document["symbols"][0]["trees"][0]["uses"][-2]
    assert use == {
        "file": "drivers/user.c",
        "line": 3,
        "column": 9,
        "kind": "call",
        "in": "attach",
        "role": None,
        "dead": False,
        "certain": True,
        "text": "\treturn box_ready(dev->bus, CAP_WARM);",
    }


def test_report_to_a_file(make, run, tmp_path: Path) -> None:
    """The report goes where it is told to, and nowhere else."""
    target = tmp_path / "report.md"
    done = run("usage", "box_ready", make(_OLD), "--format", "markdown", "-o", target)
    assert done.out == ""
    assert "| definition | 1 |" in target.read_text()


def test_long_lines_are_cut() -> None:
    """A line of a megabyte is told around the use."""
    use = found("int a[] = {" + "1," * 100_000 + "pick};\n", "pick")[0]
    assert "pick" in use.text
    assert len(use.text) <= 400


def test_kinds_have_meanings() -> None:
    """Each kind is told of once."""
    assert set(MEANINGS) == set(Kind)
