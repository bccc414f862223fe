# SPDX-License-Identifier: GPL-2.0-only
"""What the user presses while the program runs: it ends once, tidily, and says so by its status."""

import contextlib
import signal
import time
from types import FrameType, TracebackType
from typing import Any

_GRACE = 2.0
"""Seconds that tidying up has before another signal disturbs it."""


class Interrupts:
    """Turns SIGINT and SIGTERM into exceptions, within a ``with``.

    Args:
        is_last: whether the program ends behind it, so that a signal then may just kill it.
    """

    def __init__(self, *, is_last: bool) -> None:
        self.number = 0
        """The first signal that came; 0 for none."""
        self._is_last = is_last
        self._quiet_until = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        for number in (signal.SIGINT, signal.SIGTERM):
            # Who starts a program in the background has it ignore what is meant for another.
            if signal.getsignal(number) is not signal.SIG_IGN:
                with contextlib.suppress(ValueError):  # in a thread
                    self._before[number] = signal.signal(number, self._end)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_DFL if self._is_last else before)

    def _end(self, number: int, frame: FrameType | None) -> None:
        """End what is being done; the second time only if that took long."""
        self.number = self.number or number
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + _GRACE
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)
