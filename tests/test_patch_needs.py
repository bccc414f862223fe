# SPDX-License-Identifier: GPL-2.0-only
"""What must be in a tree before a patch can be: what is told, whether it is true, how fast."""

import time

from lpae_backport.filetree import MemoryTree
from lpae_backport.presence.judging import judge
from lpae_backport.presence.prerequisites import with_prerequisites
from lpae_backport.presence.verdict import Prerequisite
from tests.patches import PATH, diff, patch
from tests.test_presence import BEFORE

MODE = "\ttoy->mode = mode;\n"
KERNEL = {
    "Makefile": b"VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n",
    "Kbuild": b"obj-y += drivers/\n",
    "drivers/toy/Makefile": b"obj-$(CONFIG_TOY) += toy.o\n",
    "drivers/toy/Kconfig": b"config TOY\n\ttristate\n",
    "include/linux/toy.h": b"int toy_check(struct toy *toy, int mode);\n",
}


def _needs(made: str, new: MemoryTree | None = None, **more: str) -> dict[str, Prerequisite]:
    """Return what a patch needs in a small tree, by name."""
    files = {**KERNEL, PATH: BEFORE.encode(), **{k: v.encode() for k, v in more.items()}}
    small = MemoryTree(files)
    found = with_prerequisites([judge(patch(made), small)], small, new, "arm64")[0]
    return {p.name: p for p in found.prerequisites}


def _calls(*names: str) -> str:
    """Return a diff whose added lines call some functions."""
    return diff(BEFORE, BEFORE.replace(MODE, MODE + "".join(f"\t{n}();\n" for n in names)))


def test_many_names_are_looked_for_at_once() -> None:
    """What a file has of hundreds of names is not searched for one by one."""
    names = [f"toy_name_{i}" for i in range(390)]
    text = "/* nothing */\n" * 40_000 + "".join(f"int {n}(void);\n" for n in names)
    more = {f"lib/part{i}.h": text for i in range(8)}
    start = time.monotonic()
    assert list(_needs(_calls(*names, "toy_alien"), **more)) == ["toy_alien"]
    assert time.monotonic() - start < 3


def test_what_the_text_tells_is_told_with_another_tree_too() -> None:
    """A tree with the patch adds to what is told; it takes nothing away."""
    made = _calls("toy_alien", "toy_elsewhere")
    files = {**KERNEL, PATH: BEFORE.replace(MODE, MODE + "\ttoy_alien();\n").encode()}
    new = MemoryTree({**files, "include/linux/toy.h": b"void toy_alien(void);\n"})
    alone, both = _needs(made), _needs(made, new)
    assert list(alone) == ["toy_alien", "toy_elsewhere"]
    assert {*alone} <= {*both}


def test_a_patch_that_adds_no_code_needs_nothing_of_another_tree() -> None:
    """That it adds no line of C is no prerequisite."""
    made = diff(BEFORE, BEFORE.replace(MODE, ""))
    assert _needs(made, MemoryTree({**KERNEL, PATH: BEFORE.encode()})) == {}


def test_options_of_others_in_the_folder_are_none_of_the_patch() -> None:
    """Only an option that added lines name counts, in C or in a Kconfig."""
    more = "config TOY\n\ttristate\n\tdepends on TOY_BUS\n\tselect TOY_CORE\n"
    options = "config TOY_BUS\n\tbool\nconfig TOY_CORE\n\tbool\n"
    files = {**KERNEL, "drivers/toy/Kconfig": (more + options).encode()}
    new = MemoryTree({**files, PATH: BEFORE.replace(MODE, MODE + "\ttoy_alien();\n").encode()})
    assert {*_needs(_calls("toy_alien"), new)} == {"toy_alien"}
    entry = diff("config TOY\n\ttristate\n", more, "drivers/toy/Kconfig")
    both = _needs(_calls("toy_alien") + entry, new)
    assert {*both} == {"toy_alien", "TOY_BUS", "TOY_CORE"}
    assert both["TOY_BUS"].kind == "kconfig" and both["TOY_BUS"].lines
