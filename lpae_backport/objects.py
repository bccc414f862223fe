# SPDX-License-Identifier: GPL-2.0-only
"""Revisions of a git repository, read from its object store by one ``git cat-file --batch``.

Nothing is checked out, and nothing that the repository's configuration names is run: no hook,
fsmonitor, filter, textconv or external diff has a part in reading objects, and what a partial
clone lacks is not fetched.
"""

import contextlib
import os
import subprocess
import tempfile
import weakref
from typing import IO

from lpae_backport.errors import TreeError, UsageError
from lpae_backport.filetree import UnreadableError
from lpae_backport.gitdir import check_alternates, find_repository
from lpae_backport.storedtree import Entry, EntryKind, Store

_KINDS = {
    b"40000": EntryKind.DIR,
    b"120000": EntryKind.LINK,
    b"160000": EntryKind.MODULE,
    b"100755": EntryKind.EXECUTABLE,
}
_ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    # Gits that do not know the line above ask a remote for what a partial clone lacks; this
    # leaves them no transport to do it by.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_MAX_FOLDER = 64 * 1024 * 1024
"""Largest listing of one folder that is read, in bytes."""


class GitStore(Store):
    """The files of one revision.

    Args:
        repository: the directory given by the user: a work tree, a folder of one, or bare.
        revision: anything that git takes for a commit.

    Raises:
        TreeError: there is no such repository or revision, or it takes objects from elsewhere.
        UsageError: there is no git.
    """

    def __init__(self, repository: str, revision: str) -> None:
        self.repository = repository
        self._where = f"{repository}@{revision}"
        self.git_dir, self.below = find_repository(repository)
        """The repository, and the folder of it (empty, or ending in ``/``) that was named."""
        check_alternates(self.git_dir, repository)
        self._folders: dict[str, dict[str, Entry]] = {}
        self._git = CatFile(self.git_dir)
        if not revision or "\n" in revision or not revision.isprintable():
            raise TreeError("names no revision", where=self._where, hint="REPO@REV, such as .@HEAD")
        self.commit = self.ask(f"{revision}^{{commit}}", "commit", 1)[0]
        """The commit that it stands for."""
        self._root = self.ask(f"{self.commit}^{{tree}}", "tree", 1)[0]

    def folder(self, path: str) -> dict[str, Entry]:
        """Return what stands in a folder; see `Store.folder`."""
        if path not in self._folders:
            self._folders[path] = self._listed(path)
        return self._folders[path]

    def content(self, entry: Entry, limit: int) -> tuple[bytes, int]:
        """Return the first bytes of a file; see `Store.content`."""
        try:
            _, data, size = self.ask(entry.key, "blob", limit)
        except TreeError as e:
            raise UnreadableError(e.message, hint=e.hint) from None
        return data, size

    def _listed(self, path: str) -> dict[str, Entry]:
        entry = Entry(EntryKind.DIR, self._root) if not path else self.entry(path)
        if entry is None or entry.kind is not EntryKind.DIR:
            return {}
        key, data, size = self.ask(entry.key, "tree", _MAX_FOLDER)
        if size > len(data):
            raise TreeError(f"folder '{path}' is too large", where=self._where)
        try:
            return dict(_entries(data, len(key) // 2))
        except ValueError:
            text = f"folder '{path}' is damaged (object {key[:12]})"
            raise TreeError(text, where=self._where) from None

    def ask(self, name: str, kind: str, limit: int) -> tuple[str, bytes, int]:
        """Ask for an object of a kind; return its full name, its first bytes, and its size.

        Raises:
            TreeError: there is none of that name, or git cannot read it.
        """
        head, data, size = self._git.ask(name, limit)
        if size >= 0:
            key, given, _ = head.split(" ")
            if given != kind:
                text = f"object {key[:12]} is a {given}, not a {kind}"
                raise TreeError(text, where=self._where)
            return key, data, size
        if head.endswith(" ambiguous"):
            raise TreeError("more than one object has that name", where=self._where)
        if not head:
            words = self._git.last_words()
            # It ended over this object (an old git over one that a partial clone lacks); the
            # others may still be had.
            self._git = CatFile(self.git_dir)
            if "promisor" not in words:
                raise TreeError(f"git cannot read it: {words}", where=self._where)
        if name.endswith("^{commit}"):
            text = f"no revision '{name.removesuffix('^{commit}')}'"
            shallow = os.path.exists(os.path.join(self.git_dir, "shallow"))
            hint = "git fetch --unshallow" if shallow else "git fetch, or see git branch -a"
            raise TreeError(text, where=self._where, hint=hint)
        text = f"object {name[:12]} is missing from the repository"
        raise TreeError(text, where=self._where, hint="git fetch; is it a partial clone?")


def merge_base(git_dir: str, one: str, other: str) -> str:
    """Return the commit where two others parted; nothing where there is none, or no single one.

    Args:
        git_dir: the repository.
        one: the full name of a commit.
        other: the full name of another.

    Raises:
        TreeError: the history that would tell is not here.
    """
    done = subprocess.run(  # noqa: S603 - no shell, no stranger's argument
        [*command(git_dir), "merge-base", "--all", one, other],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=git_dir,
        env=environment(),
        check=False,
    )
    found = done.stdout.decode().split()
    if not found and os.path.exists(os.path.join(git_dir, "shallow")):
        hint = "git fetch --unshallow"
        raise TreeError("too shallow to tell where they parted", where=git_dir, hint=hint)
    if done.returncode not in (0, 1):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise TreeError(f"git merge-base: {said[0].removeprefix('fatal: ')}", where=git_dir)
    return found[0] if len(found) == 1 else ""


def command(git_dir: str) -> list[str]:
    """Return how git is called for a repository of anybody's."""
    return ["git", f"--git-dir={git_dir}", "-c", "core.fsmonitor=false"]


def environment() -> dict[str, str]:
    """Return what git is told by its environment: nothing of the caller's."""
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | _ENV


class CatFile:
    """A running ``git cat-file --batch``.

    Args:
        git_dir: the repository.

    Raises:
        UsageError: there is no git.
    """

    def __init__(self, git_dir: str) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, no stranger's argument
                [*command(git_dir), "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                cwd=git_dir,
                env=environment(),
            )
        except FileNotFoundError:
            self._said.close()
            raise UsageError("git is not installed", hint="REPO@REV needs it") from None
        weakref.finalize(self, _end, self._process, self._said)

    def ask(self, name: str, limit: int) -> tuple[str, bytes, int]:
        """Ask for an object.

        Args:
            name: any name of it that git knows, without a line end.
            limit: how much of it to return, in bytes.

        Returns:
            What git says of it, its first bytes, and its size; -1 if it could not be had.
        """
        to, answers = self._process.stdin, self._process.stdout
        assert to is not None
        assert answers is not None
        try:
            to.write(name.encode("utf-8", "surrogateescape") + b"\n")
            to.flush()
        except BrokenPipeError:
            return "", b"", -1
        head = answers.readline().decode("utf-8", "replace").rstrip("\n")
        words = head.split(" ")
        if len(words) != 3 or not words[2].isdecimal():
            return head, b"", -1
        size = int(words[2])
        data = answers.read(min(size, limit))
        _skip(answers, size - len(data) + 1)
        return head, data, size

    def last_words(self) -> str:
        """Return what git said before it ended, in one line."""
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read(4096).decode("utf-8", "replace").splitlines()
        return lines[-1].removeprefix("fatal: ") if lines else "no message"


def _end(process: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
    for stream in (process.stdin, process.stdout, said):
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.close()
    process.wait()


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        got = len(stream.read(min(count, 1 << 20)))
        if not got:
            return
        count -= got


def _entries(data: bytes, width: int) -> list[tuple[str, Entry]]:
    """Read a tree object: ``mode name NUL``, then the object's name in `width` bytes."""
    found = []
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        name = data[space + 1 : end].decode("utf-8", "surrogateescape")
        key = data[end + 1 : end + 1 + width].hex()
        # A name with a slash can only be forged; git itself makes none.
        if "/" not in name and name not in ("", ".", ".."):
            found.append((name, Entry(_KINDS.get(data[at:space], EntryKind.FILE), key)))
        at = end + 1 + width
    return found
