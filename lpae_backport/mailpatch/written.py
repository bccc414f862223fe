# SPDX-License-Identifier: GPL-2.0-only
"""Writes a patch as a mail that ``git am`` takes."""

import re
from dataclasses import replace
from email.header import Header

from lpae_backport import __version__
from lpae_backport.mailpatch.assembling import count
from lpae_backport.mailpatch.masked import person
from lpae_backport.mailpatch.model import FileChange, Hunk, Patch
from lpae_backport.mailpatch.naming import NOTHING, quoted

_NO_SUBJECT = "(no subject: the mail had none)"
"""The subject of a patch whose mail had none: nothing is made up."""
_ZERO = "0" * 40
_EPOCH = "Mon Sep 17 00:00:00 2001"
_GRAPH = 50
_CUTS = re.compile(r"(?:---|diff -|Index: )")
"""Lines at which ``git am`` ends a message."""
_HEADS = re.compile(r"(?:From|Date|Subject|Author\w*|Commit\w*) ?:|\[PATCH\]|>From ", re.I)
"""What a message may not begin with: ``git am`` would take it for who wrote the patch."""
_MODE = "100644"


def mail_of(patch: Patch) -> bytes:
    """Return a patch as one mail, in UTF-8.

    Args:
        patch: the patch. A hunk that is not whole keeps a head that its lines do not meet, so
            that git refuses the mail; what is wrong with it stands below the ``---``.

    Returns:
        A file for ``git am``. What the patch does not tell is left out; an address that is
        masked becomes one at ``masked.invalid``, which nobody can have.
    """
    name, address = person(patch.author)
    place = ""
    if patch.position[1]:
        digits = len(str(patch.position[1]))
        place = f" {patch.position[0]:0{digits}}/{patch.position[1]}"
    subject = patch.subject or _NO_SUBJECT
    head = [f"From {_ZERO} {_EPOCH}", f"From: {_encoded(name)} <{address}>"]
    if patch.date:
        head.append(f"Date: {' '.join(patch.date.split())}")
    head.append(f"Subject: [PATCH{place}] {_encoded(subject)}")
    head += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8"]
    head.append("Content-Transfer-Encoding: 8bit")
    body = [*_message(patch), "---", *_notes(patch), *_stat(patch), ""]
    for change in patch.changes:
        body += _file(change)
    # Behind a hunk that lacks lines nothing may stand that could be taken for them.
    last = patch.changes[-1].hunks[-1:] if patch.changes else ()
    is_open = any(h.problem for h in last)
    end = [] if is_open else ["-- ", f"lpae-audit {__version__}", ""]
    text = "\n".join([*head, "", *body, *end, ""])
    return text.encode("utf-8", "surrogateescape")


def _encoded(text: str) -> str:
    """Return text as it may stand in the head of a mail, on one line."""
    text = "".join(c if c.isprintable() else " " for c in text if not 0xD800 <= ord(c) <= 0xDFFF)
    if text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", maxlinelen=10_000).encode(maxlinelen=10_000)


def _message(patch: Patch) -> list[str]:
    """Return the lines of the message; what it would not be for git stands one column in."""
    if not patch.message:
        return []
    first, *lines = patch.message.split("\n")
    shown = [f" {line}" if _CUTS.match(line) else line for line in lines]
    return [f" {first}" if _CUTS.match(first) or _HEADS.match(first) else first, *shown]


def _notes(patch: Patch) -> list[str]:
    """Return what a reader must know, where git does not take it for the message."""
    broken = [
        f"Note: {c.path}: hunk {i} {h.problem}"
        for c in patch.changes
        for i, h in enumerate(c.hunks, 1)
        if h.problem
    ]
    notes = [*broken, *(f"Note: {p.what}" for p in patch.problems)]
    return (
        [*("".join(c if c.isprintable() else " " for c in n) for n in notes), ""] if notes else []
    )


def _stat(patch: Patch) -> list[str]:
    counts = [(_shown(c), *count(c), c.is_binary) for c in patch.changes]
    if not counts:
        return []
    wide = max(len(n) for n, *_ in counts)
    most = max(p + m for _, p, m, _ in counts)
    digits = len(str(most))
    lines = []
    for name, plus, minus, is_binary in counts:
        if is_binary:
            lines.append(f" {name:<{wide}} | Bin")
            continue
        total = plus + minus
        signs = "+" * _share(plus, most) + "-" * _share(minus, most)
        lines.append(f" {name:<{wide}} | {total:>{digits}} {signs}".rstrip())
    plus, minus = sum(x[1] for x in counts), sum(x[2] for x in counts)
    return [*lines, _total(len(counts), plus, minus)]


def _share(number: int, most: int) -> int:
    if most <= _GRAPH or not number:
        return number
    return max(1, number * _GRAPH // most)


def _total(files: int, plus: int, minus: int) -> str:
    text = f" {files} file{'s' * (files != 1)} changed"
    if plus or not minus:
        text += f", {plus} insertion{'s' * (plus != 1)}(+)"
    if minus or not plus:
        text += f", {minus} deletion{'s' * (minus != 1)}(-)"
    return text


def _shown(change: FileChange) -> str:
    old, new = quoted(change.old_path), quoted(change.new_path)
    if change.old_path and change.new_path and old != new:
        return f"{old} => {new}"
    return quoted(change.path)


def _file(change: FileChange) -> list[str]:
    path = change.path
    old, new = quoted(f"a/{change.old_path or path}"), quoted(f"b/{change.new_path or path}")
    lines = [f"diff --git {old} {new}", *_modes(change), *_moves(change), *_blobs(change)]
    if change.is_binary:
        return [*lines, f"Binary files {old} and {new} differ"]
    if change.hunks:
        tail = "\t" if " " in path else ""
        lines.append(f"--- {old + tail if change.old_path else NOTHING}")
        lines.append(f"+++ {new + tail if change.new_path else NOTHING}")
    for hunk in change.hunks:
        lines += _hunk(hunk)
    return lines


def _modes(change: FileChange) -> list[str]:
    if not change.old_path:
        return [f"new file mode {change.new_mode or _MODE}"]
    if not change.new_path:
        return [f"deleted file mode {change.old_mode or _MODE}"]
    if change.old_mode and change.new_mode and change.old_mode != change.new_mode:
        return [f"old mode {change.old_mode}", f"new mode {change.new_mode}"]
    return []


def _moves(change: FileChange) -> list[str]:
    if not change.old_path or not change.new_path or change.old_path == change.new_path:
        return []
    what = "copy" if change.is_copy else "rename"
    alike = ["similarity index 100%"] if not change.hunks and not change.is_binary else []
    old, new = quoted(change.old_path), quoted(change.new_path)
    return [*alike, f"{what} from {old}", f"{what} to {new}"]


def _blobs(change: FileChange) -> list[str]:
    if not all(change.blobs):
        return []
    same = change.old_path and change.new_path and change.old_mode == change.new_mode != ""
    return [f"index {'..'.join(change.blobs)}{f' {change.new_mode}' if same else ''}"]


def _unmet(hunk: Hunk) -> Hunk:
    """Return a hunk that lacks lines by its head; its own head, if that says so."""
    old, new = len(hunk.before), len(hunk.after)
    is_short = (hunk.old_count, hunk.new_count) != (old, new)
    if is_short and hunk.old_count >= old and hunk.new_count >= new:
        return hunk
    more, most = max(hunk.old_count, old + 1), max(hunk.new_count, new + 1)
    return replace(hunk, old_count=more, new_count=most)


def _hunk(hunk: Hunk) -> list[str]:
    if hunk.problem:
        hunk = _unmet(hunk)
    lines = [hunk.header]
    for x in hunk.lines:
        lines.append(f"{x.kind.value}{x.text}")
        if x.is_unended:
            lines.append("\\ No newline at end of file")
    return lines
