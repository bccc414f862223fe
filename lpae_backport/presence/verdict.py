# SPDX-License-Identifier: GPL-2.0-only
"""What can be said of a patch and a tree."""

from dataclasses import dataclass
from enum import StrEnum

from lpae_backport.mailpatch.model import FileChange, Hunk, Line, Patch


class HunkStatus(StrEnum):
    """Whether a tree has a hunk."""

    APPLIED = "applied"
    PARTLY = "partly"
    APPLICABLE = "applicable"
    CONFLICTS = "conflicts"
    TARGET_GONE = "target-gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HunkVerdict:
    """What is said of one hunk.

    Attributes:
        hunk: the hunk.
        status: whether the tree has it.
        why: what decided it, in a line: how it would apply, which lines it has, what differs.
        path: the file of the tree it was judged in; empty where there is none.
        line: the line of that file it stands at, would go to, or comes nearest to; 0 if none.
        end: the last of those lines.
        present: of its changed lines, those whose change the tree has.
        absent: those whose change it has not.
        similarity: for a conflict, how alike the nearest place is, from 0 to 1.
        is_weak: whether it is called applied only for what is absent, amid changed context: it
            counts only beside others of the patch that are.
        doubt: why it is not, where nothing else of the patch is; empty for the general reason.
    """

    hunk: Hunk
    status: HunkStatus
    why: str
    path: str = ""
    line: int = 0
    end: int = 0
    present: tuple[Line, ...] = ()
    absent: tuple[Line, ...] = ()
    similarity: float = 0.0
    is_weak: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What is said of one file of a patch.

    Attributes:
        change: what the patch does to it.
        status: of its hunks together: ``applied`` if all are, ``applicable`` if all that are not
            applied are; ``partly`` if some are applied; else the worst.
        why: where the file is, if not where the patch says; why it is gone.
        hunks: the verdicts of its hunks.
    """

    change: FileChange
    status: HunkStatus
    why: str
    hunks: tuple[HunkVerdict, ...]


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """Something that must be in the tree before a patch can be.

    Attributes:
        name: the identifier, or ``old → new`` for a rename.
        kind: ``rename``, or what it is: function, macro, type, field, header, Kconfig …
        why: what is known of it, in a line.
        lines: the lines of the input that ask for it.
    """

    name: str
    kind: str
    why: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PatchVerdict:
    """What is said of a patch.

    Attributes:
        patch: the patch.
        status: of its files together, as that of a file is of its hunks.
        files: the verdicts of its files.
        prerequisites: what must come first.
    """

    patch: Patch
    status: HunkStatus
    files: tuple[FileVerdict, ...]
    prerequisites: tuple[Prerequisite, ...] = ()
