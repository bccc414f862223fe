# SPDX-License-Identifier: GPL-2.0-only
"""Where output goes: reports whole or not at all, messages and progress beside them."""

import contextlib
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from lpae_backport.errors import OutputError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_PATIENCE = 0.8
"""Seconds of work after which a bar is worth its line."""


class ClosedPipeError(Exception):
    """Whoever read standard output has gone. No `OSError`: click would end with 1 on one."""


def write_report(text: str, path: str | None) -> None:
    """Write a report to standard output, or to a file that appears whole or not at all.

    Args:
        text: the report.
        path: the file; `None` or ``-`` is standard output.

    Raises:
        OutputError: standard output cannot be written.
        UsageError: the file cannot be written.
    """
    if path is None or path == "-":
        _write_stdout(text)
        return
    write_bytes(text.encode("utf-8", "backslashreplace"), path)


def write_bytes(data: bytes, path: str) -> None:
    """Write a file that appears whole or not at all; what is no plain file is written into.

    Args:
        data: its content.
        path: its name.

    Raises:
        UsageError: it cannot be written.
    """
    if not path:
        raise UsageError("the name of the report is empty", hint="-o FILE")
    import tempfile

    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        target = Path(os.path.realpath(path)) if target.is_symlink() else target
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as e:
        raise UsageError(f"cannot be written: {e.strerror}", where=path) from None
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except OSError as e:
        raise UsageError(f"cannot be written: {e.strerror}", where=path) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _write_stdout(text: str) -> None:
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout)
        raise ClosedPipeError from None
    except OSError as e:
        _give_up(sys.stdout)
        raise OutputError(f"standard output cannot be written: {e.strerror}") from None


def _give_up(stream: TextIO) -> None:
    """Let nothing that is left in a buffer fail once more when the program ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def warn(message: str) -> None:
    """Say something on standard error that is neither the report nor the end of the program."""
    tell(f"warning: {message}")


def tell(message: str) -> None:
    """Say one line on standard error; what a terminal would obey is shown instead."""
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in message)
    text = text.replace("##[", "#\\x23[")  # obeyed in any line by runners of GitHub Actions
    if sys.stderr is None:
        return
    try:
        print(f"lpae-audit: {text}", file=sys.stderr, flush=True)
    except OSError:
        _give_up(sys.stderr)


class Progress:
    """A bar on a terminal, drawn only once the work has taken long enough to need one.

    Args:
        total: how many calls of `advance` there will be.
        what: the words beside the bar.
        unit: what is counted, if how many of them a second is worth telling.
    """

    def __init__(self, total: int, what: str, unit: str = "") -> None:
        self._total = total
        self._what = what
        self._unit = unit
        self._done = 0
        self._start = time.monotonic()
        self._bar: Bar | None = None
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self) -> None:
        """Count one piece of work as done."""
        self.reach(self._done + 1)

    def reach(self, done: int) -> None:
        """Tell how much of the work is done."""
        self._done = done
        if self._bar is None and self._wanted and time.monotonic() - self._start > _PATIENCE:
            self._draw()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._done)

    def reach_of(self, done: int, total: int) -> None:
        """Tell how much of the work is done, and how much there is."""
        self._total = total
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=total)
        self.reach(done)

    def _draw(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import Progress as Bar
        from rich.progress import ProgressColumn, Task
        from rich.text import Text

        class Rate(ProgressColumn):
            """How many pieces of work are done in a second."""

            def render(self, task: Task) -> Text:
                """Return the text beside the bar."""
                return Text(f"{task.speed:,.0f} {unit}/s" if task.speed else "")

        unit = self._unit
        columns = [*Bar.get_default_columns(), *([Rate()] if unit else [])]
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task(escape(self._what), total=self._total, completed=self._done)
        self._bar.start()
