# SPDX-License-Identifier: GPL-2.0-only
"""How long a whole series takes, proof included, as a multiple of `compare` on the same pair.

    python tests/bench/series.py OLD NEW [RUNS]

Both are whole processes, run in turns; the smallest time of each counts.
"""

import subprocess
import sys
import time

_WHO = "Bench <bench@example.org>"


def _seconds(*args: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "lpae_backport", *args]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr.decode())
    return time.perf_counter() - start


def main() -> None:
    """Run both commands in turns and print the ratio."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    old, new = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    pairs = [
        (
            _seconds("compare", old, new),
            _seconds("series", old, new, "--dry-run", "--from", _WHO),
        )
        for _ in range(runs)
    ]
    compare, series = (min(times) for times in zip(*pairs, strict=True))
    print(f"compare {compare:.2f} s, series {series:.2f} s, ratio {series / compare:.1f}")


if __name__ == "__main__":
    main()
