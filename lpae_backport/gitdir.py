# SPDX-License-Identifier: GPL-2.0-only
"""Finds the git repository that a directory belongs to, and refuses one that leads elsewhere.

No git is run for it: what a ``.git`` says is a stranger's text until it is known to be honest.
"""

import os
import re
import stat
from pathlib import Path

from lpae_backport.errors import TreeError

_GITDIR = re.compile(rb"gitdir: ([^\n]+)\n?")


def find_repository(given: str) -> tuple[str, str]:
    """Find the repository that a directory belongs to, without running git.

    Args:
        given: the directory.

    Returns:
        Its git directory, and where in its work tree the directory is (empty, or ending in ``/``).

    Raises:
        TreeError: there is none.
    """
    here = Path(os.path.realpath(given))
    if not here.is_dir():
        raise TreeError("no such directory", where=given, hint="REPO@REV names a git repository")
    if _is_git(here):
        return str(here), ""
    for folder in (here, *here.parents):
        dot = folder / ".git"
        if os.path.lexists(dot):
            below = os.path.relpath(here, folder)
            return _git_dir(dot, given), "" if below == "." else f"{below}/"
    raise TreeError("not a git repository", where=given, hint="REPO@REV names a git repository")


def split_revision(given: str) -> tuple[str, str, str]:
    """Split ``REPO@REV[:SUBDIR]``; all are empty if it names no directory that exists.

    Without a REPO it is the current directory.

    Returns:
        Repository, revision and folder.
    """
    if given.startswith("@"):
        given = f".{given}"
    for m in reversed(list(re.finditer("@", given))):
        repository, rest = given[: m.start()], given[m.end() :]
        if repository and os.path.isdir(repository):
            # A colon within braces, as in @{12:00}, belongs to the revision.
            cut = re.search(r":(?![^{]*\})", rest)
            return (
                (repository, rest[: cut.start()], rest[cut.end() :])
                if cut
                else (repository, rest, "")
            )
    return "", "", ""


def _is_git(path: Path) -> bool:
    return (
        (path / "objects").is_dir() and (path / "refs").is_dir() and os.path.lexists(path / "HEAD")
    )


def _git_dir(dot: Path, given: str) -> str:
    """Return the git directory behind a ``.git``, which in a worktree or submodule is a file.

    A file counts only if what it names points back: else a checkout could lead to any repository
    of whoever looks at it.
    """
    if dot.is_dir():
        if dot.is_symlink() or not _is_git(dot):
            raise TreeError("its .git is no repository", where=given)
        if os.path.lexists(dot / "commondir"):
            raise TreeError("its .git is part of another repository", where=given)
        return str(dot)
    m = _GITDIR.fullmatch(_small(dot))
    if m is None:
        raise TreeError("its .git cannot be read", where=given)
    named = Path(os.path.realpath(dot.parent / os.fsdecode(m[1])))
    if not (_points_back(named / "gitdir", dot) or _is_module_of(named, dot.parent)):
        text = f"its .git leads to {named}, which does not know of it"
        raise TreeError(text, where=given, hint="git worktree repair, or name that repository")
    return str(named)


def _points_back(link: Path, dot: Path) -> bool:
    """Tell whether a worktree's own file names its ``.git``."""
    back = os.fsdecode(_small(link).strip())
    return bool(back) and os.path.realpath(link.parent / back) == os.path.realpath(dot)


def _is_module_of(git_dir: Path, folder: Path) -> bool:
    """Tell whether a submodule's git directory has this folder for its work tree."""
    for name in ("config", "config.worktree"):
        text = _small(git_dir / name).decode("utf-8", "replace")
        m = re.search(r'^\s*worktree\s*=\s*"?(.+?)"?\s*$', text, re.MULTILINE)
        if m is not None and os.path.realpath(git_dir / m[1]) == str(folder):
            return True
    return False


def check_alternates(git_dir: str, given: str) -> None:
    """Refuse a repository that takes objects from outside itself.

    Args:
        git_dir: its git directory.
        given: what the user calls it, for messages.

    Raises:
        TreeError: it does.
    """
    common = Path(git_dir)
    named = os.fsdecode(_small(common / "commondir").strip())
    common = Path(os.path.realpath(common / named)) if named else common
    lists = [common / "objects/info" / n for n in ("alternates", "http-alternates")]
    if _leads_out(common) or any(_small(p).strip() for p in lists):
        text = "takes its objects from elsewhere (objects/info/alternates, or links)"
        raise TreeError(text, where=given, hint="git clone --dissociate, or git repack -ad")
    odd = [p for p in (*lists, *(common / n for n in _PARTS)) if _is_odd(p)]
    if odd:
        raise TreeError(f"its {odd[0].name} is neither file nor folder", where=given)


_PARTS = ("objects", "objects/info", "objects/pack", "refs", "packed-refs", "HEAD", "config")


def _leads_out(git_dir: Path) -> bool:
    """Tell whether a part of a repository is a link out of it."""
    here = os.path.realpath(git_dir) + os.sep
    return any(not os.path.realpath(git_dir / p).startswith(here) for p in _PARTS)


def _is_odd(path: Path) -> bool:
    """Tell whether a path is a pipe, say, which git would wait for."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _small(path: Path) -> bytes:
    """Return what stands in a small file; nothing of what is missing or no plain file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, 65536) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(fd)
