# SPDX-License-Identifier: GPL-2.0-only
"""What code of a new tree needs that an old tree lacks, in small trees of our own."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpae_backport.catalog import index
from lpae_backport.catalog.index import catalog_of
from lpae_backport.catalog.unindexed import ScannedCatalog
from lpae_backport.cli import COMMANDS
from lpae_backport.needs.need import Need, Needs, Status
from lpae_backport.needs.requirements import needs_of
from lpae_backport.needs.subject import subject_of
from lpae_backport.tree import Tree

CODE = "drivers/gpu/x/x.c"
A = "include/linux/a.h"
Files = dict[str, str | bytes]


@pytest.fixture(autouse=True)
def _command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(COMMANDS, "needs", ("lpae_backport.commands.needs", "Needs."))
    monkeypatch.setenv("LPAE_AUDIT_CACHE", str(tmp_path / "cache"))


def write(top: Path, files: Files, version: str = "4") -> Path:
    """Write a tree."""
    base: Files = {
        "Makefile": f"VERSION = {version}\nPATCHLEVEL = 9\nSUBLEVEL = 0\n",
        "include/linux/types.h": "typedef unsigned int u32;\n",
        "arch/arm64/include/asm/base.h": "struct asm_base;\n",
        "arch/x86/include/asm/base.h": "struct asm_base;\n",
        "drivers/Kconfig": "config BASE\n\tbool\n",
    }
    for name, text in {**base, **files}.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return top


def assess(top: Path, code: str | bytes, new: Files, old: Files, arch: str = "arm64") -> Needs:
    """Tell what some code needs; the trees differ in what is given."""
    n = write(top / "new", {**new, CODE: code}, "6")
    o = write(top / "old", old)
    return judged(n, o, CODE, arch=arch)


def judged(new: Path, old: Path, *paths: str, arch: str = "arm64") -> Needs:
    """Tell what code of a new tree needs."""
    tree = Tree(str(new))
    subject = subject_of(paths, tree)
    catalogs = ScannedCatalog(tree, 1), ScannedCatalog(Tree(str(old)), 1)
    return needs_of(subject, *catalogs, arch)


def need(needs: Needs, name: str, kind: str = "") -> Need:
    """Return the one need of a name."""
    found = [n for n in needs.needs if n.name == name and kind in ("", n.kind.value)]
    assert len(found) == 1, [(n.name, n.kind.value) for n in needs.needs]
    return found[0]


def names(needs: Needs) -> set[str]:
    """Return the names of all needs."""
    return {n.name for n in needs.needs}


USE = "#include <linux/a.h>\n"


def call(text: str) -> str:
    """Return a file that includes a header, and a function with some statements."""
    return f"{USE}void x_go(void)\n{{\n\t{text}\n}}\n"


CHANGES = {
    # code, new header, old header, name, part of how, whether it compiles
    "added": ("f(1, 2);", "int f(int a, int b);", "int f(int a);", "f", "lacks 'int b'", False),
    "removed": ("f(1);", "int f(int a);", "int f(int a, int b);", "f", "'int b' more", False),
    "reordered": (
        "f(p, 1);", "struct s;\nextern struct s *p;\nint f(struct s *a, int b);",
        "struct s;\nextern struct s *p;\nint f(int b, struct s *a);", "f", "reordered", False,
    ),
    "swapped": ("f(1, 2);", "int f(int a, int b);", "int f(int b, int a);", "f", "another order", True),
    "retyped": (
        "f(0);", "struct s;\nint f(struct s *a);", "struct t;\nint f(struct t *a);", "f",
        "parameter 1 a is struct s *, in the old tree struct t *", False,
    ),
    "widened": ("f(1);", "int f(long a);", "int f(int a);", "f", "is long", True),
    "result": ("f();", "int f(void);", "void f(void);", "f", "returns int", False),
    "result to void": ("f();", "void f(void);", "int f(void);", "f", "returns void", True),
    "variadic": ("f(1, 2);", "int f(int a, ...);", "int f(int a);", "f", "further arguments", False),
    "macro to function": ("f(1);", "#define f(a) (a)", "int f(int a);", "f", "macro", True),
    "function to macro": ("f(1);", "int f(int a);", "#define f(a) (a)", "f", "a macro", True),
    "macro of more": ("f(1);", "#define f(a) (a)", "#define f(a, b) (a)", "f", "(a, b)", False),
    "macro arguments": ("f(1, 2);", "#define f(a, b) (a)", "#define f(b, a) (a)", "f", "order", True),
    "value": ("int v = M;", "#define M 1", "#define M 2", "M", "is 1, in the old tree 2", True),
    "bit": ("int v = M;", "#define M BIT(3)", "#define M (1 << 4)", "M", "1 << 4", True),
    "through a name": ("int v = M;", "#define N 1\n#define M N", "#define N 2\n#define M N", "M", "is 1 by the names in it", True),
    "enumerator": ("int v = B;", "enum e { A, B };", "enum e { A, C, B };", "B", "value 1", True),
    "macro to enumerator": ("int v = B;", "enum e { A, B };", "#define B 4", "B", "in the old tree 4", True),
    "typedef": ("t v;", "struct s;\ntypedef struct s *t;", "typedef int t;", "t", "in the old", False),
    "tag": ("struct s *v;", "struct s { int a; };", "union s { int a; };", "s", "union", False),
    "variable": (
        "v = 0;", "struct s;\nextern struct s *v;", "struct t;\nextern struct t *v;", "v", "struct t", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_changed(tmp_path: Path, case: str) -> None:
    """Each way to change has its words, and says whether a compiler would tell."""
    code, new, old, name, how, compiles = CHANGES[case]
    found = need(assess(tmp_path, call(code), {A: new + "\n"}, {A: old + "\n"}), name)
    assert found.status is Status.CHANGED, found
    assert how in found.how
    assert found.compiles is compiles
    assert found.old is not None
    assert found.old.file == A


SAME = {
    "function": ("f(1);", "int f(int a);", "extern int f(int);", "f"),
    "inline": ("f(1);", "int f(int a);", "static inline int f(int a)\n{\n\treturn a;\n}", "f"),
    "names of one type": ("f(1);", "int f(__u32 a);", "int f(u32 a);", "f"),
    "value written otherwise": ("int v = M;", "#define M BIT(3)", "#define M (1 << 3)", "M"),
    "macro of code": ("f(1);", "#define f(a) g(a)", "#define f(a) h(a + 1)", "f"),
    "macro and enumerator": ("int v = B;", "enum e { A, B };", "#define B 1", "B"),
    "type": ("struct s *v;", "struct s { int a; };", "struct s { int b; };", "s"),
    "one of several": ("f(1);", "int f(int a);", "#ifdef X\nint f(int, int);\n#else\nint f(int);\n#endif", "f"),
    "stub": ("f(1);", "#ifdef X\nint f(int);\n#else\nstatic inline int f(int a)\n{\n\treturn 0;\n}\n#endif",
             "int f(int a);", "f"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_same(tmp_path: Path, case: str) -> None:
    """What the compiler cannot tell apart is the same, and not a word is said of it."""
    code, new, old, name = SAME[case]
    found = need(assess(tmp_path, call(code), {A: new + "\n"}, {A: old + "\n"}), name)
    assert (found.status, found.how, found.compiles) == (Status.SAME, "", True)


NO_API = {
    "nothing": {},
    "member": {A: "struct s { int f; int (*g)(int f); };\n"},
    "parameter": {A: "int g(int f);\n"},
    "comment": {A: "/* int f(int a); */\n// f\nint g;\n"},
    "dead": {A: "#if 0\nint f(int a);\n#endif\n"},
    "text": {A: 'static const char g[] = "int f(int a);";\n'},
    "label": {"drivers/gpu/y/y.c": "void g(void)\n{\n\tint f;\nf:\n\treturn;\n}\n"},
    "private": {"drivers/gpu/y/y.h": "int f(int a);\n"},
    "source": {"drivers/gpu/y/y.c": "int f(int a)\n{\n\treturn a;\n}\n"},
    "architecture": {"arch/x86/include/asm/f.h": "int f(int a);\n"},
    "documentation": {"Documentation/f.txt": "int f(int a);\n"},
    "program": {"tools/include/linux/a.h": "int f(int a);\n"},
    "tag": {A: "struct f { int a; };\n"},
}


@pytest.mark.parametrize("case", NO_API)
def test_a_name_that_is_no_api_is_missing(tmp_path: Path, case: str) -> None:
    """A word of that name is not the function."""
    old: Files = {A: "int other;\n", **NO_API[case]}
    found = need(assess(tmp_path, call("f(1);"), {A: "int f(int a);\n"}, old), "f")
    assert (found.status, found.old, found.compiles) == (Status.MISSING, None, False)
    assert found.new is not None
    assert (found.new.file, found.new.line) == (A, 1)
    assert [(s.file, s.line) for s in found.used_at] == [(CODE, 4)]


def test_why_missing(tmp_path: Path) -> None:
    """Where such a name is all the same is told."""
    new = {A: "int f(int a);\nint g(int a);\nint h(int a);\n"}
    old: Files = {
        A: "int o;\n",
        "drivers/y/y.h": "int f(int a);\n",
        "arch/x86/include/asm/g.h": "int g(int);\n",
    }
    needs = assess(tmp_path, call("f(1); g(1); h(1);"), new, old)
    assert "private headers (drivers/y/y.h)" in need(needs, "f").how
    assert "other architectures (arch/x86/include/asm/g.h)" in need(needs, "g").how
    assert need(needs, "h").how == ""


def test_moved(tmp_path: Path) -> None:
    """The same in another header is moved; whether the code reaches that is told."""
    code = call("f(1); g(2);")
    old = {
        A: '#include "b.h"\n',
        "include/linux/b.h": "int f(int a);\n",
        "include/linux/c.h": "int g(int a);\n",
    }
    needs = assess(tmp_path, code, {A: "int f(int a);\nint g(int a);\n"}, old)
    f, g = need(needs, "f"), need(needs, "g")
    assert (f.status, f.compiles) == (Status.MOVED, True)
    assert (g.status, g.compiles) == (Status.MOVED, False)
    assert "include/linux/b.h" in f.how
    assert "include/linux/c.h" in g.how
    assert need(needs, "linux/a.h", "header").status is Status.SAME


def test_uapi_and_asm_are_no_move(tmp_path: Path) -> None:
    """A header that was split into its uapi part, or made generic, is the same one."""
    new = {"include/uapi/linux/a.h": "#define M 1\n", "include/asm-generic/b.h": "int f(int a);\n"}
    old = {A: "#define M 1\n", "arch/arm64/include/asm/b.h": "int f(int a);\n"}
    needs = assess(tmp_path, "#include <asm/b.h>\n" + call("f(M);"), new, old)
    assert {n.status for n in needs.needs} == {Status.SAME}


def test_changed_is_said_before_moved(tmp_path: Path) -> None:
    """What is in another header and of other type is changed, with both told."""
    old = {A: "#include <linux/b.h>\n", "include/linux/b.h": "int f(long a, int b);\n"}
    found = need(assess(tmp_path, call("f(1);"), {A: "int f(int a);\n"}, old), "f")
    assert found.status is Status.CHANGED
    assert "2" in found.how
    assert "include/linux/b.h" in found.how


def test_header_gone_while_its_api_lives_elsewhere(tmp_path: Path) -> None:
    """And the other way round: the header is there, but nothing of it."""
    code = "#include <linux/n.h>\n#include <linux/e.h>\n" + call("f(1); g(1);")
    new = {
        "include/linux/n.h": "int f(int a);\n",
        "include/linux/e.h": "int g(int a);\n",
        A: "int o;\n",
    }
    old = {A: "int f(int a);\n", "include/linux/e.h": "int q;\n"}
    needs = assess(tmp_path, code, new, old)
    assert need(needs, "linux/n.h").status is Status.MOVED
    assert "1 of 1 names used are in include/linux/a.h" in need(needs, "linux/n.h").how
    assert need(needs, "f").status is Status.MOVED
    assert need(needs, "linux/e.h").status is Status.SAME
    assert need(needs, "g").status is Status.MISSING
    gone = assess(
        tmp_path / "2", code, new, {"include/linux/e.h": "int g(int a);\n", A: "int o;\n"}
    )
    assert need(gone, "linux/n.h").status is Status.MISSING
    assert "none of 1" in need(gone, "linux/n.h").how


def test_private_header_that_became_public(tmp_path: Path) -> None:
    """A header beside the implementation counts; a driver's own copy elsewhere does not."""
    code = "#include <linux/pt.h>\nvoid x_go(struct pt_cfg *c)\n{\n\tpt_alloc(c);\n\tc->alloc = 0;\n\tc->q = 1;\n}\n"
    text = "struct pt_cfg {\n\tint q;\n};\nvoid pt_alloc(struct pt_cfg *c);\n"
    new = {
        "include/linux/pt.h": text.replace("int q", "int q;\n\tvoid *alloc"),
        "drivers/iommu/pt.c": "void pt_alloc(struct pt_cfg *c)\n{\n}\n",
    }
    needs = assess(tmp_path, code, new, {"drivers/iommu/pt.h": text})
    assert need(needs, "linux/pt.h").status is Status.MOVED
    assert "private" in need(needs, "linux/pt.h").how
    assert need(needs, "pt_alloc").status is Status.MOVED
    assert need(needs, "pt_cfg.alloc").status is Status.MISSING
    assert need(needs, "pt_cfg.q").status is Status.MOVED
    assert need(needs, "pt_cfg", "type").status is Status.CHANGED
    copy = assess(tmp_path / "2", code, new, {"drivers/gpu/y/pt.h": text})
    assert need(copy, "pt_alloc").status is Status.MISSING


FIELDS = (
    "struct in { int deep; };\n"
    "struct s {\n\tint a;\n\tstruct in i, *p, v[2];\n\tunion {\n\t\tint un;\n\t};\n"
    "\tstruct {\n\t\tint na;\n\t} named;\n\tint (*op)(int);\n};\n"
    "struct s *get(void);\n"
    "#define field_of(p, m) ((p)->m)\n"
    "#define container_of(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))\n"
    "#define list_each(pos, head, m) for (pos = (head); pos; pos = pos->m)\n"
    "#define to_s(x) container_of(x, struct s, i)\n"
)
WAYS = {
    "arrow": ("struct s *x = get(); x->a = 1;", {"s.a"}),
    "dot": ("struct s x; x.a = 1;", {"s.a"}),
    "call": ("get()->a = 1;", {"s.a"}),
    "inner": ("get()->i.deep = 1;", {"s.i", "in.deep"}),
    "pointer": ("get()->p->deep = 1;", {"s.p", "in.deep"}),
    "array": ("get()->v[1].deep = 1;", {"s.v", "in.deep"}),
    "star": ("(*get()).a = 1;", {"s.a"}),
    "cast": ("void *y = 0; ((struct s *)y)->a = 1;", {"s.a"}),
    "address": ("struct in *y = &get()->i; y->deep = 1;", {"s.i", "in.deep"}),
    "unnamed": ("get()->un = 1;", {"s.un"}),
    "named in place": ("get()->named.na = 1;", {"s.named", "s.named.na"}),
    "called": ("get()->op(1);", {"s.op"}),
    "initializer": ("struct s x = { .a = 1, .i = { .deep = 2 } };", {"s.a", "s.i", "in.deep"}),
    "nested designator": (
        "struct s x = { .i.deep = 2, .v[1].deep = 3 };",
        {"s.i", "s.v", "in.deep"},
    ),
    "literal": ("*get() = (struct s) { .a = 1 };", {"s.a"}),
    "container_of": ("struct in *y = 0; container_of(y, struct s, i)->a = 1;", {"s.i", "s.a"}),
    "macro of another header": ("struct in *y = 0; to_s(y)->a = 1;", {"s.a"}),
    "argument": ("field_of(get(), a) = 1;", {"s.a"}),
    "list": ("struct s *x; list_each(x, get(), p) { x->a = 1; }", {"s.p", "s.a"}),
    "offsetof": ("int y = offsetof(struct s, a);", {"s.a"}),
    "sizeof": ("int y = sizeof(get()->i);", {"s.i"}),
    "choice": ("(1 ? get() : get())->a = 1;", {"s.a"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_fields(tmp_path: Path, way: str) -> None:
    """A field is found through the type of what it is taken from, and compared."""
    code, expected = WAYS[way]
    old = {A: FIELDS.replace("int a;", "").replace("int deep", "struct s *deep")}
    needs = assess(tmp_path, call(code), {A: FIELDS}, old)
    found = {n.name: n for n in needs.needs if n.kind.value == "field"}
    assert set(found) == expected
    if "s.a" in found:
        assert found["s.a"].status is Status.MISSING
        assert "no such field" in found["s.a"].how
    if "in.deep" in found:
        assert found["in.deep"].status is Status.CHANGED
        assert not [u for u in needs.unresolved if u.name == "deep"]
    assert not [u for u in needs.unresolved if "field" in u.reason]


def test_fields_in_macros_of_the_code(tmp_path: Path) -> None:
    """A field in a macro is told by what the macro is called with."""
    code = (
        f"{USE}#define SET(x, v) ((x)->a = (v))\n#define GET(x, f) ((x)->i.f)\n"
        "void x_go(struct s *y)\n{\n\tSET(y, 1);\n\tGET(y, deep);\n}\n"
    )
    needs = assess(tmp_path, code, {A: FIELDS}, {A: FIELDS.replace("int a;", "")})
    assert need(needs, "s.a").status is Status.MISSING
    assert [(s.file, s.line) for s in need(needs, "s.a").used_at] == [(CODE, 2)]
    assert need(needs, "in.deep").status is Status.SAME


def test_field_moved_into_a_member(tmp_path: Path) -> None:
    """A field that is one struct deeper has changed, and the struct with it."""
    new, old = "struct s {\n\tint a;\n};\n", "struct s {\n\tstruct {\n\t\tint a;\n\t} b;\n};\n"
    code = f"{USE}void x_go(struct s *y)\n{{\n\ty->a = 1;\n}}\n"
    needs = assess(tmp_path, code, {A: new}, {A: old})
    assert need(needs, "s.a").how == "moved to b.a"
    assert need(needs, "s.a").status is Status.CHANGED
    assert need(needs, "s", "type").status is Status.CHANGED
    assert not need(needs, "s", "type").compiles


def test_field_of_a_missing_struct(tmp_path: Path) -> None:
    """The fields of a struct that is not there are missing with it."""
    code = f"{USE}void x_go(struct s *y)\n{{\n\ty->a = 1;\n}}\n"
    needs = assess(tmp_path, code, {A: "struct s {\n\tint a;\n};\n"}, {A: "int s;\n"})
    assert need(needs, "s", "type").status is Status.MISSING
    assert need(needs, "s.a").status is Status.MISSING
    assert "no struct s" in need(needs, "s.a").how


def test_function_pointer_field(tmp_path: Path) -> None:
    """An operation with other parameters is a changed field."""
    code = f"{USE}static int x_map(int a, int b)\n{{\n\treturn 0;\n}}\nstatic const struct ops x_ops = {{\n\t.map = x_map,\n}};\n"
    new, old = (
        "struct ops {\n\tint (*map)(int a, int b);\n};\n",
        "struct ops {\n\tint (*map)(int a);\n};\n",
    )
    found = need(assess(tmp_path, code, {A: new}, {A: old}), "ops.map")
    assert found.status is Status.CHANGED
    assert "int b" in found.how
    assert not found.compiles


def test_opaque_struct(tmp_path: Path) -> None:
    """A struct that headers only name is the same, or missing."""
    new = "struct o;\nstruct q;\nstruct o *f(void);\n"
    code = f"{USE}void x_go(struct o *a, struct q *b)\n{{\n}}\n"
    needs = assess(tmp_path, code, {A: new}, {A: "struct o;\n"})
    assert need(needs, "o").status is Status.SAME
    assert need(needs, "q").status is Status.MISSING


EXPORTING = "void f(void)\n{\n}\nEXPORT_SYMBOL_GPL(f);\nvoid g(void)\n{\n}\n"


@pytest.mark.parametrize("kind", ["tristate", "bool"])
def test_exported_or_not(tmp_path: Path, kind: str) -> None:
    """A module needs what is exported; built-in code does not."""
    new = {
        A: "void f(void);\nvoid g(void);\nstatic inline void h(void)\n{\n}\n",
        "drivers/gpu/x/Makefile": "obj-$(CONFIG_X) += x.o\n",
        "drivers/gpu/x/Kconfig": f'config X\n\t{kind} "x"\n',
    }
    old: Files = {A: new[A], "kernel/f.c": EXPORTING}
    needs = assess(tmp_path, call("f(); g(); h();"), new, old)
    assert need(needs, "f").status is Status.SAME
    assert need(needs, "h").status is Status.SAME
    g = need(needs, "g")
    assert g.status is (Status.CHANGED if kind == "tristate" else Status.SAME)
    assert ("not exported" in g.how) is (kind == "tristate")


def test_one_module_exports_nothing_to_itself(tmp_path: Path) -> None:
    """What another file of the same driver has is linked into the same module."""
    header = "void own(void);\n"
    new: Files = {
        "drivers/gpu/x/own.h": header,
        "drivers/gpu/x/Makefile": "obj-$(CONFIG_X) += x.o\n",
    }
    old: Files = {"drivers/gpu/x/own.h": header, "drivers/gpu/x/own.c": "void own(void)\n{\n}\n"}
    code = '#include "own.h"\nvoid x_go(void)\n{\n\town();\n}\n'
    assert need(assess(tmp_path, code, new, old), "own").status is Status.SAME


def test_kconfig(tmp_path: Path) -> None:
    """Options of the code and of its own entry, whether the old tree has them, and where."""
    new: Files = {
        A: "int f(void);\n",
        "drivers/gpu/x/Makefile": "obj-$(CONFIG_X) += x.o\n",
        "drivers/gpu/x/Kconfig": 'config X\n\ttristate "x"\n\tdepends on HAVE && (MISS || !HAVE2)\n\tselect SEL if HAVE\n',
        "lib/Kconfig": "".join(
            f"config {n}\n\tbool\n\n" for n in ("HAVE", "MISS", "HAVE2", "SEL", "CODE", "IS")
        ),
    }
    old: Files = {
        A: "int f(void);\n",
        "init/Kconfig": "config HAVE\n\tbool\n\nconfig HAVE2\n\tbool\n\nconfig IS\n\tbool\n",
    }
    code = f"{USE}#ifdef CONFIG_CODE\nint x_a;\n#endif\nvoid x_go(void)\n{{\n\tif (IS_ENABLED(CONFIG_IS))\n\t\tf();\n#if CONFIG_NOWHERE\n#endif\n}}\n"
    needs = assess(tmp_path, code, new, old)
    found = {n.name: n.status.value for n in needs.needs if n.kind.value == "kconfig"}
    assert found == {
        **dict.fromkeys(("HAVE", "HAVE2", "IS"), "same"),
        **dict.fromkeys(("MISS", "SEL", "CODE"), "missing"),
    }
    assert [(s.file, s.line) for s in need(needs, "MISS").used_at] == [("drivers/gpu/x/Kconfig", 3)]
    assert [u.name for u in needs.unresolved if u.reason == "no such option"] == ["CONFIG_NOWHERE"]


def test_names_that_macros_make(tmp_path: Path) -> None:
    """A name that a macro glues together is the need, not the part."""
    header = "int do_map(void);\n#define CALL(x) do_##x()\n#define NAME(x) #x\n"
    needs = assess(
        tmp_path,
        call("CALL(map); NAME(text);"),
        {A: header},
        {A: header.replace("do_map", "do_other")},
    )
    assert need(needs, "do_map").status is Status.MISSING
    assert not names(needs) & {"map", "text"}
    assert not needs.unresolved


def test_names_that_the_old_tree_makes(tmp_path: Path) -> None:
    """A function that the old tree's header makes by a macro is there."""
    old = "#define OP(x) \\\nstatic inline void at_##x(int i)\t\\\n{\t\\\n}\nOP(or)\nOP(and)\n"
    needs = assess(
        tmp_path,
        call("at_or(1); at_xor(1);"),
        {A: "void at_or(int i);\nvoid at_xor(int i);\n"},
        {A: old},
    )
    assert need(needs, "at_or").status is Status.SAME
    assert need(needs, "at_xor").status is Status.MISSING


def test_unresolved_is_told_with_places(tmp_path: Path) -> None:
    """What nothing can be told of is listed, with the reason and every place."""
    code = '#include NAME\n#include "gen.h"\n' + call(
        "nowhere(1); get()->nofield = 1; struct none *z = 0;"
    )
    needs = assess(tmp_path, code, {A: FIELDS}, {A: FIELDS})
    found = {u.name: u for u in needs.unresolved}
    assert {"nowhere", "nofield", "gen.h", "struct none"} <= set(found)
    assert [(s.file, s.line) for s in found["nowhere"].used_at] == [(CODE, 6)]
    assert "no such field in struct s" in found["nofield"].reason


def test_computed_include_is_unresolved(tmp_path: Path) -> None:
    """An include whose name is computed is told of."""
    needs = assess(tmp_path, "#include NAME\n" + call("get();"), {A: FIELDS}, {A: FIELDS})
    assert [
        (s.file, s.line) for u in needs.unresolved for s in u.used_at if "omputed" in u.reason
    ] == [(CODE, 1)]


def test_architecture_counts(tmp_path: Path) -> None:
    """Of several definitions the one that the architecture reaches wins."""
    both: Files = {
        "arch/arm64/include/asm/a.h": "int f(int a);\n",
        "arch/x86/include/asm/a.h": "int f(int a, int b);\n",
    }
    new: Files = {**both, A: "#include <asm/a.h>\n"}
    old: Files = {**both, A: "#include <asm/a.h>\n", "arch/x86/include/asm/a.h": "int f(int a);\n"}
    arm = need(assess(tmp_path / "1", call("f(1);"), new, old), "f")
    x86 = need(assess(tmp_path / "2", call("f(1);"), new, old, "x86_64"), "f")
    assert arm.status is Status.SAME
    assert x86.status is Status.CHANGED
    assert x86.new is not None
    assert x86.new.file == "arch/x86/include/asm/a.h"


def test_own_names_are_no_needs(tmp_path: Path) -> None:
    """What the code defines itself, its locals, labels and parameters need nobody."""
    code = (
        f"{USE}#define OWN(x) f(x)\nenum {{ X_A }};\nstruct x_s {{ int m; }};\ntypedef int x_t;\n"
        "static int x_v;\nstatic int x_go(struct x_s *s, int parameter)\n{\n\tx_t local = OWN(X_A);\n"
        "again:\n\ts->m = local + parameter + x_v;\n\tif (local)\n\t\tgoto again;\n\treturn 0;\n}\n"
    )
    needs = assess(tmp_path, code, {A: "int f(int a);\n"}, {A: "int f(int a);\n"})
    assert names(needs) == {"f", "linux/a.h"}
    assert not needs.unresolved


def test_folder_and_its_own_headers(tmp_path: Path) -> None:
    """Files of one folder need nothing of each other; what each needs is told once."""
    new = write(tmp_path / "new", {
        A: "int f(int a);\nstruct s {\n\tint a;\n};\n",
        CODE: '#include "x.h"\nvoid x_go(struct x *x)\n{\n\tf(x->own);\n}\n',
        "drivers/gpu/x/y.c": '#include "x.h"\nvoid y_go(struct x *x)\n{\n\tx_go(x);\n\tf(x->s.a);\n}\n',
        "drivers/gpu/x/x.h": f"{USE}struct x {{\n\tint own;\n\tstruct s s;\n}};\nvoid x_go(struct x *x);\n",
        "drivers/gpu/x/notes.txt": "f\n",
    })  # fmt: skip
    old = write(tmp_path / "old", {A: "struct s {\n\tint b;\n};\n"})
    needs = judged(new, old, "drivers/gpu/x")
    assert names(needs) == {"f", "s", "s.a", "linux/a.h"}
    assert [(s.file, s.line) for s in need(needs, "f").used_at] == [
        (CODE, 4),
        ("drivers/gpu/x/y.c", 5),
    ]
    assert needs.paths == (CODE, "drivers/gpu/x/x.h", "drivers/gpu/x/y.c")


PATCH = """\
From 0 Mon Sep 17 00:00:00 2001
Subject: [PATCH] x: call
---
diff --git a/drivers/gpu/x/x.c b/drivers/gpu/x/x.c
--- a/drivers/gpu/x/x.c
+++ b/drivers/gpu/x/x.c
@@ -1,5 +1,6 @@
 #include <linux/a.h>
 void x_go(void)
 {
-\tgone(1);
+\tf(1);
+\tget()->a = 1;
 }
"""
PATCHED = f"{USE}void x_go(void)\n{{\n\tf(1);\n\tget()->a = 1;\n}}\n"


@pytest.mark.parametrize("form", ["as it is", "CRLF", "bytes"])
@pytest.mark.parametrize("is_applied", [True, False])
def test_patch(tmp_path: Path, form: str, is_applied: bool) -> None:
    """The lines that a patch adds count, and no others."""
    header = FIELDS + "int f(int a);\nint gone(int a);\n"
    files: Files = {A: header}
    if is_applied:
        files[CODE] = PATCHED
    new = write(tmp_path / "new", files)
    old = write(tmp_path / "old", {A: header.replace("int f(int a);\n", "")})
    patch = tmp_path / "a.patch"
    data = PATCH.encode()
    if form == "CRLF":
        data = data.replace(b"\n", b"\r\n")
    if form == "bytes":
        data = data.replace(b"Subject:", b"Subject: caf\xe9")
    patch.write_bytes(data)
    needs = judged(new, old, str(patch))
    assert names(needs) - {"get"} == ({"f", "s.a"} if is_applied else {"f", "s.a"})
    assert need(needs, "f").status is Status.MISSING
    assert [(s.file, s.line) for s in need(needs, "f").used_at] == [(CODE, 4)]


HALF = PATCH[: PATCH.index("+\tget()")]
NO_PATCH = {
    "half": (HALF, "no whole patch"),
    "empty": ("", "is empty"),
    "words": ("hello\n", "no patch"),
    "no C": (PATCH.replace("x.c", "x.rst"), "adds no line of C"),
    "only removes": (PATCH.replace("1,6", "1,4").replace("+\tf(1);\n", "").replace("+\tget()->a = 1;\n", ""), "adds no"),
    "out of the tree": (PATCH.replace("b/drivers/gpu", "b/../../gpu").replace("a/drivers/gpu", "a/../../gpu"), "outside"),
    "huge file": (PATCH.replace("+1,6", "+99999999,6"), "lines"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_PATCH)
def test_no_patch(tmp_path: Path, run: Any, case: str) -> None:
    """What is no whole patch that adds C is an input that cannot be used."""
    text, word = NO_PATCH[case]
    new = write(tmp_path / "new", {A: FIELDS})
    (tmp_path / "a.patch").write_text(text)
    done = run("needs", tmp_path / "a.patch", "--new", new, "--old", new)
    assert (done.status, done.out) == (4, "")
    assert word in done.err
    assert "a.patch" in done.err


def test_a_patch_in_a_quoted_mail(tmp_path: Path) -> None:
    """What a review mail quotes is as good as the patch, the remarks between its lines left out."""
    new = write(tmp_path / "new", {A: FIELDS + "int f(int a);\n"})
    lines = PATCH.rstrip("\n").split("\n")
    lines[-2:-2] = ["", "Is this right?", ""]
    quoted = [f"> {x}" if x not in ("", "Is this right?") else x for x in lines]
    mail = tmp_path / "review.txt"
    mail.write_text("Somebody wrote:\n" + "\n".join(quoted) + "\n")
    needs = judged(new, new, str(mail))
    assert names(needs) - {"get"} == {"f", "s.a"}


def test_reversed_patch(tmp_path: Path) -> None:
    """The lines a reversed patch adds are those that go: what they need is told."""
    swapped = (
        PATCH.replace("-\tgone", "!")
        .replace("+\t", "-\t")
        .replace("!", "+\tgone")
        .replace("1,5 +1,6", "1,6 +1,5")
    )
    lines = swapped.split("\n")
    (tmp_path / "a.patch").write_text("\n".join(lines))
    header = FIELDS + "int f(int a);\nint gone(int a);\n"
    new = write(tmp_path / "new", {A: header, CODE: PATCHED})
    needs = judged(new, new, str(tmp_path / "a.patch"))
    assert names(needs) == {"gone"}


def test_code_beside_the_tree(tmp_path: Path) -> None:
    """A file on disk is read as if it stood in the tree."""
    new, old = (
        write(tmp_path / "new", {A: "int f(int a);\n"}),
        write(tmp_path / "old", {A: "int g;\n"}),
    )
    own = tmp_path / "elsewhere" / "z.c"
    own.parent.mkdir()
    own.write_text(call("f(1);"))
    assert need(judged(new, old, str(own)), "f").status is Status.MISSING
    assert need(judged(new, old, str(own.parent)), "f").status is Status.MISSING


def test_exit_codes(tmp_path: Path, run: Any) -> None:
    """0: all is there; 1: something is needed; 2: wrong usage; 4: bad input."""
    new = write(tmp_path / "new", {A: "int f(int a);\n", CODE: call("f(1);")})
    old = write(tmp_path / "old", {A: "int g;\n"})
    trees = ("--new", new, "--old", old)
    assert run("needs", CODE, "--new", new, "--old", new).status == 0
    assert run("needs", CODE, *trees).status == 1
    assert run("needs", CODE, *trees, "--exit-zero").status == 0
    assert run("needs", CODE, *trees, "--arch", "z80").status == 2
    assert run("needs", *trees).status == 2
    assert run("needs", CODE, "--new", new).status == 2
    (tmp_path / "a.patch").write_text(PATCH)
    assert run("needs", CODE, tmp_path / "a.patch", *trees).status == 2
    for bad in ("drivers/none.c", "../outside", "/etc/none", "drivers/none"):
        done = run("needs", bad, *trees)
        assert (done.status, done.out) == (4, ""), bad
        assert "Traceback" not in done.err
    assert run("needs", "Makefile.none", "--new", tmp_path / "no", "--old", old).status == 4
    assert run("needs", "include/linux", "--new", old, "--old", tmp_path).status == 4


def test_json(tmp_path: Path, run: Any) -> None:
    """The report has the fields that the design promises, in a stable order."""
    new = write(
        tmp_path / "new", {A: FIELDS + "int f(int a);\n", CODE: call("f(1); get()->a = none(); ")}
    )
    old = write(tmp_path / "old", {A: FIELDS})
    argv = ("needs", CODE, "--new", new, "--old", old, "--format", "json")
    done = run(*argv)
    data = json.loads(done.out)
    assert data["schema"] == "lpae-audit/needs/1"
    assert data["version"]
    assert data["code"] == [CODE]
    by_name = {n["name"]: n for n in data["needs"]}
    f = by_name["f"]
    assert {k: f[k] for k in ("name", "kind", "status", "new", "old", "how", "used_at")} == {
        "name": "f", "kind": "function", "status": "missing", "new": {"file": A, "line": FIELDS.count("\n") + 1},
        "old": None, "how": "", "used_at": [{"file": CODE, "line": 4}],
    }  # fmt: skip
    assert by_name["s.a"]["status"] == "same"
    assert by_name["s.a"]["kind"] == "field"
    assert by_name["s.a"]["old"]["file"] == A
    assert [u["name"] for u in data["unresolved"]] == ["none"]
    assert data["unresolved"][0]["used_at"] == [{"file": CODE, "line": 4}]
    assert run(*argv).out == done.out
    only = json.loads(run(*argv, "--status", "missing").out)
    assert [n["name"] for n in only["needs"]] == ["f"]
    assert json.loads(run(*argv, "--kind", "field").out)["needs"][0]["kind"] == "field"


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_formats_print_no_control_characters(tmp_path: Path, run: Any, form: str) -> None:
    """Names of files are printed so that a terminal takes no orders from them."""
    name = "drivers/gpu/x/\x1b[31mred\u202e|`<b>.c"
    new = write(tmp_path / "new", {A: "int f(int a);\n", name: call("f(1);")})
    old = write(tmp_path / "old", {A: "int g;\n"})
    done = run("needs", "drivers/gpu/x", "--new", new, "--old", old, "--format", form, "-v")
    assert done.status == 1
    if form != "json":
        assert "red" in done.out
        assert "\u202e" not in done.out
    assert "\x1b" not in done.out


HOSTILE: dict[str, bytes] = {
    "latin-1": USE.encode() + b"/* caf\xe9 */ void x_go(void)\n{\n\tf(1); /* \xff */\n}\n",
    "CRLF": call("f(1);").replace("\n", "\r\n").encode(),
    "BOM": b"\xef\xbb\xbf" + call("f(1);").encode(),
    "unfinished": USE.encode() + b"void x_go(void)\n{\n\tf(1",
    "unbalanced": USE.encode() + b"}}}}void x_go(void){{{ f(1); ",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_code(tmp_path: Path, run: Any, case: str) -> None:
    """Whatever the code is, there is a report, and what can be read in it is."""
    new = write(tmp_path / "new", {A: "int f(int a);\n", CODE: HOSTILE[case]})
    old = write(tmp_path / "old", {A: "int g;\n"})
    done = run("needs", CODE, "--new", new, "--old", old, "--format", "json")
    assert done.status in (0, 1), done.err
    found = {n["name"]: n["status"] for n in json.loads(done.out)["needs"]}
    if b"f(1" in HOSTILE[case]:
        assert found["f"] == "missing"


@pytest.mark.parametrize(
    "unit", ["(", "#define ", "{", "a ", '"', "a.", "struct ", "x(", "/*", "\\\n"]
)
@pytest.mark.parametrize("where", ["code", "header"])
def test_large_hostile_files(tmp_path: Path, unit: str, where: str) -> None:
    """Much of one thing, in the code or in a header that it takes, ends in time."""
    text = unit * ((60_000 if where == "code" else 1_000_000) // len(unit))
    code = call("f(1);") + (text if where == "code" else "")
    header = "int f(int a);\n" + (text if where == "header" else "")
    start = time.process_time()
    needs = assess(tmp_path, code, {A: header}, {A: header})
    assert time.process_time() - start < 40
    assert need(needs, "f").status is Status.SAME


def test_symlinks_out_of_the_tree(tmp_path: Path, run: Any) -> None:
    """A link out of a tree is no part of it."""
    (tmp_path / "secret.h").write_text("int f(int a);\n")
    (tmp_path / "secret.c").write_text(call("f(1);"))
    new = write(tmp_path / "new", {A: "int f(int a);\n", CODE: call("f(1);")})
    old = write(tmp_path / "old", {"include/linux/b.h": "int g;\n"})
    (old / A).symlink_to(tmp_path / "secret.h")
    assert need(judged(new, old, CODE), "f").status is Status.MISSING
    (new / "drivers/gpu/x/link.c").symlink_to(tmp_path / "secret.c")
    assert "drivers/gpu/x/link.c" not in judged(new, old, "drivers/gpu/x").paths
    os.mkfifo(new / "drivers/gpu/x/pipe.c")
    assert run("needs", "drivers/gpu/x/pipe.c", "--new", new, "--old", old).status == 4


def test_macro_bomb(tmp_path: Path) -> None:
    """Macros that call each other in rounds, or double, end."""
    rounds = "".join(
        f"#define M{i}(x) M{(i + 1) % 40}(x) + M{(i + 7) % 40}(x)\n" for i in range(40)
    )
    header = (
        rounds
        + "#define V0 V1\n#define V1 V0\ntypedef t1 t2;\ntypedef t2 t1;\nint f(t1 a);\nstruct s { struct s; };\n"
    )
    needs = assess(
        tmp_path,
        call("f(M0(V0)); struct s x; x.m = 1; t1 y; y.z = M1(1);"),
        {A: header},
        {A: header},
    )
    assert need(needs, "f").status is Status.SAME
    assert need(needs, "V0").status is Status.SAME


_NAME = st.sampled_from(["alpha", "beta", "gamma", "delta"])
_HEADER = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "int {0}(int {1});\n",
                "struct {0} {{\n\tint {1};\n\tstruct {2} *p;\n}};\n",
                "#define {0} {n}\n",
                "#define {0}({1}) ({1} + {n})\n",
                "enum {0} {{\n\t{1},\n\t{2} = {n},\n}};\n",
                "typedef struct {0} {1};\n",
                "extern struct {0} *{1};\n",
                "static inline struct {0} *{1}(void)\n{{\n\treturn 0;\n}}\n",
                "DECLARE_IT({0});\n",
                "#ifdef {0}\nint {1};\n#endif\n",
                "#if 0\nint {0};\n#endif\n",
                "struct {0};\n",
                "union {0} {{\n\tint {1};\n}};\n",
            ]
        ),
        _NAME, _NAME, _NAME, st.integers(0, 9),
    ),
    max_size=8,
).map(lambda parts: "".join(t.format(a, b, c, n=n) for t, a, b, c, n in parts))  # fmt: skip
_BODY = st.lists(
    st.tuples(
        st.sampled_from(
            ["{0}({1});", "{0} = {1};", "{0}->{1} = {2};", "struct {0} *{1};", "{0}.{1}++;", "{0}()->{1}();",
             "x = (struct {0}) {{ .{1} = {2} }};", "sizeof(struct {0});", "{0}({1}, {2});"]
        ),
        _NAME, _NAME, _NAME,
    ),
    max_size=6,
).map(lambda parts: " ".join(t.format(*w) for t, *w in parts))  # fmt: skip


@given(_HEADER, _HEADER, _BODY)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_tree_has_all_that_its_own_code_needs(
    tmp_path_factory: pytest.TempPathFactory, one: str, two: str, body: str
) -> None:
    """Compared with itself, a tree lacks nothing and nothing in it has changed."""
    files: Files = {A: one, "include/linux/b.h": two, CODE: call(body)}
    top = write(tmp_path_factory.mktemp("t"), files)
    needs = judged(top, top, CODE)
    assert {n.status for n in needs.needs} <= {Status.SAME}, [n for n in needs.needs if n.how]


@pytest.mark.parametrize("reached", [False, True])
def test_a_vendor_header_is_not_what_the_driver_brings_itself(
    tmp_path: Path, reached: bool
) -> None:
    """A vendor's header may spell registers as the driver's own does; it counts if included."""
    code = '#include "regs.h"\n' + call("int v = X_COMMAND;")
    vendor = "include/uapi/gpu/regmap.h"
    old = {A: f"#include <{vendor[8:]}>\n" if reached else "struct a;\n"}
    old[vendor] = "#define X_COMMAND (0x18 + 4)\n"
    own = {A: "struct a;\n", "drivers/gpu/x/regs.h": "#define X_COMMAND 0x18\n"}
    found = need(assess(tmp_path, code, own, old), "X_COMMAND")
    assert found.is_sibling
    if reached:
        assert found.status is Status.CHANGED
        assert found.old is not None
    else:
        assert found.status is Status.MISSING
        assert found.old is None


def test_a_condition_of_kconfig_goes_on_behind_a_backslash(tmp_path: Path) -> None:
    """What a driver depends on is told of all the lines it stands in."""
    own = {
        A: "struct a;\n",
        "drivers/gpu/x/Makefile": "obj-$(CONFIG_X) += x.o\n",
        "drivers/gpu/x/Kconfig": (
            'config X\n\ttristate "x"\n\tdepends on BASE && \\\n\t\tMORE\n\thelp\n\t  depends on WORDS\n'
        ),
        "drivers/Kconfig": "config BASE\n\tbool\nconfig MORE\n\tbool\n",
    }
    found = assess(tmp_path, call("struct a *a;"), own, {A: "struct a;\n"})
    options = {n.name: n for n in found.needs if n.kind.value == "kconfig"}
    assert set(options) == {"BASE", "MORE"}
    assert [s.line for s in options["MORE"].used_at] == [4]
    assert options["MORE"].status is Status.MISSING


def test_what_a_far_header_of_the_new_tree_calls_so_is_something_else(tmp_path: Path) -> None:
    """An argument that a macro pastes is no macro of a header that the code does not reach."""
    code = call("PASTE(GPU); struct clk *c; int v = FAR;") + "void f(struct clk *c);\n"
    new = {
        A: "#define PASTE(x) go_##x()\nstruct clk;\n",
        "include/dt-bindings/clks.h": "#define GPU 7\n#define FAR 8\n",
        "include/linux/other_clk.h": "struct clk {\n\tint rate;\n};\n",
    }
    write(tmp_path / "new", {**new, CODE: code}, "6")
    write(tmp_path / "old", {A: "struct clk;\n"})
    tree, old = Tree(str(tmp_path / "new")), Tree(str(tmp_path / "old"))
    # Only an index tells of headers that nothing leads to before they are asked for.
    index.refresh(tree)
    found = needs_of(subject_of([CODE], tree), catalog_of(tree), catalog_of(old), "arm64")
    assert not {"GPU", "FAR"} & names(found)
    assert [u.name for u in found.unresolved if u.name == "FAR"] == ["FAR"]
    clk = need(found, "clk")
    assert clk.new is not None
    assert clk.new.file == A
    assert clk.status is Status.SAME
