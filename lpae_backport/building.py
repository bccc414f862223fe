# SPDX-License-Identifier: GPL-2.0-only
"""Builds a tree behind each patch of a series, in a copy of its own."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lpae_backport.errors import ExitCode, TreeError
from lpae_backport.plan import Plan


class BuildError(TreeError):
    """A state of the tree that does not build; no series is left behind."""

    exit_code = ExitCode.FINDINGS


@dataclass(frozen=True)
class Broken:
    """The first state of the tree that does not build.

    Attributes:
        number: of the patch; 0 stands for the tree before the first one.
        status: what the command ended with.
        log: the file that holds all it said.
        tail: the last line of it that says something.
    """

    number: int
    status: int
    log: Path
    tail: str


def build_each(
    plan: Plan, root: str, command: str, logs: Path, advance: Callable[[], None]
) -> Broken | None:
    """Run a command in a copy of the tree, before the first patch and behind each.

    Args:
        plan: the series.
        root: the kernel's top directory.
        command: what to run, by the shell, in the copy's top directory; LPAE_AUDIT_PATCH holds
            the number of the patch.
        logs: where the log of a failure is kept; made only then.
        advance: called after each build.

    Returns:
        The first failure, or `None`.

    Raises:
        TreeError: the tree cannot be copied.
    """
    with tempfile.TemporaryDirectory(prefix="lpae-audit-build-") as folder:
        tree = Path(folder, "tree")
        try:
            shutil.copytree(root, tree, symlinks=True, ignore=_left_out)
        except (OSError, shutil.Error) as e:
            reason = e.strerror if isinstance(e, OSError) and e.strerror else "some files"
            raise TreeError(f"cannot be copied for a build: {reason}", where=root) from None
        for number in range(len(plan.patches) + 1):
            if number:
                _put(tree, plan.patches[number - 1].files)
            broken = _build(tree, command, plan.start + number - 1 if number else 0, folder, logs)
            if broken is not None:
                return broken
            advance()
    return None


def _left_out(folder: str, names: list[str]) -> list[str]:
    """Return what is not copied: git's own, and what is no file, folder or link."""
    odd = []
    for name in names:
        mode = os.lstat(os.path.join(folder, name)).st_mode
        plain = stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
        if name == ".git" or not plain:
            odd.append(name)
    return odd


def _put(tree: Path, files: dict[str, bytes | None]) -> None:
    for name, data in files.items():
        path = tree / name
        if not os.path.realpath(path.parent).startswith(os.path.realpath(tree)):
            raise TreeError("a link leads out of the copy to be built", where=name)
        if data is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)


def _build(tree: Path, command: str, number: int, folder: str, logs: Path) -> Broken | None:
    log = Path(folder, f"{number:04}.log")
    env = {**os.environ, "LPAE_AUDIT_PATCH": str(number)}
    with open(log, "wb") as out:
        done = subprocess.run(  # noqa: S602 - the user's own command
            command, shell=True, cwd=tree, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env
        )
    if done.returncode == 0:
        return None
    logs.mkdir(parents=True, exist_ok=True)
    kept = logs / log.name
    shutil.copyfile(log, kept)
    said = [ln for ln in kept.read_text("utf-8", "replace").splitlines() if ln.strip()]
    return Broken(number, done.returncode, kept, said[-1].strip()[:160] if said else "")
