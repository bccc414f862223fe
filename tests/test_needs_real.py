# SPDX-License-Identifier: GPL-2.0-only
"""What drivers need, on real kernels, where some are given; the statuses were read by hand."""

import json

import pytest

from lpae_backport.opening import open_tree
from tests.trees import real_tree

_MMU = "drivers/gpu/drm/panthor/panthor_mmu.c"
_PGTABLE = "drivers/iommu/io-pgtable-arm.c"

_ON_4_9 = {
    "missing": (
        *("field io_pgtable_cfg.alloc", "field io_pgtable_cfg.coherent_walk"),
        *("field io_pgtable_ops.map_pages", "field io_pgtable_ops.unmap_pages"),
        *("type drm_gpuvm", "type xarray", "type drm_sched_backend_ops", "type refcount_t"),
        *("function drm_gpuvm_sm_map", "function xa_alloc", "function drm_exec_prepare_obj"),
        *("enumerator DMA_RESV_USAGE_BOOKKEEP", "enumerator DRM_MM_INSERT_BEST"),
        *("macro xa_lock", "macro drm_WARN_ON", "header drm/drm_exec.h"),
    ),
    "changed": (
        *("field io_pgtable_cfg.arm_lpae_s1_cfg.ttbr", "field io_pgtable_cfg.tlb"),
        *("type io_pgtable_cfg", "type io_pgtable_ops", "function alloc_io_pgtable_ops"),
        *("function drm_mm_insert_node_in_range", "macro kzalloc", "macro ffs"),
    ),
    "moved": (
        *("enumerator ARM_64_LPAE_S1", "header linux/io-pgtable.h", "field io_pgtable_cfg.ias"),
        *("macro BIT", "macro lower_32_bits", "type mutex", "macro io_pgtable_ops_to_pgtable"),
    ),
    "same": (
        *("function kfree", "function mutex_lock", "type gfp_t", "type u64", "type list_head"),
        *("macro IOMMU_CACHE", "macro mutex_init", "header linux/sizes.h"),
    ),
}


def _tree(variable: str, path: str) -> str:
    tree = real_tree(variable)
    if tree is None:
        pytest.skip(f"{variable} names no tree")
    if not open_tree(str(tree), None, lambda _: None).is_file(path):
        pytest.skip(f"{variable} has no {path}")
    return str(tree)


def _needs(run, path: str, new: str, old: str) -> dict[str, str]:
    out = run("needs", path, "--new", new, "--old", old, "--format", "json", "--exit-zero")
    assert out.status == 0, out.err
    return {f"{n['kind']} {n['name']}": n["status"] for n in json.loads(out.out)["needs"]}


def test_panthor_on_the_target(run) -> None:
    """What was read by hand of panthor's MMU code and a 4.9 BSP is what the program says."""
    new = _tree("LPAE_AUDIT_REFERENCE_612", _MMU)
    found = _needs(run, _MMU, new, _tree("LPAE_AUDIT_TARGET", "Makefile"))
    wrong = {
        name: found.get(name)
        for status, names in _ON_4_9.items()
        for name in names
        if found.get(name) != status
    }
    assert wrong == {}


@pytest.mark.parametrize("variable", ["LPAE_AUDIT_REFERENCE", "LPAE_AUDIT_REFERENCE_612"])
def test_nothing_is_needed_at_home(run, variable: str) -> None:
    """A tree has what its own code needs, as it needs it."""
    tree = _tree(variable, _PGTABLE)
    found = _needs(run, _PGTABLE, tree, tree)
    assert len(found) > 100
    assert {n: s for n, s in found.items() if s != "same"} == {}


def test_backwards_from_6_12_to_6_1(run) -> None:
    """Of what 6.12's page table code takes, 6.1 lacks what came later, and has the rest."""
    new = _tree("LPAE_AUDIT_REFERENCE_612", _PGTABLE)
    found = _needs(run, _PGTABLE, new, _tree("LPAE_AUDIT_REFERENCE", _PGTABLE))
    assert found["field io_pgtable_cfg.coherent_walk"] == "same"
    assert found["field io_pgtable_cfg.alloc"] == "missing"
    assert found["field io_pgtable_ops.map_pages"] == "same"
