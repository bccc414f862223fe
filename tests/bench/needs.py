# SPDX-License-Identifier: GPL-2.0-only
"""What `needs` costs, as a multiple of a bare `rg -w -F -f` for the same identifiers in OLD.

    python tests/bench/needs.py OLD NEW [RUNS] [PATH]

Whole processes in turns: ripgrep, needs --no-index, and needs with an index of both trees, which is
made before (its time is told apart). The smallest time of each counts. PATH, below NEW, is
panthor_mmu.c unless told otherwise; where NEW lacks it, the pocket kernel's io-pgtable-arm.c.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

_PATHS = ("drivers/gpu/drm/panthor/panthor_mmu.c", "drivers/iommu/io-pgtable-arm.c")


def _run(command: list[str]) -> tuple[float, str]:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return time.perf_counter() - start, done.stdout


def main() -> None:
    """Run them in turns and print the ratios."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if shutil.which("rg") is None:
        sys.exit("ripgrep is not installed")
    old, new = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    path = next((p for p in (*sys.argv[4:], *_PATHS) if os.path.exists(f"{new}/{p}")), _PATHS[1])
    tool = [sys.executable, "-m", "lpae_backport"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LPAE_AUDIT_CACHE"] = f"{folder}/cache"
        made, _ = _run([*tool, "index", old, new])
        needs = [*tool, "needs", path, "--new", new, "--old", old]
        _, text = _run([*needs, "--format", "json"])
        names = {p for n in json.loads(text)["needs"] for p in n["name"].split(".")}
        with open(f"{folder}/names", "w", encoding="utf-8") as f:
            f.write("\n".join(sorted(names)))
        scan = ["rg", "-w", "-F", "-f", f"{folder}/names", "--count", old]
        rounds = [
            (_run(scan)[0], _run([*needs, "--no-index"])[0], _run(needs)[0]) for _ in range(runs)
        ]
    bare, without, indexed = (min(times) for times in zip(*rounds, strict=True))
    print(f"{len(names)} words, rg {bare:.2f} s; index of both trees made in {made:.1f} s")
    print(f"needs without index {without:.2f} s, {without / bare:.2f} times; ", end="")
    print(f"with one {indexed:.2f} s, {indexed / bare:.2f} times")


if __name__ == "__main__":
    main()
