# SPDX-License-Identifier: GPL-2.0-only
"""Masking keeps every offset, and preprocessor lines are read whatever they cut across."""

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lpae_backport.catalog.filescan import quiet
from lpae_backport.declarations import enumerators, members
from lpae_backport.location import Span
from lpae_backport.masking import without_comments
from lpae_backport.source import Source, variants
from lpae_backport.symbols import CodeFile

_SCRAPS = st.sampled_from(
    [
        b"#if 0\n",
        b"#else\n",
        b"#endif\n",
        b"/*",
        b"*/",
        b"//",
        b'"',
        b"'",
        b"\\\n",
        b"\\\r\n",
        b"{",
        b"}",
    ]
    + [
        b"__init ",
        b"__aligned(8)",
        b"typeof(x) y;",
        b"for_each_thing(a, b)",
        b"EXPORT_SYMBOL(f);\n",
    ]
    + [
        b"<<<<<<< a\n",
        b"=======\n",
        b">>>>>>> b\n",
        b"#define A(x) x\n",
        b"\xff\xfe",
        b"\r\n",
        b"int f(void)\n",
    ]
)


@given(st.lists(_SCRAPS, max_size=30).map(b"".join))
@example(b"<<<<<<< a\n<<<<<<< a\n>>>>>>> b\n")
def test_masking_keeps_length_and_lines(data: bytes) -> None:
    """Whatever the input, the masked text has its length and its line breaks."""
    s = Source("x.c", data)
    assert len(s.masked) == len(s.quiet) == len(data)
    breaks = [i for i, b in enumerate(data) if b == 10]
    assert [i for i, b in enumerate(s.masked) if b == 10] == breaks


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data: bytes) -> None:
    """No bytes make the reader fail; at worst they are a problem it reports."""
    CodeFile(Source("x.c", data)).functions  # noqa: B018


@pytest.mark.parametrize(
    "code",
    [
        b"static int __init f(int a)\n{\n\treturn a;\n}\n",
        b"static int\nf(int a,\n  int b)\n{\n\treturn a;\n}\n",
        b"static void __iomem *f(void __iomem *p __maybe_unused)\n{\n\treturn p;\n}\n",
        b"__printf(2, 3) int f(int a, const char *fmt, ...)\n{\n\treturn a;\n}\n",
        b"VISIBLE_IF_KUNIT\nvoid f(int a)\n{\n}\n",
        b"DECLARE_THING(x);\nint f(int a)\n{\n\treturn a;\n}\n",
        b"module_thing(x)\n\nint f(int a)\n{\n\treturn a;\n}\n",
        b"static DEFINE_SPINLOCK(lock);\nint f(int a) { return a; }\n",
        b"int f(int a)\r\n{\r\n\treturn a;\r\n}\r\n",
        b"/* caf\xe9 */\nint f(int a)\n{\n\treturn a;\n}\n",
        b"int f(int a)\n{\n\tfor_each_set_bit(i, &m, 8) {\n\t\tg(i);\n\t}\n\treturn a;\n}\n",
        b"int f(void *p)\n{\n\treturn container_of(p, struct x, y)->z;\n}\n",
        b"int f(long a)\n{\n\treturn min_t(unsigned long, a, 3);\n}\n",
        b"int f(struct a *p)\n{\n\ttypeof(&p->b) q = &p->b;\n\treturn *q;\n}\n",
        b"int f(int a)\n{\n#ifdef X\n\tif (a) {\n#else\n\tif (!a) {\n#endif\n\t\tg();\n\t}\n\treturn 0;\n}\n",
        b"SOME_DEFINE(f)\n{\n\treturn 0;\n}\n",
    ],
)
def test_kernel_c_is_understood(code: bytes) -> None:
    """What kernels write and a plain C grammar stumbles over is a function without problems."""
    file = CodeFile(Source("x.c", code))
    assert "f" in file.functions
    assert not file.source.problems
    assert file.functions["f"][0].bodies


@pytest.mark.parametrize(
    "line",
    [
        "ANDROID_KABI_RESERVE(1);",
        "ANDROID_VENDOR_DATA(1)",
        "RH_KABI_RESERVE(1)",
        "ANDROID_OEM_DATA_ARRAY(1, 4);",
        "DECLARE_BITMAP(map, 8);",
        "randomized_struct_fields_start",
    ],
)
def test_macros_among_members(line: str) -> None:
    """A macro in the place of a member hides no member, and breaks nothing."""
    code = f"struct s {{\n\tint a;\n\t{line}\n\tunion {{\n\t\tint b;\n\t\t{line}\n\t}};\n\tint c;\n}};\n"
    file = CodeFile(Source("x.h", code.encode()))
    assert not file.source.problems
    paths = [m.path for m in members(file.type_nodes("struct", "s")[0], file.type_nodes)]
    assert [p for p in paths if p != "map"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "word", ["__vendor_section", "__no_stack_protector", "__noipa", "VENDOR_API"]
)
def test_unknown_marking(word: str) -> None:
    """A marking in front of a return type that no dictionary knows is no syntax error."""
    for kind in ("void", "arm_lpae_iopte", "struct x *", "unsigned long"):
        file = CodeFile(Source("x.c", f"static {word} {kind} f(int a)\n{{\n\tg(a);\n}}\n".encode()))
        assert "f" in file.functions and not file.source.problems, kind


def test_conditionals_are_facts() -> None:
    """A place knows the conditions it stands under, negated in an else arm."""
    code = b"#ifdef A\n#if B > 1\nint x;\n#else\nint y;\n#endif\n#endif\n"
    s = Source("x.c", code)
    at = code.index(b"int y")
    assert s.conditions_at(Span(at, at + 5)) == ("defined(A)", "!(B > 1)")


def test_two_bodies_are_both_seen() -> None:
    """Alternatives under #ifdef/#else are two definitions of one function."""
    code = (
        b"#ifdef A\nint f(void)\n{\n\treturn 1;\n}\n#else\nint f(void)\n{\n\treturn 2;\n}\n#endif\n"
    )
    assert len(CodeFile(Source("x.c", code)).functions["f"]) == 2


def test_inner_conditionals_give_readings() -> None:
    """An #else inside a function gives one reading for each arm, an #if 1 only its own."""
    code = b"int f(void)\n{\n#ifdef A\n\ta();\n#else\n\tb();\n#endif\n#if 1\n\tc();\n#else\n\td();\n#endif\n}\n"
    s = Source("x.c", code)
    first, second = variants(s, Span(0, len(code)))
    assert b"a()" in first and b"b()" not in first
    assert b"b()" in second and b"a()" not in second
    assert all(b"c()" in t and b"d()" not in t for t in (first, second))


def test_dead_text_defines_nothing() -> None:
    """What stands under #if 0 is neither function nor macro nor include."""
    code = b"#if 0\n#define M 1\n#include <x.h>\nint f(void)\n{\n\treturn 0;\n}\n#endif\n"
    file = CodeFile(Source("x.c", code))
    assert not file.functions and not file.source.macros and not file.source.includes


def test_conflict_is_a_problem_of_its_own_function_only() -> None:
    """An unresolved merge in one function leaves the next one readable."""
    code = (
        b"int f(void)\n{\n<<<<<<< ours\n\treturn 1;\n=======\n\treturn 2;\n>>>>>>> theirs\n}\n\n"
        b"int g(void)\n{\n\treturn 3;\n}\n"
    )
    file = CodeFile(Source("x.c", code))
    assert file.functions["f"][0].problem is not None
    assert file.functions["g"][0].problem is None


@pytest.mark.parametrize("word", ["pragma once", "error no", "line 3", "undef Y", "define Y 1"])
def test_other_directives_begin_no_arm(word: str) -> None:
    """Only #elif and #else cut a conditional."""
    code = f"#ifdef X\n#{word}\nint f(void)\n{{\n\treturn 1;\n}}\n#endif\n".encode()
    file = CodeFile(Source("x.c", code))
    assert file.source.conditions_at(file.functions["f"][0].span) == ("defined(X)",)
    assert not file.source.problems


def test_half_a_conflict_is_a_problem_to_the_end() -> None:
    """A conflict that never ends leaves nothing behind its first marker to be trusted."""
    code = b"int f(void)\n{\n\treturn 1;\n}\n<<<<<<< ours\nint g(void)\n{\n\treturn 3;\n}\n"
    file = CodeFile(Source("x.c", code))
    assert file.functions["f"][0].problem is None
    assert file.source.problem_at(Span(code.index(b"int g"), len(code))) is not None


def test_unclosed_brace_loses_no_other_function() -> None:
    """A brace that is never closed makes its own function a problem, not those behind it."""
    code = b"int f(int a)\n{\n\tif (a) {\n\treturn 1;\n}\n\nint g(void)\n{\n\treturn 3;\n}\n"
    file = CodeFile(Source("x.c", code))
    assert file.functions["g"][0].problem is None
    assert "f" not in file.functions or file.functions["f"][0].problem is not None


def test_types_show_nested_members() -> None:
    """Unnamed unions are transparent, named members give a dotted path, enums keep their order."""
    code = (
        b"struct s {\n\tint a;\n\tunion {\n\t\tstruct {\n\t\t\tu64 b;\n\t\t} in;\n\t\tbool c[2];\n\t};\n};\n"
        b"enum e { ONE, TWO = 4, THREE };\n"
    )
    file = CodeFile(Source("x.c", code))
    paths = [m.path for m in members(file.type_nodes("struct", "s")[0], file.type_nodes)]
    assert paths == ["a", "in", "in.b", "c"]
    names = [e.kids[0].label for e in enumerators(file.type_nodes("enum", "e")[0])]
    assert names == ["ONE", "TWO", "THREE"]


@pytest.mark.parametrize(
    "text",
    [
        b'"' + b'\\"' * 200_000,
        b'"/**/\\' * 30_000,
        b"'/**/\\" * 30_000,
        b"/*" * 200_000,
        b"//\\\n" * 100_000,
        b"'\\'" * 100_000,
    ],
    ids=["escapes", "comments", "characters", "open", "spliced", "apostrophes"],
)
@pytest.mark.parametrize("lexer", [without_comments, quiet])
def test_a_line_that_is_meant_to_take_forever_does_not(
    text: bytes, lexer: Callable[[bytes], bytes]
) -> None:
    """Comments and literals are found in time that grows as the text does."""
    start = time.process_time()
    assert len(lexer(text)) == len(text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("lexer", [without_comments, quiet])
def test_an_apostrophe_does_not_hide_a_comment(lexer: Callable[[bytes], bytes]) -> None:
    """As for the preprocessor, a quote alone opens no literal."""
    text = b"don't do /* this\nint x; */ int y;\n"
    assert lexer(text) == b"don't do        \n          int y;\n"
