# SPDX-License-Identifier: GPL-2.0-only
"""Register bits have the value the compiler gives them."""

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
