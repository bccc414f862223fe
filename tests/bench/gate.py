# SPDX-License-Identifier: GPL-2.0-only
"""What a gate costs, as a multiple of `compare` of two directories in the same run.

    python tests/bench/gate.py OLD NEW [RUNS]

OLD is a directory of a git repository. Four whole processes are run in turns: compare OLD NEW,
compare OLD@HEAD NEW, gate OLD@HEAD with a lock, and the same with --since. The smallest time of
each counts.
"""

import subprocess
import sys
import tempfile
import time


def _seconds(*args: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "lpae_backport", *args]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr.decode())
    return time.perf_counter() - start


def main() -> None:
    """Run all four in turns and print the ratios."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    old, new = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    with tempfile.TemporaryDirectory() as folder:
        lock = f"{folder}/lock"
        _seconds("lock", new, "-o", lock)
        gate = ("gate", f"{old}@HEAD", "--lock", lock)
        rounds = [
            (
                _seconds("compare", old, new),
                _seconds("compare", f"{old}@HEAD", new),
                _seconds(*gate),
                _seconds(*gate, "--since", "HEAD"),
            )
            for _ in range(runs)
        ]
    compare, revision, plain, since = (min(times) for times in zip(*rounds, strict=True))
    print(f"compare {compare:.2f} s; from a revision {revision / compare:.2f} times that")
    print(
        f"gate {plain:.2f} s, {plain / compare:.2f} times; with --since {since / plain:.2f} gates"
    )


if __name__ == "__main__":
    main()
