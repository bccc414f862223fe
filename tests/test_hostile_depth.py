# SPDX-License-Identifier: GPL-2.0-only
"""Code nested, or chained, beyond all reason costs neither the report nor much time."""

import time
from pathlib import Path

import pytest

from lpae_backport.catalog.unindexed import ScannedCatalog
from lpae_backport.needs.need import Needs
from lpae_backport.needs.requirements import needs_of
from lpae_backport.needs.subject import subject_of
from lpae_backport.tree import Tree

N = 1000
BOTH = "int fn(int x);\nstruct s { int f; struct s *n; };\n"
CODE = {
    "a long sum": "int g(void) { return " + "+".join(["fn(1)"] * N) + "; }",
    "a long else if": "int g(int a) {" + " else ".join(["if (a) fn(a);"] * N) + "}",
    "braces": "int g(int a)" + "{" * N + "fn(a);" + "}" * N,
    "parentheses": "int g(struct s *p) { return " + "(" * N + "p->f" + ")" * N + "; }",
    "negations": "int g(struct s *p) { return " + "!" * N + "p->f; }",
    "casts": "int g(struct s *p) { return " + "(int)" * N + "p->f; }",
    "pointers": "int g(struct s " + "*" * N + "p) { return fn(1); }",
    "fields": "int g(struct s *p) { return p" + "->n" * N + "->f; }",
    "calls": "int g(struct s *p) { return " + "fn(" * N + "p->f" + ")" * N + "; }",
    "choices": "int g(struct s *p) { return " + "p->f ? 1 : " * N + "2; }",
    "braces of a value": "struct s v = " + "{" * N + "1" + "}" * N + ";",
    "digits": "int g(void) { return 0x" + "f" * 9000 + " + " + "9" * 9000 + "; }",
}
HEADERS = {
    "parameters of parameters": "int h(" + "int (*)(" * N + "int" + ")" * N + ");",
    "parameters that double": "int h(" + "int (*)(" * 35 + "int" + ")" * 35 + ");",
    "a type of itself": "typedef int (*cb)(cb, cb);\nint h(cb x);",
    "pointers": "int " + "*" * N + "h(int " + "*" * N + "x);",
    "a macro's sum": "#define A 1\n#define h " + "+".join(["A"] * N),
    "a macro's parentheses": "#define h " + "(" * N + "1" + ")" * N,
    "macros that double": "".join(f"#define M{i} M{i + 1}+M{i + 1}\n" for i in range(99))
    + "#define M99 1\n#define h M0",
    "numbers that double": "enum e { B0 = 1,"
    + ",".join(f"B{i} = B{i - 1} + B{i - 1}" for i in range(1, 101))
    + ", h = B100 };",
    "numbers from behind": "enum e {" + ",".join(f"B{i} = B{i + 1} + B{i + 2}" for i in range(N))
    + ", h = B0 };",
    "structs in structs": "struct h {" + "struct {" * N + "int z;" + "} a;" * N + "};",
}  # fmt: skip


def judge(top: Path, code: str, header: str, depends: str = "BASE") -> Needs:
    """Tell what two files need; `header` differs in the old tree."""
    for side, more in (("new", header), ("old", header.replace("int h(", "long h("))):
        files = {
            "Makefile": f"VERSION = {6 if side == 'new' else 4}\nPATCHLEVEL = 9\nSUBLEVEL = 0\n",
            "arch/arm64/include/asm/base.h": "struct asm_base;\n",
            "include/linux/a.h": f"{BOTH}{more}\n",
            "drivers/x/x.c": f"#include <linux/a.h>\n{code}\n",
            "drivers/x/y.c": "#include <linux/a.h>\n#include <linux/absent.h>\n",
            "drivers/x/Makefile": "obj-$(CONFIG_X) += x.o y.o\n",
            "drivers/x/Kconfig": f"config X\n\ttristate\n\tdepends on {depends}\nconfig BASE\n",
        }
        for name, text in files.items():
            path = top / side / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    tree = Tree(str(top / "new"))
    catalogs = ScannedCatalog(tree, 1), ScannedCatalog(Tree(str(top / "old")), 1)
    start = time.monotonic()
    found = needs_of(subject_of(("drivers/x",), tree), *catalogs, "arm64")
    assert time.monotonic() - start < 15
    names = {n.name for n in found.needs} | {u.name for u in found.unresolved}
    assert {"linux/a.h", "linux/absent.h"} <= names  # what else there is, is told all the same
    return found


@pytest.mark.parametrize("what", CODE)
def test_code_without_end(tmp_path: Path, what: str) -> None:
    """Code is read however deeply it is nested."""
    found = judge(tmp_path, CODE[what], "")
    assert what in ("digits", "braces of a value") or {"fn", "s.f", "s.n"} & {
        n.name for n in found.needs
    }


@pytest.mark.parametrize("what", HEADERS)
def test_headers_without_end(tmp_path: Path, what: str) -> None:
    """A name that cannot be compared is told, and costs neither the others nor time."""
    use = "struct h *p;" if "struct h" in HEADERS[what] else "int v = h;"
    found = judge(tmp_path, f"int g(void) {{ {use} return 0; }}", HEADERS[what])
    assert "h" in {n.name for n in found.needs} | {u.name for u in found.unresolved}


@pytest.mark.parametrize("depends", ["(" * 5000 + "BASE", "!" * 5000 + "BASE"])
def test_conditions_without_end(tmp_path: Path, depends: str) -> None:
    """What a driver depends on is found in whatever Kconfig makes of it."""
    found = judge(tmp_path, "int v;", "", depends)
    assert "BASE" in {n.name for n in found.needs}


def test_a_name_nested_too_deeply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever recurses while one name is compared makes that name unresolved, and no more."""

    def sink(self: object, name: str, spots: object, *, tag: bool = False) -> None:
        raise RecursionError

    monkeypatch.setattr("lpae_backport.needs.comparison.Comparison.name", sink)
    found = judge(tmp_path, "int g(void) { return fn(1); }", "")
    assert ("fn", "nested too deeply to be compared") in {
        (u.name, u.reason) for u in found.unresolved
    }


def test_a_file_nested_too_deeply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever recurses while one file is read is a problem of that file."""

    def sink(self: object) -> None:
        raise RecursionError

    monkeypatch.setattr("lpae_backport.needs.fielduse.FieldUses.found", sink)
    found = judge(tmp_path, "int g(void) { return fn(1); }", "")
    assert "fn" in {n.name for n in found.needs}
    assert any("x.c:1: something is nested too deeply" in p for p in found.problems)
