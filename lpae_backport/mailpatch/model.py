# SPDX-License-Identifier: GPL-2.0-only
"""What a patch is, however it arrived: files, hunks, lines, and what was said about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class LineKind(Enum):
    """The mark a line of a hunk begins with."""

    CONTEXT = " "
    REMOVED = "-"
    ADDED = "+"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a hunk.

    Attributes:
        kind: its mark.
        text: what stands behind the mark, without the end of the line.
        at: the line of the input it begins in, counted from 1.
        is_unended: whether the file ends here without a newline.
    """

    kind: LineKind
    text: str
    at: int = 0
    is_unended: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """Something a mailer broke that was mended.

    Attributes:
        at: the line of the input, counted from 1.
        what: what was done.
    """

    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """A hunk.

    Attributes:
        old_start: its first line in the file before, counted from 1.
        old_count: how many lines it has there.
        new_start: its first line in the file after.
        new_count: how many lines it has there.
        section: what stands behind the second ``@@``.
        lines: its lines.
        at: the line of the input its header begins in.
        repairs: what was mended in it.
        problem: why it is not whole: its lines do not add up to its counts, and could not be
            mended; empty for a whole hunk.
    """

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str
    lines: tuple[Line, ...]
    at: int = 0
    repairs: tuple[Repair, ...] = ()
    problem: str = ""

    @property
    def before(self) -> tuple[str, ...]:
        """The lines as they were."""
        return tuple(x.text for x in self.lines if x.kind is not LineKind.ADDED)

    @property
    def after(self) -> tuple[str, ...]:
        """The lines as they become."""
        return tuple(x.text for x in self.lines if x.kind is not LineKind.REMOVED)

    @property
    def changed(self) -> tuple[Line, ...]:
        """The lines that are no context."""
        return tuple(x for x in self.lines if x.kind is not LineKind.CONTEXT)

    @property
    def header(self) -> str:
        """Its first line, as git writes it."""
        old = _range(self.old_start, self.old_count)
        new = _range(self.new_start, self.new_count)
        return f"@@ -{old} +{new} @@{' ' if self.section else ''}{self.section}"


def _range(start: int, count: int) -> str:
    return str(start) if count == 1 else f"{start},{count}"


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a patch does to one file.

    Attributes:
        old_path: where it was, below the kernel's root; empty for a new file.
        new_path: where it becomes; empty for one that is removed.
        hunks: the hunks, in order.
        old_mode: its mode before, as git writes it (``100644``); empty if not told.
        new_mode: its mode after.
        blobs: the two ids of the ``index`` line; empty if not told.
        is_copy: whether the old file stays.
        is_binary: whether it is no text; it has no hunks then.
        at: the line of the input it begins in.
        repairs: what was mended in its head.
    """

    old_path: str
    new_path: str
    hunks: tuple[Hunk, ...]
    old_mode: str = ""
    new_mode: str = ""
    blobs: tuple[str, str] = ("", "")
    is_copy: bool = False
    is_binary: bool = False
    at: int = 0
    repairs: tuple[Repair, ...] = ()

    @property
    def path(self) -> str:
        """The path it is spoken of by: the new one, if there is one."""
        return self.new_path or self.old_path


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a patch.

    Attributes:
        author: who, as the attribution line or the mail's head says; empty if neither does.
        depth: how deep the comment was quoted; 0 for what the mail itself says.
        text: what was said, without the marks of quoting.
        path: the file it stands at; empty for what stands before the first.
        hunk: the index of the hunk in that file; -1 for what stands before the first.
        line: the index of the hunk's line that it stands behind; -1 for its header.
        at: the line of the input it begins in.
    """

    author: str
    depth: int
    text: str
    path: str = ""
    hunk: int = -1
    line: int = -1
    at: int = 0


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch.

    Attributes:
        origin: where it comes from: a file, a file and the number of the mail in it, a commit.
        author: ``Name <address>``, as far as known.
        date: as the mail says it (RFC 2822); empty if it does not.
        subject: without ``[PATCH …]``.
        message: what follows the subject, up to the ``---``, trailers included.
        position: its place in a series and the number of patches there; (0, 0) outside of one.
        stats: what its diffstat says: how many lines are added and removed together, by path (a
            path that was cut off begins with ``...``).
        changes: what it does, file by file.
        comments: what was said about it.
        repairs: what was mended outside of hunks and heads of files.
        problems: what could not be mended, each with the line of the input.
        notes: what is to be told of the rest of the input: mails that were skipped, outdated or
            joined, merges that were left out.
        commit: the id of the commit that it was made of, if the input says it; else empty.
    """

    origin: str
    author: str = ""
    date: str = ""
    subject: str = ""
    message: str = ""
    position: tuple[int, int] = (0, 0)
    stats: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[FileChange, ...] = ()
    comments: tuple[Comment, ...] = ()
    repairs: tuple[Repair, ...] = ()
    problems: tuple[Repair, ...] = ()
    notes: tuple[Repair, ...] = ()
    commit: str = ""
