# SPDX-License-Identifier: GPL-2.0-only
"""Times ``lpae-audit compare`` against other tools on the same files, as ratios.

Usage: compare.py OLD NEW [RUNS]

Each other tool gets the easiest form of the task: ten call patterns on the files concerned. Runs
alternate, whole processes are timed, and the median of the ratios pair by pair is printed. Tools
that are not installed are named and left out. This is no test: nothing is asserted on time.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lpae_backport.layout import Layout
from lpae_backport.packs import load_packs
from lpae_backport.tree import Tree

_CALLS = [
    "iopte_leaf",
    "dma_map_single",
    "dma_unmap_single",
    "dma_sync_single_for_device",
    "__arm_lpae_alloc_pages",
    "__arm_lpae_free_pages",
    "__arm_lpae_set_pte",
    "arm_lpae_install_table",
    "alloc_io_pgtable_ops",
    "__arm_lpae_map",
]


def files_concerned(old: str, new: str) -> list[str]:
    """Return the C files that the rules look at in both trees."""
    found = []
    for path in (old, new):
        tree = Tree(path)
        for pack in load_packs(None, ()):
            layout = Layout(tree, pack)
            for name in pack.files:
                found += [f"{tree.root}/{f.path}" for f in layout.files(name)]
    return sorted({f for f in found if f.endswith((".c", ".h"))})


def spatch(files: list[str], work: Path) -> list[str]:
    """Coccinelle: ten rules that each find the calls of one function."""
    rules = "\n".join(f"@r{i}@\nexpression list es;\n@@\n* {n}(es)\n" for i, n in enumerate(_CALLS))
    (work / "calls.cocci").write_text(rules)
    return ["spatch", "--sp-file", str(work / "calls.cocci"), "--very-quiet", *files]


def semgrep(files: list[str], work: Path) -> list[str]:
    """Semgrep: ten patterns, no network."""
    rules = "rules:\n" + "".join(
        f"- {{id: r{i}, languages: [c], severity: INFO, message: m, pattern: '{n}(...)'}}\n"
        for i, n in enumerate(_CALLS)
    )
    (work / "calls.yaml").write_text(rules)
    options = ["--metrics=off", "--disable-version-check", "--quiet"]
    return ["semgrep", "scan", *options, "--config", str(work / "calls.yaml"), *files]


def ast_grep(files: list[str], work: Path) -> list[str]:
    """ast-grep: ten rules in one scan."""
    rules = "\n---\n".join(
        f"id: r{i}\nlanguage: c\nseverity: info\nmessage: m\nrule: {{pattern: '{n}($$$A)'}}"
        for i, n in enumerate(_CALLS)
    )
    (work / "calls.yml").write_text(rules)
    return ["ast-grep", "scan", "--rule", str(work / "calls.yml"), "--json=compact", *files]


_OTHERS = {"spatch": spatch, "semgrep": semgrep, "ast-grep": ast_grep}


def seconds(command: list[str]) -> float:
    """Run a command once and return its wall time in seconds."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def peak(command: list[str]) -> float:
    """Run a command once and return its peak memory in MB."""
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=_quiet())
    _, _, usage = os.wait4(pid, 0)
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss / 1024


def _quiet() -> list[tuple]:
    return [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]


def main(old: str, new: str, runs: int = 5) -> None:
    """Print the figures."""
    ours = [sys.executable, "-m", "lpae_backport", "compare", old, new]
    files = files_concerned(old, new)
    seconds(ours)
    alone = [seconds(ours) for _ in range(runs)]
    print(
        f"lpae-audit: {statistics.median(alone):.3f} s, {peak(ours):.0f} MB, all steps, two trees"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name, build in _OTHERS.items():
            if shutil.which(name) is None:
                print(f"{name}: not installed")
                continue
            other = build(files, Path(scratch))
            seconds(other)
            pairs = [(seconds(ours), seconds(other)) for _ in range(runs)]
            ratio = statistics.median(a / b for a, b in pairs)
            print(
                f"{name}: {statistics.median(b for _, b in pairs):.3f} s for {len(_CALLS)} call "
                f"patterns on {len(files)} files; lpae-audit / {name} = {ratio:.2f}"
            )


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
