# SPDX-License-Identifier: GPL-2.0-only
"""What `usage` costs, as a multiple of ripgrep (or grep) on the same trees in the same run.

    python tests/bench/usage.py TREE [TREE…] [--runs N] [--symbol NAME]…

The trees are directories. Whole processes are timed, in turns; the smallest time of each counts.
The other tool gets the easier task: the lines that have the words, without what they are.
"""

import argparse
import shutil
import subprocess
import sys
import time

_SYMBOLS = ["iommu_capable", "IOMMU_CAP_CACHE_COHERENCY", "ARM_SMMU_FEAT_COHERENCY"]


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr.decode())
    return time.perf_counter() - start


def _others(symbols: list[str]) -> dict[str, list[str]]:
    """Return the commands of the tools that are installed."""
    words = [part for s in symbols for part in ("-e", s)]
    found = {
        "rg": ["rg", "--no-ignore", "--hidden", "-n", "-w", "-F", *words],
        "grep": ["grep", "-r", "-n", "-w", "-F", *words],
    }
    return {name: command for name, command in found.items() if shutil.which(name)}


def main() -> None:
    """Run all in turns and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trees", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--symbol", action="append")
    given = parser.parse_args()
    symbols = given.symbol or _SYMBOLS
    ours = [sys.executable, "-m", "lpae_backport", "usage", *symbols, *given.trees]
    tools = {"usage": ours, "without renames": [*ours, "--no-renames"]}
    tools |= {n: [*c, *given.trees] for n, c in _others(symbols).items()}
    for command in tools.values():
        _seconds(command)
    rounds = [{n: _seconds(c) for n, c in tools.items()} for _ in range(given.runs)]
    times = {n: min(r[n] for r in rounds) for n in tools}
    for name in _others(symbols):
        print(
            f"{name} {times[name]:.2f} s; usage {times['usage'] / times[name]:.2f} times that, "
            f"without renames {times['without renames'] / times[name]:.2f} times"
        )


if __name__ == "__main__":
    main()
