# SPDX-License-Identifier: GPL-2.0-only
"""What a patch does but to C, as goals for checks: files that come, go or move, and Kconfig."""

import re
from collections.abc import Iterator

from lpae_backport.learning.lesson import Change, Goal, Rank, Raw
from lpae_backport.learning.wording import fits
from lpae_backport.masking import decode

_ENTRY = re.compile(r"^[ \t]*(?:menu)?config[ \t]+(\w+)[ \t]*$", re.MULTILINE)
_START = re.compile(
    r"^[ \t]*(?:config|menuconfig|menu|endmenu|if|endif|choice|endchoice|source|comment)\b",
    re.MULTILINE,
)
_DEPENDS = re.compile(r"^[ \t]*depends on[ \t]+((?:[^\n\\]|\\\n|\\)*)$", re.MULTILINE)


def file_goals(change: Change, logical: str) -> Iterator[Goal]:
    """Yield goals about a file as a whole, and about the symbols of a Kconfig file."""
    if change.before is None and change.after is not None:
        yield Goal(change.path, "the file", Rank.DEFINED, ({"file": change.path},))
    elif change.after is None:
        yield Goal(change.path, "the file", Rank.ABSENCE, ({"no-file": change.path},))
    elif change.old_path != change.path:
        yield Goal(change.path, "the file", Rank.DEFINED, ({"file": change.path},))
    if change.is_kconfig and change.after is not None:
        yield from _symbols(change, logical)


def _symbols(change: Change, logical: str) -> Iterator[Goal]:
    had = dict(_entries(decode(change.before or b"")))
    for symbol, depends in _entries(decode(change.after or b"")):
        if had.get(symbol) == depends and symbol in had:
            continue
        whole = " && ".join(f"({d})" if "||" in d else d for d in depends)
        raw: Raw = {"kconfig": symbol, "implies": whole or "1", "in": logical}
        if fits(whole or "1"):
            yield Goal(change.path, f"config {symbol}", Rank.DEFINED, (raw,))


def config_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the symbols of a Kconfig file with the text of each entry."""
    for m in _ENTRY.finditer(text):
        end = _START.search(text, m.end())
        yield m[1], text[m.start() : end.start() if end else len(text)]


def _entries(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the symbols of a Kconfig file with what each depends on."""
    for name, body in config_blocks(text):
        found = (" ".join(d.replace("\\\n", " ").split()) for d in _DEPENDS.findall(body))
        yield name, tuple(d.partition(" #")[0] for d in found)
