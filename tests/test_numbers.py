# SPDX-License-Identifier: GPL-2.0-only
"""Register bits have the value the compiler gives them."""

import time

import pytest

from lpae_backport.numbers import constant_value, names_in
from lpae_backport.source import Source
from lpae_backport.symbols import CodeFile


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0x8DULL", 0x8D),
        ("(3u << 0)", 3),
        ("BIT(4)", 16),
        ("_BITUL(4)", 16),
        ("GENMASK(3, 2)", 12),
        ("GENMASK_ULL(47, 12)", 0xFFFFFFFFF000),
        ("(((pte_type)1) << 55)", 1 << 55),
        ("BIT_ULL(55)", 1 << 55),
        ("(1ULL << (50 + 5))", 1 << 55),
        ("(ONE | 0x10)", 0x11),
        ("~0x3 & 0xf", 12),
        ("010", 8),
        ("1 << 55", None),
        ("1U << 55", None),
        ("((u32)1 << 55)", None),
        ("f(3)", None),
        ("UNKNOWN", None),
        ("1 << 100000000", None),
        ("LOOP", None),
        ("", None),
    ],
)
def test_value(text: str, value: int | None) -> None:
    """Shifts, bits, casts and other macros are computed; the rest is not guessed."""
    code = f"#define ONE 1\n#define LOOP LOOP\n#define X {text}\n"
    file = CodeFile(Source("x.h", code.encode()))
    body = file.macro_body(file.source.macros["X"][0])
    stmts = [s for s in body.root.kids if s.kids] if body is not None else []
    assert (constant_value(stmts[0], names_in(file)) if stmts else None) == value


def test_a_sum_without_end() -> None:
    """However many terms there are, or digits: a value, or none, and no error."""
    for text, value in (
        ("+".join(["1"] * 5000), 5000),
        ("(" * 3000 + "7" + ")" * 3000, 7),
        ("-" + "~-" * 2000 + "(7)", 1993),
        ("9" * 5000, None),
        ("0x" + "f" * 5000, None),
    ):
        file = CodeFile(Source("x.h", f"#define X {text}\n".encode()))
        body = file.macro_body(file.source.macros["X"][0])
        assert body is not None
        assert constant_value(body.root.kids[0], names_in(file)) == value, text[:20]


def test_names_that_double() -> None:
    """Each macro is computed once, however often the others name it."""
    text = "#define M0 1\n"
    text += "".join(f"#define M{i} ({'+'.join([f'M{i - 1}'] * 40)})\n" for i in range(1, 9))
    file = CodeFile(Source("x.h", (text + "#define X M7\n").encode()))
    body = file.macro_body(file.source.macros["X"][0])
    assert body is not None
    start = time.monotonic()
    constant_value(body.root.kids[0], names_in(file))
    assert time.monotonic() - start < 2
