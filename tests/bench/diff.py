# SPDX-License-Identifier: GPL-2.0-only
"""What ``lpae-audit diff`` of one file pair costs, as a multiple of ``git diff --no-index``.

    python tests/bench/diff.py OLD NEW [FILE [RUNS]]

FILE is a path below the kernel in OLD. Both are whole processes, run in turns; the smallest time
of each counts. The comparison alone, without Python's start, is timed too. Nothing is asserted.
"""

import subprocess
import sys
import time

from lpae_backport.entities.trees import TreeComparison
from lpae_backport.tree import Tree

_FILE = "drivers/iommu/io-pgtable-arm.c"
_OURS = (
    "import sys; from lpae_backport import cli; "
    "cli.COMMANDS.setdefault('diff', ('lpae_backport.commands.diff', '')); sys.exit(cli.main())"
)


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr.decode())
    return time.perf_counter() - start


def main() -> None:
    """Run both in turns and print the ratio."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    old, new = sys.argv[1:3]
    path = sys.argv[3] if len(sys.argv) > 3 else _FILE
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 7
    trees = TreeComparison(Tree(old), Tree(new), 0.5)
    start = time.perf_counter()
    pair = trees.path(path)[0].pair
    alone = time.perf_counter() - start
    files = [f"{Tree(old).root}/{pair.old}", f"{Tree(new).root}/{pair.new}"]
    ours = [sys.executable, "-c", _OURS, "diff", old, new, path]
    other = ["git", "diff", "--no-index", *files]
    rounds = [(_seconds(ours), _seconds(other)) for _ in range(runs)]
    whole, git = (min(times) for times in zip(*rounds, strict=True))
    print(f"{pair.old} -> {pair.new}: {whole:.3f} s ({alone:.3f} s of it the comparison)")
    print(f"git diff --no-index {git:.3f} s; lpae-audit / git = {whole / git:.1f}")


if __name__ == "__main__":
    main()
