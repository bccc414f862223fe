# SPDX-License-Identifier: GPL-2.0-only
"""What preprocessor lines say: includes, macros, and the arms of conditionals."""

from dataclasses import dataclass, field

from lpae_backport.boolean import expression
from lpae_backport.location import Span


@dataclass(frozen=True, slots=True)
class Problem:
    """A stretch of a file that could not be read as C, and why."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Include:
    """One ``#include`` line."""

    header: str
    is_system: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Macro:
    """One ``#define``; `params` is `None` for an object-like macro."""

    name: str
    params: tuple[str, ...] | None
    body: Span
    span: Span


@dataclass(slots=True)
class Branch:
    """One arm of a conditional: the bytes between two directives, and its condition as written."""

    own: str
    span: Span
    earlier: tuple[str, ...] = ()

    @property
    def constant(self) -> bool | None:
        """The truth of the arm's own condition, where it is a constant."""
        f = expression(self.own) if self.own else True
        return f if isinstance(f, bool) else None

    @property
    def condition(self) -> str:
        """The whole condition, with the arms before it negated."""
        parts = [f"!({e})" for e in self.earlier] + ([f"{self.own}"] if self.own else [])
        return " && ".join(parts)


@dataclass(slots=True)
class Conditional:
    """One ``#if … #endif`` with all its arms."""

    span: Span
    branches: list[Branch] = field(default_factory=list)
