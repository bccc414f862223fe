# SPDX-License-Identifier: GPL-2.0-only
"""What the commits of a repository change, asked of git's plumbing as `objects` asks it."""

import subprocess
import tempfile

from lpae_backport.errors import TreeError
from lpae_backport.objects import GitStore, command, environment

_MAX_DIFF = 256 * 1024 * 1024
"""Largest patch of one commit that is read, in bytes."""


def commits_between(git_dir: str, start: str, end: str, most: int) -> tuple[list[str], int]:
    """Return the commits of a range as ``git format-patch`` takes them, and the merges it leaves.

    Args:
        git_dir: the repository.
        start: the full name of the commit whose history is left out.
        end: the full name of the last.
        most: how many there may be.

    Returns:
        The commits with at most one parent, each behind its parent, and how many have more.

    Raises:
        TreeError: there are more, or the history is not here.
    """
    args = ("rev-list", "--topo-order", "--reverse", "--parents", f"--max-count={most + 1}")
    said = _output(git_dir, (*args, end, f"^{start}"), 1 << 24).decode()
    found = [line.split() for line in said.splitlines()]
    if len(found) > most:
        raise TreeError(f"more than {most} commits", where=git_dir, hint="a shorter range")
    commits = [names[0] for names in found if len(names) <= 2]
    return commits, len(found) - len(commits)


def difference(store: GitStore, old: str, new: str, folder: str) -> bytes:
    """Return what a commit changes, as a patch.

    Args:
        store: its repository.
        old: the full name of the commit before; empty if there is none, so that all is new.
        new: its full name.
        folder: only what is below it counts, and paths begin there; empty for all.

    Raises:
        TreeError: the commit before is not here, or the patch is too large.
    """
    if old:
        store.ask(f"{old}^{{tree}}", "tree", 1)
    args = ("diff-tree", "-p", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--abbrev=12")
    sides = ("--src-prefix=a/", "--dst-prefix=b/", "-O/dev/null", "--ignore-submodules=none")
    below = (f"--relative={folder}/",) if folder else ()
    ends = (old, new) if old else ("--root", "--no-commit-id", new)
    return _output(store.git_dir, (*args, *sides, *below, *ends, "--"), _MAX_DIFF)


def _output(git_dir: str, args: tuple[str, ...], limit: int) -> bytes:
    """Return what a git command writes.

    Raises:
        TreeError: it fails, or writes too much.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - no shell, and only full names of commits
            [*command(git_dir), "-c", "core.attributesFile=/dev/null", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=git_dir,
            env=environment(),
        )
        assert process.stdout is not None
        with process.stdout as out:
            data = out.read(limit + 1)
        if len(data) > limit:
            process.kill()
            process.wait()
            raise TreeError(f"git {args[0]}: more than {limit >> 20} MB", where=git_dir)
        if process.wait():
            said.seek(0)
            lines = said.read(4096).decode("utf-8", "replace").splitlines() or ["no message"]
            text = f"git {args[0]}: {lines[0].removeprefix('fatal: ')}"
            raise TreeError(text, where=git_dir)
    return data
