# SPDX-License-Identifier: GPL-2.0-only
"""Makes patches of commits."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

from lpae_backport.errors import TreeError
from lpae_backport.history import commits_between, difference
from lpae_backport.mailpatch.assembling import patch_of
from lpae_backport.mailpatch.letters import Letter
from lpae_backport.mailpatch.model import Patch, Repair
from lpae_backport.mailpatch.tally import Work
from lpae_backport.objects import GitStore
from lpae_backport.storedtree import StoredTree

MAX_COMMITS = 10_000
"""Most commits of one range."""
_MAX_MESSAGE = 1 << 20
_PERSON = re.compile(r"(.{0,1000}?) ?<([^>]{0,1000})> (-?\d{1,12}) ([+-])(\d\d)(\d\d)")


def patches_of_commits(repository: str, revision: str, folder: str, given: str) -> list[Patch]:
    """Return the patch of a commit against its first parent, or those of a range.

    Args:
        repository: a directory of the repository.
        revision: what git takes for a commit, or ``A..B``: what B has and A has not, the oldest
            first; merges are left out, and the first patch notes how many.
        folder: where the kernel is in it; only what is changed there counts. Empty looks for it;
            all counts where there is none.
        given: what the user calls it.

    Raises:
        TreeError: there is no such commit, or the history of it is not here, or it changes
            nothing.
    """
    start, dots, end = revision.partition("..")
    if dots and (end.startswith(".") or not start):
        raise TreeError("is no range of commits", where=given, hint="REPO@A..B")
    store = GitStore(repository, (end or "HEAD") if dots else revision)
    below = store.below + folder.strip("/") if folder else _kernel(store, given)
    commits, merges = [store.commit], 0
    if dots:
        base = GitStore(repository, start).commit
        commits, merges = commits_between(store.git_dir, base, store.commit, MAX_COMMITS)
    count = len(commits)
    found = []
    for i, commit in enumerate(commits, 1):
        name = given if not dots else f"{repository}@{commit[:12]}"
        patch = _patch(store, commit, below.strip("/"), name)
        if patch is not None:
            position = (i, count) if dots and count > 1 else (0, 0)
            found.append(replace(patch, position=position))
    if not found:
        what = f"changes nothing in {below.strip('/')}" if below.strip("/") else "changes nothing"
        raise TreeError(what, where=given, hint="a merge, or an empty commit or range?")
    if merges:
        what = "1 merge is" if merges == 1 else f"{merges} merges are"
        note = Repair(0, f"{what} left out: what a merge itself changes is in no patch")
        found[0] = replace(found[0], notes=(*found[0].notes, note))
    return found


def _kernel(store: GitStore, given: str) -> str:
    """Return the folder that the kernel of a commit is in; what is named, if there is none."""
    try:
        return StoredTree(given, store, store.below).prefix
    except TreeError:
        return store.below


def _patch(store: GitStore, commit: str, below: str, name: str) -> Patch | None:
    raw = store.ask(commit, "commit", _MAX_MESSAGE)[1].decode("utf-8", "surrogateescape")
    head, _, message = raw.partition("\n\n")
    fields = [line.partition(" ") for line in head.split("\n")]
    parent = next((value for key, _, value in fields if key == "parent"), "")
    author, date = _person(next((v for k, _, v in fields if k == "author"), ""))
    diff = difference(store, parent, commit, below).decode("utf-8", "surrogateescape")
    lines = diff.split("\n")[:-1]
    letter = Letter(lines, range(1, len(lines) + 1))
    patch = patch_of(letter, name, None, Work())
    subject, _, rest = message.partition("\n\n")
    if patch is None:
        return None
    subject = " ".join(subject.split())
    return replace(
        patch,
        author=author,
        date=date,
        subject=subject,
        message=rest.strip("\n"),
        commit=commit,
    )


def _person(text: str) -> tuple[str, str]:
    """Return name and address, and the date as a mail has it."""
    m = _PERSON.fullmatch(text)
    if m is None:
        return text, ""
    minutes = (int(m[5]) * 60 + int(m[6])) * (-1 if m[4] == "-" else 1)
    zone = timezone(timedelta(minutes=minutes)) if abs(minutes) < 24 * 60 else UTC
    try:
        date = format_datetime(datetime.fromtimestamp(int(m[3]), zone))
    except (ValueError, OverflowError, OSError):
        date = ""
    return f"{m[1]} <{m[2]}>", date
