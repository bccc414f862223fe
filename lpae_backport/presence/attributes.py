# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a Kconfig entry that mean the same wherever in the entry they stand.

Kconfig joins all ``select``, ``imply`` and ``depends on`` of an entry, whatever their order
(Documentation/kbuild/kconfig-language.rst), and maintainers sort them anew now and then.
"""

import re

from lpae_backport.kconfig import config_entry
from lpae_backport.mailpatch.model import LineKind
from lpae_backport.presence.heads import entry_in
from lpae_backport.presence.image import Image
from lpae_backport.presence.layers import squeezed
from lpae_backport.presence.standing import Standing
from lpae_backport.uses.texts import is_kconfig

_ANYWHERE = re.compile(rb"[ \t]+(?:select|imply|depends[ \t]+on)[ \t]+.*[^\\]\Z")
_HELP = re.compile(rb"[ \t]*(?:-{3})?help(?:-{3})?[ \t]*\Z")


def in_entries(image: Image, file: Standing) -> tuple[int, int] | None:
    """Return where a file has all that a hunk does to entries of Kconfig.

    Args:
        image: the hunk.
        file: the file.

    Returns:
        The first and the last line of the file that is one of its added lines; `None` where
        something of it is not there, or means what it does only at its place.
    """
    if not is_kconfig(file.path):
        return None
    at: list[int] = []
    symbol = entry_in(image.section)
    is_help = False
    for text, line in zip(image.lines, image.hunk.lines, strict=True):
        if line.kind is LineKind.CONTEXT:
            symbol = entry_in(text) or symbol
            is_help = not entry_in(text) and (is_help or bool(_HELP.match(text)))
            continue
        if is_help or not symbol or not _ANYWHERE.match(text):
            return None
        found = _line(file, symbol, text)
        if (found == 0) is (line.kind is LineKind.ADDED):
            return None
        if found:
            at.append(found)
    return (min(at), max(at)) if at else None


def _line(file: Standing, symbol: str, text: bytes) -> int:
    """Return the line of an entry that says the same as another; 0 where none does."""
    if squeezed(text) not in file.where:
        return 0
    entry = config_entry(file.data, symbol)
    if entry is None:
        return 0
    for number in range(entry.line + 1, entry.end_line + 1):
        line = file.lines[number - 1]
        if _HELP.match(line):
            break
        if squeezed(line) == squeezed(text):
            return number
    return 0
