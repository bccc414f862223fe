# SPDX-License-Identifier: GPL-2.0-only
"""Where a file that is gone stands now."""

import pytest

from lpae_backport.filetree import MemoryTree
from lpae_backport.presence.shelf import Shelf

LINES = [b"\ttoy_turn_%d(toy);" % i for i in range(8)]
OTHER = [b"\ttoy_other_%d(toy);" % i for i in range(8)]


def _moved(held: int, before: list[bytes], after: list[bytes]) -> str:
    files = {"drivers/toy/new.c": b"\n".join([*LINES[:held], b"int toys;", b""])}
    shelf = Shelf(MemoryTree({**files, "drivers/toy/none.c": b"int none;\n"}))
    return shelf.moved("drivers/toy/old.c", before, after, is_whole=False)


@pytest.mark.parametrize(("held", "is_there"), [(0, False), (3, False), (4, True), (8, True)])
def test_a_file_that_has_half_of_the_lines_is_the_one(held: int, is_there: bool) -> None:
    """Those of the text that it has most of count, whichever that is."""
    where = "drivers/toy/new.c" if is_there else ""
    for before, after in ((LINES, OTHER), (OTHER, LINES), (LINES[::-1], []), ([], LINES)):
        assert _moved(held, before, after) == where


def test_one_line_tells_no_file() -> None:
    """A text of a single telling line is no evidence."""
    assert _moved(8, LINES[:1], []) == ""
    assert _moved(8, LINES[:1], OTHER) == ""


def test_a_file_that_has_become_a_folder() -> None:
    """Its lines are in a file of the folder that has its name."""
    files = {"kernel/toy/core.c": b"\n".join([*LINES, b""]), "kernel/toy/more.c": b"int more;\n"}
    shelf = Shelf(MemoryTree({**files, "kernel/sched.c": b"int none;\n"}))
    assert shelf.moved("kernel/toy.c", LINES, [], is_whole=False) == "kernel/toy/core.c"
    assert shelf.moved("kernel/toy.c", OTHER, [], is_whole=False) == ""
