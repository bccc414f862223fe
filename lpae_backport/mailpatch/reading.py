# SPDX-License-Identifier: GPL-2.0-only
"""Reads the patches that a user names: files, folders, mailboxes, commits, standard input."""

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import replace

from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree
from lpae_backport.gitdir import split_revision
from lpae_backport.mailpatch.bundle import (
    Refused,
    Sent,
    chosen,
    parse,
    refuse,
    sent_in,
    with_told,
)
from lpae_backport.mailpatch.commits import patches_of_commits
from lpae_backport.mailpatch.model import Patch, Repair
from lpae_backport.mailpatch.tally import Work

MAX_INPUT = 256 * 1024 * 1024
"""Largest input that is read, in bytes."""
MAX_FILES = 20_000
"""Most files of one folder that are read."""
_ENDS = (".patch", ".diff", ".mbox", ".eml", ".txt", ".mbx", ".mail")
_BOX = ("cur", "new")
_FLAGS = re.compile(r":\d?,?[A-Za-z]*$")

__all__ = ["all_patches_of", "parse", "patches_of"]


def all_patches_of(
    given: Iterable[str], tree: FileTree | None = None
) -> tuple[list[Patch], list[TreeError]]:
    """Return the patches of all that a user names, and what is wrong with the rest of it.

    Args:
        given: what `patches_of` takes, each.
        tree: what they are for; only asked where a mailer broke something.
    """
    found: list[Patch] = []
    refused: list[TreeError] = []
    for name in given:
        try:
            found += patches_of(name, tree, refused)
        except TreeError as e:
            refused.append(e)
    return found, refused


def patches_of(given: str, tree: FileTree | None = None, refused: Refused = None) -> list[Patch]:
    """Return the patches that a user names.

    Args:
        given: a patch, a mail or its text, a mailbox, a maildir, a folder with a series,
            ``REPO@REV`` or ``REPO@A..B``, or ``-`` for standard input.
        tree: what they are for; only asked where a mailer broke something.
        refused: takes what is wrong with single mails or files of a folder; then nothing may be
            left, and nothing is raised for them.

    Raises:
        TreeError: there is no patch, or it changes what is outside of a tree.
    """
    if given == "-":
        return parse(_limited(sys.stdin.buffer.read(MAX_INPUT + 1), given), "-", tree, refused)
    if os.path.isdir(given):
        return _folder(given, tree, refused)
    if os.path.isfile(given):
        return parse(_read(given), given, tree, refused)
    repository, revision, folder = split_revision(given)
    if repository:
        return patches_of_commits(repository, revision, folder, given)
    if os.path.exists(given):
        raise TreeError("neither a directory nor a regular file", where=given)
    hint = "a patch, a mail, a mailbox, a folder of them, REPO@REV, or -"
    raise TreeError("no such file or directory", where=given, hint=hint)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as f:
            return _limited(f.read(MAX_INPUT + 1), path)
    except OSError as e:
        raise TreeError(f"cannot be read: {e.strerror}", where=path) from None


def _limited(data: bytes, origin: str) -> bytes:
    if len(data) > MAX_INPUT:
        raise TreeError(f"is larger than {MAX_INPUT >> 20} MB", where=origin)
    return data


def _folder(given: str, tree: FileTree | None, refused: Refused) -> list[Patch]:
    boxes = [d for d in _BOX if os.path.isdir(os.path.join(given, d))]
    if boxes:
        names = [os.path.join(d, n) for d in boxes for n in _names(os.path.join(given, d))]
        names.sort(key=lambda n: os.path.basename(n))
        return _gathered(given, names, tree, refused, is_box=True)
    if os.path.isfile(os.path.join(given, "series")):
        return _gathered(given, list(_listed(given)), tree, refused, is_box=False)
    names = sorted(n for n in _names(given) if n.endswith(_ENDS))
    return _gathered(given, names, tree, refused, is_box=False)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as e:
        raise TreeError(f"cannot be read: {e.strerror}", where=folder) from None


def _listed(given: str) -> Iterable[str]:
    """Yield the names in a ``series`` file, as quilt has it."""
    text = _read(os.path.join(given, "series")).decode("utf-8", "surrogateescape")
    for line in text.split("\n"):
        name = line.split("#")[0].split(" -p")[0].strip()
        if name.startswith("/") or ".." in name.split("/"):
            raise TreeError(f"names '{name}', which is outside of it", where=f"{given}/series")
        if name:
            yield name


def _gathered(
    given: str, names: list[str], tree: FileTree | None, refused: Refused, *, is_box: bool
) -> list[Patch]:
    """Return the patches of the files of a folder."""
    if len(names) > MAX_FILES:
        raise TreeError(f"has more than {MAX_FILES} files", where=given)
    found: list[Sent] = []
    told: list[Repair] = []
    before = len(refused or ())
    for name in names:
        path = os.path.join(given, name)
        if not os.path.isfile(path):
            continue
        known = len(refused or ())
        try:
            data = _read(path)
            sent, skipped = sent_in(data, path, tree, Work.on(data), refused)
        except TreeError as e:
            refuse(e, refused)
            continue
        shown = _FLAGS.sub("", name)
        if not sent and len(refused or ()) == known:
            told.append(Repair(0, f"{shown}: no patch in it, skipped"))
        told += [replace(t, what=f"{shown}: {t.what}") for t in skipped]
        found += sent
    if not found and len(refused or ()) > before:
        return []
    if not found:
        hint = "files of it should end in .patch, .diff or .mbox, or be listed in 'series'"
        raise TreeError("no patch in it", where=given, hint=hint)
    if is_box:
        return chosen(found, told)
    return with_told([s.patch for s in found], told)
