# SPDX-License-Identifier: GPL-2.0-only
"""What git is asked to do; the only importer of git.

Scratch repositories read no configuration of the user, and repositories of others are only asked
through plumbing, without hooks, fsmonitor or external programs.
"""

import os
import re
from pathlib import Path
from typing import Any

from git import Git
from git.exc import GitCommandError, GitCommandNotFound

from lpae_backport.errors import TreeError, UsageError
from lpae_backport.filetree import FileTree

_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.autocrlf=false"),
    *("-c", "commit.gpgSign=false", "-c", "diff.external=", "-c", "core.pager=cat"),
    # Whoever owns a repository: nothing that its configuration could name is run.
    *("-c", "safe.directory=*"),
    *("-c", "core.attributesFile=/dev/null", "-c", "am.threeWay=false", "-c", "gc.auto=0"),
)
_OWN = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
}
_IDENTITY = re.compile(r"\s*([^<>\"\r\n]*[^<>\"\s.,:;][^<>\"\r\n]*?)\s*<([^<>\s]+)>\s*")


class GitError(TreeError):
    """Git refused something."""


def run_git(
    folder: str, *args: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> bytes:
    """Run git and return its output.

    Args:
        folder: where to run it.
        args: the command and its arguments.
        stdin: what it reads.
        env: variables beside our own.

    Raises:
        GitError: it ended with another status than 0.
        UsageError: there is no git.
    """
    import tempfile

    with tempfile.TemporaryFile() as feed:
        feed.write(stdin)
        feed.seek(0)
        options: dict[str, Any] = {"stdout_as_string": False, "strip_newline_in_stdout": False}
        # Nothing that the caller's environment tells git may change what comes out.
        saved = {n: os.environ.pop(n) for n in list(os.environ) if n.startswith("GIT_")}
        try:
            out = Git(folder).execute(
                ["git", *_QUIET, *args], istream=feed, env={**_OWN, **(env or {})}, **options
            )
        except GitCommandNotFound:
            raise UsageError("git is not installed", hint="series needs it") from None
        except GitCommandError as e:
            lines = str(e.stderr).strip().strip("'").strip().splitlines() or ["no message"]
            text = lines[0].removeprefix("stderr: '").strip()
            raise GitError(f"git {args[0]}: {text}", where=folder) from None
        finally:
            os.environ.update(saved)
    return bytes(out) if isinstance(out, bytes) else str(out).encode()


def identity(given: str | None, folder: str) -> tuple[str, str]:
    """Return name and address of the author.

    Args:
        given: what the user said, as ``Name <address>``; `None` asks git's configuration.
        folder: whose configuration counts.

    Raises:
        UsageError: it has another form, or git knows none.
    """
    if given is not None:
        m = _IDENTITY.fullmatch(given)
        if m is None or not given.isprintable():
            given = given.encode("ascii", "backslashreplace").decode()
            raise UsageError(f"'{given}' is no identity", hint="--from 'Name <address>'")
        return m[1], m[2]
    from git import Git as Plain

    found = []
    for key, variable in (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL")):
        value = os.environ.get(variable, "")
        if not value:
            try:
                value = str(Plain(folder).execute(["git", "config", "--get", key])).strip()
            except (GitCommandError, GitCommandNotFound):
                value = ""
        if not value or "<" in value or "\n" in value:
            raise UsageError("git does not know who you are", hint="--from 'Name <address>'")
        found.append(value)
    return found[0], found[1]


class Scratch:
    """A repository of its own for a few files.

    Args:
        folder: an empty directory.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        run_git(folder, "init", "--quiet", "--template=", "--initial-branch=series", ".")
        (Path(folder) / ".git/info").mkdir(exist_ok=True)
        (Path(folder) / ".git/info/attributes").write_text("* -text -diff -filter -ident diff\n")

    def commit_all(self, stream: bytes) -> None:
        """Make commits from a stream of ``git fast-import``."""
        run_git(self.folder, "fast-import", "--quiet", "--force", stdin=stream)

    def tree(self, revision: str) -> str:
        """Return the identity of the files of a revision."""
        return run_git(self.folder, "rev-parse", f"{revision}^{{tree}}").decode().strip()

    def format_patch(
        self, base: str, out: str, start: int, signature: str, who: tuple[str, str]
    ) -> list[Path]:
        """Write one mail per commit behind `base`, and a cover letter to be filled in."""
        run_git(
            self.folder,
            *("format-patch", "--quiet", "--cover-letter", "--zero-commit", "--find-renames=50%"),
            *("--no-attach", "--no-thread", "--no-add-header", "--numbered", "--abbrev=12"),
            *(f"--start-number={start}", f"--signature={signature}", "-o", out, f"{base}..series"),
            env={"GIT_COMMITTER_NAME": who[0], "GIT_COMMITTER_EMAIL": who[1]},
        )
        return sorted(Path(out).glob("*.patch"))

    def checkout(self, revision: str) -> None:
        """Put a revision into the work tree, on a branch of its own."""
        run_git(self.folder, "checkout", "--quiet", "-B", "proof", revision)

    def am(self, patches: list[Path], who: tuple[str, str]) -> None:
        """Apply mails as ``git am`` does.

        Raises:
            GitError: one does not apply.
        """
        names = {
            "GIT_COMMITTER_NAME": who[0],
            "GIT_COMMITTER_EMAIL": who[1],
            "GIT_COMMITTER_DATE": "@0 +0000",
        }
        run_git(self.folder, "am", "--quiet", "--keep-cr", *map(str, patches), env=names)


class Surroundings:
    """The repository that a tree stands in, if it stands in one.

    Args:
        tree: the tree; one that is not on disk has none that could be changed.
    """

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        self.root = root = tree.directory
        self.top, self.prefix, self.below = "", tree.prefix, ""
        if not root:
            return
        below = os.path.relpath(root, tree.path)
        self.below = "" if below == "." else below
        try:
            top = os.fsdecode(run_git(root, "rev-parse", "--show-toplevel").rstrip(b"\n"))
            prefix = os.fsdecode(run_git(root, "rev-parse", "--show-prefix").rstrip(b"\n"))
        except GitError as e:
            top, prefix = "", ""
            if "not a git repository" not in e.message:
                self.trouble = e.message
        self.top = top
        self.prefix = prefix

    trouble = ""
    """Why git will not read the repository, though there seems to be one."""

    def changed(self, paths: list[str]) -> list[str]:
        """Return which of some files differ from HEAD, or are not in it though they are there.

        Contents are compared as they are: no filter of the repository is run.
        """
        out = run_git(self.root, "ls-tree", "-z", "HEAD", "--", *paths)
        known = {}
        for entry in out.split(b"\0"):
            if b"\t" in entry:
                head, _, name = entry.partition(b"\t")
                known[name.decode("utf-8", "surrogateescape")] = head.split()[2]
        there = [p for p in paths if Path(self.root, p).is_file()]
        return [p for p in paths if not self._same(p, known.get(p), p in there)]

    def _same(self, path: str, blob: bytes | None, there: bool) -> bool:
        if blob is None or not there:
            return blob is None and not there
        data = Path(self.root, path).read_bytes()
        return any(
            run_git(self.root, "hash-object", "--no-filters", "--stdin", stdin=d).strip() == blob
            for d in {data, data.replace(b"\r\n", b"\n")}
        )

    def turned(self, paths: list[str]) -> bool:
        """Tell whether one of some files is stored with LF though it has CR LF in the tree."""
        for path in paths:
            data = Path(self.root, path).read_bytes().replace(b"\r\n", b"\n")
            out = run_git(self.root, "ls-tree", "HEAD", "--", path)
            blob = run_git(self.root, "hash-object", "--no-filters", "--stdin", stdin=data)
            if blob.strip() in out:
                return True
        return False

    def has(self, branch: str) -> bool:
        """Tell whether a branch exists."""
        try:
            run_git(self.root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        except GitError:
            return False
        return True

    def check_name(self, branch: str) -> None:
        """Refuse a name that no branch may have."""
        try:
            run_git(self.root, "check-ref-format", "--branch", branch)
        except GitError:
            raise UsageError(f"'{branch}' is no name for a branch") from None

    def head(self) -> str:
        """Return the commit that HEAD stands for.

        Raises:
            UsageError: there is none yet.
        """
        try:
            return run_git(self.root, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        except GitError:
            raise UsageError("OLD's repository has no commit yet", where=self.root) from None

    def commit_all(self, stream: bytes) -> None:
        """Make commits from a stream of ``git fast-import``; the work tree stays as it is."""
        run_git(self.root, "fast-import", "--quiet", stdin=stream)
