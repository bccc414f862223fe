# SPDX-License-Identifier: GPL-2.0-only
"""Makes no-break spaces that a mailer put for blanks blanks again."""

import re

_MARKED = re.compile(r"(?:> ?)*[ +-]")
_INDENTED = re.compile(r"(?:> ?)*[ +-]?\xa0")
_WORDS = re.compile(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|/\*.*|//.*')
"""Strings and comments: a file may have no-break spaces there."""
_DIRECTIVE = re.compile(r"[ \xa0]*#[ \xa0]*[a-z]")
_WIDEST = 1000
"""So much of a line is looked at, in characters."""


def softened(lines: list[str]) -> bool:
    """Make no-break spaces blanks, in place, if no file can have had them; tell whether so.

    A mailer that makes them makes them everywhere, and of tabs too. In a mail that has kept its
    tabs, only the lines that show it are mended.

    Args:
        lines: of a mail, without their ends.
    """
    odd = [i for i, x in enumerate(lines) if "\xa0" in x and _is_mailers(x)]
    if not odd:
        return False
    if not any("\t" in x and _MARKED.match(x) for x in lines):
        odd = list(range(len(lines)))
    for i in odd:
        lines[i] = lines[i].replace("\xa0", " ")
    return True


def _is_mailers(line: str) -> bool:
    """Tell whether a line is indented by no-break spaces, or has them between words of C."""
    if _INDENTED.match(line):
        return True
    m = _MARKED.match(line)
    code = _WORDS.sub("", line[m.end() : m.end() + _WIDEST]) if m is not None else ""
    if "\xa0" not in code or code.lstrip().startswith("*"):
        return False
    return _DIRECTIVE.match(code) is not None or code.rstrip().endswith((";", "{", "}"))
