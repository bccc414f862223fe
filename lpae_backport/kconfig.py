# SPDX-License-Identifier: GPL-2.0-only
"""Kconfig and kbuild as far as an audit needs them: what a symbol depends on, what it builds."""

import posixpath
import re
from dataclasses import dataclass

from lpae_backport.boolean import expression
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.logic import Formula, conj, disj
from lpae_backport.masking import decode

_ENTRY = re.compile(r"^(?:menu)?config\s+(\w+)\s*$")
_STARTS = re.compile(
    r"^(?:config|menuconfig|menu|endmenu|if|endif|choice|endchoice|source|comment|mainmenu)\b"
)
_RULE = re.compile(r"^([\w-]+?)-(\$\((CONFIG_\w+)\)|[ymn]|objs)\s*[:+]?=\s*(.*)$")
_VARIABLE = re.compile(r"^(\w+)\s*[:+?]?=\s*(.*)$")
_USE = re.compile(r"\$[({](\w+)[)}]")
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """One ``config`` entry: the lines it covers and the condition it can be switched on under."""

    symbol: str
    line: int
    end_line: int
    depends: Formula


def config_entry(data: bytes, symbol: str) -> ConfigEntry | None:
    """Find one entry of a Kconfig file.

    Args:
        data: the file.
        symbol: its name without ``CONFIG_``.

    Returns:
        The entry, its ``depends on`` lines and the ``if`` blocks around it joined; or `None`.
    """
    around: list[Formula] = []
    entries: list[ConfigEntry] = []
    lines = _joined(decode(data))
    for i, (number, text) in enumerate(lines):
        words = text.split()
        if words[:1] == ["if"]:
            around.append(expression(text.strip()[2:]))
        elif words[:1] == ["endif"] and around:
            around.pop()
        m = _ENTRY.match(text.strip())
        if m and m[1] == symbol:
            body = []
            for later in lines[i + 1 :]:
                if _STARTS.match(later[1].lstrip()):
                    break
                body.append(later)
            end = body[-1][0] if body else number
            entries.append(ConfigEntry(symbol, number, end, conj([*around, _depends(body)])))
    if not entries:
        return None
    # A symbol defined twice can be switched on by either definition.
    first = entries[0]
    return ConfigEntry(symbol, first.line, first.end_line, disj(e.depends for e in entries))


def _joined(text: str) -> list[tuple[int, str]]:
    """Return the lines that say something, numbered, continuation lines joined."""
    found: list[tuple[int, str]] = []
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split(" #")[0].split("\t#")[0].rstrip()
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole = pending + line
        if whole.strip() and not whole.lstrip().startswith("#"):
            found.append((start, whole))
        pending, start = "", 0
    return found


def _depends(body: list[tuple[int, str]]) -> Formula:
    parts = []
    for _, line in body:
        words = line.split()
        if words[:1] in (["help"], ["---help---"]):
            break
        if words[:2] == ["depends", "on"]:
            parts.append(expression(" ".join(words[2:])))
    return conj(parts)


class Kbuild:
    """Which source files a tree builds for a Kconfig symbol, read from its Makefiles.

    Args:
        tree: the tree.
        top: the directory whose Makefile to start from, such as ``drivers/iommu``.
    """

    def __init__(self, tree: FileTree, top: str) -> None:
        self._tree = tree
        self._objects: dict[str, dict[str, None]] = {}
        self._always: dict[str, None] = {}
        self._entered: set[tuple[str, str]] = set()
        self.problems: list[str] = []
        """Makefiles that could not be read, and why."""
        self.absent: list[str] = []
        """Directories that a Makefile enters but the tree does not have."""
        self.found = self._read(top, "", _DEPTH)

    def sources(self, symbol: str) -> list[str]:
        """Return the C files built for ``CONFIG_<symbol>``, in the order of the Makefiles."""
        return list(self._objects.get(f"CONFIG_{symbol}", ()))

    def is_built(self, path: str) -> bool:
        """Tell whether some Makefile read here names `path`."""
        return path in self._always or any(path in v for v in self._objects.values())

    def _read(self, folder: str, inherited: str, depth: int) -> bool:
        """Read one Makefile; `inherited` is the symbol its directory is entered for."""
        if (folder, inherited) in self._entered:
            return True
        self._entered.add((folder, inherited))
        names = [n for n in ("Kbuild", "Makefile") if self._tree.is_file(f"{folder}/{n}")]
        if not names:
            return False
        try:
            text = decode(self._tree.read(f"{folder}/{names[0]}"))
        except UnreadableError as e:
            self.problems.append(f"{folder}/{names[0]}: {e.message}")
            return False
        lists: dict[str, list[str]] = {}
        variables: dict[str, str] = {}
        rules = []
        for _, line in _joined(text):
            m = _RULE.match(line.strip())
            if m and m[1] == "obj":
                rules.append((m[3] or inherited, m[4]))
            elif m:
                words = m[4].split()
                lists.setdefault(m[1].removesuffix("-objs"), []).extend(words)
            elif v := _VARIABLE.match(line.strip()):
                variables[v[1]] = v[2]
        for symbol, words in rules:
            for word in _USE.sub(lambda m: variables.get(m[1], ""), words).split():
                self._add(folder, symbol, word, lists, depth)
        return True

    def _add(
        self, folder: str, symbol: str, word: str, lists: dict[str, list[str]], depth: int
    ) -> None:
        if word.endswith("/"):
            if depth > 0 and ".." not in word:
                below = posixpath.normpath(f"{folder}/{word}")
                if not self._read(below, symbol, depth - 1):
                    self.absent.append(below)
            return
        if not word.endswith(".o"):
            return
        parts = [w for w in lists.get(word[:-2], []) if w.endswith(".o")] or [word]
        into = self._objects.setdefault(symbol, {}) if symbol else self._always
        for part in [word, *parts]:
            path = posixpath.normpath(f"{folder}/{part[:-2]}.c")
            into[path] = None
