# SPDX-License-Identifier: GPL-2.0-only
"""Whoever interrupts the program once, twice or near its end gets it ended, all of it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lpae_backport.cli import main

FILES = 6000


@pytest.fixture(scope="module")
def broad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with enough files for several processes to search."""
    top = tmp_path_factory.mktemp("broad")
    (top / "Makefile").write_text("VERSION = 4\nPATCHLEVEL = 9\nSUBLEVEL = 0\n")
    for name in ("drivers", "include/linux"):
        (top / name).mkdir(parents=True)
    text = "int use(void)\n{\n\treturn some_word(1);\n}\n" * 60
    for folder in range(FILES // 200):
        (top / f"d{folder}").mkdir()
        for n in range(200):
            (top / f"d{folder}" / f"f{n}.c").write_text(text)
    return top


def members(group: int) -> list[int]:
    """Return the processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, theirs = path.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(theirs) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("kind", ["twice", "terminate", "kill"])
def test_nothing_is_left(broad: Path, kind: str) -> None:
    """Within seconds the program is gone, whenever it is hit, and its processes with it."""
    random_ = random.Random(kind)
    command = [sys.executable, "-m", "lpae_backport", "usage", "some_word", str(broad)]
    for _ in range(6):
        run = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        assert run.stderr is not None
        time.sleep(random_.uniform(0.3, 1.5))
        if kind == "twice":
            os.kill(run.pid, signal.SIGINT)
            os.killpg(run.pid, signal.SIGINT)
        else:
            run.send_signal(signal.SIGTERM if kind == "terminate" else signal.SIGKILL)
        try:
            _, said = run.communicate(timeout=10)
            deadline = time.monotonic() + 5
            while members(run.pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert members(run.pid) == []
        finally:
            for pid in members(run.pid):
                os.kill(pid, signal.SIGKILL)
        allowed = {"twice": (130, -2, 0), "terminate": (143, -15, 0), "kill": (-9, 0)}[kind]
        assert run.returncode in allowed, said.decode()
        assert b"Traceback" not in said or run.returncode < 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_raises_where_nobody_hears(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """The status tells of it, though Python drops what is raised while it tidies up."""

    class Deaf:
        def __del__(self) -> None:
            signal.raise_signal(number)

    def run(**_: object) -> int:
        Deaf()
        return 0

    monkeypatch.setattr("lpae_backport.cli.program.main", run)
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    assert main(["rules"]) == 128 + number


def test_handlers_are_put_back() -> None:
    """Who calls the program from a program keeps what it does on a signal."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert main(["--version"]) == 0
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
