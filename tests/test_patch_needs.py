# SPDX-License-Identifier: GPL-2.0-only
"""What must be in a tree before a patch can be: what is told, whether it is true, how fast."""

import re
import time

from lpae_backport.filetree import MemoryTree
from lpae_backport.presence.judging import judge
from lpae_backport.presence.prerequisites import with_prerequisites
from lpae_backport.presence.verdict import Prerequisite
from tests.patches import PATH, diff, patch, statuses, verdict
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


AREA = """\
static void toy_area_put(struct toy_area *area)
{
\tkref_put(&area->ref, toy_area_free);
}

static int toy_area_map(struct toy_area *area, int size)
{
\tif (!area->size)
\t\treturn -EINVAL;

\tarea->size -= size;
\tdev_dbg(area->dev, "less");
\treturn toy_start(area, size);
}

static void toy_late(struct toy *toy)
{
\ttoy->late = 1;
\ttoy_wake(toy);
}
"""
VM = AREA.replace("toy_area", "toy_vm").replace("area", "vm")
LONGER = VM.replace('\tdev_dbg(vm->dev, "less");\n', '\tdev_warn(vm->dev, "less");\n')
LONGER = LONGER.replace("\tkref_put(", "\ttoy_note(vm);\n\tkref_put(")


def _found(made: str, text: str) -> tuple[list[str], list[str]]:
    """Return the renamings that must come first, and what is said of each hunk."""
    small = MemoryTree({PATH: text.encode()})
    found = with_prerequisites([judge(patch(made), small)], small, None, "arm64")[0]
    names = [p.name for p in found.prerequisites if p.kind == "rename"]
    return names, [h.why for f in found.files for h in f.hunks]


def _done(names: list[str], text: str) -> str:
    """Return text after renaming."""
    for name in names:
        old, new = name.removeprefix("struct ").split(" → ")
        text = re.sub(rf"\b{old}\b", new.removeprefix("struct "), text)
    return text


def test_all_renamings_it_takes_are_told() -> None:
    """Doing what is told, and nothing else, lets each hunk apply of which that is said."""
    made = diff(VM, LONGER, context=4)
    names, whys = _found(made, AREA)
    assert {"area → vm", "toy_area → toy_vm", "toy_area_put → toy_vm_put"} <= {*names}
    assert all(w.startswith("after renaming ") for w in whys)
    assert {*statuses(verdict(patch(made), _done(names, AREA)))} == {"applicable"}
    for i, why in enumerate(whys):
        mine = why.removeprefix("after renaming ").split(" in this file")[0].split(", ")
        assert {*mine} <= {*names}
        assert statuses(verdict(patch(made), _done(mine, AREA)))[i] == "applicable"


def test_what_renaming_does_not_mend_is_said() -> None:
    """Where something else differs too, it is not said that it would apply."""
    other = AREA.replace("\tif (!area->size)\n\t\treturn -EINVAL;\n", "\tarea->size++;\n")
    other = other.replace("return toy_start(area, size);", "return toy_start(area, area->dev);")
    _, whys = _found(diff(VM, LONGER, context=4), other)
    assert whys[0].startswith("after renaming ")
    assert "after renaming" not in whys[1]
    assert "in this file is not enough: " in whys[1]


def test_a_name_that_stays_in_the_file_is_not_turned() -> None:
    """Where the patch has the old name itself, turning it in the whole file is no way."""
    made = diff(VM + "\nint area;\n", LONGER + "\nint area;\nint more;\n", context=4)
    _, whys = _found(made, AREA + "\nint area;\n")
    assert not any("area → vm" in w.split(", ") or " area → vm" in w for w in whys)


def test_without_renaming_nothing_is_said_of_it() -> None:
    """A hunk that conflicts for other reasons keeps what is said of it."""
    _, whys = _found(diff(VM, LONGER), "int nothing;\n")
    assert not any("renaming" in w for w in whys)


def test_a_hunk_that_would_count_as_applied_says_so() -> None:
    """What a hunk removes may be gone; only the names keep that from being seen."""
    gone = VM.replace("\tvm->size -= size;\n", "")
    _, whys = _found(diff(VM, gone, context=5), AREA.replace("\tarea->size -= size;\n", ""))
    assert [w.split(" in this file ")[1][:18] for w in whys] == ["it counts as appli"]


def test_what_a_patch_defines_is_its_own_however_it_is_written() -> None:
    """An enumerator with a comment, one of a list in a line, a tag whose brace comes below."""
    own = "enum toy_how {\n\tTOY_HOW_ONE,\t/* the first */\n\tTOY_HOW_TWO = 2 /* last */\n};\n"
    own += "enum { TOY_OFF_A, TOY_OFF_B = 4 };\nstruct toy_kern\n{\n\tint a;\n};\n"
    use = "\ttoy_alien(TOY_HOW_ONE, TOY_HOW_TWO, TOY_OFF_A, TOY_OFF_B, (struct toy_kern *)toy);\n"
    assert {*_needs(diff(BEFORE, own + BEFORE.replace(MODE, MODE + use)))} == {"toy_alien"}


def test_a_star_begins_code_or_a_comment() -> None:
    """``*name(…) = x`` uses a function; what stands behind a star in a comment does not."""
    text = "\t/*\n\t * toy_told() tells\n\t */\n\t*toy_alien(toy) = 1;\n"
    assert {*_needs(diff(BEFORE, BEFORE.replace(MODE, MODE + text)))} == {"toy_alien"}


def test_what_is_no_renaming_is_not_called_one() -> None:
    """Words of C; a name that the patch uses itself; one that several others stand for."""
    words = VM.replace("int size)", "loff_t size)").replace("static void", "static loff_t")
    names, _ = _found(diff(words, words.replace("vm->size -=", "vm->size +="), context=9), AREA)
    assert "toy_area → toy_vm" in names and not any(n.startswith(("int ", "void ")) for n in names)
    used = VM.replace("toy_wake(", "toy_rouse(").replace("toy->late = 1", "toy_rouse(toy)")
    text = AREA.replace("toy->late = 1", "toy_wake(toy)")
    both = used.replace("\ttoy_rouse(toy);\n}", "\ttoy_rouse(toy);\n\ttoy_wake(toy);\n}")
    assert "toy_wake → toy_rouse" not in _found(diff(used, both, context=9), text)[0]
    body = "".join(f"\tif (toy->at[{i}] > {i})\n\t\ttoy_old(toy, {i});\n" for i in range(9))
    many = re.sub(r"toy_old\(toy, (\d)", lambda m: f"toy_new_{int(m[1]) // 3}(toy, {m[1]}", body)
    head, end = "static void toy_all(struct toy *toy)\n{\n", "\ttoy_end(toy);\n}\n"
    made = diff(head + many + end, head + many + "\ttoy->n++;\n" + end, context=30)
    assert _found(made, head + body + end)[0] == []


def test_a_struct_that_is_only_used_is_not_the_patch_s_own() -> None:
    """``static const struct x y = {`` and a parameter above a brace define no struct."""
    own = "static const struct toy_alien_ops toy_ops = {\n\t.a = 1,\n};\n\n"
    own += "static int toy_more(struct toy_alien *alien)\n{\n\treturn 0;\n}\n\n"
    assert {*_needs(diff(BEFORE, own + BEFORE))} == {"toy_alien_ops", "toy_alien"}


def test_a_renaming_without_a_proof_is_told_as_likely() -> None:
    """It is told where the names are alike, or it is so at many places."""
    made = VM.replace("toy_wake(", "rouse_it(").replace("int size)", "loff_t size)")
    small = MemoryTree({PATH: AREA.encode()})
    given = patch(diff(made, made.replace("vm->size -=", "vm->size +="), context=20))
    found = with_prerequisites([judge(given, small)], small, None, "arm64")[0]
    told = {p.name: p.why for p in found.prerequisites if p.kind == "rename"}
    assert told["toy_area → toy_vm"].endswith("; likely: no hunk applies with it yet")
    assert "toy_wake → rouse_it" not in told


def test_headers_and_fields_that_nobody_has_are_told() -> None:
    """A header of the kernel's folders, and a field that is in no file and not of the patch."""
    includes = "#include <linux/toy_more.h>\n#include <linux/toy.h>\n#include <toylib/own.h>\n"
    own = "struct toy_state {\n\tint level, depth;\n\tint (*hook)(void);\n\tDECLARE_BITMAP(map, 4);\n};\n"
    use = "\ttoy->alien = toy->state.level + toy->state.depth;\n\ttoy->hook(toy->map);\n"
    start = "#include <linux/toy.h>\n"
    after = BEFORE.replace(start, includes + own).replace(MODE, MODE + use)
    found = _needs(diff(BEFORE, after), None, **{"lib/x.h": "int DECLARE_BITMAP, state;\n"})
    assert {n: p.kind for n, p in found.items()} == {"linux/toy_more.h": "header", "alien": "field"}
    fresh = diff("", "int toy_more;\n", "include/linux/toy_more.h")
    assert "linux/toy_more.h" not in _needs(diff(BEFORE, after) + fresh)


def test_many_names_that_are_others_take_no_long_time() -> None:
    """Hundreds of names and a hundred hunks in conflict are looked at in bounded time."""
    body = "".join(
        f"static int toy_f{i}(struct toy *toy)\n{{\n\tint a = old_x{i}(toy) + old_x{i}(toy);\n\n"
        f"\tuse(a, {i});\n\ttoy->n{i} = a;\n\treturn old_y{i}(a);\n}}\n\n" + "int filler;\n" * 6
        for i in range(120)
    )
    turned = body.replace("old_", "new_")
    made = diff(turned, turned.replace("\tuse(a, ", "\treuse(a, "), context=5)
    start = time.monotonic()
    names, _ = _found(made, body)
    assert time.monotonic() - start < 15
    assert 0 < len(names) <= 40
