# SPDX-License-Identifier: GPL-2.0-only
"""What is built decides which file a rule means, and what is compiled decides what it says."""

from pathlib import Path

import pytest

from lpae_backport.rule import Pack
from tests.trees import build, verdicts

_A = "drivers/iommu/io-pgtable-arm.c"
_OLD = Path(__file__).parent.parent / "fixtures/pocket-4.9"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A done pocket kernel that may be changed."""
    made, _ = build(_OLD.parent / "variants/already-done.yaml", tmp_path)
    return made


def _edit(tree: Path, name: str, old: str, new: str) -> None:
    path = tree / name
    text = path.read_text()
    assert old in text, f"{name} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def _plant_old(tree: Path, where: str) -> None:
    target = tree / where
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((_OLD / _A).read_bytes().replace(b'"io-pgtable.h"', b"<linux/io-pgtable.h>"))


_RULE = "obj-$(CONFIG_IOMMU_IO_PGTABLE_LPAE) += io-pgtable-arm.o"


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("obj-$(CONFIG_IOMMU_IO_PGTABLE_LPAE) += vendor-pgt.o", "drivers/iommu/vendor-pgt.c"),
        (
            "PGT := vendor-pgt.o\nobj-$(CONFIG_IOMMU_IO_PGTABLE_LPAE) += $(PGT)",
            "drivers/iommu/vendor-pgt.c",
        ),
        ("obj-$(CONFIG_IOMMU_IO_PGTABLE_LPAE) += vendor/", "drivers/iommu/vendor/pgt.c"),
        (
            "ifdef V\nobj-$(CONFIG_IOMMU_IO_PGTABLE_LPAE) += vendor-pgt.o\nelse\n"
            + _RULE
            + "\nendif",
            "drivers/iommu/vendor-pgt.c",
        ),
        ("obj-$(CONFIG_VENDOR_PGT) += vendor-pgt.o", "drivers/iommu/vendor-pgt.c"),
    ],
)
def test_old_driver_is_built(tree: Path, pack: Pack, rule: str, place: str) -> None:
    """A done driver that lies beside an old one that is built does not make a step done."""
    _plant_old(tree, place)
    if "/vendor/" in place:
        (tree / "drivers/iommu/vendor/Makefile").write_text("obj-y += pgt.o\n")
    makefile = tree / "drivers/iommu/Makefile"
    lines = [
        rule if "IO_PGTABLE_LPAE" in n and "io-pgtable-arm.o" in n else n
        for n in makefile.read_text().split("\n")
    ]
    makefile.write_text("\n".join(lines))
    got = verdicts(tree, pack)
    assert "done" not in {got["1.5"], got["1.6.2a"], got["1.6.2f"], got["1.8"]}


@pytest.mark.parametrize("way", ["through another header", "in one arm of an #ifdef", "passed on"])
def test_header_that_is_included_counts(tree: Path, pack: Pack, way: str) -> None:
    """The header that reaches the driver is judged, however it gets there."""
    old = (_OLD / "drivers/iommu/io-pgtable.h").read_text()
    (tree / "drivers/iommu/io-pgtable.h").write_text(old)
    include = "#include <linux/io-pgtable.h>"
    if way == "through another header":
        (tree / "drivers/iommu/vendor.h").write_text('#include "io-pgtable.h"\n')
        _edit(tree, _A, include, '#include "vendor.h"')
    elif way == "in one arm of an #ifdef":
        _edit(tree, _A, include, f'#ifdef V\n{include}\n#else\n#include "io-pgtable.h"\n#endif')
    else:
        (tree / "include/linux/io-pgtable.h").write_text(
            '#include "../../drivers/iommu/io-pgtable.h"\n'
        )
    got = verdicts(tree, pack)
    assert {got["1.1"], got["1.6.1"], got["1.7"]} == {"missing"}


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("drivers/gpu/arm/midgard/mmu.c", '#include "../../../iommu/io-pgtable.h"\n'),
        ("drivers/iommu/a/b/c/mmu.c", '#include "../../../io-pgtable.h"\n'),
        ("drivers/iommu/vendor/mmu.c", '#include "io-pgtable.h"\n'),
    ],
)
def test_old_include_anywhere(tree: Path, pack: Pack, where: str, text: str) -> None:
    """An include of the old header in a GPU driver, deep down, or by -I keeps 1.10 open."""
    (tree / where).parent.mkdir(parents=True)
    (tree / where).write_text(text)
    got = verdicts(tree, pack)
    assert got["1.10"] == got["2.1"] == "partial"


def test_selftest_file_must_be_built(tree: Path, pack: Pack) -> None:
    """A selftest file from a newer kernel that nothing builds is no selftest."""
    (tree / "drivers/iommu/io-pgtable-arm-selftests.c").write_text(
        "static void arm_lpae_do_selftests(void)\n{\n\tstruct io_pgtable_cfg cfg = { .coherent_walk = true };\n}\n"
    )
    _edit(tree, _A, "coherent_walk = true", "oas = 40")
    assert verdicts(tree, pack)["1.11"] == "missing"


@pytest.mark.parametrize("condition", ["0", "(0)", "0 && X", "!1", "0L", "0x0", "( 0 )", "X && 0"])
def test_every_constant_is_read(tree: Path, pack: Pack, condition: str) -> None:
    """What a constant condition keeps out of the compiler is no evidence."""
    header = "include/linux/io-pgtable.h"
    text = (tree / header).read_text()
    line = next(n for n in text.split("\n") if n.strip().startswith("ARM_MALI_LPAE"))
    _edit(tree, header, line + "\n", f"#if {condition}\n{line}\n#endif\n")
    assert verdicts(tree, pack)["1.1"] == "missing"


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        (
            "#define ARM_LPAE_PTE_SW_SYNC",
            "#undef ARM_LPAE_PTE_SW_SYNC\n#define X_SW_SYNC",
            "1.6.2e",
        ),
        ("*ptep = 0;", "// *ptep = 0; \\\n", "1.6.2c"),
    ],
)
def test_what_the_compiler_does_not_see(
    tree: Path, pack: Pack, old: str, new: str, step: str
) -> None:
    """An #undef and a comment that goes on behind a backslash take their text away."""
    _edit(tree, _A, old, new)
    assert verdicts(tree, pack)[step] in ("partial", "missing")


def test_entry_under_another_option(tree: Path, pack: Pack) -> None:
    """A table entry that only another page-table format switches on is not there."""
    core = "drivers/iommu/io-pgtable.c"
    text = (tree / core).read_text()
    line = next(n for n in text.split("\n") if "[ARM_MALI_LPAE]" in n)
    _edit(tree, core, line, f"#ifdef CONFIG_IOMMU_IO_PGTABLE_ARMV7S\n{line}\n#endif")
    assert verdicts(tree, pack)["1.9"] == "partial"


def test_comment_that_never_ends(tree: Path, pack: Pack) -> None:
    """What an unterminated comment swallows is unknown, not missing."""
    path = tree / _A
    head, mark, tail = path.read_text().partition("static bool selftest_running")
    path.write_text(head + "/* " + mark + tail.replace("*/", "* /"))
    got = verdicts(tree, pack)
    assert {got["1.6.2a"], got["1.5"], got["1.8"]} == {"unknown"}
    assert got["2.2a"] == "done"


def test_version_without_makefile_version(tree: Path, pack: Pack) -> None:
    """A kernel whose Makefile hides its version is audited all the same."""
    (tree / "Makefile").write_text("include version.mk\n")
    assert set(verdicts(tree, pack).values()) == {"done"}
