# SPDX-License-Identifier: GPL-2.0-only
"""Every way C has of saying it comes to the same condition."""

import pytest

from lpae_backport.checks.definitions import is_under
from lpae_backport.document import Value
from lpae_backport.guards import Cases
from lpae_backport.pattern import compile_pattern
from lpae_backport.search import Search
from lpae_backport.source import Source
from lpae_backport.stepfile import read_condition
from lpae_backport.symbols import CodeFile
from tests.conftest import ROOT

_HEAD = "static bool off(struct cfg *c)\n{\n\treturn !c->cw;\n}\n#define ON(c) ((c)->cw)\n"


def _guarded(body: str, condition: str, exactly: bool = True) -> bool:
    """Tell whether sync() in a function with this body runs exactly (or only) under a condition."""
    code = f"{_HEAD}void f(struct cfg *c, int old, int x)\n{{\n{body}\n}}\n"
    file = CodeFile(Source("x.c", code.encode()))
    assert not file.source.problems, file.source.problems
    pattern = compile_pattern("sync($$$)")
    assert pattern is not None
    cases = Cases(read_condition(Value(condition, ROOT, 1, 1)))
    search = Search(file)
    paths = [
        o.path
        for b in file.functions["f"][0].bodies
        for o in search.occurrences((pattern,), b, ())
        if o.is_live
    ]
    ok = bool(paths) and all(cases.reached(p) <= cases.allowed for p in paths)
    return ok and (not exactly or cases.covered(paths))


@pytest.mark.parametrize(
    "body",
    [
        "if (!c->cw) sync();",
        "if (c->cw) return;\nsync();",
        "if (c->cw) { x++; return; }\nx = 1;\nsync();",
        "if (c->cw) x = 1; else sync();",
        "if (c->cw) x = 1; else if (x) g(); else sync(); if (!c->cw && x) sync();",
        "if (c->cw == false) sync();",
        "if (c->cw != true) sync();",
        "if (c->cw == 0) sync();",
        "if (!!c->cw) return;\nsync();",
        "if (!(c->cw)) sync();",
        "if (likely(!c->cw)) sync();",
        "if (off(c)) sync();",
        "if (!ON(c)) sync();",
        "bool coherent = c->cw;\nif (!coherent) sync();",
        "bool need;\nneed = !c->cw;\nif (need) sync();",
        "switch (c->cw) { case 0: sync(); break; default: break; }",
        "c->cw ? 0 : sync();",
        "c->cw || sync();",
        "!c->cw && sync();",
        "if (c->cw) goto out;\nsync();\nout:\n\treturn;",
        "if (!c->cw) goto doit;\nreturn;\ndoit:\n\tsync();",
        "do { if (c->cw) break; sync(); } while (0);",
        "while (x--) { if (c->cw) continue; sync(); }",
        "do { if (c->cw) return; } while (0);\nsync();",
        "switch (c->cw) { case true: return; default: x = 1; }\nsync();",
        "if (1) { if (!c->cw) sync(); }",
        "if (!c->cw) { if (x) sync(); else sync(); }",
        "if (x) return;\nif (!c->cw) sync();",
    ],
)
def test_same_guard(body: str) -> None:
    """Each of these runs sync() exactly when walks are not coherent."""
    assert _guarded(body, "!$C.cw")


@pytest.mark.parametrize(
    "body",
    [
        "sync();",
        "if (c->cw) sync();",
        "if (!c->cw) x = 1; else sync();",
        "if (!c->cw) return;\nsync();",
        "if (!c->cx) sync();",
        "if (!c->cw || x) sync();",
        "if (!c->cw) sync();\nsync();",
        "if (c->cw) x = 1;\nsync();",
        "if (c->cw && x) return;\nsync();",
        "if (0) sync();",
        "return;\nsync();",
        "if (!c->cw && 0) sync();",
        "/* if (!c->cw) sync(); */",
        'g("if (!c->cw) sync();");',
        "#if 0\nif (!c->cw) sync();\n#endif\n;",
        "bool coherent = c->cw;\ncoherent = x;\nif (!coherent) sync();",
        "switch (c->cw) { case 0: x = 1; case 1: sync(); }",
        "if (c->cw) goto out;\nout:\n\tsync();",
    ],
)
def test_not_the_guard(body: str) -> None:
    """None of these is the guard: inverted, absent, about something else, or never run."""
    assert not _guarded(body, "!$C.cw")


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("if (!c->cw && !(old & SW)) sync();", True),
        ("if (c->cw || (old & SW)) return;\nsync();", True),
        ("if (!(c->cw || old & SW)) sync();", True),
        ("if (!c->cw) { if (!(SW & old)) sync(); }", True),
        ("if (c->cw) return;\nif ((old & SW) == SW) return;\nsync();", True),
        ("if (c->cw && (old & SW)) return;\nsync();", False),
        ("if (!c->cw || !(old & SW)) sync();", False),
        ("if (!c->cw && (old & SW)) sync();", False),
        ("if (!c->cw) sync();", False),
    ],
)
def test_two_part_guard(body: str, holds: bool) -> None:
    """A disjunction is not a conjunction, and De Morgan's forms are equal."""
    assert _guarded(body, "!$C.cw && !($P & SW)") is holds


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("if (c->fmt == S2) sync();", True),
        ("if (c->fmt == S1 || c->fmt == S2) sync();", True),
        ("if (c->fmt != S1) sync();", False),
        ("switch (c->fmt) { case S1: case S2: sync(); }", True),
        ("switch (c->fmt) { case S1: return; default: sync(); }", False),
        ("switch (x) { case S1: sync(); }", False),
        ("int fmt = c->fmt;\nif (fmt == S1) sync();", True),
        ("if (c->fmt == MALI) return;\nsync();", True),
    ],
)
def test_enumerators_rule_each_other_out(body: str, holds: bool) -> None:
    """A test for other formats keeps Mali out; a test of something else does not."""
    assert _guarded(body, "$X.fmt != MALI", exactly=False) is holds


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("if (c->fmt != MALI && x == 3) sync();", True),
        ("if (c->fmt == DART) return;\nif (c->fmt != MALI && x == 3) sync();", True),
        ("if (c->fmt == S1 && x == 3) sync();", False),
    ],
)
def test_every_case_is_more_than_one_value(body: str, holds: bool) -> None:
    """One other format is not every format but Mali; a vendor's own that leaves early is its own affair."""
    assert _guarded(body, "$X.fmt != MALI && $L == 3") is holds


def test_reassigned_variable_is_another_condition() -> None:
    """A variable tested before and after an assignment is two conditions, not a contradiction."""
    body = "if (!x) {\nx = g();\nif (x) sync();\n}"
    assert _guarded(body, "$X", exactly=False)


def test_default_then_override() -> None:
    """A value set first and replaced under a condition holds only without that condition."""
    code = b"int f(struct cfg *c)\n{\n\tint v = NC;\n\n\tif (c->cw)\n\t\tv = WB;\n\treturn v;\n}\n"
    file = CodeFile(Source("x.c", code))
    pattern = compile_pattern("NC")
    assert pattern is not None
    (o,) = Search(file).occurrences((pattern,), file.functions["f"][0].bodies[0], ())
    cases = Cases(read_condition(Value("!$C.cw", ROOT, 1, 1)))
    assert cases.reached(o.path) == cases.allowed


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("defined(CONFIG_LPAE)", True),
        ("CONFIG_LPAE", True),
        ("IS_ENABLED(CONFIG_LPAE)", True),
        ("defined(CONFIG_LPAE) || defined(CONFIG_LPAE_MODULE)", True),
        ("defined(CONFIG_LPAE_SELFTEST)", False),
        ("!defined(CONFIG_LPAE)", False),
        ("defined(CONFIG_LPAE) && defined(CONFIG_OTHER)", False),
        ("1", False),
    ],
)
def test_what_stands_under_one_option_and_no_other(condition: str, expected: bool) -> None:
    """An option whose name goes on is another one, and so is the absence of one."""
    assert is_under(condition, "LPAE") is expected
    assert is_under(condition, "CONFIG_LPAE") is expected
