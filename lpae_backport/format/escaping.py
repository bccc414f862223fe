# SPDX-License-Identifier: GPL-2.0-only
"""Text from trees, as it may be shown: on a terminal, to a runner of CI, in markdown."""

import re

from lpae_backport.filetree import FileTree
from lpae_backport.finding import TreeInfo

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return `text` on one line, with what a terminal or a runner would obey shown instead.

    That is control characters, what turns text around, and the ``##[`` that runners of GitHub
    Actions take for a command in whatever line.
    """
    text = _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if m[0] != "\r" else "", text)
    return text.replace("##[", "#\\x23[")


def printable_lines(text: str) -> list[str]:
    """Return the lines of a text, each as `printable` shows it."""
    return [printable(line) for line in text.split("\n")] if text else []


_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@!$&])")


def escape(text: str) -> str:
    """Return `text` so that markdown and HTML show it as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(printable_lines(text)))


def version(info: TreeInfo | FileTree) -> str:
    """Return what a tree's Makefile says it is."""
    return f"Linux {printable(info.version)}" if info.version else "version unknown"
