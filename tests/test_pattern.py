# SPDX-License-Identifier: GPL-2.0-only
"""Patterns match by meaning, and only that."""

import pytest

from lpae_backport.pattern import compile_pattern
from lpae_backport.syntax import fragment


@pytest.mark.parametrize(
    ("pattern", "code", "matches"),
    [
        ("f($X)", "f(a)", True),
        ("f($X)", "f(a, b)", False),
        ("f($$$)", "f()", True),
        ("f($$$)", "f(a, b, c)", True),
        ("f($$$, z)", "f(a, b, z)", True),
        ("f($$$, z)", "f(a, z, b)", False),
        ("f($X, $X)", "f(a->b, a.b)", True),
        ("f($X, $X)", "f(a, b)", False),
        ("f($_, $_)", "f(a, b)", True),
        ("$P & FLAG", "FLAG & x->y", True),
        ("$P & FLAG", "x | FLAG", False),
        ("$P - ONE", "ONE - x", False),
        ("$C->walk", "a->b.walk", True),
        ("$C.walk", "walk", False),
        ("f($X)", "(f)(a)", True),
        ("f($X)", "g(f(a))", False),
        ("$D.levels = 4", "data->levels = 4", True),
        ("$D.levels = 4", "data->levels = 3", False),
        ("f(x)", "f((int)x)", True),
        ("&table", "&table", True),
        ("&table", "table", False),
    ],
)
def test_match(pattern: str, code: str, matches: bool) -> None:
    """A pattern matches what means the same and nothing else."""
    compiled = compile_pattern(pattern)
    body = fragment(code.encode())
    assert compiled is not None and body is not None
    node = body.kids[0].kids[0]
    assert (compiled.match(node) is not None) is matches


@pytest.mark.parametrize("source", ["", "f(", "a; b;", "}", "if (x"])
def test_not_a_pattern(source: str) -> None:
    """What is not one expression or statement is no pattern."""
    assert compile_pattern(source) is None
