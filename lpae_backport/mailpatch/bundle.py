# SPDX-License-Identifier: GPL-2.0-only
"""Chooses, of the mails of an input, the patches: the last version, each once, in order."""

import re
from dataclasses import dataclass, replace

from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.assembling import Subject, patch_of, subject_of
from lpae_backport.mailpatch.letters import Letter, letters_of, utf8
from lpae_backport.mailpatch.model import Comment, FileChange, Hunk, Patch, Repair
from lpae_backport.mailpatch.tally import Work
from lpae_backport.mailpatch.treelines import squeezed

_MARKERS = re.compile(rb"^(?:<{7}|>{7}) \S", re.M)
_HALF = re.compile(rb"^(?:> ?)*(?:@@ -\d|diff --git |\+\+\+ [^\s])", re.M)
_EMPTY = "e69de29bb2d1"
_MOST_ALIKE = 50
"""So many patches of one subject are looked at for the one that an answer quotes."""
Refused = list[TreeError] | None
"""What is wrong with patches that are left out; `None` where none may be."""
_Newest = dict[tuple[tuple[str, str], bool], int]
"""The last version by what a patch is known by, of quoted patches and of others."""


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


def parse(
    data: bytes, origin: str, tree: FileTree | None = None, refused: Refused = None
) -> list[Patch]:
    """Return the patches in a file, mail or mailbox.

    Args:
        data: what stands in it.
        origin: what it is called.
        tree: what the patches are for; only asked where a mailer broke something.
        refused: takes what is wrong with single mails, so that the others are read all the same.

    Raises:
        TreeError: there is none, or it changes what is outside of a tree.
    """
    before = len(refused or ())
    found, told = sent_in(data, origin, tree, Work.on(data), refused)
    if not found and len(refused or ()) > before:
        return []
    if not found:
        raise _nothing(data, origin, told)
    return chosen(found, told)


def sent_in(
    data: bytes, origin: str, tree: FileTree | None, work: Work, refused: Refused = None
) -> tuple[list[Sent], list[Repair]]:
    """Return the patches of all mails of an input, and what is to be told of the other mails.

    Where no mail has a patch, only what is broken in them is to be told.

    Raises:
        TreeError: a patch changes what is outside of a tree, and nothing takes the refused.
    """
    found: list[Sent] = []
    told: list[Repair] = []
    faults: list[Repair] = []
    letters = list(letters_of(data))
    for i, letter in enumerate(letters, 1):
        name = origin if len(letters) == 1 else f"{origin}#{i}"
        try:
            patch = patch_of(letter, name, tree, work)
        except TreeError as e:
            refuse(e, refused)
            continue
        if patch is None or _is_half(patch):
            told.append(Repair(letter.numbers[0] if letter.numbers else 0, _skipped(letter)))
            faults += letter.problems
            continue
        found.append(_sent(patch, letter))
    return found, [*told, *faults] if found else faults


def refuse(error: TreeError, refused: Refused) -> None:
    """Keep what is wrong with one of many patches; raise it where nobody asks for it."""
    if refused is None:
        raise error
    refused.append(error)


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


def _nothing(data: bytes, origin: str, faults: list[Repair]) -> TreeError:
    """Return what to say of an input that has no patch."""
    hint = "git format-patch or git diff make some"
    if faults:
        where = f"{origin}:{faults[0].at}"
        return TreeError(f"is no patch: {faults[0].what}", where=where, hint="save the mail again")
    data, _ = utf8(data)
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
    newest = _newest(found)
    latest: list[Sent] = []
    for sent in found:
        if not _is_outdated(sent, newest):
            latest.append(sent)
            continue
        told.append(Repair(_line(sent.patch), f"older version skipped: {sent.subject.text}"))
    kept = _without_twins(latest, told)
    if _is_series(kept):
        kept.sort(key=lambda s: s.patch.position[0])
    return with_told([s.patch for s in kept], told)


def _without_twins(latest: list[Sent], told: list[Repair]) -> list[Sent]:
    """Return what was sent, with what was said about quoted copies joined to it."""
    alike: dict[tuple[str, tuple[int, int]], list[Sent]] = {}
    is_kept = [True] * len(latest)
    for i in sorted(range(len(latest)), key=lambda i: latest[i].is_quoted):
        sent = latest[i]
        others = alike.setdefault((sent.subject.text, sent.subject.position), [])
        twin = None
        if sent.is_quoted:
            twin = next((k for k in others[:_MOST_ALIKE] if _has_its_files(k, sent)), None)
        if twin is None:
            others.append(sent)
            continue
        is_kept[i] = False
        told.append(Repair(_line(sent.patch), f"remarks of {sent.sender or 'an answer'} joined"))
        twin.patch = _with_remarks(twin.patch, sent.patch.comments, sent.patch)
    return [sent for sent, keeps in zip(latest, is_kept, strict=True) if keeps]


def with_told(patches: list[Patch], told: list[Repair]) -> list[Patch]:
    """Return patches, the first with what is to be told of all of the input."""
    if not patches or not told:
        return patches
    return [replace(patches[0], notes=(*patches[0].notes, *told)), *patches[1:]]


def _line(patch: Patch) -> int:
    return patch.changes[0].at if patch.changes else 0


def _newest(found: list[Sent]) -> _Newest:
    newest: _Newest = {}
    for sent in found:
        for key in _names(sent):
            newest[key, sent.is_quoted] = max(
                newest.get((key, sent.is_quoted), 0), sent.subject.version
            )
    return newest


def _names(sent: Sent) -> list[tuple[str, str]]:
    """Return what all versions of a patch have in common: the subject, or who sends the series."""
    names = [("subject", sent.subject.text)] if sent.subject.text else []
    return [*names, ("sender", sent.sender)] if _in_series(sent) else names


def _is_outdated(sent: Sent, newest: _Newest) -> bool:
    # Who answers an old version does not make another answer outdated.
    asked = (False,) if sent.is_quoted else (False, True)
    return any(
        newest.get((key, is_quoted), 0) > sent.subject.version
        for key in _names(sent)
        for is_quoted in asked
    )


def _in_series(sent: Sent) -> bool:
    return sent.subject.position[1] > 1


def _is_series(kept: list[Sent]) -> bool:
    places = {s.patch.position for s in kept}
    return (
        len(places) == len(kept) > 1 and len({p[1] for p in places}) == 1 and (0, 0) not in places
    )


def _has_its_files(one: Sent, other: Sent) -> bool:
    """Tell whether a patch changes all files that another, quoted one does."""
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
    text = squeezed(theirs.lines[line].text) if 0 <= line < len(theirs.lines) else ""
    places = [i for i, x in enumerate(ours.lines) if squeezed(x.text) == text]
    return min(places, key=lambda i: abs(i - line), default=min(line, len(ours.lines) - 1))
