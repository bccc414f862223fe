# SPDX-License-Identifier: GPL-2.0-only
"""Work in several processes that end with the one that started them, however that ends."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from lpae_backport.errors import TreeError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
R = TypeVar("R")

_MOST = 8
_GRACE = 0.3
"""Seconds that processes have to end by themselves, and once more after they are told to."""
_ENDING = (signal.SIGINT, signal.SIGTERM)
_FEW = 2
"""Tasks that are not worth a process."""


def spread(work: Callable[[T], R], tasks: Iterable[T], processes: int | None = None) -> Iterator[R]:
    """Yield what comes of each task, in the order in which they are done.

    Args:
        work: a function of a module, or an instance of a class of one, for it may be sent.
        tasks: what to do; each is small, for it is sent through a pipe.
        processes: how many to use; `None` stands for the number of processors, at most 8.

    Raises:
        TreeError: a process was ended by somebody else.
    """
    count = processes or min(os.cpu_count() or 1, _MOST)
    todo = iter(tasks)
    first = [t for _, t in zip(range(_FEW + 1), todo, strict=False)]
    if count < 2 or len(first) <= _FEW:
        yield from (work(t) for t in first)
        yield from (work(t) for t in todo)
        return
    crew = _Crew(work, count)
    try:
        yield from crew.do(_chained(first, todo))
    finally:
        crew.dismiss()


def _chained(first: list[T], rest: Iterator[T]) -> Iterator[T]:
    yield from first
    yield from rest


def is_forkable() -> bool:
    """Tell whether a copy of this process can be made; beside other threads it is not safe."""
    import threading

    return hasattr(os, "fork") and threading.active_count() == 1


class _Crew:
    """Processes, each at the other end of a pipe."""

    def __init__(self, work: Callable[[T], R], count: int) -> None:
        import multiprocessing

        # A copy of this process is quickest.
        safe = is_forkable()
        context = multiprocessing.get_context("fork" if safe else "spawn")
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        # An interrupt between two lines would leave processes that nobody knows of.
        with undisturbed():
            for _ in range(count):
                here, there = context.Pipe()
                self._pipes.append(here)
                # A copy has our ends of the pipes too. It has to close them: else no process
                # would ever see that this one is gone.
                ours = list(self._pipes) if safe else []
                process = context.Process(  # type: ignore[attr-defined]
                    target=_serve, args=(work, there, ours), daemon=True
                )
                process.start()
                there.close()
                self._processes.append(process)

    def do(self, tasks: Iterator[Any]) -> Iterator[Any]:
        """Hand out the tasks, one a process at a time."""
        from multiprocessing.connection import wait

        busy: set[Any] = {p for p in self._pipes if self._give(p, tasks)}
        while busy:
            pipe: Any
            for pipe in wait(list(busy)):
                try:
                    done = pipe.recv()
                except (EOFError, OSError):
                    text = "a process that read the tree was ended"
                    raise TreeError(text, hint="is there enough memory?") from None
                if not self._give(pipe, tasks):
                    busy.discard(pipe)
                if isinstance(done, BaseException):
                    raise done
                yield done

    def _give(self, pipe: Any, tasks: Iterator[Any]) -> bool:
        for task in tasks:
            with contextlib.suppress(BrokenPipeError):  # told when its answer is missing
                pipe.send(task)
            return True
        return False

    def dismiss(self) -> None:
        """End all processes, in a bounded time, whatever the user presses meanwhile."""
        with undisturbed():
            for pipe in self._pipes:
                pipe.close()
            self._wait()
            for process in self._processes:
                process.terminate()
            self._wait()
            for process in self._processes:
                process.kill()
            self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _GRACE
        for process in self._processes:
            process.join(max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let the signals that end the program wait until this is through."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(work: Callable[[T], R], pipe: "Connection", others: "list[Connection]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the process that the user started
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):  # a copy is made while they wait
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    for other in others:
        other.close()
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                answer: object = work(task)
            except Exception as e:  # noqa: BLE001 - raised again by the process that asked
                answer = e
            pipe.send(answer)
