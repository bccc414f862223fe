# SPDX-License-Identifier: GPL-2.0-only
"""Would ``git apply`` take these patches, one after the other? Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from lpae_backport.filetree import EmptyError, FileTree, UnreadableError
from lpae_backport.mailpatch.applying import lines_of, place
from lpae_backport.mailpatch.model import FileChange, Hunk, Patch
from lpae_backport.mailpatch.naming import leads_out

_HOW = (
    ("exactly", "exactly"),
    ("offset", "with offsets"),
    ("fuzz", "with fuzz, which patch(1) does and git apply does not"),
)
_FUZZ = 2
"""The way of `_HOW` from which on git apply refuses."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether a patch applies behind those before it.

    Attributes:
        fits: whether git apply would take it.
        how: ``exactly``, ``offset``, ``fuzz`` or ``no``.
        why: the same in words; what is in the way.
    """

    fits: bool
    how: str
    why: str


class _RefusedError(Exception):
    """Something does not apply."""


class _State:
    """The files of a tree as patches leave them.

    Args:
        tree: the tree.
    """

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self.files: dict[str, list[str] | None] = {}

    def lines(self, path: str) -> list[str] | None:
        """Return the lines of a file; `None` where there is none.

        Raises:
            _RefusedError: it cannot be read.
        """
        if path not in self.files:
            self.files[path] = self._read(path) if self._tree.is_file(path) else None
        return self.files[path]

    def _read(self, path: str) -> list[str]:
        try:
            text = self._tree.read(path).decode("utf-8", "surrogateescape")
        except EmptyError:
            return []
        except UnreadableError as e:
            raise _RefusedError(f"{path}: {e.message}") from None
        return lines_of(text)


def tried(patches: Sequence[Patch], tree: FileTree) -> tuple[Trial, ...]:
    """Apply patches to a tree in memory, one behind the other.

    Args:
        patches: the patches, in order; one that does not apply leaves the files as they were.
        tree: the tree.
    """
    state = _State(tree)
    return tuple(_tried(p, state) for p in patches)


def _tried(patch: Patch, state: _State) -> Trial:
    before = dict(state.files)
    worst = 0
    try:
        for change in patch.changes:
            worst = max(worst, _apply(change, state))
    except _RefusedError as e:
        state.files = before
        return Trial(False, "no", f"no: {e}")
    if not patch.changes:
        return Trial(False, "no", "no: it changes nothing")
    return Trial(worst < _FUZZ, *_HOW[worst])


def _apply(change: FileChange, state: _State) -> int:
    for path in (change.old_path, change.new_path):
        if leads_out(path):
            raise _RefusedError(f"{path}: leads out of the tree")
    if change.is_binary:
        raise _RefusedError(f"{change.path}: is no text")
    lines: list[str] = []
    if change.old_path:
        found = state.lines(change.old_path)
        if found is None:
            raise _RefusedError(f"{change.old_path}: is not there")
        lines = list(found)
    is_fresh = bool(change.new_path) and change.new_path != change.old_path
    if is_fresh and state.lines(change.new_path) is not None:
        raise _RefusedError(f"{change.new_path}: is there already")
    worst = 0
    shift = floor = 0
    for hunk in change.hunks:
        floor, shift, how = _hunk(hunk, lines, shift, floor, change.path)
        worst = max(worst, how)
    if not change.new_path and lines:
        raise _RefusedError(f"{change.old_path}: is more than what the patch removes")
    if change.old_path and not change.is_copy:
        state.files[change.old_path] = None
    if change.new_path:
        state.files[change.new_path] = lines
    return worst


def _hunk(hunk: Hunk, lines: list[str], shift: int, floor: int, path: str) -> tuple[int, int, int]:
    """Apply a hunk.

    Returns:
        The line behind it, how far lines behind it are off now, and how: 0 exactly, 1 with an
        offset, 2 with fuzz.
    """
    if hunk.problem:
        raise _RefusedError(f"{path}: {hunk.header} is not whole")
    found = place(hunk, lines, shift, floor)
    if found is None:
        raise _RefusedError(f"{path}: {hunk.header} does not apply")
    new = found.after
    lines[found.start : found.start + len(found.before)] = new
    return found.start + len(new), found.shift, found.how
