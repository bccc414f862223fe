# SPDX-License-Identifier: GPL-2.0-only
"""What a batch of patches costs, as a multiple of as many `git apply --reverse --check` runs.

    python tests/bench/patch.py TREE [PATCHES [COUNT]]

PATCHES is a folder of patches. Without one, COUNT (1,000 unless told otherwise) are made from the
files of TREE itself: a line of a function is another one before the patch (the tree has it) or
after it (the tree has it not), in turns. One process judges them all; git is started once for each.
The smallest of two times counts.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SMALLEST, _LARGEST = 500, 60_000
_FILES = 4_000
_AROUND = 3


def _sources(tree: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(tree):
        folders.sort()
        for name in sorted(n for n in names if n.endswith(".c")):
            path = Path(folder, name)
            if not path.is_symlink() and _SMALLEST < path.stat().st_size < _LARGEST:
                found.append(path.relative_to(tree).as_posix())
    return found


def _made(tree: Path, path: str, number: int, rng: random.Random) -> str:
    """Return a patch of one line of a file; empty where the file has no line for it."""
    text = (tree / path).read_text(encoding="utf-8", errors="replace")
    lines = text.split("\n")[:-1]
    inner = range(_AROUND, len(lines) - _AROUND)
    ends = [i for i in inner if lines[i].startswith("\t") and lines[i].endswith(";")]
    if not ends or "\r" in text or "�" in text:
        return ""
    at = rng.choice(ends)
    there, other = lines[at], f"\tanother_call({number});"
    old, new = (other, there) if number % 2 else (there, other)
    count = 2 * _AROUND + 1
    first = at - _AROUND + 1
    body = [f" {x}" for x in lines[at - _AROUND : at]]
    body += [f"-{old}", f"+{new}", *(f" {x}" for x in lines[at + 1 : at + 1 + _AROUND])]
    return "\n".join(
        [
            f"From {number:040x} Mon Sep 17 00:00:00 2001",
            "From: A U Thor <author@example.org>",
            "Date: Mon, 12 Jan 2026 12:06:17 +0000",
            f"Subject: [PATCH] {path}: change a line ({number})",
            "",
            "---",
            f"diff --git a/{path} b/{path}",
            f"--- a/{path}",
            f"+++ b/{path}",
            f"@@ -{first},{count} +{first},{count} @@",
            *body,
            "-- ",
            "2.43.0",
            "",
        ]
    )


def _write(tree: Path, folder: Path, count: int) -> None:
    rng = random.Random(6)
    sources = _sources(tree)
    if len(sources) > _FILES:
        sources = rng.sample(sources, _FILES)
    done = tried = 0
    while done < count and tried < 20 * count:
        tried += 1
        if patch := _made(tree, rng.choice(sources), done, rng):
            name = folder / f"{done + 1:04d}-change-a-line.patch"
            name.write_text(patch, encoding="utf-8")
            done += 1


def _git(tree: Path, patches: list[Path]) -> tuple[float, int]:
    """Return the time git takes, and how many patches it can take back."""
    # a tree in a repository's folder is not the repository: git would skip every path
    env = dict(os.environ, GIT_CEILING_DIRECTORIES=str(tree.parent))
    command = ["git", "apply", "--reverse", "--check"]
    start = time.perf_counter()
    codes = [
        subprocess.run([*command, p], cwd=tree, env=env, capture_output=True, check=False)
        for p in patches
    ]
    return time.perf_counter() - start, sum(c.returncode == 0 for c in codes)


def _batch(tree: Path, folder: Path, *options: str) -> tuple[float, int]:
    """Return the time one process takes for all, and how many it says are applied."""
    tool = [sys.executable, "-m", "lpae_backport", "patch", str(folder), "--tree", str(tree)]
    start = time.perf_counter()
    command = [*tool, "--format", "json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    told = json.loads(done.stdout)
    return took, sum(p["status"] == "applied" for p in told.get("patches", [told]))


def main() -> None:
    """Run both in turns and print the ratio."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tree = Path(sys.argv[1]).resolve()
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else Path(made)
        if folder == Path(made):
            _write(tree, folder, count)
        patches = sorted(p.resolve() for p in folder.iterdir() if p.suffix in (".patch", ".mail"))
        if not patches:
            sys.exit(f"no patches in {folder}")
        rounds = [(_git(tree, patches), _batch(tree, folder, "--no-prerequisites")) for _ in "12"]
    git, batch = (min(times) for times in zip(*rounds, strict=True))
    print(f"{len(patches)} patches: git {git[0]:.2f} s ({git[1]} can be taken back), ", end="")
    print(f"patch {batch[0]:.2f} s ({batch[1]} applied), {batch[0] / git[0]:.2f} times")


if __name__ == "__main__":
    main()
