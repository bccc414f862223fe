# SPDX-License-Identifier: GPL-2.0-only
"""Errors with an owner, each carrying the exit status it ends the program with."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The documented exit statuses; README holds the same table."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    BAD_RULE = 3
    BAD_INPUT = 4
    INTERNAL = 70
    UNWRITTEN = 74


class AuditError(Exception):
    """Root of every error that a user is told about in one line.

    Args:
        message: what is wrong, in one line, without a trailing stop.
        where: the file, or file:line:column, it was found at; may be empty.
        hint: what to do about it; may be empty.
    """

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"{place}{self.message}{hint}"


class RuleError(AuditError):
    """A rule, pack or configuration file that cannot be used: its author's to mend."""

    exit_code = ExitCode.BAD_RULE


class TreeError(AuditError):
    """A tree or file that cannot be read as a kernel's: the caller's to mend."""

    exit_code = ExitCode.BAD_INPUT


class UsageError(AuditError):
    """Arguments that fit the grammar of the command line but not each other."""

    exit_code = ExitCode.USAGE


class OutputError(AuditError):
    """Standard output that takes no more, as on a full disk."""

    exit_code = ExitCode.UNWRITTEN


class UndecidableError(AuditError):
    """A condition too large to decide within its bound; callers turn it into `unknown`."""


class RefusedError(AuditError):
    """An edit that cannot be made without a guess; its step becomes manual, with this reason."""


class ProofError(AuditError):
    """A series that does not do what it was made for: ours to mend, and not to be used."""
