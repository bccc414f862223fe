# SPDX-License-Identifier: GPL-2.0-only
"""What a stretch of a file has of a hunk, piece by piece."""

from dataclasses import dataclass, field


@dataclass
class Reading:
    """What a stretch of a file has of a hunk.

    Attributes:
        is_done: whether all of it.
        has_some: whether some of it, for sure.
        present: indexes of the changed lines of the hunk whose change it has.
        absent: indexes of those whose change it has not.
        first: the first unit of the stretch that belongs to the hunk.
        last: the last of them.
        core: the first unit and the last one that decided.
        after: how well the text after fits, from 0 to 1.
        before: how well the text before fits.
        gain: how much more of the text after is there than of that before.
        notes: what is there in another form: the index of a line, and the piece in the file.
        flaw: why it is not done though all of it is there; empty where nothing says so.
    """

    is_done: bool = False
    has_some: bool = False
    present: set[int] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    first: int = -1
    last: int = -1
    core: tuple[int, int] = (-1, -1)
    after: float = 0.0
    before: float = 0.0
    gain: int = 0
    notes: list[tuple[int, int]] = field(default_factory=list)
    flaw: str = ""
