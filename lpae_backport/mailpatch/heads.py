# SPDX-License-Identifier: GPL-2.0-only
"""Reads what stands before the hunks of a file: its paths, its modes, whether it moved."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lpae_backport.mailpatch.model import FileChange, Repair
from lpae_backport.mailpatch.naming import NOTHING, both, check, named, stripped, unquoted
from lpae_backport.mailpatch.sheet import Sheet, is_cut

_KEYS = (
    *("diff --git", "diff --cc", "diff --combined", "diff -", "Index:", "old mode", "new mode"),
    *("deleted file mode", "new file mode", "copy from", "copy to", "rename from", "rename to"),
    *("similarity index", "dissimilarity index", "index", "Binary files", "GIT binary patch"),
    *("---", "+++", "=====", "RCS file:", "retrieving revision", "diff "),
)
_WITH_PATH = ("---", "+++", "copy from", "copy to", "rename from", "rename to", "Index:")
_BLOBS = re.compile(r"([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: (\d{6}))?")
_PATH = re.compile(r'"?(?:[abciow]/|/dev/null)\S*(?:\t.*)?\s*')
"""What follows ``---`` and ``+++`` where it cannot be taken for anything else."""
_MODE = re.compile(r"[0-7]{6}")
_MOST_LINES = 40


@dataclass(slots=True)
class _Head:
    """What was read so far."""

    keys: dict[str, str] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)
    last: str = ""


def begins(sheet: Sheet, row: int) -> bool:
    """Tell whether the head of a file begins in a line."""
    text = sheet.own(row)
    if not text:
        return False
    if text[0] == "d":
        return text.startswith(("diff --git ", "diff --cc ", "diff --combined ")) or (
            text == "diff --git" and sheet.own(row + 1).startswith(("a/", '"a/'))
        )
    if text[0] == "I":
        return text.startswith("Index: ") and _follows(sheet, row)
    return text.startswith("---") and names_file(sheet, row)


def names_file(sheet: Sheet, row: int) -> bool:
    """Tell whether ``---`` and ``+++`` stand in a line and the next, and a hunk behind them.

    What seems to be that may be lines of a hunk. Only if both are known for paths may they have
    been wrapped, or may something have been cut out or said before the hunk.
    """
    old, at = _named(sheet, row, "---")
    new, at = _named(sheet, at, "+++") if old else ("", at)
    if not new:
        return False
    if at == row + 2 and sheet.own(at).startswith("@@ -"):
        return True
    if _PATH.fullmatch(old) is None or _PATH.fullmatch(new) is None:
        return False
    most = min(len(sheet), at + _MOST_LINES)
    while at < most and (not sheet.own(at).strip() or is_cut(sheet.own(at))):
        at += 1
    return sheet.own(at).startswith("@@ -")


def _named(sheet: Sheet, row: int, mark: str) -> tuple[str, int]:
    """Return what follows a mark, on its line or wrapped on the next, and the line behind it."""
    text = sheet.own(row)
    if text.startswith(f"{mark} ") and text[4:].strip():
        return text[4:], row + 1
    if text.rstrip() == mark and _PATH.fullmatch(sheet.own(row + 1)):
        return sheet.own(row + 1), row + 2
    return "", row


def _follows(sheet: Sheet, row: int) -> bool:
    """Tell whether ``---`` follows on an ``Index:`` line before long."""
    return any(sheet.own(r).startswith("--- ") for r in range(row + 1, row + 8))


def read_head(
    sheet: Sheet, row: int, is_file: Callable[[str], bool], origin: str
) -> tuple[FileChange, int, list[int]]:
    """Read the head of a file.

    Args:
        sheet: the mail.
        row: the line it begins in.
        is_file: tells whether the tree has a file.
        origin: what the input is called.

    Returns:
        The file without its hunks, the line behind the head, and the lines said in between.

    Raises:
        TreeError: the file is outside of a tree.
    """
    head = _Head()
    talk: list[int] = []
    start = row
    while row < len(sheet) and row - start < _MOST_LINES:
        if not sheet.is_own(row):
            talk.append(row)
        elif not _take(head, sheet, row, is_first=row == start):
            break
        row += 1
    while talk and talk[-1] >= row - 1:
        row = talk.pop()
    return _change(head, sheet.numbers[start], is_file, origin), row, talk


def _take(head: _Head, sheet: Sheet, row: int, *, is_first: bool) -> bool:
    """Take one line into the head; tell whether it belongs there."""
    text = sheet.texts[row]
    key = next((k for k in _KEYS if text.startswith(k)), "")
    if text.startswith("@@ -") or (key and not is_first and begins(sheet, row) and key != "---"):
        return False
    if key and _is_new(head, key, text):
        head.keys[key] = text[len(key) :]
        head.last = key
        return True
    if text.strip() and head.last and _is_open(head.last, head.keys[head.last]):
        head.keys[head.last] = f"{head.keys[head.last].rstrip()} {text.strip()}"
        head.repairs.append(Repair(sheet.numbers[row], "line of the file's head, wrapped"))
        return True
    return False


def _is_new(head: _Head, key: str, text: str) -> bool:
    """Tell whether a line is one that the head has not had; ``-- `` begins a signature."""
    if key == "---":
        return (
            key not in head.keys and (text == "---" or text[3:4] == " ") and "+++" not in head.keys
        )
    return key not in head.keys


def _is_open(key: str, value: str) -> bool:
    """Tell whether a line of the head was cut off by a mailer."""
    if key == "diff --git":
        return both(value) == ("", "")
    if key == "Binary files":
        return not value.rstrip().endswith("differ")
    return key in _WITH_PATH and not value.strip()


def _change(head: _Head, at: int, is_file: Callable[[str], bool], origin: str) -> FileChange:
    keys = head.keys
    old, new = named(keys.get("---", "")), named(keys.get("+++", ""))
    if not old and not new and "diff --git" in keys:
        old, new = both(keys["diff --git"])
    elif not old and not new:
        old = new = unquoted(keys.get("diff --cc", keys.get("Index:", "")))
    old, new = stripped(old, new, is_file)
    moved = [k for k in ("rename", "copy") if f"{k} from" in keys and f"{k} to" in keys]
    if moved:
        old, new = unquoted(keys[f"{moved[0]} from"]), unquoted(keys[f"{moved[0]} to"])
    if "new file mode" in keys or named(keys.get("---", "")) == NOTHING:
        old = ""
    if "deleted file mode" in keys or named(keys.get("+++", "")) == NOTHING:
        new = ""
    for path in (old, new):
        check(path, f"{origin}:{at}")
    blobs = _BLOBS.match(keys.get("index", "").strip())
    same = (blobs[3] or "") if blobs is not None else ""
    return FileChange(
        *(old, new, ()),
        old_mode=_mode(keys, "old mode", "deleted file mode") or (same if old else ""),
        new_mode=_mode(keys, "new mode", "new file mode") or (same if new else ""),
        blobs=(blobs[1], blobs[2]) if blobs is not None else ("", ""),
        is_copy=moved == ["copy"],
        is_binary="Binary files" in keys or "GIT binary patch" in keys,
        at=at,
        repairs=tuple(head.repairs),
    )


def _mode(keys: dict[str, str], *names: str) -> str:
    value = next((keys[n].strip() for n in names if n in keys), "")
    return value if _MODE.fullmatch(value) else ""
