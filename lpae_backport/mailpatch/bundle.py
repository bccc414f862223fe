# SPDX-License-Identifier: GPL-2.0-only
"""Chooses, of the mails of an input, the patches: the last version, each once, in order."""

import re
from dataclasses import dataclass, replace

from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.assembling import Subject, patch_of, subject_of
from lpae_backport.mailpatch.letters import Letter, letters_of
from lpae_backport.mailpatch.model import Comment, FileChange, Hunk, Patch, Repair
from lpae_backport.mailpatch.tally import Work

_MARKERS = re.compile(rb"^(?:<{7}|>{7}) \S", re.M)
_HALF = re.compile(rb"^(?:> ?)*(?:@@ -\d|diff --git |\+\+\+ [^\s])", re.M)
_EMPTY = "e69de29bb2d1"


@dataclass(slots=True)
class Sent:
    """A patch as it was sent.

    Attributes:
        patch: the patch.
        subject: of the mail it came in.
        sender: who sent that.
        is_quoted: whether somebody quoted it to say something about it.
    """

    patch: Patch
    subject: Subject
    sender: str
    is_quoted: bool


def parse(data: bytes, origin: str, tree: FileTree | None = None) -> list[Patch]:
    """Return the patches in a file, mail or mailbox.

    Args:
        data: what stands in it.
        origin: what it is called.
        tree: what the patches are for; only asked where a mailer broke something.

    Raises:
        TreeError: there is none, or it changes what is outside of a tree.
    """
    found, told = sent_in(data, origin, tree, Work.on(data))
    if not found:
        raise nothing(data, origin)
    return chosen(found, told)


def sent_in(
    data: bytes, origin: str, tree: FileTree | None, work: Work
) -> tuple[list[Sent], list[Repair]]:
    """Return the patches of all mails of an input, and which mails have none."""
    found: list[Sent] = []
    told: list[Repair] = []
    letters = list(letters_of(data))
    for i, letter in enumerate(letters, 1):
        name = origin if len(letters) == 1 else f"{origin}#{i}"
        patch = patch_of(letter, name, tree, work)
        if patch is None or _is_half(patch):
            told.append(Repair(letter.numbers[0] if letter.numbers else 0, _skipped(letter)))
            continue
        found.append(_sent(patch, letter))
    return found, told if found else []


def _sent(patch: Patch, letter: Letter) -> Sent:
    subject = subject_of(letter.subject)
    is_quoted = bool(patch.comments) and (subject.is_answer or not letter.subject)
    return Sent(patch, subject, letter.sender, is_quoted)


def _skipped(letter: Letter) -> str:
    subject = subject_of(letter.subject)
    what = "cover letter" if subject.position[1] and not subject.position[0] else "mail"
    return f"{what} without a patch skipped: {letter.subject or '(no subject)'}"


def _is_half(patch: Patch) -> bool:
    """Tell whether a patch names files, but does nothing to any of them."""
    return not any(c.hunks or _does_without(c) for c in patch.changes)


def _does_without(change: FileChange) -> bool:
    """Tell whether a change does something without hunks: it moves, changes modes, is binary."""
    return (
        change.is_binary
        or bool(change.old_path and change.new_path and change.old_path != change.new_path)
        or bool(change.old_mode and change.new_mode and change.old_mode != change.new_mode)
        or any(_EMPTY.startswith(b[:12]) and len(b) >= 4 for b in change.blobs)
    )


def nothing(data: bytes, origin: str) -> TreeError:
    """Return what to say of an input that has no patch."""
    hint = "git format-patch or git diff make some"
    half = _HALF.search(data)
    if half is not None:
        at = data.count(b"\n", 0, half.start()) + 1
        what = "is only half a patch"
        if b"@@ -" in half[0]:
            return TreeError(f"{what}: a hunk without its file", where=f"{origin}:{at}", hint=hint)
        return TreeError(f"{what}: a file without hunks", where=f"{origin}:{at}", hint=hint)
    if b"\0" in data:
        at = data.index(b"\0")
        return TreeError(f"is no patch: binary, NUL at byte {at}", where=origin, hint=hint)
    m = _MARKERS.search(data)
    if m is not None:
        at = data.count(b"\n", 0, m.start()) + 1
        text = "is no patch: a file with conflict markers"
        return TreeError(text, where=f"{origin}:{at}", hint="resolve them, then git diff")
    return TreeError("is no patch" if data.strip() else "is empty", where=origin, hint=hint)


def chosen(found: list[Sent], told: list[Repair]) -> list[Patch]:
    """Return the patches that count.

    Args:
        found: all that were sent, in the order of the input.
        told: what is to be told of the others.
    """
    told = list(told)
    latest = [s for s in found if not _is_outdated(s, found)]
    told += [
        Repair(_line(s.patch), f"older version skipped: {s.subject.text}")
        for s in found
        if s not in latest
    ]
    kept: list[Sent] = []
    for sent in sorted(latest, key=lambda s: s.is_quoted):
        twin = next((k for k in kept if sent.is_quoted and _is_same(k, sent)), None)
        if twin is None:
            kept.append(sent)
            continue
        told.append(Repair(_line(sent.patch), f"remarks of {sent.sender or 'an answer'} joined"))
        twin.patch = _with_remarks(twin.patch, sent.patch.comments, sent.patch)
    order = {id(s): i for i, s in enumerate(found)}
    kept.sort(key=lambda s: order[id(s)])
    if _is_series(kept):
        kept.sort(key=lambda s: s.patch.position[0])
    patches = [s.patch for s in kept]
    if told and patches:
        patches[0] = replace(patches[0], repairs=(*patches[0].repairs, *told))
    return patches


def _line(patch: Patch) -> int:
    return patch.changes[0].at if patch.changes else 0


def _is_outdated(sent: Sent, found: list[Sent]) -> bool:
    return any(
        other.subject.version > sent.subject.version
        and (
            other.subject.text == sent.subject.text != ""
            or (_in_series(other) and _in_series(sent) and other.sender == sent.sender)
        )
        for other in found
        if not sent.is_quoted or not other.is_quoted
    )


def _in_series(sent: Sent) -> bool:
    return sent.subject.position[1] > 1


def _is_series(kept: list[Sent]) -> bool:
    places = {s.patch.position for s in kept}
    return (
        len(places) == len(kept) > 1 and len({p[1] for p in places}) == 1 and (0, 0) not in places
    )


def _is_same(one: Sent, other: Sent) -> bool:
    """Tell whether two mails have the same patch, one of them quoted."""
    if one.subject.text != other.subject.text or one.subject.position != other.subject.position:
        return False
    ours = {c.path for c in one.patch.changes}
    return all(c.path in ours for c in other.patch.changes)


def _with_remarks(patch: Patch, remarks: tuple[Comment, ...], other: Patch) -> Patch:
    """Add to a patch what was said about a quoted copy of it, at the lines where it was said."""
    added = []
    for remark in remarks:
        hunk = _hunk_of(other, remark)
        if hunk is not None:
            at = _find(patch, remark.path, hunk, remark.line)
            remark = replace(remark, hunk=at[0], line=at[1])
        added.append(remark)
    return replace(patch, comments=(*patch.comments, *added))


def _hunk_of(patch: Patch, remark: Comment) -> Hunk | None:
    hunks = next((c.hunks for c in patch.changes if c.path == remark.path), ())
    return hunks[remark.hunk] if 0 <= remark.hunk < len(hunks) else None


def _find(patch: Patch, path: str, hunk: Hunk, line: int) -> tuple[int, int]:
    """Return where a hunk of the same header is in a patch, and the line in it."""
    hunks = next((c.hunks for c in patch.changes if c.path == path), ())
    for i, ours in enumerate(hunks):
        if (ours.old_start, ours.new_start) == (hunk.old_start, hunk.new_start):
            whole = len(ours.lines) == len(hunk.lines)
            return i, line if whole else _same_line(ours, hunk, line)
    return -1, -1


def _same_line(ours: Hunk, theirs: Hunk, line: int) -> int:
    text = "".join(theirs.lines[line].text.split()) if 0 <= line < len(theirs.lines) else ""
    places = [i for i, x in enumerate(ours.lines) if "".join(x.text.split()) == text]
    return min(places, key=lambda i: abs(i - line), default=min(line, len(ours.lines) - 1))
