# SPDX-License-Identifier: GPL-2.0-only
"""Where the reports of a command go: one to standard output, any number to files."""

import difflib
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from lpae_backport.errors import UsageError
from lpae_backport.format import FORMATS, renderer
from lpae_backport.output import warn, write_report
from lpae_backport.report import Report

_SUFFIXES = {".sarif": "sarif", ".json": "json", ".md": "markdown", ".xml": "junit"}
Command = Callable[..., Any]


def report_options(command: Command) -> Command:
    """Give a command the options ``--format``, ``--output`` and ``--verbose``."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Show the evidence from both trees."),
        click.option(
            "-o",
            "--output",
            "outputs",
            multiple=True,
            metavar="[FORMAT=]FILE",
            help="Write the report to FILE; with FORMAT= one more (repeatable).",
        ),
        click.option(
            "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True
        ),
    ):
        command = option(command)
    return command


class Outputs:
    """Where reports go.

    Args:
        form: the format of the main report.
        given: what ``--output`` was given: ``FILE`` for the main report, ``FORMAT=FILE`` for
            one more.

    Raises:
        UsageError: two reports would go to one file, or the main one to two.
    """

    def __init__(self, form: str, given: tuple[str, ...]) -> None:
        self._form = form
        self._more: list[tuple[str, str]] = []
        plain = []
        for text in given:
            head, sign, file = text.partition("=")
            if sign and head in FORMATS:
                self._more.append((head, file))
            elif sign and head.isalpha():
                close = difflib.get_close_matches(head, FORMATS, 1)
                hint = f"did you mean '{close[0]}'?" if close else f"./{text} is a file"
                raise UsageError(f"no format '{head}'", hint=hint)
            else:
                plain.append(text)
        if len(plain) > 1:
            hint = f"--output FORMAT=FILE, FORMAT one of {', '.join(FORMATS)}"
            raise UsageError(f"no format for '{plain[1]}'", hint=hint)
        self._main = plain[0] if plain else "-"
        other = _SUFFIXES.get(os.path.splitext(self._main)[1])
        if other is not None and form == "text":
            warn(f"{self._main} gets the text report; --output {other}={self._main} is {other}")
        files = [os.path.abspath(f) for f in (self._main, *(f for _, f in self._more)) if f != "-"]
        twice = next((f for f in files if files.count(f) > 1), None)
        if twice is not None or [f for _, f in self._more].count("-") + (self._main == "-") > 1:
            raise UsageError("two reports to one place", where=twice or "standard output")

    def publish(self, report: Report, detail: int) -> None:
        """Write every report; all are made before the first is written.

        Raises:
            UsageError: a file cannot be written.
        """
        made = [(renderer(form)(report, detail), file) for form, file in self._more]
        on_terminal = self._form == "text" and self._main == "-" and _on_terminal()
        main = "" if on_terminal else renderer(self._form)(report, detail)
        for text, file in made:
            write_report(text, file)
        if on_terminal:
            from lpae_backport.format.terminal import show

            show(report, detail)
        else:
            write_report(main, self._main)


def _on_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
