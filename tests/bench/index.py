# SPDX-License-Identifier: GPL-2.0-only
"""What an index of a whole tree costs, and what it saves, as ratios to ctags and ripgrep.

    python tests/bench/index.py TREE [NAMES [RUNS]]

TREE is a directory, NAMES a file of identifiers, one a line (600 of the tree's own are taken
without one). In turns: ctags over the tree with the same kinds, and an index from nothing. Then
ripgrep for the names, the same names asked of the tree without an index, and with one. Last a copy
of the tree is indexed, which has nothing new, and indexed
again after one file of it was changed. Tools that are not installed are left out. The smallest
time of each counts; it is the sum of all processes' CPU time that is shown behind it.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_KINDS = ["-R", "--languages=C,C++", "--langmap=C:.c.h", "--c-kinds=defgpstuvx"]


def _cpu() -> float:
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def best(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Return the smallest wall time of some runs, and the CPU time of that one."""
    found = []
    for _ in range(runs):
        start, before = time.perf_counter(), _cpu()
        work()
        found.append((time.perf_counter() - start, _cpu() - before))
    return min(found)


def call(code: str, tree: str, cache: str, *more: str) -> str:
    """Run a piece of Python in a process of its own and return what it says."""
    head = (
        "import sys\n"
        "from lpae_backport.catalog import index\n"
        "from lpae_backport.opening import open_tree\n"
        "tree = open_tree(sys.argv[1], None, lambda _: None)\n"
        "import gc; gc.disable()\n"
    )
    command = [sys.executable, "-c", head + code, tree, *more]
    environment = {**os.environ, "LPAE_AUDIT_CACHE": cache}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip()


_BUILD = "print(index.refresh(tree).read)\n"
_ASK = (
    "names = open(sys.argv[2]).read().split()\n"
    "c = index.catalog_of(tree, index=sys.argv[3] == 'index')\n"
    "print(len(c.places(names)) + len(c.exporters(names)))\n"
)
_NAMES = (
    "import random\n"
    "c = index.catalog_of(tree); r = random.Random(1); paths = c._snapshot.paths()\n"
    "paths = [p for p in paths if p.startswith('include/linux/')]; found = set()\n"
    "while len(found) < min(600, 20 * len(paths)):\n"
    "    o = c.outline(r.choice(paths))\n"
    "    found.update(d.name for d in o.definitions[:2]) if o else None\n"
    "print(' '.join(sorted(found)))\n"
)


def ctags(tree: str, file: str) -> None:
    """Let ctags write its tags."""
    subprocess.run(["ctags", *_KINDS, "-f", file, tree], check=True)


def show(what: str, took: tuple[float, float], than: tuple[float, float] | None = None) -> None:
    """Print a time, and how many times another it is."""
    ratio = f"  {took[0] / than[0]:5.2f} of its wall time" if than else ""
    print(f"{what:42} {took[0]:7.2f} s (CPU {took[1]:6.2f} s){ratio}")


def main() -> None:
    """Run all of it and print the ratios."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tree = os.path.realpath(sys.argv[1])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    with tempfile.TemporaryDirectory() as folder:
        cache = f"{folder}/cache"
        tags = build = (float("inf"), 0.0)
        for _ in range(runs):
            if shutil.which("ctags"):
                tags = min(tags, best(lambda: ctags(tree, f"{folder}/tags"), 1))
            shutil.rmtree(cache, ignore_errors=True)
            build = min(build, best(lambda: call(_BUILD, tree, cache), 1))
        show("ctags -R", tags)
        show("index from nothing", build, tags)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"largest process {peak / 1024:.0f} MB, index {size_of(cache) / 1048576:.0f} MB")
        names = f"{folder}/names"
        if len(sys.argv) > 2 and sys.argv[2] != "-":
            shutil.copyfile(sys.argv[2], names)
        else:
            Path(names).write_text(call(_NAMES, tree, cache).replace(" ", "\n") + "\n")
        ask(tree, cache, names, runs)
        copied(tree, cache, folder)


def ask(tree: str, cache: str, names: str, runs: int) -> None:
    """Time one question put in three ways."""
    rg = None
    if shutil.which("rg"):
        command = ["rg", "-w", "-F", "-f", names, tree]
        quiet = subprocess.DEVNULL
        rg = best(lambda: subprocess.run(command, stdout=quiet, check=False), runs)
        show("rg -w -F -f, the same names", rg)
    show("no index", best(lambda: call(_ASK, tree, cache, names, "none"), runs), rg)
    show("with the index", best(lambda: call(_ASK, tree, cache, names, "index"), runs), rg)


def copied(tree: str, cache: str, folder: str) -> None:
    """Time a second tree of the same content, and one change in it."""
    other = f"{folder}/copy"
    subprocess.run(["cp", "-rP", tree, other], check=True)
    time.sleep(2.5)
    show("a second tree, nothing new", best(lambda: call(_BUILD, other, cache), 1))
    show("once more, nothing changed", best(lambda: call(_BUILD, other, cache), 1))
    headers = sorted(Path(other).glob("include/linux/*.h"))
    path = random.Random(2).choice(headers)
    text = path.read_bytes()
    path.write_bytes(text + b"int one_more_name;\n")
    show("once more, one file changed", best(lambda: call(_BUILD, other, cache), 1))


def size_of(cache: str) -> int:
    """Return the bytes of all files in a folder."""
    return sum(p.stat().st_size for p in Path(cache).rglob("*") if p.is_file())


if __name__ == "__main__":
    main()
