# SPDX-License-Identifier: GPL-2.0-only
"""Kconfig and kbuild as far as an audit needs them: what a symbol depends on, what it builds."""

import posixpath
import re
from dataclasses import dataclass

from lpae_backport.logic import Atom, Formula, conj, disj, negate
from lpae_backport.source import decode
from lpae_backport.tree import FileTree, UnreadableError

_TOKEN = re.compile(r"\s*(\|\||&&|!=|=|!|\(|\)|\"[^\"]*\"|[\w./-]+)")
_ENTRY = re.compile(r"^(?:menu)?config\s+(\w+)\s*$")
_STARTS = re.compile(
    r"^(?:config|menuconfig|menu|endmenu|if|endif|choice|endchoice|source|comment|mainmenu)\b"
)
_RULE = re.compile(r"^([\w-]+?)-(\$\((CONFIG_\w+)\)|[ymn]|objs)\s*[:+]?=\s*(.*)$")
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
                if _STARTS.match(later[1]):
                    break
                body.append(later)
            return ConfigEntry(
                symbol, number, body[-1][0] if body else number, conj([*around, _depends(body)])
            )
    return None


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
            parts.append(
                expression(
                    line.split("depends on", 1)[-1] if "depends on" in line else " ".join(words[2:])
                )
            )
    return conj(parts)


def expression(text: str) -> Formula:
    """Parse a Kconfig expression; what cannot be parsed becomes one opaque condition."""
    tokens = _TOKEN.findall(text)
    try:
        formula, rest = _or(tokens)
    except IndexError:
        return Atom(text.strip())
    return formula if not rest else Atom(text.strip())


def _or(tokens: list[str]) -> tuple[Formula, list[str]]:
    left, rest = _and(tokens)
    while rest[:1] == ["||"]:
        right, rest = _and(rest[1:])
        left = disj([left, right])
    return left, rest


def _and(tokens: list[str]) -> tuple[Formula, list[str]]:
    left, rest = _factor(tokens)
    while rest[:1] == ["&&"]:
        right, rest = _factor(rest[1:])
        left = conj([left, right])
    return left, rest


def _factor(tokens: list[str]) -> tuple[Formula, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "!":
        inner, rest = _factor(rest)
        return negate(inner), rest
    if head == "(":
        inner, rest = _or(rest)
        return inner, rest[1:]
    if head in ("y", "n"):
        return head == "y", rest
    if rest[:1] in (["="], ["!="]):
        other = rest[1]
        equal: Formula = Atom(head) if other in ("y", "m") else Atom(f"{head}={other}")
        if other == "n":
            equal = negate(Atom(head))
        return (equal if rest[0] == "=" else negate(equal)), rest[2:]
    return Atom(head), rest


class Kbuild:
    """Which source files a tree builds for a Kconfig symbol, read from its Makefiles.

    Args:
        tree: the tree.
        top: the directory whose Makefile to start from, such as ``drivers/iommu``.
    """

    def __init__(self, tree: FileTree, top: str) -> None:
        self._tree = tree
        self._objects: dict[str, list[str]] = {}
        self._always: list[str] = []
        self.found = self._read(top, _DEPTH)

    def sources(self, symbol: str) -> list[str]:
        """Return the C files built for ``CONFIG_<symbol>``, in the order of the Makefiles."""
        return self._objects.get(f"CONFIG_{symbol}", [])

    def is_built(self, path: str) -> bool:
        """Tell whether some Makefile read here names `path`."""
        return path in self._always or any(path in v for v in self._objects.values())

    def _read(self, folder: str, depth: int) -> bool:
        name = next(
            (n for n in ("Kbuild", "Makefile") if self._tree.is_file(f"{folder}/{n}")), None
        )
        if name is None:
            return False
        try:
            text = decode(self._tree.read(f"{folder}/{name}"))
        except UnreadableError:
            return False
        lists: dict[str, list[str]] = {}
        rules = []
        for _, line in _joined(text):
            m = _RULE.match(line.strip())
            if m and m[1] == "obj":
                rules.append((m[3] or "", m[4].split()))
            elif m:
                lists.setdefault(m[1].removesuffix("-objs"), []).extend(m[4].split())
        for symbol, words in rules:
            for word in words:
                self._add(folder, symbol, word, lists, depth)
        return True

    def _add(
        self, folder: str, symbol: str, word: str, lists: dict[str, list[str]], depth: int
    ) -> None:
        if word.endswith("/"):
            if depth > 0 and ".." not in word:
                self._read(posixpath.normpath(f"{folder}/{word}"), depth - 1)
            return
        if not word.endswith(".o"):
            return
        parts = [w for w in lists.get(word[:-2], []) if w.endswith(".o")] or [word]
        into = self._objects.setdefault(symbol, []) if symbol else self._always
        for part in [word, *parts]:
            path = posixpath.normpath(f"{folder}/{part[:-2]}.c")
            if path not in into:
                into.append(path)
