# SPDX-License-Identifier: GPL-2.0-only
"""Plans series for tests, and builds and boots pocket kernels that they were applied to."""

import shutil
import subprocess
from pathlib import Path

from lpae_backport.plan import Plan
from lpae_backport.rule import Pack
from lpae_backport.series import Planner
from lpae_backport.tree import Tree
from tests.trees import FIXTURES

WHO = ("A Tester", "tester@example.org")


def plan_for(old: Path, new: Path, pack: Pack, steps: set[str] | None = None) -> Plan:
    """Plan a series, of some steps or of all."""
    wanted = tuple(s for s in pack.steps if steps is None or s.id in steps)
    return Planner(Tree(str(old)), Tree(str(new)), pack, wanted).run(lambda: None)


def put(tree: Path, files: dict[str, bytes | None]) -> None:
    """Write what a patch makes of some files."""
    for name, data in files.items():
        path = tree / name
        if data is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def apply(plan: Plan, tree: Path) -> None:
    """Write what a whole series makes of a tree."""
    for patch in plan.patches:
        put(tree, patch.files)


def run(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program, and return what it said."""
    return subprocess.run(
        [str(a) for a in args],
        cwd=cwd,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )


def build(tree: Path, objects: Path) -> str:
    """Compile a pocket kernel without warnings; return what went wrong, if anything."""
    shutil.rmtree(objects, ignore_errors=True)
    objects.mkdir(parents=True)
    made = run("make", f"O={objects}", cwd=tree)
    return "" if made.returncode == 0 else made.stdout[-300:] + made.stderr[-1500:]


def boot(tree: Path, objects: Path, *, mali: bool = False, old: bool = True) -> str:
    """Run the selftests of a built pocket kernel; return what went wrong, if anything."""
    if mali:
        flags = ["-DPOCKET_OLD"] if old else []
        source = FIXTURES / "boot-mali.c"
        made = run(
            *("cc", "-std=gnu11", "-ffreestanding", "-Iinclude", *flags, "-c", source),
            *("-o", objects / "mali.o"),
            cwd=tree,
        )
        if made.returncode:
            return made.stderr[-1500:]
    program = objects / "boot"
    linked = run("cc", FIXTURES / "boot.c", *sorted(objects.glob("*.o")), "-o", program)
    if linked.returncode:
        return linked.stderr[-1500:]
    done = run(program)
    return "" if done.returncode == 0 else f"exit {done.returncode}: {done.stdout}{done.stderr}"
