# SPDX-License-Identifier: GPL-2.0-only
"""What a vendor put into a tree is never lost, moved away or guessed at.

Each case is one edit of the pocket 4.9 that a hostile reader found a series to get wrong once. Now
the step that would have done so is left to a person, and whatever is patched builds and boots.
"""

import shutil
from pathlib import Path

import pytest

from lpae_backport.rule import Pack
from tests.series import apply, boot, build, plan_for

_ARM, _HEADER = "drivers/iommu/io-pgtable-arm.c", "drivers/iommu/io-pgtable.h"
_V3 = "drivers/iommu/arm-smmu-v3.c"
_MAP = "\tpte = *ptep;\n\tif (!pte) {\n\t\tcptep"
_RUN = "\tif (lvl == ARM_LPAE_MAX_LEVELS - 1)\n\t\tpte |= ARM_LPAE_PTE_TYPE_PAGE;\n"
_PROT = "\tif (prot & IOMMU_NOEXEC)\n\t\tpte |= ARM_LPAE_PTE_XN;\n"
_SET = "\t__arm_lpae_set_pte(ptep, table, &data->iop.cfg);"
_SMMU = "\tstruct io_pgtable_cfg pgtbl_cfg"

_CASES = {
    "statement in the map": (_ARM, _MAP, _MAP.replace("\tif", "\tpte |= 1ULL << 59;\n\tif"), "1.6.2f"),
    "option in the map": (
        _ARM, _MAP, _MAP.replace("\tif", "#ifdef CONFIG_VENDOR\n\tpte = 0;\n#endif\n\tif"), "1.6.2f",
    ),
    "bit without a name": (_ARM, _PROT, _PROT + "\tpte |= (arm_lpae_iopte)1 << 59;\n", "1.4"),
    "condition of another kind": (_ARM, "prot & IOMMU_NOEXEC", "!(prot & IOMMU_NOEXEC) || prot & IOMMU_MMIO", "1.4"),
    "leaf of another kind": (_ARM, "#define iopte_leaf(pte, l)\t\\\n\t((l)", "#define iopte_leaf(pte, l)\t\\\n\t((pte) >> 58 & 1 ? 1 : (l)", "1.3"),
    "value changed before": (_ARM, _RUN, "\tif (iova & 1)\n\t\tpte |= 1ULL << 52;\n\n" + _RUN, "1.6.2j"),
    "jump out of the run": (_ARM, "\tpte |= pfn_to_iopte", "\tif (!paddr)\n\t\treturn -ERANGE;\n\tpte |= pfn_to_iopte", "1.6.2j"),
    "parameter used in the run": (_ARM, "\tpte |= pfn_to_iopte", "\tif (iova & 1)\n\t\tpte |= 1ULL << 58;\n\tpte |= pfn_to_iopte", "1.6.2j"),
    "statement in the split": (_ARM, "\t\t/* The hole. */\n", "\t\tblk_paddr |= 1;\n\t\t/* The hole. */\n", "1.6.2j"),
    "bit always set": (_ARM, _PROT, "\tpte |= ARM_LPAE_PTE_XN;\n", "1.4"),
    "attributes exchanged": (_ARM, "\t\t\tpte |= ARM_LPAE_PTE_MEMATTR_NC;\n\t\telse\n\t\t\tpte |= ARM_LPAE_PTE_MEMATTR_OIWB;", "\t\t\tpte |= ARM_LPAE_PTE_MEMATTR_OIWB;\n\t\telse\n\t\t\tpte |= ARM_LPAE_PTE_MEMATTR_NC;", "1.4"),
    "early return": (_ARM, _PROT, "\tif (prot & IOMMU_MMIO)\n\t\treturn pte;\n" + _PROT, "1.4"),
    "access flag under a condition": (_ARM, "\tpte |= ARM_LPAE_PTE_AF | ARM_LPAE_PTE_SH_IS;\n", "\tif (!(prot >> 58 & 1)) {\n\t\tpte |= ARM_LPAE_PTE_AF | ARM_LPAE_PTE_SH_IS;\n\t}\n", "1.4"),
    "bit in a table entry": (_ARM, "\t\t__arm_lpae_set_pte(ptep, pte, cfg);\n\t} else", "\t\t__arm_lpae_set_pte(ptep, pte | 1ULL << 59, cfg);\n\t} else", "1.6.2f"),
    "assembler in the split": (_ARM, "\treturn size;\n}\n\nstatic int __arm_lpae_unmap", "\tasm volatile(\"\" ::: \"memory\");\n\treturn size;\n}\n\nstatic int __arm_lpae_unmap", "1.6.2j"),
    "check in the split": (_ARM, "\tfor (; at < stop;", "\tif (size < 0x1000)\n\t\treturn 0;\n\tfor (; at < stop;", "1.6.2j"),
    "argument with a side effect": (_ARM, _SET, _SET.replace("ptep,", "ptep++,"), "1.6.2g"),
    "two devices in scope": (_V3, _SMMU, "\tstruct arm_smmu_device *parent = NULL;\n" + _SMMU, "3b"),
    "option around the count": (_HEADER, "\tIO_PGTABLE_NUM_FMTS,\n", "#ifdef CONFIG_VENDOR\n\tIO_PGTABLE_NUM_FMTS = 8,\n#else\n\tIO_PGTABLE_NUM_FMTS,\n#endif\n", "1.1"),
    "count with a value": (_HEADER, "\tIO_PGTABLE_NUM_FMTS,\n", "\tIO_PGTABLE_NUM_FMTS = ARM_V7S + 1,\n", "1.1"),
    "include by a macro": ("drivers/iommu/ipmmu-vmsa.c", '#include "io-pgtable.h"\n', '#define VENDOR "io-pgtable.h"\n#include VENDOR\n', "1.10"),
    "include in two lines": ("drivers/iommu/ipmmu-vmsa.c", '#include "io-pgtable.h"\n', '#include \\\n "io-pgtable.h"\n', "1.10"),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_left_to_a_person(name: str, old: Path, new: Path, tmp_path: Path, pack: Pack) -> None:
    """The step refuses, and names its reason; the rest of the series is right."""
    file, before, after, step = _CASES[name]
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    text = (tree / file).read_text()
    assert text.count(before) == 1, text.count(before)
    text = text.replace(before, after)
    if name == "leaf of another kind":
        text = text.replace(
            "ARM_LPAE_PTE_TYPE_PAGE))\n\n#define iopte_deref",
            "ARM_LPAE_PTE_TYPE_PAGE))\n\n#define iopte_deref",
        )
    (tree / file).write_text(text)
    built = build(tree, tmp_path / "before") == ""
    booted = built and boot(tree, tmp_path / "before") == ""
    plan = plan_for(tree, new, pack)
    refused = {m.step.id: m.reason for m in plan.manual}
    assert step in refused, "it was not refused"
    assert "waits" not in refused[step]
    apply(plan, tree)
    if built:
        assert build(tree, tmp_path / "after") == ""
    if booted:
        assert boot(tree, tmp_path / "after") == ""


def test_an_includer_far_away(old: Path, new: Path, tmp_path: Path, pack: Pack) -> None:
    """A file elsewhere that includes the header keeps it from being moved."""
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    (tree / "drivers/media").mkdir()
    (tree / "drivers/media/vendor.c").write_text('#include "../iommu/io-pgtable.h"\n')
    plan = plan_for(tree, new, pack)
    assert {m.step.id: m.place for m in plan.manual} == {
        "1.10": "drivers/media/vendor.c:1",
        "2.1": "drivers/media/vendor.c:1",
    }


def test_an_include_in_a_comment_is_none(old: Path, new: Path, tmp_path: Path, pack: Pack) -> None:
    """New includes do not go into a comment that shows one."""
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    path = tree / _ARM
    text = path.read_text()
    path.write_text(
        text.replace(
            "#include <linux/types.h>",
            "/*\n#include <linux/zzz.h>\n*/\n#include <linux/types.h>",
            1,
        )
    )
    plan = plan_for(tree, new, pack)
    assert plan.open == []
    apply(plan, tree)
    assert "/*\n#include <linux/zzz.h>\n*/\n" in path.read_text()
    assert build(tree, tmp_path / "objects") == ""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_are_not_written_through(
    kind: str, old: Path, new: Path, tmp_path: Path, pack: Pack
) -> None:
    """What is reached by a symbolic link is not patched: git could not carry it."""
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    (tree / "vendor").mkdir()
    if kind == "file":
        (tree / _V3).rename(tree / "vendor/v3.c")
        (tree / _V3).symlink_to("../../vendor/v3.c")
    else:
        (tree / "drivers/iommu").rename(tree / "vendor/iommu")
        (tree / "drivers/iommu").symlink_to("../vendor/iommu")
    plan = plan_for(tree, new, pack)
    refused = [m for m in plan.manual if "symbolic link" in m.reason]
    assert refused
    assert (plan.patches == []) is (kind == "folder")


def test_other_conditions_on_the_selftest_stay(
    old: Path, new: Path, tmp_path: Path, pack: Pack
) -> None:
    """Only what the DMA call hangs on turns to coherent_walk."""
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    path = tree / _ARM
    told = '\tif (!selftest_running)\n\t\tpr_info("a table\\n");\n'
    text = path.read_text().replace(
        "\tspin_lock(&lpae_count_lock);\n", told + "\tspin_lock(&lpae_count_lock);\n", 1
    )
    path.write_text(text)
    plan = plan_for(tree, new, pack)
    assert plan.open == []
    apply(plan, tree)
    assert told in path.read_text()


def test_a_quirk_used_elsewhere_is_not_dropped(
    old: Path, new: Path, tmp_path: Path, pack: Pack
) -> None:
    """A user of the old quirk outside the rules' folders keeps the quirk, and the step says so."""
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    path = tree / _HEADER
    text = path.read_text().replace(
        "\t#define IO_PGTABLE_QUIRK_NO_PERMS",
        "\t#define IO_PGTABLE_QUIRK_NO_DMA\tBIT(9)\n\t#define IO_PGTABLE_QUIRK_NO_PERMS",
        1,
    )
    assert "NO_DMA" in text
    path.write_text(text)
    (tree / "drivers/media").mkdir()
    (tree / "drivers/media/vendor.c").write_text("int x = IO_PGTABLE_QUIRK_NO_DMA;\n")
    plan = plan_for(tree, new, pack)
    reasons = {m.step.id: m.reason for m in plan.manual}
    assert reasons["1.6.1"] == "IO_PGTABLE_QUIRK_NO_DMA is still used"


def test_an_entry_that_is_read_twice(old: Path, new: Path, tmp_path: Path, pack: Pack) -> None:
    """Reading once does not move the pointer that a vendor reads through again."""
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    path = tree / _ARM
    read = "\t\tpte = *(ptep + ARM_LPAE_LVL_IDX(iova, lvl, data));\n"
    text = path.read_text()
    assert text.count(read) == 1
    path.write_text(text.replace(read, read + read))
    plan = plan_for(tree, new, pack)
    apply(plan, tree)
    assert build(tree, tmp_path / "objects") == ""
    assert boot(tree, tmp_path / "objects", mali=True) == ""


def test_a_function_is_not_put_below_its_user(
    old: Path, new: Path, tmp_path: Path, pack: Pack
) -> None:
    """A macro that becomes a function has to stand above what uses it."""
    tree = Path(shutil.copytree(old, tmp_path / "tree"))
    path = tree / _ARM
    user = (
        "static inline bool vendor_leaf(u64 pte, int l, struct arm_lpae_io_pgtable *data)\n"
        "{\n\treturn iopte_leaf(pte, l);\n}\n\n"
    )
    text = path.read_text().replace(
        "typedef u64 arm_lpae_iopte;\n", user + "typedef u64 arm_lpae_iopte;\n"
    )
    path.write_text(text)
    reasons = {m.step.id: m.reason for m in plan_for(tree, new, pack).manual}
    assert reasons["1.3"] == "iopte_leaf would be used above its definition"
