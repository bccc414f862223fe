# SPDX-License-Identifier: GPL-2.0-only
"""The lines of a tree's file, found again though their white space has been lost."""

import re
from collections.abc import Mapping

from lpae_backport.filetree import FileTree, UnreadableError

Patterns = Mapping[int, re.Pattern[str]]
"""For some lines of a run, by index, a pattern for the line without its white space."""


class TreeLines:
    """The lines of one file, read when they are first asked for.

    Args:
        tree: the tree; `None` knows nothing.
        path: the file.
    """

    def __init__(self, tree: FileTree | None, path: str) -> None:
        self._tree, self._path = tree, path
        self._lines: list[str] | None = None
        self._bare: list[str] = []
        self._places: dict[str, list[int]] = {}
        self._addressed: dict[str, str] | None = None

    @property
    def lines(self) -> list[str]:
        """The lines, without their ends; none if there is no such file."""
        if self._lines is None:
            self._lines = self._read()
            self._bare = [squeezed(line) for line in self._lines]
            for i, bare in enumerate(self._bare):
                self._places.setdefault(bare, []).append(i)
        return self._lines

    def _read(self) -> list[str]:
        if self._tree is None or not self._path:
            return []
        try:
            data = self._tree.read(self._path)
        except UnreadableError:
            return []
        return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")

    def knows(self, text: str) -> bool | None:
        """Tell whether the file has a line, white space aside; `None` if there is no file."""
        if not self.lines:
            return None
        return squeezed(text) in self._places

    def spelled(self, text: str) -> str | None:
        """Return a line as the file has it; `None` if it has none such, or in several ways."""
        if not self.lines:
            return None
        found = {self.lines[i] for i in self._places.get(squeezed(text), [])}
        return found.pop() if len(found) == 1 else None

    def run(
        self, texts: list[str], near: int, patterns: Patterns | None = None
    ) -> list[str] | None:
        """Return the lines that a run of lines stands for.

        Args:
            texts: the run.
            near: where it is likely to begin, counted from 0.
            patterns: for some of the texts, what stands for them, white space aside.

        Returns:
            The file's lines there, or at the nearest place where it has the whole run; `None` if
            it has it nowhere.
        """
        if not self.lines or not texts:
            return None
        wanted = [squeezed(t) for t in texts]
        patterns = patterns or {}
        plain = [i for i in range(len(wanted)) if i not in patterns]
        if not plain:
            return None
        # The rarest line has the fewest places to look at.
        rare = min(plain, key=lambda i: len(self._places.get(wanted[i], [])))
        places = [i - rare for i in self._places.get(wanted[rare], [])]
        for start in sorted(places, key=lambda p: abs(p - near))[:50]:
            found = self._bare[start : start + len(wanted)] if start >= 0 else []
            for i in patterns.keys() if len(found) == len(wanted) else ():
                if patterns[i].fullmatch(found[i]):
                    found[i] = wanted[i]
            if found == wanted:
                return self.lines[start : start + len(wanted)]
        return None

    def only(self, pattern: re.Pattern[str]) -> str | None:
        """Return the line with an address that a pattern stands for; `None` if not just one."""
        if self._addressed is None:
            lines = self.lines
            self._addressed = {
                x: bare for x, bare in zip(lines, self._bare, strict=True) if "@" in x
            }
        found = [x for x, bare in self._addressed.items() if pattern.fullmatch(bare)]
        return found[0] if len(found) == 1 else None


def squeezed(text: str) -> str:
    """Return a line without its white space."""
    return "".join(text.split())
